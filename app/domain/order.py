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
from app.domain.order_types import CLOSED, OrderStatus
from app.domain.request import OrderChange, OrderRequest

# Begins the id of a foreign order whose broker carries no id for it; no id of ours begins so.
NAMELESS_PREFIX = "ext"

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
_LIVE = frozenset(
    {
        OrderStatus.HELD,
        OrderStatus.WORKING,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.TRIGGERED,
        OrderStatus.SUSPENDED,
    }
)
# Where a change of terms may be under way.
_MAY_CHANGE = frozenset(
    {OrderStatus.PENDING_REPLACE, OrderStatus.PENDING_CANCEL, OrderStatus.UNKNOWN}
)
# Where the sum of fills alone decides that an order is complete.
_COMPLETABLE = _LIVE | {OrderStatus.PENDING_REPLACE, OrderStatus.PENDING_CANCEL}
# What evidence may prove about an order in doubt.
_PROVABLE = _LIVE | CLOSED
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
    def is_nameless(self) -> bool:
        """A foreign order that the broker lists without any client order id."""
        return self.client_order_id.startswith(NAMELESS_PREFIX)

    @property
    def is_overfilled(self) -> bool:
        """More was filled than was asked for: the broker's mistake, shown as an alarm."""
        return self.cum_quantity > self.quantity


def changed_request(order: Order, change: OrderChange) -> OrderRequest:
    """What would have been asked for had `change` been in it from the start, for checking it."""

    def term(asked: Decimal | None, standing: Decimal | None) -> Decimal | None:
        return standing if asked is None else asked

    return replace(
        order.request,
        quantity=order.quantity if change.quantity is None else change.quantity,
        limit_price=term(change.limit_price, order.limit_price),
        stop_price=term(change.stop_price, order.stop_price),
        trail_amount=term(change.trail_amount, order.trail_amount),
        trail_percent=term(change.trail_percent, order.trail_percent),
    )


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
    if isinstance(event, ev.OrderReplaced):
        order = _with_terms(order, event)
    elif isinstance(event, ev.OrderReplaceRejected):
        order = replace(order, pending_change=None)
    elif isinstance(event, ev.OrderAccepted | ev.OrderHeld):
        order = _identified(order, event.broker_order_id, event.perm_id)
    order = _moved(order, trigger, event.at)
    if isinstance(event, ev.OrderReplaceRequested):
        order = replace(order, pending_change=event.change)
    return replace(order, reason=getattr(event, "reason", ""))


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
    resume = order.resume_status
    if status is RESUME:
        status = _resumed(order)
    elif status in (OrderStatus.PENDING_REPLACE, OrderStatus.PENDING_CANCEL):
        resume = _resume_after(order, trigger)
    order = replace(order, resume_status=resume, updated_at=max(order.updated_at, at))
    return _settled(order, status)


def _resumed(order: Order) -> OrderStatus:
    """Back to before the request; a refused cancel finds a change still on its way."""
    is_changing = order.pending_change is not None and order.resume_status in _LIVE
    return OrderStatus.PENDING_REPLACE if is_changing else order.resume_status


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
    """What is open agrees with its fills, whichever of the two was heard last."""
    change = order.pending_change if status in _MAY_CHANGE else None
    order = replace(order, status=status, pending_change=change)
    filled = order.cum_quantity
    if filled and status in _COMPLETABLE and filled >= _target(order):
        status = OrderStatus.FILLED
    elif filled and status in (OrderStatus.WORKING, OrderStatus.HELD):
        status = OrderStatus.PARTIALLY_FILLED
    elif filled and status in (OrderStatus.REJECTED, OrderStatus.DENIED):
        status = OrderStatus.CANCELED  # what was refused is only the rest
    elif not filled and status is OrderStatus.PARTIALLY_FILLED:
        status = OrderStatus.WORKING  # no fills are known, or none any more
    change = None if status.is_closed else order.pending_change
    return replace(order, status=status, pending_change=change)


def _target(order: Order) -> Decimal:
    """Units that fill it for good: the broker may have enlarged it already and not said so yet."""
    asked = order.pending_change.quantity if order.pending_change else None
    return order.quantity if asked is None else max(order.quantity, asked)


def _apply_fill(order: Order, event: ev.OrderFilled) -> Order:
    execution = event.execution
    known = next((f for f in order.fills if f.exec_id == execution.exec_id), None)
    if known is not None and not execution.supersedes(known):
        return order
    others = (f for f in order.fills if f is not known)
    fills = tuple(sorted((*others, execution), key=lambda f: (f.at, f.exec_id)))
    before = order
    order = replace(order, fills=fills, updated_at=max(order.updated_at, event.at))
    order = _identified(order, execution.broker_order_id, execution.perm_id)
    if order.cum_quantity > before.cum_quantity:
        moved = _moved(order, _fill_trigger(order), event.at)
        return moved if moved.status is before.status else replace(moved, reason="")
    if order.status is OrderStatus.FILLED and order.cum_quantity < order.quantity:
        moved = _moved(order, Trigger.PARTIAL_FILL, event.at)
        return replace(moved, reason="a correction took back part of what was filled")
    return _settled(order, order.status)


def _fill_trigger(order: Order) -> Trigger:
    if order.cum_quantity >= _target(order):
        return Trigger.COMPLETE_FILL
    if order.cum_quantity >= order.quantity and order.status is OrderStatus.UNKNOWN:
        return Trigger.LOSE_SIGHT  # complete by the old terms; whether the new ones hold is open
    return Trigger.PARTIAL_FILL


def _apply_resolution(order: Order, event: ev.OrderResolved) -> Order:
    may_doubt = _IN_DOUBT | _REVIVABLE if event.reconciliation else _IN_DOUBT
    if order.status not in may_doubt or event.status not in _PROVABLE:
        raise OrderStateError(
            f"order {order.client_order_id}: {order.status.value} cannot be resolved"
            f" to {event.status.value}"
        )
    if event.status is OrderStatus.FILLED and order.cum_quantity < order.quantity:
        raise OrderStateError(f"order {order.client_order_id}: Filled without its executions")
    order = _identified(order, event.broker_order_id, event.perm_id)
    at = max(order.updated_at, event.at)
    order = replace(order, updated_at=at, reason=event.evidence, pending_change=None)
    return _settled(order, event.status)


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
    return _identified(order, event.broker_order_id, "")


def _identified(order: Order, number: BrokerOrderId | None, perm_id: str) -> Order:
    ids = order.broker_order_ids
    if number is not None and number not in ids:
        ids = (*ids, number)
    return replace(order, broker_order_ids=ids, perm_id=perm_id or order.perm_id)
