"""Paints the journal's cells and edits its notes and tags in place. GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.analytics.trade_sheet import DayRow
from app.ui import theme
from app.ui.journal.model import JournalModel

PADDING = 6
_HINTS = {
    "note": "Write a note; Enter keeps it, Esc leaves it as it was",
    "tags": "Tags, apart by blanks; Enter keeps them, Esc leaves them as they were",
}
_MOST_LETTERS = 2000
Index = QModelIndex | QPersistentModelIndex


class JournalDelegate(QStyledItemDelegate):
    """One for the journal's table; the view tells which rows are chosen."""

    def __init__(self, model: JournalModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        is_day = isinstance(self._model.line(index.row()), DayRow)
        chosen = self._is_chosen(index)
        rect, ground = option.rect, "selection" if chosen else "raised" if is_day else "panel"
        painter.fillRect(rect, theme.color(ground))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, theme.color("grid"))
        text, token = self._model.cell(index)
        if not text:
            return
        plain = "selection_text" if chosen else "text"
        painter.save()
        font = theme.number_font(bold=is_day and self._model.columns[index.column()].id == "when")
        painter.setFont(font)
        painter.setPen(theme.ink(token or plain, theme.color(ground)))
        side = index.data(Qt.ItemDataRole.TextAlignmentRole)
        room = rect.adjusted(PADDING, 0, -PADDING, 0)
        fitted = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, side, fitted)
        painter.restore()

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
        view = self.parent()
        rows = getattr(view, "chosen_rows", ())
        return index.row() in rows
