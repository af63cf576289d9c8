"""A line at a TWS peer, and a bare socket server for what no TWS would say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from app.base.clock import SystemClock
from app.base.errors import BrokerError
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.settings import TwsSettings
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.wire import message

HOST = "127.0.0.1"
Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def settings(port: int, **others: Any) -> TwsSettings:
    """For a TWS at this port of the loopback; what is to be waited out, a test makes shorter."""
    patient = {"connect_timeout_s": 20.0, "request_timeout_s": 20.0, "heartbeat_s": 20.0}
    return TwsSettings.of({"port": port, **patient, **others})


class LineDesk:
    """A line and everything that was heard on it."""

    def __init__(self, port: int, **others: Any) -> None:
        self.lost: list[str] = []
        self.doubts: list[str] = []
        self.garbled: list[str] = []
        self.errors: list[tuple[int, int, str]] = []
        self.line = Line(settings(port, **others), SystemClock(), self.lost.append)
        self.line.on_doubt(self.doubts.append)
        self.line.on_garbled(self.garbled.append)
        self.line.on_error(self._error)

    def _error(self, key: int, code: int, text: str) -> bool:
        self.errors.append((key, code, text))
        return False

    async def open(self) -> Line:
        await self.line.open()
        return self.line

    async def close(self) -> None:
        self.line.close()
        await self.line.ended()

    async def refusal(self) -> BrokerError:
        """Why it cannot be opened."""
        try:
            await self.line.open()
        except BrokerError as error:
            return error
        raise AssertionError("the line was opened")


@asynccontextmanager
async def at(peer: TwsPeer, **others: Any) -> AsyncIterator[LineDesk]:
    """An open line at a peer."""
    desk = LineDesk(peer.port, **others)
    await desk.open()
    try:
        yield desk
    finally:
        await desk.close()


def say(peer: TwsPeer, data: bytes) -> None:
    """Let the peer send bytes to everybody."""

    def write() -> None:
        for session in peer.world.sessions:
            session.write(data)

    peer.call(write)


def tell(peer: TwsPeer, *fields: str | int | float) -> None:
    """Let the peer send one message to everybody."""
    say(peer, message(*fields))


@asynccontextmanager
async def serving(behave: Behave) -> AsyncIterator[int]:
    """A socket server that is no TWS peer, on a free port."""
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await behave(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(accept, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
        await asyncio.sleep(0.02)  # a line that was only just accepted gets its task
    finally:
        server.close()
        async with asyncio.timeout(30):  # every line to it must have been closed by now
            await asyncio.gather(*tasks)
            await server.wait_closed()
