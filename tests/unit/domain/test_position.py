"""Positions and profit: exact, whatever the order in which fills become known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.execution import Execution
from app.domain.ids import ExecId
from app.domain.order_types import Side
from app.domain.position import CostMethod, Ledger, Lot
from tests.doubles.orders import at, fill

D = Decimal
FIFO, AVERAGE = CostMethod.FIFO, CostMethod.AVERAGE
DAY = date(2024, 3, 12)
BOTH = pytest.mark.parametrize("method", [FIFO, AVERAGE])


def day_of(moment: datetime) -> date:
    return moment.date()


def ledger(method: CostMethod = FIFO, multiplier: int = 1, opening: Lot | None = None) -> Ledger:
    return Ledger(D(multiplier), method, day_of, opening)


def trade(quantity: int | str, price: int | str, seconds: float = 0, **changes: Any) -> Execution:
    """A fill of `quantity` units, sold where negative; named by its moment."""
    units = D(quantity)
    side = Side.BUY if units >= 0 else Side.SELL
    name = changes.pop("exec_id", f"e{seconds:06.1f}")
    return fill(str(abs(units)), name, seconds, side=side, price=D(price), **changes)


def facts(*values: object) -> tuple[object, ...]:
    """Values of several types, to be compared with plain numbers."""
    return values


def booked(method: CostMethod, *trades: Execution, multiplier: int = 1) -> Ledger:
    made = ledger(method, multiplier)
    for one in trades:
        assert made.add(one)
    return made


@BOTH
def test_a_purchase_is_held_at_its_price(method: CostMethod) -> None:
    made = booked(method, trade(100, 10))
    assert facts(made.quantity, made.average_price, made.realized) == (100, 10, 0)
    assert made.unrealized(D("10.5")) == 50


def test_first_in_is_first_out() -> None:
    made = booked(FIFO, trade(100, 10, 0), trade(100, 12, 1), trade(-100, 13, 2))
    assert facts(made.realized, made.average_price) == (300, 12)


def test_average_cost_stays_through_a_sale() -> None:
    made = booked(AVERAGE, trade(100, 10, 0), trade(100, 12, 1), trade(-100, 13, 2))
    assert facts(made.realized, made.average_price) == (200, 11)


@BOTH
def test_a_short_earns_when_it_falls(method: CostMethod) -> None:
    made = booked(method, trade(-100, 10, 0), trade(40, 9, 1))
    assert facts(made.quantity, made.realized, made.average_price) == (-60, 40, 10)
    assert made.unrealized(D(9)) == 60


@BOTH
def test_a_trade_through_zero_closes_and_opens(method: CostMethod) -> None:
    made = booked(method, trade(100, 10, 0), trade(-150, 12, 1))
    assert facts(made.quantity, made.realized, made.average_price) == (-50, 200, 12)
    made.add(trade(80, 11, 2))
    assert facts(made.quantity, made.realized, made.average_price) == (30, 250, 11)


@BOTH
def test_the_multiplier_counts(method: CostMethod) -> None:
    made = booked(method, trade(2, "4000.25", 0), trade(-1, "4001.25", 1), multiplier=50)
    assert facts(made.realized, made.average_price) == (50, D("4000.25"))
    assert made.unrealized(D("4000.50")) == D("12.50")


@BOTH
def test_fees_are_taken_off_on_the_day_they_are_paid(method: CostMethod) -> None:
    made = booked(
        method,
        trade(100, 10, 0, fee=D("1.00"), fee_currency="usd"),
        trade(-100, 11, 90_000, fee=D("1.50")),
    )
    assert made.realized == D("97.50")
    assert made.realized_on(DAY) == -1
    assert made.realized_on(date(2024, 3, 13)) == D("98.50")
    assert made.realized_on(date(2024, 3, 14)) == 0


@BOTH
def test_a_fee_in_another_currency_stands_apart(method: CostMethod) -> None:
    made = booked(
        method,
        trade(1, 10, 0, fee=D("0.2"), fee_currency="BNB"),
        trade(1, 10, 1, fee=D("0.3"), fee_currency="bnb"),
    )
    assert made.realized == 0
    assert made.foreign_fees_on(DAY) == {"BNB": D("0.5")}
    assert made.foreign_fees_on(date(2024, 3, 13)) == {}


@BOTH
def test_a_fee_that_is_told_later_is_taken_off(method: CostMethod) -> None:
    made = booked(method, trade(100, 10, 0))
    assert made.add(trade(100, 10, 0, fee=D(1)))
    assert facts(made.quantity, made.realized) == (100, -1)


@BOTH
def test_known_fills_change_nothing(method: CostMethod) -> None:
    made = booked(method, trade(100, 10, 0))
    assert not made.add(trade(100, 10, 0))
    assert made.quantity == 100


@BOTH
def test_a_correction_rewrites_the_past(method: CostMethod) -> None:
    first = trade(100, 10, 0)
    made = booked(method, first, trade(-100, 12, 1))
    assert made.add(replace(first, quantity=D(90), price=D(11), revision=1))
    assert facts(made.quantity, made.realized, made.average_price) == (-10, 90, 12)
    assert not made.add(first)


@BOTH
def test_a_fill_that_is_taken_back_is_gone(method: CostMethod) -> None:
    first = trade(100, 10, 0)
    made = booked(method, first)
    made.add(replace(first, quantity=D(0), revision=1))
    assert facts(made.quantity, made.cost, made.average_price, made.realized) == (0, 0, None, 0)


@BOTH
def test_a_late_fill_takes_its_place_in_time(method: CostMethod) -> None:
    made = booked(method, trade(-100, 12, 1), trade(100, 10, 0))
    assert facts(made.quantity, made.realized) == (0, 200)


@BOTH
def test_an_opening_lot_is_closed_first(method: CostMethod) -> None:
    made = ledger(method, opening=Lot(D(100), D(900)))
    assert made.average_price == 9
    made.add(trade(-50, 10, 0))
    assert facts(made.quantity, made.realized) == (50, 50)


@BOTH
def test_closing_what_nobody_told_the_cost_of_earns_nobody_knows_what(method: CostMethod) -> None:
    made = ledger(method, opening=Lot(D(100), None))
    assert facts(made.average_price, made.unrealized(D(5))) == (None, None)
    made.add(trade(-60, 10, 0))
    assert facts(made.quantity, made.cost, made.is_realized_known) == (40, None, False)
    assert made.realized_on(DAY) is None
    made.add(trade(-60, 10, 90_000))
    assert facts(made.quantity, made.average_price) == (-20, 10)
    assert made.realized_on(date(2024, 3, 14)) == 0


@BOTH
def test_buying_more_of_what_nobody_told_the_cost_of_does_not_make_it_known(
    method: CostMethod,
) -> None:
    made = ledger(method, opening=Lot(D(100), None))
    made.add(trade(100, 10, 0))
    assert facts(made.quantity, made.cost) == (200, None)


@BOTH
def test_an_empty_opening_is_none(method: CostMethod) -> None:
    made = ledger(method, opening=Lot(D(0), D(0)))
    assert facts(made.quantity, made.cost, made.executions) == (0, 0, [])
    made.extend([])
    assert made.is_realized_known


# ---- what holds for every life of a position ----

TRADES = st.lists(
    st.tuples(
        st.decimals(min_value=-50, max_value=50, places=3).filter(bool),
        st.decimals(min_value="0.01", max_value=500, places=2),
        st.decimals(min_value=-1, max_value=2, places=4),
        st.integers(0, 3),  # several at one moment
    ),
    max_size=25,
)


def executions(rows: Sequence[tuple[Decimal, Decimal, Decimal, int]]) -> list[Execution]:
    moment, made = 0, []
    for number, (quantity, price, fee, pause) in enumerate(rows):
        moment += pause
        side = Side.BUY if quantity > 0 else Side.SELL
        made.append(
            fill(str(abs(quantity)), f"e{number:03}", moment, side=side, price=price, fee=fee)
        )
    return made


def cash(trades: Sequence[Execution], multiplier: int) -> Decimal:
    """What the account paid and was paid."""
    return sum(
        (-t.signed_quantity * t.price * multiplier - (t.fee or 0) for t in trades), start=D(0)
    )


@given(rows=TRADES, multiplier=st.sampled_from([1, 50]), method=st.sampled_from(CostMethod))
def test_profit_is_what_was_paid_and_what_is_left(
    rows: list[tuple[Decimal, Decimal, Decimal, int]], multiplier: int, method: CostMethod
) -> None:
    trades, mark = executions(rows), D("123.45")
    made = ledger(method, multiplier)
    for one in trades:
        made.add(one)
    unrealized = made.unrealized(mark)
    assert unrealized is not None
    assert made.quantity == sum((t.signed_quantity for t in trades), D(0))
    value = made.quantity * mark * multiplier
    assert made.realized + unrealized == cash(trades, multiplier) + value


@given(rows=TRADES)
def test_both_methods_agree_when_flat(rows: list[tuple[Decimal, Decimal, Decimal, int]]) -> None:
    trades = executions(rows)
    held = sum((t.signed_quantity for t in trades), D(0))
    if held:
        side = Side.SELL if held > 0 else Side.BUY
        trades.append(fill(str(abs(held)), "last", 1000, side=side, price=D("77.77")))
    fifo, average = ledger(FIFO), ledger(AVERAGE)
    fifo.extend(trades)
    average.extend(trades)
    assert fifo.quantity == average.quantity == 0
    assert fifo.realized == average.realized == cash(trades, 1)


@given(rows=TRADES, method=st.sampled_from(CostMethod), data=st.data())
def test_order_of_arrival_and_repetition_change_nothing(
    rows: list[tuple[Decimal, Decimal, Decimal, int]], method: CostMethod, data: st.DataObject
) -> None:
    trades = executions(rows)
    shuffled = data.draw(st.permutations(trades + trades[:5]))
    revised = [replace(t, revision=1, quantity=t.quantity * 2) for t in trades[::4]]
    once, often, restored = ledger(method), ledger(method), ledger(method)
    for one in trades + revised:
        once.add(one)
    for one in data.draw(st.permutations([*shuffled, *revised])):
        often.add(one)
    restored.extend(shuffled + revised + trades)
    for other in (often, restored):
        assert (other.quantity, other.cost, other.realized) == (
            once.quantity,
            once.cost,
            once.realized,
        )
        assert other.executions == once.executions


@given(rows=TRADES.filter(bool))
def test_the_average_price_lies_within_the_prices_paid(
    rows: list[tuple[Decimal, Decimal, Decimal, int]],
) -> None:
    trades = executions([(abs(q), p, f, s) for q, p, f, s in rows])
    for method in CostMethod:
        made = booked(method, *trades)
        average = made.average_price
        assert average is not None
        prices = [t.price for t in trades]
        assert min(prices) <= round(average, 12) <= max(prices)


def test_membership_is_by_execution_id() -> None:
    made = booked(FIFO, trade(1, 10, 0, exec_id="a"))
    assert trade(5, 1, 9, exec_id="a") in made
    assert trade(1, 10, 0, exec_id="b") not in made
    assert [e.exec_id for e in made.executions] == [ExecId("a")]
    assert made.executions[0].at == at(0)
