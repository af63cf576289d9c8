"""The crash path: four sinks, one report without secrets, and the program goes on."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.ui.crash import CrashPath, CrashReport
from app.ui.dialogs.report import ReportDialog, crash_dialog, crash_heading
from tests.surprises import LogWatch

SECRET = "hunter2-token"


@pytest.fixture
def crash(qloop: asyncio.AbstractEventLoop) -> Iterator[CrashPath]:
    path = CrashPath(lambda text: text.replace(SECRET, "[secret]"), lambda count: [f"line {count}"])
    path.install(qloop)
    yield path
    path.uninstall()


def reports_of(path: CrashPath) -> list[CrashReport]:
    heard: list[CrashReport] = []
    path.reported.connect(heard.append)
    return heard


def boom() -> None:
    raise ValueError(f"cannot use {SECRET}")


def test_a_slot_that_raises_is_reported_without_secrets(
    crash: CrashPath, qtbot: QtBot, expected_logs: LogWatch
) -> None:
    heard = reports_of(crash)
    with expected_logs("unforeseen failure in the window", level="ERROR"):
        # Qt's own path of an exception in a slot, without pytest-qt's catcher in between.
        try:
            boom()
        except ValueError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        qtbot.waitUntil(lambda: len(heard) == 1, timeout=30_000)
    report = heard[0]
    assert report.title == "ValueError: cannot use [secret]"
    assert SECRET not in report.text
    assert "boom" in report.text
    assert "line 60" in report.text
    assert report.where == "the window"


def test_a_thread_that_raises_is_reported_in_the_gui_thread(
    crash: CrashPath, qtbot: QtBot, expected_logs: LogWatch
) -> None:
    threads: list[threading.Thread] = []
    crash.reported.connect(lambda _report: threads.append(threading.current_thread()))
    with expected_logs("unforeseen failure in thread 'feed'", level="ERROR"):
        thread = threading.Thread(target=boom, name="feed")
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(threads) == 1, timeout=30_000)
    assert threads == [threading.main_thread()]


def test_a_lost_task_is_reported(
    crash: CrashPath, qloop: asyncio.AbstractEventLoop, expected_logs: LogWatch
) -> None:
    heard = reports_of(crash)

    async def lose_one() -> None:
        async def fail() -> None:
            boom()

        task = asyncio.ensure_future(fail())
        await asyncio.sleep(0.01)
        del task
        gc.collect()
        await asyncio.sleep(0.01)

    with expected_logs("never retrieved", level="ERROR"):
        qloop.run_until_complete(lose_one())
    assert [report.title for report in heard] == ["ValueError: cannot use [secret]"]


def test_a_loop_callback_that_raises_is_reported(
    crash: CrashPath, qloop: asyncio.AbstractEventLoop, expected_logs: LogWatch
) -> None:
    heard = reports_of(crash)

    async def main() -> None:
        qloop.call_soon(boom)
        await asyncio.sleep(0.01)

    with expected_logs("unforeseen failure", level="ERROR"):
        qloop.run_until_complete(main())
    assert heard[0].title == "ValueError: cannot use [secret]"


def test_the_same_fault_is_counted(
    crash: CrashPath, qapp: QApplication, expected_logs: LogWatch
) -> None:
    heard = reports_of(crash)
    with expected_logs("unforeseen failure", level="ERROR", count=3):
        for _ in range(2):
            try:
                boom()
            except ValueError as error:
                crash.take(error, "a test")
        crash.take(KeyError("other"), "a test")
    assert [report.count for report in heard] == [1, 2, 1]
    assert "It has happened 2 times" in crash_heading(heard[1])


def test_the_dialog_does_not_block_and_copies_all(qtbot: QtBot, qapp: QApplication) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    report = CrashReport("ValueError: no", "the whole report", "a test", 1)
    dialog = crash_dialog(report, parent)
    dialog.show()
    assert isinstance(dialog, ReportDialog)
    assert not dialog.isModal()
    dialog.copy()
    copied = qapp.clipboard().text()
    assert "ValueError: no" in copied
    assert "the whole report" in copied
    assert "The program goes on" in copied


def test_hooks_are_given_back(qloop: asyncio.AbstractEventLoop) -> None:
    before = (sys.excepthook, threading.excepthook)
    path = CrashPath(str, lambda _count: [])
    path.install(qloop)
    assert sys.excepthook != before[0]
    path.uninstall()
    assert (sys.excepthook, threading.excepthook) == before
    assert not QTimer().isActive()
