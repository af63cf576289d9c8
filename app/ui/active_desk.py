"""The desk of whichever group the trader works in: for windows, menus, keys and status. GUI."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from PySide6.QtCore import QObject

from app.commands.context import Selection
from app.commands.ticket import TicketDraft
from app.domain.ids import ConnectionId
from app.domain.order import Order
from app.domain.sizing import SizePreset
from app.ui.desk import Desk
from app.ui.desk_core import DeskCore


class ActiveDesk(Desk):
    """Shows and changes the active group as if it were one desk that is always the same.

    A change of group reads as a change of selection and size. Commands run with the group's own
    Desk, so that work which takes its time stays with the group it was begun in.
    """

    def __init__(self, core: DeskCore, parent: QObject | None = None) -> None:
        self._desk: Desk | None = None
        self._is_relaying = False
        super().__init__(core, "", parent)

    def _join(self) -> None:
        self.price_picked.connect(self._on_own_price)
        self.order_focused.connect(self._on_own_order)
        self.core.active_changed.connect(self._follow)
        self._follow(self.core.active)

    @property
    def group(self) -> str:
        return self.core.active.group

    @property
    def selection(self) -> Selection:
        return self.core.active.selection

    def select(self, **changes: Any) -> None:
        self.core.active.select(**changes)

    @property
    def size(self) -> Decimal:
        return self.core.active.size

    @property
    def size_choice(self) -> SizePreset:
        return self.core.active.size_choice

    @property
    def size_problem(self) -> str:
        return self.core.active.size_problem

    def choose_size(self, choice: SizePreset) -> None:
        self.core.active.choose_size(choice)

    def refuse_size(self, problem: str) -> None:
        self.core.active.refuse_size(problem)

    @property
    def draft(self) -> TicketDraft:
        return self.core.active.draft

    def note_draft(self, draft: TicketDraft) -> None:
        self.core.active.note_draft(draft)

    def fill_ticket(self, draft: TicketDraft) -> None:
        self.core.active.fill_ticket(draft)

    def show_order(self, order: Order) -> None:
        self.core.active.show_order(order)

    def run(self, command_id: str) -> None:
        self.core.active.run(command_id)

    def adopt(self, connection_id: ConnectionId) -> None:
        self.core.active.adopt(connection_id)

    def abandon(self, connection_id: ConnectionId) -> None:
        self.core.active.abandon(connection_id)

    def _follow(self, desk: Desk) -> None:
        old, self._desk = self._desk, desk
        if old is not None:
            old.selection_changed.disconnect(self._on_selection)
            old.size_changed.disconnect(self._on_size)
            old.price_picked.disconnect(self._on_price)
            old.order_focused.disconnect(self._on_order)
            old.ticket_filled.disconnect(self.ticket_filled)
        desk.selection_changed.connect(self._on_selection)
        desk.size_changed.connect(self._on_size)
        desk.price_picked.connect(self._on_price)
        desk.order_focused.connect(self._on_order)
        desk.ticket_filled.connect(self.ticket_filled)
        if old is not None and old.selection != desk.selection:
            self.selection_changed.emit(desk.selection)
        if old is not None and _size_of(old) != _size_of(desk):
            self.size_changed.emit(desk.size)

    def _on_selection(self, selection: Selection) -> None:
        self.selection_changed.emit(selection)

    def _on_size(self, size: Decimal) -> None:
        self.size_changed.emit(size)

    def _on_price(self, price: Decimal) -> None:
        self._relay(lambda: self.price_picked.emit(price))

    def _on_order(self, order: object) -> None:
        self._relay(lambda: self.order_focused.emit(order))

    def _on_own_price(self, price: Decimal) -> None:
        self._relay(lambda: self.core.active.price_picked.emit(price))

    def _on_own_order(self, order: object) -> None:
        self._relay(lambda: self.core.active.order_focused.emit(order))

    def _relay(self, emit: Any) -> None:
        """Tell it on to the other side, and not back again."""
        if not self._is_relaying:
            self._is_relaying = True
            try:
                emit()
            finally:
                self._is_relaying = False


def _size_of(desk: Desk) -> tuple[SizePreset, str]:
    return desk.size_choice, desk.size_problem
