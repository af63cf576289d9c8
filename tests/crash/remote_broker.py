"""An adapter for tests.crash.paper_server: every call goes over a socket to another process."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

from app.base.errors import BrokerError, Outcome
from app.brokers.base import Broker, BrokerContext, BrokerInfo, SettingField
from app.brokers.registry import broker_info
from app.domain.capabilities import Capabilities
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.reports import Health, HealthReport, Light, Snapshot
from app.domain.request import OrderChange
from tests.crash.wire import frame, read

INFO = BrokerInfo(
    id="remote",
    title="Paper account in another process",
    adapter="tests.crash.remote_broker:RemoteBroker",
    environments=("paper",),
    settings=(SettingField("port", "int", 0, "Port"),),
    capabilities=broker_info("paper").capabilities,
)


class RemoteBroker(Broker):
    """A thin adapter; a line that breaks proves nothing about what was on it."""

    def __init__(self, context: BrokerContext) -> None:
        super().__init__(context)
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def capabilities(self) -> Capabilities:
        return INFO.capabilities

    async def connect(self) -> None:
        port = int(self.context.config.settings["port"])
        try:
            reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            raise BrokerError(f"no paper server on port {port}", Outcome.NOT_SENT) from error
        self._listening = asyncio.get_running_loop().create_task(self._listen(reader))

    async def disconnect(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        if self._writer is not None:
            self._writer.close()

    async def snapshot(self) -> Snapshot:
        snapshot: Snapshot = await self._ask("snapshot")
        return snapshot

    async def submit(self, orders: Sequence[Order]) -> None:
        await self._ask("submit", list(orders))

    async def cancel(self, order: Order) -> None:
        await self._ask("cancel", order)

    async def modify(self, order: Order, change: OrderChange) -> None:
        await self._ask("modify", order, change)

    async def search(self, text: str) -> tuple[Instrument, ...]:
        found: tuple[Instrument, ...] = await self._ask("search", text)
        return found

    async def subscribe(self, instrument: Instrument) -> None:
        await self._ask("subscribe", instrument)

    async def unsubscribe(self, instrument: Instrument) -> None:
        await self._ask("unsubscribe", instrument)

    async def record(self) -> Any:
        """The server's own books; for the comparison at the end."""
        return await self._ask("record")

    async def _ask(self, method: str, *arguments: Any) -> Any:
        if self._writer is None:
            raise BrokerError("not connected", Outcome.NOT_SENT)
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(frame((number, method, arguments)))
        try:
            return await self._waiting[number]
        finally:
            del self._waiting[number]

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        sink = self.context.sink
        try:
            while True:
                kind, *message = await read(reader)
                if kind == "answer":
                    self._settle(*message)
                else:
                    getattr(sink, kind)(*message)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(BrokerError(f"the line broke: {error}"))
            down = Health(transport=Light.FAILED, text="the paper server is gone")
            sink.report(HealthReport(self.context.config.id, down, self.context.clock.now()))

    def _settle(self, number: int, kind: str, value: Any) -> None:
        waiting = self._waiting.get(number)
        if waiting is None or waiting.done():
            return
        if kind == "value":
            waiting.set_result(value)
            return
        error_type, words, fields = value
        error = error_type(*words)
        vars(error).update(fields)
        waiting.set_exception(error)
