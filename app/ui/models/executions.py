"""The executions' rows and columns: what really traded."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from app.domain.execution import Execution
from app.ui import format as fmt
from app.ui.models.columns import Column, Kind
from app.ui.models.orders import side_word


def execution_columns() -> Sequence[Column[Execution]]:
    """Every column of the Executions table."""
    return (
        Column("time", "Time", lambda e: e.at, lambda e: fmt.day_time(e.at),
               sample="03-12 00:00:00", tooltip=lambda e: fmt.date_time(e.at, millis=True)),
        Column("symbol", "Symbol", lambda e: e.instrument.symbol, lambda e: e.instrument.symbol,
               sample="BTC-PERP", tooltip=lambda e: e.instrument.description, required=True),
        Column("side", "Side", lambda e: e.side.value, lambda e: side_word(e.side), sample="Sell",
               color=lambda e: e.side.value),
        Column("quantity", "Qty", lambda e: e.quantity,
               lambda e: fmt.quantity(e.instrument, e.quantity), Kind.NUMBER, sample="10 000"),
        Column("price", "Price", lambda e: e.price, lambda e: fmt.price(e.instrument, e.price),
               Kind.NUMBER, sample="12 345.00"),
        Column("value", "Value", _value, lambda e: fmt.money(_value(e), e.instrument.currency),
               Kind.NUMBER, sample="1 234 567.00 USD",
               hint="Quantity times price times the contract's multiplier"),
        Column("fee", "Fee", lambda e: e.fee, _fee, Kind.NUMBER, sample="1.2345 USD",
               hint="Commission and fees; a dash until the broker has told them"),
        Column("liquidity", "Liquidity", lambda e: e.liquidity,
               lambda e: e.liquidity or fmt.UNKNOWN, sample="maker",
               hint="Whether it added liquidity (maker) or took it (taker)"),
        Column("order", "Order", _order, lambda e: _short(_order(e)), sample="0123456789",
               hint="The order it belongs to", tooltip=_order),
        Column("exec_id", "Exec ID", lambda e: e.exec_id, _exec_id, sample="0000e0d5.01.01",
               hint="The broker's execution number", tooltip=_exec_id),
        Column("account", "Account", lambda e: e.account_id, lambda e: e.account_id,
               sample="DU1234567"),
        Column("connection", "Connection", lambda e: e.connection_id, lambda e: e.connection_id,
               sample="ib-paper-2"),
    )  # fmt: skip


def _value(execution: Execution) -> Decimal:
    return execution.instrument.notional(execution.price, execution.quantity)


def _fee(execution: Execution) -> str:
    return fmt.money(execution.fee, execution.fee_currency)


def _order(execution: Execution) -> str:
    return execution.broker_order_id or execution.client_order_id or ""


def _short(order_id: str) -> str:
    if not order_id:
        return fmt.UNKNOWN
    return order_id if len(order_id) <= 12 else f"…{order_id[-10:]}"


def _exec_id(execution: Execution) -> str:
    corrected = f" (correction {execution.revision})" if execution.revision else ""
    return f"{execution.exec_id}{corrected}"
