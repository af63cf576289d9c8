"""A registry of two brokers for the settings tests: the schema's own classes, no adapter."""

from __future__ import annotations

from app.base.errors import UserError
from app.brokers.base import BrokerInfo, SettingField
from app.domain.capabilities import Capabilities

PAPER = BrokerInfo(
    id="paper",
    title="Paper",
    adapter="nowhere:Nothing",
    environments=("paper",),
    settings=(
        SettingField("cash", "decimal", "100000", "Cash", minimum=0),
        SettingField("speed", "float", 1.0, "Speed", minimum=0.1, maximum=500),
        SettingField("source", "choice", "replay", "Source", choices=("replay", "synthetic")),
        SettingField("file", "path", "", "File"),
        SettingField("symbols", "list", (), "Symbols"),
    ),
    capabilities=Capabilities(),
)
TWS = BrokerInfo(
    id="ibkr-tws",
    title="TWS",
    adapter="nowhere:Nothing",
    environments=("paper", "live"),
    settings=(
        SettingField("host", "text", "127.0.0.1", "Host"),
        SettingField("port", "int", None, "Port", minimum=1, maximum=65535),
        SettingField("fast", "bool", False, "Fast"),
        SettingField("kinds", "list", ("stock",), "Kinds", choices=("stock", "future")),
        # Its default is none of the words that a file may hold.
        SettingField("route", "choice", "", "Route", choices=("smart", "direct")),
        SettingField("password", "text", "", "Password", secret=True),
    ),
    capabilities=Capabilities(),
)
_ALL = {info.id: info for info in (PAPER, TWS)}


def broker_info(broker_id: str) -> BrokerInfo:
    """As brokers.registry.broker_info."""
    if broker_id not in _ALL:
        raise UserError(f"unknown broker {broker_id!r}")
    return _ALL[broker_id]


def broker_ids() -> list[str]:
    """As brokers.registry.broker_ids."""
    return sorted(_ALL)
