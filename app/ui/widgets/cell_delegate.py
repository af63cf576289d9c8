"""Paints the cells of every table, straight from the rows: no role lookups for each cell."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from app.ui import theme
from app.ui.models.columns import Kind, Tint
from app.ui.models.table import RowModel

PADDING = 6
_MOST_WIDTHS = 5000
DOTS = "…"
Index = QModelIndex | QPersistentModelIndex


def dots_at(left: int, width: int, room: int, dots: int) -> int:
    """Where dots of that width stand in for the figure of a cell that is only partly seen.

    Outside of a view of `room` pixels when too little of the cell is seen for them.
    """
    if left + width <= room:
        return PADDING if left + width >= PADDING + dots else -dots
    at = room - PADDING - dots
    return at if at >= left else room + dots


class CellDelegate(QStyledItemDelegate):
    """One for each table. The view tells before painting which rows are selected, and its width.

    A figure that the edge of the view would cut is not drawn: what is left of it is another figure.
    """

    def __init__(self, model: RowModel[Any], parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._columns = model.columns
        self._kinds = [column.kind for column in model.columns]
        self._colors: dict[tuple[str, int], QColor] = {}
        self._inks: dict[tuple[str, bool, Tint | None], QColor] = {}
        self.selected: tuple[tuple[int, int], ...] = ()
        self.room = 0  # how much of the columns is seen
        self._metrics = QFontMetrics(parent.font())
        self._above = 0  # how far the baseline lies below the middle, twice
        self._widths: dict[str, int] = {}
        theme.changed.connect(self._forget_colors)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        at, column = index.row(), index.column()
        if self._model.group_at(at) is not None:
            return  # the view draws headers and sums over the whole width
        text, token, tint = self._model.cells(at)[column]
        rect: QRect = option.rect
        chosen = any(first <= at <= last for first, last in self.selected)
        if chosen:
            painter.fillRect(rect, self._color("selection"))
        if tint is not None:
            painter.fillRect(rect, self._color(tint.token, tint.alpha))
        if not text:
            return
        kind = self._kinds[column]
        if kind is Kind.ACTION:
            self._paint_button(painter, rect, text, token or "text")
            return
        painter.setPen(self._ink(token or ("selection_text" if chosen else "text"), chosen, tint))
        x, y, width, height = rect.x(), rect.y(), rect.width(), rect.height()
        room, used = width - 2 * PADDING, self._width(text)
        if used > room:
            text = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            used = room
        # At a point and not in a rectangle: half the time, and most of a frame is text.
        left = x + PADDING if kind is Kind.TEXT else x + width - PADDING - used
        if kind is Kind.NUMBER and not 0 <= left <= self.room - used:
            text, left = DOTS, dots_at(x, width, self.room, self._width(DOTS))
        painter.drawText(left, y + (height + self._above) // 2, text)

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        if event.type() is not QEvent.Type.ToolTip or not index.isValid():
            return super().helpEvent(event, view, option, index)
        text = self.tooltip(index, view.visualRect(index).width())
        QToolTip.showText(event.globalPos(), text, view, view.visualRect(index))
        return True

    def tooltip(self, index: Index, width: int) -> str:
        """What hovering a cell says: the column's own words, or the text that does not fit."""
        column, group = self._columns[index.column()], self._model.group_at(index.row())
        if group is not None:
            line = self._model.group_line(group)
            return line.tooltips.get(column.id) or line.tooltips.get("") or line.label
        row = self._model.row_at(index.row())
        own = column.tooltip(row) if column.tooltip else ""
        if own:
            return own
        text = column.text(row)
        return text if self._width(text) > width - 2 * PADDING else ""

    def use_font(self, font: QFont) -> int:
        """Measure texts by this font from now on; the height of a line in pixels."""
        self._metrics = QFontMetrics(font)
        self._above = self._metrics.ascent() - self._metrics.descent()
        self._widths.clear()
        return self._metrics.height()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Cells are never edited in place."""

    def _paint_button(self, painter: QPainter, rect: QRect, text: str, token: str) -> None:
        frame = rect.adjusted(3, 2, -4, -3)
        painter.fillRect(frame, self._color("raised"))
        painter.setPen(self._color("border" if token == "text" else token))
        painter.drawRect(frame)
        painter.setPen(self._color(token))
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, text)

    def _width(self, text: str) -> int:
        width = self._widths.get(text)
        if width is None:
            if len(self._widths) >= _MOST_WIDTHS:
                self._widths.clear()
            width = self._widths[text] = self._metrics.horizontalAdvance(text)
        return width

    def _color(self, token: str, alpha: int = 255) -> QColor:
        color = self._colors.get((token, alpha))
        if color is None:
            color = QColor(theme.color(token))
            color.setAlpha(alpha)
            self._colors[token, alpha] = color
        return color

    def _ink(self, token: str, chosen: bool, tint: Tint | None) -> QColor:
        """The colour of a text, or a plain one where its ground would swallow it."""
        color = self._inks.get((token, chosen, tint))
        if color is None:
            ground = theme.color("selection" if chosen else "panel")
            if tint is not None:
                ground = theme.over(ground, theme.color(tint.token), tint.alpha)
            color = self._inks[token, chosen, tint] = theme.ink(token, ground)
        return color

    def _forget_colors(self) -> None:
        self._colors.clear()
        self._inks.clear()
