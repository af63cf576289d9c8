"""The journal's commands: find, notes, and CSV files of what is shown."""

from __future__ import annotations

from app.commands.context import CommandContext
from app.commands.journal_filters import Filters
from app.commands.registry import Command
from app.domain.reports import Severity

_MENU = "Tools/Journal"


def _is_open(context: CommandContext) -> str | None:
    return None if context.journal.pages else "open the Journal panel first"


def _edit(verb: str, title: str, what: str, hint: str) -> Command:
    return Command(
        f"journal.{verb}",
        title,
        lambda context: context.journal.page.edit(what),
        available=_is_open,
        menu=_MENU,
        help=hint,
    )


def _export(what: str, hint: str) -> Command:
    title = f"Export Journal {what.capitalize()}"

    async def run(context: CommandContext) -> None:
        path = await context.shell.choose_file(
            title, "CSV (*.csv)", suggested_name=f"moorgate-journal-{what}.csv"
        )
        if path is None:
            return
        journal, selection = context.journal, context.selection
        account = None
        if selection.connection_id is not None and selection.account_id is not None:
            account = (selection.connection_id, selection.account_id)
        shown = journal.pages[-1].filters if journal.pages else Filters()
        view = await journal.read(shown, account)
        count = await journal.export(view, what, path)
        of = view.choice.title if view.choice is not None else "no account"
        narrowed = " as filtered" if view.filters.is_narrowed else ""
        context.notify(
            Severity.INFO, f"Exported {count} executions of {of}{narrowed} by {what} to {path}"
        )

    return Command(f"journal.export_{what}", f"{title}…", run, menu="File", help=hint)


COMMANDS: tuple[Command, ...] = (
    _export("days", "Write the days of the journal as filtered, with profit and notes, to CSV"),
    _export("executions", "Write the fills of the journal as filtered, with notes, to CSV"),
    Command(
        "journal.find",
        "Find in Journal",
        lambda context: context.journal.page.focus_filter(),
        available=_is_open,
        menu=_MENU,
        help="Put the keyboard into the journal's search; Ctrl+F inside of the panel",
    ),
    _edit("edit_note", "Edit Note", "note", "Write beside the chosen day or fill; F2 or Enter"),
    _edit("edit_tags", "Edit Tags", "tags", "Tag the chosen day or fill; T inside of the panel"),
    _edit("edit_order_note", "Edit Note of Order", "order", "Write beside the whole order"),
    Command(
        "journal.expand_days",
        "Expand All Days",
        lambda context: context.journal.page.expand_all(True),
        available=_is_open,
        menu=_MENU,
        section=1,
        help="Show the fills of every day",
    ),
    Command(
        "journal.collapse_days",
        "Collapse All Days",
        lambda context: context.journal.page.expand_all(False),
        available=_is_open,
        menu=_MENU,
        section=1,
        help="Show the days alone",
    ),
)
