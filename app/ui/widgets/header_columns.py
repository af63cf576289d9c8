"""The header of a table: first widths, choice and order of columns, and how they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView

from app.ui import theme

_LEAST, _WIDEST = 28, 2400


class HeaderColumn(Protocol):
    """What is asked of a column; `models.columns` and `journal.columns` tell the meaning."""

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def hint(self) -> str: ...

    @property
    def hidden(self) -> bool: ...

    @property
    def required(self) -> bool: ...


class HeaderModel(Protocol):
    """What is asked of a model that a header stands above."""

    @property
    def columns(self) -> Sequence[HeaderColumn]: ...

    @property
    def sorted_by(self) -> tuple[str, bool] | None:
        """Column id and whether descending; None for the rows' own order."""
        ...

    def column_index(self, column_id: str) -> int: ...

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None: ...


class HeaderColumns(QObject):
    """Sizes, hides, moves and remembers the columns of one view, by their ids. GUI thread.

    Subclasses say better how wide a column is at first and which ones sort.
    """

    unsorted_title = "Original Row Order"
    first_order = Qt.SortOrder.AscendingOrder  # in which a key sorts by the next column

    def __init__(self, view: QTableView, model: HeaderModel) -> None:
        super().__init__(view)
        self._view, self._source = view, model
        header = self._header
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_menu)
        self._scale = theme.scale_percent()
        self.reset()
        theme.follow(view, self._fit_scale)

    @property
    def _header(self) -> QHeaderView:
        return self._view.horizontalHeader()

    # -- for subclasses ------------------------------------------------------------------------

    def natural_width(self, number: int) -> int:
        """The width that shows the title and the widest usual text, in pixels."""
        return self._header.sectionSizeHint(number)

    def can_sort(self, _number: int) -> bool:
        """Whether rows can be sorted by a column."""
        return True

    def more_menu(self, menu: QMenu) -> None:
        """Entries between the choice of columns and the way back."""

    # -- what it offers ------------------------------------------------------------------------

    def reset(self) -> None:
        """Columns as they were designed: order, width, choice."""
        for number, column in enumerate(self._source.columns):
            self._header.moveSection(self._header.visualIndex(number), number)
            self._header.setSectionHidden(number, column.hidden)
            self._header.resizeSection(number, self.natural_width(number))

    def shown(self) -> list[int]:
        """Logical numbers of the columns on screen, from the left."""
        return [n for n in self._ordered() if not self._header.isSectionHidden(n)]

    def save_state(self) -> dict[str, Any]:
        """Order, width and choice of columns by id, and what is sorted by; plain JSON."""
        header, columns = self._header, self._source.columns
        # The last one may be stretched over whatever is left.
        last = self.shown()[-1] if header.stretchLastSection() and self.shown() else -1
        state: dict[str, Any] = {
            "columns": [
                {
                    "id": columns[number].id,
                    "hidden": header.isSectionHidden(number),
                    "width": None if number == last else self._usual(self._width(number)),
                }
                for number in self._ordered()
            ]
        }
        if self._source.sorted_by is not None:
            state["sort"] = list(self._source.sorted_by)
        return state

    def restore_state(self, state: dict[str, Any]) -> None:
        """Columns as kept; unknown ids and damaged entries are passed over, new ones stay."""
        numbers = {column.id: number for number, column in enumerate(self._source.columns)}
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
            if isinstance(width, int) and 0 < width <= _WIDEST:
                self._header.resizeSection(number, theme.px(width))
        match state.get("sort"):
            case [str(column_id), bool(descending)] if column_id in numbers:
                self._view.sortByColumn(numbers[column_id], _order(descending=descending))
            case None if self._source.sorted_by is not None:
                self.unsort()  # it was kept without a sorting

    def menu(self) -> QMenu:
        """The choice of columns, as a menu that ends itself."""
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        for number, column in enumerate(self._source.columns):
            action = QAction(column.title or column.hint or column.id, menu)
            action.setToolTip(column.hint or column.title)
            action.setCheckable(True)
            action.setChecked(not self._header.isSectionHidden(number))
            action.setEnabled(not column.required)
            action.toggled.connect(lambda shown, number=number: self._show(number, shown))
            menu.addAction(action)
        menu.addSeparator()
        menu.addMenu(self._sort_menu(menu))
        self.more_menu(menu)
        menu.addAction("Original Columns", self.reset)
        menu.addAction(self.unsorted_title, self.unsort)
        return menu

    def open_menu(self) -> None:
        """The same menu, by the keyboard: below the header."""
        self._open_menu(QPoint(0, self._header.height()))

    # -- order of the rows ---------------------------------------------------------------------

    def sort_beside(self, step: int) -> None:
        """Sort by the shown column `step` to the right; before the first, by none."""
        numbers, by = self._sortable(), self._source.sorted_by
        at = -1
        if by is not None and (now := self._source.column_index(by[0])) in numbers:
            at = numbers.index(now)
        elif by is None and step < 0:
            return
        at = min(at + step, len(numbers) - 1)
        if at < 0:
            self.unsort()
        else:
            self._view.sortByColumn(numbers[at], self.first_order)

    def sort_direction(self, *, descending: bool) -> None:
        """Sort by the same column, or by the first one, in this direction."""
        by = self._source.sorted_by
        number = self._sortable()[0] if by is None else self._source.column_index(by[0])
        self._view.sortByColumn(number, _order(descending=descending))

    def unsort(self) -> None:
        """The rows in their own order."""
        self._header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._source.sort(-1)

    def _sort_menu(self, parent: QMenu) -> QMenu:
        menu = QMenu("Sort by", parent)
        for number in self._sortable():
            column = self._source.columns[number]
            action = QAction(column.title or column.id, menu)
            action.setCheckable(True)
            action.setChecked((self._source.sorted_by or ("",))[0] == column.id)
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
        is_turned = self._source.sorted_by == (self._source.columns[number].id, False)
        self._view.sortByColumn(number, _order(descending=is_turned))

    # -- inside --------------------------------------------------------------------------------

    def _ordered(self) -> list[int]:
        return [self._header.logicalIndex(at) for at in range(self._header.count())]

    def _sortable(self) -> list[int]:
        """The shown columns that can be sorted by, from the left."""
        return [number for number in self.shown() if self.can_sort(number)]

    def _show(self, number: int, shown: bool) -> None:
        is_required = self._source.columns[number].required
        self._header.setSectionHidden(number, not shown and not is_required)
        if shown and self._header.sectionSize(number) == 0:
            self._header.resizeSection(number, self.natural_width(number))

    def _usual(self, width: int) -> int:
        """What a width is at a scale of 100 %, as which it is kept."""
        return round(width * 100 / self._scale)

    def _fit_scale(self) -> None:
        """Columns as wide as before for text of another size."""
        share, self._scale = theme.scale_percent() / self._scale, theme.scale_percent()
        widths = {number: self._header.sectionSize(number) for number in self.shown()}
        self._header.setMinimumSectionSize(theme.px(_LEAST))  # it widens what is narrower
        if share != 1.0:
            for number, width in widths.items():
                self._header.resizeSection(number, round(width * share))

    def _width(self, number: int) -> int:
        is_hidden = self._header.isSectionHidden(number)
        return self.natural_width(number) if is_hidden else self._header.sectionSize(number)

    def _open_menu(self, at: QPoint) -> None:
        self.menu().popup(self._header.viewport().mapToGlobal(at))


def _order(*, descending: bool) -> Qt.SortOrder:
    return Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
