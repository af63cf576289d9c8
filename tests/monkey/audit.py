"""Who asked for which order, written down at the door of the engine while the program runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from app.domain.ids import ClientOrderId
from app.domain.order import Order
from app.domain.order_types import Origin, Side
from app.domain.request import OrderRequest
from app.ui.dialogs.confirm_order import ConfirmOrderDialog
from tests.ui.shell.conftest import Driver

# The command that runs here; the tasks that it starts, and those that they start, inherit it.
_COMMAND: ContextVar[str] = ContextVar("command", default="")


@dataclass(frozen=True)
class Sent:
    """One order as it came to the engine: the command it came from, and what was held then."""

    request: OrderRequest
    command_id: str
    was_armed: bool
    held: Decimal

    def __str__(self) -> str:
        r = self.request
        return (
            f"{r.side.value} {r.quantity} {r.instrument.symbol} ({r.origin.value}) from"
            f" {self.command_id or 'no command'}, armed {self.was_armed}, held {self.held}"
        )


class Audit:
    """Listens where orders enter the engine. Everything still happens as it would without it."""

    def __init__(self, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        self._driver = driver
        self.sent: list[Sent] = []
        self.begun: Counter[str] = Counter()  # commands that were begun while armed
        self.confirmed: set[ClientOrderId] = set()
        orders, commands = driver.engine.orders, driver.desk.commands
        submit, run = orders.submit, commands.run

        async def noted_submit(requests: Sequence[OrderRequest]) -> list[Order]:
            self.sent += [self._note(request) for request in requests]
            return await submit(requests)

        def noted_run(command_id: str, context: Any) -> bool:
            if driver.desk.arming.is_armed:
                self.begun[command_id] += 1
            token = _COMMAND.set(command_id)
            try:
                return run(command_id, context)
            finally:
                _COMMAND.reset(token)

        monkeypatch.setattr(orders, "submit", noted_submit)
        monkeypatch.setattr(commands, "run", noted_run)

    def hear(self, dialog: ConfirmOrderDialog) -> None:
        """Note what the trader says yes to."""
        dialog.confirmed.connect(
            lambda requests, _: self.confirmed.update(r.client_order_id for r in requests)
        )

    def unasked(self) -> list[str]:
        """Orders that nobody asked for, or that an exit made without reducing anything."""
        return [f"{why}: {sent}" for sent in self.sent if (why := self._wrong(sent))]

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

    def _note(self, request: OrderRequest) -> Sent:
        where = (request.connection_id, request.account_id, request.instrument.key)
        view = self._driver.engine.portfolio.position(*where)
        held = Decimal(0) if view is None else view.quantity
        return Sent(request, _COMMAND.get(), self._driver.desk.arming.is_armed, held)

    def _wrong(self, sent: Sent) -> str:
        request, commands = sent.request, self._driver.desk.commands
        if request.reduce_only:
            side = Side.SELL if sent.held > 0 else Side.BUY
            is_less = request.side is side and request.quantity <= abs(sent.held)
            return "" if is_less else "an exit that does not reduce"
        if sent.command_id:
            is_entry = commands.get(sent.command_id).increases_risk
            is_asked = is_entry and self.begun[sent.command_id] > 0
            return "" if is_asked else "not from an armed entry command"
        is_confirmed = _root(request) in self.confirmed or request.client_order_id in self.confirmed
        is_ticket = request.origin is Origin.TICKET and is_confirmed
        return "" if is_ticket else "neither from a command nor confirmed"


def _root(request: OrderRequest) -> ClientOrderId:
    return request.parent_id or request.client_order_id
