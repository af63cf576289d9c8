"""kill -9 at any moment: what was acknowledged is there, in order, once, and appends are whole."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.base.errors import StoreError
from app.domain.order_events import OrderAccepted
from app.store.journal import Journal, open_read_only
from tests.unit.store.samples import accepted

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@contextmanager
def writer(file: Path, seed: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A process that appends without end; killed at the end of the block."""
    command = [sys.executable, "-m", "tests.unit.store.crash_child", str(file), str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def killed_after(file: Path, seed: int, pause_s: float) -> list[int]:
    """Let a writer run for `pause_s` after it opened, kill it: what it had acknowledged."""
    with writer(file, seed) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        time.sleep(pause_s)
        process.kill()
        # A last line without its end was cut off by the kill.
        lines = process.stdout.read().splitlines(keepends=True)
    return [int(line) for line in lines if line.endswith("\n")]


def check(file: Path) -> int:
    """The events are numbered without gap or repetition and every append is whole."""
    with Journal(file) as journal:
        events = list(journal.read_order_events())
    assert [event.client_order_id for event in events] == [str(n) for n in range(len(events))]
    last = -1
    for number, event in enumerate(events):
        assert isinstance(event, OrderAccepted)
        first, last = (int(part) for part in event.perm_id.split("-"))
        assert first <= number <= last
    assert last == len(events) - 1
    return len(events)


def test_thirty_kills_lose_and_double_nothing(file: Path) -> None:
    dice = random.Random()
    seed = dice.randrange(2**32)
    dice.seed(seed)
    stored = 0
    for number in range(30):
        acknowledged = killed_after(file, seed + number, dice.uniform(0, 0.03))
        assert acknowledged == sorted(set(acknowledged)), f"seed {seed}"
        before, stored = stored, check(file)
        assert stored >= max(acknowledged, default=before - 1) + 1, f"seed {seed}"
    assert stored > 100


def test_a_kill_during_the_first_start_leaves_something_to_start_from(tmp_path: Path) -> None:
    dice = random.Random()
    for number in range(6):
        file = tmp_path / str(number) / "journal.db"
        file.parent.mkdir()
        with writer(file) as process:
            while not file.parent.joinpath("journal.db.lock").exists():
                time.sleep(0.001)
            time.sleep(dice.uniform(0, 0.02))
            process.kill()
        check(file)


def check_refused(file: Path, owner: int) -> None:
    with pytest.raises(StoreError, match=rf"another Moorgate \(process {owner}\).*--home"):
        Journal(file)


def test_two_terminals_never_share_a_journal(file: Path) -> None:
    with writer(file) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        check_refused(file, process.pid)
        with open_read_only(file) as reader:  # an export may look on
            assert [entry.seq for entry in reader.entries()][:1] in ([], [1])
    # Killed, not closed: the lock it left behind means nothing.
    stored = check(file)
    with Journal(file) as journal:
        check_refused(file, os.getpid())
        journal.append([accepted(str(stored))]).result(30)
