"""The risk gate: the switch, symbols, sizes and prices, each rule at its edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.base.errors import StoreError
from app.domain.events import RiskChanged
from app.domain.groups import oco
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import DataKind
from app.domain.order_types import OrderType, Side
from app.domain.reports import Unavailable
from app.domain.risk_limits import TradingState
from tests.doubles.clock import START
from tests.doubles.gate import Gate, rule
from tests.doubles.orders import CONNECTION, QQQ, SPY
from tests.surprises import LogWatch

D = Decimal
MARKET, STOP = OrderType.MARKET, OrderType.STOP
SELL = Side.SELL
HALTED, REDUCING, ACTIVE = TradingState.HALTED, TradingState.REDUCING, TradingState.ACTIVE


# ---- the kill switch ----


def test_it_is_active_at_first_and_remembers_its_last_state(gate: Gate) -> None:
    assert gate.risk.state is ACTIVE
    gate.risk.set_state(HALTED, "the trader")
    assert [e.trading_state for e in gate.changes] == ["halted"]
    assert gate.store.audited == ["trading is halted, set by the trader"]
    assert gate.make().state is HALTED
    gate.risk.set_state(HALTED, "the trader")
    assert len(gate.changes) == 1
    gate.risk.set_state(ACTIVE, "the trader")
    assert gate.make().state is ACTIVE


@pytest.mark.parametrize("stored", ["halted", {}, {"state": "sleepy"}, 7, {"state": None}])
def test_a_switch_that_cannot_be_read_halts(
    gate: Gate, expected_logs: LogWatch, stored: Any
) -> None:
    gate.store.state = stored
    with expected_logs("trading is halted"):
        assert gate.make().state is HALTED


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_full_disk_does_not_keep_the_switch_from_working(
    gate: Gate, expected_logs: LogWatch, is_closed: bool
) -> None:
    gate.store.is_closed, gate.store.failure = is_closed, StoreError("disk full")
    with expected_logs("the kill switch is not on disk", level="ERROR"):
        gate.risk.set_state(HALTED, "the trader")
    assert gate.rule() == "trading state"


def test_edits_of_limits_are_announced_and_hold_at_once(gate: Gate) -> None:
    assert gate.rule(quantity=D(100)) == ""
    gate.set(max_order_quantity=D(99))
    assert gate.rule(quantity=D(100)) == "order quantity"
    gate.risk.limits_changed("fewer shares")
    assert gate.changes == [RiskChanged("active", "fewer shares")]


@pytest.mark.parametrize(
    ("state", "terms", "refused"),
    [
        (HALTED, {}, True),
        (HALTED, {"side": SELL}, True),  # a reduction, but not marked as an exit
        (HALTED, {"side": SELL, "reduce_only": True}, False),
        (HALTED, {"side": SELL, "reduce_only": True, "quantity": D(101)}, True),
        (REDUCING, {}, True),
        (REDUCING, {"side": SELL}, False),
        (REDUCING, {"side": SELL, "quantity": D(101)}, True),
        (REDUCING, {"side": SELL, "reduce_only": True}, False),
        (REDUCING, {"instrument": QQQ, "side": SELL}, True),
        (ACTIVE, {}, False),
    ],
)
def test_what_each_state_lets_through(
    gate: Gate, state: TradingState, terms: dict[str, Any], refused: bool
) -> None:
    gate.hold(100)
    gate.risk.set_state(state, "test")
    assert bool(gate.rule(**terms)) is refused


def test_only_a_verified_position_proves_a_reduction(gate: Gate) -> None:
    gate.hold(100)
    gate.risk.set_state(REDUCING, "test")
    gate.portfolio.on_positions(CONNECTION, Unavailable("no answer", START))
    assert gate.rule(side=SELL) == "trading state"
    assert gate.rule(side=SELL, reduce_only=True) == ""


def test_orders_that_work_already_count_against_a_reduction(gate: Gate) -> None:
    gate.hold(100)
    gate.risk.set_state(REDUCING, "test")
    gate.work(side=SELL, quantity=D(60), filled=10)
    assert gate.rule(side=SELL, quantity=D(50)) == ""
    assert gate.rule(side=SELL, quantity=D(51)) == "trading state"


def test_what_only_reduces_is_asked_without_any_other_rule(gate: Gate) -> None:
    gate.hold(100)
    gate.risk.set_state(HALTED, "test")
    assert gate.risk.only_reduces(gate.ask(side=SELL, quantity=D(100)))
    assert not gate.risk.only_reduces(gate.ask(side=SELL, quantity=D(101)))


def test_of_orders_that_cancel_one_another_one_counts(gate: Gate) -> None:
    gate.hold(100)
    gate.risk.set_state(REDUCING, "test")
    gate.work(side=SELL, quantity=D(60), oco_group="g")
    gate.work(side=SELL, quantity=D(50), oco_group="g")
    assert gate.rule(side=SELL, quantity=D(40)) == ""
    assert gate.rule(side=SELL, quantity=D(41)) == "trading state"


def test_legs_that_wait_for_their_entry_do_not_stand_in_the_way_of_an_exit(gate: Gate) -> None:
    gate.hold(100)
    gate.risk.set_state(REDUCING, "test")
    entry = gate.work(limit_price=D(9))
    gate.work(held=True, side=SELL, parent_id=entry.client_order_id, limit_price=D(12))
    assert gate.rule(side=SELL) == ""
    assert gate.rule(side=SELL, quantity=D(101)) == "trading state"


def test_an_oco_of_two_reductions_is_one(gate: Gate) -> None:
    gate.hold(100)
    gate.risk.set_state(REDUCING, "test")
    target = gate.ask(side=SELL, limit_price=D(12))
    stop = gate.ask(side=SELL, order_type=STOP, limit_price=None, stop_price=D(8))
    assert gate.risk.check(oco(target, stop)) is None
    two = [replace(r, quantity=D(101)) for r in oco(target, stop)]
    assert rule(gate.risk.check(two)) == "trading state"


# ---- symbol ----


def test_a_banned_symbol_opens_nothing(gate: Gate) -> None:
    gate.set(banned=("SPY", "GME"))
    gate.hold(100)
    assert gate.rule() == "banned"
    assert gate.rule(instrument=replace(SPY, symbol="SPY 400C", underlying="spy")) == "banned"
    assert gate.rule(instrument=QQQ) == ""
    assert gate.rule(side=SELL) == ""
    assert gate.rule(side=SELL, reduce_only=True) == ""
    assert gate.rule(side=SELL, quantity=D(101)) == "banned"


def test_an_expired_instrument_opens_nothing(gate: Gate) -> None:
    gone = Instrument("ESH4", AssetClass.FUTURE, "USD", expiry=date(2024, 3, 10))
    due = replace(gone, expiry=date(2024, 3, 12))
    assert gate.rule(instrument=gone) == "expired"
    assert gate.rule(instrument=due) == ""
    gate.clock.advance(86_400)  # still the 12th where days end last, and then no longer
    assert gate.rule(instrument=due) == "expired"


def test_a_replay_trades_by_its_own_date(gate: Gate) -> None:
    gone = Instrument("ESH4", AssetClass.FUTURE, "USD", expiry=date(2020, 3, 10))
    assert gate.rule(instrument=gone) == "expired"
    gate.market.subscribe(CONNECTION, gone)
    gate.quote(of=gone, at_s=1_583_000_000, kind=DataKind.REPLAY)  # 2020-02-29
    assert gate.rule(instrument=gone) == ""


# ---- size ----


def test_order_quantity(gate: Gate) -> None:
    gate.set(max_order_quantity=D(100))
    gate.hold(500)
    assert gate.rule(quantity=D(100)) == ""
    refusal = gate.check(quantity=D(101))
    assert refusal is not None
    assert (refusal.rule, refusal.limit, refusal.actual) == ("order quantity", "100", "101")
    assert gate.rule(quantity=D(101), side=SELL) == "order quantity"
    assert gate.rule(quantity=D(500), side=SELL, reduce_only=True) == ""


@pytest.mark.parametrize(
    ("terms", "refused"),
    [
        ({"limit_price": D("10.00")}, False),
        ({"limit_price": D("10.01")}, True),
        ({"limit_price": D("5.00")}, False),  # a buy never costs more than its limit
        ({"side": SELL, "limit_price": D("5.00"), "quantity": D(101)}, True),  # worth the bid
        ({"side": SELL, "limit_price": D("20.00"), "quantity": D(51)}, True),
        ({"order_type": MARKET, "quantity": D(99)}, False),
        ({"order_type": MARKET, "quantity": D(100)}, True),  # at the ask of 10.01
        ({"order_type": STOP, "limit_price": None, "stop_price": D("20.00")}, True),
        ({"order_type": STOP, "limit_price": None, "stop_price": D("5.00")}, True),
        (
            {
                "order_type": OrderType.TRAILING_STOP,
                "limit_price": None,
                "trail_amount": D(1),
                "quantity": D(101),
            },
            True,
        ),
    ],
)
def test_order_value(gate: Gate, terms: dict[str, Any], refused: bool) -> None:
    gate.set(max_order_value=D(1000))
    gate.quote()
    assert gate.rule(**terms) == ("order value" if refused else "")


def test_order_value_counts_the_multiplier(gate: Gate) -> None:
    gate.set(max_order_value=D(1000))
    assert gate.rule(instrument=replace(SPY, multiplier=D(50))) == "order value"


def test_what_cannot_be_valued_is_refused_unless_the_trader_says_so(gate: Gate) -> None:
    gate.set(max_order_value=D(1000))
    trail: dict[str, Any] = {
        "order_type": OrderType.TRAILING_STOP,
        "limit_price": None,
        "trail_amount": D(1),
    }
    assert gate.rule(**trail) == "order value"
    assert gate.rule(**trail, stale_quote_ok=True) == ""
    assert gate.rule(order_type=MARKET) == ""  # where no fresh quote is demanded either
    gate.hold(100)
    assert gate.rule(side=SELL, reduce_only=True, **trail) == ""


# ---- quotes and prices ----


def test_a_market_order_needs_a_fresh_quote(gate: Gate) -> None:
    gate.set(quote_max_age_s=10.0)
    refusal = gate.check(order_type=MARKET)
    assert refusal is not None
    assert (refusal.rule, refusal.limit, refusal.actual) == ("quote", "10 s", "no quote")
    gate.quote()
    assert gate.rule(order_type=MARKET) == ""
    gate.clock.advance(10)
    assert gate.rule(order_type=MARKET) == ""
    gate.clock.advance(0.5)
    refusal = gate.check(order_type=MARKET)
    assert refusal is not None
    assert (refusal.rule, refusal.actual) == ("quote", "10.5 s old")
    assert gate.rule(order_type=MARKET, stale_quote_ok=True) == ""
    assert gate.rule() == ""
    gate.set(quote_max_age_s=None)
    assert gate.rule(order_type=MARKET) == ""


def test_a_quote_without_prices_is_none(gate: Gate) -> None:
    gate.set(quote_max_age_s=10.0)
    nan = float("nan")
    gate.quote(nan, nan, last=nan)
    refusal = gate.check(order_type=MARKET)
    assert refusal is not None
    assert refusal.actual == "a quote without prices"
    gate.quote(nan, nan, last=10.0)
    assert gate.rule(order_type=MARKET) == ""


def test_an_exit_needs_no_quote(gate: Gate) -> None:
    gate.set(quote_max_age_s=10.0, max_order_value=D(1))
    gate.hold(100)
    assert gate.rule(order_type=MARKET, side=SELL, reduce_only=True) == ""


@pytest.mark.parametrize(
    ("terms", "refused"),
    [
        ({"limit_price": D("10.51")}, False),  # five per cent over the ask of 10.01 is 10.5105
        ({"limit_price": D("10.52")}, True),
        ({"limit_price": D("0.01")}, False),  # rests, harms nobody
        ({"side": SELL, "limit_price": D("9.50")}, False),
        ({"side": SELL, "limit_price": D("9.49")}, True),
        ({"side": SELL, "limit_price": D("99.00")}, False),
        ({"stop_price": D("9.51")}, False),
        ({"stop_price": D("9.50")}, True),  # would be elected at once
        ({"stop_price": D("50.00")}, False),
        ({"side": SELL, "stop_price": D("10.48")}, False),
        ({"side": SELL, "stop_price": D("10.49")}, True),
        ({"side": SELL, "stop_price": D("5.00")}, False),
        ({"stop_price": D("20.00"), "limit_price": D("21.00")}, False),
        ({"stop_price": D("20.00"), "limit_price": D("21.01")}, True),
        ({"side": SELL, "stop_price": D("5.00"), "limit_price": D("4.75")}, False),
        ({"side": SELL, "stop_price": D("5.00"), "limit_price": D("4.74")}, True),
        ({"order_type": MARKET}, False),
    ],
)
def test_the_collar(gate: Gate, terms: dict[str, Any], refused: bool) -> None:
    gate.set(price_collar_percent=D(5))
    gate.quote()
    if "stop_price" in terms:
        terms = {"limit_price": None, **terms}
        both = terms["limit_price"] is not None
        terms["order_type"] = OrderType.STOP_LIMIT if both else STOP
    assert gate.rule(**terms) == ("price collar" if refused else "")


def test_the_collar_tells_limit_and_actual(gate: Gate) -> None:
    gate.set(price_collar_percent=D("5.0"))
    gate.quote()
    refusal = gate.check(limit_price=D("20.02"))
    assert refusal is not None
    assert (refusal.limit, refusal.actual) == ("5 %", "100.0 %")
    assert "100.0 % above 10.01" in refusal.reason


def test_the_collar_needs_a_fresh_quote(gate: Gate) -> None:
    gate.set(price_collar_percent=D(5), quote_max_age_s=10.0)
    assert gate.rule(limit_price=D(20)) == ""
    gate.quote()
    assert gate.rule(limit_price=D(20)) == "price collar"
    gate.clock.advance(11)
    assert gate.rule(limit_price=D(20)) == ""
    gate.quote()
    gate.set()
    assert gate.rule(limit_price=D(20)) == ""


def test_the_collar_holds_for_exits_too(gate: Gate) -> None:
    gate.set(price_collar_percent=D(5))
    gate.quote()
    gate.hold(100)
    assert gate.rule(side=SELL, reduce_only=True, limit_price=D(5)) == "price collar"


def test_the_collar_of_a_cheap_option_is_two_ticks_wide(gate: Gate) -> None:
    cheap = replace(SPY, tick_size=D("0.05"))
    gate.set(price_collar_percent=D(5))
    gate.quote(0.05, 0.10, of=cheap)
    assert gate.rule(instrument=cheap, limit_price=D("0.20")) == ""
    assert gate.rule(instrument=cheap, limit_price=D("0.25")) == "price collar"
