"""Orders that a key sends: built from the selection, the size and a fresh quote, never a guess."""

from __future__ import annotations

import math
from collections.abc import Coroutine
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from app.base.errors import UserError
from app.commands.context import CommandContext, Selection
from app.commands.dry_run import rehearse
from app.commands.next_size import quantity
from app.commands.quotes import fresh_or_why, quote_max_age_s
from app.commands.sending import send_and_tell
from app.commands.staging import is_staged_mode
from app.domain.capabilities import Capabilities
from app.domain.instrument import Instrument
from app.domain.market import Quote
from app.domain.order_types import OrderType, Origin, Side, TimeInForce
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
        raise UserError(f"the size is {size}: type one in the ticket or press Ctrl+1")
    fresh = fresh_or_why(instrument, quote, age_s, max_age_s)
    kind = entry.order_type
    tif = next(
        (t for t in _PREFERRED if capabilities.allows(instrument.asset_class, kind, t)), None
    )
    if tif is None:
        other = "Buy Ask or Sell Bid" if kind is OrderType.MARKET else "a market key"
        raise UserError(
            f"this connection takes no {kind.value} orders in {instrument.symbol}: use {other},"
            " or see in the ticket what it takes"
        )
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


def pegged_price(peg: Peg, instrument: Instrument, quote: Quote) -> Decimal:
    """The bid or the ask on the tick grid; off-grid quotes round to the far side of the market.

    So a join never improves by accident, and a take still takes. Raises UserError when that side
    of the quote is not known.
    """
    value = quote.bid if peg is Peg.BID else quote.ask
    if not math.isfinite(value) or value <= 0:
        raise UserError(
            f"{instrument.symbol} has no {peg.value} now: nothing was sent. Write a limit order in"
            " the ticket, or use a key of the other side"
        )
    return instrument.round_price(Decimal(repr(value)), up=peg is Peg.ASK)


def current_request(entry: Entry, context: CommandContext) -> OrderRequest:
    """`entry` for the desk as it stands. Raises UserError with the reason where it cannot be."""
    engine, selection, key = context.engine, context.selection, context.selection.market_key
    if key is None or selection.connection_id is None:
        raise UserError("no instrument is chosen: pick one in the watchlist or press Ctrl+K")
    return entry_request(
        entry,
        selection,
        quantity(context, entry.side),
        engine.market.quote(key),
        engine.market.age_s(key),
        quote_max_age_s(context),
        engine.connections.capabilities(selection.connection_id),
    )


def send(entry: Entry, context: CommandContext) -> Coroutine[Any, Any, None] | None:
    """Build the order at once, then send it and tell what became of it; in staged mode write it
    down, in a dry run only tell it. What is chosen after the press changes nothing of it.
    """
    request = current_request(entry, context)
    if is_staged_mode(context):
        context.staging.stage(request, context)
        return None
    if context.dry_run.is_on:
        rehearse(context, [request])
        return None
    return send_and_tell(context, [request])
