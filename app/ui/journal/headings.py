"""The header of the journal's table: widths, order and choice of columns, and how they are kept."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction, QFontMetrics
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView

from app.ui import theme
from app.ui.journal.delegate import PADDING
from app.ui.journal.model import JournalModel

_ROOM = 16
_WIDEST = 1600


class Headings(QObject):
    """Sizes, hides, moves and remembers columns by their ids; sorts days. GUI thread."""

    def __init__(self, view: QTableView, model: JournalModel) -> None:
        super().__init__(view)
        self._view, self._model = view, model
        header = self._header
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(28)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_menu)
        view.setSortingEnabled(True)
        self._scale = theme.scale_percent()
        theme.follow(view, self._fit_scale)
        self.reset()

    @property
    def _header(self) -> QHeaderView:
        return self._view.horizontalHeader()

    def reset(self) -> None:
        """Columns as they were designed."""
        for number, column in enumerate(self._model.columns):
            self._header.moveSection(self._header.visualIndex(number), number)
            self._header.setSectionHidden(number, column.hidden)
            self._header.resizeSection(number, self._natural_width(number))

    def shown(self) -> list[int]:
        """Logical numbers of the columns on screen, from the left."""
        order = (self._header.logicalIndex(at) for at in range(self._header.count()))
        return [number for number in order if not self._header.isSectionHidden(number)]

    def save_state(self) -> dict[str, Any]:
        """Order, width and choice by id, and what days are sorted by; plain JSON."""
        order = [self._header.logicalIndex(at) for at in range(self._header.count())]
        state: dict[str, Any] = {
            "columns": [
                {
                    "id": self._model.columns[number].id,
                    "hidden": self._header.isSectionHidden(number),
                    "width": self._header.sectionSize(number) or self._natural_width(number),
                }
                for number in order
            ]
        }
        if self._model.sorted_by is not None:
            state["sort"] = list(self._model.sorted_by)
        return state

    def restore_state(self, state: dict[str, Any]) -> None:
        """As kept; what is unknown or damaged is passed over."""
        numbers = {column.id: number for number, column in enumerate(self._model.columns)}
        entries = state.get("columns")
        target = 0
        for entry in entries if isinstance(entries, list) else ():
            number = numbers.get(str(entry.get("id"))) if isinstance(entry, dict) else None
            if number is None:
                continue
            self._header.moveSection(self._header.visualIndex(number), target)
            target += 1
            is_hidden = entry.get("hidden") is True and not self._model.columns[number].required
            self._header.setSectionHidden(number, is_hidden)
            width = entry.get("width")
            if isinstance(width, int) and 0 < width <= _WIDEST:
                self._header.resizeSection(number, width)
        match state.get("sort"):
            case [str(column_id), bool(descending)] if column_id in numbers:
                order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
                self._view.sortByColumn(numbers[column_id], order)

    def menu(self) -> QMenu:
        """The choice of columns, as a menu that ends itself."""
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for number, column in enumerate(self._model.columns):
            action = QAction(column.title, menu)
            action.setCheckable(True)
            action.setChecked(not self._header.isSectionHidden(number))
            action.setEnabled(not column.required)
            action.toggled.connect(lambda shown, number=number: self._show(number, shown))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Original columns", self.reset)
        menu.addAction("Newest day first", self._unsort)
        return menu

    def open_menu(self) -> None:
        """The choice of columns, at the header."""
        self._open_menu(self._header.rect().bottomLeft())

    def sort_beside(self, step: int) -> None:
        """Sort days by the shown column `step` further on; before the first, newest first."""
        shown = [n for n in self.shown() if self._model.columns[n].value is not None]
        by = self._model.sorted_by
        at = -1 if by is None else shown.index(self._model.column_index(by[0]))
        at = max(-1, min(len(shown) - 1, at + step))
        if at < 0:
            self._unsort()
        else:
            self._view.sortByColumn(shown[at], Qt.SortOrder.DescendingOrder)

    def sort_direction(self, *, descending: bool) -> None:
        """Sort by the same column the other way."""
        if (by := self._model.sorted_by) is not None:
            order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            self._view.sortByColumn(self._model.column_index(by[0]), order)

    def _show(self, number: int, shown: bool) -> None:
        self._header.setSectionHidden(number, not shown)
        if shown and not self._header.sectionSize(number):
            self._header.resizeSection(number, self._natural_width(number))

    def _unsort(self) -> None:
        self._header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self._model.sort(-1)

    def _fit_scale(self) -> None:
        """Columns as wide as before for text of another size."""
        share, self._scale = theme.scale_percent() / self._scale, theme.scale_percent()
        if share != 1.0:
            for number in self.shown():
                self._header.resizeSection(number, round(self._header.sectionSize(number) * share))

    def _natural_width(self, number: int) -> int:
        column = self._model.columns[number]
        title = QFontMetrics(self._header.font()).horizontalAdvance(column.title) + _ROOM
        font = theme.number_font(bold=True) if column.id == "when" else self._view.font()
        sample = QFontMetrics(font).horizontalAdvance(column.sample)
        return max(title, sample + 4) + 2 * PADDING

    def _open_menu(self, at: QPoint) -> None:
        self.menu().popup(self._header.viewport().mapToGlobal(at))
