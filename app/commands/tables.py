"""What can be done with the table that has the keyboard: filter, copy, export, groups, menus.

Some keys are heard by the tables themselves and nowhere else, because elsewhere they mean other
things: `TABLE_KEYS` names them for menus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from app.commands.context import Availability, CommandContext, Run, Selection
from app.commands.csv_file import Sheet, write_csv
from app.commands.registry import Command
from app.domain.reports import Severity

MENU = "View/Table"
ROWS, FILTER, ORDER, GROUPS = range(4)
TABLE_KEYS = {
    "table.copy_rows": "Ctrl+C",
    "table.remove_rows": "Del",
    "table.select_all": "Ctrl+A",
    "table.show_menu": "Shift+F10",
    "table.sort_next_column": "Alt+Right",
    "table.sort_previous_column": "Alt+Left",
    "table.sort_ascending": "Alt+Up",
    "table.sort_descending": "Alt+Down",
}
_NO_TABLE = "no table is in use: click into one, or go to one with Alt and its number"


@runtime_checkable
class TableActs(Protocol):
    """A table panel as commands see it. GUI thread."""

    @property
    def title(self) -> str:
        """What the table is called."""
        ...

    def focus_filter(self) -> None:
        """Put the keyboard into the field that filters the rows."""
        ...

    def clear_filter(self) -> bool:
        """Show every row again; False when none was hidden by words."""
        ...

    def copy_rows(self) -> int:
        """Put the selected rows on the clipboard; how many there were."""
        ...

    def select_all(self) -> None:
        """Select every row that is shown."""
        ...

    def can_remove(self) -> bool:
        """Whether rows are selected that may be taken off the list."""
        ...

    def remove_rows(self) -> None:
        """Take the selected rows off the list."""
        ...

    def sheet(self) -> Sheet:
        """What the table shows, folded rows too, for a file."""
        ...

    def open_menu(self) -> None:
        """The menu of the selected rows."""
        ...

    def open_columns_menu(self) -> None:
        """The choice of columns and of what rows are sorted by."""
        ...

    def sort_beside(self, step: int) -> None:
        """Sort by the column `step` to the right; before the first one, by none."""
        ...

    def sort_direction(self, *, descending: bool) -> None:
        """Sort by the same column the other way."""
        ...

    def groupings(self) -> Sequence[str]:
        """What rows can be grouped by; empty where they cannot."""
        ...

    @property
    def grouped_by(self) -> str:
        """What rows are grouped by, empty for nothing."""
        ...

    def group_by(self, grouping: str) -> None:
        """Group rows by one of `groupings`, or by nothing."""
        ...

    def fold_all(self, *, folded: bool) -> None:
        """Fold every group away, or open them."""
        ...

    def chosen_place(self) -> Selection | None:
        """Connection, account and instrument of the one selected row; None without one."""
        ...


def needs_table(context: CommandContext) -> str | None:
    """Some table must have, or have had, the keyboard."""
    return None if context.shell.table() is not None else _NO_TABLE


def _needs_groups(context: CommandContext) -> str | None:
    table = context.shell.table()
    if table is None:
        return _NO_TABLE
    return None if table.groupings() else f"the rows of {table.title} are not grouped"


def _needs_place(context: CommandContext) -> str | None:
    table = context.shell.table()
    if table is None:
        return _NO_TABLE
    return None if table.chosen_place() is not None else "select one row first"


def _can_remove(context: CommandContext) -> str | None:
    table = context.shell.table()
    if table is None:
        return _NO_TABLE
    return None if table.can_remove() else "select symbols in the watchlist first"


def _on_table(act: Callable[[TableActs], object]) -> Run:
    def run(context: CommandContext) -> None:
        table = context.shell.table()
        if table is not None:
            act(table)

    return run


async def export_table(context: CommandContext) -> None:
    """Write what the table shows to a CSV file of the trader's choice, off the window's thread."""
    table = context.shell.table()
    if table is None:
        return
    sheet = table.sheet()
    day = context.engine.clock.now().date().isoformat()
    path = await context.shell.choose_file(
        f"Export {sheet.title}",
        "CSV (*.csv)",
        suggested_name=f"moorgate-{sheet.title.lower().replace(' ', '-')}-{day}.csv",
    )
    if path is None:
        return
    await asyncio.to_thread(write_csv, sheet, path)
    rows = f"{len(sheet.rows)} row{'' if len(sheet.rows) == 1 else 's'}"
    hidden = f"; {sheet.hidden} that the filter hides are not in it" if sheet.hidden else ""
    context.notify(Severity.INFO, f"Exported {rows} of {sheet.title} to {path}{hidden}")


def show_instrument(context: CommandContext) -> None:
    """Make the instrument and account of the selected row what the desk shows and trades."""
    table = context.shell.table()
    place = None if table is None else table.chosen_place()
    if place is not None:
        context.select(
            instrument=place.instrument,
            connection_id=place.connection_id,
            account_id=place.account_id,
        )


def _copy(context: CommandContext) -> None:
    table = context.shell.table()
    if table is not None:
        count = table.copy_rows()
        text = f"Copied {count} row{'' if count == 1 else 's'}" if count else "No row is selected"
        context.notify(Severity.INFO, text)


def _clear(context: CommandContext) -> None:
    table = context.shell.table()
    if table is not None and not table.clear_filter():
        context.notify(Severity.INFO, f"No filter is on in {table.title}")


def _command(
    command_id: str,
    title: str,
    run: Run,
    section: int,
    hint: str,
    *,
    key: str | None = None,
    available: Availability = needs_table,
    is_on: Callable[[CommandContext], bool] | None = None,
) -> Command:
    own = TABLE_KEYS.get(command_id)
    return Command(
        command_id,
        title,
        run,
        available,
        menu=MENU,
        section=section,
        default_key=key,
        by_label=True,
        help=f"{hint} ({own} in the table)" if own else hint,
        is_on=is_on,
    )


def _group(grouping: str, title: str, hint: str) -> Command:
    def is_on(context: CommandContext) -> bool:
        table = context.shell.table()
        return table is not None and bool(table.groupings()) and table.grouped_by == grouping

    return _command(
        f"table.group_by_{grouping or 'nothing'}",
        title,
        _on_table(lambda table: table.group_by(grouping)),
        GROUPS,
        hint,
        available=_needs_groups,
        is_on=is_on,
    )


COMMANDS: tuple[Command, ...] = (
    Command(
        "file.export_table",
        "Export Table…",
        export_table,
        needs_table,
        menu="File",
        more_menus=((MENU, ROWS),),
        default_key="Ctrl+E",
        by_label=True,
        help="Write what the table in use shows to a CSV file",
    ),
    _command("table.copy_rows", "Copy Rows", _copy, ROWS, "Copy the selected rows as text"),
    _command(
        "table.select_all",
        "Select All Rows",
        _on_table(lambda table: table.select_all()),
        ROWS,
        "Select every row that is shown",
    ),
    _command(
        "table.show_instrument",
        "Show Instrument on the Desk",
        show_instrument,
        ROWS,
        "Make the row's instrument and account what chart and ticket show",
        available=_needs_place,
    ),
    _command(
        "table.remove_rows",
        "Remove from Watchlist",
        _on_table(lambda table: table.remove_rows()),
        ROWS,
        "Watch the selected symbols no longer; can be undone",
        available=_can_remove,
    ),
    _command(
        "table.show_menu",
        "Menu of the Rows",
        _on_table(lambda table: table.open_menu()),
        ROWS,
        "What can be done with the selected rows",
    ),
    _command(
        "table.focus_filter",
        "Filter…",
        _on_table(lambda table: table.focus_filter()),
        FILTER,
        "Show only rows that hold some words; Esc shows all again",
        key="Ctrl+F",
    ),
    _command("table.clear_filter", "Clear Filter", _clear, FILTER, "Show every row again"),
    _command(
        "table.show_columns_menu",
        "Columns and Sorting",
        _on_table(lambda table: table.open_columns_menu()),
        ORDER,
        "Choose columns, and what the rows are sorted by",
        key="Ctrl+Shift+C",
    ),
    _command(
        "table.sort_next_column",
        "Sort by Next Column",
        _on_table(lambda table: table.sort_beside(1)),
        ORDER,
        "Sort by the column to the right",
    ),
    _command(
        "table.sort_previous_column",
        "Sort by Previous Column",
        _on_table(lambda table: table.sort_beside(-1)),
        ORDER,
        "Sort by the column to the left; before the first one, the original order",
    ),
    _command(
        "table.sort_ascending",
        "Sort Ascending",
        _on_table(lambda table: table.sort_direction(descending=False)),
        ORDER,
        "The smallest on top",
    ),
    _command(
        "table.sort_descending",
        "Sort Descending",
        _on_table(lambda table: table.sort_direction(descending=True)),
        ORDER,
        "The largest on top",
    ),
    _group("", "No Groups", "Show the rows without groups"),
    _group("symbol", "Group by Symbol", "Put the rows of one symbol under a header with its sums"),
    _group("account", "Group by Account", "Put the rows of one account under a header"),
    _command(
        "table.fold_groups",
        "Fold All Groups",
        _on_table(lambda table: table.fold_all(folded=True)),
        GROUPS,
        "Show the headers only (Left on a header folds one)",
        available=_needs_groups,
    ),
    _command(
        "table.open_groups",
        "Open All Groups",
        _on_table(lambda table: table.fold_all(folded=False)),
        GROUPS,
        "Show the rows of every group (Right on a header opens one)",
        available=_needs_groups,
    ),
)
