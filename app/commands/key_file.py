"""The trader's keys as a text file, to keep, to compare and to take to another computer.

A line is `trading.buy_market = Ctrl+Alt+B`; nothing behind the sign takes the key away, and a `#`
at the beginning of a line makes it a remark. A file holds what differs from the defaults: what is
not named in it has its default key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.base.errors import UserError
from app.commands.keymap import Keymap

_HEAD = (
    "# Keys of Moorgate that differ from the defaults, one a line: command = key.",
    "# Nothing behind the sign takes the key away. Keys are named as on a US keyboard.",
)


@dataclass(frozen=True, slots=True)
class Change:
    """What an import would do to one command; empty texts mean no key."""

    command_id: str
    title: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.title}: {self.before or 'no key'} -> {self.after or 'no key'}"


def written(keymap: Keymap, titles: Mapping[str, str]) -> str:
    """The file for the keys of `keymap`; `titles` by command id become remarks."""
    lines = list(_HEAD)
    for command_id, key in sorted(keymap.overrides.items()):
        lines += [f"# {titles[command_id]}"] if command_id in titles else []
        lines.append(f"{command_id} = {key or ''}".rstrip())
    return "\n".join(lines) + "\n"


def read(text: str, keymap: Keymap) -> dict[str, str | None]:
    """The overrides that a file asks for. Raises UserError that tells every wrong line."""
    keys: dict[str, str | None] = {}
    wrong: list[str] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            command_id, key = _pair(stripped, keymap)
            if command_id in keys:
                raise UserError(f"{command_id} is named twice")  # noqa: TRY301 - told with its line
            keys[command_id] = key
        except UserError as error:
            wrong.append(f"line {number}: {str(error).removeprefix('keys: ')}")
    if wrong:
        raise UserError("\n".join(wrong))
    return keys


def changes(before: Keymap, after: Keymap, titles: Mapping[str, str]) -> list[Change]:
    """What differs between two keymaps, in the order of `titles`."""
    found = (
        Change(command_id, title, _keys(before, command_id), _keys(after, command_id))
        for command_id, title in titles.items()
    )
    return [change for change in found if change.before != change.after]


def needed(keymap: Keymap, keys: Mapping[str, str | None]) -> dict[str, str | None]:
    """The overrides that really say something else than the defaults do."""
    return {
        command_id: key
        for command_id, key in keys.items()
        if ((key,) if key else ()) != keymap.default_keys(command_id)
    }


def _keys(keymap: Keymap, command_id: str) -> str:
    return " or ".join(keymap.shown_keys(command_id))


def _pair(line: str, keymap: Keymap) -> tuple[str, str | None]:
    command_id, sign, key = (part.strip() for part in line.partition("="))
    if not sign:
        raise UserError(f"{line!r} is no pair; write it like trading.buy_market = Ctrl+Alt+B")
    if len(key) >= 2 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    return command_id, keymap.checked(command_id, key)
