"""The header of the journal's table: days are sorted by what they add up to."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QTableView

from app.ui import theme
from app.ui.journal.model import JournalModel
from app.ui.widgets.cell_delegate import PADDING
from app.ui.widgets.header_columns import HeaderColumns

_ROOM = 16


class Headings(HeaderColumns):
    """The columns of a view of a JournalModel. GUI thread."""

    unsorted_title = "Newest day first"
    first_order = Qt.SortOrder.DescendingOrder

    def __init__(self, view: QTableView, model: JournalModel) -> None:
        self._model = model
        super().__init__(view, model)
        self._header.setSectionsClickable(True)
        view.setSortingEnabled(True)

    def natural_width(self, number: int) -> int:
        column = self._model.columns[number]
        title = QFontMetrics(self._header.font()).horizontalAdvance(column.title) + _ROOM
        font = theme.number_font(bold=True) if column.id == "when" else self._view.font()
        sample = QFontMetrics(font).horizontalAdvance(column.sample)
        return max(title, sample + 4) + 2 * PADDING

    def can_sort(self, number: int) -> bool:
        return self._model.columns[number].value is not None
