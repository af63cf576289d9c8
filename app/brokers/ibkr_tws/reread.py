"""Asking TWS again about orders that are in doubt, at once for all of them, never in a rush."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.base.errors import MoorgateError

log = logging.getLogger("moorgate.tws")


class Reread:
    """Runs `read` once for everybody who asked before it began. Adapter's thread and loop.

    Two reads are at least `pause_s` apart.
    """

    def __init__(self, read: Callable[[], Awaitable[None]], *, pause_s: float = 0.3) -> None:
        self._read, self._pause_s = read, pause_s
        self._reasons: list[str] = []
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    def ask(self, reason: str) -> None:
        """Let it be read; what was said before this call is not enough."""
        if self._is_closed:
            return
        self._reasons.append(reason)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="tws reread")

    def close(self) -> None:
        """Read no more."""
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while self._reasons:
                log.info("asking TWS for its orders: %s", "; ".join(dict.fromkeys(self._reasons)))
                self._reasons.clear()
                try:
                    await self._read()
                except MoorgateError as error:
                    # Whoever waits for an answer has a deadline of his own, in the engine.
                    log.info("TWS could not be asked: %s", error)
                except Exception:
                    log.exception("what TWS answered could not be handled")
                await asyncio.sleep(self._pause_s)
        finally:
            self._task = None
