"""An order as the embedded broker keeps it: mutable, changed only inside of a unit of work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.domain.ids import BrokerOrderId, ClientOrderId, InstrumentKey
from app.domain.instrument import Instrument
from app.domain.order_types import OrderStatus, OrderType, Side, TimeInForce
from app.domain.reports import OrderReport
from app.domain.request import OrderRequest

ZERO = Decimal(0)
MATCHABLE = frozenset({OrderStatus.WORKING, OrderStatus.PARTIALLY_FILLED, OrderStatus.TRIGGERED})


@dataclass(slots=True)
class PaperOrder:
    """The broker's own record of one order. Quantities in units, prices in its currency.

    `quantity` is the term that stands: that of a bracket's exit follows what its entry has filled,
    less `oco_filled`, the units that its rivals in the group have traded instead. `extreme` is the
    best price a trailing stop has seen, `value` the money of its fills. `session` is the trading
    day a DAY order belongs to, and `was_open` whether its market has been open on it. `follows` is
    whether its quantity keeps to its parent's: not once the trader has changed it.
    """

    request: OrderRequest
    number: int
    broker_order_id: BrokerOrderId
    status: OrderStatus
    quantity: Decimal
    created_at: datetime
    updated_at: datetime
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    filled: Decimal = ZERO
    oco_filled: Decimal = ZERO
    value: Decimal = ZERO
    fees: Decimal = ZERO
    priority: int = 0
    is_triggered: bool = False
    has_rested: bool = False
    extreme: Decimal | None = None
    session: date = date.min
    was_open: bool = False
    follows: bool = True
    reason: str = ""

    @property
    def id(self) -> ClientOrderId:
        """The trader's own id of it."""
        return self.request.client_order_id

    @property
    def instrument(self) -> Instrument:
        """What it trades."""
        return self.request.instrument

    @property
    def key(self) -> InstrumentKey:
        """What it trades, by key."""
        return self.request.instrument.key

    @property
    def side(self) -> Side:
        """Buy or sell."""
        return self.request.side

    @property
    def kind(self) -> OrderType:
        """Its order type."""
        return self.request.order_type

    @property
    def tif(self) -> TimeInForce:
        """Its time in force."""
        return self.request.time_in_force

    @property
    def leaves(self) -> Decimal:
        """Units that may still trade, zero once closed."""
        return ZERO if self.status.is_closed else max(ZERO, self.quantity - self.filled)

    @property
    def is_matchable(self) -> bool:
        """Whether the market may trade with it."""
        return self.status in MATCHABLE

    @property
    def waits_for_trigger(self) -> bool:
        """A stop of any kind that has not been elected."""
        needs = self.kind in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
        return needs and not self.is_triggered

    @property
    def is_auction(self) -> bool:
        """For the opening or closing price only."""
        return self.tif in (TimeInForce.OPG, TimeInForce.CLS)

    @property
    def takes_any_price(self) -> bool:
        """A market order, from the start or since its stop was elected."""
        return self.limit_price is None

    def is_exit_of(self, parent: PaperOrder) -> bool:
        """Whether it closes what `parent` opens."""
        return self.key == parent.key and self.side is not parent.side

    def report(self, at: datetime) -> OrderReport:
        """The broker's word on it."""
        request = self.request
        return OrderReport(
            connection_id=request.connection_id,
            account_id=request.account_id,
            client_order_id=self.id,
            broker_order_id=self.broker_order_id,
            instrument=request.instrument,
            side=request.side,
            order_type=request.order_type,
            quantity=self.quantity,
            status=self.status,
            at=at,
            cum_quantity=self.filled,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail_amount=self.trail_amount,
            trail_percent=self.trail_percent,
            time_in_force=request.time_in_force,
            outside_hours=request.outside_hours,
            parent_id=request.parent_id,
            oco_group=request.oco_group,
            perm_id=str(self.broker_order_id),
            reason=self.reason,
        )


def new_order(request: OrderRequest, number: int, token: str, at: datetime) -> PaperOrder:
    """An order that has just arrived. `token` keeps numbers of different accounts apart."""
    return PaperOrder(
        request=request,
        number=number,
        broker_order_id=BrokerOrderId(f"{token}-{number}"),
        status=OrderStatus.PENDING_NEW,
        quantity=request.quantity,
        created_at=at,
        updated_at=at,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        trail_amount=request.trail_amount,
        trail_percent=request.trail_percent,
        priority=number,
    )
