"""The risk gate: how many, how fast, how much lost; limits merged; changes of orders."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.domain import order_events as ev
from app.domain.events import ExecutionBooked
from app.domain.groups import bracket
from app.domain.ids import AccountId, ConnectionId
from app.domain.order import Order
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderChange, OrderRequest
from app.domain.risk_limits import RiskLimits, TradingState, strictest
from tests.doubles.clock import START
from tests.doubles.gate import OFF, Gate, rule
from tests.doubles.orders import CONNECTION, QQQ, fill

D = Decimal
OTHER = ConnectionId("other")
MARKET, STOP = OrderType.MARKET, OrderType.STOP
SELL = Side.SELL
HALTED = TradingState.HALTED


# ---- how many, how fast, how much lost ----


def test_open_orders_of_the_connection(gate: Gate) -> None:
    gate.set(max_open_orders=2)
    gate.work()
    gate.work(connection_id=OTHER)
    assert gate.rule() == ""
    gate.hold(100)
    gate.work(instrument=QQQ)
    refusal = gate.check()
    assert refusal is not None
    assert (refusal.rule, refusal.limit, refusal.actual) == ("open orders", "2", "3")
    assert gate.rule(side=SELL) == ""
    assert gate.rule(side=SELL, reduce_only=True) == ""


def test_order_rate(gate: Gate) -> None:
    gate.set(max_orders_per_minute=3)
    gate.hold(100)
    for _ in range(2):
        gate.risk.note_sent(gate.ask())
        gate.clock.advance(1)
    gate.risk.note_sent(gate.ask(connection_id=OTHER))
    assert gate.rule() == ""
    entry = gate.ask()
    assert rule(gate.risk.check(bracket(entry, D(12), D(8)))) == "order rate"
    gate.risk.note_sent(gate.ask())
    refusal = gate.check()
    assert refusal is not None
    assert (refusal.rule, refusal.limit, refusal.actual) == ("order rate", "3 a minute", "4")
    assert gate.rule(side=SELL) == "order rate"
    assert gate.rule(side=SELL, reduce_only=True) == ""
    gate.clock.advance(58)
    assert gate.rule() == ""


def test_the_same_order_again_within_the_window(gate: Gate) -> None:
    gate.set(duplicate_window_s=1.0)
    gate.hold(1000)
    sent = gate.ask()
    gate.risk.note_sent(gate.ask(quantity=D(7)))
    gate.risk.note_sent(sent)
    gate.clock.advance(0.25)
    refusal = gate.check()
    assert refusal is not None
    assert (refusal.rule, refusal.limit, refusal.actual) == ("duplicate", "1 s", "0.25 s ago")
    for other in (
        {"quantity": D(99)},
        {"side": SELL},
        {"limit_price": D("10.01")},
        {"instrument": QQQ},
        {"account_id": AccountId("B")},
        {"connection_id": OTHER},
        {"order_type": MARKET},
    ):
        assert gate.rule(**other) == ""
    gate.clock.advance(0.75)
    assert gate.rule() == ""


def test_pressing_close_twice_sends_it_once(gate: Gate) -> None:
    gate.set(duplicate_window_s=1.0)
    gate.hold(100)
    close: dict[str, Any] = {"side": SELL, "order_type": MARKET, "reduce_only": True}
    gate.risk.note_sent(gate.ask(**close))
    assert gate.rule(**close) == "duplicate"


def test_the_same_exit_again_closes_what_the_first_one_left(gate: Gate) -> None:
    gate.set(duplicate_window_s=1.0)
    gate.hold(100)
    half: dict[str, Any] = {"side": SELL, "order_type": MARKET, "reduce_only": True}
    first = gate.work(filled=50, quantity=D(50), **half)
    assert first.status.is_closed
    gate.risk.note_sent(first.request)
    gate.hold(50)
    assert gate.rule(quantity=D(50), **half) == ""


def test_an_exit_like_one_that_still_works_is_a_slip(gate: Gate) -> None:
    gate.set(duplicate_window_s=1.0)
    gate.hold(100)
    half: dict[str, Any] = {"side": SELL, "order_type": MARKET, "reduce_only": True}
    gate.risk.note_sent(gate.work(quantity=D(50), **half).request)
    assert gate.rule(quantity=D(50), **half) == "duplicate"


def test_an_entry_like_one_that_is_filled_is_a_slip(gate: Gate) -> None:
    gate.set(duplicate_window_s=1.0)
    gate.risk.note_sent(gate.work(filled=50, quantity=D(50)).request)
    assert gate.rule(quantity=D(50)) == "duplicate"


def test_opening_the_other_way_is_no_repetition_of_the_close(gate: Gate) -> None:
    gate.set(duplicate_window_s=1.0)
    gate.hold(100)
    close: dict[str, Any] = {"side": SELL, "order_type": MARKET, "reduce_only": True}
    gate.risk.note_sent(gate.ask(**close))
    gate.hold(0)
    assert gate.rule(**{**close, "reduce_only": False}) == ""


def test_what_was_sent_long_ago_is_forgotten(gate: Gate) -> None:
    gate.set(duplicate_window_s=120.0)
    gate.risk.note_sent(gate.ask())
    gate.clock.advance(119)
    gate.risk.note_sent(gate.ask(quantity=D(1)))
    assert gate.rule() == "duplicate"
    gate.clock.advance(100)
    gate.risk.note_sent(gate.ask(quantity=D(2)))
    assert len(gate.risk._sent[CONNECTION]) == 2
    assert gate.rule() == ""


def test_daily_loss(gate: Gate) -> None:
    gate.set(max_daily_loss=D(100))
    gate.hold(200)
    gate.quote(9.51, 9.51)
    assert gate.rule() == ""
    gate.quote(9.50, 9.50)
    refusal = gate.check()
    assert refusal is not None
    assert (refusal.rule, refusal.limit, refusal.actual) == ("daily loss", "100", "100 USD")
    assert gate.rule(side=SELL) == ""
    assert gate.rule(side=SELL, reduce_only=True) == ""
    assert gate.rule(connection_id=OTHER) == ""


def test_a_loss_that_is_realized_counts(gate: Gate) -> None:
    gate.set(max_daily_loss=D(100))
    for execution in (fill(100, "a", 0), fill(100, "b", 1, side=SELL, price=D("8.99"))):
        gate.bus.publish(ExecutionBooked(execution))
    assert gate.rule() == "daily loss"
    gate.clock.advance(86_400)
    assert gate.rule() == ""


def test_a_profit_that_is_not_known_refuses_only_what_the_known_part_forbids(gate: Gate) -> None:
    gate.set(max_daily_loss=D(100))
    gate.hold(200)
    gate.hold(50, QQQ)
    gate.quote()
    assert gate.rule() == ""
    gate.quote(9.00, 9.00)
    refusal = gate.check()
    assert refusal is not None
    assert refusal.actual == "200 USD (without QQQ, whose profit is not known)"


# ---- which limit counts ----


def test_the_stricter_limit_decides(gate: Gate) -> None:
    own = RiskLimits(
        max_order_quantity=D(50), max_order_value=None, banned=("gme",), duplicate_window_s=3.0
    )
    both = RiskLimits(max_order_quantity=D(80), max_open_orders=7, banned=("AMC",))
    merged = strictest([both, own])
    assert merged.max_order_quantity == 50
    assert merged.max_order_value == D(250_000)
    assert (merged.max_open_orders, merged.duplicate_window_s) == (7, 3.0)
    assert merged.banned == ("AMC", "GME")
    assert strictest([OFF, OFF]) == OFF
    gate.limits = [both, own]
    assert gate.rule(quantity=D(60)) == "order quantity"
    assert gate.risk.limits(CONNECTION) == merged


def test_nothing_to_check_is_fine(gate: Gate) -> None:
    assert gate.risk.check([]) is None


# ---- changes of live orders ----


def change(gate: Gate, order: Order, **terms: Any) -> str:
    return rule(gate.risk.check_change(order, OrderChange(**terms)))


def test_smaller_always_passes(gate: Gate) -> None:
    order = gate.work()
    gate.limits = [RiskLimits(max_order_quantity=D(1), max_order_value=D(1), max_daily_loss=D(0))]
    gate.risk.set_state(HALTED, "test")
    assert change(gate, order, quantity=D(50)) == ""
    assert change(gate, order, quantity=D(100)) == ""
    assert change(gate, order, quantity=D(101)) == "trading state"
    assert change(gate, order, limit_price=D(9)) == "trading state"


def test_new_terms_meet_the_size_limits(gate: Gate) -> None:
    gate.set(max_order_quantity=D(150), max_order_value=D(1500))
    order = gate.work(filled=60)
    assert change(gate, order, quantity=D(150)) == ""
    assert change(gate, order, quantity=D(151)) == "order quantity"
    assert change(gate, order, quantity=D(150), limit_price=D("10.01")) == "order value"
    assert change(gate, order, limit_price=D("15.01")) == "order value"


def test_new_prices_meet_the_collar(gate: Gate) -> None:
    gate.set(price_collar_percent=D(5))
    gate.quote()
    order = gate.work()
    assert change(gate, order, limit_price=D("10.51")) == ""
    assert change(gate, order, limit_price=D("10.52")) == "price collar"


def test_more_meets_position_ban_and_loss(gate: Gate) -> None:
    gate.hold(100)
    order = gate.work(filled=40)
    gate.set(max_position_quantity=D(200))
    assert change(gate, order, quantity=D(140)) == ""
    assert change(gate, order, quantity=D(141)) == "position quantity"
    gate.set(banned=("SPY",))
    assert change(gate, order, limit_price=D(9)) == ""
    assert change(gate, order, quantity=D(101)) == "banned"
    gate.set(max_daily_loss=D(100))
    gate.quote(8.0, 8.0)
    assert change(gate, order, limit_price=D(9)) == ""
    assert change(gate, order, quantity=D(101)) == "daily loss"


def test_a_stop_may_be_moved_in_any_state(gate: Gate) -> None:
    gate.hold(100)
    gate.quote()
    stop = gate.work(side=SELL, order_type=STOP, limit_price=None, stop_price=D(8))
    gate.set(max_order_quantity=D(1), max_order_value=D(1), max_position_quantity=D(1))
    for state in TradingState:
        gate.risk.set_state(state, "test")
        assert change(gate, stop, stop_price=D(9)) == ""
    assert change(gate, stop, quantity=D(101)) == "trading state"


def test_an_exit_cannot_grow_beyond_the_position(gate: Gate) -> None:
    gate.hold(100)
    out = gate.work(side=SELL, quantity=D(50), reduce_only=True, limit_price=D(12))
    gate.risk.set_state(HALTED, "test")
    assert change(gate, out, quantity=D(100)) == ""
    assert change(gate, out, quantity=D(101)) == "reduce only"


def legs(gate: Gate) -> tuple[Order, Order]:
    """An entry far from the market and its target, as they work."""
    entry = gate.work(limit_price=D(5))
    target = gate.work(held=True, side=SELL, limit_price=D(6), parent_id=entry.client_order_id)
    return entry, target


def test_a_leg_that_waits_is_measured_from_its_entry(gate: Gate) -> None:
    gate.set(price_collar_percent=D(5), max_order_value=D(1))
    gate.quote()
    _, target = legs(gate)
    assert change(gate, target, limit_price=D(7)) == ""
    assert change(gate, target, limit_price=D("4.70")) == "price collar"
    assert change(gate, target, quantity=D(101)) == "order value"


def test_a_leg_whose_entry_has_traded_is_measured_from_the_market(gate: Gate) -> None:
    gate.set(price_collar_percent=D(5))
    gate.quote()
    entry, target = legs(gate)
    own_id = entry.client_order_id
    execution = fill(100, "entry", own_id=own_id)
    gate.book.apply(ev.OrderFilled(client_order_id=own_id, at=START, execution=execution))
    assert change(gate, target, limit_price=D(7)) == "price collar"
    assert change(gate, target, limit_price=D("9.90")) == ""


def test_a_check_changes_nothing(gate: Gate) -> None:
    gate.set(duplicate_window_s=1.0, max_orders_per_minute=1, max_open_orders=1)
    asked: Sequence[OrderRequest] = [gate.ask()]
    for _ in range(5):
        assert gate.risk.check(asked) is None
