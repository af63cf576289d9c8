"""A question that lists what it is about, answered without blocking."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

from app.commands.open_list import OpenList
from app.ui import format as fmt
from app.ui import theme
from app.ui.dialogs.open_table import OpenTable
from app.ui.widgets.enter_guard import EnterGuard
from app.ui.widgets.mode_band import ModeBand
from app.ui.widgets.send_button import SendButton

_WIDTH = 600
_MOST_SHOWN = 12
_FEW = 6  # fewer lines than this are counted at a glance


class ConfirmDialog(QDialog):
    """`question` with its `lines`; `accept` says what yes does, the other button is the default.

    That one is Cancel, unless `decline` says better what it does. With `band` it says above all
    in colour whether real money is meant: (words, is paper).

    `await dialog.answer()` opens it and gives True for yes. GUI thread. An Enter that comes in its
    first moment was meant for something else, and so was a click where it popped up.
    """

    def __init__(
        self,
        title: str,
        question: str,
        lines: Sequence[str],
        accept: str,
        parent: QWidget,
        decline: str = "",
        band: tuple[str, bool] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("confirm_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.guard = EnterGuard(self)
        self._answer: asyncio.Future[bool] | None = None
        layout = QVBoxLayout(self)
        if band is not None:
            layout.addWidget(ModeBand(band[0], self, is_paper=band[1]))
        layout.addWidget(self._heading(question))
        if lines:
            layout.addWidget(self._list(lines), 1)
        count = len(lines.rows) if isinstance(lines, OpenList) else len(lines)
        if count >= _FEW:
            layout.addWidget(self._count(count))
        layout.addWidget(self._buttons(accept, decline))
        self.setTabOrder(self.accept_button, self.cancel_button)  # as they stand
        self.cancel_button.setFocus()
        self.finished.connect(self._on_finished)
        self.setMinimumWidth(theme.px(380))
        layout.activate()
        width = max(theme.px(_WIDTH), self.sizeHint().width())
        wanted = QSize(width, max(self.heightForWidth(width), self.sizeHint().height()))
        self.resize(wanted.boundedTo(self.screen().availableSize() * 0.9))

    async def answer(self) -> bool:
        """Open it and wait for the trader."""
        self._answer = asyncio.get_running_loop().create_future()
        self.open()
        return await self._answer

    def _heading(self, question: str) -> QLabel:
        heading = QLabel(question, self)
        heading.setObjectName("confirm_question")
        heading.setTextFormat(Qt.TextFormat.PlainText)
        heading.setWordWrap(True)
        return heading

    def _list(self, lines: Sequence[str]) -> QWidget:
        if isinstance(lines, OpenList):
            return OpenTable(lines, self)
        shown = _Lines(min(_MOST_SHOWN, len(lines)), self)
        shown.setObjectName("confirm_lines")
        shown.setAccessibleName("What it is about")
        shown.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        shown.setWordWrap(True)
        shown.setTextElideMode(Qt.TextElideMode.ElideNone)
        shown.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        shown.addItems(list(lines))
        return shown

    def _count(self, entries: int) -> QLabel:
        count = QLabel(f"{fmt.number(entries)} entries", self)
        count.setObjectName("confirm_count")
        count.setAlignment(Qt.AlignmentFlag.AlignRight)
        return count

    def _buttons(self, accept: str, decline: str) -> QDialogButtonBox:
        buttons = QDialogButtonBox(self)
        self.accept_button = SendButton(accept, is_sudden=True)
        self.accept_button.setAutoDefault(False)
        buttons.addButton(self.accept_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.cancel_button = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        if decline:
            self.cancel_button.setText(decline)
        self.cancel_button.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def _on_finished(self, result: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(result == QDialog.DialogCode.Accepted.value)


class _Lines(QListWidget):
    """As high as so many rows, and lower where the screen is small."""

    def __init__(self, rows: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows = rows

    def sizeHint(self) -> QSize:
        return QSize(theme.px(_WIDTH - 40), self._height(self._rows))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(200), self._height(min(3, self._rows)))

    def _height(self, rows: int) -> int:
        return rows * (self.fontMetrics().lineSpacing() + 5) + 6
