"""How fast history may be asked for (TWS API, "Historical Data Limitations").

For bars of 30 seconds and less a request violates pacing when it is
- one of more than 60 within ten minutes; a request for BID_ASK counts twice,
- the same as one within the last 15 seconds,
- the sixth for one contract, exchange and kind of data within two seconds.
Longer bars are only slowed down; the last rule is kept for them as well, because it costs nothing.
Besides, no more than 50 requests may be open at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

SMALL_BAR_S = 30
MOST_OPEN = 50
_BUDGET, _BUDGET_S = 60, 600.0
_SAME_S = 15.0
_BURST, _BURST_S = 5, 2.0
# TWS's clock and ours need not agree on where a window ends.
_MARGIN_S = 0.25
# Waiting longer than this is worth a word.
_WORTH_TELLING_S = 1.0


@dataclass(frozen=True, slots=True)
class Paced:
    """A request as the rules see it. `key` is everything that makes two requests the same."""

    key: Hashable
    contract: Hashable  # contract, exchange and kind of data
    bar_s: int
    is_bid_ask: bool = False

    @property
    def is_small(self) -> bool:
        """Whether the strict rules hold."""
        return self.bar_s <= SMALL_BAR_S

    @property
    def weight(self) -> int:
        """As how many requests it counts."""
        return 2 if self.is_bid_ask else 1


class Pacing:
    """The rules for one session. `now` is in seconds on a clock that never runs backwards."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._small: deque[tuple[float, int]] = deque()
        self._asked: dict[Hashable, float] = {}
        self._bursts: dict[Hashable, deque[float]] = {}
        self._open = asyncio.Semaphore(MOST_OPEN)

    def delay_s(self, request: Paced) -> float:
        """How long it has to wait; 0 when it may go now. Seconds."""
        now = self._now()
        self._forget(now)
        delay = 0.0
        burst = self._bursts.get(request.contract, ())
        if len(burst) >= _BURST:
            delay = burst[-_BURST] + _BURST_S + _MARGIN_S - now
        if request.is_small:
            delay = max(delay, self._budget_delay_s(request.weight, now))
            if request.key in self._asked:
                delay = max(delay, self._asked[request.key] + _SAME_S + _MARGIN_S - now)
        return max(0.0, delay)

    def note(self, request: Paced) -> None:
        """It goes now."""
        now = self._now()
        self._bursts.setdefault(request.contract, deque(maxlen=_BURST)).append(now)
        if request.is_small:
            self._small.append((now, request.weight))
            self._asked[request.key] = now

    @asynccontextmanager
    async def turn(
        self, request: Paced, on_wait: Callable[[float], None] | None = None
    ) -> AsyncIterator[None]:
        """Wait until it may go; it counts as open inside. `on_wait` hears of long waits."""
        async with self._open:
            while (delay := self.delay_s(request)) > 0:
                if on_wait is not None and delay >= _WORTH_TELLING_S:
                    on_wait(delay)
                await asyncio.sleep(delay)
            self.note(request)
            yield

    def _budget_delay_s(self, weight: int, now: float) -> float:
        excess = sum(each for _, each in self._small) + weight - _BUDGET
        for at, each in self._small:
            if excess <= 0:
                break
            excess -= each
            delay = at + _BUDGET_S + _MARGIN_S - now
            if excess <= 0:
                return delay
        return 0.0

    def _forget(self, now: float) -> None:
        while self._small and now - self._small[0][0] >= _BUDGET_S + _MARGIN_S:
            self._small.popleft()
        for key in [k for k, at in self._asked.items() if now - at >= _SAME_S + _MARGIN_S]:
            del self._asked[key]
        for contract in [
            c for c, times in self._bursts.items() if now - times[-1] >= _BURST_S + _MARGIN_S
        ]:
            del self._bursts[contract]
