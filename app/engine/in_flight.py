"""Requests that are on their way, and the watch over those that nobody answers."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

from app.base.clock import Clock
from app.domain.ids import ClientOrderId, ConnectionId

log = logging.getLogger("moorgate.orders")

# What was handed over may still be travelling for this long after its call has ended; until then a
# list that lacks the order, or shows it as it was, proves nothing.
SETTLING_S = 3.0
# How often deadlines are looked at; a held clock in a test is noticed this soon.
POLL_S = 0.1
RETRY_S = 5.0


class OpenCalls:
    """Which orders have a request under way, or had until just now. Engine's loop only."""

    def __init__(self, clock: Clock, settling_s: float = SETTLING_S) -> None:
        self._clock, self._settling_s = clock, settling_s
        self._open: Counter[ClientOrderId] = Counter()
        self._settled_at: dict[ClientOrderId, float] = {}

    @contextmanager
    def of(self, own_ids: Iterable[ClientOrderId]) -> Iterator[None]:
        """Counts the orders as under way inside the block, and as unsettled for a while after."""
        counted = Counter(own_ids)
        self._open += counted
        try:
            yield
        finally:
            self._open -= counted
            settled_at = self._clock.monotonic() + self._settling_s
            self._settled_at.update(dict.fromkeys(counted, settled_at))

    def is_open(self, own_id: ClientOrderId) -> bool:
        """Whether a request of this order is under way."""
        return self._open[own_id] > 0

    def unsettled(self) -> AbstractSet[ClientOrderId]:
        """Orders about which a broker's list may be too early to prove anything."""
        now = self._clock.monotonic()
        self._settled_at = {own_id: at for own_id, at in self._settled_at.items() if at > now}
        return set(self._open) | set(self._settled_at)


class Watch:
    """Calls `check` for orders that are due, one task a connection that ends when none is left.

    `check` answers the orders to look at again, each with its delay in seconds. Engine's loop.
    """

    def __init__(
        self,
        clock: Clock,
        check: Callable[
            [ConnectionId, AbstractSet[ClientOrderId]], Awaitable[dict[ClientOrderId, float]]
        ],
        poll_s: float = POLL_S,
    ) -> None:
        self._clock, self._check, self._poll_s = clock, check, poll_s
        self._due: dict[ConnectionId, dict[ClientOrderId, float]] = {}
        self._tasks: dict[ConnectionId, asyncio.Task[None]] = {}
        self._is_stopped = False

    def add(self, connection_id: ConnectionId, own_id: ClientOrderId, delay_s: float) -> None:
        """Look at this order in `delay_s`, or sooner if that was agreed before."""
        if self._is_stopped:
            return
        due = self._due.setdefault(connection_id, {})
        at = self._clock.monotonic() + delay_s
        due[own_id] = min(at, due.get(own_id, at))
        if connection_id not in self._tasks:
            name = f"watch {connection_id}"
            task = asyncio.get_running_loop().create_task(self._attend(connection_id), name=name)
            self._tasks[connection_id] = task

    async def run_due(self, connection_id: ConnectionId) -> bool:
        """Check what is due now; False when nothing was."""
        due, now = self._due.get(connection_id, {}), self._clock.monotonic()
        ready = {own_id for own_id, at in due.items() if at <= now}
        if not ready:
            return False
        for own_id in ready:
            del due[own_id]
        try:
            again = await self._check(connection_id, ready)
        except Exception:
            log.exception("the watch over %s stumbled and goes on", connection_id)
            again = dict.fromkeys(ready, RETRY_S)
        for own_id, delay_s in again.items():
            self.add(connection_id, own_id, delay_s)
        return True

    async def stop(self) -> None:
        """End every task; nothing is watched afterwards."""
        self._is_stopped = True
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _attend(self, connection_id: ConnectionId) -> None:
        try:
            while due := self._due.get(connection_id):
                if not await self.run_due(connection_id):
                    left_s = min(due.values(), default=0.0) - self._clock.monotonic()
                    await asyncio.sleep(max(0.0, min(left_s, self._poll_s)))
        finally:
            del self._tasks[connection_id]
