"""A question that is answered by one line of text. GUI thread."""

from __future__ import annotations

import asyncio

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.ui import theme

_LONGEST, _WIDTH = 60, 320


class AskTextDialog(QDialog):
    """Asks without blocking: `answer` waits for Enter or Esc."""

    def __init__(self, title: str, label: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("ask_text_dialog")
        self.setWindowTitle(title)
        self.setMinimumWidth(theme.px(_WIDTH))
        self.field = QLineEdit(text, self)
        self.field.setObjectName("ask_text_field")
        self.field.setMaxLength(_LONGEST)
        self.field.setAccessibleName(label)
        self.field.selectAll()
        words = QLabel(f"&{label}", self)
        words.setBuddy(self.field)
        box = QDialogButtonBox.StandardButton
        self._buttons = QDialogButtonBox(box.Ok | box.Cancel, self)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.field.textChanged.connect(self._look)
        column = QVBoxLayout(self)
        for widget in (words, self.field, self._buttons):
            column.addWidget(widget)
        self._look(text)

    async def answer(self) -> str | None:
        """What was written; None when the question was called off. The dialog ends with it."""
        answered: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

        def finished(result: int) -> None:
            if not answered.done():
                answered.set_result(self.field.text().strip() if result else None)

        self.finished.connect(finished)
        self.open()
        self.field.setFocus()
        try:
            return await answered
        finally:
            self.deleteLater()

    def _look(self, text: str) -> None:
        button = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        button.setEnabled(bool(text.strip()))
