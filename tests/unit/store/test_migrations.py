"""Databases are opened, brought up to date, or refused with every byte left where it was."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.base.errors import StoreError
from app.store.history import HISTORY
from app.store.journal_schema import JOURNAL
from app.store.migrations import Schema, inspect_file, open_readable, open_writable


def _one(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE things (name TEXT)")


def _two(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7")


def _failing(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO things (name) VALUES ('half')")
    connection.execute("INSERT INTO nowhere VALUES (1)")


def _broken_code(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO things (name) VALUES ('half')")
    raise KeyError("a mistake of ours")


def schema(*migrations: Callable[[sqlite3.Connection], None]) -> Schema:
    return Schema("box of things", 0x54455354, migrations, "Throw it away")


FIRST, SECOND = schema(_one), schema(_one, _two)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "things.db"


def make(file: Path, kind: Schema = FIRST) -> None:
    with closing(open_writable(file, kind)) as connection:
        connection.execute("INSERT INTO things (name) VALUES ('kept')")


def bytes_of(file: Path) -> dict[str, str]:
    """Everything about a database but what readers share: an index, and a log without content."""
    parts = {p.name: p.read_bytes() for p in file.parent.iterdir() if p.suffix != ".db-shm"}
    return {
        name: hashlib.sha256(content).hexdigest()
        for name, content in parts.items()
        if content or not name.endswith("-wal")
    }


@pytest.fixture
def untouched(file: Path) -> Iterator[Callable[[], None]]:
    """Call it when the file is as it must stay; checked at the end."""
    before: list[dict[str, str]] = []
    yield lambda: before.append(bytes_of(file))
    assert [bytes_of(file)] == before


def test_a_new_file_is_private_durable_and_at_the_newest_version(file: Path) -> None:
    with closing(open_writable(file, SECOND)) as connection:
        pragmas = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("user_version", "application_id", "journal_mode", "synchronous")
        }
    assert pragmas == {
        "user_version": 2,
        "application_id": 0x54455354,
        "journal_mode": "wal",
        "synchronous": 2,
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_step_brings_an_older_file_up_to_date(file: Path) -> None:
    make(file, FIRST)
    with closing(open_writable(file, SECOND)) as connection:
        assert connection.execute("SELECT name, size FROM things").fetchall() == [("kept", 7)]
    assert inspect_file(file, SECOND) == 2


def test_a_file_at_the_newest_version_is_not_written(
    file: Path, untouched: Callable[[], None]
) -> None:
    make(file)
    untouched()
    open_writable(file, FIRST).close()


@pytest.mark.parametrize("step", [_failing, _broken_code])
def test_a_failing_step_leaves_the_older_version(
    file: Path, step: Callable[[sqlite3.Connection], None]
) -> None:
    make(file, FIRST)
    with pytest.raises((StoreError, KeyError)):
        open_writable(file, schema(_one, _two, step))
    assert inspect_file(file, FIRST) == 1
    with closing(open_readable(file, FIRST)) as connection:
        assert connection.execute("SELECT * FROM things").fetchall() == [("kept",)]


def test_a_newer_file_is_refused(file: Path, untouched: Callable[[], None]) -> None:
    make(file, SECOND)
    untouched()
    for opened in (open_writable, open_readable):
        with pytest.raises(StoreError, match=r"newer Moorgate \(version 2, this one knows 1\)"):
            opened(file, FIRST)


def test_an_older_file_is_not_read_in_place_of_a_newer_one(file: Path) -> None:
    make(file, FIRST)
    with pytest.raises(StoreError, match="older Moorgate"):
        open_readable(file, SECOND)


def test_a_foreign_database_is_refused(file: Path, untouched: Callable[[], None]) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    untouched()
    with pytest.raises(StoreError, match="a database of another program"):
        open_writable(file, FIRST)


def test_a_file_that_is_no_database_is_refused(file: Path, untouched: Callable[[], None]) -> None:
    file.write_bytes(b"Dear diary" * 1000)
    untouched()
    with pytest.raises(StoreError, match=r"does not begin as a database does.*Throw it away"):
        open_writable(file, FIRST)


@pytest.mark.parametrize("at", [16, 100])
def test_damage_in_the_header_is_refused(
    file: Path, at: int, untouched: Callable[[], None]
) -> None:
    make(file)
    damage(file, at, b"\xff" * 24)
    untouched()
    with pytest.raises(StoreError, match=r"is damaged|cannot be used"):
        open_writable(file, FIRST)


def test_damage_in_the_middle_is_refused(file: Path, untouched: Callable[[], None]) -> None:
    with closing(open_writable(file, FIRST)) as connection:
        connection.executemany(
            "INSERT INTO things VALUES (?)", [(f"{n:04}" * 50,) for n in range(500)]
        )
    damage(file, 4096 * 5, b"\x5a" * 4096)
    untouched()
    with pytest.raises(StoreError, match="is damaged"):
        open_writable(file, FIRST)


def test_a_truncated_file_is_refused(file: Path, untouched: Callable[[], None]) -> None:
    make(file)
    file.write_bytes(file.read_bytes()[:-4096])
    untouched()
    with pytest.raises(StoreError, match="is damaged"):
        open_writable(file, FIRST)


@pytest.mark.parametrize("is_there", [True, False])
def test_changes_without_their_main_file_are_kept(
    file: Path, is_there: bool, untouched: Callable[[], None]
) -> None:
    file.with_name("things.db-wal").write_bytes(b"changes" * 100)
    if is_there:
        file.touch()
    untouched()
    with pytest.raises(StoreError, match=r"empty although things\.db-wal holds its changes"):
        open_writable(file, FIRST)


def test_a_first_start_that_was_cut_off_is_begun_again(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    assert file.stat().st_size > 0
    assert inspect_file(file, FIRST) == 0
    open_writable(file, FIRST).close()
    assert inspect_file(file, FIRST) == 1


def test_there_must_be_something_to_read(file: Path) -> None:
    with pytest.raises(StoreError, match="there is no box of things"):
        open_readable(file, FIRST)


def test_a_folder_in_its_place_is_refused(file: Path) -> None:
    file.mkdir()
    with pytest.raises(StoreError, match="cannot be used"):
        open_writable(file, FIRST)


def test_a_missing_folder_is_refused(file: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        open_writable(file.parent / "nowhere" / "things.db", FIRST)


def test_another_writer_in_the_middle_is_waited_for_and_then_named(file: Path) -> None:
    make(file, FIRST)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("INSERT INTO things VALUES ('busy')")
        with pytest.raises(StoreError, match="locked"):
            open_writable(file, FIRST, patience_s=0.05)


@pytest.mark.parametrize("known", [JOURNAL, HISTORY])
def test_every_real_file_can_be_made_step_by_step(file: Path, known: Schema) -> None:
    for version in range(1, known.version + 1):
        part = Schema(known.title, known.application_id, known.migrations[:version], known.remedy)
        open_writable(file, part).close()
        assert inspect_file(file, part) == version


def test_version_2_of_the_journal(file: Path) -> None:
    with closing(open_writable(file, JOURNAL)) as connection:
        assert columns_of(connection) == {
            "events": [
                *("seq", "recorded_at", "kind", "connection_id"),
                *("client_order_id", "payload", "chain"),
            ],
            "audit": ["seq", "recorded_at", "kind", "connection_id", "text", "fields"],
            "state": ["key", "value"],
            "notes": ["seq", "recorded_at", "subject", "note"],
        }


def test_version_1_of_the_history(file: Path) -> None:
    with closing(open_writable(file, HISTORY)) as connection:
        assert columns_of(connection) == {
            "series": ["id", "source", "instrument", "timeframe"],
            "bars": ["series", "start_s", "open", "high", "low", "close", "volume"],
            "covered": ["series", "start_s", "end_s"],
        }


def columns_of(connection: sqlite3.Connection) -> dict[str, list[str]]:
    tables = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    ).fetchall()
    return {
        name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        for (name,) in tables
    }


def damage(file: Path, at: int, content: bytes) -> None:
    with file.open("r+b") as stream:
        stream.seek(at)
        stream.write(content)
