"""Paints the journal's cells and edits its notes and tags in place. GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.analytics.trade_sheet import DayRow
from app.ui import theme
from app.ui.journal.model import JournalModel
from app.ui.widgets.cell_delegate import DOTS, PADDING, dots_at

_HINTS = {
    "note": "Write a note; Enter keeps it, Esc leaves it as it was",
    "tags": "Tags, apart by blanks; Enter keeps them, Esc leaves them as they were",
}
_MOST_LETTERS = 2000
Index = QModelIndex | QPersistentModelIndex


class JournalDelegate(QStyledItemDelegate):
    """One for the journal's table; the view tells which rows are chosen."""

    def __init__(self, model: JournalModel, parent: QAbstractScrollArea) -> None:
        super().__init__(parent)
        self._model, self._view = model, parent
        self._inks: dict[tuple[str, str], QColor] = {}
        self._day_column = model.column_index("when")
        theme.follow(parent, self._dress)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        is_day = isinstance(self._model.line(index.row()), DayRow)
        chosen = self._is_chosen(index)
        rect, ground = option.rect, "selection" if chosen else "raised" if is_day else "panel"
        painter.fillRect(rect, self._ink(ground))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, self._ink("grid"))
        text, token = self._model.cell(index)
        if not text:
            return
        column = index.column()
        is_bold = is_day and column == self._day_column
        painter.setFont(self._bold if is_bold else self._plain)
        painter.setPen(self._ink(token or ("selection_text" if chosen else "text"), ground))
        room, metrics = rect.width() - 2 * PADDING, self._metrics[is_bold]
        used = metrics.horizontalAdvance(text)
        if used > room:
            text, used = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room), room
        is_number = self._model.columns[column].is_number
        left = rect.x() + PADDING + (room - used if is_number else 0)
        seen = self._view.viewport().width()
        if is_number and not 0 <= left <= seen - used:
            dots = metrics.horizontalAdvance(DOTS)
            text, left = DOTS, dots_at(rect.x(), rect.width(), seen, dots)
        middle = rect.height() + metrics.ascent() - metrics.descent()
        painter.drawText(left, rect.y() + middle // 2, text)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        column = self._model.columns[index.column()].id
        editor = QLineEdit(parent)
        editor.setFrame(False)
        editor.setMaxLength(_MOST_LETTERS)
        whose = "order" if self._model.edits_order else "line"
        editor.setObjectName(f"journal_{column}_editor")
        editor.setAccessibleName(f"{self._model.columns[index.column()].title} of the {whose}")
        editor.setAccessibleDescription(_HINTS[column])
        editor.setPlaceholderText(
            "Note on the whole order" if self._model.edits_order else _HINTS[column]
        )
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            editor.setText(index.data(Qt.ItemDataRole.EditRole))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text(), Qt.ItemDataRole.EditRole)

    def _is_chosen(self, index: Index) -> bool:
        rows = getattr(self.parent(), "chosen_rows", ())
        return index.row() in rows

    def _dress(self) -> None:
        self._inks.clear()
        self._plain, self._bold = theme.number_font(), theme.number_font(bold=True)
        self._metrics = (QFontMetrics(self._plain), QFontMetrics(self._bold))

    def _ink(self, token: str, ground: str = "") -> QColor:
        """A colour of the theme; on a ground one that can be read there."""
        color = self._inks.get((token, ground))
        if color is None:
            color = theme.ink(token, theme.color(ground)) if ground else theme.color(token)
            self._inks[token, ground] = color
        return color
