"""What a trader writes beside days, orders and fills: a sentence and tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import NewType

from app.domain.ids import ClientOrderId, ConnectionId, ExecId

Subject = NewType("Subject", str)  # what a note is about, the same in every run
_APART = re.compile(r"[\s,;#]+")
_ENDS_OF_LINE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Note:
    """`text` is one line; `tags` are words without blanks, in lower case, each once."""

    text: str = ""
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text or self.tags)


def one_line(text: str) -> str:
    """Pasted text as a note keeps it."""
    return _ENDS_OF_LINE.sub(" ", text).strip()


def tags_of(text: str) -> tuple[str, ...]:
    """Tags as typed: apart by blanks, commas or "#"; in lower case, each once, in order."""
    words = (word.casefold() for word in _APART.split(text) if word)
    return tuple(dict.fromkeys(words))


def day_subject(day: date) -> Subject:
    """A trading day, whatever the account."""
    return Subject(f"day|{day.isoformat()}")


def order_subject(connection_id: ConnectionId, order_id: ClientOrderId) -> Subject:
    """One order by our own id."""
    return Subject(f"order|{connection_id}|{order_id}")


def fill_subject(connection_id: ConnectionId, exec_id: ExecId) -> Subject:
    """One fill; corrections of it keep its note."""
    return Subject(f"fill|{connection_id}|{exec_id}")
