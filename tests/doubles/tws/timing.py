"""The peer's clock and timers; they live in its thread and survive a restart of its sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Timer:
    """Something that will run; `cancel` is harmless at any time."""

    def __init__(self, handles: set[Timer]) -> None:
        self._handles = handles
        self._handle: asyncio.TimerHandle | None = None
        handles.add(self)

    def arm(self, delay_s: float, run: Callable[[], None]) -> None:
        self._handle = asyncio.get_running_loop().call_later(delay_s, run)

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handles.discard(self)


class Timing:
    """Wall time that tests may move, and timers. Peer thread only."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._timers: set[Timer] = set()

    def now(self) -> datetime:
        """The peer's wall time, UTC."""
        return datetime.now(UTC) + self._offset

    def move(self, seconds: float) -> None:
        """Set the wall clock forward; timers are not hurried by it."""
        self._offset += timedelta(seconds=seconds)

    def set(self, at: datetime) -> None:
        """Let it be `at` (aware) now; the clock runs on from there."""
        self._offset = at - datetime.now(UTC)

    def later(self, delay_s: float, run: Callable[[], None]) -> Timer:
        """Run once after `delay_s` real seconds."""
        timer = Timer(self._timers)

        def fire() -> None:
            timer.cancel()
            run()

        timer.arm(delay_s, fire)
        return timer

    def every(self, interval_s: float, run: Callable[[], None]) -> Timer:
        """Run again and again until it is cancelled; the first time after one interval."""
        timer = Timer(self._timers)

        def fire() -> None:
            timer.arm(interval_s, fire)
            run()

        timer.arm(interval_s, fire)
        return timer

    def waiting(self) -> int:
        """How many timers are armed."""
        return len(self._timers)

    def cancel_all(self) -> None:
        """Forget every timer: the peer stops."""
        for timer in tuple(self._timers):
            timer.cancel()
