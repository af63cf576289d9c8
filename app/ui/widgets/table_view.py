"""The one table widget: sorting, copying, keyboard, menus, cell buttons and an empty state."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from app.ui import theme
from app.ui.models.columns import Column, Kind
from app.ui.models.table import RowModel
from app.ui.widgets.cell_delegate import CellDelegate
from app.ui.widgets.table_columns import TableColumns

# A press on a row that slid under a resting pointer this short ago was meant for another row.
AIM_GRACE_S = 0.5
_ROW_PADDING = 8
_SELECT_ROW = (
    QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
)
_ARROWS = {Qt.Key.Key_Up, Qt.Key.Key_Down}
_ADD_ROW = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


class TableView(QTableView):
    """Shows a RowModel. `empty_text` says what to do when there is nothing to show.

    Signals carry rows, not indexes: `row_chosen` when the trader moves to or clicks a row,
    `row_activated` on Enter or double-click, `cell_clicked` and `action_clicked` with the column's
    id, `delete_pressed` with the selected rows. `misaimed` tells of a click on a cell button that
    was dropped because another row had just slid under the pointer.
    """

    row_chosen = Signal(object)
    row_activated = Signal(object)
    cell_clicked = Signal(str, object)
    action_clicked = Signal(str, object)
    delete_pressed = Signal(list)
    misaimed = Signal()

    def __init__(
        self, model: RowModel[Any], *, name: str, empty_text: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.rows = model
        self.empty_text = empty_text
        self.fill_menu: Callable[[QMenu, list[Any]], None] | None = None
        self._kept: tuple[set[Hashable], Hashable | None] = (set(), None)
        self._aim: Hashable | None = None
        self._shifted_at = 0.0
        self._pressed: tuple[Hashable, str, str] | None = None
        self.setAccessibleName(name)
        self.setAccessibleDescription(empty_text)
        self._behave()
        self.setFont(theme.number_font())
        self._cells = CellDelegate(model, self)
        self.setItemDelegate(self._cells)
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
        return [self.rows.row_at(position) for position in positions]

    def current_row(self) -> Any | None:
        """The row the keyboard stands on."""
        index = self.currentIndex()
        return self.rows.row_at(index.row()) if index.isValid() else None

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

    def copied_text(self) -> str:
        """The selected rows as tab-separated text under a line of titles, numbers plain."""
        rows = self.selected_rows()
        columns = self._shown_columns()
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

    def _dress(self) -> None:
        self.setFont(theme.number_font())
        height = self._cells.use_font(self.font())
        self.verticalHeader().setDefaultSectionSize(height + _ROW_PADDING)
        self.viewport().update()

    def _shown_columns(self) -> list[Column[Any]]:
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
        if event.button() is Qt.MouseButton.LeftButton and index.isValid():
            self._pressed = self._cell(index)
        super().mousePressEvent(event)
        if index.isValid():
            self.row_chosen.emit(self.rows.row_at(index.row()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self.rows.hold(False)
        pressed, self._pressed = self._pressed, None
        index = self.indexAt(event.position().toPoint())
        if pressed is None or not index.isValid() or self._cell(index) != pressed:
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
            if not event.isAutoRepeat() and (row := self.current_row()) is not None:
                self.row_activated.emit(row)
        else:
            self._move_by_key(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rows = self.selected_rows()
        if self.fill_menu is not None:
            self.fill_menu(menu, rows)
            menu.addSeparator()
        copy = menu.addAction("Copy\tCtrl+C", self.copy)
        copy.setEnabled(bool(rows))
        columns = self.columns.menu()
        columns.setTitle("Columns")
        menu.addMenu(columns)
        self.rows.hold(True)
        menu.aboutToHide.connect(self._release_rows)
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        at = self.visualRect(self.currentIndex()).bottomLeft() if by_key else event.pos()
        menu.popup(self.viewport().mapToGlobal(at))

    def paintEvent(self, event: QPaintEvent) -> None:
        selection = self.selectionModel().selection()
        parts = (selection.at(number) for number in range(selection.count()))
        self._cells.selected = tuple((part.top(), part.bottom()) for part in parts)
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
        for at in range(first, last + 1):
            bottom = self.rowViewportPosition(at) + self.rowHeight(at) - 1
            painter.fillRect(0, bottom, width, 1, grid)
        current = self.currentIndex().row()
        if current >= 0 and self.hasFocus():
            top, accent = self.rowViewportPosition(current), theme.color("accent")
            painter.fillRect(0, top, width, 1, accent)
            painter.fillRect(0, top + self.rowHeight(current) - 1, width, 1, accent)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self._aim = None  # a scroll is the trader's own doing

    def _on_double_click(self, index: QModelIndex) -> None:
        if self.rows.columns[index.column()].kind is not Kind.ACTION:
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
        if after.isValid() and is_new and self.selectionModel().isSelected(after):
            self.row_chosen.emit(self.rows.row_at(after.row()))

    def _release_rows(self) -> None:
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
