"""Link groups: panels of one colour show and trade the same instrument. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from app.commands.context import CommandContext
from app.commands.registry import Command

MENU = "View/Link Group"
FIRST = "a"
_OWN = "="


@dataclass(frozen=True, slots=True)
class LinkGroup:
    """A group by its letter; the colour is never the only cue."""

    id: str
    color: str

    @property
    def letter(self) -> str:
        """What its chip says."""
        return self.id.upper()

    @property
    def title(self) -> str:
        """What menus and tool tips say."""
        return f"Group {self.letter} ({self.color})"


GROUPS = (
    LinkGroup("a", "blue"),
    LinkGroup("b", "orange"),
    LinkGroup("c", "violet"),
    LinkGroup("d", "teal"),
)
_BY_ID = {group.id: group for group in GROUPS}


def own_group(panel_id: str) -> str:
    """The group of a single panel that is linked to no other."""
    return f"{_OWN}{panel_id}"


def is_own(group: str) -> bool:
    """Whether it is the group of a single panel."""
    return group.startswith(_OWN)


def is_group(group: object) -> bool:
    """Whether a stored word names a group."""
    return isinstance(group, str) and (group in _BY_ID or is_own(group))


def letter_of(group: str) -> str:
    """What the chip of a group says; a dash for a panel that is linked to none."""
    return "–" if is_own(group) else group.upper()


def title_of(group: str) -> str:
    """What tool tips and the window's title say."""
    found = _BY_ID.get(group)
    return "Not linked" if found is None else found.title


def color_token(group: str) -> str:
    """The name of the theme's colour."""
    return f"link_{group}" if group in _BY_ID else "raised"


def _link(number: int, group: LinkGroup) -> Command:
    return Command(
        f"view.link_group_{group.id}",
        f"Link to {group.title}",
        lambda context: context.shell.arrangement.link(group.id),
        menu=MENU,
        works_while_typing=True,  # a ticket always has the keyboard in a field
        default_key=f"Ctrl+Shift+F{number}",
        is_on=lambda context: context.shell.arrangement.linked_to == group.id,
        help=f"The panel with the keyboard shows and trades what group {group.letter} does",
    )


def _unlink(context: CommandContext) -> None:
    context.shell.arrangement.link(None)


COMMANDS: tuple[Command, ...] = (
    *(_link(number, group) for number, group in enumerate(GROUPS, start=1)),
    Command(
        "view.unlink_panel",
        "Link to None",
        _unlink,
        menu=MENU,
        works_while_typing=True,
        default_key=f"Ctrl+Shift+F{len(GROUPS) + 1}",
        is_on=lambda context: is_own(context.shell.arrangement.linked_to),
        help="The panel with the keyboard keeps an instrument of its own",
    ),
)
