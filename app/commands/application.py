"""File, Tools and Help."""

from __future__ import annotations

from app.commands.context import CommandContext
from app.commands.registry import Command
from app.domain.reports import Severity


def _dialog(
    command_id: str, title: str, dialog: str, menu: str, section: int, hint: str
) -> Command:
    return Command(
        command_id,
        title,
        lambda context: context.shell.show_dialog(dialog),
        menu=menu,
        section=section,
        help=hint,
    )


def _open_home(context: CommandContext) -> None:
    context.shell.open_folder(context.home)


def _open_logs(context: CommandContext) -> None:
    context.shell.open_folder(context.home / "logs")


def _export(what: str) -> Command:
    async def run(context: CommandContext) -> None:
        path = await context.shell.choose_file(
            f"Export {what.capitalize()}", "CSV (*.csv)", suggested_name=f"moorgate-{what}.csv"
        )
        if path is not None:
            await context.shell.export(what, path)
            context.notify(Severity.INFO, f"Exported {what} to {path}")

    return Command(
        f"file.export_{what}",
        f"Export {what.capitalize()}…",
        run,
        menu="File",
        help=f"Write every one of the {what} in the journal to a CSV file",
    )


COMMANDS: tuple[Command, ...] = (
    _export("orders"),
    _export("executions"),
    Command(
        "file.open_home",
        "Open Data Folder",
        _open_home,
        menu="File",
        section=1,
        help="The folder of settings, journal, history and logs",
    ),
    Command(
        "application.settings",
        "Settings…",
        lambda context: context.shell.show_dialog("settings"),
        works_while_typing=True,
        menu="File",
        section=1,
        default_key="Ctrl+,",
        by_label=True,
        help="Looks, keys, trading, what is asked first, risk limits, connections, files, secrets",
    ),
    Command(
        "application.show_palette",
        "Command Palette…",
        lambda context: context.shell.show_dialog("palette"),
        works_while_typing=True,
        menu="View",
        default_key="Ctrl+Shift+P",
        by_label=True,
        help="Every command by a few of its letters, with its key and why it cannot run now",
    ),
    Command(
        "file.exit_program",
        "Exit",
        lambda context: context.shell.request_exit(),
        works_while_typing=True,
        menu="File",
        section=2,
        default_key="Ctrl+Q",
        by_label=True,
        help="Close Moorgate; asks first where positions or orders are open",
    ),
    _dialog(
        "tools.edit_risk_limits",
        "Risk Limits…",
        "risk_limits",
        "Tools",
        0,
        "What no order may exceed, for all connections and for each",
    ),
    _dialog(
        "tools.show_reconciliation",
        "Last Reconciliation…",
        "reconciliation",
        "Tools",
        0,
        "What changed at the brokers while this program was away",
    ),
    _dialog("help.show_keys", "Keyboard", "keys", "Help", 0, "Every key and what it does"),
    Command(
        "help.open_logs",
        "Open Log Folder",
        _open_logs,
        menu="Help",
        section=0,
        help="Log files, with secrets taken out",
    ),
    _dialog("help.show_about", "About Moorgate", "about", "Help", 1, "Version and licence"),
)
