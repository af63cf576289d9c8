"""When a contract trades, from the text of its details.

Two forms are about (TWS API, "ContractDetails", `tradingHours` and `liquidHours`): since API 970
`20260320:0930-20260320:1600;20260321:CLOSED`, before it `20260320:0930-1600,1630-2000;...`. Times
are wall time of `timeZoneId`, a name of Java's. The text reaches a few days ahead, holidays and
half days included; beyond it nothing is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from app.brokers.ibkr_tws.tws_time import find_zone

_SPAN = re.compile(r"(\d{8}):(\d{4})-(?:(\d{8}):)?(\d{4})")


@dataclass(frozen=True, slots=True)
class TradingHours:
    """Open spans as UTC moments, ascending; any thread."""

    spans: tuple[tuple[datetime, datetime], ...]

    def is_open(self, at: datetime) -> bool | None:
        """Whether it trades at `at`; None where the text does not reach."""
        if not self.spans or at >= self.spans[-1][1]:
            return None
        return any(begin <= at < end for begin, end in self.spans)

    def next_open(self, at: datetime) -> datetime | None:
        """The first open moment from `at` on; None where the text does not reach."""
        return next((max(begin, at) for begin, end in self.spans if at < end), None)


def trading_hours(text: str, time_zone: str) -> TradingHours:
    """What `text` says; spans that cannot be read or whose zone is unknown are left out."""
    zone = find_zone(time_zone)
    if zone is None:
        return TradingHours(())
    spans = []
    for part in re.split(r"[;,]", _with_dates(text)):
        found = _SPAN.fullmatch(part.strip())
        if found is None:
            continue  # CLOSED, empty, or a form that nobody knows
        day, begin, end_day, end = found.groups()
        span = _moment(day, begin, zone), _moment(end_day or day, end, zone)
        if span[0] is not None and span[1] is not None and span[0] < span[1]:
            spans.append((span[0], span[1]))
    return TradingHours(tuple(sorted(spans)))


def _with_dates(text: str) -> str:
    """The old form names the day once for several spans."""
    return re.sub(
        r"(\d{8}):([^;]*)",
        lambda found: ",".join(
            part if ":" in part.split("-")[0] else f"{found[1]}:{part}"
            for part in found[2].split(",")
        ),
        text,
    )


def _moment(day: str, time: str, zone: tzinfo) -> datetime | None:
    try:
        wall = datetime.strptime(day + time, "%Y%m%d%H%M").replace(tzinfo=zone)
    except ValueError:
        return None
    return wall.astimezone(UTC)
