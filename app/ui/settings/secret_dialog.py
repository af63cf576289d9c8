"""One secret, entered without showing it. GUI thread."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.store.secrets import LONGEST
from app.ui import theme


class SecretDialog(QDialog):
    """Asks for a value; what is stored is never shown, only replaced. `await answer()`.

    Several lines, such as a private key, are pasted as they are. Show reveals what was entered
    while it is pressed, by mouse or space bar.
    """

    def __init__(self, title: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("secret_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._answer: asyncio.Future[str | None] | None = None
        layout = QVBoxLayout(self)
        heading = QLabel(text, self)
        heading.setTextFormat(Qt.TextFormat.PlainText)
        heading.setWordWrap(True)
        layout.addWidget(heading)
        layout.addLayout(self._row(title))
        layout.addWidget(self._buttons())
        self._edit.textChanged.connect(self._on_text)
        self.finished.connect(self._on_finished)
        self._on_text()
        self.setMinimumWidth(theme.px(460))

    async def answer(self) -> str | None:
        """Open it and wait for the value; None when it was called off."""
        self._answer = asyncio.get_running_loop().create_future()
        self.open()
        return await self._answer

    def _row(self, title: str) -> QHBoxLayout:
        self._edit = QLineEdit(self)
        self._edit.setObjectName("secret_value")
        self._edit.setAccessibleName(title)
        self._edit.setMaxLength(LONGEST)
        self._edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._edit.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData)
        show = QToolButton(self)
        show.setObjectName("secret_show")
        show.setText("S&how")
        show.setToolTip("Shows what was entered while it is pressed")
        show.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        show.pressed.connect(lambda: self._edit.setEchoMode(QLineEdit.EchoMode.Normal))
        show.released.connect(lambda: self._edit.setEchoMode(QLineEdit.EchoMode.Password))
        row = QHBoxLayout()
        row.addWidget(self._edit, 1)
        row.addWidget(show)
        return row

    def _buttons(self) -> QDialogButtonBox:
        roles = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(roles.Save | roles.Cancel, self)
        self._save: QPushButton = buttons.button(roles.Save)
        self._save.setDefault(True)
        buttons.button(roles.Cancel).setAutoDefault(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def _on_text(self) -> None:
        self._save.setEnabled(bool(self._value()))

    def _value(self) -> str:
        text = self._edit.text()
        # A line that was copied often brings a space or a line's end along.
        return text.strip() if "\n" not in text.strip() else text

    def _on_finished(self, result: int) -> None:
        value = self._value() if result == QDialog.DialogCode.Accepted.value else None
        self._edit.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(value or None)
