"""The wizard's own thread: slow steps run there, their results arrive on the window's loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

log = logging.getLogger("moorgate.wizard")

CLOSE_PATIENCE_S = 5.0
Make = Callable[[Callable[..., None]], Coroutine[Any, Any, Any]]
Done = Callable[[Any, Exception | None], None]


class Job:
    """One piece of work. Window's thread, but for what is said to belong to the worker's."""

    def __init__(self, make: Make, done: Done, main: asyncio.AbstractEventLoop) -> None:
        self._make, self._done, self._main = make, done, main
        self._is_dropped = False
        self._task: asyncio.Task[None] | None = None  # worker's thread

    def drop(self, worker: asyncio.AbstractEventLoop) -> None:
        """Nobody waits for it any more: it is called off, and nothing of it arrives."""
        self._is_dropped = True
        with suppress(RuntimeError):  # the worker's loop has ended, and the work with it
            worker.call_soon_threadsafe(self._cancel)

    def begin(self) -> None:
        """Worker's thread."""
        if not self._is_dropped:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        answer, error = None, None
        try:
            answer = await self._make(self._tell)
        except Exception as raised:  # noqa: BLE001 - handed to whoever asked
            error = raised
        self._send(self._finish, answer, error)

    def _tell(self, heard: Callable[..., None], *what: object) -> None:
        """Worker's thread: let the window hear something while the work goes on."""
        self._send(self._hear, heard, *what)

    def _send(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the window's loop has ended
            self._main.call_soon_threadsafe(function, *arguments)

    def _hear(self, heard: Callable[..., None], *what: object) -> None:
        if not self._is_dropped:
            heard(*what)

    def _finish(self, answer: Any, error: Exception | None) -> None:
        if not self._is_dropped:
            self._is_dropped = True
            self._done(answer, error)


class Worker:
    """One thread with a SelectorEventLoop set for it, made when first needed. Window's thread.

    One job at a time: a new one takes the place of the one before it.
    """

    def __init__(self) -> None:
        self._loop: asyncio.SelectorEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._job: Job | None = None
        self._ended: asyncio.Future[None] | None = None

    def begin(self, make: Make, done: Done) -> None:
        """Run `make(tell)` in the thread; `done(answer, error)` is called on the running loop.

        `tell(function, *arguments)` calls the function on that loop meanwhile. Nothing of a job
        that was dropped arrives.
        """
        self.drop()
        loop = self._started()
        self._job = Job(make, done, asyncio.get_running_loop())
        loop.call_soon_threadsafe(self._job.begin)

    def drop(self) -> None:
        """Call off what is under way."""
        if self._job is not None and self._loop is not None:
            self._job.drop(self._loop)
        self._job = None

    async def close(self, patience_s: float = CLOSE_PATIENCE_S) -> bool:
        """End the thread; False when its work would not end, and it was left behind."""
        self.drop()
        thread, loop, ended = self._thread, self._loop, self._ended
        if thread is None or loop is None or ended is None:
            return True
        self._thread = self._loop = None
        loop.call_soon_threadsafe(loop.stop)
        try:
            await asyncio.wait_for(asyncio.shield(ended), patience_s)
        except TimeoutError:
            log.info("the wizard's work does not end; its thread was left behind")
            return False
        thread.join(1.0)
        return True

    def _started(self) -> asyncio.SelectorEventLoop:
        if self._loop is None:
            main = asyncio.get_running_loop()
            self._ended = main.create_future()
            self._loop = asyncio.SelectorEventLoop()
            # A daemon: a step that never ends must not keep the program from ending.
            self._thread = threading.Thread(
                target=_turn, args=(self._loop, main, self._ended), name="wizard", daemon=True
            )
            self._thread.start()
        return self._loop


def _turn(
    loop: asyncio.SelectorEventLoop, main: asyncio.AbstractEventLoop, ended: asyncio.Future[None]
) -> None:
    """The thread's whole life."""
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        with suppress(RuntimeError):  # the window's loop has ended before
            main.call_soon_threadsafe(_settle, ended)


def _settle(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)
