"""Price keys: the staged order, else the focused order, else the ticket, by ticks."""

from __future__ import annotations

import math
from collections.abc import Coroutine
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.dry_run import PREFIX
from app.commands.exits import tell
from app.commands.order_focus import focused
from app.commands.registry import Command
from app.commands.sending import change, new_terms
from app.commands.stops import is_exit, is_looser
from app.commands.ticket import TicketDraft, plain_price
from app.commands.trade_menu import MENU, ORDER
from app.domain.ids import ClientOrderId
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_types import OrderType, Side
from app.domain.reports import Severity
from app.domain.request import OrderChange
from app.domain.verdict import Verdict


def step_price(context: CommandContext, ticks: int) -> Coroutine[Any, Any, None] | None:
    """Move the limit price by so many ticks, up if positive."""
    if context.staging.is_in(context):
        context.staging.nudge(ticks)
    elif (order := focused(context)) is not None:
        return move_limit(context, order, ticks)
    else:
        step_ticket(context, ticks)
    return None


async def move_limit(context: CommandContext, order: Order, ticks: int) -> None:
    """Ask for another limit price. Raises UserError where there is none, or nothing is armed.

    Of an exit it needs no arming: at any price it can only make the position smaller.
    """
    if order.limit_price is None or order.request.order_type is not OrderType.LIMIT:
        kind = order.request.order_type.value.replace("_", " ")
        raise UserError(f"the focused order is a {kind} order: Alt+PgUp and Alt+PgDown move stops")
    price = order.limit_price + ticks * order.request.instrument.tick_size
    if price <= 0:
        raise UserError(f"the price would be {plain_price(order.request, price)}: it stays")
    verdict = await change(
        context, order, OrderChange(limit_price=price), is_way_out=is_exit(context, order)
    )
    tell(context, "Change", [verdict], "")


async def change_by_hand(
    context: CommandContext, own_id: ClientOrderId, wanted: OrderChange
) -> Verdict:
    """New terms from a form, which needs no armed keys; in a dry run only those of an exit
    that stays one, and stops no further away.
    """
    orders = context.engine.orders
    order = orders.book.get(own_id)
    if (
        order is not None
        and context.dry_run.is_on
        and (not is_exit(context, order, wanted) or is_looser(order, wanted))
    ):
        return Verdict(True, f"{PREFIX}: would change {new_terms(order, wanted)}", order)
    return await orders.modify(own_id, wanted)


def step_ticket(context: CommandContext, ticks: int) -> None:
    """Move the price in the ticket, which begins at the market where the field is empty."""
    instrument = context.selection.instrument
    if instrument is None:
        raise UserError("no instrument is chosen: pick one in the watchlist or press Ctrl+K")
    draft = context.draft
    if draft.order_type is OrderType.TRAILING_STOP:
        raise UserError("a trailing stop follows the market: it takes no price")
    if draft.order_type is OrderType.STOP:
        stop = _moved(draft.stop_price, _market(context, draft, instrument), ticks, instrument)
        context.fill_ticket(replace(draft, stop_price=stop))
        context.notify(Severity.INFO, f"Ticket: stop price {stop:f}")
        return
    own = draft.limit_price if draft.order_type.has_limit else None
    price = _moved(own, _market(context, draft, instrument), ticks, instrument)
    kind = OrderType.LIMIT if draft.order_type is OrderType.MARKET else draft.order_type
    context.fill_ticket(replace(draft, order_type=kind, limit_price=price))
    context.notify(Severity.INFO, f"Ticket: limit price {price:f}")


def _moved(
    own: Decimal | None, market: Decimal | None, ticks: int, instrument: Instrument
) -> Decimal:
    if own is None:
        if market is None:
            raise UserError(f"{instrument.symbol} has no quote now: type the price in the ticket")
        return market
    price = own + ticks * instrument.tick_size
    if price <= 0:
        raise UserError(f"the price would be {price:f}: it stays")
    return price


def _market(context: CommandContext, draft: TicketDraft, instrument: Instrument) -> Decimal | None:
    """Where such an order waits: a limit on its own side, a stop on the other."""
    key = context.selection.market_key
    quote = None if key is None else context.engine.market.quote(key)
    if quote is None:
        return None
    is_low = (draft.side is Side.BUY) is (draft.order_type is not OrderType.STOP)
    value = quote.bid if is_low else quote.ask
    if not math.isfinite(value) or value <= 0:
        return None
    return instrument.round_price(Decimal(repr(value)))


def _step(command_id: str, title: str, sign: int, key: str, *, is_far: bool) -> Command:
    def run(context: CommandContext) -> Coroutine[Any, Any, None] | None:
        steps = context.engine.settings.trading.price_step_ticks if is_far else 1
        return step_price(context, sign * steps)

    by = "the larger price step" if is_far else "a tick"
    return Command(
        command_id,
        title,
        run,
        menu=f"{MENU}/Prices",
        section=ORDER,
        default_key=key,
        help=f"Move the price of the staged or focused order, else of the ticket, by {by};"
        " changing an entry needs armed keys",
    )


COMMANDS = (
    _step("trading.raise_price", "Price Up", +1, "Ctrl+Up", is_far=False),
    _step("trading.lower_price", "Price Down", -1, "Ctrl+Down", is_far=False),
    _step("trading.raise_price_far", "Price Up by a Step", +1, "Ctrl+PgUp", is_far=True),
    _step("trading.lower_price_far", "Price Down by a Step", -1, "Ctrl+PgDown", is_far=True),
)
