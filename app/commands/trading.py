"""The Trade menu: entries, exits, size, arming and the kill switch.

Entries are Ctrl+Alt+letter, cancels and flatten are F-keys or Shift+Esc. F1, F5 and F11 stay with
what they mean everywhere else.
"""

from __future__ import annotations

from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

from app.commands import exits
from app.commands.context import Availability, CommandContext, Run
from app.commands.entries import Entry, Peg, send
from app.commands.registry import Command
from app.domain.order_types import Side
from app.domain.reports import Severity
from app.domain.risk_limits import TradingState
from app.domain.sizing import SizeKind

MENU = "Trade"
ARM, ENTRY, CANCEL, EXIT, SIZE, SWITCH = range(6)


def needs_open_trading(context: CommandContext) -> str | None:
    """The selected connection must be open for orders."""
    selection = context.selection
    if selection.connection_id is None:
        return "no connection is chosen"
    if selection.instrument is None:
        return "no instrument is chosen: pick one in the watchlist or press Ctrl+K"
    return context.engine.connections.is_trading_open(selection.connection_id)


def needs_instrument(context: CommandContext) -> str | None:
    """Something must be selected to act on."""
    if context.selection.instrument is None:
        return "no instrument is chosen: pick one in the watchlist or press Ctrl+K"
    return None


def _has_global_cancel(context: CommandContext) -> str | None:
    connection_id = context.selection.connection_id
    if connection_id is None:
        return "no connection is chosen"
    if not context.engine.connections.capabilities(connection_id).global_cancel:
        return f"{connection_id} has no cancel for everything at once"
    return None


def _entry(command_id: str, title: str, entry: Entry, key: str, hint: str) -> Command:
    def run(context: CommandContext) -> Coroutine[Any, Any, None]:
        return send(entry, context)

    return Command(
        command_id,
        title,
        run,
        needs_open_trading,
        increases_risk=True,
        menu=MENU,
        section=ENTRY,
        default_key=key,
        help=hint,
    )


def _way_out(
    command_id: str,
    title: str,
    run: Run,
    key: str | None,
    hint: str,
    *,
    section: int = CANCEL,
    available: Availability = needs_instrument,
) -> Command:
    return Command(
        command_id,
        title,
        run,
        available,
        works_while_typing=True,
        menu=MENU,
        section=section,
        default_key=key,
        help=hint,
    )


def _anywhere(_context: CommandContext) -> str | None:
    return None


ENTRIES = (
    _entry(
        "trading.buy_market",
        "Buy Market",
        Entry(Side.BUY),
        "Ctrl+Alt+B",
        "Buy the chosen size at the market",
    ),
    _entry(
        "trading.sell_market",
        "Sell Market",
        Entry(Side.SELL),
        "Ctrl+Alt+S",
        "Sell the chosen size at the market",
    ),
    _entry(
        "trading.buy_ask",
        "Buy Ask",
        Entry(Side.BUY, Peg.ASK),
        "Ctrl+Alt+U",
        "Take: a limit order to buy at the ask",
    ),
    _entry(
        "trading.sell_bid",
        "Sell Bid",
        Entry(Side.SELL, Peg.BID),
        "Ctrl+Alt+H",
        "Hit: a limit order to sell at the bid",
    ),
    _entry(
        "trading.join_bid",
        "Join Bid",
        Entry(Side.BUY, Peg.BID),
        "Ctrl+Alt+J",
        "A limit order to buy at the bid",
    ),
    _entry(
        "trading.join_ask",
        "Join Ask",
        Entry(Side.SELL, Peg.ASK),
        "Ctrl+Alt+K",
        "A limit order to sell at the ask",
    ),
    Command(
        "trading.reverse_position",
        "Reverse",
        exits.reverse,
        needs_open_trading,
        increases_risk=True,
        menu=MENU,
        section=ENTRY,
        default_key="Ctrl+Alt+R",
        help="From long to short of the same size, or back",
    ),
)

WAYS_OUT = (
    _way_out(
        "trading.cancel_bids",
        "Cancel Bids",
        lambda context: exits.cancel_side(context, Side.BUY),
        "F6",
        "Cancel the buy orders in the chosen instrument",
    ),
    _way_out(
        "trading.cancel_asks",
        "Cancel Asks",
        lambda context: exits.cancel_side(context, Side.SELL),
        "F7",
        "Cancel the sell orders in the chosen instrument",
    ),
    _way_out(
        "trading.cancel_symbol",
        "Cancel All (Symbol)",
        exits.cancel_symbol,
        "Shift+Esc",
        "Cancel every order in the chosen instrument and account",
    ),
    _way_out(
        "trading.cancel_account",
        "Cancel All (Account)",
        exits.cancel_account,
        "F8",
        "Cancel every order of the chosen account",
        available=_anywhere,
    ),
    _way_out(
        "trading.cancel_everything",
        "Cancel Everything",
        exits.cancel_everything,
        "Shift+F8",
        "Cancel every order of every account",
        available=_anywhere,
    ),
    _way_out(
        "trading.cancel_at_broker",
        "Cancel Everything at the Broker…",
        exits.cancel_at_broker,
        None,
        "Cancel every order of the login, also those of other programs; asks once",
        available=_has_global_cancel,
    ),
    _way_out(
        "trading.close_position",
        "Close Position",
        exits.close_position,
        "F9",
        "Close the chosen position at the market",
        section=EXIT,
    ),
    _way_out(
        "trading.close_half",
        "Close Half",
        lambda context: exits.close_position(context, Decimal("0.5")),
        "Shift+F9",
        "Close half of the chosen position at the market",
        section=EXIT,
    ),
    _way_out(
        "trading.flatten_symbol",
        "Flatten",
        exits.flatten,
        "F12",
        "Cancel what works in the chosen instrument, then close its position",
        section=EXIT,
    ),
    _way_out(
        "trading.flatten_everything",
        "Flatten Everything…",
        exits.flatten_everything,
        "Shift+F12",
        "Cancel every order and close every position everywhere; asks once",
        section=EXIT,
        available=_anywhere,
    ),
    Command(
        "trading.move_stops_to_breakeven",
        "Breakeven",
        exits.move_stops_to_breakeven,
        needs_instrument,
        menu=MENU,
        section=EXIT,
        default_key="Ctrl+Alt+V",
        help="Pull the stops of the position to its average price; never loosens one",
    ),
)


def _arm(context: CommandContext) -> None:
    context.arming.arm()


def _disarm(context: CommandContext) -> None:
    context.arming.disarm("disarmed by the trader")


def _may_arm(context: CommandContext) -> str | None:
    state = context.engine.risk.state
    return "trading is halted: resume it first" if state is TradingState.HALTED else None


ARMING = (
    Command(
        "trading.arm_keys",
        "Arm Trading Keys",
        _arm,
        _may_arm,
        menu=MENU,
        section=ARM,
        default_key="Ctrl+Shift+A",
        help="Make the entry keys live; cancels and exits always are",
        is_on=lambda context: context.arming.is_armed,
    ),
    Command(
        "trading.disarm_keys",
        "Disarm",
        _disarm,
        works_while_typing=True,
        menu=MENU,
        section=ARM,
        default_key="Ctrl+Shift+D",
        help="Make the entry keys dead",
    ),
)


def preset_command(number: int) -> Command:
    """The command that chooses the `number`th size preset of the settings, counted from 1."""

    def preset(context: CommandContext) -> Decimal | None:
        presets = context.engine.settings.trading.size_presets
        if number > len(presets) or presets[number - 1].kind is not SizeKind.UNITS:
            return None
        return presets[number - 1].amount

    def available(context: CommandContext) -> str | None:
        return None if preset(context) is not None else f"there is no preset {number}"

    def run(context: CommandContext) -> None:
        size = preset(context)
        if size is not None:
            context.set_size(size)
            context.notify(Severity.INFO, f"Size {size:f}")

    return Command(
        f"trading.set_size_{number}",
        f"Size Preset {number}",
        run,
        available,
        menu=f"{MENU}/Size",
        section=SIZE,
        works_while_typing=True,
        default_key=f"Ctrl+{number}",
        help="Choose the quantity of the next order",
    )


def _switch(command_id: str, title: str, state: TradingState, hint: str) -> Command:
    def run(context: CommandContext) -> None:
        if state is TradingState.HALTED:
            context.arming.disarm("trading was halted")
        context.engine.risk.set_state(state, "the trader")
        context.notify(Severity.INFO, f"Trading is {state.value}")

    return Command(
        command_id,
        title,
        run,
        menu=f"{MENU}/Kill Switch",
        section=SWITCH,
        help=hint,
        is_on=lambda context: context.engine.risk.state is state,
    )


KILL_SWITCH = (
    _switch(
        "trading.halt_trading",
        "Halt Trading",
        TradingState.HALTED,
        "Nothing new is sent; cancels still go out",
    ),
    _switch(
        "trading.allow_reducing_only",
        "Reduce Only",
        TradingState.REDUCING,
        "Only orders that make positions smaller are sent",
    ),
    _switch(
        "trading.resume_trading", "Trading Active", TradingState.ACTIVE, "Lift the kill switch"
    ),
)

COMMANDS: tuple[Command, ...] = (
    *ARMING,
    *ENTRIES,
    *WAYS_OUT,
    *(preset_command(number) for number in range(1, 6)),
    *KILL_SWITCH,
)
