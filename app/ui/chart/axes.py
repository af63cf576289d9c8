"""The two axes: bar index shown as time in the trader's zone, and prices in whole ticks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QApplication, QStyleOptionGraphicsItem, QWidget

from app.domain.market import Timeframe
from app.domain.session import SessionCalendar
from app.ui import format as fmt
from app.ui import theme
from app.ui.chart.columns import BarColumns
from app.ui.chart.levels import stacked

# Lengths in pixels at a scale of 100 %: how far labels should be apart, and how near they may come
# where a night lies between them.
_LABEL_PX, _LEAST_LABEL_PX = 84, 56
_ROW_PX = 44  # the least distance of two prices
_HEIGHT_PX = 26
_DAY_S = 86_400
_LEAST_WIDTH_PX, _WIDTH_ROOM_PX = 76, 18
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


class _Axis(pg.AxisItem):
    """Paints its grid and labels straight away, the grid in one opaque colour.

    pyqtgraph blends every grid line into the plot, which takes most of the time of a frame: about
    0.1 ms a line against 0.005 ms for an opaque one.
    """

    picture: Any

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation=orientation)
        self.enableAutoSIPrefix(False)  # prices are written out
        self._grid_pen = QPen(QColor("gray"), 0)

    def set_colors(self, line: QColor, text: QColor, grid: QColor) -> None:
        """Of the axis itself, its labels, and the lines across the plot."""
        self._grid_pen = QPen(grid, 0)
        self.fit_scale()
        self.setPen(line)
        self.setTextPen(text)
        self.picture = None
        self.update()

    def fit_scale(self) -> None:
        """Take the room that text of the scale in use needs."""

    def paint(self, p: QPainter, opt: QStyleOptionGraphicsItem, widget: QWidget) -> None:
        if self.picture is None:  # AxisItem empties it when lines or labels change
            specs = self.generateDrawSpecs(p)
            if specs is None:
                return
            axis, lines, texts = specs
            self.picture = axis, [(self._grid_pen, a, b) for _, a, b in lines], texts
        axis, lines, texts = self.picture
        p.save()
        self.drawPicture(p, axis, lines, self._readable(texts))
        p.restore()

    def _readable(self, texts: list[Any]) -> list[Any]:
        """The labels that nothing lies upon, each with its rectangle first."""
        return texts


class TimeAxis(_Axis):
    """Marks the bars where a round moment begins; hours without bars take no room."""

    def __init__(self, columns: BarColumns, zone: tzinfo | None) -> None:
        super().__init__("bottom")
        self._columns = columns
        self._timeframe = Timeframe.M1
        self._sessions: SessionCalendar | None = None
        self.zone = zone
        self.fit_scale()

    def fit_scale(self) -> None:
        self.setHeight(theme.px(_HEIGHT_PX))

    def set_bars(self, timeframe: Timeframe, sessions: SessionCalendar) -> None:
        """How long a bar is, and the market whose trading days name those of a day and more."""
        self._timeframe = timeframe
        self._sessions = None if timeframe.is_intraday else sessions
        self.picture = None
        self.update()

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, Any]]:
        times = self._columns.times
        first, last = max(0, int(np.ceil(low))), min(len(times), int(high) + 1)
        if last - first < 2:
            return []
        local = times[first:last] + self._offset_s(int(times[first]))
        marks = _round_moments(local, max(2, int(size // theme.px(_LABEL_PX))))
        room = theme.px(_LEAST_LABEL_PX) * (high - low) / max(size, 1.0)
        return [(1.0, [float(first + m) for m in _apart(marks, local, room)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        texts: list[str] = []
        before: datetime | None = None
        for value in values:
            moment = self.moment(value)
            texts.append("" if moment is None else _label(moment, before))
            before = moment
        return texts

    def moment(self, index: float) -> datetime | None:
        """The opening moment of a bar in the trader's zone, None outside the data.

        Of a bar of a day and more it is the first hour of its trading day.
        """
        position = round(index)
        if not 0 <= position < len(self._columns):
            return None
        at = datetime.fromtimestamp(int(self._columns.times[position]), UTC)
        if self._sessions is not None:
            return datetime.combine(self._sessions.session_date(at), time(), UTC)
        return at.astimezone(self.zone)

    def text(self, index: float) -> str:
        """The moment in full, as exact as the bars are; empty outside the data."""
        moment = self.moment(index)
        if moment is None:
            return ""
        if self._sessions is not None:
            return f"{moment:%a %Y-%m-%d}"
        is_fine = self._timeframe.seconds < 60
        return f"{moment:%a %Y-%m-%d %H:%M:%S}" if is_fine else f"{moment:%a %Y-%m-%d %H:%M}"

    def _offset_s(self, at_s: int) -> int:
        offset = datetime.fromtimestamp(at_s, UTC).astimezone(self.zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())


class PriceAxis(_Axis):
    """Prices on the right, written with the instrument's own decimals."""

    def __init__(self) -> None:
        super().__init__("right")
        self.decimals = 2
        self._is_blank = False
        self._tags: list[PriceTag] = []
        self._boxes: list[tuple[QRectF, PriceTag]] = []
        self._width_px, self._scale = 0.0, 0
        self.fit_scale()

    def fit_scale(self) -> None:
        if self._scale != theme.scale_percent():
            self._scale = theme.scale_percent()
            self._width_px = 0.0
            self._widen(theme.px(_LEAST_WIDTH_PX))

    def set_decimals(self, decimals: int) -> None:
        """How many decimals a price has; the width starts anew."""
        self.decimals = decimals
        self._width_px = 0.0
        self._widen(theme.px(_LEAST_WIDTH_PX))
        self.picture = None
        self.update()

    def set_blank(self, is_blank: bool) -> None:
        """Write no prices while there are no bars: those of the last chart would be lies."""
        if is_blank is not self._is_blank:
            self._is_blank = is_blank
            self.picture = None
            self.update()

    def make_room(self, price: float) -> None:
        """Be wide enough for this price; never narrower again, so that the plot stands still."""
        metrics = QFontMetricsF(QApplication.font())
        self._widen(metrics.horizontalAdvance(self._text(price)) + theme.px(_WIDTH_ROOM_PX))

    def set_tags(self, tags: list[PriceTag]) -> None:
        """The prices to mark on the axis; the last is drawn on top and at its exact place."""
        if tags != self._tags:
            self._tags = tags
            self.update()

    def paint(self, p: QPainter, opt: QStyleOptionGraphicsItem, widget: QWidget) -> None:
        self._boxes = self._tag_boxes(p.fontMetrics().height() + 2)
        super().paint(p, opt, widget)
        for area, tag in self._boxes:
            p.fillRect(area, tag.color)
            p.setPen(tag.text_color)
            p.drawText(area, Qt.AlignmentFlag.AlignCenter, self._text(tag.price))

    def _readable(self, texts: list[Any]) -> list[Any]:
        """Half a label beside a box looks like another price."""
        boxes = [area for area, _ in self._boxes]
        return [text for text in texts if not any(text[0].intersects(box) for box in boxes)]

    def _tag_boxes(self, height: float) -> list[tuple[QRectF, PriceTag]]:
        """Where the tags in sight are drawn, none over another."""
        box = self.linkedView()
        if box is None or not self._tags:
            return []
        # boundingRect() takes in the grid lines across the plot; the axis itself is this.
        bounds = QRectF(QPointF(), self.size())
        rows = []
        for tag in self._tags:
            at = self.mapFromItem(box, box.mapFromView(QPointF(0.0, tag.price))).y()
            if bounds.top() <= at <= bounds.bottom():
                rows.append((at, tag))
        wanted = [at for at, _ in rows]
        places = stacked(wanted, height, bounds.top(), bounds.bottom(), fixed=len(rows) - 1)
        left, width = bounds.left() + 1, bounds.width() - 2
        return [
            (QRectF(left, at - height / 2, width, height), tag)
            for at, (_, tag) in zip(places, rows, strict=True)
        ]

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """One grid of round prices, never finer than a price is written."""
        wanted = (high - low) * theme.px(_ROW_PX) / max(size, 1.0)
        if not (np.isfinite(wanted) and wanted > 0):
            return []
        base = 10.0 ** np.floor(np.log10(wanted))
        step = next(base * factor for factor in (1, 2, 5, 10) if base * factor >= wanted * 0.999)
        return [(max(step, 10.0**-self.decimals), 0.0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return ["" if self._is_blank else self._text(value) for value in values]

    def _text(self, price: float) -> str:
        return fmt.number(price, self.decimals)

    def _widen(self, width_px: float) -> None:
        if width_px > self._width_px:
            self._width_px = width_px
            self.setWidth(width_px)


def _round_moments(local: NDArray[np.int64], wanted: int) -> list[int]:
    """Indices at which a round moment begins, at most about `wanted` of them."""
    for step in _STEPS_S:
        group = local // step
        marks = np.flatnonzero(np.diff(group)) + 1
        if len(marks) <= wanted:
            return [int(m) for m in marks]
    return []


def _apart(marks: list[int], local: NDArray[np.int64], room: float) -> list[int]:
    """Leave out what would run into its neighbour; a new day goes before a mere hour."""
    kept: list[int] = []
    for mark in marks:
        if kept and mark - kept[-1] < room:
            begins_day = local[mark] // _DAY_S != local[mark - 1] // _DAY_S
            before = local[kept[-1]] // _DAY_S
            if not begins_day or before != local[max(0, kept[-1] - 1)] // _DAY_S:
                continue
            kept.pop()
        kept.append(mark)
    return kept


def _label(moment: datetime, before: datetime | None) -> str:
    if before is not None and moment.year != before.year:
        return f"{moment:%b %Y}"
    if before is None or moment.date() != before.date():
        return f"{moment.day} {moment:%b}"
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
