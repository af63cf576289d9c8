"""Latency: what is put in comes out later, in the same order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class DelayLine(Generic[T]):
    """Hands every item to `deliver` after its delay; nothing overtakes anything.

    Belongs to one loop. `deliver` must not raise.
    """

    def __init__(self, deliver: Callable[[T], None]) -> None:
        self._deliver = deliver
        self._items: deque[tuple[float, T]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T, delay_s: float) -> None:
        """Let `item` out in `delay_s` seconds, or behind what is before it."""
        loop = asyncio.get_running_loop()
        due = loop.time() + delay_s
        if self._items:
            due = max(due, self._items[-1][0])
        self._items.append((due, item))
        if self._timer is None:
            self._timer = loop.call_at(due, self._let_out)

    def clear(self) -> None:
        """Forget everything under way."""
        self._items.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _let_out(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        # The loop may wake a hair early; what is due within its resolution is due now.
        now = loop.time() + 0.0005
        while self._items and self._items[0][0] <= now:
            self._deliver(self._items.popleft()[1])
        if self._items and self._timer is None:
            self._timer = loop.call_at(self._items[0][0], self._let_out)
