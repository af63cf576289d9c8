"""Notes are announced when they are on disk and not before."""

from __future__ import annotations

import asyncio
import concurrent.futures
from datetime import date

import pytest

from app.base.bus import EventBus
from app.base.errors import StoreError
from app.domain.events import NoteSaved
from app.domain.notes import Note, Subject, day_subject
from app.engine.notes import Notes
from tests.doubles.loop import LoopRunner

DAY, OTHER = day_subject(date(2026, 3, 2)), day_subject(date(2026, 3, 3))


class Paper:
    """Fits NotePort; `answer` writes, or refuses, what waits."""

    def __init__(self) -> None:
        self.written: dict[Subject, Note] = {}
        self.waiting: list[tuple[Subject, Note, concurrent.futures.Future[None]]] = []

    def put_note(self, subject: Subject, note: Note) -> concurrent.futures.Future[None]:
        self.waiting.append((subject, note, concurrent.futures.Future()))
        return self.waiting[-1][2]

    def read_notes(self) -> dict[Subject, Note]:
        return dict(self.written)

    def answer(self, refusal: Exception | None = None) -> None:
        for subject, note, future in self.waiting:
            if refusal is None:
                self.written[subject] = note
                future.set_result(None)
            else:
                future.set_exception(refusal)
        self.waiting.clear()


@pytest.fixture
def paper() -> Paper:
    return Paper()


@pytest.fixture
def said() -> list[NoteSaved]:
    return []


@pytest.fixture
def notes(paper: Paper, said: list[NoteSaved]) -> Notes:
    bus = EventBus()
    bus.subscribe(NoteSaved, said.append)
    return Notes(paper, bus)


async def _save(notes: Notes, paper: Paper, note: Note, refusal: Exception | None = None) -> Note:
    """Save; what counts while it is on its way to the disk."""
    task = asyncio.ensure_future(notes.save(DAY, note))
    await asyncio.sleep(0)  # it has handed the note over
    assert paper.waiting
    meanwhile = notes.get(DAY)
    paper.answer(refusal)
    await task
    return meanwhile


def test_a_note_counts_when_it_is_on_disk(
    notes: Notes, paper: Paper, said: list[NoteSaved], run: LoopRunner
) -> None:
    assert run(_save(notes, paper, Note("too big"))) == Note()
    assert notes.get(DAY) == Note("too big")
    assert said == [NoteSaved(DAY, Note("too big"))]


def test_what_the_disk_refuses_leaves_the_old_note(
    notes: Notes, paper: Paper, said: list[NoteSaved], run: LoopRunner
) -> None:
    notes.take({DAY: Note("old")})
    with pytest.raises(StoreError, match="disk full"):
        run(_save(notes, paper, Note("new"), StoreError("disk full")))
    assert notes.get(DAY) == Note("old")
    assert said == []


def test_what_was_saved_while_reading_is_newer(notes: Notes, paper: Paper, run: LoopRunner) -> None:
    paper.written = {DAY: Note("old"), OTHER: Note("other")}
    stored = notes.read()
    run(_save(notes, paper, Note("new")))
    was_loaded = notes.is_loaded
    notes.take(stored)
    assert (was_loaded, notes.is_loaded) == (False, True)
    assert notes.all() == {DAY: Note("new"), OTHER: Note("other")}


def test_an_empty_note_takes_the_earlier_back(notes: Notes, paper: Paper, run: LoopRunner) -> None:
    notes.take({DAY: Note("old")})
    run(_save(notes, paper, Note()))
    assert notes.all() == {}
