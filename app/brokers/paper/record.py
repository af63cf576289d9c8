"""Reading paper.db from outside, also while an account is open: the broker's own record."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from app.brokers.paper.rows import execution_of, order_of
from app.domain.execution import Execution
from app.domain.ids import AccountId, ClientOrderId, ConnectionId, InstrumentKey
from app.domain.order_types import OrderStatus


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order in the broker's own words."""

    client_order_id: ClientOrderId
    broker_order_id: str
    status: OrderStatus
    quantity: Decimal
    filled: Decimal


@dataclass(frozen=True, slots=True)
class Record:
    """Everything a paper account ever did: what an export must agree with.

    `settled`: the sum of daily settlements by currency; `positions`: signed, without flat ones.
    """

    account_id: AccountId
    base_currency: str
    initial_cash: Decimal
    cash: dict[str, Decimal]
    orders: tuple[OrderRecord, ...]
    executions: tuple[Execution, ...]
    positions: dict[InstrumentKey, Decimal]
    settled: dict[str, Decimal]


def read_record(path: Path, connection_id: str = "paper") -> Record:
    """The record in one consistent state. Any thread or process. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        db.execute("BEGIN")
        account = db.execute("SELECT * FROM account").fetchone()
        account_id = AccountId(account["account_id"])
        orders = [order_of(row) for row in db.execute("SELECT * FROM orders ORDER BY number")]
        fills = db.execute("SELECT * FROM executions ORDER BY number")
        executions = [execution_of(row, ConnectionId(connection_id), account_id) for row in fills]
        settled: dict[str, Decimal] = {}
        for row in db.execute("SELECT currency, amount FROM settlements"):
            currency = row["currency"]
            settled[currency] = settled.get(currency, Decimal(0)) + Decimal(row["amount"])
        positions = db.execute("SELECT instrument_key, quantity FROM positions")
        return Record(
            account_id=account_id,
            base_currency=account["base_currency"],
            initial_cash=Decimal(account["initial_cash"]),
            cash={row[0]: Decimal(row[1]) for row in db.execute("SELECT * FROM cash")},
            orders=tuple(
                OrderRecord(o.id, o.broker_order_id, o.status, o.quantity, o.filled) for o in orders
            ),
            executions=tuple(executions),
            positions={
                InstrumentKey(row[0]): Decimal(row[1]) for row in positions if Decimal(row[1])
            },
            settled=settled,
        )
