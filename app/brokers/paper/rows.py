"""Orders, executions and positions as rows of paper.db and back."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.brokers.paper.codec import dump_instrument, dump_request, load_instrument, load_request
from app.brokers.paper.ledger import PaperPosition
from app.brokers.paper.paper_order import PaperOrder
from app.domain.execution import Execution
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId, ExecId
from app.domain.order_types import OrderStatus, Side

ORDER_COLUMNS = (
    "client_order_id", "number", "broker_order_id", "request", "status", "is_open", "quantity",
    "filled", "limit_price", "stop_price", "trail_amount", "trail_percent", "oco_filled", "value",
    "fees",
    "priority", "is_triggered", "has_rested", "extreme", "session", "was_open", "follows", "reason",
    "created_at", "updated_at",
)  # fmt: skip
EXECUTION_COLUMNS = (
    "exec_id", "number", "client_order_id", "broker_order_id", "instrument_key", "instrument",
    "side", "quantity", "price", "fee", "fee_currency", "liquidity", "at", "market_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution with its running number and the market's own time of it."""

    number: int
    execution: Execution
    market_at: datetime


def order_row(order: PaperOrder) -> tuple[Any, ...]:
    """In the order of ORDER_COLUMNS."""
    return (
        order.id,
        order.number,
        order.broker_order_id,
        dump_request(order.request),
        order.status.value,
        int(order.status.is_open),
        str(order.quantity),
        str(order.filled),
        _text(order.limit_price),
        _text(order.stop_price),
        _text(order.trail_amount),
        _text(order.trail_percent),
        str(order.oco_filled),
        str(order.value),
        str(order.fees),
        order.priority,
        int(order.is_triggered),
        int(order.has_rested),
        _text(order.extreme),
        order.session.isoformat(),
        int(order.was_open),
        int(order.follows),
        order.reason,
        order.created_at.isoformat(),
        order.updated_at.isoformat(),
    )


def order_of(row: sqlite3.Row) -> PaperOrder:
    """The order that a row keeps."""
    return PaperOrder(
        request=load_request(row["request"]),
        number=row["number"],
        broker_order_id=BrokerOrderId(row["broker_order_id"]),
        status=OrderStatus(row["status"]),
        quantity=Decimal(row["quantity"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
        limit_price=_decimal(row["limit_price"]),
        stop_price=_decimal(row["stop_price"]),
        trail_amount=_decimal(row["trail_amount"]),
        trail_percent=_decimal(row["trail_percent"]),
        filled=Decimal(row["filled"]),
        oco_filled=Decimal(row["oco_filled"]),
        value=Decimal(row["value"]),
        fees=Decimal(row["fees"]),
        priority=row["priority"],
        is_triggered=bool(row["is_triggered"]),
        has_rested=bool(row["has_rested"]),
        extreme=_decimal(row["extreme"]),
        session=date.fromisoformat(row["session"]),
        was_open=bool(row["was_open"]),
        follows=bool(row["follows"]),
        reason=row["reason"],
    )


def execution_row(fill: Fill) -> tuple[Any, ...]:
    """In the order of EXECUTION_COLUMNS."""
    execution = fill.execution
    return (
        execution.exec_id,
        fill.number,
        execution.client_order_id,
        execution.broker_order_id,
        execution.instrument.key,
        dump_instrument(execution.instrument),
        execution.side.value,
        str(execution.quantity),
        str(execution.price),
        str(execution.fee),
        execution.fee_currency,
        execution.liquidity,
        execution.at.isoformat(),
        fill.market_at.isoformat(),
    )


def execution_of(row: sqlite3.Row, connection_id: ConnectionId, account: AccountId) -> Execution:
    """The execution that a row keeps."""
    return Execution(
        connection_id=connection_id,
        account_id=account,
        exec_id=ExecId(row["exec_id"]),
        client_order_id=ClientOrderId(row["client_order_id"]),
        broker_order_id=BrokerOrderId(row["broker_order_id"]),
        instrument=load_instrument(row["instrument"]),
        side=Side(row["side"]),
        quantity=Decimal(row["quantity"]),
        price=Decimal(row["price"]),
        at=datetime.fromisoformat(row["at"]),
        fee=Decimal(row["fee"]),
        fee_currency=row["fee_currency"],
        liquidity=row["liquidity"],
        perm_id=row["broker_order_id"],
        market_at=datetime.fromisoformat(row["market_at"]),
    )


def position_row(position: PaperPosition) -> tuple[Any, ...]:
    """Key, instrument, quantity, cost, settled, realized."""
    return (
        position.instrument.key,
        dump_instrument(position.instrument),
        str(position.quantity),
        str(position.cost),
        str(position.settled),
        str(position.realized),
    )


def position_of(row: sqlite3.Row) -> PaperPosition:
    """The position that a row keeps."""
    return PaperPosition(
        instrument=load_instrument(row["instrument"]),
        quantity=Decimal(row["quantity"]),
        cost=Decimal(row["cost"]),
        settled=Decimal(row["settled"]),
        realized=Decimal(row["realized"]),
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
