"""One client's connection: handshake, start, and every message to the module that answers it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar, cast

from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.outlet import Outlet
from tests.doubles.tws.wire import Field, FrameReader, WireError, escaped, message, payload
from tests.doubles.tws.wire import frame as framed
from tests.doubles.tws.world import Received, World

T = TypeVar("T")
Handler = Callable[["Session", list[str]], None]

TOPICS = ("contracts", "market", "history", "options", "orders", "account")
FARMS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)
HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_log = logging.getLogger("tests.tws")


def gather() -> dict[int, Handler]:
    """The HANDLERS of every topic module, and those of this one."""
    found: dict[int, Handler] = dict(HANDLERS)
    for topic in TOPICS:
        name = f"tests.doubles.tws.{topic}"
        if find_spec(name) is not None:
            found.update(import_module(name).HANDLERS)
    return found


class Session(asyncio.Protocol):
    """A client at the peer. Topic modules get it with the fields of a message, number first.

    `send(Tell.X, ...)` writes one message, `error` one of number 4; state of a module for one
    client is `session.part(TheirClass)`, made as `TheirClass(session)` when first asked for;
    `on_close` holds what has to be let go of when the client is gone.
    """

    def __init__(self, world: World, handlers: dict[int, Handler]) -> None:
        self.world = world
        self.client_id = -1
        self.version = 0  # negotiated; 0 until the handshake
        self.is_started = False
        self.on_close: list[Callable[[], None]] = []
        self._handlers = handlers
        self._reader = FrameReader()
        self._parts: dict[type, Any] = {}
        self._transport: asyncio.Transport | None = None
        self._outlet: Outlet | None = None

    def send(self, *fields: Field) -> None:
        """Send one message; it leaves with the others of this turn of the loop."""
        self.write(message(*fields))

    def write(self, data: bytes) -> None:
        """Send bytes as they are: prepared messages, or garbage."""
        if self._outlet is not None:
            self._outlet.put(data)

    def error(self, req_id: int, code: int, text: str, advanced: str = "") -> None:
        """Message 4: error or notice; -1 where it belongs to no request."""
        fields: list[Field] = [Tell.ERROR, 2, req_id, code, escaped(text)]
        if self.version >= 166:
            fields.append(advanced)
        self.send(*fields)

    def part(self, kind: Callable[[Session], T]) -> T:
        """This client's one `kind`, made when it is first asked for."""
        key = cast("type", kind)
        if key not in self._parts:
            self._parts[key] = kind(self)
        return cast("T", self._parts[key])

    def is_drained(self) -> bool:
        """Whether all that was said has left."""
        return self._outlet is None or self._outlet.is_empty()

    def close(self) -> None:
        """Close in order: what was said still arrives."""
        if self._outlet is not None and self._transport is not None:
            self._outlet.flush()
            self._transport.close()

    def abort(self) -> None:
        """Cut the line; what has not left is lost."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._outlet = Outlet(self._transport, self.world.faults)
        self.world.connections.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.world.connections.remove(self)
        if self in self.world.sessions:
            self.world.sessions.remove(self)
        if self._outlet is not None:
            self._outlet.close()
        self._outlet = self._transport = None
        for let_go in self.on_close:
            let_go()

    def data_received(self, data: bytes) -> None:
        faults = self.world.faults
        if faults.accept_dialog or faults.half_open:
            return
        if faults.api_off:
            self.abort()
            return
        if faults.not_tws:
            self.write(HTTP)
            self.close()
            return
        try:
            for fields in self._reader.feed(data):
                self._take(fields)
                if self._transport is None or self._transport.is_closing():
                    return
        except WireError as error:
            _log.info("client %s is cut off: %s", self.client_id, error)
            self.abort()

    def _take(self, fields: list[str]) -> None:
        if not self.version:
            self._shake_hands(fields[0])
            return
        self.world.received.append(Received(time.monotonic(), self.client_id, fields))
        handler = self._handlers.get(int(fields[0]))
        if handler is None:
            self.error(-1, 320, f"Error reading request. Unknown message {fields[0]}")
        elif not self.is_started and int(fields[0]) != Ask.START_API:
            self.error(-1, 504, "Not connected")
        else:
            try:
                handler(self, fields)
            except WireError as error:
                self.error(-1, 320, f"Error reading request. {error}")

    def _shake_hands(self, wanted: str) -> None:
        lowest, _, highest = wanted.split(" ", maxsplit=1)[0].removeprefix("v").partition("..")
        self.version = min(int(highest or lowest), self.world.version)
        if self.world.faults.old_version:
            self.version = self.world.faults.old_version
        now = self.world.timing.now().strftime("%Y%m%d %H:%M:%S")
        self.write(framed(payload([self.version, f"{now} {self.world.handshake_zone}"])))


def start_api(session: Session, fields: list[str]) -> None:
    """71 2 clientId capabilities: answered by accounts, next id and the state of the farms."""
    world = session.world
    session.client_id = int(fields[2])
    if world.faults.close_after_start:
        session.close()
        return
    taken = {other.client_id for other in world.sessions}
    if world.faults.refuse_326 or session.client_id in taken:
        session.error(
            -1,
            326,
            "Unable to connect as the client id is already in use. Retry with a unique client id.",
        )
        session.close()
        return
    session.is_started = True
    world.sessions.append(session)
    managed_accounts(session, fields)
    next_valid_id(session, fields)
    for code, text in FARMS:
        session.error(-1, code, text)


def managed_accounts(session: Session, fields: list[str]) -> None:
    """15 1 accounts."""
    accounts = ",".join(session.world.accounts)
    session.send(
        Tell.MANAGED_ACCOUNTS, 1, accounts + ("," if len(session.world.accounts) > 1 else "")
    )


def next_valid_id(session: Session, fields: list[str]) -> None:
    """9 1 id: one above the highest order id this client has used."""
    session.send(Tell.NEXT_VALID_ID, 1, session.world.next_ids[session.client_id] + 1)


def current_time(session: Session, fields: list[str]) -> None:
    """49 1 seconds."""
    session.send(Tell.CURRENT_TIME, 1, int(session.world.timing.now().timestamp()))


HANDLERS: dict[int, Handler] = {
    Ask.START_API: start_api,
    Ask.MANAGED_ACCOUNTS: managed_accounts,
    Ask.IDS: next_valid_id,
    Ask.CURRENT_TIME: current_time,
}
