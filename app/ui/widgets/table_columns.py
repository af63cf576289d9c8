"""The header of a table: first widths, choice and order of columns, and how they are kept."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction, QFontMetrics
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView

from app.ui import theme
from app.ui.models.columns import Kind
from app.ui.models.table import RowModel
from app.ui.widgets.cell_delegate import PADDING

_ARROW_ROOM = 14
_WIDEST = 600


class TableColumns(QObject):
    """Sizes, hides, moves and remembers the columns of one view, by their ids."""

    def __init__(self, view: QTableView, model: RowModel[Any]) -> None:
        super().__init__(view)
        self._view, self._model = view, model
        header = view.horizontalHeader()
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        self._scale = theme.scale_percent()
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_menu)
        self.reset()
        theme.follow(view, self._fit_scale)

    @property
    def _header(self) -> QHeaderView:
        return self._view.horizontalHeader()

    def reset(self) -> None:
        """Columns as they were designed: order, width, choice."""
        for number, column in enumerate(self._model.columns):
            self._header.moveSection(self._header.visualIndex(number), number)
            self._header.setSectionHidden(number, column.hidden)
            self._header.resizeSection(number, self.natural_width(number))

    def natural_width(self, number: int) -> int:
        """The width that shows the title and the widest usual text, in pixels."""
        column = self._model.columns[number]
        title = QFontMetrics(self._header.font()).horizontalAdvance(column.title) + _ARROW_ROOM
        sample = QFontMetrics(self._view.font()).horizontalAdvance(column.sample)
        extra = 2 * PADDING + (10 if column.kind is Kind.ACTION else 2)
        return max(title, sample) + extra

    def fit(self) -> None:
        """Every column as wide as its longest text on screen."""
        first, last = self._model.visible_rows()
        rows = range(first, min(last + 1, self._model.rowCount()))
        metrics = QFontMetrics(self._view.font())
        for number, column in enumerate(self._model.columns):
            shown = (self._model.find_row(at) for at in rows)
            texts = (column.text(row) for row in shown if row is not None)
            widest = max((metrics.horizontalAdvance(text) for text in texts), default=0)
            width = max(widest + 2 * PADDING + 2, self.natural_width(number))
            self._header.resizeSection(number, min(width, _WIDEST))

    def save_state(self) -> dict[str, Any]:
        """Order, width and choice of columns by id, and what is sorted by; plain JSON."""
        header, columns = self._header, self._model.columns
        order = [header.logicalIndex(at) for at in range(header.count())]
        last = next((n for n in reversed(order) if not header.isSectionHidden(n)), -1)
        state: dict[str, Any] = {
            "columns": [
                {
                    "id": columns[number].id,
                    "hidden": header.isSectionHidden(number),
                    # The last one is stretched over whatever is left.
                    "width": None if number == last else self._usual(self._width(number)),
                }
                for number in order
            ]
        }
        if self._model.sorted_by is not None:
            state["sort"] = list(self._model.sorted_by)
        return state

    def restore_state(self, state: dict[str, Any]) -> None:
        """Columns as kept; unknown ids and damaged entries are passed over, new ones stay."""
        numbers = {column.id: number for number, column in enumerate(self._model.columns)}
        entries = state.get("columns")
        target = 0
        for entry in entries if isinstance(entries, list) else ():
            number = numbers.get(str(entry.get("id"))) if isinstance(entry, dict) else None
            if number is None:
                continue
            self._header.moveSection(self._header.visualIndex(number), target)
            target += 1
            self._show(number, not entry.get("hidden", False))
            width = entry.get("width")
            if isinstance(width, int) and 0 < width <= 4 * _WIDEST:
                self._header.resizeSection(number, theme.px(width))
        match state.get("sort"):
            case [str(column_id), bool(descending)] if column_id in numbers:
                order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
                self._view.sortByColumn(numbers[column_id], order)

    def menu(self) -> QMenu:
        """The choice of columns, as a menu that ends itself."""
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        for number, column in enumerate(self._model.columns):
            action = QAction(column.title or column.hint or column.id, menu)
            action.setToolTip(column.hint or column.title)
            action.setCheckable(True)
            action.setChecked(not self._header.isSectionHidden(number))
            action.setEnabled(not column.required)
            action.toggled.connect(lambda shown, number=number: self._show(number, shown))
            menu.addAction(action)
        menu.addSeparator()
        menu.addMenu(self._sort_menu(menu))
        menu.addAction("Fit widths to contents", self.fit)
        menu.addAction("Original columns", self.reset)
        menu.addAction("Original row order", self.unsort)
        return menu

    def open_menu(self) -> None:
        """The same menu, by the keyboard: below the header."""
        header = self._header
        self.menu().popup(header.viewport().mapToGlobal(QPoint(0, header.height())))

    def sort_beside(self, step: int) -> None:
        """Sort by the shown column `step` to the right; before the first, by none."""
        numbers = self._sortable()
        sorted_by = self._model.sorted_by
        at = -1
        if sorted_by is not None and (now := self._model.column_index(sorted_by[0])) in numbers:
            at = numbers.index(now)
        elif sorted_by is None and step < 0:
            return
        at = min(at + step, len(numbers) - 1)
        if at < 0:
            self.unsort()
        else:
            self._view.sortByColumn(numbers[at], Qt.SortOrder.AscendingOrder)

    def sort_direction(self, *, descending: bool) -> None:
        """Sort by the same column, or by the first one, in this direction."""
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        sorted_by = self._model.sorted_by
        first = self._model.columns[self._sortable()[0]].id
        column_id = first if sorted_by is None else sorted_by[0]
        self._view.sortByColumn(self._model.column_index(column_id), order)

    def unsort(self) -> None:
        """The rows in their own order."""
        self._header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._model.sort(-1)

    def _sort_menu(self, parent: QMenu) -> QMenu:
        menu = QMenu("Sort by", parent)
        for number in self._sortable():
            column = self._model.columns[number]
            action = QAction(column.title or column.id, menu)
            action.setCheckable(True)
            action.setChecked((self._model.sorted_by or ("",))[0] == column.id)
            action.triggered.connect(lambda _=False, number=number: self._sort_or_turn(number))
            menu.addAction(action)
        menu.addSeparator()
        for title, descending in (("Ascending\tAlt+Up", False), ("Descending\tAlt+Down", True)):
            turn = QAction(title, menu)
            turn.triggered.connect(
                lambda _=False, descending=descending: self.sort_direction(descending=descending)
            )
            menu.addAction(turn)
        return menu

    def _sort_or_turn(self, number: int) -> None:
        """Ascending at first, the other way the next time."""
        is_turned = self._model.sorted_by == (self._model.columns[number].id, False)
        self._view.sortByColumn(
            number,
            Qt.SortOrder.DescendingOrder if is_turned else Qt.SortOrder.AscendingOrder,
        )

    def _sortable(self) -> list[int]:
        """The shown columns that can be sorted by, from the left."""
        order = (self._header.logicalIndex(at) for at in range(self._header.count()))
        shown = [number for number in order if not self._header.isSectionHidden(number)]
        return [n for n in shown if self._model.columns[n].kind is not Kind.ACTION]

    def _show(self, number: int, shown: bool) -> None:
        column = self._model.columns[number]
        self._header.setSectionHidden(number, not shown and not column.required)
        if shown and self._header.sectionSize(number) == 0:
            self._header.resizeSection(number, self.natural_width(number))

    def _usual(self, width: int) -> int:
        """What a width is at a scale of 100 %, as which it is kept."""
        return round(width * 100 / self._scale)

    def _fit_scale(self) -> None:
        """Columns as wide as before for text of another size."""
        share, self._scale = theme.scale_percent() / self._scale, theme.scale_percent()
        shown = [n for n in range(self._header.count()) if not self._header.isSectionHidden(n)]
        widths = {number: self._header.sectionSize(number) for number in shown}
        self._header.setMinimumSectionSize(theme.px(28))  # it widens what is narrower
        if share != 1.0:
            for number, width in widths.items():
                self._header.resizeSection(number, round(width * share))

    def _width(self, number: int) -> int:
        hidden = self._header.isSectionHidden(number)
        return self.natural_width(number) if hidden else self._header.sectionSize(number)

    def _open_menu(self, at: QPoint) -> None:
        self.menu().popup(self._header.viewport().mapToGlobal(at))
