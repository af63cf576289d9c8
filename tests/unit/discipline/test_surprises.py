"""The watch over the tests itself."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import surprises
from tests.doubles.clock import START, FakeClock
from tests.doubles.loop import LoopRunner, run_async
from tests.surprises import LeakWatch, LogWatch

quiet = logging.getLogger("moorgate.discipline")


def test_a_warning_is_a_surprise_even_without_propagation(
    expected_logs: LogWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet, "propagate", False)
    quiet.warning("the line dropped")
    assert expected_logs.surprises() == ["WARNING moorgate.discipline: the line dropped"]
    expected_logs.records.clear()


def test_expected_records_are_taken_out(expected_logs: LogWatch) -> None:
    with expected_logs("dropped", count=2, logger="moorgate") as records:
        quiet.warning("the line dropped")
        quiet.warning("the line dropped again")
    assert [record.getMessage() for record in records][1] == "the line dropped again"
    assert expected_logs.surprises() == []


@pytest.mark.parametrize(
    ("fragment", "level", "logger"),
    [("other", "WARNING", ""), ("dropped", "ERROR", ""), ("dropped", "WARNING", "moor")],
)
def test_a_record_that_does_not_fit_fails(
    expected_logs: LogWatch, fragment: str, level: str, logger: str
) -> None:
    with (
        pytest.raises(AssertionError, match="nothing was logged that fits"),
        expected_logs(fragment, level=level, logger=logger),
    ):
        quiet.warning("the line dropped")
    assert len(expected_logs.surprises()) == 1
    expected_logs.records.clear()


def test_what_was_expected_for_the_whole_test_must_come(expected_logs: LogWatch) -> None:
    expected_logs.during_test("late fill", level="ERROR")
    assert "never logged" in expected_logs.surprises()[0]
    quiet.error("a late fill")
    assert expected_logs.surprises() == []


def test_a_thread_socket_or_file_left_open_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surprises, "THREAD_GRACE_S", 0.1)
    watch = LeakWatch(tmp_path)
    release = threading.Event()
    thread = threading.Thread(target=release.wait, name="forgotten", daemon=True)
    with socket.socket(), (tmp_path / "open.txt").open("w"):
        thread.start()
        left = watch.left()
        release.set()
        thread.join()
    assert "thread forgotten" in left
    assert any("open.txt" in leak for leak in left)
    assert any(leak.startswith("socket:") for leak in left)
    assert watch.left() == []


def test_tasks_left_running_are_named() -> None:
    runner = LoopRunner()

    async def leave_a_task() -> asyncio.Task[None]:
        return asyncio.create_task(asyncio.sleep(60), name="left over")

    task = runner(leave_a_task())
    assert "left over" in runner.close()[0]
    assert task.cancelled()
    with pytest.raises(AssertionError, match="left over"):
        run_async(leave_a_task())


def test_a_coroutine_that_hangs_is_given_up(run: LoopRunner) -> None:
    with pytest.raises(TimeoutError):
        run(asyncio.sleep(60), timeout_s=0.01)


def test_the_clock_moves_only_when_told(clock: FakeClock) -> None:
    before = clock.monotonic()
    assert clock.now() == START
    assert clock.advance(1.5) == START + timedelta(seconds=1.5)
    assert clock.monotonic() == before + 1.5
    clock.set_now(datetime(2024, 1, 1, tzinfo=UTC))
    assert clock.monotonic() == before + 1.5
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="time zone"):
        FakeClock(datetime(2024, 1, 1))  # noqa: DTZ001 - the missing zone is what is tested
