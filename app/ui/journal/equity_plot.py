"""The curve of what was earned and, below it, how far it fell from its peak. GUI thread."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.analytics.equity import Curve
from app.ui import format as fmt
from app.ui import theme
from app.ui.chart.axes import PriceAxis
from app.ui.journal.date_axis import DateAxis

_EMPTY = "The curve begins with the first fill."
_SHARE = (3, 1)  # of the height: profit, drawdown
_HEADROOM = 0.08
_ROOM_ABOVE = 0.2  # over no drawdown: its label must not run into the one above
_ROOM_BESIDE = 0.02
_LEAST_SPAN_S = 60.0
_LEAST_HEIGHT = 150
_UNBOUND = 16_777_215  # QWIDGETSIZE_MAX


class EquityPlot(QWidget):
    """Draws a Curve; hovering, or Left and Right, reads single points. GUI thread."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve: Curve | None = None
        self._currency = ""
        self._at: int | None = None  # the point that is read, None for the newest
        self.setObjectName("journal_equity")
        self.setAccessibleName("Profit curve")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("ring", True)  # the style sheet shows by it that the keyboard is here
        self.readout = QLabel(self)
        self.readout.setObjectName("journal_readout")
        self.readout.setWordWrap(True)
        self.canvas = pg.GraphicsLayoutWidget(self)
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.ci.layout.setContentsMargins(2, 0, 2, 2)
        self.canvas.ci.layout.setSpacing(0)
        self._build()
        box = QVBoxLayout(self)
        box.setContentsMargins(6, 2, 2, 2)
        box.setSpacing(2)
        box.addWidget(self.readout)
        box.addWidget(self.canvas, 1)
        self.canvas.scene().sigMouseMoved.connect(self._on_mouse)
        self.canvas.viewport().installEventFilter(self)
        theme.follow(self, self._dress)
        self.show_curve(None, "")

    @property
    def text(self) -> str:
        """What the curve says, in words."""
        curve = self._curve
        if curve is None or not len(curve):
            return _EMPTY
        last = len(curve) - 1
        deepest = curve.deepest
        fell = "it never fell"
        if deepest is not None:
            fell = f"deepest drawdown {self._drawdown(curve, deepest)}"
        return (
            f"From {_moment(curve, 0)} to {_moment(curve, last)}: profit"
            f" {fmt.profit(float(curve.equity[last]), self._currency)}, highest"
            f" {fmt.money(float(curve.peak[last]), self._currency)}, {fell}"
        )

    def show_curve(self, curve: Curve | None, currency: str) -> None:
        """Draw this one; it ends with what is open now."""
        self._curve, self._currency = curve, currency
        is_empty = curve is None or not len(curve)
        if curve is None or is_empty:
            for item in (self._line, self._fall):
                item.setData([], [])
        else:
            # From nothing to the first point, each holds until the next, the last to the edge.
            left, right = _span(curve)
            times = np.concatenate([[left], curve.times_s, [right]])
            for item, values in ((self._line, curve.equity), (self._fall, curve.drawdown)):
                item.setData(times, np.concatenate([[0.0], values, values[-1:]]))
            self._fit(curve, left, right)
        if curve is None or (self._at is not None and self._at >= len(curve)):
            self._at = None
        for axis in self._axes:
            axis.set_blank(is_empty)
        self._times.setStyle(showValues=not is_empty)
        self.setAccessibleDescription(self.text)
        self._read()

    # -- set-up --------------------------------------------------------------------------------

    def _build(self) -> None:
        self._times = DateAxis()
        self._axes = (PriceAxis(), PriceAxis())
        self._top = self.canvas.addPlot(0, 0, axisItems={"right": self._axes[0]})
        self._low = self.canvas.addPlot(
            1, 0, axisItems={"right": self._axes[1], "bottom": self._times}
        )
        self._low.setXLink(self._top)
        for plot, share in zip((self._top, self._low), _SHARE, strict=True):
            plot.hideAxis("left")
            plot.showAxis("right")
            plot.hideButtons()
            plot.setMenuEnabled(False)
            # Never shown, and a window of its own that would outlive this one.
            plot.ctrlMenu.setParent(self, plot.ctrlMenu.windowFlags())
            plot.setMouseEnabled(False, False)
            plot.getViewBox().setDefaultPadding(0)
            plot.getViewBox().disableAutoRange()
            self.canvas.ci.layout.setRowStretchFactor(0 if plot is self._top else 1, share)
        self._top.hideAxis("bottom")
        self._zero = pg.InfiniteLine(0, angle=0)
        self._line = pg.PlotCurveItem(stepMode="right")
        self._fall = pg.PlotCurveItem(stepMode="right", fillLevel=0.0)
        self._marks = (pg.InfiniteLine(angle=90), pg.InfiniteLine(angle=90))
        self._top.addItem(self._zero, ignoreBounds=True)
        self._top.addItem(self._line, ignoreBounds=True)
        self._low.addItem(self._fall, ignoreBounds=True)
        for plot, mark in zip((self._top, self._low), self._marks, strict=True):
            plot.addItem(mark, ignoreBounds=True)

    def _dress(self) -> None:
        self.canvas.setBackground(theme.color("panel"))
        text, border, grid = (theme.color(token) for token in ("muted", "border", "grid"))
        for axis in self._axes:
            axis.set_colors(border, text, grid)
        self._times.setPen(border)
        self._times.setTextPen(text)
        self._zero.setPen(pg.mkPen(border, width=1))
        self._line.setPen(pg.mkPen(theme.color("accent"), width=1))
        fall, ground = theme.color("down"), QColor(theme.color("down"))
        ground.setAlpha(60)
        self._fall.setPen(pg.mkPen(fall, width=1))
        self._fall.setBrush(pg.mkBrush(ground))
        for mark in self._marks:
            mark.setPen(pg.mkPen(theme.color("crosshair"), width=1, style=Qt.PenStyle.DashLine))
        self.readout.setFont(theme.number_font())
        self.setMinimumWidth(theme.px(220))

    def _fit(self, curve: Curve, left: float, right: float) -> None:
        self._top.setXRange(left, right, padding=0)
        low, high = min(0.0, float(curve.equity.min())), max(0.0, float(curve.equity.max()))
        room = max(high - low, 0.02) * _HEADROOM
        self._top.setYRange(low - room, high + room, padding=0)
        deepest = min(float(curve.drawdown.min()), -0.01)
        self._low.setYRange(deepest * (1 + _HEADROOM), -deepest * _ROOM_ABOVE, padding=0)
        for axis in self._axes:
            axis.make_room(-max(abs(low), abs(high), abs(deepest)))
        width = max(axis.width() for axis in self._axes)
        for axis in self._axes:
            axis.setWidth(width)

    # -- reading single points -----------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Too low for both: the readout still tells the drawdown.
        has_room = self.height() >= theme.px(_LEAST_HEIGHT)
        self._low.setVisible(has_room)
        self.canvas.ci.layout.setRowStretchFactor(1, _SHARE[1] if has_room else 0)
        self.canvas.ci.layout.setRowMaximumHeight(1, _UNBOUND if has_room else 0)

    def _read(self) -> None:
        curve, at = self._curve, self._at
        for mark in self._marks:
            mark.setVisible(at is not None)
        if curve is None or not len(curve):
            self.readout.setText(_EMPTY)
            return
        if at is not None:
            for mark in self._marks:
                mark.setPos(float(curve.times_s[at]))
        place = len(curve) - 1 if at is None else at
        when = "Now" if at is None else _moment(curve, place)
        self.readout.setText(
            f"{when}: {fmt.profit(float(curve.equity[place]), self._currency)},"
            f" drawdown {self._drawdown(curve, place)}"
        )

    def _drawdown(self, curve: Curve, at: int) -> str:
        money = fmt.money(float(curve.drawdown[at]))
        percent = curve.drawdown_percent(at)
        return money if percent is None else f"{money} ({fmt.percent(percent, 1)})"

    def _on_mouse(self, at: QPointF) -> None:
        box = self._top.getViewBox()
        curve = self._curve
        if curve is None or not len(curve):
            return
        x = box.mapSceneToView(at).x()
        left, right = box.viewRange()[0]
        self._at = curve.at(x) if left <= x <= right else None
        self._read()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Leave:
            self._at = None
            self._read()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        curve = self._curve
        if curve is None or not len(curve) or event.key() not in _STEPS:
            super().keyPressEvent(event)
            return
        last = len(curve) - 1
        at = last if self._at is None else self._at
        step = _STEPS[event.key()]
        self._at = None if step is None else min(last, max(0, at + step))
        self._read()
        self.setAccessibleDescription(self.readout.text())

    def focusOutEvent(self, event: Any) -> None:
        super().focusOutEvent(event)
        self._at = None
        self._read()


_STEPS: dict[int, int | None] = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -25,
    Qt.Key.Key_PageDown: 25,
    Qt.Key.Key_Home: -(1 << 30),
    Qt.Key.Key_End: None,
}


def _span(curve: Curve) -> tuple[float, float]:
    """From and until when it is drawn: what there is in the middle, a little on either side."""
    first, last = float(curve.times_s[0]), float(curve.times_s[-1])
    room = max((last - first) * _ROOM_BESIDE, (_LEAST_SPAN_S - (last - first)) / 2)
    return first - room, last + room


def _moment(curve: Curve, at: int) -> str:
    return fmt.date_time(datetime.fromtimestamp(float(curve.times_s[at]), UTC))
