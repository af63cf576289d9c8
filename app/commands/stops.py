"""Moving stops by ticks: closer at any time, further away only with armed keys."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.exits import chosen, tell
from app.commands.order_focus import focused, say_gone
from app.commands.price_steps import step_command, trades_at
from app.commands.registry import Command
from app.commands.sending import change, require_armed
from app.commands.ticket import plain_price
from app.commands.trade_menu import EXIT, MENU, needs_instrument
from app.domain.events import PositionView
from app.domain.market import Quote
from app.domain.order import Order, changed_request
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderChange
from app.domain.verdict import Verdict

STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)
_AS_IT_IS = OrderChange()


@dataclass(frozen=True, slots=True)
class StopMove:
    """New terms for one stop; `is_way_out` says that they cannot raise the risk."""

    order: Order
    change: OrderChange
    is_way_out: bool


def move_stops(context: CommandContext, ticks: int) -> Coroutine[Any, Any, None]:
    """Move the stop that is focused now, else the exit stops of the chosen position; up if
    positive.
    """
    orders = _targets(context)
    symbol = orders[0].request.instrument.symbol
    moves = [_move(context, order, ticks) for order in orders]
    if not all(move.is_way_out for move in moves):
        require_armed(context)
    asked = [change(context, m.order, m.change, is_way_out=m.is_way_out) for m in moves]
    return _tell_moved(context, f"Move Stop {symbol}", asked, "")


async def _tell_moved(
    context: CommandContext, title: str, asked: Sequence[Awaitable[Verdict]], nothing: str
) -> None:
    tell(context, title, [await one for one in asked], nothing)


def moved_stop(order: Order, ticks: int, quote: Quote | None) -> OrderChange:
    """The terms after a move by so many ticks; a stop-limit keeps its distance.

    Raises UserError where the stop would touch the newest market that is known: it would fire at
    once. Without a quote nothing is known against it.
    """
    assert order.stop_price is not None  # see STOPS
    shift = ticks * order.request.instrument.tick_size
    stop = order.stop_price + shift
    moved, text = _at(order, stop), plain_price(order.request, stop)
    limit = moved.limit_price
    if stop <= 0 or (limit is not None and limit <= 0):
        raise UserError(f"the stop would be at {text}: it stays where it is")
    sign = order.request.side.sign
    market = trades_at(quote, order.request.side)
    if shift * sign < 0 and market is not None and (stop - market) * sign <= 0:
        raise UserError(
            f"the market is at {plain_price(order.request, market)}: a stop at {text} would fire"
            " at once. It stays; Close Position gets you out now"
        )
    return moved


def is_exit(context: CommandContext, order: Order, wanted: OrderChange = _AS_IT_IS) -> bool:
    """Whether all that is open of an order, with the terms `wanted`, is proved to make a position
    smaller, everything counted that works beside it, or waits for an entry that has its own.
    """
    asked = changed_request(order, wanted)
    if asked.reduce_only:
        return True  # the gate holds it to the position, at every change too
    parent = context.engine.orders.book.get(asked.parent_id)
    if (
        parent is not None
        and parent.status.is_open
        and not parent.fills
        and parent.request.side is not asked.side
    ):
        return asked.quantity <= parent.quantity
    rest = replace(asked, quantity=asked.quantity - order.cum_quantity)
    return context.engine.risk.only_reduces(rest)


def is_looser(order: Order, wanted: OrderChange) -> bool:
    """Whether a stop would be further from the market than it is, follow it at a longer distance,
    or leave its limit less room to trade in.
    """
    sign, asked = order.request.side.sign, changed_request(order, wanted)
    if order.stop_price is not None and asked.stop_price is not None:
        if (asked.stop_price - order.stop_price) * sign > 0:
            return True
        if order.limit_price is not None and asked.limit_price is not None:
            room = (order.limit_price - order.stop_price) * sign
            return (asked.limit_price - asked.stop_price) * sign < room
    trails = (order.trail_amount, asked.trail_amount), (order.trail_percent, asked.trail_percent)
    return any(then is not None and (now is None or then > now) for now, then in trails)


def _targets(context: CommandContext) -> Sequence[Order]:
    order = focused(context)
    if order is not None and _is_stop(order):
        return [order]
    say_gone(context, "Once more moves the stops of the position", of=STOPS)
    connection_id, account_id, instrument = chosen(context.selection)
    view = context.engine.portfolio.position(connection_id, account_id, instrument.key)
    if view is None or not view.quantity:
        raise UserError(
            f"there is no position in {instrument.symbol} and no stop is focused:"
            " F3 goes through the open orders"
        )
    side = Side.SELL if view.quantity > 0 else Side.BUY
    place = (connection_id, account_id, instrument.key)
    stops = [o for o in _of(context.engine.orders.book.open_orders(), place) if _is_stop(o)]
    exits = [order for order in stops if order.request.side is side]
    if not exits:
        raise UserError(f"the position in {instrument.symbol} has no stop order to move")
    return exits


def _of(orders: Iterable[Order], place: tuple[str, str, str]) -> list[Order]:
    return [
        order
        for order in orders
        if (order.request.connection_id, order.request.account_id, order.request.instrument.key)
        == place
    ]


def _is_stop(order: Order) -> bool:
    return order.request.order_type in STOPS and order.stop_price is not None


def _move(context: CommandContext, order: Order, ticks: int) -> StopMove:
    request = order.request
    quote = context.engine.market.quote((request.connection_id, request.instrument.key))
    is_closer = (ticks > 0) is (request.side is Side.SELL)
    is_way_out = is_closer and (is_exit(context, order) or _fits(context, order))
    return StopMove(order, moved_stop(order, ticks, quote), is_way_out)


def _fits(context: CommandContext, order: Order) -> bool:
    """Whether a stop alone closes no more than is held. A target beside it that is not known to
    cancel it must not keep anyone from pulling it closer.
    """
    request = order.request
    view = context.engine.portfolio.position(
        request.connection_id, request.account_id, request.instrument.key
    )
    if view is None or not view.quantity or not view.is_verified:
        return False
    is_other_side = (view.quantity > 0) is (request.side is Side.SELL)
    return is_other_side and order.leaves_quantity <= abs(view.quantity)


def move_stops_to_breakeven(context: CommandContext) -> Coroutine[Any, Any, None]:
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
    asked = [engine.orders.modify(order.client_order_id, change) for order, change in changes]
    engine.orders.let_leave()
    title = f"Breakeven {instrument.symbol}"
    return _tell_moved(context, title, asked, "the stops are there or better")


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
        (order, _at(order, target))
        for order in stops
        if order.stop_price is not None and (target - order.stop_price) * sign > 0
    ]


def _at(order: Order, stop: Decimal) -> OrderChange:
    """The stop at another price; a stop-limit keeps its distance."""
    if order.limit_price is None or order.stop_price is None:
        return OrderChange(stop_price=stop)
    return OrderChange(stop_price=stop, limit_price=order.limit_price + (stop - order.stop_price))


_HELP = (
    "Move the focused stop, else the position's stops, by %s;"
    " closer at any time, further away only when armed"
)

COMMANDS = (
    Command(
        "trading.move_stops_to_breakeven",
        "Breakeven",
        move_stops_to_breakeven,
        needs_instrument,
        menu=MENU,
        section=EXIT,
        default_key="Ctrl+Alt+V",
        help="Pull the stops of the position to its average price; never loosens one",
    ),
    *(
        step_command(f"trading.{name}", title, move_stops, sign, key, is_far=far, help_text=_HELP)
        for name, title, sign, key, far in (
            ("raise_stop", "Stop Up", +1, "Alt+PgUp", False),
            ("lower_stop", "Stop Down", -1, "Alt+PgDown", False),
            ("raise_stop_far", "Stop Up by a Step", +1, "Alt+Shift+PgUp", True),
            ("lower_stop_far", "Stop Down by a Step", -1, "Alt+Shift+PgDown", True),
        )
    ),
)
