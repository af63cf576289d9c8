"""Quotes, prints and live bars of every connection, taken in once a frame."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from datetime import UTC, datetime

from app.base.bus import EventBus
from app.base.clock import Clock
from app.domain.bars import BarSeries
from app.domain.events import NoticeRaised, QuotesFlushed
from app.domain.ids import ConnectionId, MarketKey
from app.domain.instrument import Instrument
from app.domain.market import Bar, DataKind, Quote, Timeframe, TradePrint
from app.domain.reports import Severity
from app.engine.bar_history import BarHistory, HistoryUnavailable
from app.engine.bar_streams import BarStreams
from app.engine.depth import MarketDepth
from app.engine.feeds import Feeds, Subscription
from app.engine.live_bars import PLAYED, BarsChanged, LiveBars
from app.engine.market_port import MarketConnections
from app.store.history import History

__all__ = ["BarsChanged", "HistoryUnavailable", "LiveBars", "MarketData", "Subscription"]

log = logging.getLogger("moorgate.market")
FRAME_S = 1 / 60
# How long to wait for the first quote of a replay, which alone knows what time it is there.
_PRESENT_PATIENCE_S = 3.0
DEFAULT_BARS = 1500


class MarketData:
    """Every quote of the desk. Engine's loop only; nothing here blocks.

    A timer takes in what has arrived 60 times a second, only while something is subscribed.
    """

    def __init__(
        self, bus: EventBus, clock: Clock, connections: MarketConnections, history: History
    ) -> None:
        self._bus, self._clock, self._connections = bus, clock, connections
        self._history = BarHistory(
            bus, clock, connections, history, self.market_time, self.data_kind
        )
        self._feeds = Feeds(
            connections,
            "market data",
            begin=lambda broker, instrument: broker.subscribe(instrument),
            end=lambda broker, instrument: broker.unsubscribe(instrument),
            announce=self._notice,
        )
        self._bars = BarStreams(connections)
        self.depth = MarketDepth(bus, connections, self._notice, self._start_timer)
        self._quotes: dict[MarketKey, Quote] = {}
        self._market_s: dict[MarketKey, float] = {}
        self._awaited: dict[MarketKey, asyncio.Event] = {}
        self._live: defaultdict[MarketKey, list[LiveBars]] = defaultdict(list)
        self._timer: asyncio.TimerHandle | None = None
        self.dropped: Counter[MarketKey] = Counter()  # quotes and prints that cannot be true

    # ---- what may be asked ----

    def quote(self, key: MarketKey) -> Quote | None:
        """The newest quote, however old; None while there was none."""
        return self._quotes.get(key)

    def age_s(self, key: MarketKey) -> float | None:
        """Seconds since the newest quote was received, on the monotonic clock; None without one.

        A quote's own time says nothing of its age: a replay's lies years back.
        """
        quote = self._quotes.get(key)
        return None if quote is None else max(0.0, self._clock.monotonic() - quote.received)

    def data_kind(self, key: MarketKey) -> DataKind | None:
        """What its data is; None while there was none."""
        quote = self._quotes.get(key)
        return None if quote is None else quote.kind

    def market_time(self, key: MarketKey) -> datetime:
        """What time it is in that market: a replay's own date, else the present (UTC)."""
        at_s = self._market_s.get(key)
        if at_s is None or self.data_kind(key) not in PLAYED:
            return self._clock.now()
        return datetime.fromtimestamp(at_s, UTC)

    def subscribed(self, connection_id: ConnectionId) -> list[Instrument]:
        """What somebody looks at there."""
        return self._feeds.wanted(connection_id)

    def monotonic(self) -> float:
        """The computer's clock, for whoever paces himself by it."""
        return self._clock.monotonic()

    # ---- subscriptions ----

    def subscribe(self, connection_id: ConnectionId, instrument: Instrument) -> Subscription:
        """Have an instrument's data until the result is closed. Never raises for the broker.

        The broker is asked once, however many look; what it refuses is announced once and asked
        again with the next subscription and after every reconnect.
        """
        subscription = self._feeds.want(connection_id, instrument)
        self._start_timer()
        return subscription

    async def resubscribe(self, connection_id: ConnectionId) -> None:
        """Ask again for everything that is wanted there: the connection is new."""
        tasks = self._feeds.renew(connection_id) + self.depth.renew(connection_id)
        self._bars.renew(connection_id)
        self._start_timer()  # they may have been wanted before there was a loop
        for key, group in tuple(self._live.items()):
            for live in tuple(group) if key[0] == connection_id else ():
                live.reload()
        if tasks:
            await asyncio.wait(tasks)

    async def stop(self) -> None:
        """End the timer and whatever is under way."""
        for live in [live for group in self._live.values() for live in group]:
            live.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._feeds.stop()
        await self.depth.stop()
        await self._bars.stop()
        await self._history.stop()

    # ---- the frame ----

    def flush(self) -> None:
        """Take in what has arrived: newest quotes, every print, live bars, one event."""
        quotes: dict[MarketKey, Quote] = {}
        prints: dict[MarketKey, list[TradePrint]] = {}
        self.depth.flush()
        for connection_id in self._feeds.connection_ids():
            new_quotes, new_prints = self._connections.drain_market(connection_id)
            for quote in new_quotes.values():
                self._take_quote((connection_id, quote.instrument), quote, quotes)
            for trade in new_prints:
                self._take_print((connection_id, trade.instrument), trade, prints)
        bars = self._said_bars()
        if not (quotes or prints or bars):
            return
        self._quotes.update(quotes)
        for key in quotes:
            self._feeds.heard(key)
        self._feed_live(quotes, prints, bars)
        if quotes or prints:
            self._bus.publish(QuotesFlushed(quotes, prints))

    def _said_bars(self) -> dict[tuple[MarketKey, Timeframe], list[Bar]]:
        """The brokers' own words on bars, oldest first."""
        bars: dict[tuple[MarketKey, Timeframe], list[Bar]] = {}
        for key, update in self._bars.drain():
            if fault := update.fault:
                self._drop(key, f"a bar with {fault}")
            else:
                bars.setdefault((key, update.timeframe), []).append(update.bar)
        return bars

    def _take_quote(self, key: MarketKey, quote: Quote, quotes: dict[MarketKey, Quote]) -> None:
        if fault := quote.fault:
            self._drop(key, f"a quote with {fault}")
            return
        quotes[key] = quote
        self._market_s[key] = quote.at.timestamp()
        if heard := self._awaited.pop(key, None):
            heard.set()

    def _take_print(
        self, key: MarketKey, trade: TradePrint, prints: dict[MarketKey, list[TradePrint]]
    ) -> None:
        if fault := trade.fault:
            self._drop(key, f"a trade with {fault}")
            return
        prints.setdefault(key, []).append(trade)

    def _drop(self, key: MarketKey, what: str) -> None:
        self.dropped[key] += 1
        if self.dropped[key] == 1:
            self._notice(key[0], f"{key[1]}: {what} was left out, and so will be all like it")

    def _feed_live(
        self,
        quotes: dict[MarketKey, Quote],
        prints: dict[MarketKey, list[TradePrint]],
        bars: dict[tuple[MarketKey, Timeframe], list[Bar]],
    ) -> None:
        spoken_of = {key for key, _ in bars}
        for key in tuple(self._live):
            if key not in quotes and key not in prints and key not in spoken_of:
                continue
            is_played = self.data_kind(key) in PLAYED
            for live in tuple(self._live[key]):
                try:
                    live.take(prints.get(key, ()), quotes.get(key), is_played)
                    live.hear(bars.get((key, live.timeframe), ()))
                    live.tell()
                except Exception:
                    log.exception("live bars of %s failed", key[1])

    def _start_timer(self) -> None:
        if self._timer is not None or not (self._feeds or self.depth.is_wanted):
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._timer = loop.call_later(FRAME_S, self._tick)

    def _tick(self) -> None:
        self._timer = None
        try:
            self.flush()
        except Exception:
            log.exception("a frame of market data failed")
        self._start_timer()

    # ---- bars ----

    async def bars(
        self,
        connection_id: ConnectionId,
        instrument: Instrument,
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
    ) -> BarSeries:
        """Bars that begin in [start, end), oldest first: stored ones, and the broker's for gaps.

        Raises HistoryUnavailable, which holds what is stored. May be canceled.
        """
        return await self._history.bars(connection_id, instrument, timeframe, start, end)

    def live_bars(
        self,
        connection_id: ConnectionId,
        instrument: Instrument,
        timeframe: Timeframe,
        count: int = DEFAULT_BARS,
    ) -> LiveBars:
        """A series that reads `count` bars of the past and then grows by itself; close it."""
        subscription = self.subscribe(connection_id, instrument)
        own_bars = self._bars.want(connection_id, instrument, timeframe)
        key = (connection_id, instrument.key)

        def closed(live: LiveBars) -> None:
            self._live[key].remove(live)
            if not self._live[key]:
                del self._live[key]
            if own_bars is not None:
                own_bars.close()
            subscription.close()

        live = LiveBars(self, connection_id, instrument, timeframe, count, closed)
        self._live[key].append(live)
        live.reload()
        return live

    async def present(self, connection_id: ConnectionId, instrument: Instrument) -> datetime:
        """The market's own time; of a replay it waits a moment for the first word."""
        key = (connection_id, instrument.key)
        if self._connections.capabilities(connection_id).replay and key not in self._market_s:
            heard = self._awaited.setdefault(key, asyncio.Event())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PRESENT_PATIENCE_S):
                    await heard.wait()
        return self.market_time(key)

    def _notice(self, source: str, text: str) -> None:
        log.info("%s: %s", source, text)
        self._bus.publish(NoticeRaised(Severity.WARNING, source, text, self._clock.now()))
