"""A target and a stop around the position that is held, by one key."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Sequence
from decimal import Decimal
from typing import Any

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.exits import chosen
from app.commands.registry import Command
from app.commands.ticket import describe
from app.domain.capabilities import Capabilities
from app.domain.events import PositionView
from app.domain.groups import oco
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Origin, Side, TimeInForce
from app.domain.reports import Severity
from app.domain.request import OrderRequest

_FAILED = (OrderStatus.DENIED, OrderStatus.REJECTED, OrderStatus.UNKNOWN)
# The day first: an exit that outlives its position would open the other side.
_PREFERRED = (TimeInForce.DAY, TimeInForce.GTC)


def bracket_requests(
    view: PositionView,
    orders: Sequence[Order],
    can: Capabilities,
    stop_ticks: int,
    target_ticks: int,
) -> list[OrderRequest]:
    """Target and stop for the whole position, each of which cancels the other.

    `orders` are the open ones of the same account and instrument, the ticks are counted from the
    average price. Raises UserError where the position is not sure, has exits already, or where
    one of the two would trade at once.
    """
    instrument, held = view.instrument, view.quantity
    if not view.is_verified:
        raise UserError("the broker has not confirmed this position: wait for the connection")
    if view.average_price is None:
        raise UserError("the average price of the position is not known")
    side = Side.SELL if held > 0 else Side.BUY
    if any(order.request.side is side for order in orders):
        raise UserError("orders that would close it are open already: change or cancel those")
    if not can.oco:
        raise UserError("this connection has no orders that cancel one another")
    is_long = held > 0
    sign = 1 if is_long else -1
    stop = instrument.round_price(
        view.average_price - sign * stop_ticks * instrument.tick_size, up=is_long
    )
    target = instrument.round_price(
        view.average_price + sign * target_ticks * instrument.tick_size, up=is_long
    )
    if view.mark is None:
        raise UserError(f"no price of {instrument.symbol} is known now")
    if not (stop - view.mark) * sign < 0 < (target - view.mark) * sign:
        raise UserError(
            f"the market ({view.mark:f}) is not between stop ({stop:f}) and target ({target:f}):"
            " one of them would trade at once"
        )
    quantity = instrument.round_quantity(abs(held))
    first = _exit(view, side, quantity, OrderType.LIMIT, target, can)
    return oco(first, _exit(view, side, quantity, OrderType.STOP, stop, can))


def _exit(
    view: PositionView,
    side: Side,
    quantity: Decimal,
    kind: OrderType,
    price: Decimal,
    can: Capabilities,
) -> OrderRequest:
    asset = view.instrument.asset_class
    tif = next((t for t in _PREFERRED if can.allows(asset, kind, t)), None)
    if tif is None:
        raise UserError(f"this connection takes no {kind.value} orders in {view.instrument.symbol}")
    return OrderRequest(
        connection_id=view.connection_id,
        account_id=view.account_id,
        instrument=view.instrument,
        side=side,
        order_type=kind,
        quantity=quantity,
        limit_price=price if kind is OrderType.LIMIT else None,
        stop_price=price if kind is OrderType.STOP else None,
        time_in_force=tif,
        reduce_only=True,
        origin=Origin.HOTKEY,
    )


def bracket_position(context: CommandContext) -> Coroutine[Any, Any, None]:
    """Make both at once and send them; what became of them is said in one sentence."""
    place = connection_id, account_id, instrument = chosen(context.selection)
    engine, trading = context.engine, context.engine.settings.trading
    view = engine.portfolio.position(connection_id, account_id, instrument.key)
    if view is None or not view.quantity:
        raise UserError(f"there is no position in {instrument.symbol}")
    orders = [
        order
        for order in engine.orders.book.open_orders()
        if (order.request.connection_id, order.request.account_id, order.request.instrument.key)
        == (*place[:2], instrument.key)
    ]
    requests = bracket_requests(
        view,
        orders,
        engine.connections.capabilities(connection_id),
        trading.risk_stop_ticks,
        trading.target_ticks,
    )
    asked = engine.orders.submit(requests)
    engine.orders.let_leave()
    return _tell_sent(context, instrument.symbol, asked)


async def _tell_sent(context: CommandContext, symbol: str, asked: Awaitable[list[Order]]) -> None:
    sent = await asked
    failed = [order for order in sent if order.status in _FAILED]
    for order in failed:
        text = f"{describe(order.request)} is {order.status.words}: {order.reason}"
        context.notify(Severity.ERROR, f"Bracket {symbol}: {text}")
    if not failed:
        both = " and ".join(describe(order.request) for order in sent)
        context.notify(Severity.INFO, f"Bracket {symbol}: {both}")


def _has_position(context: CommandContext) -> str | None:
    selection = context.selection
    if None in (selection.connection_id, selection.account_id, selection.instrument):
        return "no account or instrument is chosen"
    connection_id, account_id, instrument = chosen(selection)
    view = context.engine.portfolio.position(connection_id, account_id, instrument.key)
    if view is None or not view.quantity:
        return f"there is no position in {instrument.symbol}"
    return context.engine.connections.is_trading_open(connection_id)


COMMANDS = (
    Command(
        "trading.bracket_position",
        "Bracket Position",
        bracket_position,
        _has_position,
        menu="Trade",
        section=3,
        default_key="Ctrl+Alt+P",
        help="A target and a stop around the position, of which one cancels the other",
    ),
)
