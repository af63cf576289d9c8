"""What the pages of the settings have in common: a title, a body that scrolls, a place to go to."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.ui import theme

_SHEET = """
#settings_group { font-weight: 700; padding-top: 4px; }
#settings_scroll, #settings_body { background: transparent; }
#muted { color: %(muted)s; }
#settings_row_problem { color: %(alarm)s; }
#settings_reset { padding: 0 5px; }
"""


class Page(QWidget):
    """Put widgets into `box`; it scrolls where the window is small. GUI thread."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        body = QWidget()
        body.setObjectName("settings_body")
        self.box = QVBoxLayout(body)
        self.box.setContentsMargins(12, 0, 12, 8)
        self.box.setSpacing(8)
        self.area = QScrollArea(self)
        self.area.setObjectName("settings_scroll")
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.area)
        theme.changed.connect(self._dress)
        self._dress()

    def add_heading(self, text: str) -> QLabel:
        """A heading over what follows."""
        label = QLabel(text, self)
        label.setObjectName("settings_group")
        label.setIndent(0)
        self.box.addWidget(label)
        return label

    def add_text(self, text: str) -> QLabel:
        """Words that wrap, in the quiet colour."""
        label = muted(text, self)
        self.box.addWidget(label)
        return label

    def go_to(self, row_id: str) -> None:
        """Give the keyboard to one row; subclasses know their rows."""
        self.setFocus()

    def _dress(self) -> None:
        self.setStyleSheet(_SHEET % {name: theme.color(name).name() for name in theme.tokens()})


def muted(text: str, parent: QWidget) -> QLabel:
    """A label that wraps and takes its text as it is, in the quiet colour."""
    label = QLabel(text, parent)
    label.setObjectName("muted")
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
