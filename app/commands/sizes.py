"""Size presets as quantities: units, money, a share of the buying power, or money at risk."""

from __future__ import annotations

import math
from decimal import Decimal

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.entries import fresh_quote
from app.commands.registry import Command
from app.commands.staging import STAGED_MENU, is_of, needs_staged, require_here
from app.commands.ticket import TicketDraft
from app.commands.trade_menu import MENU, ORDER, SIZE
from app.domain.instrument import Instrument
from app.domain.market import Quote
from app.domain.order_types import Side
from app.domain.reports import Severity
from app.domain.sizing import SizeKind, SizePreset

PRESETS = 9  # as many have a command; keys are given to the first five


def resolve(preset: SizePreset, context: CommandContext) -> Decimal:
    """The quantity that `preset` means now, rounded down to the step of the instrument.

    Money, share and risk need a fresh quote. Raises UserError with the reason or the figures.
    """
    if preset.kind is SizeKind.UNITS:
        return preset.amount
    instrument = context.selection.instrument
    if instrument is None:
        raise UserError(f"{preset} needs an instrument: pick one in the watchlist or press Ctrl+K")
    quote = fresh_quote(context)
    if preset.kind is SizeKind.RISK:
        ticks = context.engine.settings.trading.risk_stop_ticks
        distance, source = stop_distance(context.draft, instrument, quote, ticks)
        words = f"{preset} / ({distance.normalize():f} {source}{_times(instrument)})"
        return whole(preset.amount / (distance * instrument.multiplier), instrument, words)
    money, name = preset.amount, str(preset)
    if preset.kind is SizeKind.BUYING_POWER:
        money = buying_power(context, instrument.currency) * preset.amount / 100
        name = f"{preset} of the buying power, {money:.2f} {instrument.currency}"
    price = _dear_price(instrument, quote)
    words = f"{name} / ({price:f}{_times(instrument)})"
    return whole(money / (price * instrument.multiplier), instrument, words)


def whole(quantity: Decimal, instrument: Instrument, words: str) -> Decimal:
    """`quantity` rounded down to the step. Raises UserError, with `words`, below the minimum."""
    rounded = instrument.round_quantity(quantity)
    least = max(instrument.min_quantity, instrument.quantity_step)
    if rounded < least:
        raise UserError(
            f"{words} = {quantity:.4f} {instrument.symbol}, the least is {least.normalize():f}:"
            " choose a larger size"
        )
    return rounded


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


def choose(context: CommandContext, size: Decimal, source: str = "") -> None:
    """Make it the size of the next order, and of the staged one. `source` names the preset."""
    staged = context.staging.staged
    if staged is not None and is_of(staged, context.selection):
        context.staging.resize(size)
    context.set_size(size, source)


def step_size(context: CommandContext, sign: int) -> None:
    """One default quantity more (+1) or less (-1), never less than the least there is."""
    instrument, step = (
        context.selection.instrument,
        context.engine.settings.trading.default_quantity,
    )
    least = step
    if instrument is not None:
        step = max(instrument.round_quantity(step), instrument.quantity_step)
        least = max(instrument.min_quantity, instrument.quantity_step)
    size = context.size + sign * step
    if size < least:
        raise UserError(f"the size stays {context.size.normalize():f}: the next would be {size:f}")
    choose(context, size)
    context.notify(Severity.INFO, f"Size {size.normalize():f}")


def preset_of(context: CommandContext, number: int) -> SizePreset | None:
    """The `number`th preset of the settings, counted from 1."""
    presets = context.engine.settings.trading.size_presets
    return presets[number - 1] if number <= len(presets) else None


def preset_command(number: int) -> Command:
    """The command that chooses the `number`th size preset of the settings, counted from 1."""

    def available(context: CommandContext) -> str | None:
        return None if preset_of(context, number) else f"there is no preset {number}"

    def run(context: CommandContext) -> None:
        preset = preset_of(context, number)
        if preset is None:
            return
        size = resolve(preset, context)
        is_units = preset.kind is SizeKind.UNITS
        choose(context, size, "" if is_units else str(preset))
        why = "" if is_units else f" ({preset})"
        context.notify(Severity.INFO, f"Size {size.normalize():f}{why}")

    return Command(
        f"trading.set_size_{number}",
        f"Size Preset {number}",
        run,
        available,
        menu=f"{MENU}/Size",
        section=SIZE,
        works_while_typing=True,
        default_key=f"Ctrl+{number}" if number <= 5 else None,
        help="Choose the quantity of the next order",
    )


def _step(command_id: str, title: str, sign: int, key: str) -> Command:
    return Command(
        command_id,
        title,
        lambda context: step_size(context, sign),
        menu=f"{MENU}/Size",
        section=SIZE,
        default_key=key,
        help="Change the quantity of the next order by the default quantity",
    )


def _staged_step(command_id: str, title: str, sign: int, keys: tuple[str, str]) -> Command:
    def run(context: CommandContext) -> None:
        require_here(context)
        step_size(context, sign)

    return Command(
        command_id,
        title,
        run,
        needs_staged,
        while_staged=True,
        menu=STAGED_MENU,
        section=ORDER,
        default_key=keys[0],
        more_keys=keys[1:],
        help="Change the quantity of the staged order by the default quantity",
    )


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


COMMANDS = (
    *(preset_command(number) for number in range(1, PRESETS + 1)),
    _step("trading.increase_size", "Larger Size", +1, "Ctrl+Right"),
    _step("trading.decrease_size", "Smaller Size", -1, "Ctrl+Left"),
    _staged_step("trading.increase_staged_size", "Staged Size Up", +1, ("Right", "+")),
    _staged_step("trading.decrease_staged_size", "Staged Size Down", -1, ("Left", "-")),
)
