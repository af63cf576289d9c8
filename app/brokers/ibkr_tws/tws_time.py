"""TWS's time texts and time zones, in all the forms that are about, as UTC datetimes.

The forms: "20250425 15:23:54 EST" (handshake), "20221125 10:00:00 Europe/Amsterdam", two blanks
and no zone, "20221125-10:00:00" (UTC), "2022-11-25 10:00:00.0", seconds since 1970 as digits,
"20221125" for a day. The zone is that of TWS's log-in window and may be an IANA name, a Windows
name ("Central European Standard Time") or an abbreviation.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

log = logging.getLogger("moorgate.tws")

# What TWS calls zones besides their IANA names. Abbreviations mean where IBKR's customers sit.
NAMES = {
    "EST": "America/New_York",
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "MST": "America/Denver",
    "MDT": "America/Denver",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "BST": "Europe/London",
    "GMT": "Europe/London",
    "WET": "Europe/Lisbon",
    "WEST": "Europe/Lisbon",
    "MET": "Europe/Paris",
    "MEZ": "Europe/Berlin",
    "MESZ": "Europe/Berlin",
    "CET": "Europe/Paris",
    "CEST": "Europe/Paris",
    "EET": "Europe/Helsinki",
    "EEST": "Europe/Helsinki",
    "IST": "Asia/Kolkata",
    "HKT": "Asia/Hong_Kong",
    "SGT": "Asia/Singapore",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "AEST": "Australia/Sydney",
    "AEDT": "Australia/Sydney",
    "NZST": "Pacific/Auckland",
    "NZDT": "Pacific/Auckland",
    "Eastern Standard Time": "America/New_York",
    "Eastern Daylight Time": "America/New_York",
    "Central Standard Time": "America/Chicago",
    "Central Daylight Time": "America/Chicago",
    "Mountain Standard Time": "America/Denver",
    "Mountain Daylight Time": "America/Denver",
    "Pacific Standard Time": "America/Los_Angeles",
    "Pacific Daylight Time": "America/Los_Angeles",
    "Greenwich Mean Time": "Europe/London",
    "British Summer Time": "Europe/London",
    "Central European Standard Time": "Europe/Paris",
    "Central European Summer Time": "Europe/Paris",
    "Central European Time": "Europe/Paris",
    "Eastern European Time": "Europe/Helsinki",
    "Eastern European Summer Time": "Europe/Helsinki",
    "India Standard Time": "Asia/Kolkata",
    "China Standard Time": "Asia/Shanghai",
    "Hong Kong Time": "Asia/Hong_Kong",
    "Hong Kong Standard Time": "Asia/Hong_Kong",
    "Singapore Standard Time": "Asia/Singapore",
    "Japan Standard Time": "Asia/Tokyo",
    "Tokyo Standard Time": "Asia/Tokyo",
    "Coordinated Universal Time": "UTC",
    "Z": "UTC",
}
_TEXT = re.compile(
    r"(?P<year>\d{4})-?(?P<month>\d\d)-?(?P<day>\d\d)"
    r"(?:[-T ]\s*(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
    r"(?:\s*(?P<zone>\S.*))?)?$"
)
_FURTHEST = timedelta(hours=14)
_QUARTER_S = 900


def find_zone(name: str) -> tzinfo | None:
    """A zone by any of its names; None when it is unknown. Any thread."""
    name = name.strip()
    try:
        return ZoneInfo(NAMES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_of_session(connection_time: str, now: datetime) -> tzinfo:
    """The zone TWS runs in, from the time it tells in the handshake.

    Where the name means nothing, from how far that time is from `now`, to the quarter of an hour;
    UTC when it tells nothing at all.
    """
    found = _TEXT.match(connection_time.strip())
    if found is None:
        return UTC
    zone = find_zone(found["zone"] or "")
    if zone is not None:
        return zone
    wall = _datetime(found, UTC)
    quarters = round((wall - now.astimezone(UTC)).total_seconds() / _QUARTER_S)
    offset = timedelta(seconds=quarters * _QUARTER_S)
    return timezone(offset) if abs(offset) <= _FURTHEST else UTC


def to_utc(text: str, zone: tzinfo) -> datetime:
    """One of TWS's times; `zone` holds where it names none or an unknown one.

    A mere date is that day's midnight in `zone`. Raises ValueError for anything else.
    """
    text = text.strip()
    if text.isdigit() and len(text) != 8:
        return datetime.fromtimestamp(int(text), UTC)
    found = _TEXT.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no time that TWS uses")
    if found["hour"] and not found["zone"] and text[8:9] == "-":
        return _datetime(found, UTC)  # 20221125-10:00:00 is UTC by definition
    return _datetime(found, find_zone(found["zone"] or "") or zone).astimezone(UTC)


def plain_utc(text: str, zone: tzinfo, otherwise: datetime) -> str:
    """The same time as "20221125 09:00:00 UTC", which the decoders of both libraries can read.

    `otherwise` stands in for a text that is no time: a fill whose time is unclear is still a fill.
    """
    try:
        moment = to_utc(text, zone)
    except (ValueError, OverflowError):
        log.info("%r of TWS is no time; the present is taken instead", text)
        moment = otherwise
    return moment.astimezone(UTC).strftime("%Y%m%d %H:%M:%S UTC")


def _datetime(found: re.Match[str], zone: tzinfo) -> datetime:
    numbers = (int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute"))
    year, month, day, hour, minute = numbers
    return datetime(year, month, day, hour, minute, int(found["second"] or 0), tzinfo=zone)
