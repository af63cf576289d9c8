"""Who asked for which order, written down at the door of the engine while the program runs."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from app.commands.stops import is_exit, is_looser
from app.domain.ids import ClientOrderId
from app.domain.order import Order, changed_request
from app.domain.order_types import Origin, Side
from app.domain.request import OrderChange, OrderRequest
from app.domain.verdict import Verdict
from app.ui.dialogs.confirm_order import ConfirmOrderDialog
from app.ui.panels.ticket import TicketPanel
from tests.ui.shell.conftest import Driver

# The command that runs here, and the question that was answered with yes on the way; the tasks
# that are started here, and those that they start, inherit both.
_COMMAND: ContextVar[str] = ContextVar("command", default="")
_YES: ContextVar[str] = ContextVar("yes", default="")
TICKET = "the ticket's button"
STAGED_SEND = "trading.send_staged_order"


@dataclass(frozen=True)
class Moment:
    """How the desk stood when something was asked of the engine, and who asked."""

    command_id: str
    yes: str
    was_armed: bool
    was_dry: bool
    was_staged_mode: bool

    def __str__(self) -> str:
        states = {"armed": self.was_armed, "dry": self.was_dry, "staged": self.was_staged_mode}
        words = [word for word, is_on in states.items() if is_on]
        return f"from {self.command_id or 'no command'} (yes to {self.yes!r}; {' '.join(words)})"


@dataclass(frozen=True)
class Sent:
    """One order as it came to the engine, and what was held then."""

    request: OrderRequest
    moment: Moment
    held: Decimal

    def __str__(self) -> str:
        r = self.request
        what = f"{r.side.value} {r.quantity} {r.instrument.symbol} ({r.origin.value})"
        return f"{what} {self.moment}, held {self.held}"


@dataclass(frozen=True)
class Changed:
    """New terms as they came to the engine; `is_safe` says that they cannot raise the risk."""

    order: Order
    change: OrderChange
    moment: Moment
    is_safe: bool

    def __str__(self) -> str:
        r = changed_request(self.order, self.change)
        prices = f"limit {r.limit_price} stop {r.stop_price}"
        return f"{r.side.value} {r.quantity} {r.instrument.symbol} {prices} {self.moment}"


class Audit:
    """Listens where orders enter the engine. Everything still happens as it would without it."""

    def __init__(self, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        self._driver = driver
        self.sent: list[Sent] = []
        self.changed: list[Changed] = []
        self.ran: Counter[str] = Counter()  # commands that were begun
        self.begun: Counter[str] = Counter()  # and those of them that were begun while armed
        self.refused: Counter[str] = Counter()
        self.confirmed: set[ClientOrderId] = set()
        self._before = {order.client_order_id for order in driver.orders()}
        self._listen_at_engine(monkeypatch)
        self._listen_at_desk(monkeypatch)

    def _listen_at_engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        orders = self._driver.engine.orders
        submit, modify = orders.submit, orders.modify

        def noted_submit(requests: Sequence[OrderRequest]) -> asyncio.Future[list[Order]]:
            self.sent += [self._note(request) for request in requests]
            return submit(requests)

        def noted_modify(own_id: ClientOrderId, change: OrderChange) -> asyncio.Future[Verdict]:
            order = orders.book.get(own_id)
            if order is not None and change != OrderChange():
                self.changed.append(self._note_change(order, change))
            return modify(own_id, change)

        monkeypatch.setattr(orders, "submit", noted_submit)
        monkeypatch.setattr(orders, "modify", noted_modify)

    def _listen_at_desk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        desk, shell = self._driver.desk, self._driver.session.shell
        run, send, confirm = desk.commands.run, TicketPanel.send, shell.confirm

        def noted_run(command_id: str, context: Any) -> bool:
            is_armed = desk.arming.is_armed
            token = _COMMAND.set(command_id)
            try:
                is_begun = run(command_id, context)
            finally:
                _COMMAND.reset(token)
            (self.ran if is_begun else self.refused)[command_id] += 1
            if is_armed:
                self.begun[command_id] += 1
            return is_begun

        def noted_send(panel: TicketPanel, **how: Any) -> None:
            token = _COMMAND.set(TICKET)
            try:
                send(panel, **how)
            finally:
                _COMMAND.reset(token)

        async def noted_confirm(title: str, *args: Any, **more: Any) -> bool:
            is_yes = await confirm(title, *args, **more)
            if is_yes:
                _YES.set(title)
            return is_yes

        monkeypatch.setattr(desk.commands, "run", noted_run)
        monkeypatch.setattr(TicketPanel, "send", noted_send)
        monkeypatch.setattr(shell, "confirm", noted_confirm)

    def hear(self, dialog: ConfirmOrderDialog) -> None:
        """Note what the trader says yes to."""
        dialog.confirmed.connect(
            lambda requests, _: self.confirmed.update(r.client_order_id for r in requests)
        )

    def unasked(self) -> list[str]:
        """Orders and changes that nobody asked for, exits that do not reduce, and orders that came
        to the book on another way than through the door that is watched.
        """
        known = {sent.request.client_order_id for sent in self.sent} | self._before
        strays = [o for o in self._driver.orders() if o.client_order_id not in known]
        return [
            *(f"{why}: {sent}" for sent in self.sent if (why := self._wrong(sent))),
            *(f"{why}: {one}" for one in self.changed if (why := _wrong_change(one))),
            *(f"nobody sent {order.client_order_id} {order.request}" for order in strays),
        ]

    def not_reducing_fills(self) -> list[str]:
        """Fills of exits after which more was held than before, or the other side."""
        exits = {s.request.client_order_id for s in self.sent if s.request.reduce_only}
        held: defaultdict[Any, Decimal] = defaultdict(Decimal)
        wrong = []
        for fill in self._driver.engine.orders.book.executions():
            key = (fill.connection_id, fill.account_id, fill.instrument.key)
            before = held[key]
            held[key] += fill.quantity if fill.side is Side.BUY else -fill.quantity
            is_less = abs(held[key]) < abs(before) and held[key] * before >= 0
            if fill.client_order_id in exits and not is_less:
                wrong.append(f"{fill.side.value} {fill.quantity}: {before} became {held[key]}")
        return wrong

    def _now(self) -> Moment:
        desk = self._driver.desk
        return Moment(
            _COMMAND.get(),
            _YES.get(),
            was_armed=desk.arming.is_armed,
            was_dry=desk.dry_run.is_on,
            was_staged_mode=desk.settings.trading.staged_orders,
        )

    def _note(self, request: OrderRequest) -> Sent:
        where = (request.connection_id, request.account_id, request.instrument.key)
        view = self._driver.engine.portfolio.position(*where)
        return Sent(request, self._now(), Decimal(0) if view is None else view.quantity)

    def _note_change(self, order: Order, change: OrderChange) -> Changed:
        asked = changed_request(order, change)
        is_smaller = asked.quantity <= order.quantity and not is_looser(order, change)
        is_same_price = change.limit_price is None and change.stop_price is None
        is_reducing = is_smaller and (is_same_price or _pulls(self._driver, order, change))
        return Changed(order, change, self._now(), is_reducing)

    def _wrong(self, sent: Sent) -> str:
        request, moment = sent.request, sent.moment
        if request.reduce_only:
            side = Side.SELL if sent.held > 0 else Side.BUY
            is_less = request.side is side and request.quantity <= abs(sent.held)
            return "" if is_less else "an exit that does not reduce"
        if moment.was_dry:
            return "sent in a dry run"
        if moment.yes.startswith("Reverse"):
            return ""
        if moment.command_id not in ("", TICKET):
            return self._wrong_command(moment)
        is_confirmed = _root(request) in self.confirmed or request.client_order_id in self.confirmed
        is_sent_armed = moment.command_id == TICKET and moment.was_armed
        is_ticket = request.origin is Origin.TICKET and (is_confirmed or is_sent_armed)
        return "" if is_ticket else "neither from a command nor confirmed"

    def _wrong_command(self, moment: Moment) -> str:
        command = self._driver.desk.commands.get(moment.command_id)
        if not command.increases_risk or not self.begun[command.id]:
            return "not from an armed entry command"
        is_held_back = moment.was_staged_mode and command.stages
        return "sent where it should only be staged" if is_held_back else ""


def _pulls(driver: Driver, order: Order, change: OrderChange) -> bool:
    """Whether an order that is moved closes a position, and no more of it than before."""
    view = driver.engine.portfolio.position(
        order.request.connection_id, order.request.account_id, order.request.instrument.key
    )
    if is_exit(driver.desk, order, change):
        return True
    held = Decimal(0) if view is None else view.quantity
    is_other_side = held * order.request.side.sign < 0
    return is_other_side and order.leaves_quantity <= abs(held)


def _wrong_change(one: Changed) -> str:
    """A change that may raise the risk comes from armed keys, or was asked about."""
    is_asked = one.moment.was_armed or bool(one.moment.yes)
    if one.is_safe or (is_asked and not one.moment.was_dry):
        return ""
    return "changed in a dry run" if one.moment.was_dry else "a change that nobody was asked about"


def _root(request: OrderRequest) -> ClientOrderId:
    return request.parent_id or request.client_order_id
