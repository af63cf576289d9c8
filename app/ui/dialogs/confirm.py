"""A question that lists what it is about, answered without blocking."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QVBoxLayout, QWidget


class ConfirmDialog(QDialog):
    """`question` with its `lines`; `accept` says what yes does, the other button is the default.

    That one is Cancel, unless `decline` says better what it does.

    `await dialog.answer()` opens it and gives True for yes. GUI thread.
    """

    def __init__(
        self,
        title: str,
        question: str,
        lines: Sequence[str],
        accept: str,
        parent: QWidget,
        decline: str = "",
    ) -> None:
        super().__init__(parent)
        self.setObjectName("confirm_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._answer: asyncio.Future[bool] | None = None
        layout = QVBoxLayout(self)
        heading = QLabel(question, self)
        heading.setWordWrap(True)
        layout.addWidget(heading)
        if lines:
            layout.addWidget(self._list(lines))
        buttons = QDialogButtonBox(self)
        self.accept_button = buttons.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
        self.cancel_button = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button.setAutoDefault(False)
        if decline:
            self.cancel_button.setText(decline)
        self.cancel_button.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.cancel_button.setFocus()
        self.finished.connect(self._on_finished)
        self.resize(560, 140 + min(12, len(lines)) * 24)

    async def answer(self) -> bool:
        """Open it and wait for the trader."""
        self._answer = asyncio.get_running_loop().create_future()
        self.open()
        return await self._answer

    def _list(self, lines: Sequence[str]) -> QListWidget:
        shown = QListWidget(self)
        shown.setObjectName("confirm_lines")
        shown.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        shown.setWordWrap(True)
        shown.addItems(list(lines))
        return shown

    def _on_finished(self, result: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(result == QDialog.DialogCode.Accepted.value)
