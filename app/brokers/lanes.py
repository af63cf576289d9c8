"""The two ways out of an adapter's thread: reports, lossless; market data, newest wins.

No tick ever wakes the engine and no order report ever waits behind a quote.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable

from app.domain.ids import InstrumentKey
from app.domain.market import BarUpdate, Depth, Quote, Timeframe, TradePrint
from app.domain.reports import BrokerReport

log = logging.getLogger("moorgate.runner")

# Reports handed over in one turn of the engine's loop: a flood must not freeze the window.
BATCH = 256
# Prints kept while nobody draws; more than a minute of the busiest tape.
MAX_PRINTS = 200_000


class ReportLane:
    """Lossless and in order: a deque, and one wake-up of the engine while none is pending.

    `put` from the adapter's thread, `deliver` on the engine's loop. A handler that raises on a
    batch is given its reports again one by one (claims may be repeated: duplicates change
    nothing), so that only the report it cannot take is lost, and that is announced.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        handler: Callable[[list[BrokerReport]], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._loop, self._handler, self._on_failure = loop, handler, on_failure
        self._waiting: deque[BrokerReport] = deque()
        self._wake_up_pending = False
        self._is_closed = False

    def close(self) -> None:
        """Take nothing more: its thread would not end, and what comes late belongs to nobody."""
        self._is_closed = True

    def put(self, report: BrokerReport) -> None:
        if self._is_closed:
            log.debug("a report came after its connection was left: %r", report)
            return
        # Appended before the flag is read, and deliver() clears the flag before it takes: whatever
        # the interleaving, a report that is waiting has a wake-up ahead of it.
        self._waiting.append(report)
        if not self._wake_up_pending:
            self._wake_up_pending = True
            try:
                self._loop.call_soon_threadsafe(self.deliver)
            except RuntimeError:  # the engine's loop is closed: nobody is left to tell
                log.debug("a report came after the engine's end: %r", report)

    def deliver(self) -> None:
        """Hand over what is waiting, at most one batch a turn. Engine's loop only."""
        self._wake_up_pending = False
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        if self._waiting and not self._wake_up_pending:
            self._wake_up_pending = True
            self._loop.call_soon(self.deliver)
        if not batch:
            return
        try:
            self._handler(batch)
        except Exception as error:  # noqa: BLE001 - logged and announced by _announce
            if len(batch) == 1:
                self._announce(error, batch[0])
            else:
                self._one_by_one(batch)

    def flush(self) -> None:
        """Hand over everything that is waiting, now. Engine's loop only."""
        while self._waiting:
            self.deliver()

    def _one_by_one(self, batch: list[BrokerReport]) -> None:
        for report in batch:
            try:
                self._handler([report])
            except Exception as error:  # noqa: BLE001 - logged and announced by _announce
                self._announce(error, report)

    def _announce(self, error: Exception, report: BrokerReport) -> None:
        log.error("a handler failed on %s: %s", type(report).__name__, error, exc_info=error)
        self._on_failure(error)


class MarketLane:
    """Newest quote per instrument and every print, until drained. One producer, one consumer.

    No lock: each single dict and deque operation is atomic, and what is drained is taken out item
    by item, so that a tick which lands meanwhile is either taken now or still there next time.
    """

    def __init__(self) -> None:
        self._quotes: dict[InstrumentKey, Quote] = {}
        self._prints: deque[TradePrint] = deque()
        self._depths: dict[InstrumentKey, Depth] = {}
        self._bars: dict[tuple[InstrumentKey, Timeframe, int], BarUpdate] = {}
        self.dropped_prints = 0

    def quote(self, quote: Quote) -> None:
        self._quotes[quote.instrument] = quote

    def trade(self, trade: TradePrint) -> None:
        self._prints.append(trade)
        if len(self._prints) > MAX_PRINTS:
            try:
                self._prints.popleft()
                self.dropped_prints += 1
            except IndexError:  # drained this very moment
                return

    def depth(self, depth: Depth) -> None:
        self._depths[depth.instrument] = depth

    def drain_depths(self) -> dict[InstrumentKey, Depth]:
        """The newest order book of each instrument that moved since the last call."""
        return {key: self._depths.pop(key) for key in tuple(self._depths)}

    def bar(self, update: BarUpdate) -> None:
        self._bars[update.instrument, update.timeframe, update.bar.start_s] = update

    def drain_bars(self) -> list[BarUpdate]:
        """The newest word on each bar since the last call, oldest bar first."""
        return [self._bars.pop(key) for key in sorted(self._bars, key=lambda k: k[2])]

    def drain(self) -> tuple[dict[InstrumentKey, Quote], list[TradePrint]]:
        quotes = {key: self._quotes.pop(key) for key in tuple(self._quotes)}
        prints: list[TradePrint] = []
        try:
            # The producer may shed an old print meanwhile, so fewer may be there than counted.
            for _ in range(len(self._prints)):
                prints.append(self._prints.popleft())  # noqa: PERF401 - keeps those before the end
        except IndexError:
            log.debug("prints were shed while they were drained")
        return quotes, prints


class RunnerSink:
    """The adapter's way out; refuses every thread but the runner's own."""

    def __init__(self, reports: ReportLane, market: MarketLane) -> None:
        self._reports, self._market = reports, market
        self.owner = 0

    def report(self, report: BrokerReport) -> None:
        assert threading.get_ident() == self.owner, "report() outside the adapter's thread"
        self._reports.put(report)

    def quote(self, quote: Quote) -> None:
        assert threading.get_ident() == self.owner, "quote() outside the adapter's thread"
        self._market.quote(quote)

    def trade(self, trade: TradePrint) -> None:
        assert threading.get_ident() == self.owner, "trade() outside the adapter's thread"
        self._market.trade(trade)

    def depth(self, depth: Depth) -> None:
        assert threading.get_ident() == self.owner, "depth() outside the adapter's thread"
        self._market.depth(depth)

    def bar(self, update: BarUpdate) -> None:
        assert threading.get_ident() == self.owner, "bar() outside the adapter's thread"
        self._market.bar(update)
