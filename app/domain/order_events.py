"""What can happen to an order. Past tense; an order changes through these and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.domain.execution import Execution
from app.domain.ids import BrokerOrderId, ClientOrderId
from app.domain.order_types import OrderStatus
from app.domain.request import OrderChange, OrderRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """Base: whose order, when (UTC), and whether reconciliation found it out afterwards."""

    client_order_id: ClientOrderId
    at: datetime
    reconciliation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderInitialized(OrderEvent):
    """The request exists; nothing is decided."""

    request: OrderRequest
    broker_order_id: BrokerOrderId | None = None  # set when adopted from the broker


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDenied(OrderEvent):
    """We refused it, or it provably never left; `rule`, `limit` and `actual` tell why."""

    rule: str
    reason: str
    limit: str = ""
    actual: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSubmitted(OrderEvent):
    """The intent is on disk and the request is handed to the broker's thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHeld(OrderEvent):
    """The broker knows it and keeps it back until its parent trades or its session opens."""

    broker_order_id: BrokerOrderId | None = None
    perm_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(OrderEvent):
    """The broker has it and it is working."""

    broker_order_id: BrokerOrderId | None = None
    perm_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(OrderEvent):
    """The broker's definite no, or proof that it never accepted."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTriggered(OrderEvent):
    """A stop has been elected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(OrderEvent):
    """One execution: partial or complete is worked out from the sum."""

    execution: Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReplaceRequested(OrderEvent):
    """A change of terms is on disk and on its way."""

    change: OrderChange


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReplaced(OrderEvent):
    """The broker's terms as they now stand; some brokers issue a new order number."""

    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    broker_order_id: BrokerOrderId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReplaceRejected(OrderEvent):
    """The change was refused; the order stands as it was."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelRequested(OrderEvent):
    """A cancel is on disk and on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelRejected(OrderEvent):
    """The cancel was refused; the order is whatever it was before."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCanceled(OrderEvent):
    """The broker confirms that nothing more of it will trade."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(OrderEvent):
    """Its time in force ran out."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSuspended(OrderEvent):
    """The broker keeps it inactive; it may come back."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnresolved(OrderEvent):
    """Nobody can say what became of it: no answer, a lost line, an unreadable word."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResolved(OrderEvent):
    """Evidence ends Unknown: the status that the evidence proves, and where it came from.

    `status` is an open or closed status; fills are booked by OrderFilled before this.
    """

    status: OrderStatus
    evidence: str
    broker_order_id: BrokerOrderId | None = None
    perm_id: str = ""
