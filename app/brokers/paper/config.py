"""The settings of one paper connection, typed."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.base.errors import UserError
from app.brokers.paper.fees import FeeRule, FeeSchedule, parse_overrides
from app.brokers.paper.settings import FIELDS
from app.domain.ids import ConnectionId


@dataclass(frozen=True, slots=True)
class PaperConfig:
    """Everything that settings.toml says about a paper account. Money in `currency`."""

    connection_id: ConnectionId
    source: str
    file: Path | None
    file_zone: str
    speed: float
    skip_gaps: bool
    loop: bool
    seed: int
    instruments: int
    quotes_per_second: float
    initial_cash: Decimal
    currency: str
    is_margin: bool
    allow_short: bool
    fees: FeeSchedule
    slippage_ticks: int
    latency_s: float

    @property
    def source_name(self) -> str:
        """Tells whether a remembered position belongs to the same market."""
        return f"file:{self.file}" if self.source == "file" else self.source


def read_config(connection_id: ConnectionId, settings: Mapping[str, Any]) -> PaperConfig:
    """From checked settings; what is missing has its default. Raises UserError."""
    value = {field.name: settings.get(field.name, field.default) for field in FIELDS}
    if value["source"] == "file" and not value["file"]:
        raise UserError(
            f'connection {connection_id!r}: source is "file" and no file is named;'
            ' set file, or source = "replay" for the sample that comes with Moorgate'
        )
    zone = str(value["file_timezone"])
    try:
        zoneinfo.ZoneInfo(zone)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise UserError(
            f"connection {connection_id!r}: file_timezone {zone!r} is no time zone; allowed: UTC"
            " or a name such as America/New_York"
        ) from None
    model = str(value["fee_model"])
    rate = value["fee_percent"] if model == "percent" else value["fee_per_share"]
    minimum = Decimal(str(value["fee_minimum"])) if model == "per_share" else Decimal(0)
    rule = FeeRule(model, Decimal(str(rate)), minimum)
    return PaperConfig(
        connection_id=connection_id,
        source=str(value["source"]),
        file=Path(str(value["file"])).expanduser() if value["file"] else None,
        file_zone=zone,
        speed=float(value["speed"]),
        skip_gaps=bool(value["skip_gaps"]),
        loop=bool(value["loop"]),
        seed=int(value["seed"]),
        instruments=int(value["instruments"]),
        quotes_per_second=float(value["quotes_per_second"]),
        initial_cash=Decimal(str(value["initial_cash"])),
        currency=str(value["currency"]).strip().upper(),
        is_margin=value["account_type"] == "margin",
        allow_short=bool(value["allow_short"]),
        fees=FeeSchedule(rule, parse_overrides(value["fee_overrides"])),
        slippage_ticks=int(value["slippage_ticks"]),
        latency_s=float(value["latency_ms"]) / 1000.0,
    )
