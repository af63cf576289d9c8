"""What market data needs of the connections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from app.brokers.base import Broker
from app.domain.capabilities import Capabilities
from app.domain.ids import ConnectionId, InstrumentKey
from app.domain.market import BarUpdate, Depth, Quote, TradePrint

T = TypeVar("T")


class MarketConnections(Protocol):
    """The part of engine.connections that market data goes through. Engine's loop."""

    def capabilities(self, connection_id: ConnectionId) -> Capabilities:
        """What it can do, or promises to while it is not connected."""
        ...

    def drain_market(
        self, connection_id: ConnectionId
    ) -> tuple[dict[InstrumentKey, Quote], list[TradePrint]]:
        """The newest quotes and the prints since the last call."""
        ...

    def drain_depths(self, connection_id: ConnectionId) -> dict[InstrumentKey, Depth]:
        """The newest order books since the last call."""
        ...

    def drain_bars(self, connection_id: ConnectionId) -> list[BarUpdate]:
        """The broker's newest word on each bar since the last call, oldest bar first."""
        ...

    async def call(
        self,
        connection_id: ConnectionId,
        fn: Callable[[Broker], Awaitable[T]],
        timeout_s: float = 10.0,
    ) -> T:
        """Run a coroutine of the adapter in its thread; raises BrokerError."""
        ...
