"""A line of words in a colour that means something."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from app.ui import theme


class Sentence(QLabel):
    """Says things and follows the theme; `say("", ...)` clears it. GUI thread."""

    def __init__(self, name: str, parent: QWidget, token: str = "text") -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._token = token
        theme.changed.connect(self._recolor)
        self._recolor()

    def say(self, text: str, token: str = "text") -> None:
        """Show `text` in the theme's colour `token`."""
        self._token = token
        self.setText(text)
        self._recolor()

    def _recolor(self) -> None:
        self.setStyleSheet(f"color: {theme.color(self._token).name()};")


def as_sentence(text: str) -> str:
    """An error's words as a sentence of their own: a capital in front, a full stop behind."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"
