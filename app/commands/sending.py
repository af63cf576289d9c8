"""The one way of orders and changes from the keyboard and the ticket to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.dry_run import PREFIX, rehearse
from app.commands.registry import why_not_armed
from app.commands.ticket import became, is_told, plain_price
from app.domain.events import OrderChanged
from app.domain.order import Order, changed_request
from app.domain.order_types import OrderStatus
from app.domain.request import OrderChange, OrderRequest
from app.domain.verdict import Verdict

ANSWER_WITHIN_S = 5.0
_LOUD = (OrderStatus.DENIED, OrderStatus.REJECTED, OrderStatus.UNKNOWN)


def submit(
    context: CommandContext, requests: Sequence[OrderRequest]
) -> asyncio.Future[list[Order]]:
    """Send them through the gate now; in a dry run tell what would be sent and answer no order.

    When this returns they have left for the broker, unless the disk is slow.
    """
    if not context.dry_run.is_on:
        sent = context.engine.orders.submit(requests)
        context.engine.orders.let_leave()
        return sent
    rehearse(context, requests)
    nothing: asyncio.Future[list[Order]] = asyncio.get_running_loop().create_future()
    nothing.set_result([])
    return nothing


def send_and_tell(
    context: CommandContext, requests: Sequence[OrderRequest]
) -> Coroutine[Any, Any, None]:
    """Send them now, in the key press itself; the coroutine tells what became of each."""
    return _tell(context, submit(context, requests))


async def _tell(context: CommandContext, sent: Awaitable[list[Order]]) -> None:
    for order in await sent:
        if not is_told(order):
            context.notify(*became(order))
        if order.status is OrderStatus.PENDING_NEW:
            context.spawn(_tell_answer(order, context), "tell the broker's answer")


def change(
    context: CommandContext, order: Order, wanted: OrderChange, *, is_way_out: bool
) -> Coroutine[Any, Any, Verdict]:
    """Ask for new terms now, as `submit` does; the coroutine tells what became of that.

    Raises UserError where they may raise the risk and nothing is armed. `is_way_out` says that
    they can only lower it: then neither arming nor the dry run matters.
    """
    terms = new_terms(order, wanted)
    if not is_way_out:
        require_armed(context)
        if context.dry_run.is_on:
            return _changed(f"{PREFIX}: would change {terms}", order, None)
    asked = context.engine.orders.modify(order.client_order_id, wanted)
    context.engine.orders.let_leave()
    return _changed(terms, order, asked)


async def _changed(terms: str, order: Order, asked: Awaitable[Verdict] | None) -> Verdict:
    if asked is None:
        return Verdict(True, terms, order)
    verdict = await asked
    return Verdict(verdict.ok, f"{terms}: {verdict.text}", verdict.order)


def require_armed(context: CommandContext) -> None:
    """Raises UserError with the way to arm unless the keys are armed."""
    if (reason := why_not_armed(context)) is not None:
        raise UserError(reason)


def new_terms(order: Order, wanted: OrderChange) -> str:
    """An order with the prices that are asked for, as "SELL 100 INDA stop 44.90 limit 44.80"."""
    asked = changed_request(order, wanted)
    words = [asked.side.value.upper(), f"{order.leaves_quantity.normalize():f}"]
    words.append(asked.instrument.symbol)
    for name, price in (("stop", asked.stop_price), ("limit", asked.limit_price)):
        if price is not None:
            words += [name, plain_price(asked, price)]
    return " ".join(words)


async def _tell_answer(order: Order, context: CommandContext) -> None:
    """Replace "sent" on the status line by what the broker answers; its refusals are loud
    anyway, and of a silent broker the order's own watch tells.
    """
    answered = asyncio.Event()

    def heard(event: OrderChanged) -> None:
        if event.order.client_order_id == order.client_order_id:
            answered.set()

    stop = context.engine.bus.subscribe(OrderChanged, heard)
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            now = order
            while now.status is OrderStatus.PENDING_NEW:
                await answered.wait()
                answered.clear()
                now = context.engine.orders.order(order.client_order_id)
    except TimeoutError:
        return
    finally:
        stop()
    if now.status not in _LOUD:
        context.notify(*became(now))
