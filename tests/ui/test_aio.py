"""The loop on Qt: tasks are kept and their failures told; signals wake it; stopping is bounded."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.commands.told import Told
from app.ui.aio import SignalWatch, Tasks, bounded, make_loop
from tests.surprises import LogWatch


def test_the_loop_of_other_threads_stays_an_ordinary_one(qapp: QApplication) -> None:
    loop = make_loop(qapp)
    try:
        kinds: list[str] = []

        def elsewhere() -> None:
            other = asyncio.new_event_loop()
            kinds.append(type(other).__name__)
            other.close()

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert kinds != [type(loop).__name__]
        assert asyncio.get_event_loop_policy().get_event_loop() is loop
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def test_a_task_is_kept_alive_and_its_failure_is_told(qloop: asyncio.AbstractEventLoop) -> None:
    told: list[tuple[str, str]] = []
    tasks = Tasks(qloop, lambda error, where: told.append((str(error), where)))

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def main() -> None:
        task = tasks.spawn(fail(), "unlucky")
        gc.collect()
        await asyncio.wait([task])
        await asyncio.sleep(0)
        assert len(tasks) == 0

    qloop.run_until_complete(main())
    assert told == [("no", "background work 'unlucky'")]


def test_cancelling_is_no_failure_and_waits_only_so_long(
    qloop: asyncio.AbstractEventLoop,
) -> None:
    told: list[str] = []
    tasks = Tasks(qloop, lambda error, where: told.append(where))
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    async def main() -> float:
        tasks.spawn(asyncio.sleep(60), "sleeper")
        task = tasks.spawn(stubborn(), "stubborn")
        await asyncio.sleep(0)
        start = qloop.time()
        await tasks.cancel_all(0.05)
        waited = qloop.time() - start
        assert len(tasks) == 1
        released.set()
        await asyncio.wait([task])
        return waited

    assert qloop.run_until_complete(main()) < 5
    assert told == []


def test_what_is_begun_after_the_end_is_dropped(qloop: asyncio.AbstractEventLoop) -> None:
    began: list[str] = []
    tasks = Tasks(qloop, lambda error, where: began.append(where))

    async def work(name: str) -> None:
        began.append(name)

    async def main() -> None:
        unbegun = tasks.spawn(Told(work("unbegun"), print), "unbegun")
        await tasks.cancel_all(5)
        late = tasks.spawn(Told(work("late"), print), "late")
        assert unbegun.cancelled()
        assert late.cancelled()
        assert len(tasks) == 0

    qloop.run_until_complete(main())
    gc.collect()  # a coroutine that nobody awaited would warn now
    assert began == []


def test_bounded_work_tells_why_it_did_not_end_well(
    qloop: asyncio.AbstractEventLoop, expected_logs: LogWatch
) -> None:
    async def fail() -> None:
        raise OSError("disk full")

    assert qloop.run_until_complete(bounded(asyncio.sleep(0), 5, "it")) is None
    late = qloop.run_until_complete(bounded(asyncio.sleep(60), 0.01, "the engine"))
    assert late == "the engine did not end within 0.01 s"
    with expected_logs("the engine failed", level="ERROR"):
        failed = qloop.run_until_complete(bounded(fail(), 5, "the engine"))
    assert failed == "the engine failed: disk full"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_wake_a_sleeping_qt_loop(qtbot: QtBot, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    heard: list[int] = []
    watch = SignalWatch(heard.append)
    try:
        killer = threading.Timer(0.05, os.kill, (os.getpid(), number))
        killer.start()
        qtbot.waitUntil(lambda: heard == [number], timeout=30_000)
        killer.join()
    finally:
        watch.close()
    assert signal.getsignal(number) is before
