"""One question from the engine to an adapter: how it crosses into the thread and comes back."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from app.base.errors import BrokerError, MoorgateError, Outcome

log = logging.getLogger("moorgate.runner")
T = TypeVar("T")


class Call(Generic[T]):
    """Begun in the adapter's thread or abandoned here, never both.

    It stays here until `hand_over`, which any thread may call: what has to be on disk first goes
    on from the journal's thread, and does not wait for a window that draws. Everything else
    belongs to the engine's loop.
    """

    def __init__(
        self,
        function: Callable[[], Awaitable[T]],
        name: str,
        post: Callable[[Callable[[], object]], None],
        tasks: set[asyncio.Task[None]],
    ) -> None:
        """`post` runs something in the adapter's thread if there still is one; `tasks` keeps
        what runs there alive. `name` is the connection's, for what is told.
        """
        self._function, self._name, self._post, self._tasks = function, name, post, tasks
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._begun = self._abandoned = False
        self._task: asyncio.Task[None] | None = None
        self.answer: asyncio.Future[T] = self._loop.create_future()

    def hand_over(self) -> None:
        """Let the adapter begin, from any thread. Nothing happens where it has ended, or when it
        was let begin before.
        """
        self._post(self._begin)

    def abandon(self, reason: str) -> bool:
        """True when it had not begun: then it never will, and `result` raises that as NOT_SENT."""
        with self._lock:
            if self._begun:
                return False
            self._abandoned = True
        self._fail(BrokerError(reason, Outcome.NOT_SENT))
        return True

    def give_up(self, reason: str) -> None:
        """Expect no answer any more: the thread is gone or stuck. A late one is ignored."""
        if not self.abandon(reason):
            self._fail(BrokerError(reason))

    async def result(self, timeout_s: float) -> T:
        """Wait for the answer, once. Raises what BrokerRunner.call raises."""
        try:
            await asyncio.wait((self.answer,), timeout=timeout_s)
            if not self.answer.done():
                busy = f"was too busy to take the request within {timeout_s:g} s; it was not sent"
                if not self.abandon(f"{self._name} {busy}"):
                    raise BrokerError(f"{self._name} gave no answer within {timeout_s:g} s")
            return self.answer.result()
        finally:
            self._drop()

    def _drop(self) -> None:
        """Nobody waits any more: what never began never will, what runs there is broken off."""
        if self.answer.done():
            return
        self.answer.cancel()
        with self._lock:
            self._abandoned = not self._begun
        self._post(self._cancel)

    def _fail(self, error: BrokerError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # looked at: nobody has to wait for it

    def _settle(self, outcome: T | MoorgateError) -> None:
        if self.answer.done():
            return
        if isinstance(outcome, MoorgateError):
            self.answer.set_exception(outcome)
            self.answer.exception()  # the same
        else:
            self.answer.set_result(outcome)

    # ---- in the adapter's thread ----

    def _begin(self) -> None:
        with self._lock:
            if self._abandoned or self._begun:
                return
            self._begun = True
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._tasks.add(self._task)
        self._task.add_done_callback(self._tasks.discard)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            self._send(await self._function())
        except MoorgateError as error:
            self._send(error)
        except asyncio.CancelledError:
            self._send(BrokerError("the call was broken off before its answer"))
            raise
        except Exception as error:
            log.exception("an adapter raised a foreign %s", type(error).__name__)
            wrapped = BrokerError(f"{type(error).__name__}: {error}")
            wrapped.__cause__ = error
            self._send(wrapped)

    def _send(self, outcome: T | MoorgateError) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle, outcome)
        except RuntimeError:  # the engine's loop is closed
            log.debug("an answer came after the engine's end")
