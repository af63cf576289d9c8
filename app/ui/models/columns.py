"""What a column is. Every table of the window is a list of these over plain records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

from app.ui import format as fmt

Row = TypeVar("Row")


class Kind(Enum):
    """How a cell is laid out."""

    TEXT = "text"
    NUMBER = "number"  # right aligned, tabular figures
    ACTION = "action"  # a button; its text names what a click does, empty draws nothing


@dataclass(frozen=True, slots=True)
class Tint:
    """A background: a colour word of the theme and how much of it (0 to 255)."""

    token: str
    alpha: int = 40


# What is painted of one cell: text, colour word of the theme, background.
Cell = tuple[str, str | None, Tint | None]


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column. `value` sorts and is copied, `text` is shown; None is "not known", sorted last.

    `color` gives a colour word of the theme, `tint` a background; neither may be the only cue.
    `sample` is the widest usual text: it sets the first width. `required` cannot be hidden.
    `export` answers what goes into a file where that is neither the value nor the text.
    """

    id: str
    title: str
    value: Callable[[Row], Any]
    text: Callable[[Row], str]
    kind: Kind = Kind.TEXT
    sample: str = ""
    hint: str = ""
    tooltip: Callable[[Row], str] | None = None
    color: Callable[[Row], str | None] | None = None
    tint: Callable[[Row], Tint | None] | None = None
    hidden: bool = False
    required: bool = False
    export: Callable[[Row], Any] | None = None

    def cell(self, row: Row) -> Cell:
        """What is painted of `row` now."""
        color = None if self.color is None else self.color(row)
        return self.text(row), color, None if self.tint is None else self.tint(row)

    def copied(self, row: Row) -> str:
        """The cell as another program reads it: plain numbers, nothing for not known."""
        value = self.value(row) if self.kind is Kind.NUMBER else None
        if isinstance(value, Decimal):
            return format(value, "f")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return repr(value) if fmt.is_known(value) else ""
        text = self.text(row)
        if text == fmt.UNKNOWN or self.kind is Kind.ACTION:
            return ""
        return " ".join(text.split())

    def exported(self, row: Row) -> Any:
        """What a file gets: a number in full, a moment, or plain text; None for not known."""
        if self.export is not None:
            return self.export(row)
        value = self.value(row)
        if isinstance(value, datetime):
            return value
        if self.kind is Kind.NUMBER and isinstance(value, Decimal | float | int):
            return value if fmt.is_known(value) else None
        return self.copied(row) or None


def sort_value(value: Any) -> Any:
    """`value` as it compares: text without case; None for whatever is not known."""
    if isinstance(value, str):
        return value.casefold() or None
    if isinstance(value, float | Decimal) and not fmt.is_known(value):
        return None
    return value


def arranged(rows: list[Row], value: Callable[[Row], Any], *, descending: bool) -> list[Row]:
    """`rows` sorted by `value`, stable, what is not known last in either direction."""
    keyed = [(sort_value(value(row)), row) for row in rows]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [row for _, row in known] + [row for key, row in keyed if key is None]
