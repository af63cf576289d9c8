"""The order that price keys and Cancel Focused act on: one of the chosen account's open ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.exits import tell
from app.commands.registry import Command
from app.commands.ticket import describe
from app.commands.trade_menu import MENU, ORDER, needs_account, way_out
from app.domain.ids import ClientOrderId
from app.domain.order import Order, changed_request
from app.domain.order_types import OrderType
from app.domain.reports import Severity
from app.domain.request import OrderChange
from app.domain.verdict import Verdict


class OrderFocus:
    """Remembers one order by its own id; one for the program. GUI thread."""

    def __init__(self) -> None:
        self._own_id: ClientOrderId | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def own_id(self) -> ClientOrderId | None:
        """The order that was focused last, be it open or not."""
        return self._own_id

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener()` at every change."""
        self._listeners.append(listener)

    def set(self, own_id: ClientOrderId | None) -> None:
        """Focus another order, or none."""
        if own_id != self._own_id:
            self._own_id = own_id
            for listener in tuple(self._listeners):
                listener()


def candidates(context: CommandContext) -> list[Order]:
    """The open orders of the chosen account, oldest first."""
    place = (context.selection.connection_id, context.selection.account_id)
    return [
        order
        for order in context.engine.orders.book.open_orders()
        if (order.request.connection_id, order.request.account_id) == place
    ]


def focused(context: CommandContext) -> Order | None:
    """The focused order while it is open and of the chosen account, else None."""
    order = context.engine.orders.book.get(context.order_focus.own_id)
    if order is None or not order.status.is_open:
        return None
    place = (context.selection.connection_id, context.selection.account_id)
    is_here = (order.request.connection_id, order.request.account_id) == place
    return order if is_here else None


def say_gone(
    context: CommandContext, what_next: str, *, of: Collection[OrderType] = tuple(OrderType)
) -> None:
    """Raises UserError, once, where the order that was focused has ended: the next key may be
    meant for it, and must do nothing else instead. `of` are the types that matter.
    """
    order = context.engine.orders.book.get(context.order_focus.own_id)
    if order is None or not order.status.is_closed or order.request.order_type not in of:
        return
    place = (context.selection.connection_id, context.selection.account_id)
    if (order.request.connection_id, order.request.account_id) != place:
        return
    context.order_focus.set(None)
    raise UserError(
        f"nothing was moved: the focused order is gone ({describe(order.request)},"
        f" {order.status.words}). {what_next}"
    )


def terms(order: Order) -> str:
    """What is still open of an order, with its present prices."""
    now = changed_request(order, OrderChange(quantity=order.leaves_quantity))
    return describe(now)


def focus_next(context: CommandContext, step: int) -> None:
    """Focus the next (+1) or previous (-1) open order of the account and show it everywhere."""
    orders = candidates(context)
    if not orders:
        raise UserError("no order is open in this account")
    now = focused(context)
    at = orders.index(now) + step if now in orders else _first(orders, context, step)
    order = orders[at % len(orders)]
    context.order_focus.set(order.client_order_id)
    context.show_order(order)
    number = f"{at % len(orders) + 1} of {len(orders)}"
    context.notify(Severity.INFO, f"Order {number}: {terms(order)}, {order.status.words}")


def _first(orders: list[Order], context: CommandContext, step: int) -> int:
    """Begin with the chosen instrument's own orders, where there are some."""
    instrument = context.selection.instrument
    key = None if instrument is None else instrument.key
    own = [at for at, order in enumerate(orders) if order.request.instrument.key == key]
    places = own or range(len(orders))
    return places[0] if step > 0 else places[-1]


def cancel_focused(context: CommandContext) -> Coroutine[Any, Any, None]:
    """Cancel the order that is focused now."""
    order = focused(context)
    if order is None:
        raise UserError("no order is focused: F3 goes through the open ones, or click its row")
    asked = context.engine.orders.cancel(order.client_order_id)
    context.engine.orders.let_leave()
    return _tell_canceled(context, order, asked)


async def _tell_canceled(context: CommandContext, order: Order, asked: Awaitable[Verdict]) -> None:
    tell(context, f"Cancel {terms(order)}", [await asked], "")


def _focus(command_id: str, title: str, step: int, key: str, hint: str) -> Command:
    return Command(
        command_id,
        title,
        lambda context: focus_next(context, step),
        needs_account,
        menu=MENU,
        section=ORDER,
        default_key=key,
        help=hint,
    )


COMMANDS = (
    _focus(
        "trading.focus_next_order",
        "Next Order",
        +1,
        "F3",
        "Go to the next open order of the account: the price keys then move it",
    ),
    _focus(
        "trading.focus_previous_order",
        "Previous Order",
        -1,
        "Shift+F3",
        "Go to the previous open order of the account",
    ),
    way_out(
        "trading.cancel_focused_order",
        "Cancel Focused Order",
        cancel_focused,
        "F4",
        "Cancel the order that Next Order or a click has chosen",
        section=ORDER,
        available=needs_account,
    ),
)
