"""The limits a trader sets, globally and per connection. None switches a limit off."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


class TradingState(Enum):
    """The kill switch: everything, exits only, or nothing but cancels."""

    ACTIVE = "active"
    REDUCING = "reduce-only"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """One set of limits; the stricter of the global and the connection's own decides.

    Values and losses are in the instrument's currency; `banned` holds symbols in upper case.
    """

    max_order_quantity: Decimal | None = None
    max_order_value: Decimal | None = Decimal(250_000)
    price_collar_percent: Decimal | None = Decimal(5)
    quote_max_age_s: float | None = 10.0
    max_position_quantity: Decimal | None = None
    max_position_value: Decimal | None = None
    max_open_orders: int | None = 200
    max_daily_loss: Decimal | None = None
    max_orders_per_minute: int | None = 120
    duplicate_window_s: float | None = 1.0
    banned: tuple[str, ...] = ()
