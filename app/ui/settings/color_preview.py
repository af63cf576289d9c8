"""A few figures as the window shows them, in the colours that hold now."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import format as fmt
from app.ui import theme

_PRICES = (("INDA  44.65", 1.25), ("MSFT  189.07", -0.8), ("quiet words", None))
_BADGES = (("PAPER", "paper"), ("LIVE", "live"), ("ARMED", "armed"))
_WORDS = (("Working", "pending"), ("Filled", "ok"), ("Unknown", "alarm"))
# (rises, wick above, wick below, body) of a few candles, in pixels.
_CANDLES = ((False, 10, 6, 18), (True, 5, 9, 14), (False, 8, 2, 16), (True, 3, 9, 22))
# Where prices, changes, candles, words and badges begin, and where the last ones end.
_CHANGE, _CANDLE, _WORD, _BADGE, _WIDTH = 112, 212, 290, 378, 480
_ROWS, _MARGIN = 3, 8


class ColorPreview(QWidget):
    """Follows the theme and the colours of up and down. GUI thread."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("color_preview")
        self.setAccessibleName("Preview of the colours")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.follow(self, self._fit)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(_WIDTH + _MARGIN), _ROWS * self._row_height() + 2 * theme.px(_MARGIN))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.number_font())
        area = QRect(theme.px(_MARGIN), 0, theme.px(_WIDTH), self.height())
        painter.fillRect(area, theme.color("panel"))
        painter.setPen(theme.color("border"))
        painter.drawRect(area.adjusted(0, 0, -1, -1))
        for at in range(_ROWS):
            self._paint_row(painter, at, area)
        self._paint_candles(painter, area.left() + theme.px(_CANDLE), area.center().y())
        painter.end()

    def _fit(self) -> None:
        self.updateGeometry()
        self.update()

    def _row_height(self) -> int:
        return self.fontMetrics().lineSpacing() + theme.px(8)

    def _paint_row(self, painter: QPainter, at: int, area: QRect) -> None:
        top = area.top() + theme.px(_MARGIN) + at * self._row_height()
        (text, change), (word, color), (badge, back) = _PRICES[at], _WORDS[at], _BADGES[at]

        def room(left: float, right: float) -> QRect:
            x = area.left() + theme.px(left)
            return QRect(x, top, theme.px(right) - theme.px(left), self._row_height())

        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.color("muted" if change is None else "text"))
        painter.drawText(room(12, _CHANGE), middle, text)
        if change is not None:
            painter.setPen(theme.color("up" if change > 0 else "down"))
            said = f"{fmt.arrow(change)} {fmt.percent(change)}"
            painter.drawText(room(_CHANGE, _CANDLE), middle, said)
        painter.setPen(theme.color(color))
        painter.drawText(room(_WORD, _BADGE), middle, word)
        box = room(_BADGE, _WIDTH - 12).adjusted(0, 2, 0, -2)
        painter.fillRect(box, theme.color(back))
        painter.setPen(theme.color(f"{back}_text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, badge)

    def _paint_candles(self, painter: QPainter, left: int, middle: int) -> None:
        width, wick = theme.px(9), theme.px(1)
        for at, (is_up, *lengths) in enumerate(_CANDLES):
            above, below, body = map(theme.px, lengths)
            color = theme.color("up" if is_up else "down")
            x, top = left + at * theme.px(16), middle - body // 2
            painter.fillRect(x + width // 2, top - above, wick, body + above + below, color)
            painter.fillRect(x, top, width, body, color)
