"""What a request for history says, in its own texts: end, duration, bar size.

Rules: TWS API documentation, "Historical Bar Data" and "Historical Data Limitations".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tests.doubles.tws.bars import BAR_SIZES, DAY_S
from tests.doubles.tws.listings import Listing
from tests.doubles.tws.records import Contract
from tests.doubles.tws.wire import FieldReader

# The longest duration in seconds that small bars may be asked for.
LONGEST_S = {1: 2000, 5: 7200, 10: 14400, 15: 14400, 30: 28800}
SHOWN = frozenset(
    {"TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST", "AGGTRADES", "SCHEDULE"}
)
BAD_DATE = (
    "End Date/Time: The date, time, or time-zone entered is invalid. The correct format is"
    " yyyymmdd hh:mm:ss xx/xxxx where yyyymmdd and xx/xxxx are optional. E.g.: 20031126 15:59:00"
    " US/Eastern  Note that there is a space between the date and time, and between the time and"
    " time-zone.  If no date is specified, current date is assumed. If no time-zone is specified,"
    " local time-zone is assumed(deprecated). You can also provide yyyymmddd-hh:mm:ss time is in"
    " UTC. Note that there is a dash between the date and time in UTC notation."
)
NO_ZONE = (
    "Warning: You submitted request with date-time attributes without explicit time zone. Please"
    " switch to use yyyymmdd-hh:mm:ss in UTC or use instrument time zone, like US/Eastern. Implied"
    " time zone functionality will be removed in the next API release"
)
SERVICE = "Historical Market Data Service error message:{}"
INVALID = "Error validating request.-'bN' : cause - {}"


class RefusedError(Exception):
    """A request that TWS does not serve; `code` and the text are what it says."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class HistoryRequest:
    """Message 20: 20 reqId contract expired end barSize duration useRTH what format update opts."""

    req_id: int
    contract: Contract
    end: str
    size: str
    duration: str
    regular: bool
    what: str
    date_format: int
    updates: bool

    @classmethod
    def read(cls, fields: list[str]) -> HistoryRequest:
        """From the fields, number first. Raises WireError."""
        reader = FieldReader(fields[1:])
        req_id, contract = reader.integer(), Contract.read(reader)
        reader.flag()  # expired ones are found by their conId anyway
        return cls(
            req_id, contract, end=reader.text(), size=reader.text(), duration=reader.text(),
            regular=reader.flag(), what=reader.text(), date_format=reader.integer(),
            updates=reader.flag(),
        )  # fmt: skip

    @property
    def length_s(self) -> int:
        return BAR_SIZES[self.size]

    def check(self, listing: Listing) -> None:
        """Raises RefusedError where TWS refuses it for what it says."""
        kind = listing.contract.sec_type
        if self.size not in BAR_SIZES:
            legal = ", ".join(BAR_SIZES)
            text = f"Historical data bar size setting is invalid. Legal ones are: {legal}"
            raise RefusedError(321, INVALID.format(text))
        if self.what not in SHOWN:
            raise RefusedError(321, INVALID.format("Historical data What To Show is invalid"))
        if kind == "CRYPTO" and self.what == "TRADES":
            text = "Expected what to show is AGGTRADES, please use that instead of TRADES."
            raise RefusedError(10299, text)
        if self.updates and (self.end or self.length_s < 5):
            text = "Up-to-date historical data needs an empty end date and bars of 5 secs or more"
            raise RefusedError(321, INVALID.format(text))
        if self.what == "ADJUSTED_LAST" and self.end:
            raise RefusedError(321, INVALID.format("End date not supported with adjusted last"))
        if kind == "CASH" and self.what in ("TRADES", "AGGTRADES", "ADJUSTED_LAST"):
            text = f"No historical market data for {listing.contract.symbol}/CASH@FXSUBPIP Last"
            raise RefusedError(162, SERVICE.format(text))
        count, unit = self.lasting()
        if unit == "S" and count > LONGEST_S.get(self.length_s, DAY_S):
            raise RefusedError(162, SERVICE.format("Time length exceed max."))
        if unit != "S" and self.length_s <= 30:
            raise RefusedError(162, SERVICE.format("Time length exceed max."))

    def lasting(self) -> tuple[int, str]:
        """The duration as count and unit. Raises RefusedError."""
        count, _, unit = self.duration.partition(" ")
        if not count.isdigit() or not int(count) or unit not in ("S", "D", "W", "M", "Y"):
            text = "Historical data duration is invalid. Format is integer SPACE unit (S|D|W|M|Y)."
            raise RefusedError(321, INVALID.format(text))
        if unit == "S" and int(count) > DAY_S:
            text = "Historical data requests for durations longer than 86400 seconds must be made in days"  # noqa: E501 - as TWS says it
            raise RefusedError(321, INVALID.format(text))
        if unit == "D" and int(count) > 365:
            text = (
                "Historical data requests for durations longer than 365 days must be made in years"
            )
            raise RefusedError(321, INVALID.format(text))
        return int(count), unit

    def until(self, now: datetime, zone: str) -> datetime:
        """The end as a moment; `zone` holds where none is named. Raises RefusedError."""
        return now if not self.end else moment(self.end, zone)

    def since(self, listing: Listing, end: datetime) -> datetime:
        """Where the duration begins: seconds and days are counted in trading time."""
        count, unit = self.lasting()
        spans = listing.hours.before(end, regular=self.regular)
        if unit == "S":
            left = timedelta(seconds=count)
            for span in spans:
                begin = max(span.begin, min(span.end, end) - left)
                left -= min(span.end, end) - begin
                if not left:
                    return begin
        if unit == "D":
            return next(span for at, span in enumerate(spans, 1) if at == count).begin
        days = {"W": 7 * count, "M": 30.4375 * count, "Y": 365.25 * count}[unit]
        return end - timedelta(days=days)


def moment(text: str, zone: str) -> datetime:
    """`20260320 16:00:00 US/Eastern` or `20260320-20:00:00`, which is UTC. Raises RefusedError."""
    try:
        if "-" in text.split(" ", maxsplit=1)[0]:
            return datetime.strptime(text, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
        day, time, *named = text.split(" ", 2)
        wall = datetime.strptime(f"{day} {time}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - zone follows
        return wall.replace(tzinfo=ZoneInfo(named[0] if named else zone)).astimezone(UTC)
    except (ValueError, ZoneInfoNotFoundError):
        raise RefusedError(10314, BAD_DATE) from None


def has_zone(text: str) -> bool:
    """Whether a moment says where its clock is."""
    return not text or "-" in text or text.count(" ") >= 2
