"""Which key runs which command: defaults and the trader's overrides, kept apart."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from app.base.errors import UserError
from app.commands.key_labels import KeyLabels, split_key
from app.commands.key_press import KeyPress, Meant, meaning
from app.commands.registry import Command

_MODIFIERS = ("Meta", "Ctrl", "Alt", "Shift")
_ALIASES = {"control": "Ctrl", "cmd": "Ctrl", "option": "Alt", "win": "Meta", "super": "Meta"}
_NAMED = (
    *("Esc", "Tab", "Backtab", "Backspace", "Return", "Enter", "Ins", "Del", "Pause", "Print"),
    *("Home", "End", "Left", "Up", "Right", "Down", "PgUp", "PgDown", "Space", "Menu"),
)
_KEY_ALIASES = {"escape": "Esc", "insert": "Ins", "delete": "Del", "pageup": "PgUp",
                "pagedown": "PgDown"}  # fmt: skip


def normalize(text: str) -> str:
    """One spelling for every way to write a key: "shift + ctrl+b" is "Ctrl+Shift+B".

    The names are Qt's portable ones. Raises UserError for what is no key.
    """
    body = text.strip()
    plus = body == "+" or body.endswith("++")
    parts = [part.strip() for part in (body[:-1] if plus else body).split("+")]
    if plus:
        parts = [part for part in parts if part] + ["+"]
    names = {name.lower(): name for name in _MODIFIERS} | _ALIASES
    held: set[str] = set()
    for part in parts[:-1]:
        modifier = names.get(part.lower())
        if modifier is None:
            raise UserError(f"{text!r}: {part!r} is no modifier; use Ctrl, Alt, Shift or Meta")
        held.add(modifier)
    main = _main_key(parts[-1], text)
    return "+".join([*(name for name in _MODIFIERS if name in held), main])


def _main_key(name: str, text: str) -> str:
    if len(name) == 1 and name.isprintable() and not name.isspace():
        return name.upper()
    if re.fullmatch(r"[Ff]([1-9]|[12]\d|3[0-5])", name):
        return name.upper()
    known = {key.lower(): key for key in _NAMED} | _KEY_ALIASES
    if name.lower() in known:
        return known[name.lower()]
    raise UserError(f"{text!r}: {name!r} is no key; write it like Ctrl+Alt+B, F9 or Shift+Esc")


def is_plain(key: str) -> bool:
    """Whether typing text could press it: no modifier but Shift, and no F-key, Esc and the like."""
    held, main = split_key(key)
    if {"Ctrl", "Alt", "Meta"} & set(held):
        return False
    return len(main) == 1 or main in ("Space", "Return", "Enter", "Backspace", "Del", "Tab")


class Keymap:
    """Keys of commands. An override replaces all default keys of its command; None unbinds it.

    A key that two commands claim with equal right fires neither: `conflicts` lists them. A
    trader's override beats another command's default. `problems` tells which overrides were not
    taken, and why.
    """

    def __init__(
        self,
        commands: Iterable[Command],
        overrides: Mapping[str, str | None] | None = None,
        labels: KeyLabels | None = None,
    ) -> None:
        self.labels = labels or KeyLabels()
        self._commands = {command.id: command for command in commands}
        self._defaults: dict[str, tuple[str, ...]] = {}
        for command in self._commands.values():
            keys = (command.default_key, *command.more_keys)
            self._defaults[command.id] = tuple(normalize(key) for key in keys if key)
        self._overrides: dict[str, str | None] = {}
        self.problems: list[str] = []
        for command_id, key in (overrides or {}).items():
            try:
                self._overrides[command_id] = self.checked(command_id, key)
            except UserError as error:
                self.problems.append(str(error))
        self._index()

    @property
    def overrides(self) -> dict[str, str | None]:
        """The trader's own choices, as they are stored."""
        return dict(self._overrides)

    def keys_of(self, command_id: str) -> tuple[str, ...]:
        """Every key of a command, the main one first; empty when it is unbound."""
        if command_id in self._overrides:
            key = self._overrides[command_id]
            return (key,) if key else ()
        return self._defaults.get(command_id, ())

    def text_of(self, command_id: str) -> str:
        """The main key as it is printed here, for menus and hints; empty when unbound."""
        return next(iter(self.shown_keys(command_id)), "")

    def shown_keys(self, command_id: str) -> tuple[str, ...]:
        """Every key of a command as it is printed on this keyboard."""
        return tuple(self.shown(command_id, key) for key in self.keys_of(command_id))

    def shown(self, command_id: str, key: str) -> str:
        """A key of this command in the words of this keyboard, where they are known."""
        command = self._commands.get(command_id)
        if command is None or command.by_label or is_plain(key):
            return key
        return self.labels.shown(key)

    def default_keys(self, command_id: str) -> tuple[str, ...]:
        """The keys that the program brings along for a command."""
        return self._defaults.get(command_id, ())

    def meaning(self, press: KeyPress, *, is_staged: bool = False) -> Meant:
        """The command of a press, by place or by label (see `key_press`).

        While an order is staged its own keys come first; otherwise they mean nothing.
        """

        def find(key: str) -> Command | None:
            staged = self._while_staged.get(key, "") if is_staged else ""
            return self._commands.get(staged or self._by_key.get(key, ""))

        return meaning(press, find)

    def command_for(self, key: str) -> str | None:
        """The command a key runs, None where it is free or in conflict."""
        return self._by_key.get(key)

    def knows(self, command_id: str) -> bool:
        """Whether there is such a command."""
        return command_id in self._commands

    def claimants(self, key: str, beside: str) -> list[str]:
        """Every command that names this key for itself and could be in the way of `beside`.

        Keys for a staged order and the others get in nobody's way.
        """
        mine = self._commands[beside].while_staged
        return [
            command_id
            for command_id, command in self._commands.items()
            if command.while_staged is mine and key in self.keys_of(command_id)
        ]

    def conflicts(self) -> dict[str, tuple[str, ...]]:
        """Keys that several commands claim with equal right, and those commands."""
        return dict(self._conflicts)

    def override(self, command_id: str, key: str | None) -> None:
        """Bind a command to one key, or to none. Raises UserError and changes nothing if wrong."""
        self._overrides[command_id] = self.checked(command_id, key)
        self._index()

    def reset(self, command_id: str | None = None) -> None:
        """Back to the default of one command, or of all."""
        if command_id is None:
            self._overrides.clear()
        else:
            self._overrides.pop(command_id, None)
        self._index()

    def checked(self, command_id: str, key: str | None) -> str | None:
        """The one spelling of a key for a command. Raises UserError where it may not be."""
        command = self._commands.get(command_id)
        if command is None:
            raise UserError(f"keys: there is no command {command_id!r}")
        if key is None or not key.strip():
            return None
        spelled = normalize(key)
        is_trade = command.increases_risk or command.id.startswith("trading.")
        if is_plain(spelled) and is_trade and not command.while_staged:
            raise UserError(
                f"keys: {command_id} cannot be {spelled}: plain keys never trade, add Ctrl or Alt"
            )
        return spelled

    def _index(self) -> None:
        self._conflicts: dict[str, tuple[str, ...]] = {}
        self._by_key = self._claimed(while_staged=False)
        self._while_staged = self._claimed(while_staged=True)

    def _claimed(self, *, while_staged: bool) -> dict[str, str]:
        """Whose each key is; keys for a staged order get in nobody else's way."""
        claims: dict[str, list[tuple[bool, str]]] = defaultdict(list)
        for command_id, command in self._commands.items():
            if command.while_staged is while_staged:
                for key in self.keys_of(command_id):
                    claims[key].append((command_id in self._overrides, command_id))
        by_key: dict[str, str] = {}
        for key, claimants in claims.items():
            own = [command_id for is_own, command_id in claimants if is_own]
            rivals = own or [command_id for _, command_id in claimants]
            if len(rivals) == 1:
                by_key[key] = rivals[0]
            else:
                self._conflicts[key] = tuple(rivals)
        return by_key
