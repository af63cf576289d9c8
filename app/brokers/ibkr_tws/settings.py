"""The settings a TWS connection takes in settings.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.brokers.base import SettingField

FIELDS: tuple[SettingField, ...] = (
    SettingField("host", "text", "127.0.0.1", "Host", "where TWS or IB Gateway runs"),
    SettingField(
        "port", "int", 7497, "Port",
        "TWS 7496 live, 7497 paper; IB Gateway 4001 live, 4002 paper", minimum=1, maximum=65535,
    ),
    SettingField(
        "client_id", "int", 17, "Client id",
        "each program at one TWS needs its own; 0 also takes charge of orders typed into TWS",
        minimum=0, maximum=2**31 - 1,
    ),
    SettingField(
        "accounts", "list", (), "Accounts",
        "account numbers to use; empty means every account of the login",
    ),
    SettingField(
        "market_data", "choice", "live", "Market data",
        "live, or delayed by 15 to 20 minutes where nothing is subscribed;"
        " frozen keeps the last quote of a closed market",
        choices=("live", "frozen", "delayed", "delayed_frozen"),
    ),
    SettingField(
        "connect_timeout_s", "float", 10.0, "Time to connect",
        "seconds for each step of connecting", minimum=1, maximum=60,
    ),
    SettingField(
        "request_timeout_s", "float", 10.0, "Time to answer",
        "seconds until a question counts as unanswered", minimum=1, maximum=120,
    ),
    SettingField(
        "heartbeat_s", "float", 5.0, "Heartbeat",
        "seconds between two questions for the time; a line that does not answer within as many is"
        " taken for dead", minimum=0.2, maximum=60,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TwsSettings:
    """One connection's settings, validated by the settings reader."""

    host: str
    port: int
    client_id: int
    accounts: tuple[str, ...]
    market_data: str
    connect_timeout_s: float
    request_timeout_s: float
    heartbeat_s: float

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> TwsSettings:
        """From a connection's `settings`; what is left out takes its default."""
        known = {field.name: values.get(field.name, field.default) for field in FIELDS}
        known["accounts"] = tuple(known["accounts"])
        return cls(**known)
