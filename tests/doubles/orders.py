"""Ready-made orders, reports, fills and snapshots, for tests about what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from app.domain import order_events as ev
from app.domain.execution import Execution
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId, ExecId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order import Order, apply, initialize
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.reports import Known, OrderReport, Snapshot
from app.domain.request import OrderRequest
from tests.doubles.clock import START

CONNECTION = ConnectionId("desk")
ACCOUNT = AccountId("A1")
SPY = Instrument("SPY", AssetClass.ETF, "USD")
QQQ = Instrument("QQQ", AssetClass.ETF, "USD")
OWN = ClientOrderId("own")


def at(seconds: float) -> datetime:
    """A moment of the test's day."""
    return START + timedelta(seconds=seconds)


def number(text: str) -> BrokerOrderId:
    return BrokerOrderId(text)


def request(**changes: Any) -> OrderRequest:
    """Buy 100 SPY at 10.00, unless told otherwise."""
    terms: dict[str, Any] = {
        "connection_id": CONNECTION,
        "account_id": ACCOUNT,
        "instrument": SPY,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": Decimal(100),
        "limit_price": Decimal("10.00"),
        "client_order_id": OWN,
    }
    terms.update(changes)
    if terms["order_type"] is OrderType.MARKET and "limit_price" not in changes:
        terms["limit_price"] = None
    return OrderRequest(**terms)


def born(asked: OrderRequest | None = None, seconds: float = 0) -> ev.OrderInitialized:
    asked = asked or request()
    return ev.OrderInitialized(client_order_id=asked.client_order_id, at=at(seconds), request=asked)


def life(*events: ev.OrderEvent, of: OrderRequest | None = None) -> Order:
    """A new order after these events."""
    order = initialize(born(of))
    for event in events:
        order = apply(order, event)
    return order


def submitted(own_id: ClientOrderId = OWN, seconds: float = 0) -> ev.OrderSubmitted:
    return ev.OrderSubmitted(client_order_id=own_id, at=at(seconds))


def accepted(
    name: str | None = "7", seconds: float = 1, own_id: ClientOrderId = OWN, perm_id: str = ""
) -> ev.OrderAccepted:
    known = None if name is None else number(name)
    return ev.OrderAccepted(
        client_order_id=own_id, at=at(seconds), broker_order_id=known, perm_id=perm_id
    )


def fill(
    quantity: int | str = 100,
    exec_id: str = "e1",
    seconds: float = 2,
    own_id: ClientOrderId | None = OWN,
    **changes: Any,
) -> Execution:
    """A fill of the order of `request()`."""
    execution = Execution(
        connection_id=CONNECTION,
        account_id=ACCOUNT,
        exec_id=ExecId(exec_id),
        client_order_id=own_id,
        broker_order_id=None,
        instrument=SPY,
        side=Side.BUY,
        quantity=Decimal(quantity),
        price=Decimal("10.00"),
        at=at(seconds),
    )
    return replace(execution, **changes)


def filled(
    quantity: int | str = 100,
    exec_id: str = "e1",
    seconds: float = 2,
    own_id: ClientOrderId = OWN,
    **changes: Any,
) -> ev.OrderFilled:
    execution = fill(quantity, exec_id, seconds, own_id, **changes)
    return ev.OrderFilled(client_order_id=own_id, at=execution.at, execution=execution)


def report(status: OrderStatus, seconds: float = 3, **changes: Any) -> OrderReport:
    """The broker's word on the order of `request()`, with its terms."""
    said = OrderReport(
        connection_id=CONNECTION,
        account_id=ACCOUNT,
        client_order_id=OWN,
        broker_order_id=number("7"),
        instrument=SPY,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal(100),
        status=status,
        at=at(seconds),
        limit_price=Decimal("10.00"),
    )
    return replace(said, **changes)


def snapshot(
    listed: Sequence[OrderReport] = (),
    traded: Sequence[Execution] = (),
    complete_since: datetime | None = START,
    **parts: Any,
) -> Snapshot:
    """A whole answer; name a part to replace it, with Unavailable for instance."""
    now = at(100)
    whole = Snapshot(
        accounts=Known((), now),
        orders=Known(tuple(listed), now),
        executions=Known(tuple(traded), now),
        positions=Known((), now),
        is_complete_since=complete_since,
    )
    return replace(whole, **parts)
