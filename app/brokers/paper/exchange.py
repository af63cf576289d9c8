"""The embedded broker without its wires: orders in, market in, reports out. No clockwork inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from math import isnan

from app.base.clock import Clock
from app.brokers.paper.config import PaperConfig
from app.brokers.paper.flow import OrderFlow, trail
from app.brokers.paper.funds import FundsCheck
from app.brokers.paper.manifest import ContractMargin
from app.brokers.paper.margin import MarginRules
from app.brokers.paper.market_state import MarketState
from app.brokers.paper.matching import Matching
from app.brokers.paper.open_orders import OpenOrders
from app.brokers.paper.paper_order import PaperOrder, new_order
from app.brokers.paper.rules import Rules, changed
from app.brokers.paper.source import Source
from app.brokers.paper.statements import Statements
from app.brokers.paper.store import Account, PaperStore
from app.brokers.paper.tick import Tick
from app.brokers.paper.trading_day import TradingDay
from app.brokers.paper.unit import Unit
from app.domain.ids import ClientOrderId, InstrumentKey
from app.domain.order_types import OrderStatus, OrderType
from app.domain.reports import BrokerReport, CancelRefused, ReplaceRefused
from app.domain.request import OrderChange, OrderRequest

S = OrderStatus
Tell = Callable[[Sequence[BrokerReport]], None]


class Exchange:
    """One paper account and its matching. Belongs to the adapter's loop.

    Every method is one event: what it changes is on disk when `tell` hears of it. A StoreError
    from any of them means that nothing of that event is on disk and that this object is spent.
    """

    def __init__(
        self,
        config: PaperConfig,
        account: Account,
        store: PaperStore,
        source: Source,
        clock: Clock,
        tell: Tell,
        is_rejecting: Callable[[], bool] = lambda: False,
    ) -> None:
        self.account, self.config = account, config
        self._store, self._clock, self._tell = store, clock, tell
        self.ledger = store.ledger()
        self.orders = OpenOrders(store.open_orders())
        self._source = source
        self._number, execution, priority = store.last_numbers()
        self.markets: dict[InstrumentKey, MarketState] = {}
        self.margin = MarginRules(
            is_margin=config.is_margin,
            contract=self._contract,
            mark=self._mark,
            is_regular=self._is_regular,
        )
        self.funds = FundsCheck(
            orders=self.orders,
            ledger=self.ledger,
            margin=self.margin,
            fees=config.fees,
            markets=self.markets,
            allow_short=config.allow_short,
        )
        self._flow = OrderFlow(
            account=account,
            orders=self.orders,
            ledger=self.ledger,
            fees=config.fees,
            market=self.markets.get,
            refusal=self.funds.refusal,
            last_execution=execution,
            last_priority=priority,
        )
        self._matching = Matching(self._flow, self.orders, self.ledger, config.slippage_ticks)
        self._day = TradingDay(self._flow, self._matching, self.orders, self.ledger)
        self._rules = Rules(
            account.account_id,
            self.markets.get,
            self._parent_status,
            lambda: clock.now().date(),
        )
        self.statements = Statements(config, account, self.ledger, self.funds, self._is_regular)
        self._is_rejecting = is_rejecting
        self.use(source)

    def use(self, source: Source) -> None:
        """Trade on another market from now on; orders in what it lacks wait."""
        self._source = source
        self.markets.clear()
        self.markets |= {key: MarketState(i) for key, i in source.instruments.items()}
        self.moved(is_jump=False)

    def moved(self, *, is_jump: bool = True) -> None:
        """The market jumped: stand where it stands now, nothing in between has traded."""
        received_s = self._clock.monotonic()
        with self._unit() as unit:
            for key, market in self.markets.items():
                present = self._source.present(key)
                market.has_prints = present.has_prints
                market.set(present.at_s, present.tick, present.day, received_s)
                self._day.moved(unit, market, is_jump=is_jump)

    def on_tick(self, tick: Tick, received_s: float) -> MarketState:
        """The market moved: match, then let the new quote stand."""
        market = self.markets[tick.key]
        if not self.orders.has(tick.key) and tick.key not in self.ledger.positions:
            market.refresh(tick.at_s)
            if not isnan(tick.price):
                market.take_print(tick)
            if not isnan(tick.bid):
                market.take_quote(tick, received_s)
                market.reopened = False
            return market
        with self._unit() as unit:
            self._day.turn(unit, market, tick.at_s)
            market.reopened = market.reopened or tick.reopens
            if not isnan(tick.price):
                self._matching.on_print(unit, market, tick)
                market.take_print(tick)
                price = Decimal(repr(tick.price))
                self._matching.elect(unit, market, price, price)
            if not isnan(tick.bid):
                market.take_quote(tick, received_s)
                self._elect_by_quote(unit, market)
                self._matching.on_quote(unit, market)
        return market

    def on_clock(self, key: InstrumentKey, at_s: float) -> None:
        """Time passed in a market in which nothing else happened."""
        with self._unit() as unit:
            self._day.turn(unit, self.markets[key], at_s)

    def receive(self, requests: Sequence[OrderRequest]) -> list[ClientOrderId]:
        """Write down what has arrived. Orders whose id is known already are left out."""
        arrived = []
        with self._unit() as unit:
            for request in requests:
                if self.find(request.client_order_id) is not None:
                    continue
                self._number += 1
                order = new_order(request, self._number, self.account.token, unit.at)
                self.orders.add(order)
                unit.touch(order)
                arrived.append(order.id)
        return arrived

    def undecided(self) -> list[ClientOrderId]:
        """What arrived and was never answered, because the program ended in between."""
        return [order.id for order in self.orders if order.status is S.PENDING_NEW]

    def decide(self, group: Sequence[ClientOrderId]) -> None:
        """Accept orders that came together, or reject all of them with the reason of one."""
        found = (self.orders.get(order_id) for order_id in group)
        orders = [o for o in found if o is not None and o.status is S.PENDING_NEW]
        with self._unit() as unit:
            refused = self._refusal_of(orders)
            if refused is None:
                for order in orders:
                    self._flow.accept(unit, order)
            else:  # children first: each is rejected for itself
                for order in reversed(orders):
                    self._flow.close(unit, order, S.REJECTED, refused)

    def cancel(self, order_id: ClientOrderId) -> None:
        """Cancel one order, or say why not."""
        order = self.orders.get(order_id)
        with self._unit() as unit:
            if order is not None:
                self._flow.close(unit, order, S.CANCELED, "")
                return
            known = self._store.order(order_id)
            reason = f"it is {known.status.value}" if known else "there is no such order"
            unit.add(CancelRefused(self.config.connection_id, order_id, reason, unit.at))
            if known is not None:
                unit.add(known.report(unit.at))

    def modify(self, order_id: ClientOrderId, change: OrderChange) -> None:
        """Put new terms in force, or say why not."""
        order = self.orders.get(order_id)
        with self._unit() as unit:
            refused = (
                self._change_refusal(order, change)
                if order is not None
                else "there is no such open order"
            )
            if refused is not None or order is None:
                reason = refused or ""
                unit.add(ReplaceRefused(self.config.connection_id, order_id, reason, unit.at))
                return
            is_behind = _loses_priority(order, change)
            _put(order, change)
            if is_behind and order.is_matchable:
                order.priority, order.has_rested = self._flow.next_priority(), False
            market = self.markets.get(order.key)
            if order.kind is OrderType.TRAILING_STOP and market is not None:
                trail(order, market.mark())
            unit.tell(order)
            if market is not None and order.is_matchable:
                self._matching.on_new(unit, order, market)

    def find(self, order_id: ClientOrderId) -> PaperOrder | None:
        """An order of this account, open or not."""
        return self.orders.get(order_id) or self._store.order(order_id)

    def save_drift(self) -> None:
        """Write down how far trailing stops have moved since; nobody needs to be told."""
        drifted = [o for o in self._matching.drifted.values() if o.status.is_open]
        self._matching.drifted.clear()
        if drifted:
            with self._unit() as unit:
                for order in drifted:
                    unit.touch(order)

    def draft(self, request: OrderRequest) -> PaperOrder:
        """An order that is not sent, for a preview."""
        return new_order(request, 0, "", self._clock.now())

    def refusal(self, request: OrderRequest) -> str | None:
        """Why an order would be rejected now."""
        return self._refusal_of([self.draft(request)])

    def _elect_by_quote(self, unit: Unit, market: MarketState) -> None:
        if market.has_prints:
            return
        ask, bid = Decimal(repr(market.ask)), Decimal(repr(market.bid))
        self._matching.elect(unit, market, ask, bid)

    def _refusal_of(self, orders: Sequence[PaperOrder]) -> str | None:
        if any(order.number for order in orders) and self._is_rejecting():
            return "rejected on purpose, by a fault switch"
        group = {order.id for order in orders}
        for order in orders:
            refused = self._rules.refusal(order.request, group - {order.id})
            if refused is None and order.request.parent_id is None:
                refused = self.funds.refusal(order)
            if refused is not None:
                return refused
        return None

    def _change_refusal(self, order: PaperOrder, change: OrderChange) -> str | None:
        refused = self._rules.change_refusal(order, change)
        if refused is not None or order.status is S.HELD:
            return refused
        before = (order.quantity, order.limit_price, order.stop_price)
        asked = changed(order, change)
        order.quantity, order.limit_price = asked.quantity, asked.limit_price
        order.stop_price = asked.stop_price or order.stop_price
        try:
            return self.funds.refusal(order)
        finally:
            order.quantity, order.limit_price, order.stop_price = before

    def _match_released(self, unit: Unit) -> None:
        """Orders that began to work within this event take what stands now."""
        while self._flow.released:
            order = self._flow.released.pop(0)
            market = self.markets.get(order.key)
            if market is not None and order.is_matchable:
                self._matching.on_new(unit, order, market)

    @contextmanager
    def _unit(self) -> Iterator[Unit]:
        unit = Unit(self._clock.now())
        yield unit
        self._match_released(unit)
        if unit.changes:
            self._store.write(unit.changes, self.ledger)
        if unit.changes.positions:
            for position in unit.changes.positions.values():
                unit.add(self.statements.position(position, unit.at))
            unit.add(self.statements.account(unit.at))
        if unit.reports:
            self._tell(unit.reports)

    def _parent_status(self, order_id: ClientOrderId) -> OrderStatus | None:
        order = self.find(order_id)
        return None if order is None else order.status

    def _contract(self, key: InstrumentKey) -> ContractMargin | None:
        return self._source.margin(key)

    def _mark(self, key: InstrumentKey) -> Decimal | None:
        market = self.markets.get(key)
        return None if market is None else market.mark()

    def _is_regular(self, key: InstrumentKey) -> bool:
        market = self.markets.get(key)
        return market is not None and market.is_regular


def _loses_priority(order: PaperOrder, change: OrderChange) -> bool:
    is_repriced = change.limit_price is not None and change.limit_price != order.limit_price
    return is_repriced or (change.quantity is not None and change.quantity > order.quantity)


def _put(order: PaperOrder, change: OrderChange) -> None:
    if change.quantity is not None and change.quantity != order.quantity:
        order.quantity, order.follows = change.quantity, False
    for name in ("limit_price", "stop_price", "trail_amount", "trail_percent"):
        new = getattr(change, name)
        if new is not None:
            setattr(order, name, new)
