"""Round trips: where one ends, what it made, and who pays a fee between two."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.analytics.round_trips import Trip, TripCounter
from app.domain.order_types import Side
from app.domain.position import CostMethod, Ledger, Lot
from tests.doubles.books import facts
from tests.doubles.orders import fill

D = Decimal


def trips(*trades: tuple[int, str, Any], opening: Lot | None = None) -> list[Trip]:
    """The trips of (units, price, fee) in turn."""
    ledger = Ledger(D(1), CostMethod.FIFO, lambda moment: moment.date(), opening)
    for number, (units, price, fee) in enumerate(trades):
        side = Side.BUY if units >= 0 else Side.SELL
        terms: dict[str, Any] = {"side": side, "price": D(price)}
        terms["fee"] = None if fee is None else D(fee)
        ledger.add(fill(str(abs(units)), f"e{number}", number, **terms))
    counter = TripCounter()
    return [trip for booked in ledger.booked if (trip := counter.add(booked)) is not None]


def nets(*trades: tuple[int, str, Any], opening: Lot | None = None) -> list[Decimal]:
    return [trip.net for trip in trips(*trades, opening=opening)]


def test_from_flat_to_flat_with_the_fees_of_the_way() -> None:
    assert nets((100, "10", 1), (50, "11", 1), (-150, "12", 2)) == [246]


def test_a_position_that_is_still_open_is_no_trip() -> None:
    assert nets((100, "10", 1), (-50, "11", 1)) == []


def test_a_fill_that_turns_round_ends_one_trip_and_begins_the_next() -> None:
    assert nets((100, "10", 1), (-300, "11", 3), (200, "10", 2)) == [98, 196]


def test_a_shared_fee_is_shared_without_loss() -> None:
    first, second = nets((1, "10", 0), (-3, "10", 1), (2, "10", 0))
    assert first + second == -1
    assert first == D("-0.333333333333333333")


def test_short_trips_count_too() -> None:
    assert nets((-10, "10", 0), (10, "9", 0)) == [10]


def test_a_fee_that_is_not_told_or_foreign_is_not_in_it() -> None:
    assert nets((10, "10", None), (-10, "11", None)) == [10]


def test_what_was_held_before_may_be_closed_at_an_unknown_profit() -> None:
    [known] = trips((-10, "12", 0), opening=Lot(D(10), D(100)))
    assert facts(known.net, known.is_known) == (20, True)
    [unknown] = trips((-10, "12", 0), opening=Lot(D(10), None))
    assert not unknown.is_known
    following = trips((-10, "12", 0), (10, "5", 0), (-10, "6", 0), opening=Lot(D(10), None))
    assert [trip.is_known for trip in following] == [False, True]


@pytest.mark.parametrize("held", [0, 10])
def test_a_fill_that_was_taken_back_ends_nothing(held: int) -> None:
    before = [(held, "10", 0)] if held else []
    assert nets(*before, (0, "10", 1)) == []
