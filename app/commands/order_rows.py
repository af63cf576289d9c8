"""What can be done with the orders selected in the Orders table. Canceling needs no armed keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from app.commands.context import CommandContext
from app.commands.exits import order_line, tell
from app.commands.registry import Command
from app.domain.order import Order
from app.domain.order_types import OrderStatus
from app.domain.reports import Severity

MENU = "Trade/Selected Orders"
_NONE_SELECTED = "select an order in the Orders table first"
WRITE_OFF = (
    "Write this order off? Moorgate then takes it for canceled and no longer counts it as open."
    " That is your word, not the broker's: do it only after you have seen in the broker's own"
    " program, or heard from the broker, that it is not working. Nothing is sent. A fill that"
    " turns up later is booked all the same, and if the broker lists the order as working, it"
    " comes back here as working."
)


def why_not_changed(context: CommandContext, order: Order) -> str:
    """Why an order cannot be changed now; empty when it can."""
    symbol = order.request.instrument.symbol
    connections, where = context.engine.connections, order.request.connection_id
    if order.status.is_closed:
        return f"The {symbol} order is {order.status.words}: it can't be changed any more"
    if order.status is OrderStatus.UNKNOWN:
        return f"Nobody knows what became of the {symbol} order: resolve it first"
    if order.status is OrderStatus.PENDING_CANCEL:
        return f"A cancel of the {symbol} order is on its way"
    if where not in connections.ids():
        return f"The connection {where} was removed: its orders can't be changed here"
    if not connections.capabilities(where).modify:
        return f"{where} cannot change orders: cancel it and enter anew"
    return ""


async def cancel_orders(
    context: CommandContext, orders: Sequence[Order], *, by_click: bool = False
) -> None:
    """Ask for the cancel of every open order among these.

    A click on several asks the trader first where the settings say; one is let go at once.
    """
    working = [order for order in orders if order.status.is_open]
    own_ids = [order.client_order_id for order in working]
    if not own_ids:
        context.notify(Severity.INFO, "Cancel: none of these orders is open")
        return
    is_asked = by_click and context.engine.settings.trading.confirm_close_by_click
    if len(working) > 1 and is_asked and not await _says_so(context, working):
        return
    service = context.engine.orders
    verdicts = await asyncio.gather(*(service.cancel(own_id) for own_id in own_ids))
    tell(context, "Cancel", verdicts, "")


async def _says_so(context: CommandContext, orders: Sequence[Order]) -> bool:
    title = f"Cancel {len(orders)} Orders"
    question = "Cancel these orders at the broker?"
    where = list(dict.fromkeys(order.request.connection_id for order in orders))
    lines = list(map(order_line, orders))
    if await context.shell.confirm(title, question, lines, title, where=where):
        return True
    context.notify(Severity.INFO, f"{title}: called off, nothing was sent")
    return False


async def ask_again(context: CommandContext, orders: Sequence[Order]) -> None:
    """Ask the broker what became of the Unknown ones among these."""
    unknown = [order for order in orders if order.status is OrderStatus.UNKNOWN]
    for order in unknown:
        verdict = await context.engine.orders.resolve(order.client_order_id)
        tell(context, f"Resolve {order.request.instrument.symbol}", [verdict], "")


async def write_off(context: CommandContext, order: Order, evidence: str = "") -> bool:
    """Take an Unknown order for dead on the trader's own word, after asking; whether it was done.

    `evidence` says how the trader knows; it is kept in the journal.
    """
    symbol, where = order.request.instrument.symbol, order.request.connection_id
    title = f"Write Off {symbol}"
    if not await context.shell.confirm(
        title, WRITE_OFF, [order_line(order)], "Write Off", where=[where]
    ):
        context.notify(Severity.INFO, f"{title}: called off, the order stays Unknown")
        return False
    word = evidence.strip() or "the trader says so and gave no reason"
    verdict = await context.engine.orders.write_off(order.client_order_id, word)
    tell(context, title, [verdict], "")
    return verdict.ok


def _selected(context: CommandContext) -> str | None:
    return None if context.shell.chosen_orders() else _NONE_SELECTED


def _one(context: CommandContext) -> str | None:
    orders = context.shell.chosen_orders()
    if not orders:
        return _NONE_SELECTED
    return None if len(orders) == 1 else "select one order only"


def _open(context: CommandContext) -> str | None:
    orders = context.shell.chosen_orders()
    if not orders:
        return _NONE_SELECTED
    return None if any(o.status.is_open for o in orders) else "none of these orders is open"


def _unknown(context: CommandContext) -> str | None:
    orders = context.shell.chosen_orders()
    if not orders:
        return _NONE_SELECTED
    is_unknown = any(order.status is OrderStatus.UNKNOWN for order in orders)
    return None if is_unknown else "none of these orders is Unknown"


def _one_unknown(context: CommandContext) -> str | None:
    return _one(context) or _unknown(context)


def _changeable(context: CommandContext) -> str | None:
    return _one(context) or why_not_changed(context, context.shell.chosen_orders()[0]) or None


def _show_detail(context: CommandContext) -> None:
    context.shell.show_order_detail(context.shell.chosen_orders()[0])


def _change(context: CommandContext) -> None:
    context.shell.change_order(context.shell.chosen_orders()[0])


COMMANDS: tuple[Command, ...] = (
    Command(
        "orders.show_detail",
        "Order Detail",
        _show_detail,
        _one,
        menu=MENU,
        default_key="Ctrl+I",
        by_label=True,
        help="Everything about the selected order: events, times, fills, numbers (Enter or"
        " double-click in the table; Esc closes it)",
    ),
    Command(
        "trading.change_selected_order",
        "Change Order…",
        _change,
        _changeable,
        menu=MENU,
        default_key="F2",
        help="New terms for the selected order",
    ),
    Command(
        "trading.cancel_selected_orders",
        "Cancel Selected Orders",
        lambda context: cancel_orders(context, context.shell.chosen_orders()),
        _open,
        works_while_typing=True,
        menu=MENU,
        default_key="Shift+F4",
        help="Cancel the orders selected in the Orders table (Del alone cancels nothing)",
    ),
    Command(
        "orders.ask_broker_again",
        "Ask the Broker Again",
        lambda context: ask_again(context, context.shell.chosen_orders()),
        _unknown,
        menu=MENU,
        section=1,
        help="Resolve: ask the broker what became of the selected Unknown orders",
    ),
    Command(
        "orders.write_off",
        "Write Off…",
        lambda context: write_off(context, context.shell.chosen_orders()[0]),
        _one_unknown,
        menu=MENU,
        section=1,
        help="Take an Unknown order for dead on your own word; asks first",
    ),
)
