"""Notes in the journal: the newest counts, and kill -9 takes none that was acknowledged."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from app.base.errors import StoreError
from app.domain.notes import Note, Subject, day_subject
from app.store.journal import Journal, open_read_only
from app.store.journal_schema import JOURNAL
from app.store.migrations import Schema, open_writable

ROOT = Path(__file__).resolve().parents[3]
DAY, OTHER = day_subject(date(2026, 3, 2)), day_subject(date(2026, 3, 3))
# Writes notes without end; each number that it tells is on disk.
CHILD = """
import os, sys
from pathlib import Path
from app.domain.notes import Note, Subject
from app.store.journal import Journal
journal, number = Journal(Path(sys.argv[1])), 0
while True:
    number += 1
    journal.put_note(Subject(f"day|{number % 3}"), Note(f"n {number}", (f"t{number}",))).result()
    os.write(1, f"{number}\\n".encode())
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_the_newest_note_counts_also_after_a_restart(file: Path) -> None:
    with Journal(file) as journal:
        assert journal.read_notes() == {}
        journal.put_note(DAY, Note("first", ("a",)))
        journal.put_note(OTHER, Note("", ("b", "größe")))
        journal.put_note(DAY, Note('second "quoted" \ud800 emoji 😀', ("a", "c"))).result(30)
        expected = {
            DAY: Note('second "quoted" \ud800 emoji 😀', ("a", "c")),
            OTHER: Note("", ("b", "größe")),
        }
        assert journal.read_notes() == expected
    with Journal(file) as journal:
        assert journal.read_notes() == expected
    with open_read_only(file) as reader:
        assert reader.notes() == expected


def test_every_version_stays_on_disk(file: Path) -> None:
    with Journal(file) as journal:
        for text in ("one", "two", ""):
            journal.put_note(DAY, Note(text)).result(30)
        assert journal.read_notes() == {DAY: Note()}
    with closing(sqlite3.connect(file)) as raw:
        (count,) = raw.execute("SELECT count(*) FROM notes").fetchone()
    assert count == 3


def test_a_subject_that_is_no_identifier_is_refused(file: Path) -> None:
    with Journal(file) as journal, pytest.raises(StoreError, match="characters"):
        journal.put_note(Subject("day|\x00"), Note("x"))


def test_a_damaged_note_is_named(file: Path) -> None:
    with Journal(file) as journal:
        journal.put_note(DAY, Note("x")).result(30)
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("UPDATE notes SET note = '[1]'")
        raw.commit()
    with Journal(file) as journal, pytest.raises(StoreError, match=r"record 1 \(a note expected"):
        journal.read_notes()


def test_a_journal_from_before_notes_is_brought_up_to_date(file: Path) -> None:
    first = Schema(JOURNAL.title, JOURNAL.application_id, JOURNAL.migrations[:1], JOURNAL.remedy)
    with closing(open_writable(file, first)) as old:
        old.execute("INSERT INTO state VALUES ('kept', '1')")
    with Journal(file) as journal:
        assert journal.get_state("kept") == 1
        journal.put_note(DAY, Note("x")).result(30)
        assert journal.read_notes() == {DAY: Note("x")}


def test_kill_9_takes_no_note_that_was_acknowledged(file: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(file)]
    for target in (3, 25, 60):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ) as child:
            assert child.stdout is not None
            while int(child.stdout.readline()) < target:
                pass
            child.kill()
            told = child.stdout.read().splitlines(keepends=True)
        whole = [int(line) for line in told if line.endswith(b"\n")]
        acknowledged = max(whole, default=target)
        with Journal(file) as journal:
            stored = journal.read_notes()
        newest = max(int(note.text.split()[1]) for note in stored.values())
        # At most the one that was under way beyond those it told of.
        assert acknowledged <= newest <= acknowledged + 1
        for number in range(newest - 2, newest + 1):
            assert stored[Subject(f"day|{number % 3}")] == Note(f"n {number}", (f"t{number}",))
