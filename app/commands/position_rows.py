"""What can be done with the positions selected in the Positions table.

Exits take side and size from the live position, never from what a table shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from app.commands.context import CommandContext
from app.commands.exits import (
    asked,
    now_held,
    position_line,
    position_now,
    rehearse_reverse,
    require_same,
    tell,
    tell_flat,
    why_rehearsed,
)
from app.commands.live_lines import Stand
from app.commands.registry import Command, why_not_armed
from app.commands.sending import require_armed
from app.domain.events import PositionView
from app.domain.reports import Severity

MENU = "Trade/Selected Positions"
PARTS = (
    (Decimal("0.25"), "quarter", "¼"),
    (Decimal("0.5"), "half", "½"),
    (Decimal("0.75"), "three_quarters", "¾"),
)
_NONE_SELECTED = "select an open position in the Positions table first"


async def close_positions(
    context: CommandContext,
    views: Sequence[PositionView],
    fraction: Decimal = Decimal(1),
    *,
    by_click: bool = False,
) -> None:
    """Close these, or a part of each, at the market; a click asks first where the settings say."""
    held = [view for view in views if view.quantity]
    if not held:
        context.notify(Severity.INFO, "Close: none of these positions is open")
        return
    if by_click and context.engine.settings.trading.confirm_close_by_click:
        verified = [view for view in held if view.is_verified]
        if verified and not await _says_so(context, verified, fraction):
            return
    for view in held:
        await _close(context, view, fraction)


async def _says_so(
    context: CommandContext, views: Sequence[PositionView], fraction: Decimal
) -> bool:
    """Ask once about all of them; unverified ones have a question of their own."""
    title = f"Close {views[0].instrument.symbol}" if len(views) == 1 else "Close Positions"
    look = partial(_to_close, context, views, fraction)
    stand = look()
    return stand is not None and await asked(context, title, stand, look, "Close")


def _to_close(
    context: CommandContext, views: Sequence[PositionView], fraction: Decimal
) -> Stand | None:
    """What to ask about those of the positions that are still held."""
    held = [now for view in views if (now := now_held(context, view)) is not None]
    if not held:
        return None
    part = next((f"{sign} of " for value, _, sign in PARTS if value == fraction), "")
    what = "this position" if len(held) == 1 else f"these {len(held)} positions"
    where = tuple(dict.fromkeys(view.connection_id for view in held))
    lines, is_all = [position_line(view) for view in held], all(view.is_verified for view in held)
    return Stand(f"Close {part}{what} at the market?", lines, where, is_all=is_all)


async def _close(context: CommandContext, view: PositionView, fraction: Decimal) -> None:
    unverified_ok = await _may_guess(context, now_held(context, view) or view, "Close")
    if unverified_ok is None:
        return
    verdicts = await context.engine.exits.close_position(
        view.connection_id,
        view.account_id,
        view.instrument.key,
        fraction,
        unverified_ok=unverified_ok,
    )
    tell(context, f"Close {view.instrument.symbol}", verdicts, "there is no position")


async def flatten_position(context: CommandContext, view: PositionView) -> None:
    """Cancel what works in the symbol, then close the position."""
    unverified_ok = await _may_guess(context, view, "Flatten")
    if unverified_ok is None:
        return
    verdicts = await context.engine.exits.flatten(
        view.connection_id, view.account_id, view.instrument.key, unverified_ok=unverified_ok
    )
    tell_flat(context, f"Flatten {view.instrument.symbol}", verdicts, "nothing is open")


async def reverse_position(
    context: CommandContext, view: PositionView, *, by_key: bool = False
) -> None:
    """From long to short of the same size, or back, after asking; in a dry run only told.

    By a command the keys must still be armed when the question is answered.
    """
    if rehearse_reverse(context, view):
        return
    symbol = view.instrument.symbol
    side = "short" if view.quantity > 0 else "long"
    question = (
        f"Cancel the open orders in {symbol}, close the position at the market and go {side}"
        f" {abs(view.quantity).normalize():f}?"
    )
    if not await context.shell.confirm(
        f"Reverse {symbol}",
        question,
        [position_line(view)],
        "Reverse",
        where=[view.connection_id],
        opens=True,
    ):
        context.notify(Severity.INFO, f"Reverse {symbol}: called off, nothing was sent")
        return
    if by_key:
        require_armed(context)  # the question may have stood for long
    require_same(context, view)

    def why_not() -> str | None:
        return (why_not_armed(context) if by_key else None) or why_rehearsed(context)

    verdicts = await context.engine.exits.reverse(
        view.connection_id, view.account_id, view.instrument.key, why_not=why_not
    )
    tell(context, f"Reverse {symbol}", verdicts, "there is no position")


async def _may_guess(context: CommandContext, view: PositionView, deed: str) -> bool | None:
    """False for a verified position; otherwise True if the trader says so, None if not."""
    if view.is_verified:
        return False
    doubt = (
        "The broker has not confirmed this position. What is known of it may be wrong, and an"
        f" order on it may open a new position. {deed} what is known?"
    )
    look = partial(position_now, context, view, doubt)
    title, stand = f"{deed} {view.instrument.symbol}", look()
    return True if stand and await asked(context, title, stand, look, deed) else None


def _held(context: CommandContext) -> list[PositionView]:
    return [view for view in context.shell.chosen_positions() if view.quantity]


def _some(context: CommandContext) -> str | None:
    return None if _held(context) else _NONE_SELECTED


def _one(context: CommandContext) -> str | None:
    held = _held(context)
    if not held:
        return _NONE_SELECTED
    return None if len(held) == 1 else "select one position only"


def _part(fraction: Decimal, name: str, sign: str) -> Command:
    return Command(
        f"trading.close_{name}_of_selected",
        f"Close {sign}",
        lambda context: close_positions(context, _held(context), fraction),
        _some,
        works_while_typing=True,
        menu=MENU,
        help=f"Close {sign} of each selected position at the market",
    )


COMMANDS: tuple[Command, ...] = (
    Command(
        "trading.close_selected_positions",
        "Close Selected Positions",
        lambda context: close_positions(context, _held(context)),
        _some,
        works_while_typing=True,
        menu=MENU,
        default_key="Ctrl+Shift+F12",
        help="Close the positions selected in the Positions table (Del alone closes nothing)",
    ),
    *(_part(*part) for part in PARTS),
    Command(
        "trading.flatten_selected_position",
        "Flatten Selected",
        lambda context: flatten_position(context, _held(context)[0]),
        _one,
        works_while_typing=True,
        menu=MENU,
        section=1,
        help="Cancel the orders in the selected position's symbol, then close it",
    ),
    Command(
        "trading.reverse_selected_position",
        "Reverse Selected…",
        lambda context: reverse_position(context, _held(context)[0], by_key=True),
        _one,
        increases_risk=True,
        menu=MENU,
        section=1,
        help="From long to short of the same size, or back; asks first, and needs armed keys",
    ),
)
