"""The journal: what happened to every order, on disk before it is acted upon.

SQLite in WAL mode with synchronous=FULL. One thread writes; whatever is waiting when it comes round
goes into one transaction and one fsync. A future that is done means "on disk": a kill -9 or a power
cut after it loses nothing, and one before it leaves either the whole append or nothing of it.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from app.base.clock import Clock, SystemClock
from app.base.errors import StoreError
from app.base.redaction import redact
from app.domain.notes import Note, Subject
from app.domain.order_events import OrderEvent, OrderFilled, OrderInitialized
from app.store.codec import encode_event, from_json, to_json
from app.store.home_lock import HomeLock
from app.store.journal_reader import (
    AuditRecord,
    JournalEntry,
    JournalReader,
    open_read_only,
    reader_beside_writer,
)
from app.store.journal_schema import JOURNAL, chained
from app.store.migrations import open_writable, unreadable

__all__ = [
    "AuditEntry",
    "AuditRecord",
    "Entry",
    "Journal",
    "JournalEntry",
    "JournalReader",
    "NoteEntry",
    "StateEntry",
    "open_read_only",
]

log = logging.getLogger("moorgate.journal")
_LARGEST_BATCH = 1000
_AT_ONCE = 12  # events in one statement: what a bracket takes
# Beyond this the write-ahead log is folded into the main file, when nothing waits to be written.
_LARGEST_LOG_BYTES = 4_000_000
_COMMIT_BYTES, _ROW_BYTES = 16_000, 600  # four pages, and what an event takes
_IDLE_S = 0.25  # a pause of the desk that is long enough to fold the log in
_PATIENCE = 8  # times the size from which on it is folded without one


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A fact to keep that is no order event. `fields` are plain JSON values."""

    kind: str
    text: str
    connection_id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StateEntry:
    """A small value that must survive: the newest under its key counts. Plain JSON."""

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """What the trader wrote about something; the newest under its subject counts."""

    subject: Subject
    note: Note


Entry = OrderEvent | AuditEntry | StateEntry | NoteEntry


@dataclass(slots=True)
class _Job:
    """One append, already in the form of rows. `events` lack seq and chain."""

    future: Future[None]
    events: list[tuple[str, str, str | None, str, str]] = field(default_factory=list)
    audit: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    state: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str, str]] = field(default_factory=list)


class Journal:
    """The one writer of a home's journal. Every method may be called from any thread."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        """Open or create `path` and keep every other terminal out.

        Raises StoreError, with the file left as it was, when another Moorgate holds it, when it is
        damaged or newer, or when it cannot be written.
        """
        self.path = path
        self._clock = clock or SystemClock()
        self._lock = HomeLock(path.with_name(f"{path.name}.lock"))
        try:
            self._connection = open_writable(path, JOURNAL)
        except BaseException:
            self._lock.release()
            raise
        try:
            self._tail, self._state, self._connections = _load(self._connection)
        except sqlite3.Error as error:
            self._connection.close()
            self._lock.release()
            raise unreadable(path, JOURNAL, error) from error
        self._logged_bytes = 0  # since the write-ahead log was folded in; writer's thread
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        # Held while a job enters the queue: none slips in behind the end marker, or between a
        # failure and its announcement.
        self._gate = threading.RLock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def append(self, entries: Sequence[Entry]) -> Future[None]:
        """Write `entries`, all or none, behind everything appended before. Returns at once.

        The future is done when they are on disk; its callbacks run in the writer's thread, in the
        order of the appends. It fails with StoreError when the disk does not take them, and then
        everything that was waiting behind fails too, so that no later event is kept while an
        earlier one is not. Appends made after that are tried again. Empty `entries` wait for what
        is before them. Raises StoreError for what cannot be stored at all.
        """
        job = _Job(_running_future())
        now = self._clock.now().isoformat()
        for entry in entries:
            if isinstance(entry, OrderEvent):
                kind, payload = encode_event(entry)
                connection_id = _connection_of(entry)
                job.events.append((now, kind, connection_id, _name(entry.client_order_id), payload))
            elif isinstance(entry, AuditEntry):
                job.audit.append((now, *_audit_columns(entry)))
            elif isinstance(entry, NoteEntry):
                note = {"text": entry.note.text, "tags": list(entry.note.tags)}
                job.notes.append((now, _name(entry.subject), to_json(note)))
            else:
                job.state.append((_name(entry.key), to_json(entry.value)))
        with self._gate:
            if self._is_closed:
                job.future.set_exception(StoreError(f"the journal {self.path} is closed"))
            else:
                self._queue.put(job)
        return job.future

    def audit(self, kind: str, text: str, connection_id: str = "", **fields: Any) -> Future[None]:
        """Keep a fact that is no order event: who armed, the kill switch, a connect."""
        return self.append([AuditEntry(kind, text, connection_id, fields)])

    def put_state(self, key: str, value: Any) -> Future[None]:
        """Keep a small JSON value under `key`; None is a value too."""
        return self.append([StateEntry(key, value)])

    def get_state(self, key: str) -> Any:
        """The value that is on disk under `key`, a fresh copy; None when there is none."""
        text = self._state.get(key)
        return None if text is None else from_json(text)

    def put_note(self, subject: Subject, note: Note) -> Future[None]:
        """Keep what the trader wrote; an empty note takes the earlier one back."""
        return self.append([NoteEntry(subject, note)])

    def read_notes(self) -> dict[Subject, Note]:
        """The newest note of every subject on disk; raises StoreError where it is damaged."""
        with reader_beside_writer(self.path) as reader:
            return reader.notes()

    def read_order_events(self) -> Iterator[OrderEvent]:
        """Every order event on disk, oldest first; raises StoreError where it is damaged."""
        with reader_beside_writer(self.path) as reader:
            yield from reader.order_events()

    def read_audit(self) -> Iterator[AuditRecord]:
        """Every audit record on disk, oldest first; raises StoreError where it is damaged."""
        with reader_beside_writer(self.path) as reader:
            yield from reader.audit()

    def close(self) -> None:
        """Write what is waiting, let the next terminal in. Blocks; once is enough."""
        with self._gate:
            if self._is_closed:
                return
            self._is_closed = True
            self._queue.put(None)
        self._thread.join()
        self._connection.close()
        self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- the writer's thread ---------------------------------------------------------------------

    def _run(self) -> None:
        is_open = True
        while is_open:
            jobs = [self._next()]
            jobs += self._waiting(_LARGEST_BATCH - 1)
            is_open = None not in jobs
            self._settle([job for job in jobs if job is not None])

    def _next(self) -> _Job | None:
        """The next job; the log is folded while there is none, because that takes 40 ms."""
        if _LARGEST_LOG_BYTES < self._logged_bytes < _LARGEST_LOG_BYTES * _PATIENCE:
            with contextlib.suppress(queue.Empty):
                return self._queue.get(timeout=_IDLE_S)
        if self._logged_bytes > _LARGEST_LOG_BYTES:
            self._fold_log()
        return self._queue.get()

    def _settle(self, batch: list[_Job]) -> None:
        """Write one batch and answer its futures."""
        try:
            self._write(batch)
        except sqlite3.Error as error:
            self._fail(batch, error)
            return
        except Exception as error:
            # The thread lives on whatever happens: a future without an answer would hang the desk.
            log.exception("the journal's writer failed on something else than the disk")
            self._fail(batch, error)
            return
        for job in batch:
            job.future.set_result(None)

    def _write(self, batch: list[_Job]) -> None:
        if not any(job.events or job.audit or job.state or job.notes for job in batch):
            return
        connection = self._connection
        if connection.in_transaction:  # an earlier roll-back failed with the disk
            connection.execute("ROLLBACK")
        events, tail = self._numbered(row for job in batch for row in job.events)
        state = [row for job in batch for row in job.state]
        others = (
            (
                "INSERT INTO audit (recorded_at, kind, connection_id, text, fields)"
                " VALUES (?,?,?,?,?)",
                [row for job in batch for row in job.audit],
            ),
            ("INSERT OR REPLACE INTO state VALUES (?,?)", state),
            (
                "INSERT INTO notes (recorded_at, subject, note) VALUES (?,?,?)",
                [row for job in batch for row in job.notes],
            ),
        )
        if len(events) <= _AT_ONCE and not any(rows for _, rows in others):
            # Every step gives up Python's lock and waits for the window to let go of it again: an
            # order takes the only one there can be, which is a transaction of its own.
            values = ",".join(["(?,?,?,?,?,?,?)"] * len(events))
            connection.execute(
                f"INSERT INTO events VALUES {values}", [value for row in events for value in row]
            )
        else:
            self._transact((("INSERT INTO events VALUES (?,?,?,?,?,?,?)", events), *others))
        self._tail = tail
        self._state.update(state)
        # The file does not shrink when it is folded: what is new in it can only be estimated.
        self._logged_bytes += _COMMIT_BYTES + _ROW_BYTES * len(events)

    def _transact(self, inserts: Sequence[tuple[str, Sequence[tuple[Any, ...]]]]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in inserts:
                if rows:
                    connection.executemany(statement, rows)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            raise

    def _fail(self, batch: list[_Job], error: Exception) -> None:
        """Answer the batch, and what waits behind it, with the failure."""
        with self._gate:
            waiting = self._waiting()
            if None in waiting:
                self._queue.put(None)
            for job in (*batch, *(job for job in waiting if job is not None)):
                failure = StoreError(
                    f"the order journal {self.path} cannot be written ({error}): nothing of this"
                    " was stored. Free space on its disk or make it writable; until then nothing"
                    " new can be sent"
                )
                failure.__cause__ = error
                job.future.set_exception(failure)

    def _waiting(self, most: int | None = None) -> list[_Job | None]:
        """What is in the queue now, without waiting for more; it ends with the end marker."""
        jobs: list[_Job | None] = []
        with contextlib.suppress(queue.Empty):
            while most is None or len(jobs) < most:
                jobs.append(self._queue.get_nowait())
        return jobs

    def _numbered(
        self, rows: Iterable[tuple[str, str, str | None, str, str]]
    ) -> tuple[list[tuple[str | int, ...]], tuple[int, int]]:
        """Rows with their number and checksum, and the new tail."""
        seq, chain = self._tail
        numbered: list[tuple[str | int, ...]] = []
        for recorded_at, kind, told, order_id, payload in rows:
            if told is not None:
                self._connections[order_id] = told
            seq += 1
            row = (seq, recorded_at, kind, self._connections.get(order_id, ""), order_id, payload)
            chain = chained(chain, *row)
            numbered.append((*row, chain))
        return numbered, (seq, chain)

    def _fold_log(self) -> None:
        """Copy the write-ahead log into the main file; a failure can wait."""
        self._logged_bytes = 0
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def _load(
    connection: sqlite3.Connection,
) -> tuple[tuple[int, int], dict[str, str], dict[str, str]]:
    """The last number and checksum, the state, and which connection each order belongs to."""
    tail = connection.execute("SELECT seq, chain FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    state = connection.execute("SELECT key, value FROM state").fetchall()
    owners = connection.execute(
        "SELECT client_order_id, connection_id FROM events WHERE kind = 'OrderInitialized'"
    ).fetchall()
    return tail or (0, 0), dict(state), dict(owners)


def _running_future() -> Future[None]:
    """A future that a canceled task cannot cancel: what was appended is written all the same."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()
    return future


def _connection_of(event: OrderEvent) -> str | None:
    if isinstance(event, OrderInitialized):
        return _name(event.request.connection_id)
    if isinstance(event, OrderFilled):
        return _name(event.execution.connection_id)
    return None


def _audit_columns(entry: AuditEntry) -> tuple[str, str, str, str]:
    fields = {
        name: redact(value) if isinstance(value, str) else value
        for name, value in entry.fields.items()
    }
    # A file name may hold bytes that are no text at all; a note about it is kept all the same.
    text = redact(entry.text).encode("utf-8", "backslashreplace").decode()
    return _name(entry.kind), _name(entry.connection_id), text, to_json(fields)


def _name(text: str) -> str:
    """An identifier that the database can hold. Raises StoreError for one it cannot."""
    if not text.isprintable():
        raise StoreError(f"{text!r} holds characters that no identifier may have")
    return text
