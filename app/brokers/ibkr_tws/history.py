"""Bars of the past, page by page from the newest to the oldest.

Bars that TWS keeps up to date (keepUpToDate, reqRealTimeBars) are in live_bars.py; they share the
pacing here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from copy import copy
from datetime import datetime
from math import ceil
from typing import Any

from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.brokers.base import Sink
from app.brokers.ibkr_tws.bar_plan import (
    BarPlan,
    Duration,
    duration_for,
    end_text,
    gathered,
    plan_of,
    series_of,
)
from app.brokers.ibkr_tws.errors import Context, Meaning, judge
from app.brokers.ibkr_tws.instruments import Instruments
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.pacing import Paced, Pacing
from app.brokers.ibkr_tws.requests import Requests, TwsError
from app.brokers.ibkr_tws.send_queue import Lane
from app.domain.bars import BarSeries
from app.domain.ids import ConnectionId
from app.domain.instrument import Instrument
from app.domain.market import Timeframe
from app.domain.reports import ProgressReport
from app.domain.session import SessionCalendar, calendar

log = logging.getLogger("moorgate.tws")
PAGE_TIMEOUT_S = 45.0
# After a pacing violation; then it is given up.
BACKOFF_S = (10.0, 20.0, 40.0)
# Where a page is empty, these tell where trading was before it.
_LOCATORS = (Timeframe.H1, Timeframe.D1)
_ENDED_QUERIES = 256
_CANCELED, _NO_QUERY = 162, 366


class _Task:
    """One call of `history`: what it is and how far it has come."""

    def __init__(self, name: str, text: str, tell: Callable[[str, str, float], None]) -> None:
        self._name, self._text, self._tell = name, text, tell
        self._is_told, self._fraction = False, 0.0

    def at(self, fraction: float, remark: str = "") -> None:
        """So much is done."""
        self._is_told, self._fraction = True, min(max(fraction, self._fraction), 0.99)
        self._tell(self._name, f"{self._text}{remark}", self._fraction)

    def wait(self, delay_s: float) -> None:
        """IBKR makes us wait."""
        self.at(self._fraction, f"; IBKR's limit for history: going on in {delay_s:.0f} s")

    def end(self) -> None:
        """It is over, well or not."""
        if self._is_told:
            self._tell(self._name, self._text, 1.0)


class BarDownloads:
    """One line's history. Adapter's thread and loop."""

    def __init__(
        self,
        line: Line,
        requests: Requests,
        instruments: Instruments,
        sink: Sink,
        clock: Clock,
        connection_id: ConnectionId,
        *,
        backoff_s: tuple[float, ...] = BACKOFF_S,
    ) -> None:
        self._line, self._requests, self._instruments = line, requests, instruments
        self._sink, self._clock, self._connection_id = sink, clock, connection_id
        self._backoff_s = backoff_s
        self.pacing = Pacing(clock.monotonic)
        self._ended: dict[int, None] = {}  # queries that we have broken off, oldest first
        line.on("historicalData", requests.add)
        line.on("historicalDataEnd", lambda req_id, *_: requests.finish(req_id))
        line.on_error(self._on_late_error)

    async def history(
        self, instrument: Instrument, timeframe: Timeframe, start: datetime, end: datetime
    ) -> BarSeries:
        """Bars that begin in [start, end), oldest first; empty where nothing was traded.

        Long ranges tell ProgressReports. Cancelling breaks the query at TWS off as well. Raises
        BrokerError: REJECTED with the reason in words (code "timeframe" for bars TWS lacks),
        UNKNOWN where an answer did not come.
        """
        listed = await self._instruments.listed(instrument)
        contract = _with_expired(listed.contract, instrument, self._clock)
        plan = plan_of(contract.secType, instrument.session, timeframe)
        task = _Task(
            f"history {instrument.key} {timeframe.value}",
            f"{timeframe.value} bars of {instrument.symbol}",
            self._tell,
        )
        try:
            days = calendar(instrument.session)
            pages = _Pages(self, contract, plan, days, task)
            span = ceil(start.timestamp()), ceil(end.timestamp())
            return gathered(await pages.read(*span), plan, days).between(*span)
        finally:
            task.end()

    async def page(
        self, contract: Any, plan: BarPlan, end_s: int, duration: Duration, task: _Task
    ) -> list[Any]:
        """One answer of TWS, as it came. Raises BrokerError."""
        asked = (contract.conId, contract.exchange, plan.what)
        key = (*asked, end_s, duration.text, plan.bar_size, plan.use_rth)
        request = Paced(key, asked, plan.source.seconds)
        pauses = iter(self._backoff_s)
        while True:
            async with self.pacing.turn(request, task.wait):
                try:
                    return await self._ask(contract, plan, end_s, duration)
                except TwsError as error:
                    verdict = judge(error.code, Context.REQUEST, error.text)
                    if verdict.meaning is Meaning.NO_DATA:
                        return []
                    pause_s = next(pauses, None) if verdict.meaning is Meaning.PACING else None
                    if pause_s is None:
                        raise refusal_of(error, verdict.text, verdict.meaning) from error
            task.wait(pause_s)
            await asyncio.sleep(pause_s)

    async def _ask(self, contract: Any, plan: BarPlan, end_s: int, duration: Duration) -> list[Any]:
        number = 0
        # TWS takes no end in the future; empty is now.
        end = end_text(end_s) if end_s < self._clock.now().timestamp() else ""

        def send(req_id: int) -> None:
            nonlocal number
            number = req_id
            self._line.client.reqHistoricalData(
                req_id, contract, end, duration.text, plan.bar_size, plan.what, plan.use_rth,
                2, False, [],
            )  # fmt: skip

        try:
            return await self._requests.ask(Lane.HISTORY, send, timeout_s=PAGE_TIMEOUT_S)
        except (asyncio.CancelledError, BrokerError):
            if number:
                self._break_off(number)
            raise

    def _break_off(self, number: int) -> None:
        self._ended[number] = None
        if len(self._ended) > _ENDED_QUERIES:
            del self._ended[next(iter(self._ended))]
        try:
            self._line.queue.send(
                Lane.HISTORY, lambda: self._line.client.cancelHistoricalData(number)
            )
        except BrokerError:
            log.debug("query %d ended with its session", number)

    def _on_late_error(self, req_id: int, code: int, text: str) -> bool:
        """TWS confirms a cancel by an error, or had answered before."""
        return code in (_CANCELED, _NO_QUERY) and req_id in self._ended

    def _tell(self, task: str, text: str, fraction: float) -> None:
        self._sink.report(
            ProgressReport(self._connection_id, task, text, fraction, self._clock.now())
        )


class _Pages:
    """One range on its way back in time."""

    def __init__(
        self,
        downloads: BarDownloads,
        contract: Any,
        plan: BarPlan,
        days: SessionCalendar,
        task: _Task,
    ) -> None:
        self._downloads, self._contract, self._plan = downloads, contract, plan
        self._days, self._task = days, task

    async def read(self, start_s: int, end_s: int) -> BarSeries:
        rows: list[Any] = []
        at_s: int | None = end_s
        while at_s is not None and at_s > start_s:
            duration = duration_for(self._plan.source, at_s - start_s)
            if at_s - start_s > duration.seconds or at_s < end_s:
                self._task.at((end_s - at_s) / (end_s - start_s))
            page = await self._downloads.page(
                self._contract, self._plan, at_s, duration, self._task
            )
            rows = page + rows
            at_s = await self._before(page, at_s, duration, start_s)
        return series_of(rows, self._days).between(start_s, end_s)

    async def _before(
        self, page: list[Any], at_s: int, duration: Duration, start_s: int
    ) -> int | None:
        """Where the next page ends; None where there is nothing older."""
        if page:
            first_s = min(int(series_of(page, self._days).start_s[0]), at_s - 1)
            # A span of trading days reaches as far back as its first bar, one of seconds further.
            return first_s if duration.is_sessions else min(first_s, at_s - duration.seconds)
        nominal_s = at_s - duration.seconds
        if nominal_s <= start_s:
            return None
        return await self._located(at_s, nominal_s)

    async def _located(self, at_s: int, nominal_s: int) -> int | None:
        """After an empty page: the end of what was traded last before it."""
        for timeframe in (t for t in _LOCATORS if t.seconds > self._plan.source.seconds):
            plan = plan_of(self._contract.secType, "always", timeframe)
            span = duration_for(timeframe, 7 * 86_400 if timeframe.is_intraday else 365 * 86_400)
            page = await self._downloads.page(self._contract, plan, at_s, span, self._task)
            if page:
                last_s = int(series_of(page, self._days).start_s[-1])
                end_s = self._days.bar_end_s(last_s, timeframe)
                return min(end_s, nominal_s) if end_s < at_s else nominal_s
        return None


def _with_expired(contract: Any, instrument: Instrument, clock: Clock) -> Any:
    """What has expired is only found when that is said."""
    if not instrument.is_expired(clock.now().date()):
        return contract
    expired = copy(contract)
    expired.includeExpired = True
    return expired


def refusal_of(error: TwsError, text: str, meaning: Meaning) -> BrokerError:
    """What TWS's error means for who asked for bars, in words."""
    if meaning is Meaning.NO_PERMISSION:
        text = f"IBKR gives this login no history of it: {text}"
    elif meaning is Meaning.PACING:
        text = f"IBKR's limit for history is used up; try again in ten minutes: {text}"
    elif meaning is Meaning.COMPETING:
        text = f"another log-in of the same user holds the data: {text}"
    return BrokerError(text, Outcome.REJECTED, str(error.code))
