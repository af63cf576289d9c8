"""One chart: plot, axes, candles and overlays put together; follows the newest bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from app.domain.bars import BarSeries
from app.domain.market import Timeframe
from app.domain.session import SessionCalendar
from app.ui.chart.axes import PriceAxis, PriceTag, TimeAxis
from app.ui.chart.candles import CandleItem
from app.ui.chart.columns import BarColumns
from app.ui.chart.crosshair import Crosshair
from app.ui.chart.geometry import VOLUME_SHARE
from app.ui.chart.levels import Level, LevelItem
from app.ui.chart.overlays import FillMarks

_FIRST_VISIBLE = 140
_ROOM_RIGHT = 8
_HEADROOM = 0.06


@dataclass(frozen=True, slots=True)
class ChartColors:
    """What the chart itself is painted in."""

    rising: QColor
    falling: QColor
    crosshair: QColor
    background: QColor
    text: QColor
    border: QColor
    grid: QColor


class ChartView(pg.PlotWidget):
    """Candles with volume, drawn from `columns`. GUI thread.

    Wheel zooms in time around the pointer, drag pans; the price scale follows what is visible.
    Keys: Left and Right pan, + and - zoom, End goes to the newest bar.

    Signals:
        bar_hovered(object): index of the bar under the pointer, None when it left.
        price_clicked(float): Ctrl+click on a price.
        beginning_reached(): the view touches the oldest bar.
    """

    bar_hovered = Signal(object)
    price_clicked = Signal(float)
    beginning_reached = Signal()

    def __init__(self, zone: tzinfo | None, parent: QWidget | None = None) -> None:
        self.columns = BarColumns()
        self.time_axis = TimeAxis(self.columns, zone)
        self.price_axis = PriceAxis()
        axes = {"bottom": self.time_axis, "right": self.price_axis}
        super().__init__(parent, axisItems=axes, enableMenu=False)
        self.setObjectName("chart-view")
        self.setAccessibleName("Price chart")
        self._build_plot()
        self._candles = CandleItem(self.columns)
        self._plot.addItem(self._candles)
        self.levels = LevelItem(self._plot)
        self.fill_marks = FillMarks(self._plot)
        self.crosshair = Crosshair(self._plot, self.time_axis, self)
        self.crosshair.moved.connect(self.bar_hovered)
        self._follows = True
        self._is_setting_range = False
        self._box.sigXRangeChanged.connect(self._on_x_range_changed)

    @property
    def follows_newest(self) -> bool:
        """Whether a new bar scrolls the view; ends when the user pans away from the end."""
        return self._follows

    def set_bars(self, series: BarSeries, *, keep_place: bool = False) -> None:
        """Show other bars from their end; `keep_place` leaves the view on the bars it was on.

        A view that follows the newest bar then stays as far from the end as it was.
        """
        before = len(self.columns)
        left, right = self._box.viewRange()[0]
        follows, anchor = self._follows, self._clipped(left)
        anchor_s = int(self.columns.times[int(anchor)]) if before else 0
        self.crosshair.hide()  # its bar has another place now, or is gone
        self.columns.reset(series)
        self.price_axis.set_blank(not len(self.columns))
        self._candles.changed()
        if not (keep_place and before and len(series)):
            self.show_newest()
            return
        shift = len(series) - before if follows else self.columns.index_at(anchor_s) - int(anchor)
        self._set_x_range(left + shift, right + shift)

    def update_bars(self, series: BarSeries, first_row: int) -> None:
        """The rows of the live series from `first_row` on are new or different."""
        was_empty = not len(self.columns)
        added = self.columns.update(series, first_row)
        self.price_axis.set_blank(not len(self.columns))
        self._candles.changed()
        if was_empty:
            self.show_newest()
        elif added and self._follows:
            left, right = self._box.viewRange()[0]
            self._set_x_range(left + added, right + added)
        else:
            self._fit_prices()

    def show_newest(self) -> None:
        """Scroll to the end and follow it."""
        self._follows = True
        count = len(self.columns)
        shown = min(count, _FIRST_VISIBLE) if count else _FIRST_VISIBLE
        self._set_x_range(count - max(shown, 30), count + _ROOM_RIGHT)

    def set_precision(self, decimals: int) -> None:
        """Decimals of every price on the chart."""
        self.price_axis.set_decimals(decimals)
        self.crosshair.decimals = decimals

    def set_timeframe(self, timeframe: Timeframe, sessions: SessionCalendar) -> None:
        """How long the bars are that come next, and the market they are of."""
        self.time_axis.set_bars(timeframe, sessions)

    def show_levels(self, levels: list[Level], tags: list[PriceTag], background: QColor) -> None:
        """Own orders and position as lines, prices worth watching as tags on the axis."""
        self.levels.show(levels, background)
        self.price_axis.set_tags(tags)

    def set_zone(self, zone: tzinfo | None) -> None:
        """Show times in another zone."""
        self.time_axis.zone = zone
        self.time_axis.picture = None
        self.time_axis.update()

    def set_colors(self, colors: ChartColors) -> None:
        """Repaint in another theme."""
        self.setBackground(colors.background)
        self._candles.set_colors(colors.rising, colors.falling, colors.background)
        self.crosshair.set_colors(colors.crosshair, colors.text, colors.background)
        for axis in (self.time_axis, self.price_axis):
            axis.set_colors(colors.border, colors.text, colors.grid)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        left, right = self._box.viewRange()[0]
        step = (right - left) * 0.1
        key = event.key()
        if key == Qt.Key.Key_Left:
            self._box.setXRange(left - step, right - step, padding=0)
        elif key == Qt.Key.Key_Right:
            self._box.setXRange(left + step, right + step, padding=0)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._box.setXRange(left + step, right, padding=0)
        elif key == Qt.Key.Key_Minus:
            self._box.setXRange(left - step, right, padding=0)
        elif key == Qt.Key.Key_End:
            self.show_newest()
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.crosshair.hide()
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            at = self._box.mapSceneToView(self.mapToScene(event.position().toPoint()))
            self.price_clicked.emit(at.y())
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.accept()
            return
        super().mouseReleaseEvent(event)

    def _build_plot(self) -> None:
        self._plot: pg.PlotItem = self.getPlotItem()
        self._plot.hideAxis("left")
        self._plot.showAxis("right")
        self._plot.hideButtons()
        # Never shown, and a window of its own that would outlive this one.
        self._plot.ctrlMenu.setParent(self, self._plot.ctrlMenu.windowFlags())
        self._plot.showGrid(x=True, y=True, alpha=1.0)
        for axis in (self.time_axis, self.price_axis):
            axis.setZValue(-1000)  # its grid belongs behind the candles
        self._box: pg.ViewBox = self._plot.getViewBox()
        self._box.setMouseEnabled(x=True, y=False)
        self._box.disableAutoRange()
        self._box.setLimits(minXRange=5)

    def _clipped(self, index: float) -> float:
        return min(max(index, 0.0), max(0.0, len(self.columns) - 1.0))

    def _set_x_range(self, left: float, right: float) -> None:
        self._is_setting_range = True
        try:
            self._box.setXRange(left, right, padding=0)
        finally:
            self._is_setting_range = False
        self._fit_prices()

    def _on_x_range_changed(self) -> None:
        if not self._is_setting_range:
            left, right = self._box.viewRange()[0]
            self._follows = right >= len(self.columns) - 0.5
            if left < 0 and len(self.columns):
                self.beginning_reached.emit()
        self._fit_prices()

    def _fit_prices(self) -> None:
        left, right = self._box.viewRange()[0]
        extent = self.columns.extent(int(left), int(right) + 1)
        if extent is None:
            return
        low, high = extent
        span = (high - low) or abs(high) * 0.001 or 1.0
        floor = low - span * (VOLUME_SHARE + _HEADROOM)
        self._box.setYRange(floor, high + span * _HEADROOM, padding=0)
        self.price_axis.make_room(high)
