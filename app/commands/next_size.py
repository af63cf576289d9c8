"""How large the next order is: the size that was chosen, as units of the instrument of now."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.quotes import fresh_quote
from app.commands.ticket import TicketDraft
from app.domain.instrument import Instrument
from app.domain.market import Quote
from app.domain.order_types import OrderType, Side
from app.domain.sizing import SizeKind, SizePreset

_MOST = Decimal("1e12")  # see domain.request: beyond it exact arithmetic on steps ends


def quantity(context: CommandContext, side: Side | None = None) -> Decimal:
    """What an order would be sent with now: by a key of that `side`, else by the ticket. Nothing
    of it is kept, so that units of one instrument never reach another.

    Raises UserError with the reason where nobody can tell, or where the ticket holds no size.
    """
    if context.size_problem:
        raise UserError(
            f"the size in the ticket is not valid ({context.size_problem}): type one there or"
            " choose a preset"
        )
    draft = context.staging.own_draft(context)
    if side is not None:  # a key knows no price of the ticket: it enters at the market
        draft = replace(draft, side=side, order_type=OrderType.MARKET)
    return resolve(context.size_choice, context, draft)


def quantity_or_none(context: CommandContext, side: Side | None = None) -> Decimal | None:
    """As `quantity`; None where it raises."""
    try:
        return quantity(context, side)
    except UserError:
        return None


def resolve(
    preset: SizePreset, context: CommandContext, draft: TicketDraft | None = None
) -> Decimal:
    """The quantity that `preset` means now: units as they are, everything else rounded down to the
    step of the instrument. Risk is measured by the stop of `draft`, else of the ticket.

    Money, share and risk need a fresh quote. Raises UserError with the reason or the figures.
    """
    instrument = context.selection.instrument
    if preset.kind is SizeKind.UNITS:
        return preset.amount if instrument is None else tradable(preset.amount, instrument)
    if instrument is None:
        raise UserError(f"{preset} needs an instrument: pick one in the watchlist or press Ctrl+K")
    quote = fresh_quote(context)
    if preset.kind is SizeKind.RISK:
        ticks = context.engine.settings.trading.risk_stop_ticks
        draft = draft or context.staging.own_draft(context)
        distance, source = stop_distance(draft, instrument, quote, ticks)
        words = f"{preset} / ({distance.normalize():f} {source}{_times(instrument)})"
        return whole(preset.amount / (distance * instrument.multiplier), instrument, words)
    money, name = preset.amount, str(preset)
    if preset.kind is SizeKind.BUYING_POWER:
        money = buying_power(context, instrument.currency) * preset.amount / 100
        name = f"{preset} of the buying power, {money:.2f} {instrument.currency}"
    price = _dear_price(instrument, quote)
    words = f"{name} / ({price:f}{_times(instrument)})"
    return whole(money / (price * instrument.multiplier), instrument, words)


def tradable(units: Decimal, instrument: Instrument) -> Decimal:
    """`units` as they were typed, never rounded. Raises UserError where the instrument is not
    traded in such a quantity.
    """
    _require_sane(units, f"a size of {units:f}")
    size, least = f"a size of {units.normalize():f}", least_of(instrument)
    if not instrument.is_on_step(units):
        step = instrument.quantity_step.normalize()
        raise UserError(
            f"{size} is no multiple of {step:f}, the step of {instrument.symbol}: choose another"
        )
    if units < least:
        raise UserError(
            f"{size} is too small for {instrument.symbol}, the least is {least.normalize():f}:"
            " choose a larger one"
        )
    return units


def least_of(instrument: Instrument) -> Decimal:
    """The smallest quantity that it is traded in: on the step, and no less than the minimum."""
    rounded = instrument.round_quantity(instrument.min_quantity)
    step = instrument.quantity_step
    return rounded if rounded == instrument.min_quantity else rounded + step


def whole(quantity: Decimal, instrument: Instrument, words: str) -> Decimal:
    """`quantity` rounded down to the step. Raises UserError, with `words`, below the minimum."""
    _require_sane(quantity, words)
    rounded, least = instrument.round_quantity(quantity), least_of(instrument)
    if rounded < least:
        raise UserError(
            f"{words} = {quantity:.4f} {instrument.symbol}, the least is {least.normalize():f}:"
            " choose a larger size"
        )
    return rounded


def _require_sane(quantity: Decimal, words: str) -> None:
    if not quantity.is_finite() or quantity > _MOST:
        raise UserError(f"{words} is more than can be ordered at once: choose a smaller size")


def stop_distance(
    draft: TicketDraft, instrument: Instrument, quote: Quote, ticks: int
) -> tuple[Decimal, str]:
    """How far the stop is from the entry, and where that was taken from; price units.

    The ticket's protective stop, from its price or the market, counts if there is one; else so
    many ticks. Raises UserError where the stop lies on the wrong side of the entry.
    """
    stop = draft.protective_stop if draft.has_bracket else None
    if stop is None:
        return ticks * instrument.tick_size, f"of {ticks} ticks to the stop"
    own = draft.limit_price if draft.order_type.has_limit else None
    if own is None and draft.order_type.has_stop:
        own = draft.stop_price
    side = "ask" if draft.side is Side.BUY else "bid"
    price = own if own is not None else _known(getattr(quote, side), instrument, f"no {side}")
    distance = (price - stop) * draft.side.sign
    if distance <= 0:
        where = "below" if draft.side is Side.BUY else "above"
        raise UserError(f"the ticket's stop {stop:f} must lie {where} the entry at {price:f}")
    return distance, "to the ticket's stop"


def buying_power(context: CommandContext, currency: str) -> Decimal:
    """Of the chosen account, in `currency`. Raises UserError when it is not known or not sure."""
    selection = context.selection
    connection_id, account_id = selection.connection_id, selection.account_id
    if connection_id is None or account_id is None:
        raise UserError("no account is chosen: choose one in the ticket or connect first")
    portfolio = context.engine.portfolio
    view = portfolio.account(connection_id, account_id)
    if view is None or not view.is_verified:
        raise UserError(
            f"the buying power of {account_id} is not known now: choose a size in units"
        )
    base = view.report.base_currency
    told = {b.currency: b.buying_power for b in view.report.balances if b.buying_power is not None}
    own = base if base in told else next((c for c in told if c == currency), None)
    if own is None:
        raise UserError(f"{connection_id} does not tell the buying power: choose a size in units")
    rate = portfolio.rate(own, currency)
    if rate is None:
        raise UserError(
            f"the buying power is in {own} and nobody told what {currency} costs:"
            " choose a size in units or money"
        )
    return max(told[own] * rate, Decimal(0))


def _dear_price(instrument: Instrument, quote: Quote) -> Decimal:
    """The dearer side of the quote: money must not be overspent."""
    known = [price for price in (quote.bid, quote.ask, quote.mark) if math.isfinite(price)]
    return _known(max(known, default=math.nan), instrument, "no price")


def _known(price: float, instrument: Instrument, missing: str) -> Decimal:
    if not math.isfinite(price) or price <= 0:
        raise UserError(f"{instrument.symbol} has {missing} now: choose a size in units")
    return Decimal(repr(price))


def _times(instrument: Instrument) -> str:
    return "" if instrument.multiplier == 1 else f" x {instrument.multiplier.normalize():f}"
