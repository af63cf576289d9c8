"""What a question is about while it stands: positions and orders go on changing. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from app.commands.open_list import OpenList
from app.domain.ids import ConnectionId


@dataclass(frozen=True, slots=True)
class Stand:
    """A question as it would be asked at one moment."""

    question: str
    lines: Sequence[str]
    where: tuple[ConnectionId, ...] = ()
    is_all: bool = False  # whether a yes means all that is confirmed then, however much that is

    def says_the_same(self, other: Stand) -> bool:
        """Whether a yes to one is a yes to the other.

        Orders beside positions, and what things are worth, are no part of it: a way out must not
        be shut by an order that begins to work, or ends, in the moment of the click. Where it
        means all there is, neither is a fill that comes in that moment.
        """
        return (self.question, self._held(), self.where) == (
            other.question,
            other._held(),
            other.where,
        )

    def reads_the_same(self, other: Stand) -> bool:
        """Whether nothing but values would be shown otherwise."""
        return self.says_the_same(other) and self._sentences() == other._sentences()

    def _held(self) -> tuple[str, ...]:
        lines = self.lines
        if self.is_all:
            return ()
        if isinstance(lines, OpenList):
            return tuple(row.sentence for row in lines.rows if row.is_position)
        return tuple(lines)

    def _sentences(self) -> tuple[str, ...]:
        lines = self.lines
        if isinstance(lines, OpenList):
            return tuple(row.sentence for row in lines.rows)
        return tuple(lines)


class LiveLines(Sequence[str]):
    """For `Shell.confirm`: the lines as they are at first, and `look` for what they are now.

    The window shows what `look` tells, and takes a yes only to what it shows. None says that
    nothing is left to be asked about: the question ends as if it were declined. GUI thread.
    """

    def __init__(self, first: Stand, look: Callable[[], Stand | None]) -> None:
        self.first, self.look = first, look

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...

    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        return self.first.lines[at]

    def __len__(self) -> int:
        return len(self.first.lines)

    def __iter__(self) -> Iterator[str]:
        return iter(self.first.lines)
