"""Ways out: cancels, closes and stops to breakeven. None of them needs armed keys."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from app.base.errors import UserError
from app.commands.context import CommandContext, Selection
from app.commands.ticket import plain_price
from app.domain.events import PositionView
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_types import OrderType, Side
from app.domain.reports import Severity
from app.domain.request import OrderChange
from app.domain.verdict import Verdict

Target = tuple[ConnectionId, AccountId, Instrument]


def chosen(selection: Selection) -> Target:
    """Connection, account and instrument of the selection. Raises UserError if one is missing."""
    if selection.connection_id is None or selection.account_id is None:
        raise UserError("no account is chosen: choose one in the ticket or connect first")
    if selection.instrument is None:
        raise UserError("no instrument is chosen: pick one in the watchlist or press Ctrl+K")
    return selection.connection_id, selection.account_id, selection.instrument


def tell(context: CommandContext, title: str, verdicts: Sequence[Verdict], nothing: str) -> None:
    """The verdicts in one sentence; what failed is named, one by one."""
    failed = [verdict.text for verdict in verdicts if not verdict.ok]
    if failed:
        done = (
            f"{len(verdicts) - len(failed)} of {len(verdicts)} done; " if len(verdicts) > 1 else ""
        )
        context.notify(Severity.ERROR, f"{title}: {done}{'; '.join(failed)}")
    elif len(verdicts) == 1:
        context.notify(Severity.INFO, f"{title}: {verdicts[0].text}")
    elif verdicts:
        context.notify(Severity.INFO, f"{title}: {len(verdicts)} on their way")
    else:
        context.notify(Severity.INFO, f"{title}: {nothing}")


async def cancel_side(context: CommandContext, side: Side) -> None:
    """Cancel the working orders of one side in the selected instrument and account."""
    connection_id, account_id, instrument = chosen(context.selection)
    verdicts = await context.engine.orders.cancel_many(
        connection_id=connection_id,
        account_id=account_id,
        instrument_key=instrument.key,
        side=side,
    )
    name = "Cancel Bids" if side is Side.BUY else "Cancel Asks"
    tell(context, f"{name} {instrument.symbol}", verdicts, "no such order is open")


async def cancel_symbol(context: CommandContext) -> None:
    """Cancel every order in the selected instrument and account."""
    connection_id, account_id, instrument = chosen(context.selection)
    verdicts = await context.engine.orders.cancel_many(
        connection_id=connection_id, account_id=account_id, instrument_key=instrument.key
    )
    tell(context, f"Cancel All {instrument.symbol}", verdicts, "no order is open")


async def cancel_account(context: CommandContext) -> None:
    """Cancel every order of the selected account."""
    selection = context.selection
    if selection.connection_id is None or selection.account_id is None:
        raise UserError("no account is chosen: choose one in the ticket or connect first")
    verdicts = await context.engine.orders.cancel_many(
        connection_id=selection.connection_id, account_id=selection.account_id
    )
    tell(context, f"Cancel All in {selection.account_id}", verdicts, "no order is open")


async def cancel_everything(context: CommandContext) -> None:
    """Cancel every order of every account at every connection."""
    verdicts = await context.engine.orders.cancel_many()
    tell(context, "Cancel Everything", verdicts, "no order is open anywhere")


async def cancel_at_broker(context: CommandContext) -> None:
    """Cancel every order of the selected login, of other programs too, after asking once."""
    connection_id = context.selection.connection_id
    if connection_id is None:
        raise UserError("no connection is chosen: choose an account in the ticket")
    title = "Cancel Everything at the Broker"
    book = context.engine.orders.book
    lines = [order_line(o) for o in book.open_orders() if o.request.connection_id == connection_id]
    question = (
        f"Cancel every order of the login behind {connection_id}, also those typed into the"
        " broker's own program or sent by other programs? They cannot be brought back."
    )
    if not await context.shell.confirm(title, question, lines, title):
        context.notify(Severity.INFO, f"{title}: called off, nothing was sent")
        return
    tell(context, title, [await context.engine.orders.cancel_at_broker(connection_id)], "")


async def close_position(context: CommandContext, fraction: Decimal = Decimal(1)) -> None:
    """Close the selected position, or a part of it, at the market."""
    connection_id, account_id, instrument = chosen(context.selection)
    is_sure = await _sure_of_doubtful(context, "Close Position")
    if is_sure is None:
        return
    verdicts = await context.engine.exits.close_position(
        connection_id, account_id, instrument.key, fraction, unverified_ok=is_sure
    )
    tell(context, f"Close {instrument.symbol}", verdicts, "there is no position")


async def flatten(context: CommandContext) -> None:
    """Cancel what works in the selected instrument, then close its position."""
    connection_id, account_id, instrument = chosen(context.selection)
    is_sure = await _sure_of_doubtful(context, "Flatten")
    if is_sure is None:
        return
    verdicts = await context.engine.exits.flatten(
        connection_id, account_id, instrument.key, unverified_ok=is_sure
    )
    tell(context, f"Flatten {instrument.symbol}", verdicts, "nothing is open")


async def reverse(context: CommandContext) -> None:
    """From long to short of the same size, or back."""
    connection_id, account_id, instrument = chosen(context.selection)
    verdicts = await context.engine.exits.reverse(connection_id, account_id, instrument.key)
    tell(context, f"Reverse {instrument.symbol}", verdicts, "there is no position")


async def flatten_everything(context: CommandContext) -> None:
    """Cancel and close everything everywhere, after asking once with the list."""
    lines = open_lines(context)
    if not lines:
        context.notify(Severity.INFO, "Flatten Everything: nothing is open anywhere")
        return
    question = "Cancel every working order and close every position at the market?"
    doubtful = [v for v in context.engine.portfolio.positions() if v.quantity and not v.is_verified]
    if doubtful:
        question += " Positions that are not verified are closed as far as they are known."
    if not await context.shell.confirm("Flatten Everything", question, lines, "Flatten Everything"):
        context.notify(Severity.INFO, "Flatten Everything: called off, nothing was sent")
        return
    verdicts = await context.engine.exits.flatten_everything(unverified_ok=bool(doubtful))
    tell(context, "Flatten Everything", verdicts, "nothing was open")


async def _sure_of_doubtful(context: CommandContext, title: str) -> bool | None:
    """False for a verified position, True when the trader wants a doubtful one closed, else None.

    Closing what a broker has not confirmed may open the other side, so it takes a word of its own.
    """
    connection_id, account_id, instrument = chosen(context.selection)
    view = context.engine.portfolio.position(connection_id, account_id, instrument.key)
    if view is None or not view.quantity or view.is_verified:
        return False
    question = "The broker has not confirmed this position. Close what is known of it?"
    if await context.shell.confirm(title, question, [position_line(view)], title):
        return True
    context.notify(Severity.INFO, f"{title}: called off, nothing was sent")
    return None


def open_lines(context: CommandContext) -> list[str]:
    """Every open position and order in words, positions first."""
    lines = [position_line(view) for view in context.engine.portfolio.positions() if view.quantity]
    return lines + [order_line(order) for order in context.engine.orders.book.open_orders()]


def position_line(view: PositionView) -> str:
    """One open position in words; an unverified one says so."""
    side = "long" if view.quantity > 0 else "short"
    doubt = "" if view.is_verified else " (not verified with the broker)"
    where = f"{view.account_id} at {view.connection_id}"
    return f"Position: {side} {abs(view.quantity):f} {view.instrument.symbol}, {where}{doubt}"


def order_line(order: Order) -> str:
    """One open order in words."""
    request = order.request
    price = order.limit_price if order.limit_price is not None else order.stop_price
    kind = request.order_type.value.replace("_", " ")
    terms = kind if price is None else f"{kind} {plain_price(request, price)}"
    where = f"{request.account_id} at {request.connection_id}"
    return (
        f"Order: {request.side.value} {order.leaves_quantity:f} {request.instrument.symbol}"
        f" {terms}, {order.status.value}, {where}"
    )


async def move_stops_to_breakeven(context: CommandContext) -> None:
    """Pull the stops of the selected position to its average price; never loosen one."""
    connection_id, account_id, instrument = chosen(context.selection)
    engine = context.engine
    view = engine.portfolio.position(connection_id, account_id, instrument.key)
    if view is None or not view.quantity:
        raise UserError(f"there is no position in {instrument.symbol}")
    mine = [
        order
        for order in engine.orders.book.open_orders()
        if (order.request.connection_id, order.request.account_id) == (connection_id, account_id)
        and order.request.instrument.key == instrument.key
    ]
    changes = breakeven_changes(view, mine)
    verdicts = [await engine.orders.modify(o.client_order_id, change) for o, change in changes]
    tell(context, f"Breakeven {instrument.symbol}", verdicts, "the stops are there or better")


def breakeven_changes(
    view: PositionView, orders: Sequence[Order]
) -> list[tuple[Order, OrderChange]]:
    """New terms for the exit stops that stand worse than the average price.

    The price is rounded so that a fill at it loses nothing. A stop-limit keeps its distance.
    Raises UserError without an average price, without an exit stop, or when the market has
    already passed it: there a stop would fire at once.
    """
    if view.average_price is None:
        raise UserError("the average price of the position is not known")
    is_long = view.quantity > 0
    target = view.instrument.round_price(view.average_price, up=is_long)
    sign = 1 if is_long else -1
    if view.mark is not None and (view.mark - target) * sign <= 0:
        raise UserError(
            f"the market ({view.mark:f}) is not beyond breakeven ({target:f}):"
            " a stop there would fire at once"
        )
    exit_side = Side.SELL if is_long else Side.BUY
    stops = [
        order
        for order in orders
        if order.request.side is exit_side
        and order.request.order_type in (OrderType.STOP, OrderType.STOP_LIMIT)
        and order.stop_price is not None
    ]
    if not stops:
        raise UserError("the position has no stop order to move")
    return [
        (order, _moved(order, target))
        for order in stops
        if order.stop_price is not None and (target - order.stop_price) * sign > 0
    ]


def _moved(order: Order, target: Decimal) -> OrderChange:
    if order.limit_price is None or order.stop_price is None:
        return OrderChange(stop_price=target)
    return OrderChange(
        stop_price=target, limit_price=order.limit_price + (target - order.stop_price)
    )
