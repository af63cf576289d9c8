"""What tests with Qt get besides tests/conftest.py.

At the end of each test in this folder no QTimer runs, no QThread runs, and no window is left.
Give every top-level widget to `qtbot.addWidget`, or close and delete it in the test.

The fixture `qloop` is an asyncio loop on the Qt event loop, as the program has one:

    def test_connects(qloop, qtbot):
        qloop.run_until_complete(engine.start())

While the test body runs nothing turns the loop, except run_until_complete and the waits of
qtbot. A task that still runs at the end fails the test.

A test that sits in Qt's event loop for longer than a minute is thrown out of it and fails: no
signal reaches Python there, so pytest-timeout alone could not end it. The marker timeout(SECONDS)
gives a test more.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import qasync
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

LOOP_TIMEOUT_S = 60.0


class QtWatch:
    """Notes who starts timers and threads, and tells which of them never ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._timers: weakref.WeakKeyDictionary[QTimer, str] = weakref.WeakKeyDictionary()
        self._threads: weakref.WeakKeyDictionary[QThread, str] = weakref.WeakKeyDictionary()
        self._windows = set(self._top_level())
        self._note(monkeypatch, QTimer, self._timers)
        self._note(monkeypatch, QThread, self._threads)

    @staticmethod
    def _note(monkeypatch: pytest.MonkeyPatch, kind: Any, starters: Any) -> None:
        start = kind.start

        def noted_start(self: Any, *args: Any) -> Any:
            caller = sys._getframe(1)
            starters[self] = f"{caller.f_code.co_filename}:{caller.f_lineno}"
            return start(self, *args)

        monkeypatch.setattr(kind, "start", noted_start)

    @staticmethod
    def _top_level() -> dict[int, str]:
        """Address -> description; addresses, because Python's wrappers come and go."""
        return {
            shiboken6.getCppPointer(widget)[0]: f"window {type(widget).__name__}"
            f" {widget.objectName() or widget.windowTitle()!r}"
            for widget in QApplication.topLevelWidgets()
        }

    def left(self) -> list[str]:
        """Stop what still runs and describe it."""
        _delete_what_was_asked_for()
        windows = self._new_windows()
        if windows or self._running():
            gc.collect()  # what nobody can reach any more is no leak
            _delete_what_was_asked_for()
            windows = self._new_windows()
        leaks = windows + self._running()
        for timer in list(self._timers):
            if shiboken6.isValid(timer):
                timer.stop()
        for thread in list(self._threads):
            if shiboken6.isValid(thread) and thread.isRunning():
                thread.quit()
                QThread.wait(thread, 500)  # a subclass may have a wait of its own
        return leaks

    def _new_windows(self) -> list[str]:
        return [text for at, text in self._top_level().items() if at not in self._windows]

    def _running(self) -> list[str]:
        timers = [
            f"QTimer started at {where}"
            for timer, where in self._timers.items()
            if shiboken6.isValid(timer) and timer.isActive()
        ]
        threads = [
            f"QThread started at {where}"
            for thread, where in self._threads.items()
            if shiboken6.isValid(thread) and thread.isRunning()
        ]
        return timers + threads


class LoopGuard:
    """Throws a test that takes too long out of Qt's event loop, again and again until it ends."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.has_fired = False
        self._timer = QTimer()
        self._timer.timeout.connect(self._leave)
        self._timer.start(round(seconds * 1000))

    def _leave(self) -> None:
        self.has_fired = True
        self._timer.setInterval(1000)
        QCoreApplication.exit(1)

    def stop(self) -> None:
        self._timer.stop()


def _delete_what_was_asked_for() -> None:
    """Carry out deleteLater(), which outside of a running event loop nobody does."""
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture(autouse=True)
def _qt_leaks(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    marker = request.node.get_closest_marker("timeout")
    # A collection in another thread would destroy the QObjects of this one: see app.ui.garbage.
    # It stays off for the rest of the run; every test then ends with one in this thread.
    gc.disable()
    guard = LoopGuard(marker.args[0] if marker and marker.args else LOOP_TIMEOUT_S)
    watch = QtWatch(monkeypatch)
    yield
    leaks = watch.left()
    guard.stop()
    if guard.has_fired:
        leaks.insert(0, f"the event loop, still turning after {guard.seconds:g} s")
    if leaks:
        pytest.fail("\n".join(["left behind:", *leaks]), pytrace=False)


@pytest.fixture
def qloop(qapp: QApplication) -> Iterator[asyncio.AbstractEventLoop]:
    """asyncio on Qt's event loop; it turns in run_until_complete and while qtbot waits."""
    loop = qasync.QEventLoop(qapp)
    asyncio.set_event_loop(loop)
    yield loop
    left = [task for task in asyncio.all_tasks(loop) if not task.done()]
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    asyncio.set_event_loop(None)
    if left:
        pytest.fail("left running: " + "; ".join(map(repr, left)), pytrace=False)
