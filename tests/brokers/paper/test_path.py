"""Ticks made from a bar are what the bar says, and the same every time."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.brokers.paper.path import MOST_TICKS, PathSpec, ticks_of_bar
from app.domain.market import Bar

STEPS = (Decimal(1), Decimal("0.001"), Decimal(100))
TICKS = (Decimal("0.01"), Decimal("0.00005"), Decimal(1), Decimal("0.5"))


@st.composite
def bars(draw: st.DrawFn) -> tuple[Bar, PathSpec]:
    tick, step = draw(st.sampled_from(TICKS)), draw(st.sampled_from(STEPS))
    prices = sorted(draw(st.lists(st.integers(50, 5000), min_size=4, max_size=4)))
    low, first, second, high = (float(p * tick) for p in prices)
    if draw(st.booleans()):
        first, second = second, first
    if draw(st.booleans()):
        low = high = first = second = float(prices[0] * tick)
    units = draw(st.integers(0, 5000))
    start_s = draw(st.integers(0, 2**31)) * 60
    bar = Bar(start_s, first, high, low, second, float(units * step))
    mean = draw(st.floats(0.001, 1e6))
    return bar, PathSpec(draw(st.integers(0, 99)), 7, 60, tick, step, mean)


@given(bars())
def test_a_bar_is_walked_through_exactly(case: tuple[Bar, PathSpec]) -> None:
    bar, spec = case
    ticks = ticks_of_bar(bar, spec)
    assert ticks.price[0] == bar.open
    assert ticks.price[-1] == bar.close
    assert ticks.price.max() == bar.high
    assert ticks.price.min() == bar.low
    assert len(ticks) <= MOST_TICKS
    total = sum((Decimal(repr(size)) for size in ticks.size.tolist()), Decimal(0))
    assert total == Decimal(repr(bar.volume))
    assert (ticks.size > 0).all() or bar.volume == 0


@given(bars())
def test_time_runs_forward_within_the_bar(case: tuple[Bar, PathSpec]) -> None:
    bar, spec = case
    at_s = ticks_of_bar(bar, spec).at_s
    assert (np.diff(at_s) >= 0).all()
    assert bar.start_s <= at_s[0]
    assert at_s[-1] < bar.start_s + spec.bar_s


@given(bars())
def test_quotes_stand_on_ticks_around_the_trade(case: tuple[Bar, PathSpec]) -> None:
    bar, spec = case
    ticks = ticks_of_bar(bar, spec)
    for bid, ask, price, sign in zip(
        ticks.bid.tolist(), ticks.ask.tolist(), ticks.price.tolist(), ticks.aggressor, strict=True
    ):
        assert 0 < bid < ask
        assert Decimal(repr(bid)) % spec.tick_size == 0
        assert Decimal(repr(ask)) % spec.tick_size == 0
        assert price in (bid, ask) or bid <= price <= ask
        assert sign in (1, -1)
    assert (ticks.bid_size > 0).all()
    assert (ticks.ask_size > 0).all()


@given(bars())
def test_the_same_seed_makes_the_same_ticks(case: tuple[Bar, PathSpec]) -> None:
    bar, spec = case
    first, second = ticks_of_bar(bar, spec), ticks_of_bar(bar, spec)
    for name in ("at_s", "bid", "ask", "bid_size", "ask_size", "price", "size", "aggressor"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


def test_another_seed_or_instrument_makes_others() -> None:
    bar = Bar(0, 10.0, 10.5, 9.5, 10.2, 5000.0)
    spec = PathSpec(1, 7, 60, Decimal("0.01"), Decimal(1), 5000.0)
    other_seed = PathSpec(2, 7, 60, Decimal("0.01"), Decimal(1), 5000.0)
    other_salt = PathSpec(1, 8, 60, Decimal("0.01"), Decimal(1), 5000.0)
    base = ticks_of_bar(bar, spec).at_s
    for other in (other_seed, other_salt):
        assert not np.array_equal(base, ticks_of_bar(bar, other).at_s)


def test_prints_between_ticks_are_kept_as_recorded() -> None:
    bar = Bar(0, 54.7216, 54.7301, 54.7199, 54.7250, 5964.0)
    spec = PathSpec(1, 7, 60, Decimal("0.01"), Decimal(1), 5000.0)
    ticks = ticks_of_bar(bar, spec)
    assert {54.7216, 54.7301, 54.7199, 54.7250} <= set(ticks.price.tolist())
    assert ((ticks.price >= 54.7199) & (ticks.price <= 54.7301)).all()
