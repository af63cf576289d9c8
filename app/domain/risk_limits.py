"""The limits a trader sets, globally and per connection. None switches a limit off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeVar


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


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the risk gate let something not through: the rule, what it allows and what was found.

    `reason` is a whole sentence for the trader; `limit` and `actual` are its two figures in words.
    """

    rule: str
    reason: str
    limit: str = ""
    actual: str = ""


N = TypeVar("N", int, float, Decimal)


def strictest(limits: Sequence[RiskLimits]) -> RiskLimits:
    """The lowest of every limit that is on, and everything that anybody banned."""
    return RiskLimits(
        max_order_quantity=_least(one.max_order_quantity for one in limits),
        max_order_value=_least(one.max_order_value for one in limits),
        price_collar_percent=_least(one.price_collar_percent for one in limits),
        quote_max_age_s=_least(one.quote_max_age_s for one in limits),
        max_position_quantity=_least(one.max_position_quantity for one in limits),
        max_position_value=_least(one.max_position_value for one in limits),
        max_open_orders=_least(one.max_open_orders for one in limits),
        max_daily_loss=_least(one.max_daily_loss for one in limits),
        max_orders_per_minute=_least(one.max_orders_per_minute for one in limits),
        # The longer window is the stricter one.
        duplicate_window_s=max(
            (one.duplicate_window_s for one in limits if one.duplicate_window_s is not None),
            default=None,
        ),
        banned=tuple(sorted({symbol.upper() for one in limits for symbol in one.banned})),
    )


def _least(values: Iterable[N | None]) -> N | None:
    return min((value for value in values if value is not None), default=None)
