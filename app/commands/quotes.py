"""The quote that a key stands on: fresh, or the reason why there is none."""

from __future__ import annotations

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.domain.instrument import Instrument
from app.domain.market import Quote


def fresh_or_why(
    instrument: Instrument, quote: Quote | None, age_s: float | None, max_age_s: float | None
) -> Quote:
    """The quote if it counts as fresh. Raises UserError that says what else can be done."""
    if quote is None or age_s is None:
        raise UserError(
            f"no quote for {instrument.symbol}: nothing was sent. Wait for one, or write a limit"
            " order in the ticket"
        )
    if max_age_s is not None and age_s > max_age_s:
        raise UserError(
            f"the quote of {instrument.symbol} is {age_s:.0f} s old, {max_age_s:g} s are allowed:"
            " nothing was sent. Wait for a fresh one, or write a limit order in the ticket"
        )
    return quote


def fresh_quote(context: CommandContext) -> Quote:
    """The quote of the chosen instrument. Raises UserError where there is none or an old one."""
    instrument, key = context.selection.instrument, context.selection.market_key
    if instrument is None or key is None:
        raise UserError("no instrument is chosen: pick one in the watchlist or press Ctrl+K")
    market = context.engine.market
    return fresh_or_why(instrument, market.quote(key), market.age_s(key), quote_max_age_s(context))


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
