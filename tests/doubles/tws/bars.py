"""Bars of the past, made up: the same for the same contract and moment, however they are asked for.

The price is a function of time, so bars of every size agree in where they open and close, and two
requests that overlap agree bar by bar.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

from tests.doubles.tws.listings import Listing
from tests.doubles.tws.trading_hours import Span

SAMPLES = 12
DAY_S = 86_400
# What reqHistoricalData takes for a bar size, in seconds; a week and a month count sessions.
BAR_SIZES = {
    "1 secs": 1, "5 secs": 5, "10 secs": 10, "15 secs": 15, "30 secs": 30,
    "1 min": 60, "2 mins": 120, "3 mins": 180, "5 mins": 300, "10 mins": 600, "15 mins": 900,
    "20 mins": 1200, "30 mins": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10800,
    "4 hours": 14400, "8 hours": 28800, "1 day": DAY_S, "1 week": 7 * DAY_S, "1W": 7 * DAY_S,
    "1 month": 30 * DAY_S, "1M": 30 * DAY_S,
}  # fmt: skip


@dataclass(frozen=True)
class PastBar:
    """One bar; `day` is set for bars of a day and longer, which have a date instead of a moment."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    average: Decimal
    count: int
    day: date | None = None


def price_at(listing: Listing, at_s: float) -> Decimal:
    """The price at that moment (epoch seconds), on a tick."""
    phase = listing.con_id % 97
    slow = 0.02 * math.sin(at_s / 400_000 + phase) + 0.004 * math.sin(at_s / 1_800 + phase)
    noise = (_mixed(int(at_s) + listing.con_id) / 2**32 - 0.5) * 0.0006
    tick = listing.contract.min_tick
    return (listing.price * Decimal(1 + slow + noise) / tick).to_integral_value() * tick


def bars(
    listing: Listing, size: str, begin: datetime, end: datetime, *, regular: bool
) -> list[PastBar]:
    """The bars that begin in [begin, end), oldest first; the last one may still be growing."""
    length = BAR_SIZES[size]
    spans = []
    for span in listing.hours.before(end, regular=regular):
        if span.end <= begin:
            break
        spans.append(span)
    spans.reverse()
    if length >= DAY_S:
        return [
            _long_bar(listing, list(group), end)
            for _, group in groupby(spans, lambda span: _period(span.day, length))
        ]
    return [
        _bar(listing, start, min(stop, end))
        for span in spans
        for start, stop in slots(listing, span, length)
        if begin <= start < end
    ]


def slots(listing: Listing, span: Span, length: int) -> Iterator[tuple[datetime, datetime]]:
    """Where bars begin and end: at the session's begin, then at multiples of their length."""
    midnight = datetime(span.day.year, span.day.month, span.day.day)  # noqa: DTZ001 - zone follows
    origin = midnight.replace(tzinfo=ZoneInfo(listing.hours.zone)).astimezone(UTC)
    start = span.begin
    while start < span.end:
        done = int((start - origin).total_seconds()) // length + 1
        stop = min(origin + timedelta(seconds=done * length), span.end)
        yield start, stop
        start = stop


def _period(day: date, length: int) -> tuple[int, ...]:
    if length == DAY_S:
        return (day.toordinal(),)
    return day.isocalendar()[:2] if length == 7 * DAY_S else (day.year, day.month)


def _long_bar(listing: Listing, spans: list[Span], end: datetime) -> PastBar:
    """A day, week or month bears the date of its last session."""
    whole = _bar(listing, spans[0].begin, min(spans[-1].end, end))
    return PastBar(
        whole.start, whole.open, whole.high, whole.low, whole.close, whole.volume, whole.average,
        whole.count, spans[-1].day,
    )  # fmt: skip


def _bar(listing: Listing, start: datetime, stop: datetime) -> PastBar:
    begin_s, last_s = int(start.timestamp()), max(int(stop.timestamp()) - 1, int(start.timestamp()))
    step = max((last_s - begin_s) / SAMPLES, 1)
    moments = [begin_s + i * step for i in range(SAMPLES) if begin_s + i * step < last_s]
    prices = [price_at(listing, at_s) for at_s in (begin_s, *moments[1:], last_s)]
    volume = (100 + _mixed(begin_s ^ listing.con_id) % 900) * (last_s - begin_s + 1)
    return PastBar(
        start, prices[0], max(prices), min(prices), prices[-1], volume,
        sum(prices, Decimal(0)) / len(prices), max(volume // 50, 1),
    )  # fmt: skip


def _mixed(value: int) -> int:
    """Thirty-two bits that look like chance (Thomas Wang's hash)."""
    value &= 0xFFFFFFFF
    value = ((value ^ 61) ^ (value >> 16)) * 9 & 0xFFFFFFFF
    value = (value ^ (value >> 4)) * 0x27D4EB2D & 0xFFFFFFFF
    return value ^ (value >> 15)
