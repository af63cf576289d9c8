"""A risk gate with real books behind it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.base.bus import EventBus
from app.base.errors import StoreError
from app.domain import order_events as ev
from app.domain.events import RiskChanged
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId, InstrumentKey
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.reports import Known, PositionReport
from app.domain.request import OrderRequest
from app.domain.risk_limits import Refusal, RiskLimits
from app.engine.market_data import MarketData
from app.engine.portfolio import Portfolio
from app.engine.risk import RiskGate
from app.store.history import History
from tests.doubles.clock import START, FakeClock
from tests.doubles.market import Feed
from tests.doubles.orders import ACCOUNT, CONNECTION, QQQ, SPY, fill, request

D = Decimal
OFF = RiskLimits(
    max_order_value=None,
    price_collar_percent=None,
    quote_max_age_s=None,
    max_open_orders=None,
    max_orders_per_minute=None,
    duplicate_window_s=None,
)


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
