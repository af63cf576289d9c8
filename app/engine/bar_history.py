"""Bars of the past: what is stored, and the broker's answer for what is not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from app.analytics.bars import cleaned, merged, resample
from app.base.bus import EventBus
from app.base.clock import Clock
from app.base.errors import BrokerError, MoorgateError, Outcome, StoreError
from app.domain.bars import BarSeries, empty_bars
from app.domain.events import NoticeRaised
from app.domain.ids import ConnectionId, InstrumentKey, MarketKey
from app.domain.instrument import Instrument
from app.domain.market import DataKind, Timeframe
from app.domain.reports import Severity
from app.domain.session import calendar
from app.engine.market_port import MarketConnections
from app.store.history import History

log = logging.getLogger("moorgate.history")
T = TypeVar("T")
# A long range takes many questions, and brokers make us wait between them. Each question has a
# deadline of its own in the adapter; this one only ends what hangs.
TIMEOUT_S = 1800.0
# An adapter that lacks a timeframe says so with this code, and a shorter one is gathered instead.
TIMEFRAME_CODE = "timeframe"
_SHORTER = {
    Timeframe.S5: Timeframe.S1,
    Timeframe.S15: Timeframe.S5,
    Timeframe.S30: Timeframe.S15,
    Timeframe.M1: Timeframe.S30,
    Timeframe.M2: Timeframe.M1,
    Timeframe.M3: Timeframe.M1,
    Timeframe.M5: Timeframe.M1,
    Timeframe.M10: Timeframe.M5,
    Timeframe.M15: Timeframe.M5,
    Timeframe.M30: Timeframe.M15,
    Timeframe.H1: Timeframe.M30,
    Timeframe.H2: Timeframe.H1,
    Timeframe.H4: Timeframe.H1,
    Timeframe.D1: Timeframe.H1,
    Timeframe.W1: Timeframe.D1,
    Timeframe.MO1: Timeframe.D1,
}


class HistoryUnavailable(BrokerError):  # noqa: N818 - a state of affairs, like Unavailable
    """The broker did not give what is missing; `stored` is what there is all the same."""

    def __init__(self, cause: MoorgateError, stored: BarSeries) -> None:
        what = f"{len(stored)} stored bars are shown" if len(stored) else "none are stored"
        outcome = cause.outcome if isinstance(cause, BrokerError) else Outcome.UNKNOWN
        super().__init__(f"bars could not be had ({cause}); {what}", outcome)
        self.stored = stored


@dataclass(frozen=True, slots=True)
class _Request:
    connection_id: ConnectionId
    key: InstrumentKey
    timeframe: Timeframe
    start_s: int
    end_s: int


@dataclass(slots=True)
class _Flight:
    task: asyncio.Task[BarSeries]
    waiters: int = 0


class BarHistory:
    """Everything on the engine's loop; the database is asked in a thread.

    `market_time` and `kind` say what time it is in an instrument's market and what its data is. A
    replay keeps its own recording, so its bars are always asked for; they are stored for export.
    """

    def __init__(
        self,
        bus: EventBus,
        clock: Clock,
        connections: MarketConnections,
        history: History,
        market_time: Callable[[MarketKey], datetime],
        kind: Callable[[MarketKey], DataKind | None],
    ) -> None:
        self._bus, self._clock, self._connections = bus, clock, connections
        self._history, self._market_time, self._kind = history, market_time, kind
        self._flights: dict[_Request, _Flight] = {}
        self._is_store_broken = False

    async def bars(
        self,
        connection_id: ConnectionId,
        instrument: Instrument,
        timeframe: Timeframe,
        start: datetime,
        end: datetime,
    ) -> BarSeries:
        """Bars that begin in [start, end), oldest first; the last may still be under way.

        Equal requests share one answer, and the broker's work is broken off when the last of them
        is canceled. Raises HistoryUnavailable, which holds what is stored.
        """
        start_s = calendar(instrument.session).bar_start_s(start.timestamp(), timeframe)
        request = _Request(connection_id, instrument.key, timeframe, start_s, int(end.timestamp()))
        flight = self._flights.get(request)
        if flight is None:
            task = asyncio.get_running_loop().create_task(self._fetch(request, instrument))
            flight = self._flights[request] = _Flight(task)
            task.add_done_callback(lambda done: self._landed(request, done))
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                self._flights.pop(request, None)
                flight.task.cancel()

    async def stop(self) -> None:
        """Break off what is under way."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, request: _Request, task: asyncio.Task[BarSeries]) -> None:
        flight = self._flights.get(request)
        if flight is not None and flight.task is task:
            del self._flights[request]
        if not task.cancelled():
            task.exception()  # seen, even if nobody waits any more

    async def _fetch(self, request: _Request, instrument: Instrument) -> BarSeries:
        capabilities = self._connections.capabilities(request.connection_id)
        place = (request.connection_id, request.key, request.timeframe)
        span = (request.start_s, request.end_s)
        stored = await self._read(lambda: self._history.get(*place, *span), empty_bars())
        if not capabilities.history:
            return stored
        gaps = [span]
        if not capabilities.replay:
            gaps = await self._read(lambda: self._history.gaps(*place, *span), gaps)
        now_s = self._market_time((request.connection_id, request.key)).timestamp()
        found = stored if not capabilities.replay else empty_bars()
        for start_s, end_s in gaps:
            latest_s = min(end_s, int(now_s) + 1)
            if start_s >= latest_s:
                continue
            try:
                fresh = await self._ask(request, instrument, request.timeframe, start_s, latest_s)
            except MoorgateError as error:
                raise HistoryUnavailable(error, merged(stored, found)) from error
            await self._keep(request, instrument, fresh, (start_s, latest_s), now_s)
            found = merged(found, fresh)
        return found

    async def _ask(
        self,
        request: _Request,
        instrument: Instrument,
        timeframe: Timeframe,
        start_s: int,
        end_s: int,
    ) -> BarSeries:
        start, end = (datetime.fromtimestamp(s, UTC) for s in (start_s, end_s))
        try:
            answer = await self._connections.call(
                request.connection_id,
                lambda broker: broker.history(instrument, timeframe, start, end),
                TIMEOUT_S,
            )
        except BrokerError as error:
            shorter = _SHORTER.get(timeframe)
            if error.code != TIMEFRAME_CODE or shorter is None:
                raise
            return await self._ask(request, instrument, shorter, start_s, end_s)
        series, dropped = cleaned(answer)
        if dropped:
            log.info(
                "%s: left out %d impossible bars of %s", request.connection_id, dropped, request.key
            )
        # On our own grid, whatever the broker's own bars begin with.
        series = resample(series, request.timeframe, calendar(instrument.session))
        return series.between(start_s, end_s)

    async def _keep(
        self,
        request: _Request,
        instrument: Instrument,
        bars: BarSeries,
        span: tuple[int, int],
        now_s: float,
    ) -> None:
        """Store what cannot change any more. A generator's bars are nobody's history."""
        kind = self._kind((request.connection_id, request.key))
        is_played = self._connections.capabilities(request.connection_id).replay
        if is_played and kind is not DataKind.REPLAY:
            return
        under_way_s = calendar(instrument.session).bar_start_s(now_s, request.timeframe)
        covered = (span[0], min(span[1], under_way_s))
        if covered[0] >= covered[1]:
            return
        place = (request.connection_id, request.key, request.timeframe)
        await self._read(lambda: self._history.put(*place, bars, covered), None)

    async def _read(self, work: Callable[[], T], instead: T) -> T:
        """The database's answer; without it charts live on what brokers say."""
        try:
            return await asyncio.to_thread(work)
        except StoreError as error:
            log.info("bar history: %s", error)
            if not self._is_store_broken:
                self._is_store_broken = True
                text = f"{error}. Charts go on with what the brokers answer"
                self._bus.publish(
                    NoticeRaised(Severity.WARNING, "history", text, self._clock.now())
                )
            return instead
