"""Orders that a key sends: built from the selection, the size and a fresh quote, never a guess."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from app.base.errors import UserError
from app.commands.context import CommandContext, Selection
from app.commands.ticket import became, is_told
from app.domain.capabilities import Capabilities
from app.domain.events import OrderChanged
from app.domain.instrument import Instrument
from app.domain.market import Quote
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Origin, Side, TimeInForce
from app.domain.request import OrderRequest


class Peg(Enum):
    """Which side of the quote gives the limit price."""

    BID = "bid"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a key means: a side, and for limit orders the side of the quote it is priced at."""

    side: Side
    peg: Peg | None = None  # None is a market order

    @property
    def order_type(self) -> OrderType:
        """Limit at the peg, market without one."""
        return OrderType.MARKET if self.peg is None else OrderType.LIMIT


ANSWER_WITHIN_S = 5.0
# Day first: an order that a key sent should not outlive the day where that can be had.
_PREFERRED = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC)


def entry_request(
    entry: Entry,
    selection: Selection,
    size: Decimal,
    quote: Quote | None,
    age_s: float | None,
    max_age_s: float | None,
    capabilities: Capabilities,
) -> OrderRequest:
    """The order that `entry` means now. Raises UserError with the reason where there is none.

    `age_s` is the age of `quote` on the monotonic clock, `max_age_s` the oldest that counts as
    fresh (None: any age). Market orders need a fresh quote too: it is what their risk is
    measured by.
    """
    instrument = selection.instrument
    if selection.connection_id is None or selection.account_id is None:
        raise UserError("no account is chosen: choose one in the ticket or connect first")
    if instrument is None:
        raise UserError("no instrument is chosen: pick one in the watchlist or press Ctrl+K")
    if size <= 0:
        raise UserError(f"the size is {size}: choose a size first")
    fresh = _fresh(instrument, quote, age_s, max_age_s)
    kind = entry.order_type
    tif = next(
        (t for t in _PREFERRED if capabilities.allows(instrument.asset_class, kind, t)), None
    )
    if tif is None:
        raise UserError(f"this connection takes no {kind.value} orders in {instrument.symbol}")
    return OrderRequest(
        connection_id=selection.connection_id,
        account_id=selection.account_id,
        instrument=instrument,
        side=entry.side,
        order_type=kind,
        quantity=size,
        limit_price=None if entry.peg is None else pegged_price(entry.peg, instrument, fresh),
        time_in_force=tif,
        origin=Origin.HOTKEY,
    )


def _fresh(
    instrument: Instrument, quote: Quote | None, age_s: float | None, max_age_s: float | None
) -> Quote:
    if quote is None or age_s is None:
        raise UserError(f"no quote for {instrument.symbol}: nothing was sent")
    if max_age_s is not None and age_s > max_age_s:
        raise UserError(
            f"the quote of {instrument.symbol} is {age_s:.0f} s old, {max_age_s:g} s are allowed:"
            " nothing was sent"
        )
    return quote


def pegged_price(peg: Peg, instrument: Instrument, quote: Quote) -> Decimal:
    """The bid or the ask on the tick grid; off-grid quotes round to the far side of the market.

    So a join never improves by accident, and a take still takes. Raises UserError when that side
    of the quote is not known.
    """
    value = quote.bid if peg is Peg.BID else quote.ask
    if not math.isfinite(value) or value <= 0:
        raise UserError(f"{instrument.symbol} has no {peg.value} now: nothing was sent")
    return instrument.round_price(Decimal(repr(value)), up=peg is Peg.ASK)


def quote_max_age_s(context: CommandContext) -> float | None:
    """The strictest age limit of the selected connection, None where none is set."""
    settings = context.engine.settings
    chosen = context.selection.connection_id
    own = None if chosen is None else settings.connection_risk.get(chosen)
    ages = [
        limits.quote_max_age_s
        for limits in (settings.risk, own)
        if limits is not None and limits.quote_max_age_s is not None
    ]
    return min(ages, default=None)


def current_request(entry: Entry, context: CommandContext) -> OrderRequest:
    """`entry` for the desk as it stands. Raises UserError with the reason where it cannot be."""
    engine, selection, key = context.engine, context.selection, context.selection.market_key
    if key is None or selection.connection_id is None:
        raise UserError("no instrument is chosen: pick one in the watchlist or press Ctrl+K")
    return entry_request(
        entry,
        selection,
        context.size,
        engine.market.quote(key),
        engine.market.age_s(key),
        quote_max_age_s(context),
        engine.connections.capabilities(selection.connection_id),
    )


async def send(entry: Entry, context: CommandContext) -> None:
    """Build the order, submit it and tell what became of it."""
    request = current_request(entry, context)
    for order in await context.engine.orders.submit([request]):
        if not is_told(order):
            context.notify(*became(order))
        if order.status is OrderStatus.PENDING_NEW:
            context.spawn(_tell_answer(order, context), "tell the broker's answer")


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
    if now.status not in (OrderStatus.DENIED, OrderStatus.REJECTED, OrderStatus.UNKNOWN):
        context.notify(*became(now))
