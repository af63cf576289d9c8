"""Staged mode: an entry key writes the order down where it is seen, Enter sends it, Esc drops it.

Writing it down needs no armed keys, sending does. There is one staged order for the program.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.base.clock import Clock
from app.base.errors import UserError
from app.commands.registry import Command
from app.commands.sending import send_and_tell
from app.commands.ticket import TicketDraft, describe, plain_price
from app.commands.trade_menu import ARM, MENU, ORDER
from app.domain.reports import Severity
from app.domain.request import OrderRequest

if TYPE_CHECKING:
    from app.commands.context import CommandContext, Selection

TIMEOUT_S = 60.0
STAGED_MENU = f"{MENU}/Staged Order"


class Staging:
    """The order that waits for Enter, if any. GUI thread.

    It is dropped, and said to be, when the account or the instrument of its desk changes, when
    the keys are disarmed, when its connection is lost, when staged mode is switched off, and
    `timeout_s` after the last key for it. However it ends, the ticket is put back as it was before
    it, unless the ticket itself took it over. `listen` is told of every change.
    """

    def __init__(self, clock: Clock, timeout_s: float = TIMEOUT_S) -> None:
        self._clock, self._timeout_s = clock, timeout_s
        self._staged: OrderRequest | None = None
        self._context: CommandContext | None = None
        self._before = TicketDraft()  # what the ticket held before
        self._touched_s = 0.0
        self._listeners: list[Callable[[], None]] = []

    @property
    def staged(self) -> OrderRequest | None:
        """What Enter would send."""
        return self._staged

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener()` whenever another order is staged, or none any more."""
        self._listeners.append(listener)

    def is_in(self, context: CommandContext) -> bool:
        """Whether an order is staged in this very link group, for what is chosen there now."""
        staged = self._staged
        is_own = staged is not None and self._context is context
        return is_own and staged is not None and is_of(staged, context.selection)

    def own_draft(self, context: CommandContext) -> TicketDraft:
        """What the trader wrote into the ticket, be a staged order shown there now or not."""
        return self._before if self.is_in(context) else context.draft

    def require_in(self, context: CommandContext) -> None:
        """Raises UserError where the staged order is of another group than the one worked in."""
        if self._staged is not None and not self.is_in(context):
            raise UserError(
                f"{describe(self._staged)} was staged in another link group: go back there, or Esc"
                " drops it"
            )

    def stage(self, request: OrderRequest, context: CommandContext) -> None:
        """Write `request` down in place of what was staged, and fill the ticket with it."""
        if self._context is not context:
            self._end(keep_ticket=False)  # of another desk, whose ticket is put back
            self._before = context.draft
        self._context = context
        self._put(request)
        context.notify(Severity.INFO, f"Staged: {describe(request)}. Enter sends, Esc drops")

    def nudge(self, ticks: int) -> None:
        """Move the price by so many ticks. Raises UserError where there is none to move."""
        request = self._required()
        price = request.limit_price
        if price is None:
            raise UserError("a market order has no price: choose Buy Ask, Sell Bid or a join key")
        moved = price + ticks * request.instrument.tick_size
        if moved <= 0:
            raise UserError(f"the price would be {plain_price(request, moved)}: it stays")
        self._put(replace(request, limit_price=moved))
        self._say_again()

    def resize(self, size: Decimal) -> None:
        """Take another quantity."""
        self._put(replace(self._required(), quantity=size))
        self._say_again()

    def take(self, context: CommandContext) -> OrderRequest:
        """Hand out what is to be sent; nothing is staged any more, so it goes out once.

        Raises UserError when there is nothing, when it is of another place than is chosen now, and
        from another link group, where it stays staged.
        """
        request = self._required()
        if why := self._why_not():
            self.drop(why)
            raise UserError(f"not sent, it is no longer staged: {why}")
        self.require_in(context)
        self._end(keep_ticket=False)
        return request

    def drop(self, reason: str, *, keep_ticket: bool = False) -> None:
        """Forget what is staged, and say why. Nothing happens when there is nothing.

        With `keep_ticket` the ticket has taken it over and stays as it is.
        """
        request, context = self._staged, self._context
        if request is None or context is None:
            return
        self._end(keep_ticket=keep_ticket)
        text = f"Staged order dropped, nothing was sent: {describe(request)} ({reason})"
        context.notify(Severity.INFO, text)

    def forget(self, context: CommandContext, reason: str) -> None:
        """Drop what was staged for this desk, which is about to end."""
        if context is self._context:
            self.drop(reason)

    def check(self) -> None:
        """Drop what is not to be sent any more: too old, or of a place that was left."""
        if why := self._why_not():
            self.drop(why)

    def _end(self, *, keep_ticket: bool) -> None:
        request, context = self._staged, self._context
        if request is None or context is None:
            return
        self._staged = self._context = None
        if not keep_ticket:
            instrument = context.selection.instrument
            is_here = instrument is not None and instrument.key == request.instrument.key
            context.fill_ticket(self._before if is_here else self._before.without_prices())
        self._tell()

    def _why_not(self) -> str:
        request, context = self._staged, self._context
        if request is None or context is None:
            return ""
        if not is_staged_mode(context):
            return "staged mode is off"
        connections, where = context.engine.connections, request.connection_id
        if not is_of(request, context.selection):
            return "another account or instrument is chosen now"
        if where not in connections.ids() or connections.is_trading_open(where):
            return f"{where} is not open for orders"
        is_old = self._clock.monotonic() - self._touched_s >= self._timeout_s
        return f"no key for it for {self._timeout_s:g} s" if is_old else ""

    def _required(self) -> OrderRequest:
        if self._staged is None:
            raise UserError("nothing is staged: press an entry key first")
        return self._staged

    def _put(self, request: OrderRequest) -> None:
        context = self._context
        assert context is not None  # `stage` came first
        self._staged, self._touched_s = request, self._clock.monotonic()
        context.fill_ticket(draft_of(request))
        self._tell()

    def _say_again(self) -> None:
        if self._staged is not None and self._context is not None:
            self._context.notify(Severity.INFO, f"Staged: {describe(self._staged)}")

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def is_of(request: OrderRequest, selection: Selection) -> bool:
    """Whether an order is of the chosen connection, account and instrument."""
    instrument = selection.instrument
    place = (selection.connection_id, selection.account_id)
    is_there = (request.connection_id, request.account_id) == place
    return is_there and instrument is not None and request.instrument.key == instrument.key


def draft_of(request: OrderRequest) -> TicketDraft:
    """The same order as the fields of a ticket."""
    return TicketDraft(
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        time_in_force=request.time_in_force,
        outside_hours=request.outside_hours,
    )


def is_staged_mode(context: CommandContext) -> bool:
    """Whether entry keys stage instead of sending."""
    return context.engine.settings.trading.staged_orders


def needs_staged(context: CommandContext) -> str | None:
    """Something must be staged."""
    return None if context.staging.staged is not None else "nothing is staged"


def _send(context: CommandContext) -> Coroutine[Any, Any, None]:
    return send_and_tell(context, [context.staging.take(context)])


def _toggle(context: CommandContext) -> None:
    is_on = not is_staged_mode(context)
    context.staging.drop("staged mode was switched")
    if context.save_setting("trading", "staged_orders", is_on):
        word = "on: entry keys write the order down, Enter sends" if is_on else "off: keys send"
        context.notify(Severity.INFO, f"Staged mode is {word}")


def _nudge(command_id: str, title: str, sign: int, *, is_far: bool) -> Command:
    def run(context: CommandContext) -> None:
        steps = context.engine.settings.trading.price_step_ticks if is_far else 1
        context.staging.require_in(context)
        context.staging.nudge(sign * steps)

    step = "the larger price step" if is_far else "a tick"
    return Command(
        command_id,
        title,
        run,
        needs_staged,
        while_staged=True,
        menu=STAGED_MENU,
        section=ORDER,
        default_key=("Shift+" if is_far else "") + ("Up" if sign > 0 else "Down"),
        help=f"Move the price of the staged order by {step}",
    )


COMMANDS = (
    Command(
        "trading.toggle_staged_mode",
        "Staged Mode",
        _toggle,
        menu=MENU,
        section=ARM,
        default_key="Ctrl+Alt+G",
        help="Entry keys write the order on ticket and chart, Enter sends it",
        is_on=is_staged_mode,
    ),
    Command(
        "trading.send_staged_order",
        "Send Staged Order",
        _send,
        needs_staged,
        increases_risk=True,
        while_staged=True,
        menu=STAGED_MENU,
        section=ORDER,
        default_key="Return",
        more_keys=("Enter",),
        help="Send the order that an entry key has written down",
    ),
    Command(
        "trading.drop_staged_order",
        "Drop Staged Order",
        lambda context: context.staging.drop("by the trader"),
        needs_staged,
        while_staged=True,
        menu=STAGED_MENU,
        section=ORDER,
        default_key="Esc",
        help="Forget the order that an entry key has written down",
    ),
    _nudge("trading.raise_staged_price", "Staged Price Up", +1, is_far=False),
    _nudge("trading.lower_staged_price", "Staged Price Down", -1, is_far=False),
    _nudge("trading.raise_staged_price_far", "Staged Price Up by a Step", +1, is_far=True),
    _nudge("trading.lower_staged_price_far", "Staged Price Down by a Step", -1, is_far=True),
)
