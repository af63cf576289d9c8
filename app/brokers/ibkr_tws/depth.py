"""Order books: reqMktDepth, one book a packet at most."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.brokers.base import Sink
from app.brokers.ibkr_tws.depth_book import DepthBook
from app.brokers.ibkr_tws.errors import TABLE, Context, Meaning, judge
from app.brokers.ibkr_tws.instruments import Instruments
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.send_queue import Lane
from app.brokers.ibkr_tws.subscription import Subscription, subscribed_contract
from app.domain.ids import ConnectionId, InstrumentKey
from app.domain.instrument import Instrument
from app.domain.reports import Notice

log = logging.getLogger("moorgate.tws")
SMART = "SMART"
VERDICT_S = 1.5
# A book that does not add up is asked for anew, but not again and again.
AGAIN_AFTER_S = 5.0
# Kinds of remarks: 2152 lists the exchanges of a smart-routed book.
_REMARKS = frozenset({Meaning.INFO, Meaning.WARNING, Meaning.DELAYED})
_HALTED = 316  # "market depth data has been HALTED. Please re-subscribe"


class _Deep(Subscription):
    """One book that is on."""

    def __init__(self, instrument: Instrument, rows: int) -> None:
        super().__init__(instrument)
        self.rows = rows
        self.contract: Any = None
        self.is_smart = False
        self.is_dirty = False
        self.asked_s = 0.0  # loop time
        self.book = DepthBook(rows)


class Depths:
    """The order books of one session with TWS. Adapter's thread and loop."""

    def __init__(
        self,
        line: Line,
        instruments: Instruments,
        sink: Sink,
        clock: Clock,
        connection_id: ConnectionId,
    ) -> None:
        self._line, self._instruments = line, instruments
        self._sink, self._clock, self._connection_id = sink, clock, connection_id
        self._books: dict[InstrumentKey, _Deep] = {}
        self._by_req: dict[int, _Deep] = {}
        self._dirty: list[_Deep] = []
        line.on("updateMktDepth", self._on_row)
        line.on("updateMktDepthL2", self._on_row_of_maker)
        line.on_error(self._on_error)

    async def subscribe(self, instrument: Instrument, rows: int) -> None:
        """Start a book of `rows` levels a side; one that is on stays on.

        Raises BrokerError: REJECTED with the reason in words, NOT_SENT when the line is down.
        """
        deep = self._books.get(instrument.key)
        if deep is None or deep.task is None or (deep.task.done() and not deep.req_id):
            deep = self._books[instrument.key] = _Deep(instrument, rows)
            deep.task = asyncio.get_running_loop().create_task(self._start(deep))
            deep.task.add_done_callback(_taken_note_of)
        await asyncio.shield(deep.task)

    async def unsubscribe(self, instrument: Instrument) -> None:
        """Stop it; what still arrives is ignored."""
        deep = self._books.pop(instrument.key, None)
        if deep is None:
            return
        if deep.task is not None:
            deep.task.cancel()
        self._end(deep)

    def lost_all(self) -> None:
        """TWS has lost every subscription (1101): ask for all of them anew."""
        self._by_req.clear()
        for deep in tuple(self._books.values()):
            if deep.req_id:
                self._renew(deep)

    def close(self) -> None:
        """The session is over."""
        for deep in self._books.values():
            if deep.task is not None:
                deep.task.cancel()
        self._books.clear()
        self._by_req.clear()

    # ---- asking TWS ----

    async def _start(self, deep: _Deep) -> None:
        try:
            await self._listen(deep)
        except Exception:
            self._forget(deep)
            raise

    async def _listen(self, deep: _Deep) -> None:
        deep.contract = await subscribed_contract(self._instruments, deep.instrument)
        deep.is_smart = deep.contract.exchange == SMART
        await self._line.queue.sent(Lane.DATA, self._question(deep))
        try:
            async with asyncio.timeout(VERDICT_S):
                await deep.verdict
        except TimeoutError:
            deep.settle()  # an empty book says nothing

    def _question(self, deep: _Deep) -> Callable[[], None]:
        """What asks TWS for a book, under a new number; it asks nothing once that has ended."""
        number = deep.req_id = self._line.next_id()
        self._by_req[number] = deep
        deep.book.clear()
        deep.is_asked, deep.asked_s = False, asyncio.get_running_loop().time()

        def ask() -> None:
            if self._by_req.get(number) is deep:
                deep.is_asked = True
                self._line.client.reqMktDepth(number, deep.contract, deep.rows, deep.is_smart, [])

        return ask

    def _renew(self, deep: _Deep) -> None:
        try:
            self._line.queue.send(Lane.DATA, self._question(deep))
        except BrokerError as error:
            log.debug("the book of %s is not asked for anew: %s", deep.instrument.key, error)

    def _end(self, deep: _Deep) -> None:
        number, deep.req_id = deep.req_id, 0
        if self._by_req.pop(number, None) is None or not deep.is_asked:
            return
        client, is_smart = self._line.client, deep.is_smart
        try:
            self._line.queue.send(Lane.DATA, lambda: client.cancelMktDepth(number, is_smart))
        except BrokerError:
            log.debug("the book of %s ended with its session", deep.instrument.key)

    def _forget(self, deep: _Deep) -> None:
        """TWS has refused: there is nothing to end."""
        self._by_req.pop(deep.req_id, None)
        deep.req_id = 0
        if self._books.get(deep.instrument.key) is deep:
            del self._books[deep.instrument.key]

    # ---- rows ----

    def _on_row(
        self, req_id: int, position: int, operation: int, side: int, price: float, size: float
    ) -> None:
        self._take(req_id, position, operation, side, price, size, "")

    def _on_row_of_maker(
        self,
        req_id: int,
        position: int,
        maker: str,
        operation: int,
        side: int,
        price: float,
        size: float,
        _is_smart: bool = False,
    ) -> None:
        self._take(req_id, position, operation, side, price, size, maker)

    def _take(self, req_id: int, *row: Any) -> None:
        deep = self._by_req.get(req_id)
        if deep is None:
            return
        deep.book.change(*row)
        if not deep.is_dirty:
            deep.is_dirty = True
            if not self._dirty:
                # What is called soon comes after the packet that is being read.
                asyncio.get_running_loop().call_soon(self._flush)
            self._dirty.append(deep)

    def _flush(self) -> None:
        now, received = self._clock.now(), self._clock.monotonic()
        dirty, self._dirty = self._dirty, []
        for deep in dirty:
            deep.is_dirty = False
            if not deep.req_id:
                continue  # unsubscribed meanwhile
            deep.settle()
            if deep.book.is_torn and _may_be_asked_again(deep):
                log.info("the book of %s does not add up: asked for anew", deep.instrument.key)
                self._end(deep)
                self._renew(deep)
                continue
            self._sink.depth(deep.book.depth(deep.instrument.key, now, received))

    # ---- what TWS has against it ----

    def _on_error(self, req_id: int, code: int, text: str) -> bool:
        deep = self._by_req.get(req_id)
        if deep is None:
            return False
        verdict = judge(code, Context.SUBSCRIPTION, text)
        if verdict.meaning is Meaning.BOOK_RESET:
            deep.book.clear()
        elif code == _HALTED and _may_be_asked_again(deep):
            del self._by_req[req_id]
            self._renew(deep)
        elif code not in TABLE and deep.verdict.done():
            self._tell(f"the order book of {deep.instrument.symbol}: {verdict.text}", code, text)
        elif verdict.meaning not in _REMARKS:
            self._refuse(deep, verdict.text, code)
        return True

    def _refuse(self, deep: _Deep, text: str, code: int) -> None:
        self._by_req.pop(deep.req_id, None)
        deep.req_id = 0
        error = BrokerError(text, Outcome.REJECTED, str(code))
        if not deep.settle(error):
            self._tell(f"no more market depth of {deep.instrument.symbol}: {text}", code, text)

    def _tell(self, words: str, code: int, text: str) -> None:
        severity = judge(code, Context.SUBSCRIPTION, text).severity
        now = self._clock.now()
        self._sink.report(Notice(self._connection_id, severity, words, now, str(code)))


def _may_be_asked_again(deep: _Deep) -> bool:
    return asyncio.get_running_loop().time() - deep.asked_s >= AGAIN_AFTER_S


def _taken_note_of(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()
