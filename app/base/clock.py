"""Where time comes from, so that tests can hold it still."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic time for ages and time-outs. Any thread."""

    def now(self) -> datetime:
        """The present, UTC and aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for ages and time-outs."""
        ...


class SystemClock:
    """The computer's own clocks. Any thread."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
