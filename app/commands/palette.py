"""Finding commands by a few letters of them: the fuzzy part of the command palette."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.commands.registry import Command

RECENT_KEPT = 20
_START, _WORD, _NEXT = 30, 20, 25
_IN_TITLE = 1_000
_LAST = 10_000  # what is only told about a command comes after all else

Found = tuple[int, tuple[int, ...]]  # how well, and at which places of the text


@dataclass(frozen=True, slots=True)
class Entry:
    """One row; `marks` are the places of the title at which the query was found."""

    command: Command
    key: str
    marks: tuple[int, ...] = ()

    @property
    def path(self) -> str:
        """Where it is in the menus, empty where it is in none."""
        return self.command.menu.replace("/", " > ")


class Recent:
    """The commands that were chosen last. GUI thread."""

    def __init__(self) -> None:
        self._ids: list[str] = []

    def note(self, command_id: str) -> None:
        """This one was chosen just now."""
        self._ids = [command_id, *(one for one in self._ids if one != command_id)][:RECENT_KEPT]

    def rank(self, command_id: str) -> int:
        """0 for the newest, more for the others, most for those that were not chosen."""
        return self._ids.index(command_id) if command_id in self._ids else RECENT_KEPT


def match(query: str, text: str) -> Found | None:
    """How well the letters of `query` are found in `text` in their order, and where; None if not.

    Beginnings of words and letters in a row count more. Spaces in the query are passed over.
    """
    folded = text.lower() if len(text.lower()) == len(text) else text
    ways: dict[int, Found] = {-1: (0, ())}  # by the place of the letter that was found last
    for letter in query.lower():
        if letter.isspace():
            continue
        places = [place for place, other in enumerate(folded) if other == letter]
        ways = {place: way for place in places if (way := _way_to(place, text, ways)) is not None}
    return max(ways.values(), default=None, key=lambda way: (way[0], [-place for place in way[1]]))


def _way_to(place: int, text: str, ways: dict[int, Found]) -> Found | None:
    """The best way to find the next letter at `place`, None where the letters before lie behind."""
    worth = _worth(text, place)
    further = [
        (score + worth + (_NEXT if last >= 0 and last == place - 1 else 0), (*places, place))
        for last, (score, places) in ways.items()
        if last < place
    ]
    return max(further, default=None)


def _worth(text: str, place: int) -> int:
    if place == 0:
        return _START
    before, here = text[place - 1], text[place]
    begins = not before.isalnum() or (here.isupper() and before.islower())
    return _WORD if begins and here.isalnum() else 0


def search(
    commands: Iterable[Command], query: str, recent: Recent, key_of: Callable[[str], str]
) -> list[Entry]:
    """The commands that fit, the best first; without a query all, the ones chosen last first.

    What is found in the title comes before what is found in menu, id or key only, and that before
    words that begin somewhere in menu, title and help. `key_of` names the key of a command.
    """
    ranked: list[tuple[tuple[int, int, int], Entry]] = []
    for order, command in enumerate(commands):
        key = key_of(command.id)
        found = _found(command, query, key)
        if found is not None:
            rank = (-found[0], recent.rank(command.id), order)
            ranked.append((rank, Entry(command, key, found[1])))
    return [entry for _, entry in sorted(ranked, key=lambda row: row[0])]


def _found(command: Command, query: str, key: str) -> Found | None:
    in_title = match(query, command.title)
    if in_title is not None:
        return _IN_TITLE + in_title[0], in_title[1]
    wanted = query.strip().lower()
    path = f"{command.menu} {command.title}".lower()
    if any(wanted in text for text in (path, command.id, key.lower())):
        return -len(wanted), ()
    told = f" {path} {command.help.lower()}".replace("/", " ")
    if not all(f" {word}" in told for word in wanted.split()):
        return None
    return sum(command.title.lower().startswith(word) for word in wanted.split()) - _LAST, ()
