"""One configured connection: what the settings file says of it, validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.ids import ConnectionId


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """One [[connection]] of settings.toml, validated.

    `settings` holds every field of the broker's schema that is no secret, defaults filled in.
    """

    id: ConnectionId
    broker: str
    environment: str  # "paper" or "live"
    settings: Mapping[str, Any]
    autoconnect: bool = True
    read_only: bool = False
