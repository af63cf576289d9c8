"""The two axes: bar index shown as time in the trader's zone, and prices in whole ticks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from app.ui.chart.columns import BarColumns

_LABEL_PX = 84
_STEPS_S = (
    *(1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 28800),
    *(86400, 2 * 86400, 7 * 86400, 30 * 86400, 91 * 86400, 365 * 86400, 5 * 365 * 86400),
)


@dataclass(frozen=True, slots=True)
class PriceTag:
    """A price marked on the axis in a filled box."""

    price: float
    color: QColor
    text_color: QColor


class TimeAxis(pg.AxisItem):
    """Marks the bars where a round moment begins; hours without bars take no room."""

    def __init__(self, columns: BarColumns, zone: tzinfo | None) -> None:
        super().__init__(orientation="bottom")
        self._columns = columns
        self.zone = zone
        self.setHeight(26)

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, Any]]:
        times = self._columns.times
        first, last = max(0, int(np.ceil(low))), min(len(times), int(high) + 1)
        if last - first < 2:
            return []
        local = times[first:last] + self._offset_s(int(times[first]))
        wanted = max(2, int(size // _LABEL_PX))
        marks = _round_moments(local, wanted)
        return [(1.0, [float(first + m) for m in marks])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        texts: list[str] = []
        before: datetime | None = None
        for value in values:
            moment = self.moment(value)
            texts.append("" if moment is None else _label(moment, before))
            before = moment
        return texts

    def moment(self, index: float) -> datetime | None:
        """The opening moment of a bar in the trader's zone, None outside the data."""
        position = round(index)
        if not 0 <= position < len(self._columns):
            return None
        at = datetime.fromtimestamp(int(self._columns.times[position]), UTC)
        return at.astimezone(self.zone)

    def _offset_s(self, at_s: int) -> int:
        offset = datetime.fromtimestamp(at_s, UTC).astimezone(self.zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())


class PriceAxis(pg.AxisItem):
    """Prices on the right, written with the instrument's own decimals."""

    def __init__(self) -> None:
        super().__init__(orientation="right")
        self.decimals = 2
        self._tags: list[PriceTag] = []
        self.setWidth(76)

    def set_tags(self, tags: list[PriceTag]) -> None:
        """The prices to mark on the axis; the last is drawn on top."""
        if tags != self._tags:
            self._tags = tags
            self.update()

    def paint(self, p: QPainter, opt: QStyleOptionGraphicsItem, widget: QWidget) -> None:
        super().paint(p, opt, widget)
        box = self.linkedView()
        if box is None:
            return
        # boundingRect() takes in the grid lines across the plot; the axis itself is this.
        bounds, height = QRectF(QPointF(), self.size()), p.fontMetrics().height() + 2
        for tag in self._tags:
            at = self.mapFromItem(box, box.mapFromView(QPointF(0.0, tag.price))).y()
            if bounds.top() <= at <= bounds.bottom():
                area = QRectF(bounds.left() + 1, at - height / 2, bounds.width() - 2, height)
                p.fillRect(area, tag.color)
                p.setPen(tag.text_color)
                p.drawText(area, Qt.AlignmentFlag.AlignCenter, f"{tag.price:,.{self.decimals}f}")

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:,.{self.decimals}f}" for value in values]


def _round_moments(local: NDArray[np.int64], wanted: int) -> list[int]:
    """Indices at which a round moment begins, at most about `wanted` of them."""
    for step in _STEPS_S:
        group = local // step
        marks = np.flatnonzero(np.diff(group)) + 1
        if len(marks) <= wanted:
            return [int(m) for m in marks]
    return []


def _label(moment: datetime, before: datetime | None) -> str:
    if before is not None and moment.year != before.year:
        return f"{moment:%b %Y}"
    if before is None or moment.date() != before.date():
        return f"{moment.day} {moment:%b}"
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
