"""The paper account calling itself a live one: what LIVE looks like, with nobody's money.

`install()` puts it into the registry as "live-double" until `remove()`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.brokers import registry
from app.brokers.base import BrokerContext, Sink
from app.brokers.paper import INFO as PAPER
from app.brokers.paper.adapter import PaperBroker
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.domain.reports import AccountReport, BrokerReport, Known, Snapshot
from app.store.settings import Settings

BROKER, LIVE = "live-double", ConnectionId("ib-live")


class _LiveSink:
    """Hands everything on, accounts as live ones."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def report(self, report: BrokerReport) -> None:
        self._sink.report(_live(report) if isinstance(report, AccountReport) else report)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self._sink, name)
        return found


class LiveBroker(PaperBroker):
    """Trades as the paper account does, and says that it is real money."""

    def __init__(self, context: BrokerContext) -> None:
        config = replace(context.config, environment="paper")
        super().__init__(replace(context, config=config, sink=_LiveSink(context.sink)))

    async def snapshot(self) -> Snapshot:
        told = await super().snapshot()
        assert isinstance(told.accounts, Known)
        accounts = tuple(_live(account) for account in told.accounts.value)
        return replace(told, accounts=Known(accounts, told.accounts.as_of))


def _live(report: AccountReport) -> AccountReport:
    return replace(report, is_paper=False, title="Margin account")


INFO = replace(
    PAPER,
    id=BROKER,
    title="Live double",
    adapter=f"{__name__}:LiveBroker",
    environments=("live",),
)


def install() -> None:
    """Make the registry know it."""
    registry.MODULES[BROKER] = __name__
    registry.broker_info.cache_clear()


def remove() -> None:
    """Let the registry be as it was."""
    registry.MODULES.pop(BROKER, None)
    registry.broker_info.cache_clear()


def only_live(settings: Settings) -> Settings:
    """These settings with one connection: the live one."""
    [paper, *_] = [one for one in settings.connections if one.broker == "paper"]
    live = ConnectionConfig(
        LIVE, BROKER, "live", dict(paper.settings), autoconnect=False, read_only=False
    )
    return replace(settings, connections=(live,))
