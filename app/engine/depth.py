"""Order books: the newest of each instrument, taken in once a frame."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.base.bus import EventBus
from app.domain.events import DepthFlushed
from app.domain.ids import ConnectionId, MarketKey
from app.domain.instrument import Instrument
from app.domain.market import Depth
from app.engine.feeds import Feeds, Subscription
from app.engine.market_port import MarketConnections

# Levels a side; brokers give what they have.
ROWS = 20


class MarketDepth:
    """Part of MarketData, which calls `flush` once a frame. Engine's loop only.

    `on_wish` is called when somebody begins to look, so that frames come.
    """

    def __init__(
        self,
        bus: EventBus,
        connections: MarketConnections,
        announce: Callable[[ConnectionId, str], None],
        on_wish: Callable[[], None],
    ) -> None:
        self._bus, self._connections, self._on_wish = bus, connections, on_wish
        self._books: dict[MarketKey, Depth] = {}
        self._feeds = Feeds(
            connections,
            "market depth",
            begin=lambda broker, instrument: broker.subscribe_depth(instrument, ROWS),
            end=lambda broker, instrument: broker.unsubscribe_depth(instrument),
            announce=announce,
        )

    @property
    def is_wanted(self) -> bool:
        """Whether any book is on or coming."""
        return len(self._feeds) > 0

    def book(self, key: MarketKey) -> Depth | None:
        """The newest book while somebody looks at it; None while there was none."""
        return self._books.get(key)

    def subscribe(self, connection_id: ConnectionId, instrument: Instrument) -> Subscription:
        """Have an instrument's book until the result is closed. Never raises for the broker.

        The broker is asked once, however many look. Brokers allow few books at a time: what they
        refuse stands in the result's `trouble`.
        """
        subscription = self._feeds.want(connection_id, instrument)
        self._on_wish()
        return subscription

    def renew(self, connection_id: ConnectionId) -> list[asyncio.Task[None]]:
        """The connection is new: old books say nothing, and what is wanted is asked for again."""
        for key in [key for key in self._books if key[0] == connection_id]:
            del self._books[key]
        return self._feeds.renew(connection_id)

    async def stop(self) -> None:
        """Forget everything."""
        self._books.clear()
        await self._feeds.stop()

    def flush(self) -> None:
        """Take in what has arrived; one event when there is anything."""
        for key in [key for key in self._books if not self._feeds.is_wanted(key)]:
            del self._books[key]
        fresh: dict[MarketKey, Depth] = {}
        for connection_id in self._feeds.connection_ids():
            for instrument, depth in self._connections.drain_depths(connection_id).items():
                key = (connection_id, instrument)
                if self._feeds.is_wanted(key):
                    fresh[key] = depth
                    self._feeds.heard(key)
        if fresh:
            self._books.update(fresh)
            self._bus.publish(DepthFlushed(fresh))
