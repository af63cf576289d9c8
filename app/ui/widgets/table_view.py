"""The one table widget: sorting, copying, keyboard, menus, cell buttons and an empty state."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableView,
    QWidget,
)

from app.ui import theme
from app.ui.models.columns import Column, Kind
from app.ui.models.grouping import GroupKey
from app.ui.models.table import RowModel
from app.ui.widgets.cell_delegate import CellDelegate
from app.ui.widgets.line_painter import LinePainter
from app.ui.widgets.table_columns import TableColumns

# A press on a row that slid under a resting pointer this short ago was meant for another row.
AIM_GRACE_S = 0.5
_ROW_PADDING = 8
_SELECT_ROW = (
    QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
)
_FOLDED, _OPEN, _SUM = "\u25b8 ", "\u25be ", "   "
_SORT_KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_DIRECTION_KEYS = {Qt.Key.Key_Up: False, Qt.Key.Key_Down: True}
# A window that comes to the front, or a menu that closes, chooses nothing.
_BY_KEY = {
    Qt.FocusReason.ShortcutFocusReason,
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
}
_ARROWS = {Qt.Key.Key_Up, Qt.Key.Key_Down}
_ADD_ROW = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


class TableView(QTableView):
    """Shows a RowModel. `empty_text` says what to do when there is nothing to show.

    Signals carry rows, not indexes: `row_chosen` when the trader moves to or clicks a row,
    `row_activated` on Enter or double-click, `cell_clicked` and `action_clicked` with the column's
    id, `delete_pressed` with the selected rows. `misaimed` tells of a click on a cell button that
    was dropped because another row had just slid under the pointer; `focused` that the table has
    the keyboard now.

    Home and End go to the first and last row. Headers of groups are no rows: Left and Right or a
    click fold and open them, Left on a row goes to its header. Alt with Left and Right sorts by
    the next column, with Up and Down the other way.
    """

    row_chosen = Signal(object)
    row_activated = Signal(object)
    cell_clicked = Signal(str, object)
    action_clicked = Signal(str, object)
    delete_pressed = Signal(list)
    misaimed = Signal()
    focused = Signal()

    def __init__(
        self, model: RowModel[Any], *, name: str, empty_text: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.rows = model
        self.empty_text = empty_text
        self.fill_menu: Callable[[QMenu, list[Any]], None] | None = None
        self.columns_key: Callable[[], str] = str  # the key of the columns' menu, for that menu
        self._kept: tuple[set[Hashable], Hashable | None] = (set(), None)
        self._aim: Hashable | None = None
        self._shifted_at = 0.0
        self._pressed: tuple[Hashable, str, str] | None = None
        self._pressed_group: Hashable | None = None
        self._is_menu_open = False
        self.setAccessibleName(name)
        self.setAccessibleDescription(empty_text)
        self._behave()
        self.setFont(theme.number_font())
        self._cells = CellDelegate(model, self)
        self.setItemDelegate(self._cells)
        self._lines = LinePainter(self, model.columns)
        self.setModel(model)
        self.columns = TableColumns(self, model)
        self.setSortingEnabled(True)
        model.visible_rows = self._visible_rows
        self._watch(model)
        self._dress()

    # -- rows ----------------------------------------------------------------------------------

    def selected_rows(self) -> list[Any]:
        """The selected rows, from the top."""
        positions = sorted(index.row() for index in self.selectionModel().selectedRows())
        rows = (self.rows.find_row(position) for position in positions)
        return [row for row in rows if row is not None]

    def current_row(self) -> Any | None:
        """The row the keyboard stands on; None on a header."""
        index = self.currentIndex()
        return self.rows.find_row(index.row()) if index.isValid() else None

    def select_key(self, key: Hashable | None) -> None:
        """Select one row without telling anybody; None, or a row that is not shown, clears."""
        position = self.rows.position_of(key) if key is not None else None
        if position is None:
            self.clearSelection()
            return
        column = max(0, self.columnAt(0))
        index = self.rows.index(position, column)
        self.selectionModel().setCurrentIndex(index, _SELECT_ROW)
        self.scrollTo(index)

    def _select_current(self) -> None:
        """Select the row that is outlined, or the first, so that keys about rows mean one."""
        places = (self.currentIndex().row(), *range(self.rows.rowCount()))
        for position in places:
            if position >= 0 and self.rows.find_row(position) is not None:
                index = self.rows.index(position, max(0, self.columnAt(0)))
                self.selectionModel().setCurrentIndex(index, _SELECT_ROW)
                self.scrollTo(index)
                return

    def copied_text(self) -> str:
        """The selected rows as tab-separated text under a line of titles, numbers plain."""
        rows = self.selected_rows()
        columns = self.shown_columns()
        lines = ["\t".join(column.title for column in columns)]
        lines += ["\t".join(column.copied(row) for column in columns) for row in rows]
        return "\n".join(lines) if rows else ""

    def copy(self) -> None:
        """Put the selected rows on the clipboard."""
        if text := self.copied_text():
            QGuiApplication.clipboard().setText(text)

    def save_state(self) -> dict[str, Any]:
        """Columns and sorting as plain JSON."""
        return self.columns.save_state()

    def restore_state(self, state: dict[str, Any]) -> None:
        """Columns and sorting as they were kept; whatever is damaged is passed over."""
        self.columns.restore_state(state)

    def set_empty_text(self, text: str) -> None:
        """What to say while there are no rows."""
        self.empty_text = text
        self.setAccessibleDescription(text)
        self.viewport().update()

    # -- set-up --------------------------------------------------------------------------------

    def _behave(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # Tab leaves the table
        self.setCornerButtonEnabled(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def _watch(self, model: RowModel[Any]) -> None:
        model.modelAboutToBeReset.connect(self._keep_selection)
        model.modelReset.connect(self._restore_selection)
        for moved in (
            model.rowsInserted,
            model.rowsRemoved,
            model.layoutChanged,
            model.modelReset,
        ):
            moved.connect(self._note_shift)
        self.doubleClicked.connect(self._on_double_click)
        theme.changed.connect(self._dress)

    def minimumSizeHint(self) -> QSize:
        """One row below the titles: many stand above one another, and all have large text."""
        hint, header = super().minimumSizeHint(), self.horizontalHeader().sizeHint().height()
        row, bar = self.verticalHeader().defaultSectionSize(), self.horizontalScrollBar().sizeHint()
        least = header + row + bar.height() + 2 * self.frameWidth()
        return QSize(hint.width(), min(hint.height(), least))

    def _dress(self) -> None:
        self.setFont(theme.number_font())
        height = self._cells.use_font(self.font())
        self._lines.use_font(self.font())
        self.verticalHeader().setDefaultSectionSize(height + theme.px(_ROW_PADDING))
        self.viewport().update()

    def shown_columns(self) -> list[Column[Any]]:
        """The columns on show from left to right, without those of buttons."""
        header = self.horizontalHeader()
        order = (header.logicalIndex(at) for at in range(header.count()))
        shown = [self.rows.columns[n] for n in order if not header.isSectionHidden(n)]
        return [column for column in shown if column.kind is not Kind.ACTION]

    def _visible_rows(self) -> tuple[int, int]:
        if not self.isVisible():
            return (0, -1)
        bottom = self.rowAt(self.viewport().height() - 1)
        return max(0, self.rowAt(0)), bottom if bottom >= 0 else self.rows.rowCount() - 1

    # -- selection over a reset, rows that slide -----------------------------------------------

    def _keep_selection(self) -> None:
        selected = {self.rows.key_at(i.row()) for i in self.selectionModel().selectedRows()}
        current = self.currentIndex()
        self._kept = selected, self.rows.key_at(current.row()) if current.isValid() else None

    def _restore_selection(self) -> None:
        selected, current = self._kept
        at = self.rows.position_of(current) if current is not None else None
        if at is not None:
            flags = QItemSelectionModel.SelectionFlag.NoUpdate
            self.selectionModel().setCurrentIndex(self.rows.index(at, 0), flags)
        selection = QItemSelection()
        for position in (self.rows.position_of(key) for key in selected):
            if position is not None:
                index = self.rows.index(position, 0)
                selection.select(index, index)
        self.selectionModel().select(selection, _ADD_ROW)

    def _note_shift(self) -> None:
        self._shifted_at = time.monotonic()

    def _is_misaimed(self, index: QModelIndex) -> bool:
        if not index.isValid() or self.rows.columns[index.column()].kind is not Kind.ACTION:
            return False
        aimed_elsewhere = self._aim is not None and self._aim != self.rows.key_at(index.row())
        return aimed_elsewhere and time.monotonic() - self._shifted_at < AIM_GRACE_S

    # -- Qt ------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._take_aim(event.position().toPoint().y())
        super().mouseMoveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        misaimed = self._is_misaimed(index)
        self._take_aim(event.position().toPoint().y())
        if misaimed:
            self.misaimed.emit()
            return
        self.rows.hold(True)
        group = self.rows.group_at(index.row()) if index.isValid() else None
        if event.button() is Qt.MouseButton.LeftButton and index.isValid():
            self._pressed_group = None if group is None else group.group
            self._pressed = None if group is not None else self._cell(index)
        super().mousePressEvent(event)
        if index.isValid() and group is None:
            self.row_chosen.emit(self.rows.row_at(index.row()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self.rows.hold(False)
        pressed, self._pressed = self._pressed, None
        index = self.indexAt(event.position().toPoint())
        self._release_group(index)
        if pressed is None or not self._is_row(index) or self._cell(index) != pressed:
            return
        column, row = self.rows.columns[index.column()], self.rows.row_at(index.row())
        if column.kind is not Kind.ACTION:
            self.cell_clicked.emit(column.id, row)
        elif column.text(row):
            self.action_clicked.emit(column.id, row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Delete) and not event.isAutoRepeat():
            self.delete_pressed.emit(self.selected_rows())
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if event.isAutoRepeat():
                return
            if (row := self.current_row()) is not None:
                self.row_activated.emit(row)
            else:
                self._fold_by_key(None)
        elif _asks_for_menu(event):
            self.open_menu()
        elif event.modifiers() == Qt.KeyboardModifier.AltModifier and self._sort_by_key(event):
            event.accept()
        elif event.modifiers() or not self._fold_by_key(Qt.Key(event.key())):
            self._move_by_key(event)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Home and End go to the first and the last row: rows are what is selected here."""
        ends = {QAbstractItemView.CursorAction.MoveHome: 0,
                QAbstractItemView.CursorAction.MoveEnd: self.rows.rowCount() - 1}  # fmt: skip
        if action in ends and self.rows.rowCount():
            return self.rows.index(ends[action], max(0, self.currentIndex().column()))
        return super().moveCursor(action, modifiers)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in _BY_KEY and not self.selectionModel().hasSelection():
            self._select_current()
        self.focused.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        self.open_menu(None if by_key else event.pos())

    def open_menu(self, at: QPoint | None = None) -> None:
        """What can be done with the selected rows, at a point or beside the current row."""
        if self._is_menu_open:
            return  # some platforms tell of the menu key twice
        current = self.currentIndex()
        if at is None and current.isValid() and not self.selectionModel().hasSelection():
            self.selectionModel().setCurrentIndex(current, _SELECT_ROW)  # it is what was meant
        menu = self.make_menu()
        self._is_menu_open = True
        self.rows.hold(True)
        menu.aboutToHide.connect(self._release_rows)
        if at is None:
            at = self.visualRect(self.currentIndex()).bottomLeft()
        menu.popup(self.viewport().mapToGlobal(at))

    def make_menu(self) -> QMenu:
        """The menu of the selected rows; it ends itself when it is closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        rows = self.selected_rows()
        if self.fill_menu is not None:
            self.fill_menu(menu, rows)
        else:
            menu.addAction("Copy\tCtrl+C", self.copy).setEnabled(bool(rows))
        menu.addSeparator()
        columns = self.columns.menu()
        key = self.columns_key()
        columns.setTitle(f"Columns and Sorting\t{key}" if key else "Columns and Sorting")
        menu.addMenu(columns)
        return menu

    def paintEvent(self, event: QPaintEvent) -> None:
        selection = self.selectionModel().selection()
        parts = (selection.at(number) for number in range(selection.count()))
        self._cells.selected = tuple((part.top(), part.bottom()) for part in parts)
        self._cells.room = self.viewport().width()
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        if self.rows.rowCount() == 0:
            painter.setPen(theme.color("muted"))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self._text_room(), flags, self.empty_text)
        else:
            self._paint_lines(painter)
        painter.end()

    def _paint_lines(self, painter: QPainter) -> None:
        """A thin line below every row, and the row of the keyboard between two bright ones."""
        width, grid = self.viewport().width(), theme.color("grid")
        first, last = self._visible_rows()
        self._paint_groups(painter, first, last)
        for at in range(first, last + 1):
            bottom = self.rowViewportPosition(at) + self.rowHeight(at) - 1
            painter.fillRect(0, bottom, width, 1, grid)
        current = self.currentIndex().row()
        if current >= 0 and self.hasFocus():
            top, accent = self.rowViewportPosition(current), theme.color("accent")
            painter.fillRect(0, top, width, 1, accent)
            painter.fillRect(0, top + self.rowHeight(current) - 1, width, 1, accent)

    def _paint_groups(self, painter: QPainter, first: int, last: int) -> None:
        """Headers of groups and their sums, over the whole width."""
        if self.rows.grouping is None:
            return
        width, folded = self.viewport().width(), self.rows.folded()
        for at in range(first, last + 1):
            key = self.rows.group_at(at)
            if key is None:
                continue
            top, height = self.rowViewportPosition(at), self.rowHeight(at)
            painter.fillRect(0, top, width, height, theme.color("raised"))
            lead = _SUM if key.part else _FOLDED if key.group in folded else _OPEN
            self._lines.paint(painter, self.rows.group_line(key), top, height, lead=lead)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self._aim = None  # a scroll is the trader's own doing

    def _on_double_click(self, index: QModelIndex) -> None:
        if self._is_row(index) and self.rows.columns[index.column()].kind is not Kind.ACTION:
            self.row_activated.emit(self.rows.row_at(index.row()))

    def _move_by_key(self, event: QKeyEvent) -> None:
        before, had_selection = self.currentIndex(), self.selectionModel().hasSelection()
        if before.isValid() and not had_selection and event.key() in _ARROWS:
            # The first arrow takes the row where the keyboard stands; it may be the only one.
            self.selectionModel().setCurrentIndex(before, _SELECT_ROW)
        else:
            super().keyPressEvent(event)
        after = self.currentIndex()
        is_new = after.row() != before.row() or not had_selection
        if self._is_row(after) and is_new and self.selectionModel().isSelected(after):
            self.row_chosen.emit(self.rows.row_at(after.row()))

    # -- groups and sorting by key ---------------------------------------------------------------

    def _is_row(self, index: QModelIndex) -> bool:
        return index.isValid() and self.rows.group_at(index.row()) is None

    def _release_group(self, index: QModelIndex) -> None:
        """A click on a header folds or opens it, when press and release agree."""
        pressed, self._pressed_group = self._pressed_group, None
        key = self.rows.group_at(index.row()) if index.isValid() else None
        if key is not None and pressed == key.group:
            self.rows.fold(key.group, key.group not in self.rows.folded())

    def _fold_by_key(self, key: Qt.Key | None) -> bool:
        """Left folds, Right opens, None (Enter) does the other; whether the key was meant so."""
        at = self.currentIndex().row()
        if self.rows.grouping is None or at < 0:
            return False
        if key not in {Qt.Key.Key_Left, Qt.Key.Key_Right, None}:
            return False
        header = self.rows.group_at(at)
        if header is None:
            group = self.rows.group_of(self.rows.row_at(at))
            if key is Qt.Key.Key_Left:
                self.select_key(GroupKey(group))
            return True
        is_folded = header.group in self.rows.folded()
        self.rows.fold(header.group, not is_folded if key is None else key is Qt.Key.Key_Left)
        return True

    def _sort_by_key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if key in _SORT_KEYS:
            self.columns.sort_beside(_SORT_KEYS[key])
        elif key in _DIRECTION_KEYS:
            self.columns.sort_direction(descending=_DIRECTION_KEYS[key])
        return key in _SORT_KEYS or key in _DIRECTION_KEYS

    def _release_rows(self) -> None:
        self._is_menu_open = False
        self.rows.hold(False)

    def _take_aim(self, y: int) -> None:
        at = self.rowAt(y)
        self._aim = self.rows.key_at(at) if at >= 0 else None

    def _cell(self, index: QModelIndex) -> tuple[Hashable, str, str]:
        """What a press and its release must agree on: row, column, and a button's own words."""
        column, row = self.rows.columns[index.column()], self.rows.row_at(index.row())
        words = column.text(row) if column.kind is Kind.ACTION else ""
        return self.rows.key_at(index.row()), column.id, words

    def _text_room(self) -> QRect:
        return self.viewport().rect().adjusted(16, 8, -16, -8)


def _asks_for_menu(event: QKeyEvent) -> bool:
    is_shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
    return event.key() == Qt.Key.Key_Menu or (is_shift and event.key() == Qt.Key.Key_F10)
