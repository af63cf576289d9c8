"""Quotes and prints: what they are worth and when they cannot be true."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import InstrumentKey
from app.domain.market import Quote, Timeframe, TradePrint
from tests.doubles.clock import START

NAN, INF = float("nan"), float("inf")
QUOTE = Quote(InstrumentKey("SEC|SPY|USD"), 10.0, 10.2, 5.0, 7.0, 10.1, START, 0.0)
PRINT = TradePrint(InstrumentKey("SEC|SPY|USD"), 10.0, 5.0, START)


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({}, 10.1),
        ({"last": 9.0}, 10.0),  # below the bid: the bid
        ({"last": 11.0}, 10.2),
        ({"last": NAN}, 10.1),
        ({"bid": NAN}, 10.1),
        ({"bid": NAN, "last": 11.0}, 10.2),
        ({"ask": NAN, "last": 9.0}, 10.0),
        ({"bid": NAN, "ask": NAN}, 10.1),
    ],
)
def test_the_mark_is_the_last_trade_held_to_the_quote(changes: dict[str, Any], mark: float) -> None:
    assert replace(QUOTE, **changes).mark == pytest.approx(mark)


def test_a_mark_that_nobody_knows_is_not_a_number() -> None:
    assert math.isnan(replace(QUOTE, last=NAN, bid=NAN).mark)
    assert math.isnan(replace(QUOTE, bid=NAN).mid)


@pytest.mark.parametrize(
    "changes",
    [
        {"bid": 0.0},
        {"ask": -1.0},
        {"last": 0.0},
        {"bid": 10.3},
        {"bid_size": -1.0},
        {"ask_size": -0.5},
        {"ask": INF},
        {"last": INF},
        {"bid_size": INF},
        {"bid": NAN, "ask": INF},
    ],
)
def test_a_quote_that_cannot_be_true_says_why(changes: dict[str, Any]) -> None:
    assert replace(QUOTE, **changes).fault


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"bid": 10.2},  # locked
        {"bid": NAN},
        {"ask": NAN, "ask_size": NAN},
        {"last": NAN, "bid": NAN, "ask": NAN, "bid_size": NAN},
        {"bid_size": 0.0},
    ],
)
def test_what_is_not_known_is_no_fault(changes: dict[str, Any]) -> None:
    assert not replace(QUOTE, **changes).fault


@given(values=st.lists(st.floats(), min_size=5, max_size=5))
def test_a_faultless_quote_holds_only_what_can_be_true(values: list[float]) -> None:
    bid, ask, last, bid_size, ask_size = values
    made = replace(QUOTE, bid=bid, ask=ask, last=last, bid_size=bid_size, ask_size=ask_size)
    if made.fault:
        return
    for price in (bid, ask, last):
        assert math.isnan(price) or (math.isfinite(price) and price > 0)
    for size in (bid_size, ask_size):
        assert math.isnan(size) or (math.isfinite(size) and size >= 0)
    assert not bid > ask


@pytest.mark.parametrize(
    "changes",
    [{"price": p} for p in (0.0, -1.0, NAN, INF)] + [{"size": s} for s in (-1.0, NAN, INF)],
)
def test_a_print_that_cannot_be_true_says_why(changes: dict[str, Any]) -> None:
    assert replace(PRINT, **changes).fault
    assert not PRINT.fault


def test_timeframes_know_their_length() -> None:
    lengths = [timeframe.seconds for timeframe in Timeframe]
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (1, 2_592_000)
    assert Timeframe.M15.seconds == 900
    assert Timeframe.H4.is_intraday
    assert not Timeframe.D1.is_intraday
