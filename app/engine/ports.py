"""What the parts of the order engine need of one another, each as narrow as it is used."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from app.brokers.base import Broker
from app.domain.capabilities import Capabilities
from app.domain.connection_config import ConnectionConfig
from app.domain.events import PositionView
from app.domain.ids import AccountId, ConnectionId, InstrumentKey
from app.domain.order import Order
from app.domain.order_events import OrderEvent
from app.domain.reports import AccountReport, Known, PositionReport, Unavailable
from app.domain.request import OrderChange, OrderRequest

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class RefusalPort(Protocol):
    """Why something may not be sent: the rule, and what broke it in words."""

    @property
    def rule(self) -> str: ...

    @property
    def reason(self) -> str: ...

    @property
    def limit(self) -> str: ...

    @property
    def actual(self) -> str: ...


class RiskPort(Protocol):
    """The one gate that every order and every change passes (engine.risk)."""

    def check(self, requests: Sequence[OrderRequest]) -> RefusalPort | None:
        """The first rule that one order or group breaks."""
        ...

    def check_change(self, order: Order, change: OrderChange) -> RefusalPort | None:
        """The first rule that new terms break."""
        ...

    def note_sent(self, request: OrderRequest) -> None:
        """Counts for the rate and duplicate windows; called once for every order let through."""
        ...


class CallPort(Protocol[T_co]):
    """A question to an adapter that waits for its word to go (brokers.call)."""

    def hand_over(self) -> None:
        """Let the adapter begin, from any thread; once is enough."""
        ...

    def abandon(self, reason: str) -> bool:
        """True when it had not begun: it never will, and `result` raises that as NOT_SENT."""
        ...

    async def result(self, timeout_s: float) -> T_co:
        """Wait for the answer, once; raises what ConnectionPort.call raises."""
        ...


class ConnectionPort(Protocol):
    """Where orders go (engine.connections)."""

    def config(self, connection_id: ConnectionId) -> ConnectionConfig:
        """Its settings; raises UserError for an unknown id."""
        ...

    def capabilities(self, connection_id: ConnectionId) -> Capabilities:
        """What it can do, or promises to while it is not connected."""
        ...

    def is_trading_open(self, connection_id: ConnectionId) -> str | None:
        """None when new orders may be sent; else the reason in words."""
        ...

    async def call(
        self,
        connection_id: ConnectionId,
        fn: Callable[[Broker], Awaitable[T]],
        timeout_s: float = 10.0,
    ) -> T:
        """Run a coroutine of the adapter in its thread.

        Raises BrokerError: NOT_SENT when there is no adapter to ask, UNKNOWN after `timeout_s`.
        """
        ...

    def prepare(
        self, connection_id: ConnectionId, fn: Callable[[Broker], Awaitable[T]]
    ) -> CallPort[T]:
        """The same, not handed over yet. Raises BrokerError when there is no adapter to ask."""
        ...


class PositionPort(Protocol):
    """What we hold (engine.portfolio)."""

    def position(
        self, connection_id: ConnectionId, account_id: AccountId, key: InstrumentKey
    ) -> PositionView | None: ...

    def positions(self) -> Sequence[PositionView]: ...

    def on_positions(
        self,
        connection_id: ConnectionId,
        part: Known[tuple[PositionReport, ...]] | Unavailable,
    ) -> None: ...

    def on_accounts(
        self,
        connection_id: ConnectionId,
        part: Known[tuple[AccountReport, ...]] | Unavailable,
    ) -> None: ...


class JournalPort(Protocol):
    """The write-ahead journal (store.journal)."""

    def append(self, entries: Sequence[OrderEvent], /) -> concurrent.futures.Future[None]:
        """Done when all of `entries` are on disk, behind everything appended before.

        Fails with StoreError when the disk does not take them; raises StoreError at once for
        entries that can never be stored.
        """
        ...

    def read_order_events(self) -> Iterator[OrderEvent]:
        """Every order event on disk, oldest first."""
        ...
