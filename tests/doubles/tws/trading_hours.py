"""When the peer's markets trade: the texts of contract details, and where bars lie.

A session is written as IBKR writes it since API 970: `20260320:0930-20260320:1600;20260321:CLOSED`
(TWS API documentation, "ContractDetails.tradingHours"). Public holidays are not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
TOLD_DAYS = 6  # how many days ahead the texts reach


@dataclass(frozen=True)
class Span:
    """From and to as aware moments; `day` is the trading day that it belongs to."""

    day: date
    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Hours:
    """Minutes of wall time from midnight of the trading day; negative: on the day before."""

    zone: str
    trading: tuple[int, int]
    liquid: tuple[int, int]
    weekdays: range = range(5)

    def span(self, day: date, *, regular: bool) -> Span | None:
        """The session of that trading day, None when there is none."""
        if day.weekday() not in self.weekdays:
            return None
        begin, end = self.liquid if regular else self.trading
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the zone comes next
        zone = ZoneInfo(self.zone)
        return Span(
            day,
            (midnight + timedelta(minutes=begin)).replace(tzinfo=zone).astimezone(UTC),
            (midnight + timedelta(minutes=end)).replace(tzinfo=zone).astimezone(UTC),
        )

    def before(self, moment: datetime, *, regular: bool) -> Iterator[Span]:
        """The sessions that began before `moment`, the newest first, without an end."""
        day = moment.astimezone(ZoneInfo(self.zone)).date() + DAY
        while day.year > 1980:
            span = self.span(day, regular=regular)
            if span is not None and span.begin < moment:
                yield span
            day -= DAY

    def text(self, today: date, *, regular: bool) -> str:
        """The sessions of today and the days to come, as contract details tell them."""
        parts = []
        for offset in range(TOLD_DAYS):
            day = today + offset * DAY
            span = self.span(day, regular=regular)
            if span is None:
                parts.append(f"{day:%Y%m%d}:CLOSED")
                continue
            zone = ZoneInfo(self.zone)
            begin, end = (moment.astimezone(zone) for moment in (span.begin, span.end))
            parts.append(f"{begin:%Y%m%d:%H%M}-{end:%Y%m%d:%H%M}")
        return ";".join(parts)


US_SHARES = Hours("US/Eastern", (4 * 60, 20 * 60), (9 * 60 + 30, 16 * 60))
US_OPTIONS = Hours("US/Eastern", (9 * 60 + 30, 16 * 60), (9 * 60 + 30, 16 * 60))
GLOBEX = Hours("US/Central", (-7 * 60, 16 * 60), (8 * 60 + 30, 15 * 60))
FOREX = Hours("US/Eastern", (-(6 * 60 + 45), 17 * 60), (-(6 * 60 + 45), 17 * 60))
CRYPTO = Hours("US/Eastern", (0, 24 * 60 - 1), (0, 24 * 60 - 1), range(7))
SWISS = Hours("MET", (9 * 60, 17 * 60 + 30), (9 * 60, 17 * 60 + 30))
