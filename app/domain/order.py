"""An order: an immutable value that changes only by `apply`ing an event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from app.base.errors import OrderStateError
from app.domain import order_events as ev
from app.domain.execution import Execution
from app.domain.ids import BrokerOrderId, ClientOrderId
from app.domain.order_table import RESUME, TRANSITIONS, Trigger
from app.domain.order_types import OrderStatus
from app.domain.request import OrderChange, OrderRequest

_TRIGGERS: dict[type[ev.OrderEvent], Trigger] = {
    ev.OrderDenied: Trigger.DENY,
    ev.OrderSubmitted: Trigger.SUBMIT,
    ev.OrderHeld: Trigger.HOLD,
    ev.OrderAccepted: Trigger.ACCEPT,
    ev.OrderRejected: Trigger.REJECT,
    ev.OrderTriggered: Trigger.TRIGGER,
    ev.OrderReplaceRequested: Trigger.REQUEST_REPLACE,
    ev.OrderReplaced: Trigger.REPLACED,
    ev.OrderReplaceRejected: Trigger.REFUSE_REPLACE,
    ev.OrderCancelRequested: Trigger.REQUEST_CANCEL,
    ev.OrderCancelRejected: Trigger.REFUSE_CANCEL,
    ev.OrderCanceled: Trigger.CANCEL,
    ev.OrderExpired: Trigger.EXPIRE,
    ev.OrderSuspended: Trigger.SUSPEND,
    ev.OrderUnresolved: Trigger.LOSE_SIGHT,
}
# What evidence may prove about an order in doubt.
_PROVABLE = frozenset(OrderStatus) - {OrderStatus.DRAFT, OrderStatus.UNKNOWN}
_IN_DOUBT = frozenset(
    {
        OrderStatus.DRAFT,
        OrderStatus.PENDING_NEW,
        OrderStatus.PENDING_REPLACE,
        OrderStatus.PENDING_CANCEL,
        OrderStatus.UNKNOWN,
    }
)
# A fresh query may show that what we took for dead is alive.
_REVIVABLE = frozenset(
    {OrderStatus.DENIED, OrderStatus.REJECTED, OrderStatus.CANCELED, OrderStatus.EXPIRED}
)


@dataclass(frozen=True, slots=True)
class Order:
    """One order as far as we know it. Quantities come from `fills` and from nothing else.

    `quantity` and the prices are the terms that now stand; `pending_change` the ones asked for.
    `resume_status` is what a refused request falls back to. `broker_order_ids` keeps every number
    the broker ever gave it, newest last.
    """

    request: OrderRequest
    status: OrderStatus
    quantity: Decimal
    created_at: datetime
    updated_at: datetime
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    resume_status: OrderStatus = OrderStatus.DRAFT
    pending_change: OrderChange | None = None
    broker_order_ids: tuple[BrokerOrderId, ...] = ()
    perm_id: str = ""
    fills: tuple[Execution, ...] = ()
    reason: str = ""

    @property
    def client_order_id(self) -> ClientOrderId:
        """Our own identity of it."""
        return self.request.client_order_id

    @property
    def broker_order_id(self) -> BrokerOrderId | None:
        """The broker's current number, None until it has one."""
        return self.broker_order_ids[-1] if self.broker_order_ids else None

    @property
    def cum_quantity(self) -> Decimal:
        """Units filled: the sum of distinct executions."""
        return sum((fill.quantity for fill in self.fills), Decimal(0))

    @property
    def leaves_quantity(self) -> Decimal:
        """Units that may still trade; zero once closed."""
        if self.status.is_closed:
            return Decimal(0)
        return max(Decimal(0), self.quantity - self.cum_quantity)

    @property
    def average_price(self) -> Decimal | None:
        """Volume-weighted price of the fills, None without one."""
        filled = self.cum_quantity
        if not filled:
            return None
        return sum((fill.price * fill.quantity for fill in self.fills), Decimal(0)) / filled

    @property
    def is_overfilled(self) -> bool:
        """More was filled than was asked for: the broker's mistake, shown as an alarm."""
        return self.cum_quantity > self.quantity


def initialize(event: ev.OrderInitialized) -> Order:
    """The order that the first event of its life makes."""
    request = event.request
    return Order(
        request=request,
        status=OrderStatus.DRAFT,
        quantity=request.quantity,
        created_at=event.at,
        updated_at=event.at,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        trail_amount=request.trail_amount,
        trail_percent=request.trail_percent,
        broker_order_ids=(event.broker_order_id,) if event.broker_order_id else (),
    )


def apply(order: Order, event: ev.OrderEvent) -> Order:
    """The order after `event`; the same object when the event is a known duplicate.

    Raises OrderStateError where the table has no row, and changes nothing then.
    """
    if event.client_order_id != order.client_order_id:
        raise OrderStateError(f"event of {event.client_order_id} for {order.client_order_id}")
    if isinstance(event, ev.OrderFilled):
        return _apply_fill(order, event)
    if isinstance(event, ev.OrderResolved):
        return _apply_resolution(order, event)
    trigger = _TRIGGERS.get(type(event))
    if trigger is None:
        raise OrderStateError(f"{type(event).__name__} cannot follow {order.status.value}")
    order = _moved(order, trigger, event.at)
    if isinstance(event, ev.OrderAccepted | ev.OrderHeld):
        order = _identified(order, event.broker_order_id, event.perm_id)
    elif isinstance(event, ev.OrderReplaceRequested):
        order = replace(order, pending_change=event.change)
    elif isinstance(event, ev.OrderReplaced):
        order = _with_terms(order, event)
    elif isinstance(event, ev.OrderReplaceRejected):
        order = replace(order, pending_change=None)
    return replace(order, reason=getattr(event, "reason", order.reason))


def replay(events: Iterable[ev.OrderEvent]) -> Order:
    """The order that a whole life of events makes, the first being OrderInitialized."""
    iterator = iter(events)
    first = next(iterator)
    if not isinstance(first, ev.OrderInitialized):
        raise OrderStateError(f"a life begins with OrderInitialized, was {type(first).__name__}")
    order = initialize(first)
    for event in iterator:
        order = apply(order, event)
    return order


def _moved(order: Order, trigger: Trigger, at: datetime) -> Order:
    try:
        status = TRANSITIONS[order.status, trigger]
    except KeyError:
        raise OrderStateError(
            f"order {order.client_order_id}: {trigger.value} cannot follow {order.status.value}"
        ) from None
    if status is RESUME:
        return _settled(replace(order, updated_at=at), order.resume_status)
    resume = order.resume_status
    if status in (OrderStatus.PENDING_REPLACE, OrderStatus.PENDING_CANCEL):
        resume = _resume_after(order, trigger)
    return _settled(replace(order, resume_status=resume, updated_at=at), status)


def _resume_after(order: Order, trigger: Trigger) -> OrderStatus:
    """What a refusal falls back to, kept true while the request is on its way."""
    if order.status not in (OrderStatus.PENDING_REPLACE, OrderStatus.PENDING_CANCEL):
        return order.status
    learned = {
        Trigger.HOLD: OrderStatus.HELD,
        Trigger.ACCEPT: OrderStatus.WORKING,
        Trigger.TRIGGER: OrderStatus.TRIGGERED,
        Trigger.PARTIAL_FILL: OrderStatus.PARTIALLY_FILLED,
    }
    return learned.get(trigger, order.resume_status)


def _settled(order: Order, status: OrderStatus) -> Order:
    """Working with fills is PartiallyFilled, whichever of the two was heard last."""
    if status in (OrderStatus.WORKING, OrderStatus.HELD) and order.fills:
        status = OrderStatus.PARTIALLY_FILLED
    return replace(order, status=status)


def _apply_fill(order: Order, event: ev.OrderFilled) -> Order:
    execution = event.execution
    known = next((f for f in order.fills if f.exec_id == execution.exec_id), None)
    if known is not None and execution.revision <= known.revision:
        return order
    fills = (*(f for f in order.fills if f is not known), execution)
    filled = replace(order, fills=fills)
    complete = filled.cum_quantity >= order.quantity
    trigger = Trigger.COMPLETE_FILL if complete else Trigger.PARTIAL_FILL
    moved = _moved(filled, trigger, event.at)
    return _identified(moved, execution.broker_order_id, execution.perm_id)


def _apply_resolution(order: Order, event: ev.OrderResolved) -> Order:
    may_doubt = _IN_DOUBT | _REVIVABLE if event.reconciliation else _IN_DOUBT
    if order.status not in may_doubt or event.status not in _PROVABLE:
        raise OrderStateError(
            f"order {order.client_order_id}: {order.status.value} cannot be resolved"
            f" to {event.status.value}"
        )
    if event.status is OrderStatus.FILLED and order.cum_quantity < order.quantity:
        raise OrderStateError(f"order {order.client_order_id}: Filled without its executions")
    settled = _settled(replace(order, updated_at=event.at, reason=event.evidence), event.status)
    return _identified(replace(settled, pending_change=None), event.broker_order_id, event.perm_id)


def _with_terms(order: Order, event: ev.OrderReplaced) -> Order:
    order = replace(
        order,
        quantity=event.quantity,
        limit_price=event.limit_price,
        stop_price=event.stop_price,
        trail_amount=event.trail_amount,
        trail_percent=event.trail_percent,
        pending_change=None,
    )
    order = _identified(order, event.broker_order_id, "")
    if order.fills and order.cum_quantity >= order.quantity and not order.status.is_closed:
        # Cut to what has already traded: nothing is left to work.
        order = replace(order, status=OrderStatus.FILLED)
    return order


def _identified(order: Order, number: BrokerOrderId | None, perm_id: str) -> Order:
    ids = order.broker_order_ids
    if number is not None and number not in ids:
        ids = (*ids, number)
    return replace(order, broker_order_ids=ids, perm_id=perm_id or order.perm_id)
