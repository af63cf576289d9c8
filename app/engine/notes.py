"""Notes and tags: read once, written through the journal, announced when they are on disk."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Mapping
from typing import Protocol

from app.base.bus import EventBus
from app.domain.events import NoteSaved
from app.domain.notes import Note, Subject


class NotePort(Protocol):
    """Where notes are kept (store.journal)."""

    def put_note(self, subject: Subject, note: Note) -> concurrent.futures.Future[None]:
        """Done when it is on disk; fails with StoreError."""
        ...

    def read_notes(self) -> dict[Subject, Note]:
        """The newest note of every subject; any thread."""
        ...


class Notes:
    """What the trader wrote. Engine's loop only, except where a method says otherwise."""

    def __init__(self, port: NotePort, bus: EventBus) -> None:
        self._port, self._bus = port, bus
        self._notes: dict[Subject, Note] = {}
        self.is_loaded = False

    def read(self) -> dict[Subject, Note]:
        """Every note on disk, for `take`; blocks, any thread. Raises StoreError."""
        return self._port.read_notes()

    def take(self, stored: Mapping[Subject, Note]) -> None:
        """Adopt what `read` found; what was saved meanwhile is newer."""
        self._notes = {**stored, **self._notes}
        self.is_loaded = True

    def get(self, subject: Subject) -> Note:
        """The note on disk, an empty one where there is none."""
        return self._notes.get(subject, Note())

    def all(self) -> dict[Subject, Note]:
        """A copy of every note that says something."""
        return {subject: note for subject, note in self._notes.items() if note}

    async def save(self, subject: Subject, note: Note) -> None:
        """Returns when it is on disk, and so announced. Raises StoreError: the old one stands."""
        await asyncio.wrap_future(self._port.put_note(subject, note))
        self._notes[subject] = note
        self._bus.publish(NoteSaved(subject, note))
