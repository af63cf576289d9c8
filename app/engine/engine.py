"""The engine: every part of it, put together once. Wiring only; each part has its own file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from app.base.bus import EventBus
from app.base.clock import Clock
from app.base.paths import Paths
from app.brokers import registry
from app.brokers.base import Broker, BrokerContext
from app.domain.ids import ConnectionId
from app.domain.order_book import OrderBook
from app.domain.position import CostMethod
from app.domain.reports import BrokerReport
from app.domain.risk_limits import RiskLimits
from app.engine.connections import Connections, Partners
from app.engine.exits import Exits
from app.engine.instruments import InstrumentCatalog
from app.engine.market_data import MarketData
from app.engine.notes import Notes
from app.engine.orders import OrderService
from app.engine.portfolio import Portfolio
from app.engine.reconciler import Reconciler
from app.engine.recorder import Recorder
from app.engine.risk import RiskGate
from app.store.history import History
from app.store.journal import Journal
from app.store.settings import Settings

log = logging.getLogger("moorgate.engine")
DATA_AGE_INTERVAL_S = 1.0
ORDERS_STOP_S = 3.0


class Engine:
    """All of it belongs to one loop: the window's, or the command line's.

    `create`, then `start` on the running loop, then `stop`. Journal and history are the caller's
    to close, after `stop`.
    """

    bus: EventBus
    clock: Clock
    settings: Settings
    connections: Connections
    recorder: Recorder
    reconciler: Reconciler
    orders: OrderService
    exits: Exits
    market: MarketData
    portfolio: Portfolio
    risk: RiskGate
    instruments: InstrumentCatalog
    notes: Notes

    @classmethod
    def create(
        cls,
        settings: Settings,
        paths: Paths,
        clock: Clock,
        journal: Journal,
        history: History,
        secret: Callable[[ConnectionId, str], str],
        resources: Path,
        make_broker: Callable[[BrokerContext], Broker] = registry.create_broker,
    ) -> Engine:
        """Put the parts together. Nothing is read or connected yet."""
        engine = cls()
        engine.settings, engine.clock, engine.bus = settings, clock, EventBus()
        engine._journal, engine._timer = journal, None
        engine.connections = Connections(
            settings.connections,
            bus=engine.bus,
            clock=clock,
            data_dir=paths.broker_dir,
            resources=resources,
            secret=secret,
            audit=journal.audit,
            make_broker=make_broker,
        )
        engine._join(journal, history)
        return engine

    def _join(self, journal: Journal, history: History) -> None:
        bus, clock, connections = self.bus, self.clock, self.connections
        self.history = history
        self.recorder = Recorder(OrderBook(), journal, bus, clock)
        self.market = MarketData(bus, clock, connections, history)
        method = CostMethod(self.settings.general.profit_method)
        self.portfolio = Portfolio(bus, clock, self.market, method, journal)
        self.risk = RiskGate(
            self._limits_for,
            self.market,
            self.portfolio,
            self.recorder.book,
            clock,
            bus,
            journal,
            unannounced=self.recorder.unannounced_quantity,
        )
        self.reconciler = Reconciler(self.recorder, connections, self.portfolio, bus, clock)
        self.orders = OrderService(
            self.recorder,
            self.risk,
            connections,
            self.reconciler,
            bus,
            clock,
            answer_timeout_s=self.settings.trading.answer_timeout_s,
        )
        self.exits = Exits(self.orders, self.recorder, self.portfolio, connections, clock)
        self.instruments = InstrumentCatalog(bus, connections)
        self.notes = Notes(journal, bus)
        connections.attach(
            Partners(
                on_reports=self._on_reports,
                reconcile=self.reconciler.reconcile,
                resubscribe=self.market.resubscribe,
                subscribed=self.market.subscribed,
            )
        )

    async def start(self, *, autoconnect: bool = True) -> None:
        """Replay the journal into orders and positions, then connect in the background.

        Raises StoreError when the journal cannot be read; nothing is connected then.
        """
        count = self.recorder.restore()
        self.portfolio.rebuild(self.recorder.book.executions())
        log.info("restored %d order events, %d orders", count, len(self.orders.book))
        self._watch_data_age()
        if autoconnect:
            self.connections.connect_automatically()

    async def stop(self) -> list[ConnectionId]:
        """Let go in order; always ends. Names connections whose thread would not end."""
        if self._timer is not None:
            self._timer.cancel()
        await self.exits.stop()
        await self.orders.stop(ORDERS_STOP_S)
        await self.reconciler.stop()
        stuck = await self.connections.stop()
        self.portfolio.stop()
        await self.market.stop()
        await self._written()
        return stuck

    def apply_settings(self, settings: Settings) -> None:
        """Newly saved settings hold from now on: limits at once, connections by their own call."""
        before, self.settings = self.settings, settings
        if settings.general.profit_method != before.general.profit_method:
            self.portfolio.use(CostMethod(settings.general.profit_method))
        if (settings.risk, settings.connection_risk) != (before.risk, before.connection_risk):
            self.risk.limits_changed("the limits were changed in the settings")

    async def _written(self) -> None:
        """Wait a moment for the disk; one that refuses has its own alarm and its own retries."""
        waiting = (self.recorder.record([]), asyncio.wrap_future(self._journal.append([])))
        done, _ = await asyncio.wait(waiting, timeout=ORDERS_STOP_S)
        for future in done:
            future.exception()  # taken note of: asyncio need not complain

    def _limits_for(self, connection_id: ConnectionId) -> list[RiskLimits]:
        own = self.settings.connection_risk.get(connection_id)
        return [self.settings.risk] if own is None else [self.settings.risk, own]

    def _on_reports(self, connection_id: ConnectionId, reports: list[BrokerReport]) -> None:
        self.orders.on_reports(connection_id, reports)
        self.portfolio.on_reports(connection_id, reports)

    def _watch_data_age(self) -> None:
        self.connections.check_data_age()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(DATA_AGE_INTERVAL_S, self._watch_data_age)

    _journal: Journal
    _timer: asyncio.TimerHandle | None
