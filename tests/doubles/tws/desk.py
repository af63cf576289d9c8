"""The life of orders at the peer: taken, changed, canceled, executed, corrected.

Rules from the TWS API documentation ("Placing Orders", "Bracket Orders", "One Cancels All",
"Executions and Commissions"). Nothing here knows of requests: see orders.py for those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.doubles.tws.fill_reports import LATE_S, report_fill
from tests.doubles.tws.ledger import Ledger
from tests.doubles.tws.matching import Matching
from tests.doubles.tws.message_numbers import Tell
from tests.doubles.tws.order_layout import Placement, routed
from tests.doubles.tws.order_messages import (
    audience,
    tell_commission,
    tell_error,
    tell_fill,
    tell_order,
    tell_status,
)
from tests.doubles.tws.quirks import Quirk
from tests.doubles.tws.records import Contract, Fill, TwsOrder

if TYPE_CHECKING:
    from tests.doubles.tws.world import World

PIECES = 3
PIECE_S = 0.01
CORRECTION_S = 0.05


class Desk:
    """Every order of the world. World part; peer thread only."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.matching = Matching(world, self)
        # What another world has used must never come again: programs remember these numbers.
        self._stem = uuid4().hex[:8]
        self._executions = 0
        self._perm_ids = 1_000_000_000 + uuid4().int % 1_000_000_000
        self._by_id: dict[tuple[int, int], TwsOrder] = {}

    def open_orders(self) -> Iterator[TwsOrder]:
        """All that are not done, oldest first; those that wait to be transmitted too."""
        return (order for order in self.world.orders.values() if not order.is_done)

    def known(self, client_id: int, order_id: int) -> TwsOrder | None:
        """The order of a client under its own id; for client 0 also one that was bound to it."""
        return self._by_id.get((client_id, order_id)) if order_id else None

    def new_perm_id(self) -> int:
        """The next one; they are unique in the world."""
        self._perm_ids += 1
        return self._perm_ids

    def take(
        self,
        client_id: int,
        placed: Placement,
        contract: Contract,
        quirks: frozenset[Quirk] = frozenset(),
    ) -> TwsOrder:
        """Take a NEW order, which `world.accepted` counts. Order id 0: typed into TWS."""
        world = self.world
        order = TwsOrder(
            self.new_perm_id(),
            client_id,
            placed.order_id,
            routed(contract, placed.contract),
            placed.terms,
            world.timing.now(),
            placed.lists,
            quirks=quirks,
        )
        world.orders[order.perm_id] = order
        self._by_id[client_id, order.order_id] = order
        world.accepted[order.ref] += 1
        world.next_ids[client_id] = max(world.next_ids[client_id], placed.order_id)
        parent = self.parent(order)
        if parent is not None and not order.oca:
            order.terms.update(ocaGroup=str(parent.perm_id), ocaType="3")
        if not order.client_id and not order.order_id and world.is_auto_bound:
            self.bind(order)
        order.is_staged = order.terms["transmit"] == "0"
        if not order.is_staged:
            self._transmit(order)
        return order

    def change(self, order: TwsOrder, placed: Placement) -> None:
        """New terms for a live order; what it was bound to stays."""
        kept = {name: order.terms[name] for name in ("ocaGroup", "ocaType", "account", "parentId")}
        given = {name: text for name, text in placed.terms.items() if name not in kept or text}
        order.terms = {**kept, **given, "account": order.account}
        if parent := self.parent(order):
            order.terms.update(ocaGroup=kept["ocaGroup"] or str(parent.perm_id))
        order.lists = placed.lists
        if not order.is_triggered:
            order.stop = None
        if order.is_staged:
            order.is_staged = order.terms["transmit"] == "0"
            if not order.is_staged:
                self._transmit(order)
            return
        self.matching.prepare(order)
        tell_order(self.world, order)
        self.matching.consider(order)

    def cancel(self, order: TwsOrder, reason: str = "", done_status: str = "") -> None:
        """End a live order; its children end with it. No word to a client that is not there."""
        if order.is_done:
            return
        self._end(order, "Cancelled", done_status or "Cancelled by Trader")
        tell_error(self.world, order, 202, f"Order Canceled - reason:{reason}")
        tell_status(self.world, order)
        for child in self._children(order):
            self.cancel(child, "Parent order was canceled")

    def fill(self, order: TwsOrder, quantity: Decimal, price: Decimal) -> Fill:
        """Execute so much of a live order at exactly this price. Raises ValueError."""
        if order.is_done or not 0 < quantity <= order.remaining:
            raise ValueError(f"{quantity} of {order.remaining} cannot be filled: {order.status}")
        order.filled += quantity
        order.paid += quantity * price
        order.last_price = price
        if order.remaining:
            order.status = "Submitted"
        else:
            self._end(order, "Filled", f"Filled Size: {order.filled}")
        fill = self._execution(order, quantity, price)
        self.world.fills.append(fill)
        report_fill(self.world, order, fill)
        if Quirk.CORRECTED_EXECUTION in order.quirks:
            higher = price + order.contract.min_tick
            self.world.timing.later(CORRECTION_S, lambda: self._correct_once(fill, higher))
        self._after_fill(order, quantity)
        return fill

    def execute(self, order: TwsOrder, price: Decimal) -> None:
        """Fill all that is left; in pieces, one a moment after the other, where it is so told."""
        quantity = order.remaining
        if Quirk.PARTIAL_FILLS in order.quirks and order.quantity >= PIECES:
            quantity = min(quantity, max(order.quantity // PIECES, Decimal(1)))
        self.fill(order, quantity, price)
        if not order.is_done:
            self.world.timing.later(PIECE_S, lambda: self._go_on(order, price))

    def correct(
        self, exec_id: str, price: Decimal | None = None, quantity: Decimal | None = None
    ) -> Fill:
        """Replace an execution: the same id but for its last part, which is one higher.

        Order and account are put right. Raises StopIteration for an unknown id.
        """
        world = self.world
        old = next(fill for fill in world.fills if fill.exec_id == exec_id)
        order = world.orders[old.perm_id]
        stem, _, last = exec_id.rpartition(".")
        price = old.price if price is None else price
        quantity = old.quantity if quantity is None else quantity
        order.filled += quantity - old.quantity
        order.paid += quantity * price - old.quantity * old.price
        new = replace(
            old,
            exec_id=f"{stem}.{int(last) + 1:02d}",
            price=price,
            quantity=quantity,
            cumulative=old.cumulative + quantity - old.quantity,
            average=order.average,
        )
        old.is_replaced = True
        world.fills.append(new)
        world.part(Ledger).correct(old, new)
        tell_fill(world, order, new)
        tell_commission(world, order, new)
        return new

    def bind(self, order: TwsOrder) -> None:
        """Give an order that was typed into TWS an id of client 0, and say so."""
        self.world.next_ids[0] += 1
        order.order_id = self.world.next_ids[0]
        self._by_id[0, order.order_id] = order
        for session in audience(self.world, order):
            session.send(Tell.ORDER_BOUND, order.perm_id, 0, order.order_id)

    def parent(self, order: TwsOrder) -> TwsOrder | None:
        """The order this one hangs on, whatever has become of it."""
        return self.known(order.client_id, order.parent_id) if order.parent_id else None

    def _children(self, order: TwsOrder) -> list[TwsOrder]:
        mine = (order.client_id, order.order_id)
        return [
            other
            for other in tuple(self.open_orders())
            if order.order_id and (other.client_id, other.parent_id) == mine
        ]

    def _transmit(self, order: TwsOrder) -> None:
        """Let an order go, and with it what was held back above it."""
        parent = self.parent(order)
        if parent is not None and parent.is_staged:
            parent.is_staged = False
            self._release(parent)
        for sibling in self._children(parent) if parent is not None else ():
            if sibling.is_staged and sibling is not order:
                sibling.is_staged = False
                self._release(sibling)
        self._release(order)

    def _release(self, order: TwsOrder) -> None:
        if order.is_done:  # a sibling that was released before it has filled or canceled it
            return
        self.matching.prepare(order)
        world, quirks = self.world, order.quirks
        if Quirk.LATE_ANSWER in quirks:
            world.timing.later(LATE_S, lambda: self._acknowledge(order))
        elif Quirk.NO_SUBMITTED in quirks:
            self.matching.consider(order)
        else:
            self._acknowledge(order)

    def _acknowledge(self, order: TwsOrder) -> None:
        tell_order(self.world, order)
        if Quirk.TIF_PRESET in order.quirks:
            text = "Order TIF was set to DAY based on order preset."
            tell_error(self.world, order, 10349, text)
        self.matching.warn(order)
        self.matching.consider(order)

    def _go_on(self, order: TwsOrder, price: Decimal) -> None:
        if not order.is_done:
            self.execute(order, price)

    def _end(self, order: TwsOrder, status: str, done_status: str) -> None:
        order.status, order.why_held, order.is_staged = status, "", False
        order.done_at, order.done_status = self.world.timing.now(), done_status
        self.matching.forget(order)

    def _execution(self, order: TwsOrder, quantity: Decimal, price: Decimal) -> Fill:
        self._executions += 1
        venue = order.contract.exchange
        return Fill(
            exec_id=f"{self._stem}.{self._executions:08x}.01.01",
            perm_id=order.perm_id,
            contract=order.contract,
            account=order.account,
            side="BOT" if order.is_buy else "SLD",
            quantity=quantity,
            price=price,
            cumulative=order.filled,
            average=order.average,
            at=self.world.timing.now(),
            exchange="ISLAND" if venue == "SMART" else venue,
            commission=self.world.part(Ledger).commission(order.contract, quantity, price),
        )

    def _correct_once(self, fill: Fill, price: Decimal) -> None:
        if not fill.is_replaced:
            self.correct(fill.exec_id, price)

    def _after_fill(self, order: TwsOrder, quantity: Decimal) -> None:
        if order.oca:
            self._one_cancels_all(order, quantity)
        if order.status == "Filled":
            for child in self._children(order):
                if not child.is_staged:
                    self._release(child)

    def _one_cancels_all(self, order: TwsOrder, quantity: Decimal) -> None:
        """Type 1 cancels the rest of the group, 2 and 3 take from it what was filled."""
        for other in tuple(self.open_orders()):
            if other is order or (other.oca, other.account) != (order.oca, order.account):
                continue
            left = other.quantity - quantity
            if order.terms.get("ocaType") in ("2", "3") and left > other.filled:
                other.terms["totalQuantity"] = str(left)
                tell_order(self.world, other)
            else:
                self.cancel(other, "OCA group member was filled")
