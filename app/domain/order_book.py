"""All orders as the events made them, found by any of their names."""

from __future__ import annotations

from collections.abc import Iterator

from app.base.errors import OrderStateError
from app.domain.execution import Execution
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId, ExecId
from app.domain.instrument import Instrument
from app.domain.order import Order, apply, initialize
from app.domain.order_events import OrderEvent, OrderInitialized
from app.domain.order_types import Origin, Side


class OrderBook:
    """A projection of order events. Not thread-safe: one thread owns one book."""

    def __init__(self) -> None:
        self._orders: dict[ClientOrderId, Order] = {}
        # Asked for with every key that is pressed: never looked for among all orders of a year.
        self._open: set[ClientOrderId] = set()
        self._births: dict[ClientOrderId, int] = {}
        self._by_broker_id: dict[tuple[ConnectionId, BrokerOrderId], ClientOrderId] = {}
        self._by_perm_id: dict[tuple[ConnectionId, str], ClientOrderId] = {}
        self._owner_of_execution: dict[tuple[ConnectionId, ExecId], ClientOrderId] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[Order]:
        return iter(tuple(self._orders.values()))

    def get(self, client_order_id: ClientOrderId | None) -> Order | None:
        """The order of ours with this id."""
        return None if client_order_id is None else self._orders.get(client_order_id)

    def apply(self, event: OrderEvent) -> Order:
        """Move one order and return it. Raises OrderStateError and changes nothing if illegal."""
        known = self._orders.get(event.client_order_id)
        if isinstance(event, OrderInitialized):
            if known is not None:
                raise OrderStateError(f"order {event.client_order_id} exists already")
            order = initialize(event)
        elif known is None:
            raise OrderStateError(f"no order {event.client_order_id} for {type(event).__name__}")
        else:
            order = apply(known, event)
        self._orders[order.client_order_id] = order
        self._index(order, known)
        return order

    def find(
        self,
        connection_id: ConnectionId,
        client_order_id: ClientOrderId | None,
        broker_order_id: BrokerOrderId | None,
        perm_id: str,
        instrument: Instrument,
        side: Side,
        account_id: AccountId | None = None,
    ) -> Order | None:
        """The order a report speaks of: by our id, the permanent id, then the broker's number.

        Brokers reuse their numbers, so a number alone means the newest order that had it, and
        everything else that is told must agree.
        """
        order = self.get(client_order_id)
        if order is not None and order.request.connection_id == connection_id:
            return order
        if perm_id and (owner := self._by_perm_id.get((connection_id, perm_id))):
            return self._orders[owner]
        if broker_order_id is None:
            return None
        order = self.get(self._by_broker_id.get((connection_id, broker_order_id)))
        if order is None:
            return None
        request = order.request
        is_ours = request.origin is not Origin.EXTERNAL
        agrees = (
            request.side is side
            and request.instrument.key == instrument.key
            and account_id in (None, request.account_id)
            and not (perm_id and order.perm_id)
            and not (client_order_id is not None and is_ours)
        )
        return order if agrees else None

    def owner_of(self, execution: Execution) -> Order | None:
        """The order an execution belongs to, known fills first."""
        owner = self._owner_of_execution.get((execution.connection_id, execution.exec_id))
        return self.get(owner) or self.find(
            execution.connection_id,
            execution.client_order_id,
            execution.broker_order_id,
            execution.perm_id,
            execution.instrument,
            execution.side,
            execution.account_id,
        )

    def of_connection(self, connection_id: ConnectionId) -> list[Order]:
        """Every order of one connection, oldest first."""
        return [o for o in self._orders.values() if o.request.connection_id == connection_id]

    def open_orders(self) -> list[Order]:
        """Every order that may still trade, oldest first."""
        return [self._orders[own_id] for own_id in sorted(self._open, key=self._births.__getitem__)]

    def executions(self) -> list[Execution]:
        """Every distinct execution in its newest revision, by time."""
        fills = [fill for order in self._orders.values() for fill in order.fills]
        return sorted(fills, key=lambda fill: fill.at)

    def copy(self) -> OrderBook:
        """An independent book; orders are immutable and shared."""
        other = OrderBook()
        other._orders = dict(self._orders)
        other._open, other._births = set(self._open), dict(self._births)
        other._by_broker_id = dict(self._by_broker_id)
        other._by_perm_id = dict(self._by_perm_id)
        other._owner_of_execution = dict(self._owner_of_execution)
        return other

    def _index(self, order: Order, before: Order | None) -> None:
        connection_id, own_id = order.request.connection_id, order.client_order_id
        self._births.setdefault(own_id, len(self._births))
        if order.status.is_open:
            self._open.add(own_id)
        else:
            self._open.discard(own_id)
        for number in order.broker_order_ids:
            # Only what is new: a number that was given to another order since is not taken back.
            if before is None or number not in before.broker_order_ids:
                self._by_broker_id[connection_id, number] = own_id
        if order.perm_id:
            self._by_perm_id[connection_id, order.perm_id] = own_id
        for fill in order.fills:
            self._owner_of_execution[connection_id, fill.exec_id] = own_id
