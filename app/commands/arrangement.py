"""What commands may ask of panels, windows and layouts, and those commands. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from app.commands.context import CommandContext, Run
from app.commands.layout_book import LayoutBook
from app.commands.registry import Command
from app.domain.reports import Severity

PANELS, LOOKS, ARRANGEMENT = range(3)
LAYOUT_MENU = "View/Layouts"
LAYOUT_KEYS = 9
_LIST, _DEEDS = range(2)


class Arrangement(Protocol):
    """The panels in their windows, and the layouts they are kept in. GUI thread."""

    @property
    def linked_to(self) -> str:
        """The link group of the panel that had the keyboard last."""
        ...

    @property
    def layout(self) -> str:
        """The layout that is shown."""
        ...

    def layouts(self) -> list[str]:
        """Every layout by name: those that come with the program, then the trader's own."""
        ...

    def comes_along(self, name: str) -> bool:
        """Whether a layout of this name comes with the program."""
        ...

    @property
    def book(self) -> LayoutBook:
        """The layouts that there are, on the disk and unsaved."""
        ...

    def capture(self) -> dict[str, Any]:
        """How everything stands now, as a layout keeps it."""
        ...

    def list_layouts(self, *, is_shown_touched: bool) -> None:
        """Others are in the book now; is it the one that is shown, it counts anew as changed or
        not."""
        ...

    def link(self, group: str | None) -> None:
        """Put the panel that had the keyboard last into a group, or into one of its own."""
        ...

    def close_panel(self) -> None:
        """Close the panel that had the keyboard last."""
        ...

    def add_panel(self, kind: str) -> None:
        """One more panel of this kind, beside the first."""
        ...

    def add_window(self) -> None:
        """One more window, with the panel that had the keyboard last."""
        ...

    def move_panel(self) -> None:
        """Move the panel that had the keyboard last to the next window."""
        ...

    def switch_layout(self, name: str) -> None:
        """Show another layout as it was left. Raises UserError when there is none."""
        ...

    def save_layout(self, name: str) -> None:
        """Keep what is shown under a name. Raises UserError for a name that cannot be used."""
        ...

    def reset_layout(self) -> None:
        """Back to the layout as it was saved, or as it came."""
        ...

    def delete_layout(self) -> None:
        """Forget the saved layout that is shown. Raises UserError where nothing was saved."""
        ...


def _undo(context: CommandContext) -> None:
    if not context.undo.undo():
        context.notify(Severity.INFO, "There is nothing to take back")


def _nothing_to_undo(context: CommandContext) -> str | None:
    return None if context.undo.text else "there is nothing to take back"


def _more(kind: str, title: str) -> Command:
    return Command(
        f"view.new_{kind}",
        f"New {title}",
        _ask(lambda arrangement: arrangement.add_panel(kind)),
        menu="View",
        section=PANELS,
        help=f"One more {title}, in the link group you work in",
    )


async def _save_as(context: CommandContext) -> None:
    arrangement = context.shell.arrangement
    name = await context.shell.ask_text("Save Layout As", "Name", "")
    if name is None:
        return
    name = name.strip()
    same = next((one for one in arrangement.layouts() if one.casefold() == name.casefold()), None)
    if same is not None:
        question = f"There is a layout called {same}. It will look as the window does now."
        if not await context.shell.confirm("Save Layout As", question, (), "Overwrite"):
            return
    arrangement.save_layout(same or name)


async def _save(context: CommandContext) -> None:
    """What comes with the program is only overwritten by name."""
    arrangement = context.shell.arrangement
    if arrangement.comes_along(arrangement.layout):
        await _save_as(context)
    else:
        arrangement.save_layout(arrangement.layout)


def _ask(act: Callable[[Arrangement], None]) -> Run:
    """A command that has nothing to do but to ask the arrangement."""
    return lambda context: act(context.shell.arrangement)


def _layout(verb: str, title: str, run: Run, hint: str, key: str | None = None) -> Command:
    return Command(
        f"view.{verb}", title, run, menu=LAYOUT_MENU, section=_DEEDS, default_key=key, help=hint
    )


def _window(verb: str, title: str, run: Run, hint: str, key: str | None = None) -> Command:
    return Command(
        f"view.{verb}", title, run, menu="Window", section=ARRANGEMENT, default_key=key, help=hint
    )


COMMANDS: tuple[Command, ...] = (
    *(
        _more(kind, title)
        for kind, title in (("chart", "Chart"), ("ticket", "Ticket"), ("watchlist", "Watchlist"))
    ),
    Command(
        "view.close_panel",
        "Close Panel",
        _ask(lambda arrangement: arrangement.close_panel()),
        menu="View",
        section=PANELS,
        default_key="Ctrl+F4",
        help="Close the panel with the keyboard; Undo brings it back",
    ),
    Command(
        "view.undo",
        "Undo",
        _undo,
        available=_nothing_to_undo,
        menu="View",
        section=PANELS,
        default_key="Ctrl+Z",
        by_label=True,
        help="Take back what was last removed, closed or reset; never an order",
    ),
    _window(
        "new_window",
        "New Window",
        _ask(lambda arrangement: arrangement.add_window()),
        "One more window, for another screen, with the panel that has the keyboard",
    ),
    _window(
        "move_panel_to_window",
        "Move Panel to Next Window",
        _ask(lambda arrangement: arrangement.move_panel()),
        "The panel with the keyboard goes to the next window; a single one gets company",
        "Ctrl+Shift+M",
    ),
    _layout(
        "save_layout",
        "Save Layout",
        _save,
        "Keep the arrangement under its name",
        "Ctrl+Shift+S",
    ),
    _layout(
        "save_layout_as", "Save Layout As…", _save_as, "Keep the arrangement under another name"
    ),
    _layout(
        "reset_layout",
        "Reset Layout",
        _ask(lambda arrangement: arrangement.reset_layout()),
        "Back to the layout as it was saved, or as it came with the program",
    ),
    _layout(
        "delete_layout",
        "Delete Layout",
        _ask(lambda arrangement: arrangement.delete_layout()),
        "Forget the saved layout that is shown; Undo brings it back",
    ),
)


def layout_commands(names: Sequence[str]) -> list[Command]:
    """A command for each layout, and for each key that could switch to one."""
    count = max(LAYOUT_KEYS, len(names))
    return [_switch(n, names[n - 1] if n <= len(names) else "") for n in range(1, count + 1)]


def is_layout_command(command: Command) -> bool:
    """Whether it comes from `layout_commands`."""
    return command.id.startswith("view.switch_layout_")


def _switch(number: int, name: str) -> Command:
    return Command(
        f"view.switch_layout_{number}",
        f"Layout {name}" if name else f"Layout {number}",
        _ask(lambda arrangement: arrangement.switch_layout(name)),
        available=lambda _context: None if name else f"there are fewer than {number} layouts",
        menu=LAYOUT_MENU if name else "",
        section=_LIST,
        default_key=f"Ctrl+Shift+{number}" if number <= LAYOUT_KEYS else None,
        is_on=(lambda context: context.shell.arrangement.layout == name) if name else None,
        help=f"Arrange the panels as in {name}" if name else "",
    )
