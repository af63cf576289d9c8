"""Quotes and prints: one market data line for each instrument, one quote a packet at most.

A tick changes a few numbers; the quote is made once the packet that brought it has been read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.brokers.base import Sink
from app.brokers.ibkr_tws.errors import TABLE
from app.brokers.ibkr_tws.instruments import Instruments
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.market_refusals import Refusals
from app.brokers.ibkr_tws.quote_state import HALTED_TICKS, QuoteState
from app.brokers.ibkr_tws.send_queue import Lane
from app.brokers.ibkr_tws.settings import TwsSettings
from app.brokers.ibkr_tws.subscription import Subscription, subscribed_contract
from app.brokers.ibkr_tws.tape import Prints
from app.brokers.ibkr_tws.tick_by_tick import TickByTick
from app.domain.ids import ConnectionId, InstrumentKey
from app.domain.instrument import Instrument
from app.domain.market import DataKind

log = logging.getLogger("moorgate.tws")
# Settings under which live data come where they are to be had.
_LIVE_SETTINGS = frozenset({"live", "frozen"})
DATA_TYPES = {"live": 1, "frozen": 2, "delayed": 3, "delayed_frozen": 4}
RT_VOLUME = "233"
# Generic ticks are refused for kinds of contracts that do not have them.
_WITH_RT_VOLUME = frozenset({"STK", "FUT", "OPT", "FOP"})
# TWS acknowledges no subscription: it ticks, or refuses. After that long silence it is on.
VERDICT_S = 1.5
# After a farm is back, streams that stay silent so long are asked for anew.
VERIFY_S = 10.0


class _Stream(Subscription):
    """One instrument's line, for as long as the engine wants it."""

    def __init__(self, instrument: Instrument) -> None:
        super().__init__(instrument)
        self.contract: Any = None
        self.generic = ""
        self.state = QuoteState(instrument.key, Prints(0.0, awaits_rt=False))
        self.heard_s = 0.0  # loop time
        self.is_dirty = False
        self.trouble: BrokerError | None = None  # why nothing comes although it is on


class MarketStreams:
    """The market data lines of one session with TWS. Adapter's thread and loop."""

    def __init__(
        self,
        line: Line,
        instruments: Instruments,
        sink: Sink,
        clock: Clock,
        settings: TwsSettings,
        connection_id: ConnectionId,
    ) -> None:
        self._line, self._instruments, self._sink, self._clock = line, instruments, sink, clock
        self._data_type = DATA_TYPES[settings.market_data]
        self._is_live = settings.market_data in _LIVE_SETTINGS
        self._refusals = Refusals(connection_id, sink, clock, settings.market_data)
        self._streams: dict[InstrumentKey, _Stream] = {}
        self._by_req: dict[int, _Stream] = {}
        self._dirty: list[_Stream] = []
        self._is_type_told = False
        self._timer: asyncio.TimerHandle | None = None
        self.tapes = TickByTick(line, self._on_trade, is_live=self._is_live)
        line.on("priceSizeTick", self._on_price)
        line.on("tickSize", self._on_size)
        line.on("tickString", self._on_text)
        line.on("tickGeneric", self._on_generic)
        line.on("marketDataType", self._on_data_type)
        line.on_error(self._on_error)

    def __len__(self) -> int:
        """How many lines are in use."""
        return len(self._by_req)

    # ---- what the engine asks ----

    async def subscribe(self, instrument: Instrument) -> None:
        """Start quotes and prints; what is on already stays on.

        Returns with the first tick, or when TWS has not refused for a moment. It goes on when the
        caller gives up. Raises BrokerError: REJECTED with the reason in words and what to do,
        UNKNOWN where the data may still come, NOT_SENT when the line is down.
        """
        stream = self._streams.get(instrument.key)
        if stream is None or stream.task is None or (stream.task.done() and not stream.req_id):
            stream = self._streams[instrument.key] = _Stream(instrument)
            stream.task = asyncio.get_running_loop().create_task(self._start(stream))
            stream.task.add_done_callback(_taken_note_of)
        await asyncio.shield(stream.task)
        if stream.trouble is not None:
            raise stream.trouble

    async def unsubscribe(self, instrument: Instrument) -> None:
        """Stop them; what still arrives is ignored."""
        stream = self._streams.pop(instrument.key, None)
        if stream is None:
            return
        if stream.task is not None:
            stream.task.cancel()
        self._end_line(stream)
        self.tapes.end(instrument.key)

    def close(self) -> None:
        """The session is over."""
        if self._timer is not None:
            self._timer.cancel()
        for stream in self._streams.values():
            if stream.task is not None:
                stream.task.cancel()
        self._streams.clear()
        self._by_req.clear()

    # ---- what the lights ask ----

    def lost_all(self) -> None:
        """TWS has lost every subscription (1101): ask for all of them anew."""
        self._is_type_told = False
        self.tapes.lost_all()
        self._by_req.clear()
        for stream in tuple(self._streams.values()):
            if stream.req_id:
                self._renew(stream)

    def farm_is_back(self) -> None:
        """A data farm is connected again: streams that do not tick soon are asked for anew."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(VERIFY_S, self._renew_silent, loop.time())

    def _renew_silent(self, since_s: float) -> None:
        self._timer = None
        for stream in tuple(self._streams.values()):
            if stream.req_id and stream.heard_s < since_s:
                log.info("%s is silent since its farm is back: asked anew", stream.instrument.key)
                self._end_line(stream)
                self.tapes.end(stream.instrument.key)
                self._renew(stream)

    # ---- asking TWS ----

    async def _start(self, stream: _Stream) -> None:
        try:
            await self._listen(stream)
        except Exception:
            self._forget(stream)
            raise

    async def _listen(self, stream: _Stream) -> None:
        stream.contract = await subscribed_contract(self._instruments, stream.instrument)
        if stream.contract.secType in _WITH_RT_VOLUME:
            stream.generic = RT_VOLUME
        await self._line.queue.sent(Lane.DATA, self._question(stream))
        try:
            async with asyncio.timeout(VERDICT_S):
                await stream.verdict
        except TimeoutError:
            stream.settle()  # a closed market says nothing
        except BrokerError as error:
            if error.outcome is not Outcome.UNKNOWN:
                raise
            stream.trouble = error

    def _renew(self, stream: _Stream) -> None:
        try:
            self._line.queue.send(Lane.DATA, self._question(stream))
        except BrokerError as error:
            log.debug("%s is not asked for anew: %s", stream.instrument.key, error)

    def _question(self, stream: _Stream) -> Callable[[], None]:
        """What asks TWS for a stream, under a new number; it asks nothing once that has ended."""
        client, contract = self._line.client, stream.contract
        if not self._is_type_told:
            self._line.queue.send(Lane.DATA, lambda: client.reqMarketDataType(self._data_type))
            self._is_type_told = True
        number = stream.req_id = self._line.next_id()
        self._by_req[number] = stream
        awaits_rt = bool(stream.generic) and self._is_live
        prints = Prints(self._clock.now().timestamp(), awaits_rt=awaits_rt)
        prints.is_by_tick = self.tapes.begin(stream.instrument.key, contract)
        stream.state = QuoteState(stream.instrument.key, prints)
        stream.is_asked = False

        def ask() -> None:
            if self._by_req.get(number) is stream:
                stream.is_asked = True
                client.reqMktData(number, contract, stream.generic, False, False, [])

        return ask

    def _end_line(self, stream: _Stream) -> None:
        if self._by_req.pop(stream.req_id, None) is None:
            return
        number, stream.req_id = stream.req_id, 0
        if not stream.is_asked:
            return
        try:
            self._line.queue.send(Lane.DATA, lambda: self._line.client.cancelMktData(number))
        except BrokerError:
            log.debug("the line of %s ended with its session", stream.instrument.key)

    def _forget(self, stream: _Stream) -> None:
        """TWS has refused: there is nothing to end."""
        self._by_req.pop(stream.req_id, None)
        stream.req_id = 0
        self.tapes.end(stream.instrument.key)
        if self._streams.get(stream.instrument.key) is stream:
            del self._streams[stream.instrument.key]

    # ---- ticks ----

    def _on_price(self, req_id: int, tick: int, price: float, size: float) -> None:
        stream = self._by_req.get(req_id)
        if stream is not None and stream.state.price(tick, price, size) and not stream.is_dirty:
            self._mark(stream)

    def _on_size(self, req_id: int, tick: int, size: float) -> None:
        stream = self._by_req.get(req_id)
        if stream is not None and stream.state.size(tick, size) and not stream.is_dirty:
            self._mark(stream)

    def _on_text(self, req_id: int, tick: int, text: str) -> None:
        stream = self._by_req.get(req_id)
        if stream is not None and stream.state.text(tick, text) and not stream.is_dirty:
            self._mark(stream)

    def _on_generic(self, req_id: int, tick: int, value: float) -> None:
        stream = self._by_req.get(req_id)
        if stream is None or tick not in HALTED_TICKS:
            return
        before, stream.state.halted = stream.state.halted, value
        if value != before and (value > 0 or before > 0):
            self._refusals.tell_halt(stream.instrument, int(value))

    def _on_data_type(self, req_id: int, number: int) -> None:
        stream = self._by_req.get(req_id)
        if stream is None:
            return
        stream.state.data_type(number)
        stream.settle()
        if stream.state.kind is not DataKind.LIVE and stream.state.prints.is_by_tick:
            self._fall_back(stream)

    def _on_trade(self, key: InstrumentKey, at_s: int, price: float, size: float) -> None:
        stream = self._streams.get(key)
        if stream is not None and stream.req_id:
            self._sink.trade(stream.state.by_tick(at_s, price, size))
            if not stream.is_dirty:
                self._mark(stream)

    def _mark(self, stream: _Stream) -> None:
        """Its quote is told when this packet has been read: what is called soon comes after it."""
        stream.is_dirty = True
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self._flush)
        self._dirty.append(stream)

    def _flush(self) -> None:
        now, monotonic_s = self._clock.now(), self._clock.monotonic()
        heard_s = asyncio.get_running_loop().time()
        dirty, self._dirty = self._dirty, []
        for stream in dirty:
            stream.is_dirty = False
            if not stream.req_id:
                continue  # unsubscribed meanwhile
            stream.heard_s = heard_s
            stream.settle()
            stream.trouble = None
            state = stream.state
            for trade in state.traded(now):
                self._sink.trade(trade)
            self._sink.quote(state.quote(now, monotonic_s))

    # ---- what TWS has against it ----

    def _on_error(self, req_id: int, code: int, text: str) -> bool:
        if key := self.tapes.refused(req_id, code, text):
            stream = self._streams.get(key)
            if stream is not None:
                self._fall_back(stream)
            return True
        stream = self._by_req.get(req_id)
        if stream is None:
            return False
        if code == 321 and stream.generic and "generic tick" in text.lower():
            stream.generic = ""
            self._by_req.pop(req_id)
            self._renew(stream)
            return True
        self._judge(stream, code, text)
        return True

    def _judge(self, stream: _Stream, code: int, text: str) -> None:
        error = self._refusals.judge(
            stream.instrument, code, text, lines=len(self) - 1, is_on=stream.heard_s > 0
        )
        if error is None:
            return  # it goes on
        if error.outcome is not Outcome.UNKNOWN:
            if code not in TABLE:
                self._end_line(stream)  # nobody knows whether TWS goes on
            self._by_req.pop(stream.req_id, None)
            stream.req_id = 0
            self.tapes.end(stream.instrument.key)
        if not stream.settle(error):
            self._refusals.tell(stream.instrument, error)

    def _fall_back(self, stream: _Stream) -> None:
        stream.state.prints.is_by_tick = False
        self.tapes.end(stream.instrument.key)


def _taken_note_of(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()
