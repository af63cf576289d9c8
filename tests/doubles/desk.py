"""The order engine on a desk of its own: real parts inside, doubles only at its ports."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

from app.base.backoff import Backoff
from app.base.bus import EventBus
from app.base.errors import BrokerError, Outcome, StoreError
from app.brokers.base import Broker
from app.brokers.runner import BrokerRunner
from app.domain.capabilities import Capabilities
from app.domain.connection_config import ConnectionConfig
from app.domain.events import (
    ExecutionBooked,
    NoticeRaised,
    OrderChanged,
    PositionView,
    Reconciled,
    StorageFailed,
)
from app.domain.execution import Execution
from app.domain.ids import AccountId, ClientOrderId, ConnectionId, InstrumentKey
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_events import OrderEvent
from app.domain.order_types import OrderStatus
from app.domain.reports import AccountReport, BrokerReport, Known, PositionReport, Unavailable
from app.domain.request import OrderChange, OrderRequest
from app.engine.exits import Exits
from app.engine.in_flight import OpenCalls
from app.engine.order_checks import Refused
from app.engine.orders import OrderService
from app.engine.ports import CallPort, JournalPort
from app.engine.reconciler import Reconciler
from app.engine.recorder import Recorder
from tests.doubles.broker import Venue, VenueBroker
from tests.doubles.clock import FakeClock
from tests.doubles.orders import ACCOUNT, CONNECTION, SPY

T = TypeVar("T")


class MemoryJournal:
    """Fits JournalPort. What is in `stored` is "on disk"; the test decides when and whether.

    `is_held` keeps appends waiting until `release`; `is_full` fails them; `spoils` names events
    that can never be stored.
    """

    def __init__(self) -> None:
        self.stored: list[OrderEvent] = []
        self.is_held = self.is_full = False
        self.spoils: Callable[[OrderEvent], bool] = lambda event: False
        self._waiting: list[tuple[list[OrderEvent], concurrent.futures.Future[None]]] = []

    def append(self, entries: Sequence[OrderEvent], /) -> concurrent.futures.Future[None]:
        if any(self.spoils(entry) for entry in entries):
            raise StoreError("an identifier that cannot be stored")
        future: concurrent.futures.Future[None] = concurrent.futures.Future()
        future.set_running_or_notify_cancel()
        self._waiting.append((list(entries), future))
        if not self.is_held:
            self.release()
        return future

    def release(self) -> None:
        """Let the disk take, or refuse, everything that waits."""
        waiting, self._waiting = self._waiting, []
        for entries, future in waiting:
            if self.is_full:
                future.set_exception(StoreError("the journal cannot be written (disk full)"))
            else:
                self.stored += entries
                future.set_result(None)

    def read_order_events(self) -> Iterator[OrderEvent]:
        return iter(tuple(self.stored))

    def after_crash(self) -> MemoryJournal:
        """What a new process finds: what was stored, and nothing that waited."""
        found = MemoryJournal()
        found.stored = copy.copy(self.stored)
        return found


@dataclass
class OpenGate:
    """Fits RiskPort: lets everything through unless told to refuse."""

    refusal: Refused | None = None
    sent: list[OrderRequest] = field(default_factory=list)

    def check(self, requests: Sequence[OrderRequest]) -> Refused | None:
        return self.refusal

    def check_change(self, order: Order, change: OrderChange) -> Refused | None:
        return self.refusal

    def note_sent(self, request: OrderRequest) -> None:
        self.sent.append(request)


class OneConnection:
    """Fits ConnectionPort: one venue, reached on the engine's own loop."""

    def __init__(self, venue: Venue) -> None:
        self.venue, self.broker = venue, VenueBroker(venue)
        self.closed: str | None = None
        self.read_only = False
        self.error: Exception | None = None  # raised by every question about settings
        self.call_error: Exception | None = None
        self.prepare_error: BrokerError | None = None
        self.runner: BrokerRunner | None = None  # a real thread to hand orders to
        self.is_dead = False  # the process that owned it is gone

    def config(self, connection_id: ConnectionId) -> ConnectionConfig:
        if self.error is not None:
            raise self.error
        return ConnectionConfig(CONNECTION, "double", "paper", {}, read_only=self.read_only)

    def capabilities(self, connection_id: ConnectionId) -> Capabilities:
        return self.venue.capabilities

    def is_trading_open(self, connection_id: ConnectionId) -> str | None:
        return self.closed

    async def call(
        self,
        connection_id: ConnectionId,
        fn: Callable[[Broker], Awaitable[T]],
        timeout_s: float = 10.0,
    ) -> T:
        if self.call_error is not None:
            raise self.call_error
        await asyncio.sleep(0)
        if self.is_dead or not self.venue.is_connected:
            raise BrokerError("the connection is down", Outcome.NOT_SENT)
        try:
            async with asyncio.timeout(timeout_s):
                return await fn(self.broker)
        except TimeoutError:
            raise BrokerError(f"no answer within {timeout_s:g} s") from None

    def prepare(
        self, connection_id: ConnectionId, fn: Callable[[Broker], Awaitable[T]]
    ) -> CallPort[T]:
        if self.prepare_error is not None:
            raise self.prepare_error
        if self.runner is not None:
            return self.runner.prepare(fn)
        return OneCall(self, connection_id, fn)


class OneCall(Generic[T]):
    """Fits CallPort: begins on the engine's own loop."""

    def __init__(
        self,
        connection: OneConnection,
        connection_id: ConnectionId,
        fn: Callable[[Broker], Awaitable[T]],
    ) -> None:
        self._connection, self._connection_id, self._fn = connection, connection_id, fn
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._is_begun = self._is_abandoned = False
        self._begun: asyncio.Future[None] = self._loop.create_future()

    def hand_over(self) -> None:
        with self._lock:
            if self._is_abandoned or self._is_begun:
                return
            self._is_begun = True
        self._loop.call_soon_threadsafe(self._begun.set_result, None)

    def abandon(self, reason: str) -> bool:
        with self._lock:
            if self._is_begun:
                return False
            self._is_abandoned = True
        if not self._begun.done():
            self._begun.set_exception(BrokerError(reason, Outcome.NOT_SENT))
            self._begun.exception()  # nobody has to wait for it
        return True

    async def result(self, timeout_s: float) -> T:
        await asyncio.shield(self._begun)
        return await self._connection.call(self._connection_id, self._fn, timeout_s)


class Positions:
    """Fits PositionPort: fills add up, the broker's word replaces them."""

    def __init__(self, bus: EventBus) -> None:
        self.held: dict[tuple[AccountId, InstrumentKey], Decimal] = {}
        self.instruments: dict[InstrumentKey, Instrument] = {SPY.key: SPY}
        self.is_verified = True
        self.verified_at: Any = None
        self.booked: dict[str, Execution] = {}
        self.read: list[object] = []
        self.failure: Exception | None = None
        self.broken: set[InstrumentKey] = set()  # asking for one of these fails
        bus.subscribe(ExecutionBooked, self._on_execution)

    def position(
        self, connection_id: ConnectionId, account_id: AccountId, key: InstrumentKey
    ) -> PositionView | None:
        if key in self.broken:
            raise RuntimeError("no such thing")
        return self._view(account_id, key) if (account_id, key) in self.held else None

    def _view(self, account_id: AccountId, key: InstrumentKey) -> PositionView:
        return PositionView(
            connection_id=CONNECTION,
            account_id=account_id,
            instrument=self.instruments[key],
            quantity=self.held[account_id, key],
            average_price=None,
            mark=None,
            unrealized=None,
            realized=Decimal(0),
            verified_at=self.verified_at,
            is_verified=self.is_verified,
        )

    def positions(self) -> list[PositionView]:
        return [self._view(account_id, key) for account_id, key in self.held]

    def on_positions(
        self,
        connection_id: ConnectionId,
        part: Known[tuple[PositionReport, ...]] | Unavailable,
    ) -> None:
        self.read.append(part)
        if isinstance(part, Known):
            for said in part.value:
                self.held[said.account_id, said.instrument.key] = said.quantity

    def on_accounts(
        self,
        connection_id: ConnectionId,
        part: Known[tuple[AccountReport, ...]] | Unavailable,
    ) -> None:
        if self.failure is not None:
            raise self.failure
        self.read.append(part)

    def _on_execution(self, event: ExecutionBooked) -> None:
        execution = event.execution
        before = self.booked.get(execution.exec_id)
        self.booked[execution.exec_id] = execution
        added = execution.signed_quantity - (before.signed_quantity if before else 0)
        key = (execution.account_id, execution.instrument.key)
        self.instruments[execution.instrument.key] = execution.instrument
        self.held[key] = self.held.get(key, Decimal(0)) + added


class Desk:
    """One run of the engine against a venue. `crash` makes the next run from what is on disk."""

    def __init__(
        self,
        venue: Venue | None = None,
        journal: JournalPort | None = None,
        clock: FakeClock | None = None,
        **timing: Any,
    ) -> None:
        self.clock = clock or FakeClock()
        self.venue = venue or Venue(self.clock)
        self.memory = MemoryJournal()
        self.journal: JournalPort = journal or self.memory
        self.bus = EventBus()
        self.connection = OneConnection(self.venue)
        self.gate = OpenGate()
        self.book = OrderBook()
        self.recorder = Recorder(
            self.book, self.journal, self.bus, self.clock, Backoff(0.01, 0.02, seed=1)
        )
        self.positions = Positions(self.bus)
        self.calls = OpenCalls(self.clock)
        self.reconciler = Reconciler(
            self.recorder, self.connection, self.positions, self.bus, self.clock, calls=self.calls
        )
        settings: dict[str, Any] = {"poll_s": 0.005, **timing}
        self.orders = OrderService(
            self.recorder,
            self.gate,
            self.connection,
            self.reconciler,
            self.bus,
            self.clock,
            **settings,
        )
        self.exits = Exits(self.orders, self.recorder, self.positions, self.connection, self.clock)
        self.changes: list[OrderChanged] = []
        self.booked: list[Execution] = []
        self.notices: list[NoticeRaised] = []
        self.alarms: list[StorageFailed] = []
        self.reconciled: list[Reconciled] = []
        self.bus.subscribe(OrderChanged, self.changes.append)
        self.bus.subscribe(ExecutionBooked, lambda event: self.booked.append(event.execution))
        self.bus.subscribe(NoticeRaised, self.notices.append)
        self.bus.subscribe(StorageFailed, self.alarms.append)
        self.bus.subscribe(Reconciled, self.reconciled.append)

    def order(self, own_id: ClientOrderId) -> Order:
        order = self.book.get(own_id)
        assert order is not None
        return order

    def status(self, own_id: ClientOrderId) -> OrderStatus:
        return self.order(own_id).status

    def hear(self) -> list[BrokerReport]:
        """Deliver everything the venue has said."""
        said, self.venue.outbox = self.venue.outbox, []
        self.orders.on_reports(CONNECTION, said)
        return said

    async def settle(self) -> None:
        """Let what is under way go as far as it goes by itself."""
        for _ in range(30):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        """Move the clock and let the watch see it."""
        self.clock.advance(seconds)
        await asyncio.sleep(0.012)
        await self.settle()

    async def hold(self, quantity: int, account_id: AccountId = ACCOUNT) -> None:
        """Own a position before the test begins."""
        self.positions.held[account_id, SPY.key] = Decimal(quantity)

    async def stop(self) -> None:
        await self.exits.stop()
        await self.orders.stop(0.05)
        await self.reconciler.stop()
        await self.recorder.stop(0.05)
