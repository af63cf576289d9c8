"""What settings.toml says, as values, and what is needed of a broker to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.domain.risk_limits import RiskLimits
from app.domain.sizing import SizePreset, units

# A connection's own set begins with nothing: the global limits hold beside it.
NO_LIMITS = RiskLimits(
    max_order_value=None,
    price_collar_percent=None,
    quote_max_age_s=None,
    max_open_orders=None,
    max_orders_per_minute=None,
    duplicate_window_s=None,
)


@dataclass(frozen=True, slots=True)
class GeneralSettings:
    """[general]. `timezone` is "local" or an IANA name; `idle_disarm_minutes` is in minutes.

    `color_blind` makes the pair of up and down blue and orange; `up_color` = "red" swaps it.
    """

    theme: str = "dark"  # dark | light
    up_color: str = "green"  # green | red
    color_blind: bool = False
    ui_scale_percent: int = 100
    reduced_motion: str = "system"  # system | on | off
    timezone: str = "local"
    confirm_exit: bool = True
    idle_disarm_minutes: float = 15.0
    disarm_on_lock: bool = True
    profit_method: str = "fifo"  # fifo | average
    base_currency: str = "USD"

    @property
    def down_color(self) -> str:
        """The other one of the two."""
        return "red" if self.up_color == "green" else "green"


@dataclass(frozen=True, slots=True)
class TradingSettings:
    """[trading]. `default_quantity` in units; `answer_timeout_s`: how long an order may go
    unanswered. `risk_stop_ticks` is the distance of the stop that risk sizes are measured by where
    the ticket holds none, and with `target_ticks` of the one that brackets a position;
    `price_step_ticks` the larger step of the price keys.
    """

    default_quantity: Decimal = Decimal(1)
    size_presets: tuple[SizePreset, ...] = tuple(map(units, (1, 10, 50, 100, 500)))
    risk_stop_ticks: int = 20
    target_ticks: int = 40
    price_step_ticks: int = 5
    confirm_orders: bool = True
    confirm_close_by_click: bool = True
    confirm_changes: bool = False
    staged_orders: bool = False  # a trading key fills the ticket, Enter sends
    answer_timeout_s: float = 5.0


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """[notifications]. `volume_percent` holds for all sounds, `toast_s` for how long one stays."""

    toasts: bool = True
    toast_s: float = 8.0
    sounds: bool = True
    volume_percent: int = 60
    sound_on_fill: bool = True
    sound_on_reject: bool = True
    sound_on_disconnect: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole settings.toml, checked. `keys` holds the trader's overrides only, None = unbound."""

    general: GeneralSettings = field(default_factory=GeneralSettings)
    trading: TradingSettings = field(default_factory=TradingSettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)
    risk: RiskLimits = field(default_factory=RiskLimits)
    keys: Mapping[str, str | None] = field(default_factory=dict)
    connections: tuple[ConnectionConfig, ...] = ()
    connection_risk: Mapping[ConnectionId, RiskLimits] = field(default_factory=dict)


class FieldSchema(Protocol):
    """One setting of a broker; brokers.base.SettingField is one."""

    @property
    def name(self) -> str:
        """The key in [connection.settings]."""
        ...

    @property
    def kind(self) -> str:
        """One of text, int, float, bool, choice, path, decimal, list."""
        ...

    @property
    def default(self) -> Any:
        """What holds when the key is absent."""
        ...

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed words of a choice, or of a list's elements; empty for any."""
        ...

    @property
    def minimum(self) -> float | None:
        """The least a number may be."""
        ...

    @property
    def maximum(self) -> float | None:
        """The most a number may be."""
        ...

    @property
    def secret(self) -> bool:
        """Whether it belongs into the vault and never into the file."""
        ...


class BrokerSchema(Protocol):
    """What of a broker matters to its connections' settings; brokers.base.BrokerInfo is one."""

    @property
    def environments(self) -> tuple[str, ...]:
        """The words that `environment` may have."""
        ...

    @property
    def settings(self) -> Sequence[FieldSchema]:
        """Every field of [connection.settings]."""
        ...
