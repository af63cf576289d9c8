"""Connections on an adapter that does what its script says, with everything that was said."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.base.backoff import Backoff
from app.base.bus import EventBus
from app.base.errors import BrokerError
from app.brokers.base import Broker, BrokerContext, ConnectionConfig
from app.domain.capabilities import Capabilities
from app.domain.events import ConnectionChanged, NoticeRaised
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Quote
from app.domain.order_book import OrderBook
from app.domain.reconcile import Reconciliation, reconcile
from app.domain.reports import (
    AccountReport,
    BrokerReport,
    Health,
    HealthReport,
    Known,
    Light,
    Snapshot,
    Unavailable,
)
from app.engine.connections import Connections, ConnectionState, Partners
from tests.doubles.clock import FakeClock
from tests.doubles.loop import until

S = ConnectionState
PAPER = ConnectionId("desk-paper")
AT = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
SHARE = Instrument("SPY", AssetClass.ETF, "USD", session="us-equity")
QUOTE = Quote(SHARE.key, 1.0, 1.1, 5.0, 5.0, 1.05, AT, 0.0)
UP = Health(Light.OK, Light.OK, Light.OK, Light.OK)


def config(name: str = PAPER, **changes: Any) -> ConnectionConfig:
    return replace(ConnectionConfig(ConnectionId(name), "any", "paper", {}), **changes)


@dataclass
class Script:
    """What the adapters of one connection do; tests change it at any time."""

    connect: list[Exception | Callable[[], Awaitable[None]]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)  # part of the snapshot -> reason
    accounts_are_paper: tuple[bool, ...] = (True,)
    snapshot_gate: threading.Event | None = None
    in_snapshot: threading.Event = field(default_factory=threading.Event)
    make_error: Exception | None = None
    made: list[Scripted] = field(default_factory=list)
    disconnects: int = 0
    snapshots: int = 0
    block_disconnect: threading.Event | None = None


class Scripted(Broker):
    """An adapter that does what its script says."""

    def __init__(self, context: BrokerContext, script: Script) -> None:
        super().__init__(context)
        self.script = script

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(search=True)

    async def connect(self) -> None:
        if self.script.connect:
            step = self.script.connect.pop(0)
            if isinstance(step, Exception):
                raise step
            await step()

    async def disconnect(self) -> None:
        self.script.disconnects += 1
        self.context.sink.report(HealthReport(self.context.config.id, Health(), AT))
        if self.script.block_disconnect is not None:
            self.script.block_disconnect.wait(10)

    async def snapshot(self) -> Snapshot:
        self.script.snapshots += 1
        self.script.in_snapshot.set()
        if self.script.snapshot_gate is not None:
            await asyncio.to_thread(self.script.snapshot_gate.wait, 10)
        parts: dict[str, Any] = {"orders": (), "executions": (), "positions": ()}
        parts["accounts"] = tuple(
            AccountReport(
                self.context.config.id, AccountId(f"A{n}"), "account", is_paper, "USD", (), AT
            )
            for n, is_paper in enumerate(self.script.accounts_are_paper)
        )
        for name, reason in self.script.missing.items():
            parts[name] = Unavailable(reason, AT)
        known = {n: v if isinstance(v, Unavailable) else Known(v, AT) for n, v in parts.items()}
        return Snapshot(known["accounts"], known["orders"], known["executions"], known["positions"])

    async def submit(self, orders: object) -> None: ...

    async def cancel(self, order: object) -> None: ...

    async def subscribe(self, instrument: object) -> None: ...

    async def unsubscribe(self, instrument: object) -> None: ...

    def say(self, *reports: BrokerReport) -> Callable[[Broker], Awaitable[None]]:
        async def publish(_: Broker) -> None:
            for report in reports:
                self.context.sink.report(report)

        return publish


class Desk:
    """Connections with a bus, and everything that was said."""

    def __init__(self, tmp_path: Path, *configs: ConnectionConfig, **settings: Any) -> None:
        self.clock = FakeClock()
        self.bus = EventBus()
        self.scripts: dict[str, Script] = {}
        self.changes: list[ConnectionChanged] = []
        self.notices: list[NoticeRaised] = []
        self.audit: list[tuple[str, str, ConnectionId]] = []
        self.reports: list[BrokerReport] = []
        self.resubscribed: list[ConnectionId] = []
        self.subscribed: list[Instrument] = []
        self.refuse: BrokerReport | None = None
        self.reconcile_error: Exception | None = None
        self.resubscribe_error: Exception | None = None
        self.bus.subscribe(ConnectionChanged, self.changes.append)
        self.bus.subscribe(NoticeRaised, self.notices.append)
        settings.setdefault("make_backoff", lambda: Backoff(0.01, 0.02, seed=1))
        settings.setdefault("stop_timeout_s", 2.0)
        self.connections = Connections(
            configs or (config(),),
            bus=self.bus,
            clock=self.clock,
            data_dir=lambda name: tmp_path / "brokers" / name,
            resources=tmp_path,
            secret=lambda name, field_name: f"{name}/{field_name}",
            audit=lambda *entry: self.audit.append(entry),
            make_broker=self._make,
            **settings,
        )
        self.connections.attach(
            Partners(self._take, self._reconcile, self._resubscribe, lambda _: self.subscribed)
        )

    def script(self, name: str = PAPER) -> Script:
        return self.scripts.setdefault(name, Script())

    def states(self, name: str = PAPER) -> list[str]:
        """The states it went through, without repetitions."""
        states = [c.state for c in self.changes if c.connection_id == name]
        return [s for s, before in zip(states, ["", *states], strict=False) if s != before]

    async def say(self, *reports: BrokerReport, name: str = PAPER) -> None:
        """Let the newest adapter publish, and wait until the engine has heard it."""
        adapter = self.script(name).made[-1]
        await self.connections.call(ConnectionId(name), adapter.say(*reports))

    async def until(self, check: Callable[[], bool]) -> None:
        await until(check)

    def _make(self, context: BrokerContext) -> Broker:
        script = self.script(context.config.id)
        if script.make_error is not None:
            raise script.make_error
        script.made.append(Scripted(context, script))
        return script.made[-1]

    def _take(self, connection_id: ConnectionId, reports: list[BrokerReport]) -> None:
        if self.refuse in reports:
            raise ValueError("cannot take this one")
        self.reports += reports

    async def _reconcile(self, connection_id: ConnectionId) -> Reconciliation:
        if self.reconcile_error is not None:
            raise self.reconcile_error
        missing = Unavailable("no answer", AT)
        try:
            snapshot = await self.connections.call(connection_id, lambda b: b.snapshot())
        except BrokerError:
            snapshot = Snapshot(missing, missing, missing, missing)
        return reconcile(OrderBook(), connection_id, snapshot, frozenset(), self.clock.now())

    async def _resubscribe(self, connection_id: ConnectionId) -> None:
        self.resubscribed.append(connection_id)
        if self.resubscribe_error is not None:
            raise self.resubscribe_error


def health(**lights: Any) -> HealthReport:
    return HealthReport(PAPER, replace(UP, **lights), AT)
