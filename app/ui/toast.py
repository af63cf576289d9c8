"""One toast: what happened, how bad it is by icon and word, and how often. GUI thread."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from app.domain.reports import Severity
from app.ui import icons, theme

_WIDTH = 360
_TOKENS = {Severity.INFO: "accent", Severity.WARNING: "warning", Severity.ERROR: "alarm"}
_ICONS = {Severity.INFO: "info", Severity.WARNING: "alert", Severity.ERROR: "error"}
_WORDS = {Severity.INFO: "Note", Severity.WARNING: "Warning", Severity.ERROR: "Error"}
_SHEET = """
#toast { background: %(toast)s; border: 1px solid %(border)s; border-radius: 4px;
  border-left: 5px solid %(edge_color)s; border-top-left-radius: 0;
  border-bottom-left-radius: 0; }
"""
_TEXT = (
    '<b style="color: {edge}">{word}</b> &nbsp;{text}<span style="color: {muted}">{times}</span>'
)


class Toast(QFrame):
    """One sentence, or the newest of several that say the same; a click sends it away."""

    def __init__(self, severity: Severity, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.severity, self.text, self.count = severity, text, 1
        self.setObjectName("toast")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click to close; Esc closes all")
        self._icon, self._label = QLabel(self), QLabel(self)
        self._label.setObjectName("toast_text")
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.setWordWrap(True)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addWidget(self._label, 1)
        theme.follow(self, self._dress)

    def say_again(self, text: str) -> None:
        """It happened once more; `text` is how it was said this time."""
        self.count += 1
        self.text = text
        self._fit()

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        self.close()

    def _dress(self) -> None:
        token = _TOKENS[self.severity]
        self.setStyleSheet(theme.sheet(_SHEET, edge_color=theme.color(token).name()))
        icons.show_on(self._icon, _ICONS[self.severity], token)
        side = theme.px(9)
        self._row.setContentsMargins(side, theme.px(7), side, theme.px(7))
        self._row.setSpacing(theme.px(8))
        self._fit()

    def _fit(self) -> None:
        word = _WORDS[self.severity]
        times = f"{self.count} times" if self.count > 1 else ""
        self.setAccessibleName(", ".join(filter(None, (f"{word}: {self.text}", times))))
        self._label.setText(
            _TEXT.format(
                edge=theme.color(_TOKENS[self.severity]).name(),
                muted=theme.color("muted").name(),
                word=word,
                text=escape(self.text).replace("\n", "<br>"),
                times=f" &nbsp;({times})" if times else "",
            )
        )
        self.ensurePolished()  # the height of a text is known only in its own font
        self._label.ensurePolished()
        self._row.invalidate()
        self.setFixedWidth(theme.px(_WIDTH))
        self.setFixedHeight(max(theme.px(34), self._row.totalHeightForWidth(theme.px(_WIDTH))))
