"""Price keys: the staged order, else the focused order, else the ticket, by ticks."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.exits import tell
from app.commands.order_focus import focused, say_gone
from app.commands.price_steps import step_command, trades_at, waits_at
from app.commands.quotes import quote_max_age_s
from app.commands.sending import change, require_armed
from app.commands.stops import is_exit
from app.commands.ticket import plain_price
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_types import OrderType
from app.domain.reports import Severity
from app.domain.request import OrderChange
from app.domain.verdict import Verdict

_BY_FORM = "Change Order takes any price"


def step_price(context: CommandContext, ticks: int) -> Coroutine[Any, Any, None] | None:
    """Move the limit price by so many ticks, up if positive; nothing, once, where the order that
    was moved before has ended meanwhile.
    """
    if context.staging.is_in(context):
        context.staging.nudge(ticks)
    elif (order := focused(context)) is not None:
        return move_limit(context, order, ticks)
    else:
        say_gone(context, "Once more moves the ticket's price")
        step_ticket(context, ticks)
    return None


def move_limit(context: CommandContext, order: Order, ticks: int) -> Coroutine[Any, Any, None]:
    """Ask for another limit price, which never trades at once: it stops a tick short of the market.

    Raises UserError where there is none to move, or nothing is armed. Of an exit it needs no
    arming: it can only make the position smaller.
    """
    request, limit = order.request, order.limit_price
    if limit is None or request.order_type is not OrderType.LIMIT:
        kind = request.order_type.value.replace("_", " ")
        raise UserError(f"the focused order is a {kind} order: Alt+PgUp and Alt+PgDown move stops")
    wanted = limit + ticks * request.instrument.tick_size
    if wanted <= 0:
        raise UserError(f"the price would be {plain_price(request, wanted)}: it stays")
    is_way_out = is_exit(context, order)
    if not is_way_out:
        require_armed(context)
    is_closer = (wanted - limit) * request.side.sign > 0
    how = f"to trade now use {'Close Position or ' if is_way_out else ''}Change Order"
    price = _short_of_market(context, order, limit, wanted, how) if is_closer else wanted
    note = "" if price == wanted else f"; it stopped short of the market, {how}"
    asked = change(context, order, OrderChange(limit_price=price), is_way_out=is_way_out)
    return _tell_moved(context, asked, note)


async def _tell_moved(context: CommandContext, asked: Awaitable[Verdict], note: str) -> None:
    verdict = await asked
    text = verdict.text + (note if verdict.ok else "")
    tell(context, "Change", [replace(verdict, text=text)], "")


def _short_of_market(
    context: CommandContext, order: Order, limit: Decimal, wanted: Decimal, how: str
) -> Decimal:
    """`wanted`, or the last tick before the market that this connection tells. Raises UserError
    where the order stands there already, with `how` to trade instead, and where nobody knows the
    market now.
    """
    request, instrument = order.request, order.request.instrument
    key, feed = (request.connection_id, instrument.key), context.engine.market
    age_s, most_s = feed.age_s(key), quote_max_age_s(context)
    is_fresh = age_s is not None and (most_s is None or age_s <= most_s)
    market = trades_at(feed.quote(key), request.side) if is_fresh else None
    if market is None:
        raise UserError(
            f"{instrument.symbol} has no fresh price now, so nobody knows whether"
            f" {plain_price(request, wanted)} would trade at once: it stays. {_BY_FORM}"
        )
    sign = request.side.sign
    last = instrument.round_price(market, up=sign > 0) - sign * instrument.tick_size
    price = min(wanted, last) if sign > 0 else max(wanted, last)
    if (price - limit) * sign <= 0:
        raise UserError(
            f"the market is at {plain_price(request, market)}: at {plain_price(request, wanted)} it"
            f" would trade at once. It stays; {how}"
        )
    return price


def step_ticket(context: CommandContext, ticks: int) -> None:
    """Move the price in the ticket, which begins at the market where the field is empty."""
    instrument = context.selection.instrument
    if instrument is None:
        raise UserError("no instrument is chosen: pick one in the watchlist or press Ctrl+K")
    draft = context.draft
    if draft.order_type is OrderType.TRAILING_STOP:
        raise UserError("a trailing stop follows the market: it takes no price")
    if draft.order_type is OrderType.STOP:
        stop = _ticket_price(context, draft.stop_price, ticks, instrument)
        context.fill_ticket(replace(draft, stop_price=stop))
        context.notify(Severity.INFO, f"Ticket: stop price {stop:f}")
        return
    own = draft.limit_price if draft.order_type.has_limit else None
    price = _ticket_price(context, own, ticks, instrument)
    kind = OrderType.LIMIT if draft.order_type is OrderType.MARKET else draft.order_type
    context.fill_ticket(replace(draft, order_type=kind, limit_price=price))
    context.notify(Severity.INFO, f"Ticket: limit price {price:f}")


def _ticket_price(
    context: CommandContext, own: Decimal | None, ticks: int, instrument: Instrument
) -> Decimal:
    """So many ticks on, or where such an order waits: a limit on its own side, a stop on the
    other.
    """
    if own is None:
        draft, key = context.draft, context.selection.market_key
        quote = None if key is None else context.engine.market.quote(key)
        is_stop = draft.order_type is OrderType.STOP
        market = waits_at(quote, draft.side.opposite if is_stop else draft.side)
        if market is None:
            raise UserError(f"{instrument.symbol} has no quote now: type the price in the ticket")
        return instrument.round_price(market)
    price = own + ticks * instrument.tick_size
    if price <= 0:
        raise UserError(f"the price would be {price:f}: it stays")
    return price


_HELP = (
    "Move the price of the staged or focused order, else of the ticket, by %s; a working order"
    " stops short of the market, and changing an entry needs armed keys"
)

COMMANDS = tuple(
    step_command(f"trading.{name}", title, step_price, sign, key, is_far=is_far, help_text=_HELP)
    for name, title, sign, key, is_far in (
        ("raise_price", "Price Up", +1, "Ctrl+Up", False),
        ("lower_price", "Price Down", -1, "Ctrl+Down", False),
        ("raise_price_far", "Price Up by a Step", +1, "Ctrl+PgUp", True),
        ("lower_price_far", "Price Down by a Step", -1, "Ctrl+PgDown", True),
    )
)
