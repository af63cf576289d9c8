"""Prices that matter, as labelled lines across the plot: own orders, the position, the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

_MARGIN_PX = 6.0


@dataclass(frozen=True, slots=True)
class Level:
    """One horizontal line: where, what it says (nothing when empty), how it looks.

    One with a `price_text` is told at the edge of the view when it lies beyond it.
    """

    price: float
    text: str
    color: QColor
    style: Qt.PenStyle
    price_text: str = ""

    def label(self, lowest: float, highest: float) -> str:
        """What is written in a view of these prices; empty when nothing is."""
        if lowest <= self.price <= highest or not self.price_text:
            return self.text
        arrow = "↓" if self.price < lowest else "↑"
        return f"{arrow} {self.text} {self.price_text}"


class LevelItem(pg.GraphicsObject):
    """Draws levels over the whole width, their labels on the left and none over another.

    On the right they would lie on the newest bars.
    """

    def __init__(self, plot: pg.PlotItem) -> None:
        super().__init__()
        self._levels: Sequence[Level] = ()
        self._background = QColor()
        self.setZValue(20)
        plot.addItem(self, ignoreBounds=True)

    @property
    def levels(self) -> Sequence[Level]:
        """What is drawn."""
        return self._levels

    def show(self, levels: Sequence[Level], background: QColor) -> None:
        """Draw exactly these; `background` is that of the labels."""
        if levels != self._levels or background != self._background:
            self._levels, self._background = tuple(levels), background
            self.update()

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()

    def boundingRect(self) -> QRectF:
        view = self.viewRect()
        return QRectF() if view is None else QRectF(view)

    def paint(self, painter: QPainter, *_: Any) -> None:
        view = self.viewRect()
        if view is None or not self._levels:
            return
        transform = painter.worldTransform()
        edges = [transform.map(QPointF(view.left(), y)) for y in (view.top(), view.bottom())]
        top, bottom = sorted(edge.y() for edge in edges)
        left = edges[0].x()
        right = transform.map(QPointF(view.right(), view.top())).x()
        rows = [
            (transform.map(QPointF(0.0, level.price)).y(), level)
            for level in self._levels
            if level.price_text or view.top() <= level.price <= view.bottom()
        ]
        painter.save()
        painter.resetTransform()
        for y, level in rows:
            if top <= y <= bottom:
                painter.setPen(_pen(level))
                painter.drawLine(QPointF(left, round(y) + 0.5), QPointF(right, round(y) + 0.5))
        labels = [(y, level, level.label(view.top(), view.bottom())) for y, level in rows]
        self._draw_labels(painter, [row for row in labels if row[2]], top, bottom, left)
        painter.restore()

    def _draw_labels(
        self,
        painter: QPainter,
        rows: list[tuple[float, Level, str]],
        top: float,
        bottom: float,
        left: float,
    ) -> None:
        metrics = QFontMetricsF(painter.font())
        height = metrics.height() + 2
        places = stacked([y for y, *_ in rows], height, top, bottom)
        for y, (_, level, text) in zip(places, rows, strict=True):
            width = metrics.horizontalAdvance(text) + 2 * _MARGIN_PX
            box = QRectF(left + _MARGIN_PX, y - height / 2, width, height)
            painter.fillRect(box, self._background)
            painter.setPen(level.color)
            painter.drawRect(box)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def stacked(
    wanted: Sequence[float], height: float, top: float, bottom: float, *, fixed: int | None = None
) -> list[float]:
    """Middles of boxes of this height, as near to the wanted ones as can be without overlap.

    The box with the index `fixed` (else the middle one) stays where it wants to be; the others
    give way. All lie within top and bottom as far as there is room. Units: pixels.
    """
    if not wanted:
        return []
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    at = order.index(fixed) if fixed is not None else len(order) // 2
    places = list(wanted)
    for above, here in reversed(list(pairwise(order[: at + 1]))):
        places[above] = min(places[above], places[here] - height)
    for here, below in pairwise(order[at:]):
        places[below] = max(places[below], places[here] + height)
    lowest = bottom - height / 2
    for i in reversed(order):
        places[i] = min(places[i], lowest)
        lowest = places[i] - height
    highest = top + height / 2
    for i in order:
        places[i] = max(places[i], highest)
        highest = places[i] + height
    return places


def _pen(level: Level) -> QPen:
    pen = QPen(level.color)
    pen.setWidth(0)
    pen.setStyle(level.style)
    return pen
