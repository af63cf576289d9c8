"""The risk gate: positions, legs of a bracket, and exits that can never open."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import order_events as ev
from app.domain.groups import bracket, oco, oto
from app.domain.ids import AccountId
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderRequest
from app.domain.risk_limits import RiskLimits, TradingState
from app.engine.exposure import Kind, kinds
from app.store.history import History
from tests.doubles.clock import START, FakeClock
from tests.doubles.gate import Gate, rule
from tests.doubles.orders import QQQ, fill

D = Decimal
MARKET, STOP = OrderType.MARKET, OrderType.STOP
BUY, SELL = Side.BUY, Side.SELL
HALTED, REDUCING = TradingState.HALTED, TradingState.REDUCING


# ---- positions ----


def test_position_quantity_counts_what_works(gate: Gate) -> None:
    gate.set(max_position_quantity=D(300))
    gate.hold(100)
    gate.work(quantity=D(150), filled=50)  # its fill is in the position already
    gate.work(quantity=D(999), instrument=QQQ)
    gate.work(quantity=D(999), account_id=AccountId("B"))
    gate.work(quantity=D(999), side=SELL)
    assert gate.rule(quantity=D(100)) == ""
    refusal = gate.check(quantity=D(101))
    assert refusal is not None
    assert (refusal.rule, refusal.limit, refusal.actual) == ("position quantity", "300", "301")


def test_position_limits_hold_for_shorts(gate: Gate) -> None:
    gate.set(max_position_quantity=D(300))
    gate.hold(-100)
    assert gate.rule(quantity=D(200), side=SELL) == ""
    assert gate.rule(quantity=D(201), side=SELL) == "position quantity"
    assert gate.rule(quantity=D(400)) == ""
    assert gate.rule(quantity=D(401)) == "position quantity"


def test_whoever_is_beyond_the_limit_may_come_back(gate: Gate) -> None:
    gate.set(max_position_quantity=D(100), max_position_value=D(10))
    gate.hold(500)
    gate.quote()
    assert gate.rule(quantity=D(50), side=SELL) == ""
    assert gate.rule(quantity=D(500), side=SELL, reduce_only=True) == ""
    assert gate.rule(quantity=D(1)) == "position quantity"
    # Through the position and out on the other side is an entry, within its limit.
    gate.set(max_position_quantity=D(100))
    assert gate.rule(quantity=D(600), side=SELL) == ""
    assert gate.rule(quantity=D(601), side=SELL) == "position quantity"


def test_exits_that_work_do_not_make_room_or_take_it(gate: Gate) -> None:
    gate.set(max_position_quantity=D(100))
    gate.hold(100)
    gate.work(side=SELL, quantity=D(100), reduce_only=True)
    assert gate.rule(quantity=D(1)) == "position quantity"
    assert gate.rule(quantity=D(200), side=SELL) == ""


def test_fills_the_portfolio_has_not_heard_of_count(gate: Gate) -> None:
    gate.set(max_position_quantity=D(100))
    gate.hold(50)
    gate.moving = D(40)
    assert gate.rule(quantity=D(10)) == ""
    assert gate.rule(quantity=D(11)) == "position quantity"
    # They may be in the broker's word already: what it takes to sell is then less.
    assert gate.rule(quantity=D(50), side=SELL, reduce_only=True) == ""
    assert gate.rule(quantity=D(51), side=SELL, reduce_only=True) == "reduce only"
    gate.moving = D(-40)
    assert gate.rule(quantity=D(11), side=SELL, reduce_only=True) == "reduce only"


def test_position_value(gate: Gate) -> None:
    gate.set(max_position_value=D(2000))
    gate.hold(100)
    gate.quote()
    assert gate.rule(quantity=D(100)) == ""
    refusal = gate.check(quantity=D(101))
    assert refusal is not None
    assert (refusal.rule, refusal.actual) == ("position value", "2010")
    assert gate.rule(quantity=D(101), side=SELL) == ""
    assert gate.rule(quantity=D(400), side=SELL, order_type=MARKET) == "position value"


def test_a_position_nobody_can_value_is_only_counted(gate: Gate) -> None:
    gate.set(max_position_value=D(1))
    assert gate.rule(order_type=MARKET) == ""


def test_a_group_counts_as_a_whole(gate: Gate) -> None:
    gate.set(max_position_quantity=D(150))
    first, second = gate.ask(limit_price=D(9)), gate.ask(limit_price=D(8))
    assert rule(gate.risk.check(oto(first, second))) == "position quantity"
    # Of two that cancel one another only one trades.
    assert gate.risk.check(oco(first, second)) is None
    assert gate.risk.check(oto(first, replace(second, instrument=QQQ))) is None


def test_the_legs_of_a_bracket_are_exits(gate: Gate) -> None:
    gate.set(
        max_position_quantity=D(100),
        max_order_value=D(1000),
        max_order_quantity=D(100),
        price_collar_percent=D(5),
        max_open_orders=3,
        banned=("GME",),
    )
    gate.quote()
    entry = gate.ask()
    assert gate.risk.check(bracket(entry, D(30), D(5))) is None
    # Far below the market, where the legs' prices only make sense beside the entry's.
    low = gate.ask(limit_price=D(5))
    assert gate.risk.check(bracket(low, D(6), D(4))) is None
    gate.set(max_open_orders=2)
    assert rule(gate.risk.check(bracket(entry, D(30), D(5)))) == "open orders"


def test_a_leg_on_the_wrong_side_of_its_entry_is_seen(gate: Gate) -> None:
    gate.set(price_collar_percent=D(5))
    entry = gate.ask()
    leg = gate.ask(side=SELL, limit_price=D(9), parent_id=entry.client_order_id)
    assert rule(gate.risk.check([entry, leg])) == "price collar"


def test_legs_of_a_market_entry_are_measured_from_the_quote(gate: Gate) -> None:
    gate.set(price_collar_percent=D(5))
    entry = gate.ask(order_type=MARKET)
    assert gate.risk.check(bracket(entry, D(12), D(8))) is None
    gate.quote()
    assert gate.risk.check(bracket(entry, D(12), D(8))) is None
    assert rule(gate.risk.check(bracket(entry, D(9), D(8)))) == "price collar"


@pytest.mark.parametrize(
    ("terms", "kind"),
    [
        ({"side": SELL}, Kind.CHILD),
        ({"side": SELL, "quantity": D(101)}, Kind.ENTRY),
        ({"side": BUY}, Kind.ENTRY),
        ({"side": SELL, "instrument": QQQ}, Kind.ENTRY),
        ({"side": SELL, "reduce_only": True}, Kind.EXIT),
    ],
)
def test_what_a_child_can_do(gate: Gate, terms: dict[str, Any], kind: Kind) -> None:
    parent = gate.ask()
    child = gate.ask(parent_id=parent.client_order_id, **terms)
    assert kinds([parent, child], lambda _: False) == [Kind.ENTRY, kind]


def test_legs_may_close_no_more_than_the_entry_opens(gate: Gate) -> None:
    parent = gate.ask()

    def leg(quantity: int, group: str = "") -> OrderRequest:
        own = {"side": SELL, "parent_id": parent.client_order_id, "oco_group": group}
        return gate.ask(quantity=D(quantity), **own)

    def found(*legs: OrderRequest) -> list[Kind]:
        return kinds([parent, *legs], lambda _: False)[1:]

    assert found(leg(100, "a"), leg(100, "a")) == [Kind.CHILD] * 2
    assert found(leg(60, "a"), leg(60, "a"), leg(40, "b")) == [Kind.CHILD] * 3
    assert found(leg(60), leg(60), leg(40)) == [Kind.CHILD, Kind.ENTRY, Kind.CHILD]


def test_what_follows_an_exit_opens(gate: Gate) -> None:
    gate.hold(100)
    close = gate.ask(side=SELL, reduce_only=True)
    again = gate.ask(parent_id=close.client_order_id)
    assert kinds([close, again], lambda _: False) == [Kind.EXIT, Kind.ENTRY]
    gate.risk.set_state(HALTED, "test")
    assert rule(gate.risk.check([close, again])) == "trading state"


def test_legs_that_wait_for_their_entry_hold_no_room(gate: Gate) -> None:
    gate.set(max_position_quantity=D(100))
    entry = gate.work(limit_price=D(9))
    own: dict[str, Any] = {"side": SELL, "parent_id": entry.client_order_id, "oco_group": "g"}
    gate.work(held=True, limit_price=D(12), **own)
    assert gate.rule(side=SELL) == ""
    assert gate.rule(side=SELL, quantity=D(101)) == "position quantity"
    # Once the entry has traded they sell what is there.
    gate.hold(100)
    gate.book.apply(
        ev.OrderFilled(
            client_order_id=entry.client_order_id,
            at=START,
            execution=fill(100, "entry", own_id=entry.client_order_id),
        )
    )
    assert gate.rule(side=SELL, quantity=D(100)) == ""
    assert gate.rule(side=SELL, quantity=D(101)) == "position quantity"


# ---- exits ----


@pytest.mark.parametrize(
    ("held", "side", "quantity", "refused"),
    [
        (100, SELL, 100, False),
        (100, SELL, 101, True),
        (100, BUY, 1, True),
        (-100, BUY, 100, False),
        (-100, BUY, 101, True),
        (-100, SELL, 1, True),
        (0, SELL, 1, True),
    ],
)
def test_an_exit_never_goes_beyond_the_position(
    gate: Gate, held: int, side: Side, quantity: int, refused: bool
) -> None:
    gate.hold(held)
    found = gate.rule(side=side, quantity=D(quantity), reduce_only=True)
    assert found == ("reduce only" if refused else "")


def test_nothing_known_is_nothing_to_close(gate: Gate) -> None:
    assert gate.rule(side=SELL, reduce_only=True) == "reduce only"


def test_a_market_order_on_its_way_out_is_counted_and_a_stop_is_not(gate: Gate) -> None:
    gate.hold(100)
    gate.work(side=SELL, order_type=STOP, limit_price=None, stop_price=D(8))
    assert gate.rule(side=SELL, reduce_only=True) == ""
    gate.work(side=SELL, order_type=MARKET, quantity=D(60))
    refusal = gate.check(side=SELL, reduce_only=True, quantity=D(50))
    assert refusal is not None
    assert (refusal.rule, refusal.limit, refusal.actual) == ("reduce only", "40", "50")
    assert gate.rule(side=SELL, reduce_only=True, quantity=D(40)) == ""


def test_exits_of_one_group_share_the_position(gate: Gate) -> None:
    gate.hold(100)
    first = gate.ask(side=SELL, reduce_only=True, quantity=D(60), limit_price=D(12))
    second = gate.ask(side=SELL, reduce_only=True, quantity=D(60), limit_price=D(13))
    assert rule(gate.risk.check([first, second])) == "reduce only"
    assert gate.risk.check(oco(first, second)) is None
    elsewhere = replace(second, instrument=QQQ)
    gate.hold(100, QQQ)
    assert gate.risk.check([first, elsewhere]) is None


def test_no_limit_traps_a_trader_in_a_position(gate: Gate) -> None:
    gate.limits = [
        RiskLimits(
            max_order_quantity=D(1),
            max_order_value=D(1),
            price_collar_percent=D(5),
            quote_max_age_s=1.0,
            max_position_quantity=D(1),
            max_position_value=D(1),
            max_open_orders=0,
            max_daily_loss=D(0),
            max_orders_per_minute=0,
            duplicate_window_s=1.0,
            banned=("SPY",),
        )
    ]
    gate.hold(100)
    for state in TradingState:
        gate.risk.set_state(state, "test")
        assert gate.rule(side=SELL, order_type=MARKET, reduce_only=True) == ""
        assert gate.rule(side=SELL, limit_price=D(9), reduce_only=True) == ""


@given(
    held=st.integers(-20, 20),
    working=st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 10)), max_size=4),
    side=st.sampled_from(Side),
    quantity=st.integers(1, 30),
    state=st.sampled_from([REDUCING, HALTED]),
    reduce_only=st.booleans(),
)
def test_outside_of_normal_trading_no_fill_can_increase_exposure(
    tmp_path_factory: pytest.TempPathFactory,
    held: int,
    working: list[tuple[Side, int]],
    side: Side,
    quantity: int,
    state: TradingState,
    reduce_only: bool,
) -> None:
    """Whatever passes, alone or with all that works on its side, ends nearer to flat."""
    history = History(tmp_path_factory.mktemp("risk") / "history.db")
    gate = Gate(FakeClock(), history)
    gate.hold(held)
    for other, units in working:
        gate.work(side=other, quantity=D(units))
    gate.risk.set_state(state, "test")
    terms: dict[str, Any] = {"side": side, "quantity": D(quantity), "reduce_only": reduce_only}
    if not gate.rule(**terms):
        moved = quantity
        if not reduce_only:
            moved += sum(units for other, units in working if other is side)
        assert abs(held + side.sign * moved) < abs(held)
        assert held * side.sign < 0
    history.close()
