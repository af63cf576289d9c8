"""Draws candles and volume columns in a handful of painter calls, whatever the history's length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from app.ui.chart.columns import BarColumns
from app.ui.chart.geometry import Mapping, Shapes, shapes, visible_range

_FADED = 0.27  # how much of a bar's colour its volume has


class CandleItem(pg.GraphicsObject):
    """All bars of a chart. Call `changed` after the columns changed. GUI thread."""

    def __init__(self, columns: BarColumns) -> None:
        super().__init__()
        self._columns = columns
        self._lines = PrimitiveArray(QLineF, 4)
        self._rects = PrimitiveArray(QRectF, 4)
        self.shows_volume = True
        self.set_colors(QColor("green"), QColor("red"), QColor("black"))

    def set_colors(self, rising: QColor, falling: QColor, background: QColor) -> None:
        """Colours of bars that closed higher and lower than they opened."""
        self._pens = tuple(self._pen(c) for c in (falling, rising))
        self._brushes = tuple(QBrush(c) for c in (falling, rising))
        self._volume_brushes = tuple(QBrush(_faded(c, background)) for c in (falling, rising))
        self.update()

    def changed(self) -> None:
        """The columns have other values: bounds are asked anew and the item repaints."""
        self.prepareGeometryChange()
        self.informViewBoundsChanged()
        self.update()

    def boundingRect(self) -> QRectF:
        extent = self._columns.whole_extent()
        if extent is None:
            return QRectF()
        low, high = extent
        return QRectF(-1.0, low, len(self._columns) + 1.0, max(high - low, 1e-9))

    def paint(self, painter: QPainter, *_: Any) -> None:
        view = self.viewRect()
        if view is None or not len(self._columns):
            return
        first, last = visible_range(self._columns, view.left(), view.right())
        if last <= first:
            return
        transform = painter.worldTransform()
        bottom = transform.m22() * view.top() + transform.dy()
        top = transform.m22() * view.bottom() + transform.dy()
        mapping = Mapping(
            transform.m11(), transform.dx(), transform.m22(), transform.dy() - top, bottom - top
        )
        drawn = shapes(self._columns, first, last, mapping)
        painter.save()
        painter.resetTransform()
        painter.translate(0.0, top)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._draw(painter, drawn)
        painter.restore()

    def _draw(self, painter: QPainter, drawn: Shapes) -> None:
        for is_rising in (False, True):
            mask = drawn.rising == is_rising
            if not mask.any():
                continue
            if self.shows_volume:
                self._fill(painter, drawn.volumes[mask], self._volume_brushes[is_rising])
            painter.setPen(self._pens[is_rising])
            painter.drawLines(*self._loaded(self._lines, drawn.wicks[mask]))
            self._fill(painter, drawn.bodies[mask], self._brushes[is_rising])

    def _fill(self, painter: QPainter, rects: NDArray[np.float64], brush: QBrush) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(brush)
        painter.drawRects(*self._loaded(self._rects, rects))

    @staticmethod
    def _loaded(array: PrimitiveArray, values: NDArray[np.float64]) -> Any:
        array.resize(len(values))
        array.ndarray()[:] = values
        return array.drawargs()

    @staticmethod
    def _pen(color: QColor) -> QPen:
        pen = QPen(color)
        pen.setWidth(0)
        return pen


def _faded(color: QColor, background: QColor) -> QColor:
    """Mixed beforehand: blending every column while it is painted takes twenty times as long."""
    shares = (
        (getattr(color, part)() * _FADED + getattr(background, part)() * (1 - _FADED))
        for part in ("red", "green", "blue")
    )
    return QColor(*(round(share) for share in shares))
