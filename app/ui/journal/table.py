"""The journal's table: days that open, notes that are edited in place, all by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableView,
    QWidget,
)

from app.analytics.trade_sheet import DayRow
from app.ui import theme
from app.ui.journal.columns import order_of
from app.ui.journal.delegate import JournalDelegate
from app.ui.journal.headings import Headings
from app.ui.journal.model import JournalModel, LineKey

_ROW_PADDING = 8
_SELECT = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows


class JournalTable(QTableView):
    """Shows a JournalModel. GUI thread.

    Right and Left open and close a day, Space does either; with Alt they sort by the next column,
    and Up and Down in either direction, as in every table. F2 or Enter edits the note, T the tags,
    Shift+F2 the note of the fill's order. `editing_ended` says that the rows may change again.
    """

    editing_ended = Signal()
    own_keys = frozenset({"F2", "Shift+F2"})  # elsewhere they are about orders

    def __init__(self, model: JournalModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines = model
        self.empty_text = ""
        self.chosen_rows: frozenset[int] = frozenset()
        self.fill_menu: Callable[[QMenu, Any], None] | None = None
        self._kept: tuple[LineKey | None, int] = (None, 0)
        self._scrolled = 0  # where the columns were before an edit
        self.setObjectName("journal_table")
        self.setAccessibleName("Journal by day")
        self._behave()
        self.setItemDelegate(JournalDelegate(model, self))
        self.setModel(model)
        self.headings = Headings(self, model)
        model.modelAboutToBeReset.connect(self._keep_place)
        model.modelReset.connect(self._restore_place)
        self.doubleClicked.connect(self._on_double_click)
        theme.changed.connect(self._dress)
        self._dress()

    # -- what it offers ------------------------------------------------------------------------

    @property
    def is_editing(self) -> bool:
        """Whether a note is being written: rows must stay where they are."""
        return self.state() is QAbstractItemView.State.EditingState

    def set_empty_text(self, text: str) -> None:
        """What to say while there is nothing to show."""
        if text != self.empty_text:
            self.empty_text = text
            self.setAccessibleDescription(text)
            self.viewport().update()

    def edit_cell(self, what: str) -> bool:
        """Edit the "note", the "tags", or the "order" note of the current line."""
        current = self.currentIndex()
        if not current.isValid():
            return False
        line = self.lines.line(current.row())
        if what == "order" and order_of(line) is None:
            return False
        self.lines.edits_order = what == "order"
        column = self.lines.column_index("tags" if what == "tags" else "note")
        self.setColumnHidden(column, False)
        index = self.lines.index(current.row(), column)
        self._scrolled = self.horizontalScrollBar().value()
        self.selectionModel().setCurrentIndex(index, _SELECT)
        self.scrollTo(index)
        self.edit(index)
        return True

    def selected_positions(self) -> list[int]:
        """The chosen lines, from the top."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def copy(self) -> None:
        """Put the chosen lines on the clipboard."""
        text = self.lines.copied(self.selected_positions(), self.headings.shown())
        if text:
            QGuiApplication.clipboard().setText(text)

    # -- set-up --------------------------------------------------------------------------------

    def _behave(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def _dress(self) -> None:
        self.setFont(theme.number_font())
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _ROW_PADDING)
        self.viewport().update()

    def _keep_place(self) -> None:
        current = self.currentIndex()
        key = self.lines.key_at(current.row()) if current.isValid() else None
        self._kept = key, self.verticalScrollBar().value()

    def _restore_place(self) -> None:
        key, scrolled = self._kept
        position = None if key is None else self.lines.position_of(key)
        if position is None and self.lines.rowCount():
            position = 0
        if position is not None:
            column = max(0, self.columnAt(0))
            self.selectionModel().setCurrentIndex(self.lines.index(position, column), _SELECT)
        self.verticalScrollBar().setValue(scrolled)

    # -- Qt ------------------------------------------------------------------------------------

    def keyboardSearch(self, search: str) -> None:
        """Letters do not jump from line to line: T edits tags."""

    def commitData(self, editor: QWidget) -> None:
        if not editor.isHidden():  # the second of two quick Enters comes when it is closed
            super().commitData(editor)

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, QAbstractItemDelegate.EndEditHint.NoHint)
        self.lines.edits_order = False
        self.horizontalScrollBar().setValue(self._scrolled)
        self.setFocus()
        self.editing_ended.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif (event.isAutoRepeat() and event.key() in _ONCE) or not self._do(event):
            super().keyPressEvent(event)

    def _do(self, event: QKeyEvent) -> bool:
        """What a key means here; False leaves it to the table."""
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        current = self.currentIndex()
        # An editor lets Enter pass after it has taken it.
        if not current.isValid() or self.is_editing:
            return False
        if key == Qt.Key.Key_F2 and held == Qt.KeyboardModifier.ShiftModifier:
            return self.edit_cell("order")
        if held:
            return held == Qt.KeyboardModifier.AltModifier and self._sort_by_key(key)
        if key in _EDIT_KEYS:
            return self.edit_cell(_EDIT_KEYS[key])
        if key == Qt.Key.Key_Space:
            self.lines.toggle(self.lines.day_position(current.row()))
            return True
        if key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self._fold(current.row(), key == Qt.Key.Key_Right)
            return True
        return False

    def _sort_by_key(self, key: int) -> bool:
        if key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self.headings.sort_beside(1 if key == Qt.Key.Key_Right else -1)
        elif key in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            self.headings.sort_direction(descending=key == Qt.Key.Key_Down)
        else:
            return False
        return True

    def _fold(self, position: int, opens: bool) -> None:
        """Right opens a day, Left closes it; Left on a fill goes to its day."""
        if isinstance(self.lines.line(position), DayRow):
            self.lines.toggle(position, opens)
        elif not opens:
            place = self.lines.index(self.lines.day_position(position), 0)
            self.selectionModel().setCurrentIndex(place, _SELECT)
            self.scrollTo(place)

    def open_menu(self) -> None:
        """The menu of the current line, below it."""
        self._popup(self.visualRect(self.currentIndex()).bottomLeft())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            self.open_menu()
        else:
            self._popup(event.pos())

    def make_menu(self) -> QMenu:
        """What can be done with the current line; ends itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        current = self.currentIndex()
        if self.fill_menu is not None and current.isValid():
            self.fill_menu(menu, self.lines.line(current.row()))
            menu.addSeparator()
        menu.addAction("Copy\tCtrl+C", self.copy).setEnabled(current.isValid())
        columns = self.headings.menu()
        columns.setTitle("Columns")
        menu.addMenu(columns)
        return menu

    def _popup(self, at: QPoint) -> None:
        self.make_menu().popup(self.viewport().mapToGlobal(at))

    def paintEvent(self, event: QPaintEvent) -> None:
        selection = self.selectionModel().selection()
        spans = [selection.at(number) for number in range(selection.count())]
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        bottom = last if last >= 0 else self.lines.rowCount() - 1
        self.chosen_rows = frozenset(
            row
            for span in spans
            for row in range(max(first, span.top()), min(bottom, span.bottom()) + 1)
        )
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        current = self.currentIndex()
        if not self.lines.rowCount():
            painter.setPen(theme.color("muted"))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            room: QRect = self.viewport().rect().adjusted(16, 8, -16, -8)
            painter.drawText(room, flags, self.empty_text)
        elif current.isValid() and self.hasFocus():
            top, height = self.rowViewportPosition(current.row()), self.rowHeight(current.row())
            for y in (top, top + height - 1):
                painter.fillRect(0, y, self.viewport().width(), 1, theme.color("accent"))
        painter.end()

    def _on_double_click(self, index: QModelIndex) -> None:
        column = self.lines.columns[index.column()].id
        if column in {"note", "tags"}:
            self.edit_cell(column)
        else:
            self.lines.toggle(index.row())


_EDIT_KEYS: dict[int, str] = {
    Qt.Key.Key_F2: "note",
    Qt.Key.Key_Return: "note",
    Qt.Key.Key_Enter: "note",
    Qt.Key.Key_T: "tags",
}
_ONCE = {*_EDIT_KEYS, Qt.Key.Key_Space}
