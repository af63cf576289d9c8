"""What the entry keys would do now, in words: the heads-up strip shows it before a key is hit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.dry_run import PREFIX
from app.commands.entries import Entry, Peg, current_request, pegged_price
from app.commands.next_size import quantity, quantity_or_none
from app.commands.order_focus import focused, terms
from app.commands.quotes import quote_max_age_s
from app.commands.staging import is_staged_mode
from app.commands.ticket import describe
from app.domain.order_types import Side
from app.domain.sizing import SizeKind

_ENTRIES = (
    ("trading.buy_market", "Buy Market", Entry(Side.BUY)),
    ("trading.sell_market", "Sell Market", Entry(Side.SELL)),
    ("trading.buy_ask", "Buy Ask", Entry(Side.BUY, Peg.ASK)),
    ("trading.sell_bid", "Sell Bid", Entry(Side.SELL, Peg.BID)),
    ("trading.join_bid", "Join Bid", Entry(Side.BUY, Peg.BID)),
    ("trading.join_ask", "Join Ask", Entry(Side.SELL, Peg.ASK)),
)
_UNKNOWN = "—"

NOWHERE = "no account is chosen"


@dataclass(frozen=True, slots=True)
class HeadsUp:
    """One glance. `is_paper` is None where no account is known; `would` says what keys do.

    `state` is "DRY RUN", "STAGED", "ARMED" or "DISARMED"; the first that holds is shown.
    """

    state: str
    is_paper: bool | None
    account: str
    symbol: str
    size: str
    would: str
    position: str
    order: str

    @property
    def what(self) -> str:
        """What an order would be in, and how large."""
        return "  ·  ".join((self.symbol, self.size))

    @property
    def held(self) -> str:
        """What is there already."""
        return "  ·  ".join(part for part in (self.position, self.order) if part)


def heads_up(context: CommandContext) -> HeadsUp:
    """How the desk stands now."""
    selection, connections = context.selection, context.engine.connections
    chosen, instrument = selection.connection_id, selection.instrument
    is_known = chosen is not None and chosen in connections.ids()
    up = HeadsUp(
        state=_state(context),
        is_paper=connections.is_paper(chosen) if is_known and chosen is not None else None,
        account=f"{selection.account_id or 'no account'} at {chosen}" if chosen else NOWHERE,
        symbol=instrument.symbol if instrument else "no instrument: press Ctrl+K",
        size=_size(context),
        would="",
        position="",
        order="",
    )
    if instrument is None or chosen is None:
        return up
    order = focused(context)
    return replace(
        up,
        would=_would(context),
        position=_position(context),
        order=f"order {terms(order)}" if order is not None else "",
    )


def every_entry(context: CommandContext) -> list[str]:
    """One line for each entry key: what it would send at this moment, or why nothing."""
    lines: list[str] = []
    for command_id, name, entry in _ENTRIES:
        key = context.keymap.text_of(command_id)
        try:
            what = describe(current_request(entry, context))
        except UserError as error:
            what = f"nothing: {error}"
        lines.append(f"{key or 'no key'}  {name}: {what}")
    return lines


def _state(context: CommandContext) -> str:
    if context.dry_run.is_on:
        return PREFIX
    if context.staging.staged is not None:
        return "STAGED"
    return "ARMED" if context.arming.is_armed else "DISARMED"


def _size(context: CommandContext) -> str:
    if context.size_problem:
        return "size not valid"
    choice = context.size_choice
    if choice.kind is SizeKind.UNITS:
        return f"size {choice}"
    return f"size {_units(context, context.draft.side)} ({choice})"


def _would(context: CommandContext) -> str:
    staged = context.staging.staged
    if staged is not None:
        if not context.staging.is_in(context):
            return f"{describe(staged)} is staged in another link group, Esc drops"
        return f"Enter: {describe(staged)}, Esc drops"
    connection_id, connections = context.selection.connection_id, context.engine.connections
    if connection_id is not None and (why := connections.is_trading_open(connection_id)):
        return f"{why}: keys send nothing"
    key, instrument = context.selection.market_key, context.selection.instrument
    quote = None if key is None else context.engine.market.quote(key)
    if key is None or instrument is None or quote is None:
        return "no quote: keys send nothing"
    age_s, most_s = context.engine.market.age_s(key), quote_max_age_s(context)
    if age_s is None or (most_s is not None and age_s > most_s):
        return "old quote: keys send nothing"
    verb = "stage " if is_staged_mode(context) else ""
    sides = ((Side.BUY, Peg.ASK, quote.ask), (Side.SELL, Peg.BID, quote.bid))
    prices: list[tuple[Side, Decimal | None]] = [
        (side, pegged_price(peg, instrument, quote) if math.isfinite(value) and value > 0 else None)
        for side, peg, value in sides
    ]
    try:
        quantity(context, context.draft.side)
    except UserError as error:
        return f"keys send nothing: {error}"
    words = [
        f"{side.value.upper()} {_units(context, side)} @ {'–' if price is None else f'{price:f}'}"
        for side, price in prices
    ]
    return f"{verb}{' / '.join(words)}"


def _units(context: CommandContext, side: Side) -> str:
    """Of an entry key of that side."""
    size = quantity_or_none(context, side)
    return _UNKNOWN if size is None else f"{size.normalize():f}"


def _position(context: CommandContext) -> str:
    selection = context.selection
    connection_id, account_id = selection.connection_id, selection.account_id
    instrument = selection.instrument
    if connection_id is None or account_id is None or instrument is None:
        return ""
    view = context.engine.portfolio.position(connection_id, account_id, instrument.key)
    if view is None or not view.quantity:
        return "flat" if context.engine.portfolio.is_verified(connection_id) else "not verified"
    side = "long" if view.quantity > 0 else "short"
    price = view.average_price
    at = "" if price is None else f" @ {instrument.round_price(price):f}"
    doubt = "" if view.is_verified else " (not verified)"
    return f"{side} {abs(view.quantity).normalize():f}{at}{doubt}"
