"""Reading the journal: at start, and for exports while a window writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from app.base.errors import StoreError
from app.domain.notes import Note, Subject
from app.domain.order_events import OrderEvent
from app.store.codec import decode_event, from_json
from app.store.journal_schema import JOURNAL, chained
from app.store.migrations import connect_read_only, open_readable, unreadable

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One stored order event. `seq` counts from 1 without gaps; `payload` is parsed JSON."""

    seq: int
    recorded_at: datetime
    kind: str
    connection_id: str
    client_order_id: str
    payload: dict[str, Any]

    def event(self) -> OrderEvent:
        """The event itself. Raises StoreError when it cannot be read back."""
        return decode_event(self.kind, self.payload)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One stored fact that is no order event: armed, kill switch, connected."""

    seq: int
    recorded_at: datetime
    kind: str
    connection_id: str
    text: str
    fields: dict[str, Any]


class JournalReader:
    """A read-only view. Each call reads what is on disk when it is made. One thread at a time."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path

    def entries(self) -> Iterator[JournalEntry]:
        """Every order event, oldest first.

        Raises StoreError where the journal has a gap or a changed record: what follows would be
        a guess.
        """
        seq, chain = 0, 0
        for row in self._rows("SELECT * FROM events ORDER BY seq"):
            seq, chain = seq + 1, chained(chain, *row[:-1])
            if row[0] != seq or row[-1] != chain:
                raise self._damaged(seq, "a record is missing or was changed")
            yield self._read(seq, _entry, row)

    def entries_of(self, client_order_id: str) -> Iterator[JournalEntry]:
        """The events of one order, oldest first; quick, but it proves nothing of the others.

        Raises StoreError when one cannot be read.
        """
        query = "SELECT * FROM events WHERE client_order_id = ? ORDER BY seq"
        for row in self._rows(query, client_order_id):
            yield self._read(row[0], _entry, row)

    def order_events(self) -> Iterator[OrderEvent]:
        """Every order event as the domain knows it, oldest first. Raises as `entries` does."""
        for entry in self.entries():
            yield self._read(entry.seq, JournalEntry.event, entry)

    def audit(self) -> Iterator[AuditRecord]:
        """Every audit record, oldest first. Raises StoreError when one cannot be read."""
        for row in self._rows("SELECT * FROM audit ORDER BY seq"):
            yield self._read(row[0], _audit_record, row)

    def notes(self) -> dict[Subject, Note]:
        """The newest note of every subject. Raises StoreError when one cannot be read."""
        rows = list(self._rows("SELECT seq, subject, note FROM notes ORDER BY seq"))
        return {Subject(row[1]): self._read(row[0], _note, row) for row in rows}

    def state(self) -> dict[str, str]:
        """The durable state: key to JSON text."""
        return dict(self._rows("SELECT key, value FROM state"))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _rows(self, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.Error as error:
            raise unreadable(self._path, JOURNAL, error) from error

    def _read(self, seq: int, read: Callable[[S], T], source: S) -> T:
        try:
            return read(source)
        except (StoreError, ValueError) as error:
            raise self._damaged(seq, str(error)) from error

    def _damaged(self, seq: int, what: str) -> StoreError:
        return StoreError(
            f"the order journal {self._path} cannot be read at record {seq} ({what}); it was left"
            f" as it is. {JOURNAL.remedy}"
        )


def open_read_only(path: Path) -> JournalReader:
    """The journal for reading, also while the window is open. Any thread.

    Raises StoreError when there is none, or it is damaged, newer or older.
    """
    return JournalReader(open_readable(path, JOURNAL), path)


def reader_beside_writer(path: Path) -> JournalReader:
    """A reader of a journal that this process holds open and has inspected already."""
    return JournalReader(connect_read_only(path), path)


def _entry(row: tuple[Any, ...]) -> JournalEntry:
    seq, recorded_at, kind, connection_id, client_order_id, payload, _chain = row
    moment = datetime.fromisoformat(recorded_at)
    return JournalEntry(seq, moment, kind, connection_id, client_order_id, from_json(payload))


def _note(row: tuple[Any, ...]) -> Note:
    fields = from_json(row[2])
    if not isinstance(fields, dict):
        raise StoreError(f"a note expected, found {row[2][:60]!r}")
    tags = fields.get("tags", [])
    return Note(str(fields.get("text", "")), tuple(map(str, tags)))


def _audit_record(row: tuple[Any, ...]) -> AuditRecord:
    seq, recorded_at, kind, connection_id, text, fields = row
    moment = datetime.fromisoformat(recorded_at)
    return AuditRecord(seq, moment, kind, connection_id, text, from_json(fields))
