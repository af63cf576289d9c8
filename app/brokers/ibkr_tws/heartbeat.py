"""Asking TWS for the time, over and over: the only way to notice a line that died in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.base.errors import BrokerError

# A TWS that sends other things but not the time gets so many periods before it counts as dead.
PERIODS_WHILE_TALKING = 3


class Heartbeat:
    """One question at a time. Adapter's thread and loop.

    `ask` puts the question; `messages` counts everything that came; `on_silence(reason)` is called
    once, when the answer did not come within the period. While `is_excused`, any message will do.
    """

    def __init__(
        self,
        period_s: float,
        ask: Callable[[], None],
        messages: Callable[[], int],
        on_silence: Callable[[str], None],
        is_excused: Callable[[], bool],
    ) -> None:
        self._period_s, self._ask = period_s, ask
        self._messages, self._on_silence, self._is_excused = messages, on_silence, is_excused
        self._answered = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, with the first question a period from now."""
        self._task = asyncio.get_running_loop().create_task(self._beat())

    def stop(self) -> None:
        """End; nothing is called any more."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._task = None

    def hear(self, _seconds: int) -> None:
        """The time came."""
        self._answered.set()

    async def _beat(self) -> None:
        while self._task is not None:
            await asyncio.sleep(self._period_s)
            self._answered.clear()
            try:
                self._ask()
            except BrokerError:  # the line went down, and whoever noticed has told
                return
            if not await self._is_answered():
                self._on_silence(f"TWS has not answered for {self._period_s:g} s")
                return

    async def _is_answered(self) -> bool:
        at_first = self._messages()
        for _ in range(PERIODS_WHILE_TALKING):
            before = self._messages()
            try:
                async with asyncio.timeout(self._period_s):
                    await self._answered.wait()
            except TimeoutError:
                if self._messages() == before and not self._is_excused():
                    return False
            else:
                return True
        return self._is_excused() and self._messages() != at_first
