"""The Trade menu: arming, entries and the kill switch, and the commands of its other files.

Entries are Ctrl+Alt+letter, cancels and flatten are F-keys or Shift+Esc. Arrows with Ctrl change
price and size. F1, F5 and F11 stay with what they mean everywhere else.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from app.commands import (
    dry_run,
    exits,
    order_focus,
    prices,
    sizes,
    staging,
    stops,
    ways_out,
)
from app.commands.context import CommandContext
from app.commands.entries import Entry, Peg, send
from app.commands.registry import Command
from app.commands.trade_menu import ARM, ENTRY, MENU, SWITCH, needs_open_trading
from app.domain.order_types import Side
from app.domain.reports import Severity
from app.domain.risk_limits import TradingState


def _entry(command_id: str, title: str, entry: Entry, key: str, hint: str) -> Command:
    def run(context: CommandContext) -> Coroutine[Any, Any, None] | None:
        return send(entry, context)

    return Command(
        command_id,
        title,
        run,
        needs_open_trading,
        increases_risk=True,
        stages=True,
        menu=MENU,
        section=ENTRY,
        default_key=key,
        help=hint,
    )


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
    *staging.COMMANDS[:1],
    *dry_run.COMMANDS,
    *ENTRIES,
    *ways_out.COMMANDS,
    *order_focus.COMMANDS,
    *prices.COMMANDS,
    *stops.COMMANDS,
    *staging.COMMANDS[1:],
    *sizes.COMMANDS,
    *KILL_SWITCH,
)
