"""What price keys and stop keys have in common: where an order trades, and their commands."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from app.commands.context import CommandContext
from app.commands.registry import Command
from app.commands.trade_menu import MENU, ORDER
from app.domain.market import Quote
from app.domain.order_types import Side

Step = Callable[[CommandContext, int], Coroutine[Any, Any, None] | None]


def trades_at(quote: Quote | None, side: Side) -> Decimal | None:
    """Where an order of that side would trade now: the ask for a buy, the bid for a sale, else the
    mark. None while nothing is known.
    """
    if quote is None:
        return None
    price = quote.ask if side is Side.BUY else quote.bid
    price = price if _is_price(price) else quote.mark
    return Decimal(repr(price)) if _is_price(price) else None


def waits_at(quote: Quote | None, side: Side) -> Decimal | None:
    """Where an order of that side waits: the bid for a buy, the ask for a sale; None if unknown."""
    if quote is None:
        return None
    price = quote.bid if side is Side.BUY else quote.ask
    return Decimal(repr(price)) if _is_price(price) else None


def step_command(
    command_id: str, title: str, step: Step, sign: int, key: str, *, is_far: bool, help_text: str
) -> Command:
    """A key that moves something by a tick, or by the larger price step; `%s` says which."""

    def run(context: CommandContext) -> Coroutine[Any, Any, None] | None:
        ticks = context.engine.settings.trading.price_step_ticks if is_far else 1
        return step(context, sign * ticks)

    return Command(
        command_id,
        title,
        run,
        menu=f"{MENU}/Prices",
        section=ORDER,
        default_key=key,
        help=help_text % ("the larger price step" if is_far else "a tick"),
    )


def _is_price(value: float) -> bool:
    return math.isfinite(value) and value > 0
