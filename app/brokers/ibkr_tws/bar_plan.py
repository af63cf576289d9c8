"""Which question to TWS gives which bars. Literal tables, no I/O.

Sources: TWS API, "Historical Bars" (bar sizes, what to show, date formats) and "Historical Data
Limitations" (which bar sizes go with which duration).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import nan
from typing import Any

import numpy as np

from app.base.errors import BrokerError, Outcome
from app.domain.bars import BarSeries, aggregate
from app.domain.market import Timeframe
from app.domain.session import SessionCalendar

T = Timeframe
BAR_SIZES = {
    T.S1: "1 secs", T.S5: "5 secs", T.S15: "15 secs", T.S30: "30 secs",
    T.M1: "1 min", T.M2: "2 mins", T.M3: "3 mins", T.M5: "5 mins", T.M10: "10 mins",
    T.M15: "15 mins", T.M30: "30 mins", T.H1: "1 hour", T.H2: "2 hours", T.H4: "4 hours",
    T.D1: "1 day", T.W1: "1 week", T.MO1: "1 month",
}  # fmt: skip
# Where TWS's bars begin at other moments than ours: gathered from ones that fit. Its hours are
# those of the clock, a regular session in New York begins at half past nine. Weeks and months at
# the edge of an answer may be cut.
_LONG = {T.W1: T.D1, T.MO1: T.D1}
GATHERED_FROM = {
    "us-equity": {T.H1: T.M30, T.H2: T.M30, T.H4: T.M30, **_LONG},
    "": {T.H2: T.H1, T.H4: T.H1, **_LONG},  # everywhere else
}


@dataclass(frozen=True, slots=True)
class Duration:
    """A time span that may be asked for, and the bars that it may have."""

    text: str
    seconds: int
    shortest_s: int
    longest_s: int
    is_sessions: bool = False  # counts trading days, not hours of the clock


_DAY, _WEEK, _MONTH, _YEAR = 86_400, 604_800, 2_592_000, 31_536_000
DURATIONS = (
    Duration("60 S", 60, 1, 60),
    Duration("120 S", 120, 1, 120),
    Duration("1800 S", 1800, 1, 1800),
    Duration("3600 S", 3600, 5, 3600),
    Duration("14400 S", 14_400, 10, 10_800),
    Duration("28800 S", 28_800, 30, 28_800),
    Duration("1 D", _DAY, 60, _DAY, is_sessions=True),
    Duration("2 D", 2 * _DAY, 120, _DAY, is_sessions=True),
    Duration("1 W", _WEEK, 180, _WEEK, is_sessions=True),
    Duration("1 M", _MONTH, 1800, _MONTH, is_sessions=True),
    Duration("1 Y", _YEAR, _DAY, _MONTH, is_sessions=True),
)
WHAT_TO_SHOW = {"CASH": "MIDPOINT", "CRYPTO": "AGGTRADES"}
_DEFAULT_WHAT = "TRADES"


@dataclass(frozen=True, slots=True)
class BarPlan:
    """How bars of one instrument and timeframe are asked for."""

    timeframe: Timeframe
    source: Timeframe  # what TWS is asked for
    bar_size: str
    what: str
    use_rth: int  # 1: the regular session alone


def plan_of(sec_type: str, session: str, timeframe: Timeframe) -> BarPlan:
    """The plan. Raises BrokerError, code "timeframe", for bars that TWS does not have."""
    sources = GATHERED_FROM.get(session, GATHERED_FROM[""])
    source = sources.get(timeframe, timeframe)
    if source not in BAR_SIZES:
        raise BrokerError(
            f"TWS has no bars of {timeframe.value}", Outcome.REJECTED, code="timeframe"
        )
    # A share's day is its regular session; a future's, a pair's and a coin's day has no other part.
    is_regular = session == "us-equity" and not timeframe.is_intraday
    what = WHAT_TO_SHOW.get(sec_type, _DEFAULT_WHAT)
    return BarPlan(timeframe, source, BAR_SIZES[source], what, int(is_regular))


def duration_for(source: Timeframe, span_s: float) -> Duration:
    """The shortest span to ask for that covers `span_s`, else the longest that has such bars."""
    allowed = [d for d in DURATIONS if d.shortest_s <= source.seconds <= d.longest_s]
    return next((d for d in allowed if d.seconds >= span_s), allowed[-1])


def end_text(at_s: int) -> str:
    """A moment as TWS takes it in UTC, whatever zone it runs in."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y%m%d-%H:%M:%S")


def series_of(rows: Iterable[Any], calendar: SessionCalendar) -> BarSeries:
    """TWS's bars (formatDate 2) as columns, ascending, each start once; the later row stands.

    Intraday bars carry seconds since 1970, longer ones a date: they begin with that day's session.
    Volume is NaN where TWS tells none (-1). Raises ValueError for a date that cannot be read.
    """
    found = {start_s_of(row.date, calendar): row for row in rows}
    starts = sorted(found)
    ordered = [found[start] for start in starts]
    return BarSeries(
        np.array(starts, dtype=np.int64),
        np.array([row.open for row in ordered], dtype=np.float64),
        np.array([row.high for row in ordered], dtype=np.float64),
        np.array([row.low for row in ordered], dtype=np.float64),
        np.array([row.close for row in ordered], dtype=np.float64),
        np.array([row.volume if row.volume >= 0 else nan for row in ordered], dtype=np.float64),
    )


def gathered(series: BarSeries, plan: BarPlan, calendar: SessionCalendar) -> BarSeries:
    """Bars of the plan's timeframe from those that TWS was asked for."""
    if plan.source is plan.timeframe:
        return series
    return aggregate(series, calendar.bar_starts_s(series.start_s, plan.timeframe))


def start_s_of(text: str, calendar: SessionCalendar) -> int:
    """Where a bar begins, UTC epoch seconds. Raises ValueError."""
    if len(text) != 8:
        return int(text)
    day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    return calendar.session_open_s(day)
