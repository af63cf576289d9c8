"""New terms for an order that were written in a form: asked about wherever they may raise risk."""

from __future__ import annotations

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.dry_run import PREFIX
from app.commands.exits import tell
from app.commands.sending import new_terms
from app.commands.stops import is_exit, is_looser
from app.commands.ticket import describe
from app.domain.ids import ClientOrderId
from app.domain.order import Order, changed_request
from app.domain.reports import Severity
from app.domain.request import OrderChange
from app.domain.verdict import Verdict

_AS_IT_IS = OrderChange()


def only_lowers(context: CommandContext, order: Order, wanted: OrderChange) -> bool:
    """Whether new terms can only lower the risk: an exit that stays one, whose stop is no looser
    and protects no less, or less of an entry at the same prices.
    """
    is_less = wanted.quantity is not None and wanted.quantity < order.quantity
    is_stop = order.stop_price is not None or order.request.order_type.value.startswith("trail")
    if is_looser(order, wanted) or (is_less and is_stop):
        return False
    is_only_less = is_less and wanted == OrderChange(quantity=wanted.quantity)
    return is_only_less or is_exit(context, order, wanted)


async def change_from_form(
    context: CommandContext, own_id: ClientOrderId, wanted: OrderChange
) -> None:
    """Carry out what a form asks for, and tell. Where the settings say so, and wherever it may
    raise the risk while nothing is armed, the trader is asked first.
    """
    order = context.engine.orders.book.get(own_id)
    if order is None or await _may_change(context, order, wanted):
        tell(context, "Change", [await change_by_hand(context, own_id, wanted)], "")


async def change_by_hand(
    context: CommandContext, own_id: ClientOrderId, wanted: OrderChange
) -> Verdict:
    """Send new terms, which needs no armed keys; in a dry run only those that lower the risk."""
    orders = context.engine.orders
    order = orders.book.get(own_id)
    if order is not None and context.dry_run.is_on and not only_lowers(context, order, wanted):
        return Verdict(True, f"{PREFIX}: would change {new_terms(order, wanted)}", order)
    return await orders.modify(own_id, wanted)


async def _may_change(context: CommandContext, order: Order, wanted: OrderChange) -> bool:
    may_raise = not (context.dry_run.is_on or only_lowers(context, order, wanted))
    is_risky = may_raise and not context.arming.is_armed
    if not is_risky and not context.engine.settings.trading.confirm_changes:
        return True
    title = f"Change {order.request.instrument.symbol} Order"
    now, then = changed_request(order, _AS_IT_IS), changed_request(order, wanted)
    lines = [f"Now: {describe(now)}", f"Then: {describe(then)}"]
    question = f"Change this order in {order.request.account_id}?"
    if is_risky:
        question += " It may raise the risk, and trading is not armed."
    where = [order.request.connection_id]
    if not await context.shell.confirm(
        title, question, lines, "Change", where=where, opens=may_raise
    ):
        context.notify(Severity.INFO, f"{title}: called off, nothing was sent")
        return False
    after = context.engine.orders.book.get(order.client_order_id)
    if after is None or changed_request(after, wanted) != then:
        raise UserError(f"{title}: it was changed while you were asked. Nothing was sent, ask anew")
    return True
