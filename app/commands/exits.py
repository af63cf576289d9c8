"""Ways out: cancels, closes and flatten. None of them needs armed keys; only Reverse does.

Each settles at the press what it is about: what is chosen before its work begins changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any

from app.base.errors import UserError
from app.commands.context import CommandContext, Selection
from app.commands.dry_run import PREFIX
from app.commands.flatten_report import FlattenReport
from app.commands.live_lines import LiveLines, Stand
from app.commands.open_list import OpenList, order_row, position_row
from app.commands.registry import why_not_armed
from app.commands.sending import require_armed
from app.commands.ticket import plain_price
from app.domain.events import PositionView
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_types import Side
from app.domain.reports import Severity
from app.domain.verdict import Deed, Verdict

Target = tuple[ConnectionId, AccountId, Instrument]
Work = Coroutine[Any, Any, None]
_PARTS = {Decimal("0.25"): "1/4 of ", Decimal("0.5"): "1/2 of ", Decimal("0.75"): "3/4 of "}


def chosen_account(selection: Selection) -> tuple[ConnectionId, AccountId]:
    """Connection and account of the selection. Raises UserError if one is missing."""
    if selection.connection_id is None or selection.account_id is None:
        raise UserError("no account is chosen: choose one in the ticket or connect first")
    return selection.connection_id, selection.account_id


def chosen(selection: Selection) -> Target:
    """Connection, account and instrument of the selection. Raises UserError if one is missing."""
    connection_id, account_id = chosen_account(selection)
    if selection.instrument is None:
        raise UserError("no instrument is chosen: pick one in the watchlist or press Ctrl+K")
    return connection_id, account_id, selection.instrument


def tell(context: CommandContext, title: str, verdicts: Sequence[Verdict], nothing: str) -> None:
    """The verdicts in one sentence; what failed is named, one by one."""
    failed = [verdict.text for verdict in verdicts if not verdict.ok]
    if failed:
        done = (
            f"{len(verdicts) - len(failed)} of {len(verdicts)} done; " if len(verdicts) > 1 else ""
        )
        context.notify(Severity.ERROR, f"{title}: {done}{'; '.join(failed)}")
    elif len(verdicts) == 1:
        context.notify(Severity.INFO, f"{title}: {verdicts[0].text}")
    elif verdicts:
        context.notify(Severity.INFO, f"{title}: {len(verdicts)} on their way")
    else:
        context.notify(Severity.INFO, f"{title}: {nothing}")


def tell_flat(
    context: CommandContext, title: str, verdicts: Sequence[Verdict], nothing: str
) -> None:
    """Cancels and closes apart, as "2 orders canceled, 1 position closing"; failures by name."""
    cancels = [verdict for verdict in verdicts if verdict.deed is Deed.CANCEL]
    closes = [v for v in verdicts if v.deed is Deed.CLOSE and (v.order is not None or not v.ok)]
    failed = [verdict.text for verdict in verdicts if not verdict.ok]
    if len(verdicts) == 1 and not cancels:
        tell(context, title, verdicts, nothing)
        return
    parts = [_count(cancels, "order", "canceled"), _count(closes, "position", "closing")]
    if cancels and not closes:
        parts.append("no position")
    text = ", ".join(part for part in parts if part) or nothing
    severity = Severity.ERROR if failed else Severity.INFO
    context.notify(severity, f"{title}: {'; '.join([text, *failed])}")


def _count(verdicts: Sequence[Verdict], thing: str, done: str) -> str:
    if not verdicts:
        return ""
    good = sum(verdict.ok for verdict in verdicts)
    things = thing if len(verdicts) == 1 else f"{thing}s"
    number = f"{good}" if good == len(verdicts) else f"{good} of {len(verdicts)}"
    return f"{number} {things} {done}"


class Scope(Enum):
    """How far a cancel reaches."""

    SYMBOL = "symbol"
    ACCOUNT = "account"
    EVERYTHING = "everything"


def cancel_side(context: CommandContext, side: Side, scope: Scope = Scope.SYMBOL) -> Work:
    """Cancel the working orders of one side, in the selected instrument or further."""
    name = "Cancel Bids" if side is Side.BUY else "Cancel Asks"
    if scope is Scope.EVERYTHING:
        nothing = "no such order is open anywhere"
        return _cancel(context, f"{name} Everywhere", nothing, side=side)
    connection_id, account_id = chosen_account(context.selection)
    key, where = None, f"in {account_id}"
    if scope is Scope.SYMBOL:
        instrument = chosen(context.selection)[2]
        key, where = instrument.key, instrument.symbol
    return _cancel(
        context,
        f"{name} {where}",
        "no such order is open",
        connection_id=connection_id,
        account_id=account_id,
        instrument_key=key,
        side=side,
    )


def _cancel(context: CommandContext, title: str, nothing: str, **which: Any) -> Work:
    """Ask for the cancels now, in the key press itself; the rest tells what came of it."""
    asked = context.engine.orders.cancel_many(**which)
    context.engine.orders.let_leave()
    return _tell_canceled(context, title, asked, nothing)


async def _tell_canceled(
    context: CommandContext, title: str, asked: Awaitable[Sequence[Verdict]], nothing: str
) -> None:
    tell(context, title, await asked, nothing)


def cancel_symbol(context: CommandContext) -> Work:
    """Cancel every order in the selected instrument and account."""
    connection_id, account_id, instrument = chosen(context.selection)
    return _cancel(
        context,
        f"Cancel All {instrument.symbol}",
        "no order is open",
        connection_id=connection_id,
        account_id=account_id,
        instrument_key=instrument.key,
    )


def cancel_account(context: CommandContext) -> Work:
    """Cancel every order of the selected account."""
    connection_id, account_id = chosen_account(context.selection)
    return _cancel(
        context,
        f"Cancel All in {account_id}",
        "no order is open",
        connection_id=connection_id,
        account_id=account_id,
    )


def cancel_everything(context: CommandContext) -> Work:
    """Cancel every order of every account at every connection."""
    return _cancel(context, "Cancel Everything", "no order is open anywhere")


def cancel_at_broker(context: CommandContext) -> Work:
    """Cancel every order of the selected login, of other programs too, after asking once."""
    connection_id = context.selection.connection_id
    if connection_id is None:
        raise UserError("no connection is chosen: choose an account in the ticket")
    return _cancel_at_broker(context, connection_id)


async def _cancel_at_broker(context: CommandContext, connection_id: ConnectionId) -> None:
    title = "Cancel Everything at the Broker"
    book = context.engine.orders.book
    lines = [order_line(o) for o in book.open_orders() if o.request.connection_id == connection_id]
    question = (
        f"Cancel every order of the login behind {connection_id}, also those typed into the"
        " broker's own program or sent by other programs? They cannot be brought back."
    )
    where = [connection_id]
    if not await context.shell.confirm(title, question, lines, title, where=where):
        context.notify(Severity.INFO, f"{title}: called off, nothing was sent")
        return
    tell(context, title, [await context.engine.orders.cancel_at_broker(connection_id)], "")


def close_position(context: CommandContext, fraction: Decimal = Decimal(1)) -> Work:
    """Close the selected position, or a part of it rounded down, at the market."""
    return _close(context, chosen(context.selection), fraction)


async def _close(context: CommandContext, target: Target, fraction: Decimal) -> None:
    connection_id, account_id, instrument = target
    part = _PARTS.get(fraction, "")
    is_sure = await _sure_of_doubtful(context, target, "Close Position")
    if is_sure is None:
        return
    verdicts = await context.engine.exits.close_position(
        connection_id, account_id, instrument.key, fraction, unverified_ok=is_sure
    )
    tell(context, f"Close {part}{instrument.symbol}", verdicts, "there is no position")


def flatten(context: CommandContext) -> Work:
    """Cancel what works in the selected instrument, then close its position."""
    return _flatten(context, chosen(context.selection))


async def _flatten(context: CommandContext, target: Target) -> None:
    connection_id, account_id, instrument = target
    is_sure = await _sure_of_doubtful(context, target, "Flatten")
    if is_sure is None:
        return
    verdicts = await context.engine.exits.flatten(
        connection_id, account_id, instrument.key, unverified_ok=is_sure
    )
    tell_flat(context, f"Flatten {instrument.symbol}", verdicts, "nothing is open")


def reverse(context: CommandContext) -> Work:
    """From long to short of the same size, or back; asked about first in staged mode."""
    return _reverse(context, chosen(context.selection))


async def _reverse(context: CommandContext, target: Target) -> None:
    connection_id, account_id, instrument = target
    view = context.engine.portfolio.position(connection_id, account_id, instrument.key)
    if view is not None and view.quantity and not await _may_reverse(context, view):
        return
    verdicts = await context.engine.exits.reverse(
        connection_id,
        account_id,
        instrument.key,
        why_not=lambda: why_not_armed(context) or why_rehearsed(context),
    )
    tell(context, f"Reverse {instrument.symbol}", verdicts, "there is no position")


def _reversal(view: PositionView) -> str:
    size, symbol = f"{abs(view.quantity).normalize():f}", view.instrument.symbol
    now, then = ("long", "short") if view.quantity > 0 else ("short", "long")
    where = f"in {view.account_id} at {view.connection_id}"
    return f"close {size} {symbol} {now} and open {size} {then} at the market {where}"


def rehearse_reverse(context: CommandContext, view: PositionView) -> bool:
    """In a dry run tell what Reverse would do, and answer True: then nothing is to be sent."""
    if not context.dry_run.is_on:
        return False
    deed = _reversal(view)
    closed = context.engine.connections.is_trading_open(view.connection_id)
    text = f"denied, it would {deed}: {closed}" if closed else f"would {deed}"
    context.notify(Severity.WARNING, f"{PREFIX}: {text}")
    return True


def why_rehearsed(context: CommandContext) -> str | None:
    """Why nothing is opened while the dry run is on."""
    return f"{PREFIX} was switched on meanwhile" if context.dry_run.is_on else None


def require_same(context: CommandContext, view: PositionView) -> None:
    """Raises UserError unless as much is held as when the trader was asked about it."""
    now = context.engine.portfolio.position(
        view.connection_id, view.account_id, view.instrument.key
    )
    held = Decimal(0) if now is None else now.quantity
    if held != view.quantity:
        raise UserError(
            f"nothing was sent: {view.quantity.normalize():f} {view.instrument.symbol} were held"
            f" when you were asked, now it is {held.normalize():f}. Reverse anew if you want to"
        )


async def _may_reverse(context: CommandContext, view: PositionView) -> bool:
    """False in a dry run, where it is only told, and where the trader said no."""
    if rehearse_reverse(context, view):
        return False
    if not context.engine.settings.trading.staged_orders:
        return True
    question = f"Reverse cannot be staged. It would {_reversal(view)}. Do it now?"
    if await context.shell.confirm(
        "Reverse",
        question,
        [position_line(view)],
        "Reverse",
        where=[view.connection_id],
        opens=True,
    ):
        require_armed(context)  # the question may have stood for long
        require_same(context, view)
        return True
    context.notify(Severity.INFO, "Reverse: called off, nothing was sent")
    return False


def flatten_account(context: CommandContext) -> Work:
    """Cancel and close everything of the selected account, after asking once with the list."""
    return _flatten_all(context, "Flatten Account", chosen_account(context.selection))


def flatten_everything(context: CommandContext) -> Work:
    """Cancel and close everything everywhere, after asking once with the list."""
    return _flatten_all(context, "Flatten Everything", None)


async def _flatten_all(
    context: CommandContext, title: str, account: tuple[ConnectionId, AccountId] | None
) -> None:
    where = "anywhere" if account is None else f"in {account[1]} at {account[0]}"
    stand = _all_open(context, account)
    if stand is None:
        context.notify(Severity.INFO, f"{title}: nothing is open {where}")
        return
    if not await asked(context, title, stand, partial(_all_open, context, account), title):
        return
    report = FlattenReport(context.engine, title, _held(context, account), _open(context, account))
    context.shell.show_flatten_report(report)
    try:
        verdicts = await context.engine.exits.flatten_everything(
            account, unverified_ok=bool(_doubtful(context, account)), told=report.take
        )
    finally:
        report.end()
    tell_flat(context, title, verdicts, "nothing was open")


def _all_open(
    context: CommandContext, account: tuple[ConnectionId, AccountId] | None
) -> Stand | None:
    """The question whether to end all that is open now; None where nothing is."""
    lines = open_lines(context, account)
    if not lines:
        return None
    question = "Cancel every working order and close every position at the market?"
    doubtful = _doubtful(context, account)
    if doubtful:
        question += " Positions that are not verified are closed as far as they are known."
    return Stand(question, lines, tuple(_places(context, account)), is_all=not doubtful)


async def asked(
    context: CommandContext,
    title: str,
    stand: Stand,
    look: Callable[[], Stand | None],
    accept: str,
) -> bool:
    """Ask `stand`, which `look` keeps up to date; says so when it was called off."""
    lines = LiveLines(stand, look)
    where = stand.where
    if await context.shell.confirm(title, stand.question, lines, accept, where=where):
        return True
    context.notify(Severity.INFO, f"{title}: called off, nothing was sent")
    return False


def _places(
    context: CommandContext, account: tuple[ConnectionId, AccountId] | None
) -> list[ConnectionId]:
    """The connections at which something is open, each once."""
    held = [view.connection_id for view in _held(context, account)]
    open_at = [order.request.connection_id for order in _open(context, account)]
    return list(dict.fromkeys([*held, *open_at]))


def _open(context: CommandContext, account: tuple[ConnectionId, AccountId] | None) -> list[Order]:
    return [
        order
        for order in context.engine.orders.book.open_orders()
        if account in (None, (order.request.connection_id, order.request.account_id))
    ]


def _held(
    context: CommandContext, account: tuple[ConnectionId, AccountId] | None
) -> list[PositionView]:
    return [
        view
        for view in context.engine.portfolio.positions()
        if view.quantity and account in (None, (view.connection_id, view.account_id))
    ]


def _doubtful(
    context: CommandContext, account: tuple[ConnectionId, AccountId] | None
) -> list[PositionView]:
    return [view for view in _held(context, account) if not view.is_verified]


async def _sure_of_doubtful(context: CommandContext, target: Target, title: str) -> bool | None:
    """False for a verified position, True when the trader wants a doubtful one closed, else None.

    Closing what a broker has not confirmed may open the other side, so it takes a word of its own.
    """
    connection_id, account_id, instrument = target
    view = context.engine.portfolio.position(connection_id, account_id, instrument.key)
    if view is None or not view.quantity or view.is_verified:
        return False
    doubt = "The broker has not confirmed this position. Close what is known of it?"
    look = partial(position_now, context, view, doubt)
    stand = look()
    return True if stand and await asked(context, title, stand, look, title) else None


def position_now(context: CommandContext, view: PositionView, doubt: str) -> Stand | None:
    """What to ask about a position as it stands now, `doubt` while nobody has confirmed it; None
    when nothing is held any more.
    """
    now = now_held(context, view)
    if now is None:
        return None
    sure = "The broker has confirmed this position. Close it as it stands now?"
    question = sure if now.is_verified else doubt
    return Stand(question, [position_line(now)], (now.connection_id,))


def now_held(context: CommandContext, view: PositionView) -> PositionView | None:
    """The position that `view` was of, as it is now; None when nothing is held any more."""
    portfolio = context.engine.portfolio
    now = portfolio.position(view.connection_id, view.account_id, view.instrument.key)
    return now if now is not None and now.quantity else None


def open_lines(
    context: CommandContext, account: tuple[ConnectionId, AccountId] | None = None
) -> OpenList:
    """Every open position and order with its value, positions first; of one account or of all."""
    is_paper = partial(_is_paper, context)
    rows = [
        position_row(view, position_line(view), is_paper=is_paper(view.connection_id))
        for view in _held(context, account)
    ]
    rows += [
        order_row(order, order_line(order), is_paper=is_paper(order.request.connection_id))
        for order in _open(context, account)
    ]
    return OpenList(tuple(rows))


def _is_paper(context: CommandContext, connection_id: ConnectionId) -> bool:
    """Only what is proved to be paper is called so."""
    connections = context.engine.connections
    return connection_id in connections.ids() and connections.is_paper(connection_id) is True


def open_connections(context: CommandContext) -> list[ConnectionId]:
    """The connections at which something is open, each once."""
    return _places(context, None)


def position_line(view: PositionView) -> str:
    """One open position in words; an unverified one says so."""
    side = "long" if view.quantity > 0 else "short"
    doubt = "" if view.is_verified else " (not verified with the broker)"
    where = f"{view.account_id} at {view.connection_id}"
    return f"Position: {side} {abs(view.quantity):f} {view.instrument.symbol}, {where}{doubt}"


def order_line(order: Order) -> str:
    """One open order in words."""
    request = order.request
    price = order.limit_price if order.limit_price is not None else order.stop_price
    kind = request.order_type.value.replace("_", " ")
    terms = kind if price is None else f"{kind} {plain_price(request, price)}"
    where = f"{request.account_id} at {request.connection_id}"
    return (
        f"Order: {request.side.value} {order.leaves_quantity:f} {request.instrument.symbol}"
        f" {terms}, {order.status.words}, {where}"
    )
