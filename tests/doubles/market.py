"""A source of market data in memory: what it says is what the test wrote down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from app.base.clock import Clock
from app.base.errors import MoorgateError
from app.brokers.base import Broker
from app.domain.bars import BarSeries, bars_of, empty_bars
from app.domain.capabilities import Capabilities
from app.domain.ids import ConnectionId, InstrumentKey
from app.domain.instrument import AssetClass, Instrument, OptionRight
from app.domain.market import (
    Bar,
    BarUpdate,
    DataKind,
    Depth,
    DepthLevel,
    Quote,
    Timeframe,
    TradePrint,
)
from app.domain.option_chain import OptionChain
from app.domain.order import Order
from app.domain.reports import Snapshot
from tests.doubles.orders import CONNECTION, SPY

T = TypeVar("T")


def bar(start_s: int, price: float = 10.0, volume: float = 1.0) -> Bar:
    """A bar around `price`."""
    return Bar(start_s, price, price + 1, price - 1, price + 0.5, volume)


class Feed:
    """Fits MarketConnections: one source for every connection id, on the engine's own loop.

    `errors` are raised by the next calls, one each; `gate` holds answers back until it is set.
    `recorded` is the history it has; `asked` what was asked of it.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.can = Capabilities(history=True, search=True)
        self.errors: list[MoorgateError] = []
        self.history_errors: list[MoorgateError] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.calls: list[str] = []
        self.asked: list[tuple[Timeframe, int, int]] = []
        self.recorded: BarSeries = empty_bars()
        self.listed: Sequence[Instrument] = ()
        self.chains: tuple[OptionChain, ...] = ()
        self.broken_off = 0
        self._quotes: dict[tuple[ConnectionId, InstrumentKey], Quote] = {}
        self._prints: list[tuple[ConnectionId, TradePrint]] = []
        self._depths: dict[tuple[ConnectionId, InstrumentKey], Depth] = {}
        self._bars: list[tuple[ConnectionId, BarUpdate]] = []
        self._broker = _FeedBroker(self)

    def record(self, *bars: Bar) -> None:
        self.recorded = bars_of(list(bars))

    def quote(
        self,
        bid: float = 9.9,
        ask: float = 10.1,
        last: float = 10.0,
        *,
        at_s: float | None = None,
        of: Instrument = SPY,
        connection_id: ConnectionId = CONNECTION,
        kind: DataKind = DataKind.LIVE,
        **changes: Any,
    ) -> Quote:
        """Say a quote; it waits for the next drain."""
        at = self.clock.now() if at_s is None else datetime.fromtimestamp(at_s, UTC)
        said = Quote(of.key, bid, ask, 5.0, 5.0, last, at, self.clock.monotonic(), kind)
        self._quotes[connection_id, of.key] = replace(said, **changes)
        return self._quotes[connection_id, of.key]

    def trade(
        self,
        price: float,
        size: float = 1.0,
        *,
        at_s: float | None = None,
        of: Instrument = SPY,
        connection_id: ConnectionId = CONNECTION,
    ) -> None:
        at = self.clock.now() if at_s is None else datetime.fromtimestamp(at_s, UTC)
        self._prints.append((connection_id, TradePrint(of.key, price, size, at)))

    def book(
        self,
        bid: float = 9.9,
        ask: float = 10.1,
        *,
        of: Instrument = SPY,
        connection_id: ConnectionId = CONNECTION,
    ) -> Depth:
        """Say an order book of one level a side; it waits for the next drain."""
        sides = (DepthLevel(bid, 5.0),), (DepthLevel(ask, 5.0),)
        said = Depth(of.key, *sides, self.clock.now(), self.clock.monotonic())
        self._depths[connection_id, of.key] = said
        return said

    def say_bars(
        self,
        *bars: Bar,
        timeframe: Timeframe = Timeframe.M1,
        of: Instrument = SPY,
        connection_id: ConnectionId = CONNECTION,
    ) -> None:
        """Say bars of the broker's own; they wait for the next drain."""
        self._bars += [(connection_id, BarUpdate(of.key, timeframe, bar)) for bar in bars]

    def capabilities(self, connection_id: ConnectionId) -> Capabilities:
        return self.can

    def drain_market(
        self, connection_id: ConnectionId
    ) -> tuple[dict[InstrumentKey, Quote], list[TradePrint]]:
        quotes = {key: q for (name, key), q in self._quotes.items() if name == connection_id}
        prints = [trade for name, trade in self._prints if name == connection_id]
        for key in quotes:
            del self._quotes[connection_id, key]
        self._prints = [(name, trade) for name, trade in self._prints if name != connection_id]
        return quotes, prints

    def drain_depths(self, connection_id: ConnectionId) -> dict[InstrumentKey, Depth]:
        mine = {key: d for (name, key), d in self._depths.items() if name == connection_id}
        for key in mine:
            del self._depths[connection_id, key]
        return mine

    def drain_bars(self, connection_id: ConnectionId) -> list[BarUpdate]:
        mine = [update for name, update in self._bars if name == connection_id]
        self._bars = [(name, update) for name, update in self._bars if name != connection_id]
        return mine

    async def call(
        self,
        connection_id: ConnectionId,
        fn: Callable[[Broker], Awaitable[T]],
        timeout_s: float = 10.0,
    ) -> T:
        try:
            await self.gate.wait()
            return await fn(self._broker)
        except asyncio.CancelledError:
            self.broken_off += 1
            raise


class _FeedBroker(Broker):
    """The adapter's side of a Feed; it trades nothing."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    @property
    def capabilities(self) -> Capabilities:
        return self._feed.can

    async def connect(self) -> None:
        self._feed.calls.append("connect")

    async def disconnect(self) -> None:
        self._feed.calls.append("disconnect")

    async def snapshot(self) -> Snapshot:
        raise AssertionError("market data asks for no snapshot")

    async def submit(self, orders: Sequence[Order]) -> None:
        raise AssertionError("market data sends no orders")

    async def cancel(self, order: Order) -> None:
        raise AssertionError("market data cancels no orders")

    async def subscribe(self, instrument: Instrument) -> None:
        self._note(f"subscribe {instrument.symbol}")

    async def unsubscribe(self, instrument: Instrument) -> None:
        self._note(f"unsubscribe {instrument.symbol}")

    async def subscribe_depth(self, instrument: Instrument, rows: int) -> None:
        self._note(f"subscribe depth {instrument.symbol} {rows}")

    async def unsubscribe_depth(self, instrument: Instrument) -> None:
        self._note(f"unsubscribe depth {instrument.symbol}")

    async def subscribe_bars(self, instrument: Instrument, timeframe: Timeframe) -> None:
        self._note(f"subscribe bars {instrument.symbol} {timeframe.value}")

    async def unsubscribe_bars(self, instrument: Instrument, timeframe: Timeframe) -> None:
        self._note(f"unsubscribe bars {instrument.symbol} {timeframe.value}")

    async def search(self, text: str) -> tuple[Instrument, ...]:
        self._note(f"search {text}")
        return tuple(i for i in self._feed.listed if text.upper() in i.symbol)

    async def option_chains(self, underlying: Instrument) -> tuple[OptionChain, ...]:
        self._note(f"chains {underlying.symbol}")
        return self._feed.chains

    async def option(
        self, chain: OptionChain, expiry: date, strike: Decimal, right: OptionRight
    ) -> Instrument:
        self._note(f"option {expiry} {strike} {right.value}")
        return Instrument(
            f"{chain.trading_class} {expiry} {strike} {right.value}",
            AssetClass.OPTION,
            chain.underlying.currency,
            multiplier=chain.multiplier,
            expiry=expiry,
            strike=strike,
            right=right,
            underlying=chain.underlying.symbol,
        )

    async def history(
        self, instrument: Instrument, timeframe: Timeframe, start: datetime, end: datetime
    ) -> BarSeries:
        span = (int(start.timestamp()), int(end.timestamp()))
        self._feed.asked.append((timeframe, *span))
        if self._feed.history_errors:
            raise self._feed.history_errors.pop(0)
        return self._feed.recorded.between(*span)

    def _note(self, what: str) -> None:
        self._feed.calls.append(what)
        if self._feed.errors:
            raise self._feed.errors.pop(0)
