"""The crosshair: two thin lines, the price and the time under them, and which bar they are on."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor

from app.ui import format as fmt
from app.ui.chart.axes import TimeAxis


class Crosshair(QObject):
    """Follows the pointer over one plot.

    Signals:
        moved(object): the bar index under the pointer as an int, None when it left the plot.
    """

    moved = Signal(object)

    def __init__(self, plot: pg.PlotItem, time_axis: TimeAxis, parent: QObject) -> None:
        super().__init__(parent)
        self._plot, self._time_axis = plot, time_axis
        self.decimals = 2
        self._vertical = pg.InfiniteLine(angle=90)
        self._horizontal = pg.InfiniteLine(angle=0)
        self._price = pg.TextItem(anchor=(1, 0.5))
        self._time = pg.TextItem(anchor=(0.5, 1))
        self._items = (self._vertical, self._horizontal, self._price, self._time)
        for item in self._items:
            item.setZValue(50)
            item.hide()
            plot.addItem(item, ignoreBounds=True)
        plot.scene().sigMouseMoved.connect(self._on_mouse_moved)

    def set_colors(self, line: QColor, text: QColor, background: QColor) -> None:
        """Colours of lines and tags."""
        pen = pg.mkPen(line, width=1, style=Qt.PenStyle.DashLine)
        for item in (self._vertical, self._horizontal):
            item.setPen(pen)
        for tag in (self._price, self._time):
            tag.setColor(text)
            tag.fill = pg.mkBrush(background)

    def hide(self) -> None:
        """The pointer is elsewhere."""
        for item in self._items:
            item.hide()
        self.moved.emit(None)

    def _on_mouse_moved(self, at: QPointF) -> None:
        box = self._plot.getViewBox()
        if not box.sceneBoundingRect().contains(at):
            if self._vertical.isVisible():
                self.hide()
            return
        point = box.mapSceneToView(at)
        index = round(point.x())
        (_, right), (bottom, _) = box.viewRange()
        self._vertical.setPos(index)
        self._horizontal.setPos(point.y())
        self._price.setText(fmt.number(point.y(), self.decimals))
        self._price.setPos(right, point.y())
        self._time.setText(self._time_axis.text(index))
        self._time.setPos(index, bottom)
        for item in self._items:
            item.show()
        self.moved.emit(index)
