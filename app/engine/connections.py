"""Every connection of the desk: one place to ask about them and the only way to their adapters.

Each lives by itself (engine.link): what goes wrong on one never touches another. Everything here
belongs to the engine's loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from app.base.backoff import Backoff
from app.base.bus import EventBus
from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome, UserError
from app.brokers import registry
from app.brokers.base import Broker, BrokerContext, ConnectionConfig
from app.domain.capabilities import Capabilities
from app.domain.events import ConnectionAdded, ConnectionRemoved, NoticeRaised, ProgressMade
from app.domain.ids import ConnectionId, InstrumentKey
from app.domain.instrument import Instrument
from app.domain.market import BarUpdate, DataKind, Depth, Quote, TradePrint
from app.domain.reconcile import Reconciliation
from app.domain.reports import (
    AccountReport,
    BrokerReport,
    Health,
    HealthReport,
    Light,
    Notice,
    ProgressReport,
)
from app.engine.health import ConnectionState, any_market_open, data_age_light
from app.engine.link import Link, Surroundings
from app.engine.ports import CallPort

__all__ = ["ConnectionState", "Connections", "Partners"]

log = logging.getLogger("moorgate.connections")
T = TypeVar("T")
# Data with a date of its own: whether the real market is open says nothing about it.
_PLAYED = (DataKind.REPLAY, DataKind.SYNTHETIC)


@dataclass(frozen=True)
class Partners:
    """The parts of the engine that live on what connections bring. All run on its loop.

    `on_reports` takes every report but health and notices; `resubscribe` renews market data on a
    connection that is up again; `subscribed` names what is subscribed there now.
    """

    on_reports: Callable[[ConnectionId, list[BrokerReport]], None]
    reconcile: Callable[[ConnectionId], Awaitable[Reconciliation]]
    resubscribe: Callable[[ConnectionId], Awaitable[object]]
    subscribed: Callable[[ConnectionId], Sequence[Instrument]]


@dataclass
class _Feed:
    """How fresh a connection's market data is."""

    is_subscribed: bool = False
    has_data: bool = False
    newest_s: float = 0.0
    is_played: bool = False


class Connections:
    """The connections of the settings, by id. `attach` the partners before the first connect."""

    def __init__(
        self,
        configs: Iterable[ConnectionConfig],
        *,
        bus: EventBus,
        clock: Clock,
        data_dir: Callable[[ConnectionId], Path],
        resources: Path,
        secret: Callable[[ConnectionId, str], str],
        audit: Callable[[str, str, ConnectionId], object],
        make_broker: Callable[[BrokerContext], Broker] = registry.create_broker,
        make_backoff: Callable[[], Backoff] = Backoff,
        connect_timeout_s: float = 30.0,
        stop_timeout_s: float = 5.0,
    ) -> None:
        self._bus, self._clock = bus, clock
        self._partners: Partners | None = None
        self._around = Surroundings(
            bus=bus,
            clock=clock,
            data_dir=data_dir,
            resources=resources,
            secret=secret,
            audit=audit,
            on_reports=self._on_reports,
            reconcile=lambda name: self._attached().reconcile(name),
            resubscribe=lambda name: self._attached().resubscribe(name),
            make_broker=make_broker,
            make_backoff=make_backoff,
            connect_timeout_s=connect_timeout_s,
            stop_timeout_s=stop_timeout_s,
        )
        self._links = {config.id: Link(config, self._around) for config in configs}
        self._feeds: dict[ConnectionId, _Feed] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._changing = asyncio.Lock()  # one change of the list after the other
        self._stuck: list[ConnectionId] = []  # what was replaced or removed and would not end
        self._is_stopping = False

    def attach(self, partners: Partners) -> None:
        """Join the connections to the rest of the engine; once, while it is put together."""
        self._partners = partners

    # ---- what may be asked ----

    def ids(self) -> list[ConnectionId]:
        """Every connection, in the order of the settings."""
        return list(self._links)

    def config(self, connection_id: ConnectionId) -> ConnectionConfig:
        """Its settings. Raises UserError for an unknown id."""
        return self._link(connection_id).config

    def state(self, connection_id: ConnectionId) -> ConnectionState:
        """Where it is in its life. Raises UserError for an unknown id."""
        return self._link(connection_id).state

    def text(self, connection_id: ConnectionId) -> str:
        """What there is to say about that state; empty when all is well."""
        return self._link(connection_id).text

    def health(self, connection_id: ConnectionId) -> Health:
        """Its four lights. Raises UserError for an unknown id."""
        return self._link(connection_id).health

    def capabilities(self, connection_id: ConnectionId) -> Capabilities:
        """What it can do now; while it is not connected, what its broker promises."""
        link = self._links.get(connection_id)
        return link.capabilities if link else Capabilities()

    def is_paper(self, connection_id: ConnectionId) -> bool | None:
        """The accounts' own word, None while they have not been heard; one live account is live."""
        return self._link(connection_id).is_paper

    def accounts(self, connection_id: ConnectionId) -> list[AccountReport]:
        """Its accounts as last reported; empty before the first answer."""
        link = self._links.get(connection_id)
        return list(link.accounts) if link else []

    def is_trading_open(self, connection_id: ConnectionId) -> str | None:
        """None when orders may go out there; otherwise the reason in words."""
        link = self._links.get(connection_id)
        return link.closed_reason() if link else f"there is no connection {connection_id!r}"

    # ---- commands ----

    async def connect(self, connection_id: ConnectionId) -> ConnectionState:
        """Connect, or try again at once; answers the state that the coming attempt ended in.

        Never raises for a broker's failure: `text` says what is wrong, and unless it is FAILED the
        connection goes on trying by itself. Raises UserError for an unknown id.
        """
        return await self._link(connection_id).connect()

    async def disconnect(self, connection_id: ConnectionId) -> None:
        """Leave in good order, also in the middle of connecting. Always ends."""
        await self._link(connection_id).disconnect()

    def connect_automatically(self, *, but: Collection[ConnectionId] = ()) -> None:
        """Begin to connect, in the background, whatever the settings want connected at start."""
        for link in self._links.values():
            if link.config.autoconnect and link.config.id not in but:
                task = asyncio.ensure_future(link.connect())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def add(self, config: ConnectionConfig) -> None:
        """A new connection, not connected yet. Raises UserError when its id is taken."""
        if config.id in self._links:
            raise UserError(f"there is already a connection {config.id!r}; choose another id")
        self._put(config, "added")

    async def update(self, config: ConnectionConfig, *, connect: bool | None = None) -> None:
        """New settings for a connection, also while it is connected or connecting.

        It is disconnected first. With `connect` None one that was on is connected again, and
        waited for; True and False say so themselves. Raises UserError for an unknown id.
        """
        async with self._changing:
            link = self._link(config.id)
            was_on = link.state is not ConnectionState.OFFLINE
            await self._retire(link)
            self._put(config, "changed")
        if (was_on if connect is None else connect) and not self._is_stopping:
            await self.connect(config.id)

    async def remove(self, connection_id: ConnectionId) -> None:
        """Disconnect and forget it. What the journal knows of it stays. UserError if unknown."""
        async with self._changing:
            link = self._link(connection_id)
            await self._retire(link)
            del self._links[connection_id]
            self._feeds.pop(connection_id, None)
        self._around.audit("connection.removed", f"{connection_id} was removed", connection_id)
        self._bus.publish(ConnectionRemoved(connection_id))

    async def stop(self) -> list[ConnectionId]:
        """Disconnect all, at the same time; names those whose thread would not end."""
        self._is_stopping = True
        for task in tuple(self._tasks):
            task.cancel()
        async with self._changing:
            await asyncio.gather(*(link.disconnect() for link in self._links.values()))
        stuck = [name for name, link in self._links.items() if link.is_stuck]
        return [*dict.fromkeys((*self._stuck, *stuck))]

    async def call(
        self,
        connection_id: ConnectionId,
        fn: Callable[[Broker], Awaitable[T]],
        timeout_s: float = 10.0,
    ) -> T:
        """Run a coroutine of the adapter in its own thread.

        Possible from the first moment the line is up, long before trading opens. Raises
        BrokerError: NOT_SENT where it provably never began, UNKNOWN after `timeout_s` or when the
        line was lost meanwhile; and UserError where the adapter says so.
        """
        return await self._known(connection_id).call(fn, timeout_s)

    def prepare(
        self, connection_id: ConnectionId, fn: Callable[[Broker], Awaitable[T]]
    ) -> CallPort[T]:
        """The same question, to be handed over from any thread later. Raises BrokerError NOT_SENT
        where there is nobody to ask.
        """
        return self._known(connection_id).prepare(fn)

    def _known(self, connection_id: ConnectionId) -> Link:
        link = self._links.get(connection_id)
        if link is None:
            raise BrokerError(f"there is no connection {connection_id!r}", Outcome.NOT_SENT)
        return link

    # ---- market data ----

    def drain_market(
        self, connection_id: ConnectionId
    ) -> tuple[dict[InstrumentKey, Quote], list[TradePrint]]:
        """The newest quotes and the prints since the last call; for the display-rate timer."""
        link = self._links.get(connection_id)
        if link is None or link.runner is None:
            return {}, []
        quotes, prints = link.runner.drain_market()
        if quotes or prints:
            self._note_data(connection_id, link, next(iter(quotes.values()), None))
        return quotes, prints

    def drain_depths(self, connection_id: ConnectionId) -> dict[InstrumentKey, Depth]:
        """The newest order books since the last call; for the display-rate timer."""
        link = self._links.get(connection_id)
        return {} if link is None or link.runner is None else link.runner.drain_depths()

    def drain_bars(self, connection_id: ConnectionId) -> list[BarUpdate]:
        """The broker's newest word on each bar since the last call; for the same timer."""
        link = self._links.get(connection_id)
        return [] if link is None or link.runner is None else link.runner.drain_bars()

    def check_data_age(self) -> None:
        """Bring the fourth light of every connection up to date; the engine does so each second."""
        for name, link in self._links.items():
            self._check_feed(name, link)

    def _note_data(self, name: ConnectionId, link: Link, quote: Quote | None) -> None:
        feed = self._feeds.setdefault(name, _Feed())
        is_first = not feed.has_data
        if is_first:
            self._check_feed(name, link)
        feed.newest_s, feed.has_data = self._clock.monotonic(), True
        if quote is not None:
            feed.is_played = quote.kind in _PLAYED
        if is_first:  # the light need not wait for the next second
            self._check_feed(name, link)

    def _check_feed(self, name: ConnectionId, link: Link) -> None:
        if not link.is_up:
            self._feeds.pop(name, None)
            return
        now_s = self._clock.monotonic()
        feed = self._feeds.setdefault(name, _Feed())
        subscribed = self._attached().subscribed(name)
        if bool(subscribed) is not feed.is_subscribed:
            feed.is_subscribed, feed.newest_s, feed.has_data = bool(subscribed), now_s, False
        light = Light.OFF
        if subscribed:
            is_open = feed.is_played or any_market_open(subscribed, self._clock.now())
            age_s = now_s - feed.newest_s
            light = data_age_light(link.reported_data_age, feed.has_data, age_s, is_open)
        link.set_data_age(light)

    # ---- what comes in ----

    def _on_reports(self, connection_id: ConnectionId, reports: list[BrokerReport]) -> None:
        # The partners first: if they raise, the runner hands in the same reports again one by one,
        # and what is ours must not be done twice then.
        others: list[BrokerReport] = [
            r for r in reports if not isinstance(r, HealthReport | Notice | ProgressReport)
        ]
        if others:
            self._attached().on_reports(connection_id, others)
        link = self._links.get(connection_id)
        for report in reports:
            if isinstance(report, Notice):
                self._on_notice(report)
            elif isinstance(report, ProgressReport):
                self._on_progress(report)
            elif link is not None and isinstance(report, HealthReport):
                link.on_health(report)
            elif link is not None and isinstance(report, AccountReport):
                link.on_account(report)

    def _on_progress(self, report: ProgressReport) -> None:
        self._bus.publish(
            ProgressMade(report.connection_id, report.task, report.text, report.fraction, report.at)
        )

    def _on_notice(self, notice: Notice) -> None:
        log.info("%s: %s: %s", notice.connection_id, notice.severity.value, notice.text)
        self._bus.publish(
            NoticeRaised(notice.severity, notice.connection_id, notice.text, notice.at)
        )

    async def _retire(self, link: Link) -> None:
        await link.retire()
        if link.is_stuck:
            self._stuck.append(link.config.id)

    def _put(self, config: ConnectionConfig, deed: str) -> None:
        """A connection into its place in the list, which a changed one keeps."""
        link = self._links[config.id] = Link(config, self._around)
        sentence = f"{config.id} was {deed}: {config.broker}, {config.environment}"
        self._around.audit(f"connection.{deed}", sentence, config.id)
        self._bus.publish(ConnectionAdded(config.id))
        link.publish()

    def _attached(self) -> Partners:
        assert self._partners is not None, "attach() comes before connect()"
        return self._partners

    def _link(self, connection_id: ConnectionId) -> Link:
        try:
            return self._links[connection_id]
        except KeyError:
            known = ", ".join(self._links) or "none"
            raise UserError(
                f"there is no connection {connection_id!r}; known are: {known}"
            ) from None
