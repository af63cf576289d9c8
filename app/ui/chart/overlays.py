"""What is ours on the chart: working orders, fills, the position, and the last price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor

from app.domain.execution import Execution
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side
from app.ui.chart.columns import BarColumns


@dataclass(frozen=True, slots=True)
class OverlayColors:
    """The tokens of the theme that the overlays use."""

    buy: QColor
    sell: QColor
    accent: QColor
    alarm: QColor
    muted: QColor
    panel: QColor


@dataclass(frozen=True, slots=True)
class Level:
    """One horizontal line: where, what it says, how it looks."""

    price: float
    text: str
    color: QColor
    style: Qt.PenStyle


def order_levels(orders: Iterable[Order], colors: OverlayColors) -> list[Level]:
    """A line for every price of every open order; dashed stops, dotted while in flight."""
    levels: list[Level] = []
    for order in orders:
        if not order.status.is_open:
            continue
        color = colors.buy if order.request.side is Side.BUY else colors.sell
        if order.status is OrderStatus.UNKNOWN:
            color = colors.alarm
        is_waiting = order.status.is_in_flight or order.status is OrderStatus.HELD
        for price, word, resting_style in _prices(order):
            style = Qt.PenStyle.DotLine if is_waiting else resting_style
            side = order.request.side.value.upper()
            text = f"{side} {order.leaves_quantity.normalize():f} {word}"
            if is_waiting or order.status is OrderStatus.UNKNOWN:
                text += f" · {order.status.value}"
            levels.append(Level(float(price), text, color, style))
    return levels


def position_level(
    quantity: Decimal, average_price: Decimal | None, colors: OverlayColors
) -> list[Level]:
    """The average price of the position, when it is known and the position is not flat."""
    if not quantity or average_price is None:
        return []
    word = "LONG" if quantity > 0 else "SHORT"
    text = f"{word} {abs(quantity).normalize():f}"
    return [Level(float(average_price), text, colors.accent, Qt.PenStyle.DashDotLine)]


class LevelLines:
    """Keeps a set of labelled horizontal lines on a plot, reusing the items. GUI thread."""

    def __init__(self, plot: pg.PlotItem, label_at: float) -> None:
        self._plot, self._label_at = plot, label_at
        self._lines: list[pg.InfiniteLine] = []

    def show(self, levels: list[Level], background: QColor) -> None:
        """Draw exactly these."""
        while len(self._lines) < len(levels):
            line = pg.InfiniteLine(
                angle=0, label="", labelOpts={"position": self._label_at, "movable": False}
            )
            line.setZValue(20)
            self._plot.addItem(line, ignoreBounds=True)
            self._lines.append(line)
        for line, level in zip(self._lines, levels, strict=False):
            line.setPen(pg.mkPen(level.color, width=1, style=level.style))
            line.setPos(level.price)
            line.label.setColor(level.color)
            line.label.fill = pg.mkBrush(background)
            line.label.setFormat(level.text)
            line.show()
        for line in self._lines[len(levels) :]:
            line.hide()


class FillMarks:
    """Triangles where our executions traded: up for a buy, down for a sale."""

    def __init__(self, plot: pg.PlotItem, columns: BarColumns) -> None:
        self._columns = columns
        self._scatter = pg.ScatterPlotItem(size=11, pxMode=True)
        self._scatter.setZValue(30)
        plot.addItem(self._scatter, ignoreBounds=True)

    def show(self, marks: list[tuple[float, Execution]], colors: OverlayColors) -> None:
        """Draw these fills; the first of each pair is the bar index."""
        spots = [
            {
                "pos": QPointF(index, float(fill.price)).toTuple(),
                "symbol": "t1" if fill.side is Side.BUY else "t",
                "brush": colors.buy if fill.side is Side.BUY else colors.sell,
                "pen": pg.mkPen(colors.panel),
            }
            for index, fill in marks
        ]
        self._scatter.setData(spots)


def _prices(order: Order) -> list[tuple[Decimal, str, Qt.PenStyle]]:
    found: list[tuple[Decimal, str, Qt.PenStyle]] = []
    if order.limit_price is not None:
        found.append((order.limit_price, "LMT", Qt.PenStyle.SolidLine))
    if order.stop_price is not None:
        is_trailing = order.request.order_type is OrderType.TRAILING_STOP
        word = "TRAIL" if is_trailing else "STP"
        found.append((order.stop_price, word, Qt.PenStyle.DashLine))
    return found
