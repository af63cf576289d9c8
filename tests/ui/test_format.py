"""Numbers and times as the trader reads them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import UserError
from app.domain.instrument import AssetClass, Instrument
from app.ui import format as fmt

NAN = float("nan")
SHARE = Instrument("SPY", AssetClass.ETF, "USD")
FUTURE = Instrument("ES", AssetClass.FUTURE, "USD", tick_size=Decimal("0.25"))
COIN = Instrument(
    "BTCUSDT",
    AssetClass.CRYPTO,
    "USDT",
    tick_size=Decimal("0.1"),
    quantity_step=Decimal("0.001"),
)
YEN = Instrument("NK", AssetClass.FUTURE, "JPY", tick_size=Decimal(5))


@pytest.fixture(autouse=True)
def _zone() -> Iterator[None]:
    fmt.use_zone("UTC")
    yield
    fmt.use_zone("local")


@pytest.mark.parametrize("value", [None, NAN, float("inf"), Decimal("NaN")])
def test_unknown_is_a_dash_and_never_zero(value: Decimal | float | None) -> None:
    written = [
        fmt.price(SHARE, value),
        fmt.average_price(SHARE, value),
        fmt.quantity(SHARE, value),
        fmt.change(SHARE, value),
        fmt.percent(value),
        fmt.money(value, "USD"),
        fmt.profit(value),
        fmt.compact(value),
    ]
    assert written == [fmt.UNKNOWN] * len(written)
    assert fmt.age(None) == fmt.age(NAN) == fmt.duration(None) == fmt.clock_time(None) == "—"
    assert fmt.arrow(value) == ""
    assert fmt.direction(value) is None


def test_prices_carry_the_decimals_of_their_tick() -> None:
    assert fmt.price(SHARE, 512.3) == "512.30"
    assert fmt.price(FUTURE, Decimal("5210.5")) == "5\u202f210.50"
    assert fmt.price(COIN, 64321.0) == "64\u202f321.0"
    assert fmt.price(YEN, 38005) == "38\u202f005"


def test_a_booked_price_off_the_tick_is_not_rounded_out_of_sight() -> None:
    assert fmt.price(SHARE, Decimal("512.3050")) == "512.305"
    assert fmt.quantity(SHARE, Decimal("0.5")) == "0.5"


def test_an_average_shows_what_the_tick_cannot() -> None:
    assert fmt.average_price(SHARE, Decimal("100") / 3) == "33.3333"
    assert fmt.average_price(SHARE, Decimal("512.30")) == "512.30"
    assert fmt.average_price(YEN, Decimal("38000")) == "38\u202f000.00"


def test_signs_are_typographic_and_nothing_has_none() -> None:
    assert fmt.profit(Decimal("-1234.5"), "USD") == "−1\u202f234.50\u202fUSD"
    assert fmt.profit(Decimal("1234.5")) == "+1\u202f234.50"
    assert fmt.profit(Decimal("-0.001")) == "0.00"
    assert fmt.profit(0.001) == "0.00"
    assert fmt.quantity(COIN, Decimal("-0.5"), signed=True) == "−0.500"
    assert fmt.percent(-1.256) == "−1.26\u202f%"
    assert fmt.money(Decimal("1200"), "JPY") == "1\u202f200\u202fJPY"
    assert [fmt.arrow(v) for v in (1, -1, 0)] == ["▲", "▼", "•"]
    assert [fmt.direction(v) for v in (1.0, -1.0, 0.0)] == ["up", "down", None]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9)))
def test_what_is_written_can_be_read_back(value: Decimal) -> None:
    text = fmt.money(value)
    assert "-" not in text
    assert Decimal(text.replace(fmt.THIN_SPACE, "").replace(fmt.MINUS, "-")) == value


def test_large_counts_are_short() -> None:
    counts = [0, 950, 9999, 12_345, 4_560_000, 123_400_000, 1_200_000_000, 0.5, -12_345]
    assert [fmt.compact(c) for c in counts] == [
        "0",
        "950",
        "9\u202f999",
        "12.3K",
        "4.56M",
        "123.4M",
        "1.20B",
        "0.50",
        "−12.3K",
    ]


def test_ages_and_durations() -> None:
    ages = [0.2, 59.9, 60, 3599, 3600, 172_799, 172_800, -3]
    assert [fmt.age(a).replace(fmt.THIN_SPACE, " ") for a in ages] == [
        "0 s",
        "59 s",
        "1 min",
        "59 min",
        "1 h",
        "47 h",
        "2 d",
        "0 s",
    ]
    spans = [0.85, 2.44, 185, 3723, -185]
    assert [fmt.duration(s).replace(fmt.THIN_SPACE, " ") for s in spans] == [
        "850 ms",
        "2.4 s",
        "3:05",
        "1:02:03",
        "−3:05",
    ]


def test_times_stand_in_the_traders_zone() -> None:
    at = datetime(2025, 7, 1, 13, 30, 5, 250_000, tzinfo=UTC)
    fmt.use_zone("America/New_York")
    assert fmt.clock_time(at) == "09:30:05"
    assert fmt.clock_time(at, millis=True) == "09:30:05.250"
    assert fmt.date_time(at) == "2025-07-01 09:30:05 EDT"
    assert fmt.day_time(at, now=at) == "09:30:05"
    assert fmt.day_time(at, now=datetime(2025, 7, 3, tzinfo=UTC)) == "07-01 09:30:05"
    assert fmt.day_time(at, now=datetime(2026, 7, 1, tzinfo=UTC)) == "2025-07-01 09:30"
    assert fmt.day_time(None) == fmt.date_time(None) == "—"
    fmt.use_zone("local")
    assert fmt.in_zone(at) == at


def test_a_wrong_zone_is_refused_and_the_old_one_stays() -> None:
    fmt.use_zone("Asia/Tokyo")
    for name in ("Mars/Base", "../etc/passwd"):
        with pytest.raises(UserError, match="not known"):
            fmt.use_zone(name)
    assert fmt.clock_time(datetime(2025, 1, 1, tzinfo=UTC)) == "09:00:00"
