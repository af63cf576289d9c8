"""A disk that is full, read-only or held: nothing is half written, and it goes on when it can."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import StoreError
from app.store.home_lock import HomeLock
from app.store.journal import AuditEntry, Entry, Journal, StateEntry, open_read_only
from app.store.journal_schema import JOURNAL
from app.store.migrations import Schema, open_writable
from tests.unit.store.samples import accepted, initialized

NOBODY = 65534


class PageLimit:
    """Portable: SQLite itself refuses to grow the file, with the error of a full disk."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "journal.db"

    def fill(self, journal: Journal) -> None:
        (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
        journal._connection.execute(f"PRAGMA max_page_count={pages}")

    def free(self, journal: Journal) -> None:
        journal._connection.execute("PRAGMA max_page_count=1000000")


class SmallDisk:
    """A file system of its own that a filler takes up to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "journal.db"
        self._filler = folder / "filler"

    def fill(self, journal: Journal) -> None:
        with self._filler.open("wb", buffering=0) as stream, suppress(OSError):
            while True:
                stream.write(b"x" * 4096)

    def free(self, journal: Journal) -> None:
        self._filler.unlink()


Disk = PageLimit | SmallDisk


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount 2 MB of memory on `folder`; False where this process may not mount."""
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    is_mounted = (
        mount is not None
        and os.geteuid() == 0
        and subprocess.run(command, check=False, capture_output=True).returncode == 0
    )
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder)], check=True, capture_output=True)


@pytest.fixture(params=["page limit", "real disk"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """Both kinds; where nothing may be mounted the portable one stands in for the real one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "page limit":
        yield PageLimit(folder)
        return
    with small_disk(folder) as is_mounted:
        yield SmallDisk(folder) if is_mounted else PageLimit(folder)


def orders(first: int, count: int) -> list[str]:
    return [f"o{n}" for n in range(first, first + count)]


def stored(file: Path) -> list[str]:
    with open_read_only(file) as reader:
        return [event.client_order_id for event in reader.order_events()]


def test_a_full_disk_fails_the_append_and_stores_nothing_of_it(disk: Disk) -> None:
    with Journal(disk.file) as journal:
        journal.append([initialized(order_id) for order_id in orders(0, 5)]).result(30)
        disk.fill(journal)
        for _ in range(2):
            refused: list[Entry] = [
                *(initialized(order_id) for order_id in orders(5, 900)),
                AuditEntry("arm", "on"),
                StateEntry("halted", True),
            ]
            with pytest.raises(StoreError, match=r"nothing of this was stored.*Free space") as info:
                journal.append(refused).result(10)
            assert isinstance(info.value.__cause__, sqlite3.OperationalError)
            assert "full" in str(info.value.__cause__)
        assert list(journal.read_audit()) == []
        assert journal.get_state("halted") is None
        assert stored(disk.file) == orders(0, 5)
        disk.free(journal)
        journal.append([initialized(order_id) for order_id in orders(5, 900)]).result(10)
        assert stored(disk.file) == orders(0, 905)
    with Journal(disk.file) as journal:
        assert [event.client_order_id for event in journal.read_order_events()] == orders(0, 905)


def test_a_full_disk_at_the_end_keeps_what_was_acknowledged(disk: Disk) -> None:
    with Journal(disk.file) as journal:
        journal.append([initialized(order_id) for order_id in orders(0, 300)]).result(30)
        disk.fill(journal)
    with closing(sqlite3.connect(disk.file)) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (300,)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Journal, Callable[[], None]]]:
    """A journal whose file another program keeps locked, and how to end that."""
    with Journal(tmp_path / "journal.db") as journal:
        journal._connection.execute("PRAGMA busy_timeout=200")
        other = sqlite3.connect(
            tmp_path / "journal.db", isolation_level=None, check_same_thread=False
        )

        def release() -> None:
            other.execute("ROLLBACK")

        with closing(other):
            other.execute("BEGIN IMMEDIATE")
            yield journal, release


def test_what_waits_behind_a_failure_fails_with_it(
    held: tuple[Journal, Callable[[], None]],
) -> None:
    journal, release = held
    # The writer waits 0.2 s for the lock with the first; the others queue up behind it meanwhile.
    futures = [journal.append([accepted(order_id)]) for order_id in orders(0, 5)]
    for future in futures:
        with pytest.raises(StoreError, match="locked"):
            future.result(30)
    release()
    journal.append([accepted("later")]).result(30)
    assert stored(journal.path) == ["later"]


def test_an_append_from_within_a_failure_is_tried(
    held: tuple[Journal, Callable[[], None]],
) -> None:
    journal, release = held
    retried = []

    def retry(_: object) -> None:
        release()
        retried.append(journal.append([accepted("again")]))

    first = journal.append([accepted("once")])
    first.add_done_callback(retry)
    with pytest.raises(StoreError):
        first.result(30)
    journal.append([]).result(30)
    retried[0].result(30)
    assert stored(journal.path) == ["again"]


def test_closing_while_the_disk_refuses_answers_everybody(
    held: tuple[Journal, Callable[[], None]],
) -> None:
    journal, _ = held
    futures = [journal.append([accepted("first")])]
    while not journal._queue.empty():  # until the writer has taken it and waits for the lock
        time.sleep(0.001)
    futures += [journal.append([accepted(order_id)]) for order_id in orders(0, 5)]
    journal.close()
    assert all(isinstance(future.exception(0), StoreError) for future in futures)


def test_a_file_that_turned_read_only_fails_appends_until_it_is_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        journal.append([initialized()]).result(30)
        journal._connection.execute("PRAGMA query_only=ON")
        with pytest.raises(StoreError, match="readonly"):
            journal.append([accepted()]).result(30)
        journal._connection.execute("PRAGMA query_only=OFF")
        journal.append([accepted()]).result(30)
        assert stored(journal.path) == ["o1", "o1"]


@contextmanager
def without_privileges() -> Iterator[None]:
    """Act as a plain user: the administrator may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def locked_folder() -> Iterator[Path]:
    """A folder with a journal in it that nobody may write; reachable for a plain user."""
    folder = Path(tempfile.mkdtemp())
    with Journal(folder / "journal.db") as journal:
        journal.append([initialized()])
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_a_read_only_folder_is_refused_and_can_still_be_read(locked_folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in locked_folder.iterdir()}
    with without_privileges():
        with pytest.raises(StoreError, match=r"journal\.db\.lock cannot be opened"):
            Journal(locked_folder / "journal.db")
        assert stored(locked_folder / "journal.db") == ["o1"]
    assert {path.name: path.read_bytes() for path in locked_folder.iterdir()} == before


def test_a_read_only_file_is_refused(locked_folder: Path) -> None:
    locked_folder.chmod(0o777)
    (locked_folder / "journal.db.lock").chmod(0o666)
    with without_privileges():
        with pytest.raises(StoreError, match="Permission denied"):
            Journal(locked_folder / "journal.db")
        # The refused start let go of the lock: the complaint is the same a second time.
        with pytest.raises(StoreError, match="Permission denied"):
            Journal(locked_folder / "journal.db")
    assert stored(locked_folder / "journal.db") == ["o1"]


def test_a_failure_in_the_middle_of_an_append_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        journal.append([initialized()]).result(30)
        numbered = journal._numbered

        def too_short(rows: Any) -> Any:
            made, tail = numbered(rows)
            return [*made[:-1], made[-1][:-1]], tail

        monkeypatch.setattr(journal, "_numbered", too_short)
        with pytest.raises(StoreError, match="nothing of this was stored"):
            journal.append([accepted(order_id) for order_id in orders(0, 5)]).result(30)
        monkeypatch.undo()
        assert stored(journal.path) == ["o1"]
        # As if even the roll-back had failed with the disk: the next append begins cleanly.
        journal._connection.execute("BEGIN IMMEDIATE")
        journal._connection.execute("DELETE FROM events")
        journal.append([accepted()]).result(30)
        assert stored(journal.path) == ["o1", "o1"]


def test_a_journal_without_its_tables_is_refused_and_let_go(tmp_path: Path) -> None:
    def nothing(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE other (x)")

    empty = Schema(JOURNAL.title, JOURNAL.application_id, (nothing,), JOURNAL.remedy)
    open_writable(tmp_path / "journal.db", empty).close()
    for _ in range(2):
        with pytest.raises(StoreError, match="no such table"):
            Journal(tmp_path / "journal.db")


def test_a_disk_that_cannot_lock_is_told_apart_from_a_second_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(StoreError, match=r"cannot be locked on this kind of disk.*--home DIR"):
        HomeLock(tmp_path / "lock")


def test_a_lock_can_be_taken_again_after_its_release(tmp_path: Path) -> None:
    first = HomeLock(tmp_path / "lock")
    (tmp_path / "lock").write_text("not a number")
    with pytest.raises(StoreError, match="another Moorgate works on"):
        HomeLock(tmp_path / "lock")
    first.release()
    first.release()
    HomeLock(tmp_path / "lock").release()
