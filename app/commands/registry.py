"""The list of commands and the one way to run them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from app.base.errors import MoorgateError, UserError
from app.commands.context import Availability, CommandContext, Run
from app.commands.running import as_command
from app.commands.told import Told
from app.domain.reports import Severity

Work = Coroutine[Any, Any, object]


def always(_context: CommandContext) -> str | None:
    """Nothing stands in the way."""
    return None


def why_not_armed(context: CommandContext) -> str | None:
    """Why nothing that may raise the risk can be done now, and how to arm; None when armed."""
    if context.arming.is_armed:
        return None
    key = context.keymap.text_of("trading.arm_keys")
    how = f"press {key}" if key else "choose Trade > Arm Trading Keys"
    return f"not armed ({context.arming.reason}): {how} to arm"


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the trader can ask for. `id` is `area.verb_object`.

    `increases_risk` commands need armed keys and can be bound neither to a plain key nor be used
    while typing. `available` answers with the reason why the command cannot run now. `menu` is a
    path such as "View/Panels", empty for none; `section` groups its entries between separators.
    `is_on` makes it a check mark. `more_menus` are further places, each a menu and its section.
    `by_label` says that its key is the one with that label, as in other programs; every other key
    is the one at that place on a US keyboard (see `key_press`). `while_staged` commands have their
    keys only while an order is staged, and then before all others; `stages` ones need no armed
    keys in staged mode, where they send nothing.
    """

    id: str
    title: str
    run: Run
    available: Availability = always
    increases_risk: bool = False
    works_while_typing: bool = False
    menu: str = ""
    section: int = 0
    more_menus: tuple[tuple[str, int], ...] = ()
    default_key: str | None = None
    more_keys: tuple[str, ...] = ()
    help: str = ""
    icon: str = ""
    is_on: Callable[[CommandContext], bool] | None = None
    by_label: bool = False
    while_staged: bool = False
    stages: bool = False


class CommandRegistry:
    """Every command by id, in menu order. GUI thread."""

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        self._commands: dict[str, Command] = {}
        self.add(commands)

    def __iter__(self) -> Iterator[Command]:
        return iter(tuple(self._commands.values()))

    def __len__(self) -> int:
        return len(self._commands)

    def __contains__(self, command_id: str) -> bool:
        return command_id in self._commands

    def add(self, commands: Iterable[Command]) -> None:
        """Append commands. Raises ValueError for an id that is taken or malformed."""
        for command in commands:
            area, dot, verb = command.id.partition(".")
            if not (area and dot and verb):
                raise ValueError(f"command id {command.id!r} is not area.verb_object")
            if command.id in self._commands:
                raise ValueError(f"command id {command.id!r} is taken")
            if command.increases_risk and command.works_while_typing:
                raise ValueError(f"{command.id}: what increases risk never works while typing")
            self._commands[command.id] = command

    def remove(self, command_ids: Iterable[str]) -> None:
        """Take commands out. Raises UserError for an unknown id; nothing is taken out then."""
        for command in [self.get(command_id) for command_id in command_ids]:
            self._commands.pop(command.id, None)

    def get(self, command_id: str) -> Command:
        """The command with this id. Raises UserError for an unknown one."""
        try:
            return self._commands[command_id]
        except KeyError:
            raise UserError(f"there is no command {command_id!r}") from None

    def refusal(self, command: Command, context: CommandContext) -> str | None:
        """Why the command cannot run now, None when it can."""
        reason = command.available(context)
        if reason is not None:
            return reason
        if not command.increases_risk:
            return None
        if command.stages and context.engine.settings.trading.staged_orders:
            return None
        return why_not_armed(context)

    def run(self, command_id: str, context: CommandContext) -> bool:
        """Run a command or say in the status bar why not; whether it was begun."""
        command = self.get(command_id)
        reason = self.refusal(command, context)
        with as_command(command_id):
            if reason is None:
                try:
                    work = command.run(context)
                except MoorgateError as error:
                    reason = str(error)
                else:
                    if work is not None:
                        context.spawn(_told(work, command, context), command.id)
                    return True
            context.notify(Severity.WARNING, f"{command.title}: {reason}")
        return False


def _told(work: Work, command: Command, context: CommandContext) -> Told:
    """Errors meant for the trader are shown as sentences; the rest goes to the crash path."""

    def tell(error: MoorgateError) -> None:
        context.notify(Severity.ERROR, f"{command.title}: {error}")

    return Told(work, tell)
