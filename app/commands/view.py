"""The View and Window menus: panels, focus, theme, arrangement."""

from __future__ import annotations

from collections.abc import Sequence

from app.commands.context import CommandContext
from app.commands.registry import Command
from app.domain.reports import Severity

PANELS, LOOKS = range(2)


def panel_commands(panels: Sequence[tuple[str, str]]) -> list[Command]:
    """A check mark and a focus key for each (panel id, title), in the order of the focus keys."""
    commands: list[Command] = []
    for number, (panel_id, title) in enumerate(panels, start=1):
        commands += [_toggle(panel_id, title), _focus(panel_id, title, number)]
    return commands


def _toggle(panel_id: str, title: str) -> Command:
    return Command(
        f"view.toggle_{panel_id}",
        title,
        lambda context: context.shell.toggle_panel(panel_id),
        menu="View/Panels",
        section=PANELS,
        is_on=lambda context: context.shell.is_panel_open(panel_id),
        help=f"Open or close the {title} panel",
    )


def _focus(panel_id: str, title: str, number: int) -> Command:
    return Command(
        f"view.focus_{panel_id}",
        f"Go to {title}",
        lambda context: context.shell.show_panel(panel_id),
        works_while_typing=True,
        menu="Window",
        section=PANELS,
        default_key=f"Alt+{number}" if number <= 9 else None,
        help=f"Give the keyboard to the {title} panel",
    )


def _reopen(context: CommandContext) -> None:
    if not context.shell.reopen_panel():
        context.notify(Severity.INFO, "No panel was closed")


COMMANDS: tuple[Command, ...] = (
    Command(
        "view.search_symbol",
        "Find Symbol…",
        lambda context: context.shell.search_symbol(),
        works_while_typing=True,
        menu="View",
        section=PANELS,
        default_key="Ctrl+K",
        by_label=True,
        more_keys=("/",),
        help="Type a symbol from anywhere",
    ),
    Command(
        "view.reopen_panel",
        "Reopen Closed Panel",
        _reopen,
        menu="View",
        section=PANELS,
        default_key="Ctrl+Shift+T",
        by_label=True,
        help="Bring back the panel that was closed last",
    ),
    Command(
        "view.use_dark_theme",
        "Dark",
        lambda context: context.shell.set_theme("dark"),
        menu="View/Theme",
        section=LOOKS,
    ),
    Command(
        "view.use_light_theme",
        "Light",
        lambda context: context.shell.set_theme("light"),
        menu="View/Theme",
        section=LOOKS,
    ),
    Command(
        "view.toggle_full_screen",
        "Full Screen",
        lambda context: context.shell.toggle_full_screen(),
        menu="View",
        section=LOOKS,
        default_key="F11",
        help="Into full screen and back",
    ),
)
