"""What the commands for tables ask of the journal; its days are its rows. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app.analytics.trade_sheet import DayRow
from app.commands.context import Selection
from app.commands.csv_file import Sheet
from app.commands.journal import JournalView
from app.ui.desk import Desk
from app.ui.journal.columns import JournalColumn, Line
from app.ui.journal.filter_bar import FilterBar
from app.ui.journal.model import JournalModel, plain
from app.ui.journal.table import JournalTable


class JournalActs(QWidget):
    """Fulfils `app.commands.tables.TableActs` for the panel."""

    title = "Journal"
    bar: FilterBar
    model: JournalModel
    table: JournalTable
    view: JournalView | None
    _desk: Desk

    def focus_filter(self) -> None:
        """Put the keyboard into the search."""
        self.bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.bar.search.selectAll()

    def clear_filter(self) -> bool:
        """Show everything of the accounts; False when nothing was hidden."""
        if not self.bar.filters.is_narrowed:
            return False
        self.bar.clear()
        return True

    def copy_rows(self) -> int:
        """Put the chosen lines on the clipboard; how many there were."""
        self.table.copy()
        return len(self.table.selected_positions())

    def select_all(self) -> None:
        """Choose every line that is shown."""
        self.table.selectAll()

    def can_remove(self) -> bool:
        """Nothing leaves a journal."""
        return False

    def remove_rows(self) -> None:
        """Nothing leaves a journal."""

    def sheet(self) -> Sheet:
        """The lines as they are shown, for a file."""
        columns = [self.model.columns[number] for number in self.table.headings.shown()]
        lines = [self.model.line(at) for at in range(self.model.rowCount())]
        return Sheet(
            self.title,
            tuple(column.title for column in columns),
            lines,
            lambda line: [_cell(column, line) for column in columns],
        )

    def open_menu(self) -> None:
        """The menu of the current line."""
        self.table.setFocus()
        self.table.open_menu()

    def open_columns_menu(self) -> None:
        """The choice of columns."""
        self.table.setFocus()
        self.table.headings.open_menu()

    def sort_beside(self, step: int) -> None:
        """Sort days by the column `step` further on the right; before the first, by none."""
        self.table.headings.sort_beside(step)

    def sort_direction(self, *, descending: bool) -> None:
        """Sort by the same column the other way."""
        self.table.headings.sort_direction(descending=descending)

    def groupings(self) -> Sequence[str]:
        """Days are the only groups there are."""
        return ()

    @property
    def grouped_by(self) -> str:
        """Nothing else than days."""
        return ""

    def group_by(self, grouping: str) -> None:
        """Days are the only groups there are."""

    def fold_all(self, *, folded: bool) -> None:
        """Close or open every day; many fills are put in order beside the window first."""
        if folded:
            self.model.expand_all(False)
        elif self.view is not None:
            self._desk.spawn(self._open_all(self.view), "open every day")

    def chosen_place(self) -> Selection | None:
        """Connection, account and instrument of the one chosen fill."""
        positions = self.table.selected_positions()
        line = self.model.line(positions[0]) if len(positions) == 1 else None
        if line is None or isinstance(line, DayRow):
            return None
        fill = line.execution
        return Selection(fill.connection_id, fill.account_id, fill.instrument)

    async def _open_all(self, view: JournalView) -> None:
        await self._desk.journal.prepare(view)
        if isValid(self):  # it may have been closed for good meanwhile
            self.model.expand_all(True)


def _cell(column: JournalColumn, line: Line) -> str:
    return plain(column.cell(line)[0])
