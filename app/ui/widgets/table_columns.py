"""The header of a table of rows: widths by what stands in them, and buttons that do not sort."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QMenu, QTableView

from app.ui.models.columns import Kind
from app.ui.models.table import RowModel
from app.ui.widgets.cell_delegate import PADDING
from app.ui.widgets.header_columns import HeaderColumns

_ARROW_ROOM = 14
_WIDEST = 600


class TableColumns(HeaderColumns):
    """The columns of a view of a RowModel. GUI thread."""

    def __init__(self, view: QTableView, model: RowModel[Any]) -> None:
        self._model = model
        super().__init__(view, model)
        view.horizontalHeader().setStretchLastSection(True)

    def natural_width(self, number: int) -> int:
        column = self._model.columns[number]
        title = QFontMetrics(self._header.font()).horizontalAdvance(column.title) + _ARROW_ROOM
        sample = QFontMetrics(self._view.font()).horizontalAdvance(column.sample)
        extra = 2 * PADDING + (10 if column.kind is Kind.ACTION else 2)
        return max(title, sample) + extra

    def can_sort(self, number: int) -> bool:
        return self._model.columns[number].kind is not Kind.ACTION

    def more_menu(self, menu: QMenu) -> None:
        menu.addAction("Fit Widths to Contents", self.fit)

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
