"""Size keys: the presets of the settings, and steps up and down."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.next_size import least_of, quantity, resolve
from app.commands.registry import Command
from app.commands.staging import STAGED_MENU, needs_staged
from app.commands.trade_menu import MENU, ORDER, SIZE
from app.domain.instrument import Instrument
from app.domain.reports import Severity
from app.domain.sizing import SizeKind, SizePreset, units

PRESETS = 9  # as many have a command; keys are given to the first five


def choose(context: CommandContext, choice: SizePreset) -> Decimal:
    """Make it the size of the next order, and of the staged one; the units that it means now.

    Raises UserError where nobody can tell them: then the size stays as it was.
    """
    staged = context.staging.staged
    if staged is not None and context.staging.is_in(context):
        draft = replace(
            context.staging.own_draft(context),
            side=staged.side,
            order_type=staged.order_type,
            limit_price=staged.limit_price,
        )
        size = resolve(choice, context, draft)
        context.staging.resize(size)
    else:
        size = resolve(choice, context)
    context.choose_size(choice)
    return size


def step_size(context: CommandContext, sign: int) -> None:
    """One default quantity more (+1) or less (-1), on the step and never less than the least.

    A size of money becomes one of units by it.
    """
    staged, instrument = context.staging.staged, context.selection.instrument
    is_here = staged is not None and context.staging.is_in(context)
    now = staged.quantity if staged is not None and is_here else quantity(context)
    step = context.engine.settings.trading.default_quantity
    size, least = _stepped(now, sign * step, instrument)
    if size < least:
        raise UserError(f"the size stays {now.normalize():f}: the next would be {size:f}")
    choose(context, units(size))
    context.notify(Severity.INFO, f"Size {size.normalize():f}")


def _stepped(now: Decimal, by: Decimal, instrument: Instrument | None) -> tuple[Decimal, Decimal]:
    """The next size on the instrument's step, and the least that makes sense."""
    if instrument is None:
        return now + by, abs(by)
    step = max(instrument.round_quantity(abs(by)), instrument.quantity_step)
    next_one = now + (step if by > 0 else -step)
    return (instrument.round_quantity(next_one) if next_one > 0 else next_one), least_of(instrument)


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
        size = choose(context, preset)
        why = "" if preset.kind is SizeKind.UNITS else f" ({preset})"
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
        context.staging.require_in(context)
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


COMMANDS = (
    *(preset_command(number) for number in range(1, PRESETS + 1)),
    _step("trading.increase_size", "Larger Size", +1, "Ctrl+Right"),
    _step("trading.decrease_size", "Smaller Size", -1, "Ctrl+Left"),
    _staged_step("trading.increase_staged_size", "Staged Size Up", +1, ("Right", "+")),
    _staged_step("trading.decrease_staged_size", "Staged Size Down", -1, ("Left", "-")),
)
