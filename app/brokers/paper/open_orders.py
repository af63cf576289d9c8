"""The orders that may still trade, found by id, instrument, parent and group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.brokers.paper.paper_order import PaperOrder
from app.domain.ids import ClientOrderId, InstrumentKey
from app.domain.order_types import OrderStatus


class OpenOrders:
    """Held, working and not yet decided orders."""

    def __init__(self, orders: Sequence[PaperOrder] = ()) -> None:
        self._by_id: dict[ClientOrderId, PaperOrder] = {}
        self._by_key: dict[InstrumentKey, list[PaperOrder]] = {}
        for order in orders:
            self.add(order)

    def __iter__(self) -> Iterator[PaperOrder]:
        return iter(tuple(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, order: PaperOrder) -> None:
        """Take one in."""
        self._by_id[order.id] = order
        self._by_key.setdefault(order.key, []).append(order)

    def discard(self, order: PaperOrder) -> None:
        """Let a closed one go."""
        if self._by_id.pop(order.id, None) is not None:
            of_key = self._by_key[order.key]
            of_key.remove(order)
            if not of_key:
                del self._by_key[order.key]

    def get(self, order_id: ClientOrderId | None) -> PaperOrder | None:
        """The open order with this id."""
        return None if order_id is None else self._by_id.get(order_id)

    def has(self, key: InstrumentKey) -> bool:
        """Whether anything is open in an instrument."""
        return key in self._by_key

    def of(self, key: InstrumentKey) -> list[PaperOrder]:
        """A copy of what is open in an instrument, oldest first."""
        return list(self._by_key.get(key, ()))

    def children(self, parent: PaperOrder) -> list[PaperOrder]:
        """What waits for, or belongs to, `parent`."""
        return [o for o in self._by_id.values() if o.request.parent_id == parent.id]

    def rivals(self, order: PaperOrder) -> list[PaperOrder]:
        """The others of its one-cancels-other group."""
        group = order.request.oco_group
        if not group:
            return []
        return [o for o in self._by_id.values() if o.request.oco_group == group and o is not order]

    def exposed(self) -> list[PaperOrder]:
        """Those that the market may trade with, by priority."""
        found = [o for o in self._by_id.values() if o.status is not OrderStatus.PENDING_NEW]
        return sorted((o for o in found if o.is_matchable), key=lambda o: o.priority)
