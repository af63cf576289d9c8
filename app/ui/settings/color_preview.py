"""A few figures as the window shows them, in the colours that hold now."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import format as fmt
from app.ui import theme

_SAMPLES = (("up", 1.25, "44.65"), ("down", -0.8, "189.07"))
_BADGES = (("PAPER", "paper"), ("LIVE", "live"), ("ARMED", "armed"))
_WORDS = (("Working", "pending"), ("Filled", "ok"), ("Unknown", "alarm"))
_BODIES = ((0, 14, 8, 22), (1, 6, 12, 18), (0, 10, 2, 20), (1, 4, 12, 26))


class ColorPreview(QWidget):
    """Follows the theme and the colours of up and down. GUI thread."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("color_preview")
        self.setAccessibleName("Preview of the colours")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(430, 4 * self.fontMetrics().lineSpacing() + 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRect(8, 2, min(self.width() - 8, 480), self.height() - 4)
        painter.fillRect(area, theme.color("panel"))
        painter.setPen(theme.color("border"))
        painter.drawRect(area.adjusted(0, 0, -1, -1))
        painter.setFont(theme.number_font())
        line = self.fontMetrics().lineSpacing()
        self._paint_prices(painter, area.adjusted(12, 6, 0, 0), line)
        self._paint_candles(painter, area.left() + 205, area.center().y())
        self._paint_words(painter, QRect(area.left() + 285, area.top() + 8, 90, line + 6))
        self._paint_badges(painter, QRect(area.left() + 385, area.top() + 8, 84, line + 6))
        painter.end()

    def _paint_prices(self, painter: QPainter, area: QRect, line: int) -> None:
        for at, (token, change, price) in enumerate(_SAMPLES):
            top = area.top() + at * 2 * line
            painter.setPen(theme.color("text"))
            painter.drawText(area.left(), top + line, f"{'INDA' if at == 0 else 'MSFT'}  {price}")
            painter.setPen(theme.color(token))
            text = f"{fmt.arrow(change)} {fmt.percent(change)}"
            painter.drawText(area.left() + 105, top + line, text)
        painter.setPen(theme.color("muted"))
        painter.drawText(area.left(), area.top() + 2 * line, "quiet words")

    def _paint_candles(self, painter: QPainter, left: int, middle: int) -> None:
        for at, (is_up, above, below, body) in enumerate(_BODIES):
            color = theme.color("up" if is_up else "down")
            x, top = left + at * 16, middle - body // 2 - (4 if is_up else 0)
            painter.fillRect(x + 4, top - above, 1, body + above + below, color)
            painter.fillRect(x, top, 9, body, color)

    def _paint_words(self, painter: QPainter, room: QRect) -> None:
        for at, (word, token) in enumerate(_WORDS):
            painter.setPen(theme.color(token))
            painter.drawText(
                room.translated(0, at * room.height()), Qt.AlignmentFlag.AlignVCenter, word
            )

    def _paint_badges(self, painter: QPainter, room: QRect) -> None:
        for at, (word, token) in enumerate(_BADGES):
            badge = room.translated(0, at * (room.height() + 3))
            painter.fillRect(badge, QColor(theme.color(token)))
            painter.setPen(theme.color(f"{token}_text"))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, word)
