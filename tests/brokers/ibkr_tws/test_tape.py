"""Prints and quotes from ticks, each trade once: pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isnan, nan

import pytest

from app.brokers.ibkr_tws.quote_state import QuoteState
from app.brokers.ibkr_tws.tape import RT_PATIENCE, Print, Prints
from app.domain.ids import InstrumentKey
from app.domain.market import Aggressor, DataKind, Quote

KEY = InstrumentKey("SEC|AAPL|USD")
NOW = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)
NOW_S = NOW.timestamp()
BID, BID_SIZE, ASK, ASK_SIZE, LAST, LAST_SIZE, VOLUME = 1, 0, 2, 3, 4, 5, 8


def state(*, awaits_rt: bool = False) -> QuoteState:
    return QuoteState(KEY, Prints(NOW_S, awaits_rt=awaits_rt))


def quote(known: QuoteState) -> Quote:
    return known.quote(NOW, 5.0)


def traded(known: QuoteState) -> list[tuple[float, float]]:
    return [(trade.price, trade.size) for trade in known.traded(NOW)]


def rt(price: float, size: float, total: float, at_s: float = NOW_S) -> str:
    return f"{price};{size};{at_s * 1000:.0f};{total};{price};true"


# ---- quotes ----


def test_nothing_is_known_at_first() -> None:
    known = quote(state())
    assert all(
        isnan(value)
        for value in (known.bid, known.ask, known.last, known.bid_size, known.volume, known.open)
    )
    assert (known.kind, known.at, known.received) == (DataKind.LIVE, NOW, 5.0)


@pytest.mark.parametrize("delay", [False, True])
def test_every_tick_has_its_place(delay: bool) -> None:
    known, twin = state(), 65 if delay else 0
    ticks = {BID: 9.0, ASK: 9.2, LAST: 9.1, 6: 9.9, 7: 8.1, 9: 8.5, 14: 8.6}
    moved = {1: 66, 2: 67, 4: 68, 6: 72, 7: 73, 9: 75, 14: 76}
    for tick, price in ticks.items():
        assert known.price(moved[tick] if twin else tick, price, 100.0)
    sizes = {0: 3.0, 3: 4.0, 5: 5.0, 8: 600.0}
    for tick, size in sizes.items():
        assert known.size({0: 69, 3: 70, 5: 71, 8: 74}[tick] if twin else tick, size)
    told = quote(known)
    assert (told.bid, told.ask, told.last) == (9.0, 9.2, 9.1)
    assert (told.bid_size, told.ask_size, told.volume) == (3.0, 4.0, 600.0)
    assert (told.open, told.high, told.low, told.previous_close) == (8.6, 9.9, 8.1, 8.5)


def test_what_nobody_quotes_is_not_known_and_never_zero() -> None:
    known = state()
    known.price(BID, -1.0, 0.0)
    known.price(ASK, 0.0, 0.0)
    known.price(LAST, 0.0, 0.0)
    told = quote(known)
    assert isnan(told.bid)
    assert isnan(told.ask)
    assert isnan(told.last)
    known.price(BID, 9.0, 5.0)
    known.size(BID_SIZE, 0.0)
    assert isnan(quote(known).bid), "a size of zero is no bid"
    known.size(BID_SIZE, 7.0)
    assert quote(known).bid == 9.0
    known.size(VOLUME, -1.0)
    assert isnan(quote(known).volume)


def test_ticks_that_are_nothing_to_a_quote_change_nothing() -> None:
    known = state()
    assert not known.price(37, 9.0, 1.0)
    assert not known.size(21, 9.0)
    assert not known.text(32, "ARCA")
    assert not known.text(45, "yesterday")


def test_data_are_labelled() -> None:
    known = state()
    for number, kind in ((3, DataKind.DELAYED), (2, DataKind.FROZEN), (4, DataKind.FROZEN),
                         (9, DataKind.FROZEN), (1, DataKind.LIVE)):  # fmt: skip
        known.data_type(number)
        assert quote(known).kind is kind


def test_the_time_of_old_data_is_the_market_s() -> None:
    known = state()
    known.data_type(3)
    assert quote(known).at == NOW - timedelta(minutes=15)
    known.text(88, str(int(NOW_S) - 1000))
    assert quote(known).at == NOW - timedelta(seconds=1000)
    known = state()
    known.data_type(2)
    assert quote(known).at == NOW


# ---- prints ----


def test_the_volume_tells_what_was_traded() -> None:
    known = state()
    known.price(LAST, 10.0, 100.0)
    known.size(VOLUME, 1000.0)
    assert traded(known) == [], "what was traded before we looked"
    known.price(LAST, 10.1, 200.0)
    known.size(LAST_SIZE, 200.0)
    known.size(VOLUME, 1250.0)
    assert traded(known) == [(10.1, 250.0)]
    assert traded(known) == []
    known.size(VOLUME, 1300.0)
    assert traded(known) == [(10.1, 50.0)], "the same price and size again"
    known.size(VOLUME, 40.0)
    assert traded(known) == [], "a new day"
    known.size(VOLUME, 50.0)
    assert traded(known) == [(10.1, 10.0)]


def test_a_volume_without_a_price_is_no_print() -> None:
    known = state()
    known.size(VOLUME, 1000.0)
    traded(known)
    known.size(VOLUME, 1100.0)
    assert traded(known) == []


def test_without_a_volume_the_last_trade_tells_once() -> None:
    known = state()
    known.price(LAST, 10.0, 100.0)
    known.size(LAST_SIZE, 100.0)
    assert traded(known) == [], "it may be old"
    known.price(LAST, 10.1, 100.0)
    known.size(LAST_SIZE, 100.0)
    assert traded(known) == [(10.1, 100.0)]
    known.size(LAST_SIZE, 100.0)
    assert traded(known) == [], "the size that TWS repeats"
    known.size(LAST_SIZE, 300.0)
    assert traded(known) == [(10.1, 300.0)]
    known.price(LAST, 10.2, 0.0)
    assert traded(known) == []


def test_a_first_trade_that_is_new_counts() -> None:
    known = state()
    known.text(45, str(int(NOW_S) + 1))
    known.price(LAST, 10.0, 100.0)
    assert traded(known) == [(10.0, 100.0)]


def test_rt_volume_tells_every_trade_once() -> None:
    known = state(awaits_rt=True)
    known.price(LAST, 10.0, 100.0)
    known.size(VOLUME, 1000.0)
    known.text(48, rt(10.0, 100.0, 1000.0, NOW_S - 60))
    assert traded(known) == [], "traded a minute before we looked"
    known.price(LAST, 10.1, 50.0)
    known.size(VOLUME, 1080.0)
    known.text(48, rt(10.05, 30.0, 1030.0))
    known.text(48, rt(10.1, 50.0, 1080.0))
    known.text(48, rt(10.1, 50.0, 1080.0))
    assert traded(known) == [(10.05, 30.0), (10.1, 50.0)]
    known.size(VOLUME, 1100.0)
    assert traded(known) == [], "it comes as RTVolume yet"


@pytest.mark.parametrize(
    "text",
    ["", ";0;1;2;3;true", "a;b;c;d;e;f", "10;;1;99999;10;true", "0;5;1;99999;0;true", "10;5"],
)
def test_rt_volume_without_a_trade_is_none(text: str) -> None:
    known = state(awaits_rt=True)
    known.text(48, rt(10.0, 1.0, 10.0))
    assert traded(known) == [(10.0, 1.0)]
    assert known.text(48, text)
    assert traded(known) == []


def test_rt_volume_that_does_not_come_is_given_up_and_nothing_is_lost() -> None:
    known = state(awaits_rt=True)
    known.price(LAST, 10.0, 100.0)
    known.size(VOLUME, 0.0)
    assert traded(known) == []
    found = []
    for number in range(1, RT_PATIENCE + 2):
        known.size(VOLUME, number * 10.0)
        found += traded(known)
    assert found == [(10.0, 10.0)] * (RT_PATIENCE + 1)


def test_rt_volume_that_comes_late_is_not_counted_twice() -> None:
    known = state(awaits_rt=True)
    known.price(LAST, 10.0, 100.0)
    known.size(VOLUME, 0.0)
    traded(known)
    known.size(VOLUME, 10.0)
    assert traded(known) == []
    known.text(48, rt(10.0, 10.0, 10.0))
    assert traded(known) == [(10.0, 10.0)]


def test_old_data_have_no_rt_volume() -> None:
    known = state(awaits_rt=True)
    known.data_type(3)
    known.price(68, 10.0, 100.0)
    known.size(74, 0.0)
    traded(known)
    known.text(88, str(int(NOW_S) - 900))
    known.size(74, 10.0)
    (trade,) = known.traded(NOW)
    assert trade.at == NOW - timedelta(minutes=15)
    known = state()
    known.data_type(3)
    known.size(74, 0.0)
    known.price(68, 10.0, 1.0)
    traded(known)
    known.size(74, 10.0)
    (trade,) = known.traded(NOW)
    assert trade.at == NOW - timedelta(minutes=15), "TWS tells no time"


def test_a_tape_tells_alone() -> None:
    known = state(awaits_rt=True)
    known.prints.is_by_tick = True
    known.price(LAST, 10.0, 100.0)
    known.size(VOLUME, 1000.0)
    trade = known.by_tick(NOW_S, 10.2, 5.0)
    assert (trade.price, trade.size, trade.at) == (10.2, 5.0, NOW)
    assert not known.price(LAST, 10.0, 100.0), "a sample of what was told"
    assert quote(known).last == 10.2
    known.text(48, rt(10.2, 5.0, 1005.0))
    known.size(VOLUME, 1005.0)
    assert traded(known) == []
    known.prints.is_by_tick = False
    known.size(VOLUME, 1010.0)
    known.text(48, rt(10.3, 5.0, 1010.0))
    assert traded(known) == [(10.3, 5.0)], "the tape has ended"


def test_who_crossed_the_spread() -> None:
    known = state()
    assert known.aggressor(10.0) is Aggressor.UNKNOWN
    known.price(BID, 9.9, 1.0)
    known.price(ASK, 10.1, 1.0)
    assert known.aggressor(10.1) is Aggressor.BUY
    assert known.aggressor(9.8) is Aggressor.SELL
    assert known.aggressor(10.0) is Aggressor.UNKNOWN


def test_a_volume_that_ends_counts_nothing() -> None:
    prints = Prints(0.0, awaits_rt=False)
    trade = Print(10.0, 1.0, nan)
    assert prints.packet(trade, 100.0, nan, is_told=False) == []
    assert prints.packet(trade, nan, nan, is_told=False) == []
    assert prints.packet(trade, 200.0, nan, is_told=False) == []
