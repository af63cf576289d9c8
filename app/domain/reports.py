"""What a broker claims. Claims are turned into events by `domain.reconcile`, never shown as truth.

A query that failed is `Unavailable`, and that is a different thing from an empty answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Generic, TypeVar

from app.domain.execution import Execution
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order_types import OrderStatus, OrderType, Side, TimeInForce

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """An answer that arrived whole, and when."""

    value: T
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No answer: nothing may be concluded from it, least of all that there is nothing."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderReport:
    """The broker's word on one order, from its stream or from a query.

    `client_order_id` is None for an order that another program entered. `status` UNKNOWN means
    that the broker used a word we do not know; `word` keeps it. `cum_quantity` is the broker's own
    sum: it is compared with the executions, never booked.
    """

    connection_id: ConnectionId
    account_id: AccountId
    client_order_id: ClientOrderId | None
    broker_order_id: BrokerOrderId | None
    instrument: Instrument
    side: Side
    order_type: OrderType
    quantity: Decimal
    status: OrderStatus
    at: datetime
    cum_quantity: Decimal = Decimal(0)
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    outside_hours: bool = False
    parent_id: ClientOrderId | None = None
    oco_group: str = ""
    perm_id: str = ""
    reason: str = ""
    word: str = ""


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """The broker's word on one fill."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class CancelRefused:
    """The broker will not cancel; what the order is instead comes as an OrderReport."""

    connection_id: ConnectionId
    client_order_id: ClientOrderId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReplaceRefused:
    """The broker will not change the order; it stands as it was."""

    connection_id: ConnectionId
    client_order_id: ClientOrderId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PositionReport:
    """The broker's position: signed units, average price or None where it does not tell."""

    connection_id: ConnectionId
    account_id: AccountId
    instrument: Instrument
    quantity: Decimal
    average_price: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ProfitReport:
    """The broker's own reckoning of profit: of one instrument, or with None of a whole account.

    In the account's base currency; a figure that is None was not told. It says nothing of a
    quantity: those come as PositionReport and are never repeated for the sake of profit.
    """

    connection_id: ConnectionId
    account_id: AccountId
    instrument: Instrument | None
    at: datetime
    daily: Decimal | None = None
    unrealized: Decimal | None = None
    realized: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """One currency of one account; None is "not told", never zero."""

    currency: str
    cash: Decimal | None
    net_liquidation: Decimal | None = None
    buying_power: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    excess_liquidity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AccountReport:
    """The broker's word on one account. `is_paper` comes from the account, not from a port.

    Balances are one a currency that holds cash; figures of the whole account (margins)
    stand in the one of `base_currency`. With `is_base_whole` its net liquidation is the whole
    account's too and holds what the other currencies are worth; without it each has its own.
    """

    connection_id: ConnectionId
    account_id: AccountId
    title: str
    is_paper: bool
    base_currency: str
    balances: tuple[Balance, ...]
    at: datetime
    is_base_whole: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a connection holds, each part answered or not on its own.

    `orders` holds the open ones and the finished ones the broker still lists. `is_complete_since`
    is the moment from which on that list misses nothing, None where the broker gives no such
    promise: only then does an order's absence prove anything. `carries_client_ids` says that the
    broker itself keeps our client order id on every order: only then is an order without one
    certainly not ours.
    """

    accounts: Known[tuple[AccountReport, ...]] | Unavailable
    orders: Known[tuple[OrderReport, ...]] | Unavailable
    executions: Known[tuple[Execution, ...]] | Unavailable
    positions: Known[tuple[PositionReport, ...]] | Unavailable
    is_complete_since: datetime | None = None
    carries_client_ids: bool = False


class Light(Enum):
    """One of the four lights of a connection."""

    OFF = "off"
    PENDING = "pending"
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Health:
    """Four lights, each with a sentence for its tooltip.

    `patience_s`: how long a PENDING transport or authentication may last before the connection is
    made anew; None leaves it to the engine.
    """

    transport: Light = Light.OFF
    authentication: Light = Light.OFF
    subscriptions: Light = Light.OFF
    data_age: Light = Light.OFF
    text: str = ""
    patience_s: float | None = None


@dataclass(frozen=True, slots=True)
class HealthReport:
    """A connection's health has changed. A lost transport ends trading on it at once."""

    connection_id: ConnectionId
    health: Health
    at: datetime


class Severity(Enum):
    """How loud a notice is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence from a broker for the log and, when loud, for the trader."""

    connection_id: ConnectionId
    severity: Severity
    text: str
    at: datetime
    code: str = ""


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """How far long work is, 0 to 1; 1 ends it. `task` tells one piece of work from another."""

    connection_id: ConnectionId
    task: str
    text: str
    fraction: float
    at: datetime


BrokerReport = (
    OrderReport
    | ExecutionReport
    | CancelRefused
    | ReplaceRefused
    | PositionReport
    | ProfitReport
    | AccountReport
    | HealthReport
    | Notice
    | ProgressReport
)
