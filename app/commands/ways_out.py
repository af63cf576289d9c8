"""Cancels, closes and flatten as commands, for a symbol, an account and everything."""

from __future__ import annotations

from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

from app.commands import exits
from app.commands.context import CommandContext
from app.commands.exits import Scope
from app.commands.registry import Command
from app.commands.trade_menu import (
    EXIT,
    MENU,
    anywhere,
    needs_account,
    way_out,
)
from app.domain.order_types import Side


def _has_global_cancel(context: CommandContext) -> str | None:
    connection_id = context.selection.connection_id
    if connection_id is None:
        return "no connection is chosen"
    if not context.engine.connections.capabilities(connection_id).global_cancel:
        return f"{connection_id} has no cancel for everything at once"
    return None


def _part(command_id: str, title: str, fraction: Decimal, key: str) -> Command:
    def run(context: CommandContext) -> Coroutine[Any, Any, None]:
        return exits.close_position(context, fraction)

    part = title.removeprefix("Close ").lower()
    hint = f"Close {part} of the chosen position at the market, rounded down"
    return way_out(command_id, title, run, key, hint, section=EXIT)


def _side(side: Side, scope: Scope, key: str) -> Command:
    name = "Bids" if side is Side.BUY else "Asks"
    where = "account" if scope is Scope.ACCOUNT else "everywhere"
    of = "of the chosen account" if scope is Scope.ACCOUNT else "of every account"
    return way_out(
        f"trading.cancel_{name.lower()}_{where}",
        f"Cancel {name} ({where.capitalize()})",
        lambda context: exits.cancel_side(context, side, scope),
        key,
        f"Cancel the {side.value} orders {of}",
        available=needs_account if scope is Scope.ACCOUNT else anywhere,
        menu=f"{MENU}/Cancel One Side",
    )


_OWN = (
    way_out(
        "trading.cancel_bids",
        "Cancel Bids",
        lambda context: exits.cancel_side(context, Side.BUY),
        "F6",
        "Cancel the buy orders in the chosen instrument",
    ),
    way_out(
        "trading.cancel_asks",
        "Cancel Asks",
        lambda context: exits.cancel_side(context, Side.SELL),
        "F7",
        "Cancel the sell orders in the chosen instrument",
    ),
    way_out(
        "trading.cancel_symbol",
        "Cancel All (Symbol)",
        exits.cancel_symbol,
        "Shift+Esc",
        "Cancel every order in the chosen instrument and account",
    ),
    way_out(
        "trading.cancel_account",
        "Cancel All (Account)",
        exits.cancel_account,
        "F8",
        "Cancel every order of the chosen account",
        available=needs_account,
    ),
    way_out(
        "trading.cancel_everything",
        "Cancel Everything",
        exits.cancel_everything,
        "Shift+F8",
        "Cancel every order of every account",
        available=anywhere,
    ),
    way_out(
        "trading.cancel_at_broker",
        "Cancel Everything at the Broker…",
        exits.cancel_at_broker,
        None,
        "Cancel every order of the login, also those of other programs; asks once",
        available=_has_global_cancel,
    ),
    way_out(
        "trading.close_position",
        "Close Position",
        exits.close_position,
        "F9",
        "Close the chosen position at the market",
        section=EXIT,
    ),
    _part("trading.close_quarter", "Close a Quarter", Decimal("0.25"), "Ctrl+F9"),
    _part("trading.close_half", "Close Half", Decimal("0.5"), "Shift+F9"),
    _part("trading.close_three_quarters", "Close Three Quarters", Decimal("0.75"), "Ctrl+Shift+F9"),
    way_out(
        "trading.flatten_symbol",
        "Flatten",
        exits.flatten,
        "F12",
        "Cancel what works in the chosen instrument, then close its position",
        section=EXIT,
    ),
    way_out(
        "trading.flatten_account",
        "Flatten Account…",
        exits.flatten_account,
        "Ctrl+F12",
        "Cancel every order and close every position of the chosen account; asks once",
        section=EXIT,
        available=needs_account,
    ),
    way_out(
        "trading.flatten_everything",
        "Flatten Everything…",
        exits.flatten_everything,
        "Shift+F12",
        "Cancel every order and close every position everywhere; asks once",
        section=EXIT,
        available=anywhere,
    ),
)

COMMANDS = (
    *_OWN,
    _side(Side.BUY, Scope.ACCOUNT, "Ctrl+F6"),
    _side(Side.SELL, Scope.ACCOUNT, "Ctrl+F7"),
    _side(Side.BUY, Scope.EVERYTHING, "Ctrl+Shift+F6"),
    _side(Side.SELL, Scope.EVERYTHING, "Ctrl+Shift+F7"),
)
