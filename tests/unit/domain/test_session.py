"""Calendars: open or not, which day, and where bars begin, through daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import UserError
from app.domain.market import Timeframe
from app.domain.session import calendar, trading_day

NAMES = ["always", "us-equity", "cme-globex", "forex"]
NEW_YORK = ZoneInfo("America/New_York")
ALL = st.sampled_from(NAMES)
MOMENTS = st.integers(
    int(datetime(2019, 1, 1, tzinfo=UTC).timestamp()),
    int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()),
)


def ny(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def s(text: str) -> int:
    return int(ny(text).timestamp())


@pytest.mark.parametrize(
    ("name", "at", "regular", "extended"),
    [
        # 2024-03-10 and 2024-11-03 are the Sundays on which New York changes its clocks.
        ("us-equity", "2024-03-08 03:59:59", False, False),
        ("us-equity", "2024-03-08 04:00", False, True),
        ("us-equity", "2024-03-08 09:29:59", False, True),
        ("us-equity", "2024-03-08 09:30", True, True),
        ("us-equity", "2024-03-11 09:30", True, True),
        ("us-equity", "2024-03-11 15:59:59", True, True),
        ("us-equity", "2024-03-11 16:00", False, True),
        ("us-equity", "2024-03-11 20:00", False, False),
        ("us-equity", "2024-03-09 12:00", False, False),
        ("cme-globex", "2024-03-10 17:59:59", False, False),
        ("cme-globex", "2024-03-10 18:00", True, True),
        ("cme-globex", "2024-03-11 16:59:59", True, True),
        ("cme-globex", "2024-03-11 17:00", False, False),
        ("cme-globex", "2024-03-11 18:00", True, True),
        ("cme-globex", "2024-03-15 17:00", False, False),
        ("cme-globex", "2024-03-15 18:00", False, False),
        ("cme-globex", "2024-11-03 18:00", True, True),
        ("forex", "2024-03-10 16:59:59", False, False),
        ("forex", "2024-03-10 17:00", True, True),
        ("forex", "2024-03-12 17:00", True, True),
        ("forex", "2024-03-15 17:00", False, False),
        ("always", "2024-03-10 02:30", True, True),
    ],
)
def test_hours(name: str, at: str, regular: bool, extended: bool) -> None:
    assert calendar(name).is_open(ny(at)) is regular
    assert calendar(name).is_open(ny(at), outside_hours=True) is extended


@pytest.mark.parametrize(
    ("name", "at", "day"),
    [
        ("us-equity", "2024-03-08 04:00", date(2024, 3, 8)),
        ("us-equity", "2024-03-08 23:00", date(2024, 3, 8)),
        ("us-equity", "2024-03-10 12:00", date(2024, 3, 8)),  # a Sunday counts to Friday
        ("cme-globex", "2024-03-10 18:00", date(2024, 3, 11)),
        ("cme-globex", "2024-03-11 17:30", date(2024, 3, 11)),  # the break counts to what ended
        ("cme-globex", "2024-03-11 18:00", date(2024, 3, 12)),
        ("forex", "2024-03-11 16:59", date(2024, 3, 11)),
        ("forex", "2024-03-11 17:00", date(2024, 3, 12)),
        ("forex", "2023-12-31 17:00", date(2024, 1, 1)),
    ],
)
def test_the_day_of_a_bar(name: str, at: str, day: date) -> None:
    assert calendar(name).session_date(ny(at)) == day


@pytest.mark.parametrize(
    ("name", "at", "day"),
    [
        ("us-equity", "2024-03-08 04:00", date(2024, 3, 8)),
        ("us-equity", "2024-03-08 23:59", date(2024, 3, 8)),
        ("us-equity", "2024-03-09 00:00", date(2024, 3, 9)),  # a Saturday is a Saturday
        ("us-equity", "2024-03-10 12:00", date(2024, 3, 10)),
        ("us-equity", "2024-03-12 03:00", date(2024, 3, 12)),  # before the first hour
        ("cme-globex", "2024-03-10 17:59", date(2024, 3, 10)),
        ("cme-globex", "2024-03-10 18:00", date(2024, 3, 11)),  # the evening counts to the next
        ("cme-globex", "2024-03-11 17:30", date(2024, 3, 11)),
        ("cme-globex", "2024-03-11 18:00", date(2024, 3, 12)),
        ("cme-globex", "2024-03-15 18:30", date(2024, 3, 15)),  # no session on Friday evening
        ("forex", "2024-03-11 17:00", date(2024, 3, 12)),
        ("forex", "2024-03-16 11:00", date(2024, 3, 16)),
        ("forex", "2023-12-31 17:00", date(2024, 1, 1)),
        ("always", "2024-03-09 18:59", date(2024, 3, 9)),
        ("always", "2024-03-09 19:00", date(2024, 3, 10)),
        ("of nobody", "2024-03-09 19:00", date(2024, 3, 10)),
    ],
)
def test_the_trading_day_of_a_fill(name: str, at: str, day: date) -> None:
    assert trading_day(name, ny(at)) == day


@given(name=ALL, at_s=MOMENTS)
def test_within_a_session_fills_and_bars_agree_about_the_day(name: str, at_s: int) -> None:
    market, at = calendar(name), datetime.fromtimestamp(at_s, UTC)
    day = market.trading_day(at)
    if market.is_open(at, outside_hours=True):
        assert day == market.session_date(at)
    else:
        assert day == at.astimezone(market.zone).date()


def test_the_day_of_what_always_trades_is_the_utc_day() -> None:
    at = datetime(2024, 3, 10, 23, 59, 59, tzinfo=UTC)
    for day_of in (calendar("always").session_date, calendar("always").trading_day):
        assert day_of(at) == date(2024, 3, 10)
        assert day_of(at + timedelta(seconds=1)) == date(2024, 3, 11)


@pytest.mark.parametrize(
    ("name", "timeframe", "at", "start"),
    [
        ("us-equity", Timeframe.H1, "2024-03-08 09:29", "2024-03-08 09:00"),
        ("us-equity", Timeframe.H1, "2024-03-08 09:31", "2024-03-08 09:30"),
        ("us-equity", Timeframe.H1, "2024-03-08 10:29", "2024-03-08 09:30"),
        ("us-equity", Timeframe.H4, "2024-03-08 15:59", "2024-03-08 13:30"),
        ("us-equity", Timeframe.M30, "2024-03-08 19:59", "2024-03-08 19:30"),
        ("us-equity", Timeframe.D1, "2024-03-11 15:00", "2024-03-11 04:00"),
        ("us-equity", Timeframe.W1, "2024-03-15 15:00", "2024-03-11 04:00"),
        ("us-equity", Timeframe.MO1, "2024-03-15 15:00", "2024-03-01 04:00"),
        ("us-equity", Timeframe.MO1, "2024-06-28 15:00", "2024-06-03 04:00"),  # 1st is a Saturday
        ("cme-globex", Timeframe.H4, "2024-03-11 16:59", "2024-03-11 14:00"),
        ("cme-globex", Timeframe.H4, "2024-03-11 18:01", "2024-03-11 18:00"),
        ("cme-globex", Timeframe.D1, "2024-03-11 10:00", "2024-03-10 18:00"),
        ("cme-globex", Timeframe.W1, "2024-03-13 10:00", "2024-03-10 18:00"),
        ("cme-globex", Timeframe.MO1, "2024-04-15 10:00", "2024-03-31 18:00"),
        ("forex", Timeframe.D1, "2024-03-12 16:00", "2024-03-11 17:00"),
    ],
)
def test_where_bars_begin(name: str, timeframe: Timeframe, at: str, start: str) -> None:
    assert calendar(name).bar_start_s(s(at), timeframe) == s(start)


def test_weeks_of_what_always_trades_begin_on_monday() -> None:
    sunday = int(datetime(2024, 3, 10, 23, tzinfo=UTC).timestamp())
    monday = int(datetime(2024, 3, 4, tzinfo=UTC).timestamp())
    assert calendar("always").bar_start_s(sunday, Timeframe.W1) == monday


@given(name=ALL, timeframe=st.sampled_from(list(Timeframe)), at_s=MOMENTS)
def test_a_bar_holds_its_moment_and_meets_the_next(
    name: str, timeframe: Timeframe, at_s: int
) -> None:
    market = calendar(name)
    start_s = market.bar_start_s(at_s, timeframe)
    end_s = market.bar_end_s(start_s, timeframe)
    assert start_s <= at_s
    assert market.bar_start_s(start_s, timeframe) == start_s
    assert market.bar_start_s(end_s - 1, timeframe) == start_s or end_s <= at_s
    assert market.bar_start_s(end_s, timeframe) == end_s
    if timeframe.is_intraday:
        assert end_s - start_s <= timeframe.seconds
    # Nothing of another session or week gets in.
    moments = [datetime.fromtimestamp(x, UTC) for x in (start_s, at_s)]
    days = [market.session_date(moment) for moment in moments]
    if timeframe.is_intraday or timeframe is Timeframe.D1:
        assert days[0] == days[1]
    elif timeframe is Timeframe.W1:
        assert days[0].isocalendar()[:2] == days[1].isocalendar()[:2]
    else:
        assert (days[0].year, days[0].month) == (days[1].year, days[1].month)


@given(name=ALL, timeframe=st.sampled_from(list(Timeframe)), moments=st.lists(MOMENTS))
def test_columns_agree_with_single_moments(
    name: str, timeframe: Timeframe, moments: list[int]
) -> None:
    market = calendar(name)
    starts = market.bar_starts_s(np.array(moments, dtype=np.int64), timeframe)
    assert starts.dtype == np.int64
    assert starts.tolist() == [market.bar_start_s(at_s, timeframe) for at_s in moments]


@given(name=ALL, at_s=MOMENTS, outside=st.booleans())
def test_the_next_opening_is_open_and_nothing_before_it_is(
    name: str, at_s: int, outside: bool
) -> None:
    market, at = calendar(name), datetime.fromtimestamp(at_s, UTC)
    opening = market.next_open(at, outside)
    assert market.is_open(opening, outside)
    assert timedelta(0) <= opening - at <= timedelta(days=4)
    if opening > at:
        assert not market.is_open(at, outside)
        assert not market.is_open(opening - timedelta(seconds=1), outside)


@pytest.mark.parametrize(
    ("at", "outside", "opening"),
    [
        ("2024-03-08 12:00", False, "2024-03-08 12:00"),
        ("2024-03-08 17:00", False, "2024-03-11 09:30"),
        ("2024-03-08 17:00", True, "2024-03-08 17:00"),
        ("2024-03-08 21:00", True, "2024-03-11 04:00"),
    ],
)
def test_the_next_opening_of_the_stock_market(at: str, outside: bool, opening: str) -> None:
    assert calendar("us-equity").next_open(ny(at), outside) == ny(opening)


def test_sessions_by_date() -> None:
    market = calendar("cme-globex")
    assert market.session_open_s(date(2024, 3, 11)) == s("2024-03-10 18:00")
    assert market.session_open_s(date(2024, 3, 10)) == s("2024-03-07 18:00")  # Sunday: Friday's


def test_sessions_keep_their_wall_time_through_the_year() -> None:
    market = calendar("us-equity")
    opens = [market.session_open_s(date(2024, month, 15)) for month in range(1, 13)]
    local = {datetime.fromtimestamp(o, NEW_YORK).time().isoformat() for o in opens}
    assert local == {"04:00:00"}
    assert len({datetime.fromtimestamp(o, UTC).hour for o in opens}) == 2


def test_daily_bars_of_a_year_are_its_working_days() -> None:
    market = calendar("us-equity")
    minutes = np.arange(s("2024-01-01 00:00"), s("2025-01-01 00:00"), 900, dtype=np.int64)
    days = np.unique(market.bar_starts_s(minutes, Timeframe.D1))
    gaps = {b - a for a, b in pairwise(days.tolist())}
    # Friday to Monday is 72 h, less or more by one where the clocks change.
    assert gaps == {86_400, 3 * 86_400, 3 * 86_400 - 3600, 3 * 86_400 + 3600}
    assert len(days) == 263  # 262 weekdays of 2024, and the Friday before


@pytest.mark.parametrize(
    ("name", "hours"), [("always", 168.0), ("us-equity", 32.5), ("cme-globex", 115.0)]
)
def test_share_of_a_week_that_trades(name: str, hours: float) -> None:
    assert calendar(name).regular_share * 168 == pytest.approx(hours)


def test_an_unknown_calendar_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"'moon'.*always, cme-globex, forex, us-equity"):
        calendar("moon")


@pytest.mark.parametrize("at_s", [-3e9, 8e9, float("inf")])
def test_a_broken_time_stamp_is_refused_at_once(at_s: float) -> None:
    with pytest.raises(ValueError, match="no moment of any market"):
        calendar("us-equity").bar_start_s(at_s, Timeframe.M1)


def test_an_empty_column_is_answered() -> None:
    starts = calendar("us-equity").bar_starts_s(np.array([], dtype=np.int64), Timeframe.M1)
    assert starts.dtype == np.int64
    assert not len(starts)
