"""The main job without a person: one small trade through the real engine, and back to flat.

Only for paper accounts. Whatever step fails, the account is left as it was found: orders of the
trial canceled, the position it made closed, and that is checked against the broker's own word.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from math import isfinite

from app.base.errors import BrokerError, UserError
from app.cli.steps import Report, StepError
from app.domain.ids import AccountId, ClientOrderId, ConnectionId, MarketKey
from app.domain.instrument import Instrument
from app.domain.market import Quote
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Origin, Side, TimeInForce
from app.domain.reconcile import Reconciliation
from app.domain.request import OrderChange, OrderRequest
from app.engine.connections import ConnectionState
from app.engine.engine import Engine

S = OrderStatus
CONNECT_TIMEOUT_S, QUOTE_TIMEOUT_S, ANSWER_TIMEOUT_S, FILL_TIMEOUT_S = 60.0, 30.0, 15.0, 45.0
# Far enough from the market not to trade, near enough for price collars and price bands.
AWAY = Decimal("0.97")
# A marketable limit where no market order is to be had.
ACROSS = Decimal("1.005")
CANDIDATES = 20
# Where the broker lists nothing by itself: bought and sold in large amounts somewhere.
LIQUID = ("SPY", "AAPL", "EURUSD", "EUR.USD", "BTC", "BTC-USD", "RELIANCE")


class NotPaperError(UserError):
    """The account says it is live: nothing was sent."""


@dataclass
class Trial:
    """One run on one connection of a started engine."""

    engine: Engine
    connection_id: ConnectionId
    symbol: str | None
    report: Report
    is_connected: bool = False
    _instrument: Instrument | None = None
    _account_id: AccountId | None = None
    _sent: list[ClientOrderId] = field(default_factory=list)
    _stands_away: ClientOrderId | None = None

    async def run(self) -> bool:
        """Every step; True when all hold. Raises NotPaperError before anything is sent."""
        step = self.report.step
        self.is_connected = await step("connect", self._connect)
        if self.is_connected and self.engine.connections.is_paper(self.connection_id) is not True:
            raise NotPaperError(
                f"{self.connection_id} is not known to be a paper account; the self-check sends"
                " orders and runs on paper accounts only"
            )
        is_done = False
        try:
            await step("quote", self._quote)
            await step("order", self._order)
            await step("fill", self._fill)
            await step("position", self._position)
            await step("modify", self._modify)
            await step("cancel", self._cancel)
            await step("flatten", self._flatten)
            is_done = self.report.holds
        finally:
            if self._sent and not is_done:
                await self.report.always("restore", self._flatten)
        return self.report.holds

    # ---- the steps, each answers what was seen ----

    async def _connect(self) -> str:
        connections, name = self.engine.connections, self.connection_id
        state = await connections.connect(name)
        if state in (ConnectionState.RECONNECTING, ConnectionState.FAILED):
            raise BrokerError(connections.text(name) or f"{name} is {state.value}")

        def is_verified() -> bool:
            return connections.state(name) is ConnectionState.READY

        await self._until(
            is_verified, CONNECT_TIMEOUT_S, lambda: connections.is_trading_open(name) or ""
        )
        accounts = connections.accounts(name)
        word = "paper" if connections.is_paper(name) else "not paper"
        return f"{', '.join(a.account_id for a in accounts)} ({word}), reconciled"

    async def _quote(self) -> str:
        if reason := self.engine.connections.is_trading_open(self.connection_id):
            raise StepError(reason)
        self._account_id = self.engine.connections.accounts(self.connection_id)[0].account_id
        instrument = self._instrument = await self._choose()
        key = self._key()
        wish = self.engine.market.subscribe(self.connection_id, instrument)

        def lacking() -> str:
            why = f": {wish.trouble}" if wish.trouble else ""
            return f"no usable quote of {instrument.symbol}{why}"

        await self._until(lambda: self._usable() is not None, QUOTE_TIMEOUT_S, lacking)
        quote = self._usable()
        assert quote is not None, "just waited for"
        age_s = self.engine.market.age_s(key) or 0.0
        return (
            f"{instrument.symbol} {quote.bid:g} / {quote.ask:g} ({quote.kind.value},"
            f" {age_s:.1f} s old)"
        )

    async def _order(self) -> str:
        instrument = self._chosen()
        order = await self._submit(self._entry(instrument))
        await self._until(
            lambda: self._now(order).status is not S.PENDING_NEW,
            ANSWER_TIMEOUT_S,
            lambda: self._words(order),
        )
        if self._now(order).status in (S.DENIED, S.REJECTED, S.UNKNOWN, S.EXPIRED, S.CANCELED):
            raise StepError(self._words(order))
        return self._words(order)

    async def _fill(self) -> str:
        order = self._latest()
        await self._until(
            lambda: self._now(order).status.is_closed, FILL_TIMEOUT_S, lambda: self._words(order)
        )
        if self._now(order).status is not S.FILLED:
            raise StepError(self._words(order))
        filled = self._now(order)
        return f"{filled.cum_quantity} at {filled.average_price}, executions: {len(filled.fills)}"

    async def _position(self) -> str:
        wanted = self._now(self._latest()).cum_quantity
        result = await self._verified()
        held = self._held()
        if held != wanted:
            raise StepError(f"the broker says {held}, the fill was {wanted}")
        found = f"; findings: {'; '.join(result.findings)}" if result.findings else ""
        return f"{held} {self._chosen().symbol}, verified with the broker{found}"

    async def _modify(self) -> str:
        instrument = self._chosen()
        price = self._away(instrument)
        order = await self._submit(self._request(OrderType.LIMIT, price))
        self._stands_away = order.client_order_id
        await self._until(
            lambda: self._now(order).status in (S.WORKING, S.HELD) or self._is_over(order),
            ANSWER_TIMEOUT_S,
            lambda: self._words(order),
        )
        if self._is_over(order):
            raise StepError(self._words(order))
        if not self.engine.connections.capabilities(self.connection_id).modify:
            return f"not offered by this broker; a limit order works at {price}"
        lower = price - instrument.tick_size
        verdict = await self.engine.orders.modify(
            order.client_order_id, OrderChange(limit_price=lower)
        )
        if not verdict.ok:
            raise StepError(verdict.text)
        await self._until(
            lambda: self._now(order).limit_price == lower and not self._is_pending(order),
            ANSWER_TIMEOUT_S,
            lambda: self._words(order),
        )
        return f"limit {price} -> {lower}"

    async def _cancel(self) -> str:
        order = self.engine.orders.book.get(self._stands_away)
        assert order is not None, "the step before sent it"
        verdict = await self.engine.orders.cancel(order.client_order_id)
        if not verdict.ok:
            raise StepError(verdict.text)
        await self._until(
            lambda: self._now(order).status.is_closed, ANSWER_TIMEOUT_S, lambda: self._words(order)
        )
        if self._now(order).status is not S.CANCELED:
            raise StepError(self._words(order))
        return self._words(order)

    async def _flatten(self) -> str:
        """Close what the trial opened; also the way back after a failure."""
        instrument, account_id = self._chosen(), self._account()
        await self._verified()
        verdicts = await self.engine.exits.flatten(self.connection_id, account_id, instrument.key)
        said = "; ".join(verdict.text for verdict in verdicts)
        if self._held() and not self._has_market_orders(instrument):
            said += f"; {await self._close_by_limit(instrument)}"
        await self._until(self._is_clean, FILL_TIMEOUT_S, self._leftovers)
        await self._verified()
        if not self._is_clean():
            raise StepError(f"{self._leftovers()} ({said})")
        return f"{instrument.symbol} is flat, no order is left"

    # ---- what to trade ----

    async def _choose(self) -> Instrument:
        async for instrument in self._candidates():
            key = instrument.key
            places = [p for p in self.engine.portfolio.positions() if p.instrument.key == key]
            held = any(p.quantity for p in places if p.connection_id == self.connection_id)
            working = any(
                order.request.instrument.key == key
                for order in self.engine.orders.book.open_orders()
                if order.request.connection_id == self.connection_id
            )
            if not held and not working and not instrument.is_expired(self._today(instrument)):
                return instrument
            if self.symbol is not None:
                raise UserError(
                    f"{instrument.symbol} has a position or an open order, or it has expired: the"
                    " self-check trades only what it can leave as it found it; choose another"
                    " --symbol"
                )
        raise StepError("the broker offers nothing to trade; name something with --symbol")

    async def _candidates(self) -> AsyncIterator[Instrument]:
        if self.symbol is None:
            async for instrument in self._offered():
                yield instrument
            return
        found = await self.engine.instruments.search(self.connection_id, self.symbol)
        meant = [i for i in found if _is_meant(i, self.symbol)]
        if not meant:
            others = ", ".join(i.symbol for i in found[:5]) or "nothing like it"
            raise UserError(f"{self.connection_id} knows no {self.symbol!r}; it found {others}")
        yield meant[0]

    async def _offered(self) -> AsyncIterator[Instrument]:
        """What the broker lists by itself; else what trades a lot, and what the desk has met."""
        connections, found = self.engine.connections, list[Instrument]()
        if connections.capabilities(self.connection_id).search:
            with contextlib.suppress(BrokerError):  # many will not list everything
                found += await connections.call(self.connection_id, lambda b: b.search(""))
        for instrument in found[:CANDIDATES]:
            yield instrument
        for symbol in () if found else LIQUID:
            listed: list[Instrument] = []
            with contextlib.suppress(BrokerError):
                listed += await self.engine.instruments.search(self.connection_id, symbol)
            for instrument in listed:
                if instrument.symbol.upper() == symbol:
                    yield instrument
        for instrument in self.engine.instruments.all():
            yield instrument

    def _entry(self, instrument: Instrument) -> OrderRequest:
        """The smallest order that fills at once."""
        if self._has_market_orders(instrument):
            return self._request(OrderType.MARKET, None)
        quote = self._usable()
        if quote is None:
            raise StepError("the quote is gone")
        across = instrument.round_price(Decimal(repr(quote.ask)) * ACROSS, up=True)
        return self._request(OrderType.LIMIT, across)

    async def _close_by_limit(self, instrument: Instrument) -> str:
        """Out again where the broker takes no market orders, which exits are."""
        quote = self._usable()
        if quote is None:
            raise StepError("the quote is gone")
        across = instrument.round_price(Decimal(repr(quote.bid)) / ACROSS, up=False)
        way_out = replace(
            self._request(OrderType.LIMIT, across),
            side=Side.SELL,
            quantity=self._held(),
            reduce_only=True,
        )
        return self._words(await self._submit(way_out))

    def _has_market_orders(self, instrument: Instrument) -> bool:
        can = self.engine.connections.capabilities(self.connection_id)
        return OrderType.MARKET in can.order_types.get(instrument.asset_class, frozenset())

    def _request(self, kind: OrderType, price: Decimal | None) -> OrderRequest:
        instrument = self._chosen()
        return OrderRequest(
            connection_id=self.connection_id,
            account_id=self._account(),
            instrument=instrument,
            side=Side.BUY,
            order_type=kind,
            quantity=_smallest(instrument),
            limit_price=price,
            time_in_force=self._time_in_force(instrument, kind),
            origin=Origin.SELFCHECK,
        )

    def _time_in_force(self, instrument: Instrument, kind: OrderType) -> TimeInForce:
        can = self.engine.connections.capabilities(self.connection_id)
        for tif in (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC):
            if can.allows(instrument.asset_class, kind, tif):
                return tif
        raise StepError(f"{kind.value} orders are not offered for {instrument.symbol}")

    def _away(self, instrument: Instrument) -> Decimal:
        quote = self._usable()
        if quote is None:
            raise StepError("the quote is gone")
        return instrument.round_price(Decimal(repr(quote.bid)) * AWAY, up=False)

    # ---- what is so ----

    def _usable(self) -> Quote | None:
        quote = self.engine.market.quote(self._key())
        if quote is None:
            return None
        good = all(isfinite(price) and price > 0 for price in (quote.bid, quote.ask))
        return quote if good else None

    def _key(self) -> MarketKey:
        return (self.connection_id, self._chosen().key)

    def _chosen(self) -> Instrument:
        assert self._instrument is not None, "chosen by the quote step"
        return self._instrument

    def _account(self) -> AccountId:
        assert self._account_id is not None, "read by the quote step"
        return self._account_id

    def _latest(self) -> Order:
        order = self.engine.orders.book.get(self._sent[-1])
        assert order is not None, "submitted by a step before"
        return order

    def _now(self, order: Order) -> Order:
        return self.engine.orders.book.get(order.client_order_id) or order

    def _is_over(self, order: Order) -> bool:
        status = self._now(order).status
        return status.is_closed or status is S.UNKNOWN

    def _is_pending(self, order: Order) -> bool:
        return self._now(order).status.is_in_flight

    def _words(self, order: Order) -> str:
        now = self._now(order)
        reason = f": {now.reason}" if now.reason else ""
        request = now.request
        price = f" at {now.limit_price}" if now.limit_price is not None else ""
        return (
            f"{request.side.value} {now.quantity} {request.instrument.symbol}"
            f" {request.order_type.value}{price} is {now.status.value}{reason}"
        )

    def _held(self) -> Decimal:
        view = self.engine.portfolio.position(
            self.connection_id, self._account(), self._chosen().key
        )
        return Decimal(0) if view is None else view.quantity

    def _open_orders(self) -> list[Order]:
        orders = [self.engine.orders.book.get(own_id) for own_id in self._sent]
        return [order for order in orders if order is not None and order.status.is_open]

    def _is_clean(self) -> bool:
        return self._held() == 0 and not self._open_orders()

    def _leftovers(self) -> str:
        left = [self._words(order) for order in self._open_orders()]
        if held := self._held():
            left.append(f"a position of {held} {self._chosen().symbol}")
        return "LEFT BEHIND: " + "; ".join(left) if left else "nothing is left"

    async def _submit(self, request: OrderRequest) -> Order:
        self._sent.append(request.client_order_id)
        [order] = await self.engine.orders.submit([request])
        return order

    async def _verified(self) -> Reconciliation:
        result = await self.engine.reconciler.reconcile(self.connection_id)
        if not result.is_complete:
            raise StepError(f"could not be read: {'; '.join(result.unavailable)}")
        return result

    async def _until(
        self, holds: Callable[[], bool], timeout_s: float, words: Callable[[], str]
    ) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not holds():  # noqa: ASYNC110 - the condition is plain state of the engine
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise StepError(f"not within {timeout_s:g} s: {words()}") from None

    def _today(self, instrument: Instrument) -> date:
        return self.engine.market.market_time((self.connection_id, instrument.key)).date()


def _is_meant(instrument: Instrument, typed: str) -> bool:
    """Whether somebody may call it so: its symbol however it is spelled, its root, its key."""
    names = (instrument.symbol, instrument.underlying, instrument.key)
    return _plain(typed) in map(_plain, names)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.upper() if letter.isalnum())


def _smallest(instrument: Instrument) -> Decimal:
    """The least that may be ordered, in whole steps."""
    step = instrument.quantity_step
    least = instrument.round_quantity(instrument.min_quantity)
    return least if least >= instrument.min_quantity and least > 0 else least + step
