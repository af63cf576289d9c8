"""Underlined letters for menus: each entry one of its own, so that Alt and letters reach all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache


def with_mnemonics(titles: Sequence[str]) -> list[str]:
    """The titles with "&" before a letter or figure that no other of them has.

    The first letter of a word is taken before one inside it. Who finds all of his taken has
    another one move on to a second choice; only where that is of no use he goes without. "&" in a
    title is kept as "&&".
    """
    return list(_marked_all(tuple(titles)))


@lru_cache(maxsize=128)  # every window has the same menus, and makes them anew at every change
def _marked_all(titles: tuple[str, ...]) -> tuple[str, ...]:
    letters = _Letters(titles)
    for only_initials in (True, False):
        for at in range(len(titles)):
            letters.take_free(at, only_initials)
    for at in range(len(titles)):
        letters.take_over(at, set())
    return tuple(_marked(title, letters.spots.get(at)) for at, title in enumerate(titles))


class _Letters:
    """Who has which letter. `spots`: where in its title the letter of an entry stands."""

    def __init__(self, titles: Sequence[str]) -> None:
        self._titles = titles
        self._owners: dict[str, int] = {}
        self.spots: dict[int, int] = {}

    def take_free(self, at: int, only_initials: bool) -> None:
        for letter, spot in _choices(self._titles[at], only_initials):
            if at not in self.spots and letter not in self._owners:
                self._give(at, letter, spot)

    def take_over(self, at: int, asked: set[str]) -> bool:
        """Find a letter for `at` though others move for it; `asked` are tried already."""
        if at in self.spots and not asked:
            return True
        for letter, spot in _choices(self._titles[at], only_initials=False):
            if letter in asked:
                continue
            asked.add(letter)
            owner = self._owners.get(letter)
            if owner is None or self.take_over(owner, asked):
                self._give(at, letter, spot)
                return True
        return False

    def _give(self, at: int, letter: str, spot: int) -> None:
        self._owners[letter] = at
        self.spots[at] = spot


def _choices(title: str, only_initials: bool) -> Iterator[tuple[str, int]]:
    for spot, character in enumerate(title):
        is_initial = spot == 0 or not title[spot - 1].isalnum()
        if character.isascii() and character.isalnum() and (is_initial or not only_initials):
            yield character.casefold(), spot


def _marked(title: str, spot: int | None) -> str:
    if spot is None:
        return title.replace("&", "&&")
    return f"{title[:spot].replace('&', '&&')}&{title[spot:].replace('&', '&&')}"
