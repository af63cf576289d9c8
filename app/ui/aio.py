"""The one asyncio loop of the program, driven by Qt: made, used and ended here. GUI thread.

The loop is made by hand. `qasync.run` would install a global policy, and with it the loops of the
broker threads would become Qt loops too.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

import qasync
from PySide6.QtCore import QObject, QSocketNotifier
from PySide6.QtWidgets import QApplication

log = logging.getLogger("moorgate.aio")

Failed = Callable[[BaseException, str], None]


def make_loop(app: QApplication) -> asyncio.AbstractEventLoop:
    """A Qt-driven loop, set as the loop of this thread only."""
    loop: asyncio.AbstractEventLoop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    return loop


class Tasks:
    """Background work that is never lost: kept until done, and its failure is told."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_failure: Failed) -> None:
        self._loop, self._on_failure = loop, on_failure
        self._running: set[asyncio.Task[Any]] = set()
        self._is_over = False

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Future[Any]:
        """Run `work` in the background under `name`; after `cancel_all` it is dropped unbegun."""
        if self._is_over:
            work.close()
            dropped = self._loop.create_future()
            dropped.cancel()
            return dropped
        task = self._loop.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def cancel_all(self, timeout_s: float) -> None:
        """Ask everything still running to end, and wait at most `timeout_s`.

        It is for the end of the program: nothing is begun any more, for nobody would end it.
        """
        self._is_over = True
        mine = asyncio.current_task()
        waiting = [task for task in self._running if task is not mine]
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting, timeout=timeout_s)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(error, f"background work {task.get_name()!r}")


async def bounded(work: Coroutine[Any, Any, Any], timeout_s: float, what: str) -> str | None:
    """Await `work` for at most `timeout_s`; the reason in words if it did not end well."""
    try:
        await asyncio.wait_for(work, timeout_s)
    except TimeoutError:
        return f"{what} did not end within {timeout_s:g} s"
    except Exception as error:
        log.exception("%s failed", what)
        return f"{what} failed: {error}"
    return None


class SignalWatch(QObject):
    """SIGINT and SIGTERM as a call in the GUI thread, also while Qt sleeps in its own loop.

    Python runs signal handlers between bytecodes, and there are none while Qt waits: the wake-up
    file descriptor ends that wait.
    """

    def __init__(self, on_signal: Callable[[int], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._on_signal = on_signal
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._old_wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._old = {
            number: signal.signal(number, self._noted) for number in (signal.SIGINT, signal.SIGTERM)
        }
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._drain)

    def close(self) -> None:
        """Put everything back as it was."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._old_wakeup)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._read.close()
        self._write.close()

    def _noted(self, number: int, _frame: FrameType | None) -> None:
        self._on_signal(number)

    def _drain(self) -> None:
        try:
            while self._read.recv(64):
                pass
        except (BlockingIOError, OSError):
            return
