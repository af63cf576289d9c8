"""One TCP session with one TWS: connect, messages in, callbacks out, heartbeat, end.

The SDK connects, encodes and decodes. What it does with what it decoded is replaced: no Trade, no
Ticker and no future of the library ever exists, and a message that it cannot read does not vanish.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Callable
from datetime import UTC, tzinfo
from enum import Enum, auto
from typing import Any

from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.callbacks import Callbacks, Handler, unescaped
from app.brokers.ibkr_tws.frames import CorruptStreamError, Frames, fields_of, framed
from app.brokers.ibkr_tws.heartbeat import Heartbeat
from app.brokers.ibkr_tws.opening import Opening
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.sdk_log import SdkLog
from app.brokers.ibkr_tws.send_queue import Lane, SendQueue
from app.brokers.ibkr_tws.settings import TwsSettings
from app.brokers.ibkr_tws.tws_time import plain_utc, zone_of_session

log = logging.getLogger("moorgate.tws")

# Messages that carry prices, contracts or news: one that is lost changes no order, no position.
# (Numbers: IncomingMessageIds of the TWS API, `decoder.handlers` of the SDK.)
_HARMLESS_NUMBERS = frozenset(
    {1, 2, 10, 12, 13, 14, 17, 18, 19, 20, 21, 45, 46, 47, 49, 50, 51, 52, 57, 58, 67, 68}
    | set(range(75, 94)) | {96, 97, 98, 99, 104, 105, 106, 107}
)  # fmt: skip
_HARMLESS_CALLBACKS = frozenset(
    {"priceSizeTick", "tickSize", "tickString", "tickGeneric", "tickOptionComputation",
     "tickReqParams", "marketDataType", "updateMktDepth", "updateMktDepthL2", "historicalData",
     "historicalDataEnd", "historicalDataUpdate", "realtimeBar", "tickByTickAllLast",
     "tickByTickBidAsk", "tickByTickMidPoint", "contractDetails", "symbolSamples", "marketRule",
     "currentTime", "headTimestamp", "tickSnapshotEnd", "historicalTicksLast"}
)  # fmt: skip
_EXECUTION, _EXECUTION_TIME_FIELD = "11", 15
# A message number that nobody knows is looked into so often; after that it is a newer TWS talking.
_STRANGERS_DOUBTED = 3


class _State(Enum):
    NEW = auto()
    OPENING = auto()
    UP = auto()
    CLOSED = auto()


class Line:
    """One session with one TWS, opened once. Adapter's thread and loop.

    `on_lost(reason)` is called once when a session that was up ends other than by `close`.
    """

    def __init__(self, settings: TwsSettings, clock: Clock, on_lost: Callable[[str], None]) -> None:
        self._settings, self._clock, self._on_lost = settings, clock, on_lost
        self.queue = SendQueue()
        self.accounts: tuple[str, ...] = ()
        self.server_version = 0
        self.client_id = settings.client_id
        self.opened_at = clock.now()
        self.zone: tzinfo = UTC
        self.messages = 0  # that came, ever
        # Whether TWS has reason not to answer: it has told that it lost IBKR.
        self.is_excused: Callable[[], bool] = lambda: False
        self._ib = ib.IB()
        self.client: Any = self._ib.client
        self._callbacks = Callbacks(self._handler_failed, self._message_torn)
        self._error_handlers: list[Callable[[int, int, str], bool]] = []
        self._garbled_handlers: list[Callable[[str], None]] = []
        self._closed_handlers: list[Callable[[str], None]] = []
        self._doubt_handlers: list[Callable[[str], None]] = []
        self._frames, self._trouble = Frames(), ""
        self._strangers: Counter[str] = Counter()
        self._state = _State.NEW
        self._opening: Opening | None = None
        self._transport: asyncio.Transport | None = None
        self._ended = asyncio.Event()
        self._heartbeat = Heartbeat(
            settings.heartbeat_s,
            self._ask_time,
            lambda: self.messages,
            self._lose,
            self._is_excused,
        )
        self._take_over()

    @property
    def is_up(self) -> bool:
        """Whether messages can be sent."""
        return self._state is _State.UP

    async def open(self) -> None:
        """Connect and start the API session.

        Raises BrokerError, `code` being nothing-listening, no-tws, accept-dialog, api-off,
        client-id-in-use or old-tws; REJECTED where trying again cannot help, else NOT_SENT.
        """
        settings = self._settings
        self._opening, self._state = Opening(settings), _State.OPENING
        connect = self.client.connectAsync(
            settings.host, settings.port, settings.client_id, timeout=0
        )
        try:
            await self._opening.run(connect)
        except BaseException:
            self.close()
            if self._transport is not None:
                self._transport.abort()  # nothing was said that should still arrive
            await self.ended()
            raise
        self._state, self.opened_at = _State.UP, self._clock.now()
        self.server_version = self.client.serverVersion()
        self._heartbeat.start()

    def close(self) -> None:
        """End the session without a word to `on_lost`; await `ended` for the socket to go."""
        self._shut("the line to TWS was closed")

    async def ended(self, timeout_s: float = 1.0) -> None:
        """Until the socket is gone; what TWS will not take within the time is thrown away."""
        if self._transport is None:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._ended.wait()
        except TimeoutError:
            self._transport.abort()
            await self._ended.wait()

    # ---- who hears what ----

    def on(self, callback: str, handler: Handler) -> None:
        """Hear one raw callback of the decoder by its wrapper name, with the decoder's arguments.

        Several handlers may listen. One that raises is logged and starts a re-read where orders
        or positions may be concerned; the others still hear.
        """
        self._callbacks.on(callback, handler)

    def on_error(self, handler: Callable[[int, int, str], bool]) -> None:
        """Hear (request or order id, code, text); the first that returns True has dealt with it."""
        self._error_handlers.append(handler)

    def on_garbled(self, handler: Callable[[str], None]) -> None:
        """Hear that a message could not be read: every answer in the air may lack a part."""
        self._garbled_handlers.append(handler)

    def on_doubt(self, handler: Callable[[str], None]) -> None:
        """Hear that orders and positions must be read again, and why."""
        self._doubt_handlers.append(handler)

    def on_closed(self, handler: Callable[[str], None]) -> None:
        """Hear that the session has ended, for whatever reason; before `on_lost`."""
        self._closed_handlers.append(handler)

    def next_id(self) -> int:
        """A new id for a request or an order. Raises BrokerError NOT_SENT when the line is down."""
        try:
            return int(self.client.getReqId())
        except ConnectionError as error:
            raise not_connected() from error

    def raise_ids(self, minimum: int) -> None:
        """Let no id below `minimum` be given out."""
        self.client.updateReqId(minimum)

    def doubt(self, reason: str) -> None:
        """Something may have been missed: let orders and positions be read again."""
        log.info("reading again because %s", reason)
        for handler in self._doubt_handlers:
            handler(reason)

    # ---- bytes in ----

    def _take_over(self) -> None:
        """Put ourselves where the SDK would keep its own books. Both libraries alike."""
        client, connection = self.client, self.client.conn
        quiet = SdkLog(self._library_dropped)
        client.wrapper = client.decoder.wrapper = self._callbacks
        client._logger = client.decoder.logger = quiet
        # They would tell the library's wrapper of every packet.
        client._tcpDataArrived = client._tcpDataProcessed = None
        connection.connection_made = self._on_tcp
        connection.data_received = self._on_data
        self._library_lost = connection.connection_lost
        connection.connection_lost = self._on_tcp_lost
        self.on("error", self._on_error)
        self.on("managedAccounts", self._on_accounts)
        self.on("nextValidId", self.raise_ids)
        self.on("currentTime", self._heartbeat.hear)

    def _on_tcp(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self._opening is not None:
            self._opening.tcp_is_up()

    def _on_tcp_lost(self, error: Exception | None) -> None:
        self._library_lost(error)
        self._ended.set()
        if self._state is _State.OPENING and self._opening is not None:
            self._opening.peer_closed()
        self._lose(f"TWS ended the connection: {error}" if error else "TWS ended the connection")

    def _on_data(self, data: bytes) -> None:
        """A packet. Never raises: the transport would be torn down."""
        try:
            for message in self._frames.feed(data):
                if self._state is _State.CLOSED:
                    return
                self.messages += 1
                self._on_message(message)
        except CorruptStreamError as error:
            log.info("the stream of TWS is torn: %s", error)
            if self._state is _State.OPENING and self._opening is not None:
                self._opening.not_tws()
            self._lose("what TWS sends cannot be read any more")
        except Exception:
            log.exception("a packet of TWS could not be handled")
            self.doubt("a packet of TWS could not be handled")

    def _on_message(self, message: bytes) -> None:
        if self._state is _State.OPENING and self._opening is not None:
            if not self._opening.has_version and not self._is_tws(self._opening, message):
                return
            if not self.client.isReady():
                self._by_the_library(message)
                return
        self._decode(fields_of(message))

    def _is_tws(self, opening: Opening, message: bytes) -> bool:
        """Whether this first message is TWS's own: its version and its time."""
        fields = fields_of(message)
        if len(fields) != 2 or not fields[0].isdigit():
            opening.not_tws()
            return False
        version, needed = int(fields[0]), int(self.client.MinClientVersion)
        if version < needed:
            opening.too_old(version, needed)
            return False
        opening.has_version = True
        self.zone = zone_of_session(fields[1], self._clock.now())
        return True

    def _by_the_library(self, message: bytes) -> None:
        """Until the session is ready, the SDK's own hands: it sends startApi and waits for ids."""
        try:
            self.client._onSocketHasData(framed(message))
        except Exception as error:  # noqa: BLE001 - whatever a torn message makes of it
            self._trouble = f"{type(error).__name__}: {error}"
        self._look_for_trouble(fields_of(message))

    def _decode(self, fields: list[str]) -> None:
        if fields and fields[0] == _EXECUTION and len(fields) > _EXECUTION_TIME_FIELD:
            # A zone that zoneinfo does not know would cost the fill.
            fields[_EXECUTION_TIME_FIELD] = plain_utc(
                fields[_EXECUTION_TIME_FIELD], self.zone, self._clock.now()
            )
        self.client.decoder.interpret(fields)
        self._look_for_trouble(fields)

    # ---- what went wrong ----

    def _library_dropped(self, error: BaseException | None) -> None:
        self._trouble = f"{type(error).__name__}: {error}"

    def _message_torn(self, callback: str) -> None:
        self._trouble = f"too few fields for {callback}"

    def _look_for_trouble(self, fields: list[str]) -> None:
        if not self._trouble:
            return
        trouble, self._trouble = self._trouble, ""
        number = fields[0] if fields else ""
        log.info(
            "TWS sent message %r with %d fields that cannot be read: %s",
            number, len(fields), trouble,
        )  # fmt: skip
        for handler in self._garbled_handlers:
            handler(f"message {number!r} could not be read")
        if self._may_concern_orders(number):
            self.doubt(f"a message of TWS could not be read ({number!r})")

    def _may_concern_orders(self, number: str) -> bool:
        if number.isdecimal() and int(number) in _HARMLESS_NUMBERS:
            return False
        if number.isdecimal() and int(number) in self.client.decoder.handlers:
            return True
        self._strangers[number] += 1
        return self._strangers[number] <= _STRANGERS_DOUBTED

    def _handler_failed(self, callback: str, error: Exception) -> None:
        log.error("%s of TWS could not be handled: %r", callback, error, exc_info=error)
        if callback not in _HARMLESS_CALLBACKS:
            self.doubt(f"{callback} could not be handled")

    def _on_error(self, key: int, code: int, text: str, *_: Any) -> None:
        plain = unescaped(text)
        if self._state is _State.OPENING and self._opening is not None:
            self._opening.hear_error(code, plain)
        for handler in tuple(self._error_handlers):
            try:
                if handler(key, code, plain):
                    return
            except Exception as error:  # noqa: BLE001 - one that raises stops nobody else
                self._handler_failed("error", error)
        log.info("TWS %d about %d: %s", code, key, plain)

    def _on_accounts(self, accounts: str) -> None:
        self.accounts = tuple(name for name in accounts.split(",") if name)

    def _is_excused(self) -> bool:
        return self.is_excused()

    def _ask_time(self) -> None:
        self.queue.send(Lane.CONTROL, self.client.reqCurrentTime)

    # ---- the end ----

    def _lose(self, reason: str) -> None:
        if self._state is _State.UP:
            self._shut(reason)
            if self._transport is not None:
                self._transport.abort()  # nobody reads what we would still write
            self._on_lost(reason)

    def _shut(self, reason: str) -> None:
        if self._state is _State.CLOSED:
            return
        self._state = _State.CLOSED
        self._heartbeat.stop()
        self.queue.close(reason)
        for handler in self._closed_handlers:
            handler(reason)
        self._callbacks.clear()
        # Closing a socket on which answers still come would make TWS throw away what it has not
        # read yet, a cancel perhaps: we only say that we are done, TWS closes, `ended` sees to it.
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()
        self.client.conn.transport = None
        self.client.disconnect()


def not_connected() -> BrokerError:
    """For what is asked of a line that is down."""
    return BrokerError("the line to TWS is down", Outcome.NOT_SENT)
