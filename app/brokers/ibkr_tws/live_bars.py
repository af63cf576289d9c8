"""Bars that TWS keeps up to date: reqRealTimeBars for five seconds, keepUpToDate for longer ones.

TWS API, "Historical Bars" (keepUpToDate: an empty end, bars of five seconds and more) and "5 Second
Real Time Bars" (told when they have ended; they count for the pacing of history). A question that
finds nothing is over at TWS and would never be kept up to date: it is asked again, further back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from math import nan
from typing import Any

from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.brokers.base import Sink
from app.brokers.ibkr_tws.bar_plan import DURATIONS, BarPlan, plan_of, start_s_of
from app.brokers.ibkr_tws.errors import HARMLESS, TABLE, Context, Meaning, judge
from app.brokers.ibkr_tws.history import BACKOFF_S, refusal_of
from app.brokers.ibkr_tws.instruments import Instruments
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.pacing import Paced, Pacing
from app.brokers.ibkr_tws.requests import TwsError
from app.brokers.ibkr_tws.send_queue import Lane
from app.brokers.ibkr_tws.subscription import Subscription, subscribed_contract
from app.domain.ids import ConnectionId, InstrumentKey
from app.domain.instrument import Instrument
from app.domain.market import Bar, BarUpdate, Timeframe
from app.domain.reports import Notice, Severity
from app.domain.session import calendar

log = logging.getLogger("moorgate.tws")
REAL_TIME = Timeframe.S5
# Each holds one of the 50 requests that may be open; the rest is for reading the past.
MOST_STREAMS = 25
# Whoever subscribes waits so long for the first word; it goes on all the same.
VERDICT_S = 3.0
# What still finds nothing over the longest span is asked again after that.
EMPTY_PAUSE_S = 60.0
# After a farm is back, streams that stay silent so long are asked for anew.
VERIFY_S = 10.0
# How TWS confirms a cancel: it was canceled, or it knew no such query or stream.
_LATE = frozenset({162, 300, 366})
_NOTHING = TwsError(162, "HMDS query returned no data")
_Key = tuple[InstrumentKey, Timeframe]


class _Stream(Subscription):
    """One series that is on."""

    def __init__(self, instrument: Instrument, timeframe: Timeframe) -> None:
        super().__init__(instrument)
        self.timeframe = timeframe
        self.days = calendar(instrument.session)
        self.heard_s = 0.0  # loop time
        self.first: deque[Any] = deque(maxlen=2)  # the newest bars of the first answer
        # None: ask anew
        self.over: asyncio.Future[TwsError | None] = asyncio.get_running_loop().create_future()

    def end(self, error: TwsError | None = None) -> None:
        """What was asked is over: TWS has said why, or forgot it."""
        if not self.over.done():
            self.over.set_result(error)


class BarStreams:
    """The live bars of one session with TWS. Adapter's thread and loop.

    `pacing` is the one that history keeps: both draw on the same limits.
    """

    def __init__(
        self,
        line: Line,
        instruments: Instruments,
        sink: Sink,
        clock: Clock,
        connection_id: ConnectionId,
        pacing: Pacing,
    ) -> None:
        self._line, self._instruments, self._pacing = line, instruments, pacing
        self._sink, self._clock, self._connection_id = sink, clock, connection_id
        self._streams: dict[_Key, _Stream] = {}
        self._by_req: dict[int, _Stream] = {}
        self._ended: deque[int] = deque(maxlen=256)
        self._timer: asyncio.TimerHandle | None = None
        line.on("historicalData", self._on_first)
        line.on("historicalDataEnd", self._on_end)
        line.on("historicalDataUpdate", self._on_update)
        line.on("realtimeBar", self._on_five_seconds)
        line.on_error(self._on_error)

    async def subscribe(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """Start them; what is on stays on.

        Returns with the first bars, or after a moment without a word, and then goes on. Raises
        BrokerError: REJECTED with the reason in words (code "timeframe" where TWS has no such bars,
        or begins them at other moments than the desk), NOT_SENT when the line is down.
        """
        key = (instrument.key, timeframe)
        stream = self._streams.get(key)
        if stream is None:
            if len(self._streams) >= MOST_STREAMS:
                raise BrokerError(f"{MOST_STREAMS} live series are on", Outcome.REJECTED, "full")
            stream = self._streams[key] = _Stream(instrument, timeframe)
            stream.task = asyncio.get_running_loop().create_task(self._run(stream))
        await asyncio.wait((stream.verdict,), timeout=VERDICT_S)
        if stream.verdict.done():
            stream.verdict.result()

    async def unsubscribe(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """Stop them, at TWS as well; what still arrives is ignored."""
        stream = self._streams.pop((instrument.key, timeframe), None)
        if stream is not None and stream.task is not None:
            stream.task.cancel()
            stream.settle()
            await asyncio.wait((stream.task,))

    def lost_all(self) -> None:
        """TWS has lost every subscription (1101): ask for all of them anew."""
        streams = tuple(self._by_req.values())
        self._by_req.clear()
        for stream in streams:
            stream.end()

    def farm_is_back(self) -> None:
        """A data farm is connected again: what stays silent then is asked for anew."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(VERIFY_S, self._renew_silent, loop.time())

    def close(self) -> None:
        """The session is over."""
        if self._timer is not None:
            self._timer.cancel()
        self._by_req.clear()
        for stream in self._streams.values():
            if stream.task is not None:
                stream.task.cancel()
        self._streams.clear()

    def _renew_silent(self, since_s: float) -> None:
        self._timer = None
        for stream in tuple(self._by_req.values()):
            if stream.heard_s < since_s:
                stream.end()

    # ---- asking TWS ----

    async def _run(self, stream: _Stream) -> None:
        """One stream's life; it ends with a refusal or when it is canceled."""
        try:
            await self._follow(stream, *await self._planned(stream))
        except BrokerError as error:
            if self._streams.get((stream.instrument.key, stream.timeframe)) is stream:
                del self._streams[stream.instrument.key, stream.timeframe]
            if not stream.settle(error):
                self._tell(stream, error)

    async def _planned(self, stream: _Stream) -> tuple[Any, BarPlan]:
        contract = await subscribed_contract(self._instruments, stream.instrument)
        plan = plan_of(contract.secType, stream.instrument.session, stream.timeframe)
        if plan.source is not plan.timeframe or plan.source.seconds < REAL_TIME.seconds:
            text = f"TWS keeps no bars of {plan.timeframe.value} up to date"
            raise BrokerError(text, Outcome.REJECTED, code="timeframe")
        return contract, plan

    async def _follow(self, stream: _Stream, contract: Any, plan: BarPlan) -> None:
        spans, pauses = _spans(plan.source), iter(BACKOFF_S)
        place, at = (contract.conId, contract.exchange, plan.what), 0
        while True:
            paced = Paced((*place, "live", plan.bar_size, spans[at]), place, plan.source.seconds)
            error = await self._listen(stream, paced, self._question(contract, plan, spans[at]))
            if error is None:
                continue
            verdict = judge(error.code, Context.REQUEST, error.text)
            pause_s: float | None = 0.0
            if verdict.meaning is Meaning.PACING:
                pause_s = next(pauses, None)
            elif verdict.meaning is not Meaning.NO_DATA:
                pause_s = None
            elif at < len(spans) - 1:
                at += 1
            else:
                stream.settle()  # nothing was traded yet
                pause_s = EMPTY_PAUSE_S
            if pause_s is None:
                raise refusal_of(error, verdict.text, verdict.meaning) from error
            await asyncio.sleep(pause_s)

    async def _listen(
        self, stream: _Stream, paced: Paced, ask: Callable[[int], None]
    ) -> TwsError | None:
        """Until what was asked is over: TWS's error, None where it must be asked anew."""
        async with self._pacing.turn(paced):
            number = stream.req_id = self._line.next_id()
            stream.over, stream.is_asked = asyncio.get_running_loop().create_future(), False
            stream.first.clear()
            self._by_req[number] = stream

            def send() -> None:
                if self._by_req.get(number) is stream:
                    stream.is_asked = True
                    ask(number)

            try:
                await self._line.queue.sent(Lane.HISTORY, send)
                return await stream.over
            finally:
                self._end(stream)

    def _question(self, contract: Any, plan: BarPlan, span: str) -> Callable[[int], None]:
        client, what = self._line.client, plan.what
        if plan.source is REAL_TIME:
            return lambda number: client.reqRealTimeBars(number, contract, 5, what, False, [])
        return lambda number: client.reqHistoricalData(
            number, contract, "", span, plan.bar_size, what, plan.use_rth, 2, True, []
        )

    def _end(self, stream: _Stream) -> None:
        """Let TWS end what it has not ended itself."""
        number, stream.req_id = stream.req_id, 0
        if self._by_req.pop(number, None) is None or not stream.is_asked:
            return
        self._ended.append(number)
        client, is_real_time = self._line.client, stream.timeframe is REAL_TIME
        cancel = client.cancelRealTimeBars if is_real_time else client.cancelHistoricalData
        try:
            self._line.queue.send(Lane.HISTORY, lambda: cancel(number))
        except BrokerError:
            log.debug("the bars of %s ended with their session", stream.instrument.key)

    # ---- bars ----

    def _on_first(self, req_id: int, row: Any) -> None:
        if stream := self._by_req.get(req_id):
            stream.first.append(row)

    def _on_end(self, req_id: int, *_: object) -> None:
        stream = self._by_req.get(req_id)
        if stream is None:
            return
        for row in stream.first:
            self._take_row(stream, row)
        if not stream.first:
            stream.end(_NOTHING)

    def _on_update(self, req_id: int, row: Any) -> None:
        if stream := self._by_req.get(req_id):
            self._take_row(stream, row)

    def _on_five_seconds(self, req_id: int, at_s: int, *values: float) -> None:
        if stream := self._by_req.get(req_id):
            self._take(stream, at_s, values[:5])

    def _take_row(self, stream: _Stream, row: Any) -> None:
        try:
            start_s = start_s_of(row.date, stream.days)
        except ValueError:
            log.info("a bar of %s begins at %r", stream.instrument.key, row.date)
            return
        self._take(stream, start_s, (row.open, row.high, row.low, row.close, row.volume))

    def _take(self, stream: _Stream, start_s: int, values: tuple[float, ...]) -> None:
        stream.heard_s = asyncio.get_running_loop().time()
        stream.settle()
        open_, high, low, close, volume = values
        if min(open_, high, low, close) <= 0:
            return  # TWS says 0 or -1 where nothing was traded yet
        bar = Bar(start_s, open_, high, low, close, volume if volume >= 0 else nan)
        self._sink.bar(BarUpdate(stream.instrument.key, stream.timeframe, bar))

    # ---- what TWS has against it ----

    def _on_error(self, req_id: int, code: int, text: str) -> bool:
        stream = self._by_req.get(req_id)
        if stream is None:
            return code in _LATE and req_id in self._ended
        if judge(code, Context.REQUEST, text).meaning in HARMLESS:
            return True
        if code not in TABLE and stream.heard_s:
            log.info("live bars of %s: TWS %d: %s", stream.instrument.key, code, text)
            return True
        del self._by_req[req_id]  # TWS has ended it
        stream.end(TwsError(code, text))
        return True

    def _tell(self, stream: _Stream, error: BrokerError) -> None:
        text = (
            f"no more live bars of {stream.instrument.symbol}, they are made of prints now: {error}"
        )
        now = self._clock.now()
        self._sink.report(Notice(self._connection_id, Severity.INFO, text, now, error.code))


def _spans(source: Timeframe) -> list[str]:
    """What to ask for, shortest first: two bars, and further back where nothing was traded."""
    fitting = [
        d for d in DURATIONS
        if d.shortest_s <= source.seconds <= d.longest_s and d.seconds >= 2 * source.seconds
    ]  # fmt: skip
    return [d.text for d in (fitting[0], fitting[-1])]
