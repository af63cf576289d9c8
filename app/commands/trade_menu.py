"""The Trade menu: its sections in order, and when its commands are of use."""

from __future__ import annotations

from app.commands.context import Availability, CommandContext, Run
from app.commands.registry import Command

MENU = "Trade"
ARM, ENTRY, CANCEL, EXIT, ORDER, SIZE, SWITCH = range(7)


def needs_open_trading(context: CommandContext) -> str | None:
    """The selected connection must be open for orders."""
    selection = context.selection
    if selection.connection_id is None:
        return "no connection is chosen: connect one in Connections"
    if selection.instrument is None:
        return "no instrument is chosen: pick one in the watchlist or press Ctrl+K"
    return context.engine.connections.is_trading_open(selection.connection_id)


def needs_instrument(context: CommandContext) -> str | None:
    """Something must be selected to act on."""
    if context.selection.instrument is None:
        return "no instrument is chosen: pick one in the watchlist or press Ctrl+K"
    return None


def needs_account(context: CommandContext) -> str | None:
    """An account must be selected to act on."""
    if context.selection.connection_id is None or context.selection.account_id is None:
        return "no account is chosen: choose one in the ticket or connect first"
    return None


def anywhere(_context: CommandContext) -> str | None:
    """Nothing need be selected."""
    return None


def way_out(
    command_id: str,
    title: str,
    run: Run,
    key: str | None,
    hint: str,
    *,
    section: int = CANCEL,
    available: Availability = needs_instrument,
    menu: str = MENU,
) -> Command:
    """A command that only takes risk away: it needs no arming and works while typing."""
    return Command(
        command_id,
        title,
        run,
        available,
        works_while_typing=True,
        menu=menu,
        section=section,
        default_key=key,
        help=hint,
    )
