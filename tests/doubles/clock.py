"""A clock that stands still until the test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# A Tuesday, 10:30 in New York, so the regular US session is open.
START = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)


class FakeClock:
    """Fits `app.base.clock.Clock`. Wall and monotonic time move together, by `advance` only."""

    def __init__(self, start: datetime = START, monotonic_s: float = 1000.0) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be aware of its time zone")
        self._now, self._monotonic_s = start.astimezone(UTC), monotonic_s

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic_s

    def advance(self, seconds: float) -> datetime:
        """Let `seconds` pass on both clocks; answers the new wall time."""
        if seconds < 0:
            raise ValueError("time does not run backwards; use set_now to step the wall clock")
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += seconds
        return self._now

    def set_now(self, now: datetime) -> None:
        """Step the wall clock alone, as a time server or the user does."""
        self._now = now.astimezone(UTC)
