"""The brokers' own bars: whose are wanted, and what they say, taken in once a frame."""

from __future__ import annotations

import logging

from app.domain.ids import ConnectionId, MarketKey
from app.domain.instrument import Instrument
from app.domain.market import BarUpdate, Timeframe
from app.engine.feeds import Feeds, Subscription
from app.engine.market_port import MarketConnections

log = logging.getLogger("moorgate.market")


class BarStreams:
    """Part of MarketData. Engine's loop only.

    What a broker refuses is no news: charts go on with what they make of prints and quotes.
    """

    def __init__(self, connections: MarketConnections) -> None:
        self._connections = connections
        self._feeds: dict[Timeframe, Feeds] = {}

    def want(
        self, connection_id: ConnectionId, instrument: Instrument, timeframe: Timeframe
    ) -> Subscription | None:
        """Have them until the result is closed; None where the broker sends no bars."""
        if not self._connections.capabilities(connection_id).live_bars:
            return None
        if timeframe not in self._feeds:
            self._feeds[timeframe] = self._made(timeframe)
        return self._feeds[timeframe].want(connection_id, instrument)

    def renew(self, connection_id: ConnectionId) -> None:
        """The connection is new: ask for all of them again, in the background."""
        for feeds in self._feeds.values():
            feeds.renew(connection_id)

    async def stop(self) -> None:
        """Forget everything."""
        for feeds in self._feeds.values():
            await feeds.stop()

    def drain(self) -> list[tuple[MarketKey, BarUpdate]]:
        """What the brokers have said of bars that somebody looks at, oldest bar first."""
        names = {name for feeds in self._feeds.values() for name in feeds.connection_ids()}
        said: list[tuple[MarketKey, BarUpdate]] = []
        for name in names:
            for update in self._connections.drain_bars(name):
                key, feeds = (name, update.instrument), self._feeds.get(update.timeframe)
                if feeds is not None and feeds.is_wanted(key):
                    feeds.heard(key)
                    said.append((key, update))
        return said

    def _made(self, timeframe: Timeframe) -> Feeds:
        return Feeds(
            self._connections,
            f"live bars of {timeframe.value}",
            begin=lambda broker, instrument: broker.subscribe_bars(instrument, timeframe),
            end=lambda broker, instrument: broker.unsubscribe_bars(instrument, timeframe),
            announce=lambda name, text: log.info("%s: %s; they are made of prints", name, text),
        )
