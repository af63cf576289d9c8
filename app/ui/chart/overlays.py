"""What is ours on the chart: working orders, fills and the position."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor

from app.domain.execution import Execution
from app.domain.ids import ClientOrderId
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.request import OrderRequest
from app.ui.chart.levels import Level


@dataclass(frozen=True, slots=True)
class OverlayColors:
    """The tokens of the theme that the overlays use; a position is neither bought nor sold."""

    buy: QColor
    sell: QColor
    position: QColor
    alarm: QColor
    muted: QColor
    panel: QColor


def order_levels(
    orders: Iterable[Order], colors: OverlayColors, focused: ClientOrderId | None = None
) -> list[Level]:
    """A line for every price of every open order; dashed stops, dotted while in flight.

    The `focused` one is marked: the price keys move it.
    """
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
            mark = "▸ " if order.client_order_id == focused else ""
            text = f"{mark}{side} {order.leaves_quantity.normalize():f} {word}"
            if is_waiting or order.status is OrderStatus.UNKNOWN:
                text += f" · {order.status.words}"
            levels.append(Level(float(price), text, color, style, f"{price:f}"))
    return levels


def staged_level(request: OrderRequest, price: Decimal, colors: OverlayColors) -> Level:
    """An order that waits for Enter, at its own price or, of a market order, at the market."""
    color = colors.buy if request.side is Side.BUY else colors.sell
    kind = "MKT" if request.limit_price is None else "LMT"
    size = f"{request.quantity.normalize():f}"
    text = f"STAGED {request.side.value.upper()} {size} {kind} · Enter sends, Esc drops"
    return Level(float(price), text, color, Qt.PenStyle.DashDotDotLine, f"{price:f}")


def position_level(
    quantity: Decimal, average_price: Decimal | None, colors: OverlayColors
) -> list[Level]:
    """The average price of the position, when it is known and the position is not flat."""
    if not quantity or average_price is None:
        return []
    word = "LONG" if quantity > 0 else "SHORT"
    text = f"{word} {abs(quantity).normalize():f}"
    return [Level(float(average_price), text, colors.position, Qt.PenStyle.DashDotLine)]


class FillMarks:
    """Triangles where our executions traded: up for a buy, down for a sale."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._scatter = pg.ScatterPlotItem(size=11, pxMode=True)
        self._scatter.setZValue(30)
        self.marks: list[tuple[float, Execution]] = []
        plot.addItem(self._scatter, ignoreBounds=True)

    def show(self, marks: list[tuple[float, Execution]], colors: OverlayColors) -> None:
        """Draw these fills; the first of each pair is the bar index."""
        self.marks = marks
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
