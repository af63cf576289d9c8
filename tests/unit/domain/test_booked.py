"""What each fill did: the parts that positions and profit are the sums of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.booked import Booked, paid_fee
from app.domain.execution import Execution
from app.domain.order_types import Side
from app.domain.position import CostMethod, Ledger, Lot, exact_sum
from tests.doubles.orders import fill

D = Decimal
FIFO = CostMethod.FIFO
DAY_S = 86_400
UNITS = st.decimals(min_value=-500, max_value=500, places=2)
MONEY = st.decimals(min_value=D("0.01"), max_value=900, places=3)
FEES = st.none() | st.decimals(min_value=-2, max_value=9, places=4)
TRADES = st.lists(
    st.tuples(UNITS, MONEY, FEES, st.sampled_from(["", "USD", "usd", "EUR"]), st.integers(0, 5)),
    max_size=25,
)


def day_of(moment: datetime) -> date:
    return moment.date()


def trade(
    quantity: int | str | Decimal, price: int | str | Decimal, seconds: float = 0, **more: Any
) -> Execution:
    units = D(quantity)
    side = Side.BUY if units >= 0 else Side.SELL
    name = more.pop("exec_id", f"e{seconds:09.1f}")
    return fill(str(abs(units)), name, seconds, side=side, price=D(price), **more)


def book(*trades: Execution, opening: Lot | None = None) -> Sequence[Booked]:
    ledger = Ledger(D(1), FIFO, day_of, opening)
    for one in trades:
        ledger.add(one)
    return ledger.booked


def figures(booked: Booked) -> tuple[object, ...]:
    return (booked.closed, booked.profit, booked.held_before, booked.held, booked.is_known)


def test_opening_closing_and_turning_round() -> None:
    first, half, turned = book(trade(100, 10, 0), trade(-40, 12, 1), trade(-100, 11, 2))
    assert figures(first) == (0, 0, 0, 100, True)
    assert figures(half) == (40, 80, 100, 60, True)
    assert figures(turned) == (60, 60, 60, -40, True)


def test_what_was_held_before_counts_though_nobody_told_its_cost() -> None:
    (sold, rest) = book(trade(-5, 10, 0), trade(-10, 10, 1), opening=Lot(D(10), None))
    assert figures(sold) == (5, 0, 10, 5, False)
    assert figures(rest) == (5, 0, 5, -5, False)


def test_a_known_part_of_the_profit_is_told_beside_an_unknown_one() -> None:
    bought, sold = book(trade(5, 8, 0), trade(-15, 10, 1), opening=Lot(D(10), None))
    assert bought.is_known
    assert figures(sold) == (15, 10, 15, 0, False)


def test_fees_in_the_currency_of_the_instrument_and_in_others() -> None:
    own, named, foreign, untold = book(
        trade(1, 10, 0, fee=D("1.5")),
        trade(1, 10, 1, fee=D(2), fee_currency="usd"),
        trade(1, 10, 2, fee=D(3), fee_currency="eur"),
        trade(1, 10, 3, fee=None),
    )
    assert [b.own_fee for b in (own, named, foreign, untold)] == [D("1.5"), 2, 0, 0]
    assert paid_fee(own.execution) == ("USD", D("1.5"))
    assert paid_fee(foreign.execution) == ("EUR", D(3))
    assert paid_fee(untold.execution) is None


def test_the_list_grows_until_a_correction_brings_another() -> None:
    ledger = Ledger(D(1), FIFO, day_of)
    ledger.add(trade(10, 5, 0))
    before = ledger.booked
    ledger.add(trade(-10, 6, 1))
    assert ledger.booked is before
    assert len(before) == 2
    ledger.add(trade(-10, 7, 1, revision=1))
    assert ledger.booked is not before
    assert [b.profit for b in ledger.booked] == [0, 20]
    assert [b.profit for b in before] == [0, 10]  # a reader of the old one is not confused


@given(rows=TRADES, method=st.sampled_from(CostMethod), data=st.data())
def test_the_parts_sum_up_to_what_the_ledger_says(
    rows: list[tuple[Decimal, Decimal, Decimal | None, str, int]],
    method: CostMethod,
    data: st.DataObject,
) -> None:
    trades = [
        trade(units, price, days * DAY_S + at, fee=fee, fee_currency=currency)
        for at, (units, price, fee, currency, days) in enumerate(rows)
    ]
    revised = [replace(one, revision=1, quantity=D(3)) for one in trades[::4]]
    ledger = Ledger(D(50), method, day_of, Lot(D(7), D(3500)))
    for one in data.draw(st.permutations(trades + revised)):
        ledger.add(one)
    booked = ledger.booked
    assert exact_sum(b.profit - b.own_fee for b in booked) == ledger.realized
    assert [b.execution for b in booked] == ledger.executions
    held = D(7)
    for part in booked:
        assert part.held_before == held
        held = part.held
    assert held == ledger.quantity
    for day in {b.day for b in booked}:
        of_day = [b for b in booked if b.day == day]
        assert exact_sum(b.profit - b.own_fee for b in of_day) == ledger.realized_on(day)
        foreign = [paid for b in of_day if (paid := paid_fee(b.execution)) and paid[0] == "EUR"]
        assert exact_sum(fee for _, fee in foreign) == ledger.foreign_fees_on(day).get("EUR", 0)
