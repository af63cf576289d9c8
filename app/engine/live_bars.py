"""A chart's bars: the past from history, the present from prints, joined without a seam.

Where the broker keeps bars up to date itself, its word replaces what was made of prints.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any, Protocol

from app.analytics.bars import BarColumns, merged
from app.domain.bars import BarSeries
from app.domain.ids import ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Bar, DataKind, Quote, Timeframe, TradePrint
from app.domain.session import SessionCalendar, calendar
from app.engine.bar_history import HistoryUnavailable

log = logging.getLogger("moorgate.market")
PLAYED = (DataKind.REPLAY, DataKind.SYNTHETIC)
# A replay's own clock only runs backwards when somebody turned it back.
_REWIND_S = 1.0
# After a longer silence a replay may have been moved ahead over trades that were never heard; what
# is missing is read again, at most so often: a sparse recording is silent all the time.
_JUMP_S = 60.0
_RELOAD_PAUSE_S = 2.0
_EARLIEST_S = -2_000_000_000  # 1906: many months reach back further than calendars know
# Brokers take a moment until a bar that has just ended is final in their history.
_SETTLE_S = 3.0


@dataclass(frozen=True, slots=True)
class BarsChanged:
    """Rows from `first_row` on are new or different; with `is_reset` everything is."""

    first_row: int
    is_reset: bool = False


class BarSource(Protocol):
    """What live bars ask of market data (engine.market_data)."""

    async def bars(
        self,
        connection_id: ConnectionId,
        instrument: Instrument,
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
    ) -> BarSeries: ...

    async def present(self, connection_id: ConnectionId, instrument: Instrument) -> datetime:
        """The market's own time, once it is known."""
        ...

    def flush(self) -> None:
        """Take in what has arrived."""
        ...

    def monotonic(self) -> float:
        """Seconds on the computer's clock."""
        ...


class LiveBars:
    """One chart's series. Get one from MarketData.live_bars; close it. Engine's loop only.

    Prints that are late change high, low and volume of their own bar and never its place. In a
    replay a print from before the last one means that it was wound back: what lies after it is
    taken away and the rest is read again. Instruments without prints (currencies) are drawn from
    the middle of the quote. Between two of the broker's own words on a bar, and where it says none,
    prints and quotes move it.
    """

    def __init__(
        self,
        source: BarSource,
        connection_id: ConnectionId,
        instrument: Instrument,
        timeframe: Timeframe,
        count: int,
        on_close: Callable[[LiveBars], None],
    ) -> None:
        self.connection_id, self.instrument, self.timeframe = connection_id, instrument, timeframe
        self.is_loading = False
        self.problem = ""  # why the past is incomplete, in words
        self._source, self._count, self._on_close = source, count, on_close
        self._calendar: SessionCalendar = calendar(instrument.session)
        self._columns = BarColumns()
        self._listeners: list[Callable[[BarsChanged], None]] = []
        self._dirty: BarsChanged | None = None
        self._now_s: float | None = None  # the market's time as far as it was heard
        self._bounds = (0, 0)  # of the bar under way
        self._waiting: list[tuple[float, float, float]] = []  # at, price, size while loading
        self._words: dict[int, Bar] = {}  # the broker's own bars while loading
        self._word = (0, 0.0)  # the bar the broker spoke of last, and the market's time then
        self._unsettled_s: int | None = None  # the bar that is half history, half prints
        self._has_prints = False
        self._asked_s = 0.0  # the market's time when the past was asked for
        self._reload_after_s = 0.0
        self._epoch = 0  # rises with every new reading of the past
        self._is_stale = False  # what is being read is out of date already
        self._is_behind = False  # a part of the past was never heard
        self._is_closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def series(self) -> BarSeries:
        """Everything with the bar under way last; a view that is good until the next change."""
        return self._columns.series

    @property
    def last(self) -> Bar | None:
        """The bar under way."""
        return self._columns.series.bar(-1) if len(self._columns) else None

    def on_change(self, listener: Callable[[BarsChanged], None]) -> Callable[[], None]:
        """Call `listener` at most once a frame; the result ends it."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    async def load_earlier(self, count: int) -> int:
        """Put older bars in front; answers how many came. Raises HistoryUnavailable."""
        if not len(self._columns) or self.is_loading:
            return 0
        epoch, end_s = self._epoch, int(self.series.start_s[0])
        start_s = end_s - self._reach_s(count)
        older = await self._source.bars(
            self.connection_id, self.instrument, self.timeframe, _moment(start_s), _moment(end_s)
        )
        if not len(older) or epoch != self._epoch:
            return 0
        before = len(self._columns)
        self._columns.replace(merged(older, self.series))
        self._mark(0, is_reset=True)
        self.tell()
        return len(self._columns) - before

    def reload(self) -> None:
        """Read the past again: after a reconnect, or when the market's time has jumped."""
        self._is_stale = True
        self._epoch += 1
        if not self.is_loading and not self._is_closed:
            self.is_loading = True
            self._spawn(self._load())

    def close(self) -> None:
        """Let go of everything; once is enough."""
        if self._is_closed:
            return
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        self._listeners.clear()
        self._on_close(self)

    # ---- fed by MarketData in every flush ----

    def take(self, prints: Sequence[TradePrint], quote: Quote | None, is_played: bool) -> None:
        """Count in what happened since the last flush, in order; `tell` follows."""
        for trade in prints:
            self._has_prints = True
            self._count_in(trade.at.timestamp(), trade.price, trade.size, is_played)
        if quote is not None:
            price = quote.mid if self._is_drawn_from(quote) else float("nan")
            self._count_in(quote.at.timestamp(), price, 0.0, is_played)
        self._catch_up()

    def hear(self, bars: Sequence[Bar]) -> None:
        """Take the broker's own word for its newest bars, oldest first; `tell` follows."""
        for bar in bars:
            if self.is_loading:
                self._words[bar.start_s] = bar
            else:
                self._take_word(bar)

    def tell(self) -> None:
        """Hand the change to the listeners, if there is one; each is isolated from the rest."""
        change, self._dirty = self._dirty, None
        if change is None:
            return
        for listener in tuple(self._listeners):
            try:
                listener(change)
            except Exception:
                log.exception("a chart failed on new bars of %s", self.instrument.symbol)

    def _is_drawn_from(self, quote: Quote) -> bool:
        if self._has_prints:
            return False
        return self.instrument.asset_class is AssetClass.FOREX or isnan(quote.last)

    def _count_in(self, at_s: float, price: float, size: float, is_played: bool) -> None:
        if is_played and self._now_s is not None:
            if at_s < self._now_s - _REWIND_S:
                self._rewind(at_s)
            elif at_s > self._now_s + _JUMP_S:
                self._is_behind = True
        self._now_s = max(at_s, self._now_s or at_s)
        if isnan(price):
            return
        if self.is_loading:
            self._waiting.append((at_s, price, size))
        else:
            self._fold(at_s, price, size)

    def _fold(self, at_s: float, price: float, size: float) -> None:
        start_s, end_s = self._bounds
        if not start_s <= at_s < end_s:
            bar_s = self._calendar.bar_start_s(at_s, self.timeframe)
            if bar_s > start_s:
                start_s, end_s = bar_s, self._calendar.bar_end_s(bar_s, self.timeframe)
                self._bounds = (start_s, end_s)
                self._settle_before(bar_s)
            start_s = bar_s
        if start_s == self._word[0] and at_s <= self._word[1]:
            size = 0.0  # the broker has counted it already
        row = self._columns.fold(start_s, price, size)
        if row is not None:
            self._mark(row)

    def _take_word(self, bar: Bar) -> None:
        """Replace a bar or begin the next one; nothing is put between bars that are there."""
        start_s = bar.start_s
        if self._calendar.bar_start_s(start_s, self.timeframe) != start_s:
            return  # not as bars begin here
        row = self._columns.put(bar)
        if row is None:
            return
        self._mark(row)
        if start_s >= self._word[0]:
            self._word = (start_s, self._now_s or 0.0)
        if start_s > self._bounds[0]:
            self._bounds = (start_s, self._calendar.bar_end_s(start_s, self.timeframe))
            self._settle_before(start_s)

    def _mark(self, row: int, *, is_reset: bool = False) -> None:
        known = self._dirty
        if known is not None:
            row, is_reset = min(row, known.first_row), is_reset or known.is_reset
        self._dirty = BarsChanged(row, is_reset)

    # ---- a replay that is moved ----

    def _rewind(self, at_s: float) -> None:
        """Take away what has not happened yet, and read again what has."""
        bar_s = self._calendar.bar_start_s(at_s, self.timeframe)
        self._columns.truncate(bar_s)
        self._bounds, self._now_s, self._unsettled_s = (0, 0), at_s, None
        self._waiting = [row for row in self._waiting if row[0] <= at_s]
        self._mark(0, is_reset=True)
        self.reload()

    def _catch_up(self) -> None:
        now_s = self._source.monotonic()
        if self._is_behind and now_s >= self._reload_after_s:
            self._is_behind, self._reload_after_s = False, now_s + _RELOAD_PAUSE_S
            self.reload()

    # ---- the past ----

    async def _load(self) -> None:
        try:
            while self._is_stale:
                self._is_stale = False
                await self._load_once()
        finally:
            self.is_loading = False
        self._join_waiting()
        self.tell()

    async def _load_once(self) -> None:
        asked_at = await self._source.present(self.connection_id, self.instrument)
        end_s = int(asked_at.timestamp()) + 1
        start = _moment(end_s - self._reach_s(self._count))
        self.problem = ""
        try:
            series = await self._source.bars(
                self.connection_id, self.instrument, self.timeframe, start, _moment(end_s)
            )
        except HistoryUnavailable as error:
            series, self.problem = error.stored, str(error)
        self._source.flush()  # what was printed before the answer is in it or waits now
        if self._is_stale:
            return
        self._columns.replace(series[-self._count :])
        self._asked_s, self._bounds = asked_at.timestamp(), (0, 0)
        self._unsettled_s = self._columns.last_start_s
        self._mark(0, is_reset=True)

    def _join_waiting(self) -> None:
        """What was printed while history was read; some of it is in the last bar already.

        Prices are counted again, which changes nothing; sizes only in bars that history did not
        know. The seam is read once more when its bar has ended.
        """
        waiting, self._waiting = self._waiting, []
        seam_s = self._unsettled_s
        for at_s, price, size in waiting:
            bar_s = self._calendar.bar_start_s(at_s, self.timeframe)
            if seam_s is None or bar_s > seam_s:
                self._fold(at_s, price, size)
            elif bar_s == seam_s and at_s > self._asked_s:
                self._fold(at_s, price, 0.0)
        words, self._words = self._words, {}
        self.hear([words[start_s] for start_s in sorted(words)])

    def _settle_before(self, bar_s: int) -> None:
        """A new bar begins: the one that was half history is complete now, so read it again."""
        seam_s = self._unsettled_s
        if seam_s is not None and bar_s > seam_s and not self._is_closed:
            self._unsettled_s = None
            self._spawn(self._settle(seam_s))

    async def _settle(self, bar_s: int) -> None:
        epoch = self._epoch
        await asyncio.sleep(_SETTLE_S)
        start, end = _moment(bar_s), _moment(bar_s + 1)
        try:
            series = await self._source.bars(
                self.connection_id, self.instrument, self.timeframe, start, end
            )
        except HistoryUnavailable as error:
            log.info("the bar at the seam of %s stays as it is: %s", self.instrument.symbol, error)
            return
        if len(series) and epoch == self._epoch:
            self._mark(self._columns.put(series.bar(0)) or 0)
            self.tell()

    def _reach_s(self, count: int) -> int:
        """How far back `count` bars reach, generously: nights and weekends have none."""
        length_s = count * self.timeframe.seconds
        share = self._calendar.regular_share
        if share == 1:
            return length_s
        if self.timeframe.is_intraday:
            return int(length_s / share) + 4 * 86_400
        return int(length_s * 7 / 5) + 7 * 86_400

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("bars of %s failed", self.instrument.symbol, exc_info=error)


def _moment(at_s: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=max(at_s, _EARLIEST_S))
