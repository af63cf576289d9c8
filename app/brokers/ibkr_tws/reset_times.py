"""When IBKR resets its servers, so that a lost line then is no cause for alarm. No I/O.

Source: IBKR, "System Status" (interactivebrokers.com, Server Reset Times). A login belongs to one
region, which we do not know, so the times of all three count.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

_SUNDAY_TO_FRIDAY = frozenset({0, 1, 2, 3, 4, 6})  # datetime.weekday()


class _Reset(NamedTuple):
    zone: str
    days: frozenset[int]
    begin: time
    end: time


RESETS = (
    _Reset("America/New_York", _SUNDAY_TO_FRIDAY, time(0, 15), time(1, 45)),
    _Reset("Europe/Zurich", _SUNDAY_TO_FRIDAY, time(6, 25), time(7, 45)),
    _Reset("Asia/Hong_Kong", _SUNDAY_TO_FRIDAY, time(4, 45), time(6, 5)),
    _Reset("Asia/Hong_Kong", _SUNDAY_TO_FRIDAY, time(20, 15), time(21, 15)),
    # The weekend's: Friday 23:00 to Saturday 03:00.
    _Reset("America/New_York", frozenset({4}), time(23, 0), time.max),
    _Reset("America/New_York", frozenset({5}), time(0, 0), time(3, 0)),
)


def is_reset_time(now: datetime) -> bool:
    """Whether IBKR may be resetting its servers at `now` (aware)."""
    return any(_holds(reset, now) for reset in RESETS)


def _holds(reset: _Reset, now: datetime) -> bool:
    there = now.astimezone(ZoneInfo(reset.zone))
    return there.weekday() in reset.days and reset.begin <= there.time() <= reset.end
