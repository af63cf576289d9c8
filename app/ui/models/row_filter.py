"""The words of a filter field, and which rows hold them. Pure, no widgets.

Every word must occur in some shown column (a word without a digit in those that hold words);
`column:word` looks into one column, by its id or its
title; a minus before either leaves out what holds it. Upper and lower case are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.ui.models.columns import Column, Kind

_MOST_READ = 20_000
_SPACES = dict.fromkeys(map(ord, " \u202f\u00a0"), None)


@dataclass(frozen=True, slots=True)
class Term:
    """One word to look for; `column` is a column's id, empty for all shown ones."""

    word: str
    column: str = ""
    is_wanted: bool = True


def parse(text: str, columns: Sequence[Column[Any]]) -> tuple[Term, ...]:
    """The terms of what was typed; a name before a colon that is no column is part of the word."""
    names = {_plain(name): column.id for column in columns for name in (column.title, column.id)}
    terms = []
    for word in text.split():
        is_wanted = not (word.startswith("-") and len(word) > 1)
        body = word if is_wanted else word[1:]
        name, colon, rest = body.partition(":")
        column_id = names.get(_plain(name), "") if colon else ""
        sought = _plain(rest if column_id else body)
        if sought:
            terms.append(Term(sought, column_id, is_wanted))
    return tuple(terms)


class Texts:
    """What rows say in the shown columns, kept from one key press to the next. GUI thread.

    Reading 5,000 rows takes a few tenths of a second; looking through what was read, none.
    """

    def __init__(self, shown: Sequence[Column[Any]]) -> None:
        self._words = [column for column in shown if column.kind is Kind.TEXT]
        self._numbers = [column for column in shown if column.kind is Kind.NUMBER]
        self._read: dict[tuple[int, bool], tuple[Any, str]] = {}

    def of(self, row: Any, *, with_numbers: bool) -> str:
        """The texts of one row, one a line; `with_numbers` reads the number columns too."""
        key = id(row), with_numbers
        known = self._read.get(key)
        if known is not None and known[0] is row:
            return known[1]
        if len(self._read) >= _MOST_READ:
            self._read.clear()
        columns = [*self._words, *self._numbers] if with_numbers else self._words
        text = _plain("\n".join([column.text(row) for column in columns]))
        self._read[key] = row, text
        return text


class RowFilter:
    """Accepts the rows that hold all of `terms`."""

    def __init__(self, terms: Sequence[Term], texts: Texts, columns: Sequence[Column[Any]]) -> None:
        self._terms, self._texts = terms, texts
        self._by_id = {column.id: column for column in columns}
        # Letters do not stand in numbers, and numbers are slow to write.
        self._with_numbers = any(_has_digit(term.word) for term in terms if not term.column)

    def accepts(self, row: Any) -> bool:
        """Whether the row holds every wanted word and none of the others."""
        for term in self._terms:
            if term.column:
                text = _plain(self._by_id[term.column].text(row))
            else:
                text = self._texts.of(row, with_numbers=self._with_numbers)
            if (term.word in text) is not term.is_wanted:
                return False
        return True


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)


def _plain(text: str) -> str:
    """As it is compared: no case, no spaces in numbers, an ordinary minus."""
    return text.casefold().translate(_SPACES).replace("\u2212", "-")
