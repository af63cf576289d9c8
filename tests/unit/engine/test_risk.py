"""The risk gate: every rule, at its edge, for entries, reductions, exits and legs of a bracket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.bus import EventBus
from app.base.errors import StoreError
from app.domain import order_events as ev
from app.domain.events import ExecutionBooked, RiskChanged
from app.domain.groups import bracket, oco, oto
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId, InstrumentKey
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import DataKind
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderType, Side
from app.domain.reports import Known, PositionReport, Unavailable
from app.domain.request import OrderChange, OrderRequest
from app.domain.risk_limits import Refusal, RiskLimits, TradingState, strictest
from app.engine.exposure import Kind, kinds
from app.engine.market_data import MarketData
from app.engine.portfolio import Portfolio
from app.engine.risk import RiskGate
from app.store.history import History
from tests.doubles.clock import START, FakeClock
from tests.doubles.market import Feed
from tests.doubles.orders import ACCOUNT, CONNECTION, QQQ, SPY, fill, request
from tests.surprises import LogWatch

D = Decimal
OTHER = ConnectionId("other")
OFF = RiskLimits(
    max_order_value=None,
    price_collar_percent=None,
    quote_max_age_s=None,
    max_open_orders=None,
    max_orders_per_minute=None,
    duplicate_window_s=None,
)
MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP
BUY, SELL = Side.BUY, Side.SELL
HALTED, REDUCING, ACTIVE = TradingState.HALTED, TradingState.REDUCING, TradingState.ACTIVE


class Store:
    """Fits RiskStore; `failure` is what the disk says."""

    def __init__(self, state: Any = None) -> None:
        self.state = state
        self.audited: list[str] = []
        self.failure: StoreError | None = None
        self.is_closed = False

    def get_state(self, key: str) -> Any:
        return self.state

    def put_state(self, key: str, value: Any) -> Future[None]:
        if self.is_closed:
            raise StoreError("the journal is closed")
        self.state = value
        return self._done()

    def audit(self, kind: str, text: str) -> Future[None]:
        self.audited.append(text)
        return self._done()

    def _done(self) -> Future[None]:
        future: Future[None] = Future()
        if self.failure is not None:
            future.set_exception(self.failure)
        else:
            future.set_result(None)
        return future


class Gate:
    """A gate with real books behind it; quotes stand at 9.99 to 10.01."""

    def __init__(self, clock: FakeClock, history: History) -> None:
        self.clock, self.bus, self.feed, self.store = clock, EventBus(), Feed(clock), Store()
        self.market = MarketData(self.bus, clock, self.feed, history)
        self.portfolio = Portfolio(self.bus, clock, self.market)
        self.book = OrderBook()
        self.limits = [OFF]
        self.moving = D(0)
        self.changes: list[RiskChanged] = []
        self.bus.subscribe(RiskChanged, self.changes.append)
        self.risk = self.make()
        self._count = 0
        for instrument in (SPY, QQQ):
            self.market.subscribe(CONNECTION, instrument)

    def make(self) -> RiskGate:
        return RiskGate(
            lambda _: self.limits,
            self.market,
            self.portfolio,
            self.book,
            self.clock,
            self.bus,
            self.store,
            unannounced=self._moving,
        )

    def set(self, **limits: Any) -> None:
        self.limits = [replace(OFF, **limits)]

    def quote(self, bid: float = 9.99, ask: float = 10.01, **changes: Any) -> None:
        last = changes.pop("last", (bid + ask) / 2)
        self.feed.quote(bid, ask, last, **changes)
        self.market.flush()

    def hold(self, quantity: int, instrument: Instrument = SPY, average: int = 10) -> None:
        """The broker confirms a position."""
        words = [
            PositionReport(
                CONNECTION, ACCOUNT, view.instrument, view.quantity, view.average_price, START
            )
            for view in self.portfolio.positions()
            if view.instrument.key != instrument.key
        ]
        words.append(
            PositionReport(CONNECTION, ACCOUNT, instrument, D(quantity), D(average), START)
        )
        self.portfolio.on_positions(CONNECTION, Known(tuple(words), self.clock.now()))

    def work(self, filled: int = 0, held: bool = False, **terms: Any) -> Order:
        """An order that is out there."""
        asked = self.ask(**terms)
        own_id, at = asked.client_order_id, self.clock.now()
        number = BrokerOrderId(own_id)
        self.book.apply(ev.OrderInitialized(client_order_id=own_id, at=at, request=asked))
        self.book.apply(ev.OrderSubmitted(client_order_id=own_id, at=at))
        kind = ev.OrderHeld if held else ev.OrderAccepted
        order = self.book.apply(kind(client_order_id=own_id, at=at, broker_order_id=number))
        if filled:
            execution = fill(filled, f"x{own_id}", side=asked.side, own_id=own_id)
            order = self.book.apply(
                ev.OrderFilled(client_order_id=own_id, at=at, execution=execution)
            )
        return order

    def ask(self, **terms: Any) -> OrderRequest:
        self._count += 1
        terms.setdefault("client_order_id", ClientOrderId(f"own{self._count}"))
        return request(**terms)

    def check(self, **terms: Any) -> Refusal | None:
        return self.risk.check([self.ask(**terms)])

    def rule(self, **terms: Any) -> str:
        """The rule that refuses, empty when none does."""
        return rule(self.check(**terms))

    def _moving(self, *_: ConnectionId | AccountId | InstrumentKey) -> Decimal:
        return self.moving


def rule(refusal: Refusal | None) -> str:
    if refusal is None:
        return ""
    assert refusal.reason
    assert refusal.limit
    assert refusal.actual
    return refusal.rule


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    made = History(tmp_path / "history.db")
    yield made
    made.close()


@pytest.fixture
def gate(clock: FakeClock, history: History) -> Gate:
    return Gate(clock, history)


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
