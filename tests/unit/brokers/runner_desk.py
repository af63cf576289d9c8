"""A runner on a plain adapter, with everything that it said."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from app.base.clock import SystemClock
from app.brokers.base import Broker, BrokerContext, ConnectionConfig
from app.brokers.runner import BrokerRunner
from app.domain.capabilities import Capabilities
from app.domain.ids import ConnectionId, InstrumentKey
from app.domain.market import Quote
from app.domain.reports import BrokerReport, Notice, Severity, Snapshot, Unavailable

CONNECTION = ConnectionId("desk")
AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
QUOTE = Quote(InstrumentKey("SEC|A|USD"), 1.0, 1.1, 5.0, 5.0, 1.05, AT, 0.0)


class Adapter(Broker):
    """A port implementation whose connect can be scripted; the rest is driven through call()."""

    on_connect: Callable[[], Awaitable[None]] | None = None
    on_disconnect: Callable[[], Awaitable[None]] | None = None

    def __init__(self, context: BrokerContext) -> None:
        super().__init__(context)
        self.thread = threading.get_ident()
        self.disconnected = 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(search=True)

    async def connect(self) -> None:
        if self.on_connect is not None:
            await self.on_connect()

    async def disconnect(self) -> None:
        self.disconnected += 1
        if self.on_disconnect is not None:
            await self.on_disconnect()

    async def snapshot(self) -> Snapshot:
        gone = Unavailable("not asked", AT)
        return Snapshot(gone, gone, gone, gone)

    async def submit(self, orders: object) -> None: ...

    async def cancel(self, order: object) -> None: ...

    async def subscribe(self, instrument: object) -> None: ...

    async def unsubscribe(self, instrument: object) -> None: ...


class Desk:
    """A runner with everything it said."""

    def __init__(self, tmp_path: Path, adapter: type[Adapter] = Adapter) -> None:
        self.reports: list[BrokerReport] = []
        self.batches: list[int] = []
        self.failures: list[BaseException] = []
        self.made: list[Adapter] = []
        self.refuse: Callable[[BrokerReport], bool] = lambda _: False

        def make(context: BrokerContext) -> Broker:
            self.made.append(adapter(context))
            return self.made[-1]

        self.runner = BrokerRunner(
            ConnectionConfig(CONNECTION, "any", "paper", {}),
            loop=asyncio.get_running_loop(),
            on_reports=self._take,
            on_failure=self.failures.append,
            clock=SystemClock(),
            data_dir=tmp_path,
            resources=tmp_path,
            secret=lambda name: f"secret {name}",
            make_broker=make,
        )

    def _take(self, reports: list[BrokerReport]) -> None:
        if any(self.refuse(report) for report in reports):
            raise ValueError("cannot take this one")
        self.batches.append(len(reports))
        self.reports += reports


def notice(number: int) -> Notice:
    return Notice(CONNECTION, Severity.INFO, str(number), AT)


async def publish(broker: Broker, *reports: BrokerReport) -> None:
    for report in reports:
        broker.context.sink.report(report)
