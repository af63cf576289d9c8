"""How the parts of this adapter speak to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from app.base.clock import Clock
from app.brokers.base import Sink
from app.domain.ids import ConnectionId
from app.domain.reports import BrokerReport, Notice, Severity


class Voice:
    """The sink with what every report needs, and timers that end with the line.

    Adapter's thread. After `close` nothing is said any more and no timer fires.
    """

    def __init__(self, connection_id: ConnectionId, sink: Sink, clock: Clock) -> None:
        self.connection_id = connection_id
        self._sink, self._clock = sink, clock
        self._timers: set[asyncio.TimerHandle] = set()
        self._is_closed = False

    def now(self) -> datetime:
        """The wall time of a report."""
        return self._clock.now()

    def say(self, report: BrokerReport) -> None:
        """Lossless and in order."""
        if not self._is_closed:
            self._sink.report(report)

    def notice(self, severity: Severity, text: str, code: str = "") -> None:
        """A sentence for the log and, when loud, for the trader."""
        self.say(Notice(self.connection_id, severity, text, self.now(), code))

    def after(self, delay_s: float, act: Callable[[], object]) -> None:
        """Do something later, unless the line ends before."""
        if self._is_closed:
            return

        def fire() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(delay_s, fire)
        self._timers.add(timer)

    def close(self) -> None:
        """Fall silent."""
        self._is_closed = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
