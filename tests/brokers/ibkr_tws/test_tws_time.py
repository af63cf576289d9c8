"""TWS's times, in every form that was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.tws_time import (
    NAMES,
    find_zone,
    plain_utc,
    to_utc,
    zone_of_session,
)

NEW_YORK = ZoneInfo("America/New_York")


def utc(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20250425 15:23:54 EST", utc(2025, 4, 25, 19, 23, 54)),
        ("20250425 15:23:54 US/Eastern", utc(2025, 4, 25, 19, 23, 54)),
        ("20221125 10:00:00 Europe/Amsterdam", utc(2022, 11, 25, 9)),
        ("20221125 10:00:00 Central European Standard Time", utc(2022, 11, 25, 9)),
        ("20220725 10:00:00 MET", utc(2022, 7, 25, 8)),
        ("20221125  10:00:00", utc(2022, 11, 25, 15)),
        ("20221125 10:00:00", utc(2022, 11, 25, 15)),
        ("20221125-10:00:00", utc(2022, 11, 25, 10)),
        ("2022-11-25 10:00:00.0", utc(2022, 11, 25, 15)),
        ("20221125 10:00", utc(2022, 11, 25, 15)),
        ("20221125 9:30:00 Mars/Olympus", utc(2022, 11, 25, 14, 30)),
        ("20221125", utc(2022, 11, 25, 5)),
        ("1669370400", utc(2022, 11, 25, 10)),
        (" 20221125-10:00:00 ", utc(2022, 11, 25, 10)),
    ],
)
def test_to_utc(text: str, moment: datetime) -> None:
    told = to_utc(text, NEW_YORK)
    assert told == moment
    assert told.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["", "now", "20221399 10:00:00", "20221125 25:00:00"])
def test_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"no time|must be in|month"):
        to_utc(text, NEW_YORK)


def test_both_libraries_read_what_we_make_of_it() -> None:
    for text in ("20250425 15:23:54 EST", "20250425  15:23:54", "20250425-19:23:54", "1745609034"):
        plain = plain_utc(text, NEW_YORK, utc(2000, 1, 1))
        assert ib.util.parseIBDatetime(plain) == utc(2025, 4, 25, 19, 23, 54)
    odd = plain_utc("sometime", NEW_YORK, utc(2000, 1, 1))
    assert ib.util.parseIBDatetime(odd) == utc(2000, 1, 1)
    huge = plain_utc("9" * 30, NEW_YORK, utc(2000, 1, 1))
    assert ib.util.parseIBDatetime(huge) == utc(2000, 1, 1)


@pytest.mark.parametrize("name", [*NAMES, "US/Eastern", "Europe/Amsterdam", "UTC", " EST "])
def test_known_zones(name: str) -> None:
    assert find_zone(name) is not None


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "a\0b", "America"])
def test_unknown_zones(name: str) -> None:
    assert find_zone(name) is None


@pytest.mark.parametrize(
    ("text", "offset_h"),
    [
        ("20250425 15:23:54 EST", -4),
        ("20250425 21:23:54 Central European Standard Time", 2),
        ("20250426 00:53:30 Some Zone In India", 5.5),  # 24 s slow: to the quarter of an hour
        ("20250425 19:23:54", 0),
        ("20260101 00:00:00 Some Zone", 0),  # a clock that is months away proves nothing
        ("", 0),
        ("nonsense", 0),
    ],
)
def test_zone_of_session(text: str, offset_h: float) -> None:
    now = utc(2025, 4, 25, 19, 23, 54)
    zone = zone_of_session(text, now)
    assert now.astimezone(zone).utcoffset() == timedelta(hours=offset_h)
