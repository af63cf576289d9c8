"""The first line of the order detail: what order, how it stands, LIVE or PAPER, and Close."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from app.ui import theme
from app.ui.frame import Mode
from app.ui.widgets.elided_label import ElidedLabel


class Head(QWidget):
    """One line, whatever the width: what does not fit is cut and told by hovering. GUI thread."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.heading, self.standing = ElidedLabel("", self), ElidedLabel("", self)
        self.heading.setObjectName("order_heading")
        self.heading.setStyleSheet("font-weight: bold")
        self.mode = QLabel(self)
        self.close_button = QToolButton(self)
        self.close_button.setText("✕")
        self.close_button.setAccessibleName("Close order detail")
        self.close_button.setToolTip("Close (Esc)")
        self.close_button.setAutoRaise(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 2, 0)
        row.setSpacing(10)
        row.addWidget(self.heading)
        row.addWidget(self.standing, 1)
        row.addWidget(self.mode)
        row.addWidget(self.close_button)
        row.setAlignment(self.mode, Qt.AlignmentFlag.AlignVCenter)
        theme.follow(self, self._dress)

    def show_words(self, heading: str, standing: str) -> None:
        """The order in words, and how it stands."""
        for label, text in ((self.heading, heading), (self.standing, standing)):
            label.setText(text)
            label.setToolTip(f"{heading}\n{standing}")

    def show_mode(self, mode: Mode) -> None:
        """LIVE or PAPER, in its colours."""
        back, front = (theme.color(f"{mode.value}{part}").name() for part in ("", "_text"))
        self.mode.setText(mode.title if mode.value != "unknown" else "LIVE OR PAPER?")
        self.mode.setStyleSheet(
            f"background: {back}; color: {front}; font-weight: bold; padding: 1px 6px;"
            " border-radius: 3px;"
        )

    def _dress(self) -> None:
        self.standing.setStyleSheet(f"color: {theme.color('muted').name()}")
