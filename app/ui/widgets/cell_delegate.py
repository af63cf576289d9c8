"""Paints the cells of every table, straight from the rows: no role lookups for each cell."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from app.ui import theme
from app.ui.models.columns import Column, Kind
from app.ui.models.table import RowModel

PADDING = 6
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTER = int(Qt.AlignmentFlag.AlignCenter)
_FLAGS = {Kind.TEXT: _LEFT, Kind.NUMBER: _RIGHT, Kind.ACTION: _CENTER}
Index = QModelIndex | QPersistentModelIndex


class CellDelegate(QStyledItemDelegate):
    """One for each table. The view tells before painting which rows are selected."""

    def __init__(self, model: RowModel[Any], parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._columns = model.columns
        self._colors: dict[tuple[str, int], QColor] = {}
        self.selected: tuple[tuple[int, int], ...] = ()
        self.current_row = -1
        self.metrics = QFontMetrics(parent.font())
        theme.changed.connect(self._forget_colors)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        at = index.row()
        column, row = self._columns[index.column()], self._model.row_at(at)
        rect: QRect = option.rect
        chosen = any(first <= at <= last for first, last in self.selected)
        tint = column.tint(row) if column.tint else None
        if chosen:
            painter.fillRect(rect, self._color("selection"))
        if tint is not None:
            painter.fillRect(rect, self._color(tint.token, tint.alpha))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, self._color("grid"))
        if at == self.current_row:
            painter.fillRect(rect.x(), rect.y(), rect.width(), 1, self._color("accent"))
            painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, self._color("accent"))
        text = column.text(row)
        if not text:
            return
        if column.kind is Kind.ACTION:
            self._paint_button(painter, rect, text, column, row)
            return
        token = column.color(row) if column.color else None
        painter.setPen(self._color(token or ("selection_text" if chosen else "text")))
        room = rect.width() - 2 * PADDING
        if self.metrics.horizontalAdvance(text) > room:
            text = self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        inner = rect.adjusted(PADDING, 0, -PADDING, 0)
        painter.drawText(inner, _FLAGS[column.kind], text)

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
        column, row = self._columns[index.column()], self._model.row_at(index.row())
        own = column.tooltip(row) if column.tooltip else ""
        if own:
            return own
        text = column.text(row)
        return text if self.metrics.horizontalAdvance(text) > width - 2 * PADDING else ""

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Cells are never edited in place."""

    def _paint_button(
        self, painter: QPainter, rect: QRect, text: str, column: Column[Any], row: Any
    ) -> None:
        token = (column.color(row) if column.color else None) or "text"
        frame = rect.adjusted(3, 2, -4, -3)
        painter.fillRect(frame, self._color("raised"))
        painter.setPen(self._color("border" if token == "text" else token))
        painter.drawRect(frame)
        painter.setPen(self._color(token))
        painter.drawText(frame, _CENTER, text)

    def _color(self, token: str, alpha: int = 255) -> QColor:
        color = self._colors.get((token, alpha))
        if color is None:
            color = QColor(theme.color(token))
            color.setAlpha(alpha)
            self._colors[token, alpha] = color
        return color

    def _forget_colors(self) -> None:
        self._colors.clear()
