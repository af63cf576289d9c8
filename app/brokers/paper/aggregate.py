"""Recorded bars in the timeframe that a chart asks for."""

from __future__ import annotations

from app.base.errors import BrokerError, Outcome
from app.domain.bars import BarSeries, aggregate, empty_bars
from app.domain.market import Timeframe
from app.domain.session import SessionCalendar


def in_timeframe(
    series: BarSeries, native_s: int, timeframe: Timeframe, calendar: SessionCalendar
) -> BarSeries:
    """`series`, whose bars last `native_s` seconds (0: ticks), gathered into `timeframe`.

    Raises BrokerError NOT_SENT for a timeframe finer than what was recorded.
    """
    if timeframe.seconds < native_s:
        raise BrokerError(
            f"the recording holds bars of {native_s} s, so there are none of {timeframe.value}:"
            " choose a longer timeframe",
            Outcome.NOT_SENT,
            "timeframe",
        )
    if not len(series):
        return empty_bars()
    if timeframe.seconds == native_s:
        return series
    return aggregate(series, calendar.bar_starts_s(series.start_s, timeframe))
