"""When a market trades, to which trading day a moment belongs, and where bars begin.

A calendar is a week of sessions in the exchange's own wall time, so it follows daylight saving by
itself. Public holidays and half days are not known: on a holiday a calendar says "open" and simply
no data comes. A session may have parts (before, during, after regular hours); no bar ever reaches
over the border of a part, so intraday bars start afresh at 04:00, 09:30 and 16:00 in New York.

For bars a moment between two sessions belongs to the session that has ended: a late print counts to
the day it was made on. What was traded, and what it earned, counts to the trading day: that of the
session under way, so that the evening of a future counts to the next day, and outside of sessions
the date that the exchange's clock shows. A Saturday is a Saturday. What trades around the clock has
the days of UTC. Everything here may be called from any thread.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.base.errors import UserError
from app.domain.market import Timeframe

Seconds = NDArray[np.int64]
_WEEK_S = 7 * 86_400
# A moment outside of 1900 to 2200 is a broken time stamp, and a table up to it would be huge.
_EARLIEST_S, _LATEST_S = -2_208_988_800, 7_258_118_400


@dataclass(frozen=True, slots=True)
class _Hours:
    """One part of a session: minutes of wall time from midnight of the session's date."""

    begin_min: int
    end_min: int
    is_regular: bool = True


@dataclass(frozen=True, slots=True)
class _Week:
    zone: str
    weekdays: range  # of the session's date, Monday is 0
    parts: tuple[_Hours, ...]


_NEW_YORK = "America/New_York"
_WEEKS = {
    "always": _Week("UTC", range(7), (_Hours(0, 24 * 60),)),
    # NYSE and Nasdaq with early and late trading.
    "us-equity": _Week(
        _NEW_YORK,
        range(5),
        (
            _Hours(4 * 60, 9 * 60 + 30, is_regular=False),
            _Hours(9 * 60 + 30, 16 * 60),
            _Hours(16 * 60, 20 * 60, is_regular=False),
        ),
    ),
    # CME Globex: Sunday 18:00 to Friday 17:00 with an hour's break; the evening is the next day.
    "cme-globex": _Week(_NEW_YORK, range(5), (_Hours(-6 * 60, 17 * 60),)),
    # Spot currencies: the day turns at 17:00 in New York, without a break within the week.
    "forex": _Week(_NEW_YORK, range(5), (_Hours(-7 * 60, 17 * 60),)),
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One part of one session in UTC epoch seconds."""

    begin_s: int
    end_s: int
    is_regular: bool
    day: date
    session_open_s: int


class _Table:
    """The parts of some years in columns; immutable, so that threads may share it."""

    def __init__(self, rows: Sequence[_Row], first_s: int, last_s: int) -> None:
        self.first_s, self.last_s = first_s, last_s  # moments that it can answer for
        self.begins = [row.begin_s for row in rows]
        self.ends = [row.end_s for row in rows]
        self.is_regular = [row.is_regular for row in rows]
        self.days = [row.day for row in rows]
        sessions = [row.session_open_s for row in rows]
        weeks = _firsts(sessions, [row.day.isocalendar()[:2] for row in rows])
        months = _firsts(sessions, [(row.day.year, row.day.month) for row in rows])
        self.opens = {Timeframe.D1: sessions, Timeframe.W1: weeks, Timeframe.MO1: months}
        self.begins_array = np.array(self.begins, dtype=np.int64)
        self.opens_arrays = {t: np.array(o, dtype=np.int64) for t, o in self.opens.items()}

    def part(self, at_s: float) -> int:
        """The newest part that has begun."""
        return bisect_right(self.begins, at_s) - 1


def _firsts(opens: list[int], periods: list[tuple[int, int]]) -> list[int]:
    """For each row the opening of the first session of its period."""
    first: dict[tuple[int, int], int] = {}
    return [first.setdefault(period, opened) for period, opened in zip(periods, opens, strict=True)]


class SessionCalendar:
    """One market's week. Get one from `calendar(name)`; any thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._week = _WEEKS[name]
        self.zone = ZoneInfo(self._week.zone)
        self._table: _Table | None = None
        self._newest_part = (0, 0, date.min)  # asked for last: fills come day by day

    @property
    def regular_share(self) -> float:
        """How much of a week is regular trading, 0 to 1."""
        minutes = sum(p.end_min - p.begin_min for p in self._week.parts if p.is_regular)
        return minutes * 60 * len(self._week.weekdays) / _WEEK_S

    def is_open(self, at: datetime, outside_hours: bool = False) -> bool:
        """Whether `at` lies in regular hours, or with `outside_hours` in any part of a session."""
        at_s = at.timestamp()
        table = self._covering(at_s, at_s)
        part = table.part(at_s)
        return at_s < table.ends[part] and (outside_hours or table.is_regular[part])

    def session_date(self, at: datetime) -> date:
        """The day of the bar that `at` belongs to; between sessions the day that has ended."""
        at_s = at.timestamp()
        table = self._covering(at_s, at_s)
        return table.days[table.part(at_s)]

    def trading_day(self, at: datetime) -> date:
        """The day of the session under way; outside of sessions the exchange's own date."""
        at_s = at.timestamp()
        begin_s, end_s, day = self._newest_part
        if begin_s <= at_s < end_s:
            return day
        table = self._covering(at_s, at_s)
        part = table.part(at_s)
        if at_s >= table.ends[part]:
            return at.astimezone(self.zone).date()
        self._newest_part = table.begins[part], table.ends[part], table.days[part]
        return table.days[part]

    def next_open(self, at: datetime, outside_hours: bool = False) -> datetime:
        """The first moment from `at` on that is open: `at` itself when the market is open."""
        if self.is_open(at, outside_hours):
            return at
        at_s = at.timestamp()
        table = self._covering(at_s, at_s + _WEEK_S)
        coming = range(table.part(at_s) + 1, len(table.begins))
        part = next(p for p in coming if outside_hours or table.is_regular[p])
        return datetime.fromtimestamp(table.begins[part], UTC)

    def bar_start_s(self, at_s: float, timeframe: Timeframe) -> int:
        """Where the bar that holds `at_s` begins, UTC epoch seconds.

        Bars of a day, a week or a month begin with the opening of their first session. Raises
        ValueError for a moment outside of 1900 to 2200.
        """
        table = self._covering(at_s, at_s)
        part = table.part(at_s)
        if timeframe in table.opens:
            return table.opens[timeframe][part]
        begin_s, length_s = table.begins[part], timeframe.seconds
        return begin_s + (math.floor(at_s) - begin_s) // length_s * length_s

    def bar_end_s(self, start_s: int, timeframe: Timeframe) -> int:
        """Where the next bar may begin at the earliest, given the start of one.

        It is later than the last trade of the bar that starts at `start_s`.
        """
        table = self._covering(start_s, start_s + 6 * _WEEK_S)
        if timeframe in table.opens:
            opens = table.opens[timeframe]
            return table.begins[bisect_right(opens, opens[table.part(start_s)])]
        return min(start_s + timeframe.seconds, table.begins[table.part(start_s) + 1])

    def bar_starts_s(self, at_s: Seconds, timeframe: Timeframe) -> Seconds:
        """`bar_start_s` for a whole column at once (int64 in, int64 out)."""
        if not len(at_s):
            return at_s.astype(np.int64)
        table = self._covering(float(at_s.min()), float(at_s.max()))
        parts = np.searchsorted(table.begins_array, at_s, side="right") - 1
        if timeframe in table.opens_arrays:
            return table.opens_arrays[timeframe][parts]
        begins, length_s = table.begins_array[parts], timeframe.seconds
        starts: Seconds = begins + (at_s - begins) // length_s * length_s
        return starts

    def session_open_s(self, day: date) -> int:
        """When the session of `day` opens; of a day without one, the session before it.

        For brokers whose daily bars carry a date and no moment.
        """
        noon_s = datetime(day.year, day.month, day.day, 12, tzinfo=self.zone).timestamp()
        table = self._covering(noon_s, noon_s)
        return table.opens[Timeframe.D1][bisect_right(table.days, day) - 1]

    def _covering(self, first_s: float, last_s: float) -> _Table:
        table = self._table
        if table is None or first_s < table.first_s or last_s >= table.last_s:
            known = (table.first_s, table.last_s - 1) if table else (first_s, last_s)
            first, last = _year(min(first_s, known[0])), _year(max(last_s, known[1]))
            # A year to each side: the part before the first moment and the end after the last.
            rows = [r for year in range(first - 1, last + 2) for r in self._rows(year)]
            table = _Table(rows, _year_s(first), _year_s(last + 1))
            self._table = table
        return table

    def _rows(self, year: int) -> Iterator[_Row]:
        for offset in range((date(year + 1, 1, 1) - date(year, 1, 1)).days):
            day = date(year, 1, 1) + timedelta(offset)
            if day.weekday() not in self._week.weekdays:
                continue
            opened_s = self._moment_s(day, self._week.parts[0].begin_min)
            for hours in self._week.parts:
                begin_s = self._moment_s(day, hours.begin_min)
                end_s = self._moment_s(day, hours.end_min)
                yield _Row(begin_s, end_s, hours.is_regular, day, opened_s)

    def _moment_s(self, day: date, minutes: int) -> int:
        """Wall time to UTC epoch seconds: minutes are added on the exchange's own clock."""
        wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 - wall time on purpose, the zone follows
        return int(wall.replace(tzinfo=self.zone).timestamp())


def _year(at_s: float) -> int:
    if not _EARLIEST_S <= at_s < _LATEST_S:
        raise ValueError(f"{at_s:g} s after 1970 is no moment of any market here")
    return datetime.fromtimestamp(at_s, UTC).year


def _year_s(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


@cache
def calendar(name: str) -> SessionCalendar:
    """The calendar called `name`; raises UserError for a name nobody knows. Any thread."""
    if name not in _WEEKS:
        known = ", ".join(sorted(_WEEKS))
        raise UserError(f"there is no trading calendar called {name!r}; known are {known}")
    return SessionCalendar(name)


def trading_day(name: str, at: datetime) -> date:
    """The day to which a fill of a moment counts in the calendar called `name`. Any thread.

    That of the session under way, else the date at the exchange; the day in UTC where nobody knows
    that calendar, which is better than none.
    """
    return calendar(name).trading_day(at) if name in _WEEKS else at.astimezone(UTC).date()
