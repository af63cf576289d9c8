"""What the hotkey page does to the trader's keys, as new overrides; nothing is saved here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from app.base.errors import UserError
from app.commands.key_file import needed
from app.commands.key_press import KeyPress
from app.commands.keymap import Keymap
from app.commands.registry import Command

Overrides = dict[str, str | None]

# What fields of text do with these keys in every program; a command there would take it away.
EDITING = {
    "Ctrl+C": "Copy", "Ctrl+V": "Paste", "Ctrl+X": "Cut", "Ctrl+A": "Select All",
    "Ctrl+Z": "Undo", "Ctrl+Y": "Redo",
}  # fmt: skip


class Share(Enum):
    """What becomes of a key that another command has."""

    TAKE = "take"
    NEITHER = "neither"


def rivals(keymap: Keymap, command_id: str, key: str) -> list[str]:
    """The other commands that have this key, or claim it. Raises UserError for what is no key."""
    spelled = keymap.checked(command_id, key)
    return [other for other in keymap.claimants(spelled or "", command_id) if other != command_id]


def bound(keymap: Keymap, command_id: str, key: str | None, share: Share = Share.TAKE) -> Overrides:
    """The overrides with a command bound to a key, or to none. Raises UserError where it may not.

    The others that had the key keep what further keys they have.
    """
    spelled = keymap.checked(command_id, key)
    overrides = keymap.overrides
    others = rivals(keymap, command_id, spelled) if spelled else []
    for other in others:
        left = [one for one in keymap.keys_of(other) if one != spelled]
        overrides[other] = left[0] if left else None
    overrides[command_id] = None if others and share is Share.NEITHER else spelled
    return needed(keymap, overrides)


def reset(keymap: Keymap, command_id: str) -> Overrides:
    """The overrides without this command's own."""
    overrides = keymap.overrides
    overrides.pop(command_id, None)
    return overrides


def kept(settings_keys: Mapping[str, str | None], keymap: Keymap, new: Overrides) -> Overrides:
    """`new` with what settings.toml says of commands that this program does not know."""
    unknown = {one: key for one, key in settings_keys.items() if not keymap.knows(one)}
    return {**unknown, **new}


def marks(keymap: Keymap, command: Command, titles: Mapping[str, str]) -> list[str]:
    """What the trader should know of a command's keys, besides which they are."""
    said = ["armed only"] if command.increases_risk else []
    said += ["while an order is staged"] if command.while_staged else []
    for key in keymap.keys_of(command.id):
        others = [one for one in keymap.claimants(key, command.id) if one != command.id]
        if others and keymap.command_for(key) != command.id:
            names = " and ".join(titles.get(one, one) for one in others)
            said.append(f"{key} is not heard here: {names} has it too")
        said += _unclear(keymap, command, key)
        if key in EDITING:
            said.append(f"{EDITING[key]} in fields")
    return said


def _unclear(keymap: Keymap, command: Command, key: str) -> list[str]:
    """A key that is another command's by what is printed on it, where one of both is an entry."""
    found = keymap.meaning(KeyPress(key, (keymap.labels.shown(key),)))
    both = [one for one in (found.command, found.rival) if one is not None]
    if not found.is_unclear or command.id not in (one.id for one in both):
        return []
    other = next(one for one in both if one.id != command.id)
    return [f"not heard on this keyboard: {other.title} is printed on the same key"]


def check(keymap: Keymap) -> None:
    """Raises UserError where overrides were not taken or keys are claimed twice."""
    told = [problem.removeprefix("keys: ") for problem in keymap.problems]
    told += [f"{key} is claimed by {' and '.join(ids)}" for key, ids in keymap.conflicts().items()]
    if told:
        raise UserError("\n".join(told))
