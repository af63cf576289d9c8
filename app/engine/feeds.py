"""What somebody looks at, and whether the broker was told: one request, however many look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.base.errors import BrokerError, MoorgateError, Outcome
from app.brokers.base import Broker
from app.domain.ids import ConnectionId, MarketKey
from app.domain.instrument import Instrument
from app.engine.market_port import MarketConnections

Switch = Callable[[Broker, Instrument], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Feed:
    """One instrument at one connection, for as long as anybody looks at it."""

    key: MarketKey
    instrument: Instrument
    users: int = 0
    is_on: bool = False  # as far as the broker was told
    trouble: str = ""  # why it is not on although it is wanted
    epoch: int = 0  # rises with every renewal: an answer from before it means nothing
    task: asyncio.Task[None] | None = None


class Subscription:
    """Somebody's wish for an instrument's data; close it when it is no longer wanted."""

    def __init__(self, feed: _Feed, release: Callable[[_Feed], None]) -> None:
        self._feed, self._release = feed, release
        self._is_open = True

    @property
    def trouble(self) -> str:
        """Why no data comes, in words; empty when nothing is known to be wrong."""
        return self._feed.trouble

    def close(self) -> None:
        """End it; once is enough. The broker is told when the last one ends."""
        if self._is_open:
            self._is_open = False
            self._release(self._feed)


class Feeds:
    """The wishes for one kind of stream (`what`, in words). Engine's loop only.

    `begin` and `end` tell an adapter; `announce(connection, text)` hears of what a broker refuses,
    once, and it is asked again with the next wish and after every reconnect.
    """

    def __init__(
        self,
        connections: MarketConnections,
        what: str,
        *,
        begin: Switch,
        end: Switch,
        announce: Callable[[ConnectionId, str], None],
    ) -> None:
        self._connections, self._what = connections, what
        self._begin, self._end, self._announce = begin, end, announce
        self._feeds: dict[MarketKey, _Feed] = {}

    def __len__(self) -> int:
        return len(self._feeds)

    def connection_ids(self) -> list[ConnectionId]:
        """Every connection that something is on at, or was a moment ago."""
        return list(dict.fromkeys(key[0] for key in self._feeds))

    def wanted(self, connection_id: ConnectionId) -> list[Instrument]:
        """What somebody looks at there."""
        feeds = self._feeds.values()
        return [f.instrument for f in feeds if f.users and f.key[0] == connection_id]

    def is_wanted(self, key: MarketKey) -> bool:
        """Whether somebody looks at it."""
        feed = self._feeds.get(key)
        return feed is not None and feed.users > 0

    def heard(self, key: MarketKey) -> None:
        """Data came: whatever kept them back is over."""
        feed = self._feeds.get(key)
        if feed is not None and feed.is_on:
            feed.trouble = ""

    def want(self, connection_id: ConnectionId, instrument: Instrument) -> Subscription:
        """Have it until the result is closed. Never raises for the broker."""
        key = (connection_id, instrument.key)
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = _Feed(key, instrument)
        feed.users += 1
        self._bring_about(feed)
        return Subscription(feed, self._release)

    def renew(self, connection_id: ConnectionId) -> list[asyncio.Task[None]]:
        """Ask again for everything that is wanted there; what is under way because of it."""
        feeds = [f for f in self._feeds.values() if f.key[0] == connection_id]
        for feed in feeds:
            feed.epoch += 1
            feed.is_on = False
            self._bring_about(feed)
        return [feed.task for feed in feeds if feed.task is not None]

    async def stop(self) -> None:
        """Forget every wish and end whatever is under way."""
        tasks = [feed.task for feed in self._feeds.values() if feed.task is not None]
        self._feeds.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _release(self, feed: _Feed) -> None:
        feed.users -= 1
        if not feed.users:
            self._bring_about(feed)

    def _bring_about(self, feed: _Feed) -> None:
        """Tell the broker what is wanted, unless that is under way already."""
        is_stopped = self._feeds.get(feed.key) is not feed
        if is_stopped or (feed.task is not None and not feed.task.done()):
            return
        if not feed.users and not feed.is_on:
            del self._feeds[feed.key]
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # the engine is not running yet: a renewal follows every connect
        if (feed.users > 0) is not feed.is_on:
            feed.task = loop.create_task(self._settle(feed))

    async def _settle(self, feed: _Feed) -> None:
        while (wanted := feed.users > 0) is not feed.is_on:
            epoch = feed.epoch
            try:
                await self._ask(feed, wanted)
                is_on, trouble = wanted, ""
            except MoorgateError as error:
                outcome = error.outcome if isinstance(error, BrokerError) else Outcome.REJECTED
                # Without an answer it may be on all the same, and then it must be ended one day.
                # What cannot be ended is gone with its line.
                is_on = wanted and outcome is Outcome.UNKNOWN
                trouble = str(error) or type(error).__name__
                if wanted and outcome is not Outcome.NOT_SENT and trouble != feed.trouble:
                    text = f"no {self._what} of {feed.instrument.symbol}: {error}"
                    self._announce(feed.key[0], text)
            if epoch != feed.epoch:
                continue  # that was another connection's answer
            feed.is_on, feed.trouble = is_on, trouble
            if trouble and wanted:
                break
        if not feed.users:
            del self._feeds[feed.key]

    async def _ask(self, feed: _Feed, wanted: bool) -> None:
        switch, instrument = self._begin if wanted else self._end, feed.instrument
        await self._connections.call(feed.key[0], lambda broker: switch(broker, instrument))
