"""One press of a key as the keymap sees it: where the key lies, and what stands on it.

A trader's hand knows places: the keys of trading, panels and layouts are found by where they lie
on a US keyboard, whatever is printed on them here. What every program has in common goes by what
is printed: Ctrl+Q is where Q is, and "/" is wherever this keyboard writes it. `Command.by_label`
says which kind a command is. Each kind falls back on the other reading, so that a key that is
typed by name (a remote desktop, a script) is understood too, with one exception: an entry runs
only while no other command is meant by the other reading of the same press.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.commands.registry import Command


@dataclass(frozen=True, slots=True)
class KeyPress:
    """The keymap's spelling of a press by place, None where the place says nothing, and by label.

    A character that needs Shift here may be meant with it or without, so there can be two labels.
    """

    position: str | None = None
    labels: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What to call it in a sentence."""
        return next(iter(self.labels), "") or self.position or ""

    @property
    def is_foreign(self) -> bool:
        """Whether the label is in no alphabet that keys are named in, such as Cyrillic."""
        return not any(label.rpartition("+")[2].isascii() for label in self.labels)


@dataclass(frozen=True, slots=True)
class Meant:
    """The command that a press means; `rival` is the other one that it could mean."""

    command: Command | None = None
    rival: Command | None = None

    @property
    def is_unclear(self) -> bool:
        """Whether an entry would have to be guessed: then nothing may run."""
        one, other = self.command, self.rival
        return one is not None and other is not None and one.increases_risk


def meaning(press: KeyPress, find: Callable[[str], Command | None]) -> Meant:
    """What a press means, where `find` gives the command of a key in the keymap's spelling."""
    placed = find(press.position) if press.position else None
    labeled = next((found for label in press.labels if (found := find(label))), None)
    if placed is not None and placed.by_label and not press.is_foreign:
        placed = None
    candidates = [command for command in (placed, labeled) if command is not None]
    if not candidates:
        return Meant()
    first = candidates[0]
    rival = next((command for command in candidates if command.id != first.id), None)
    return Meant(first, rival)
