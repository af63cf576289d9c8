"""paper.db, the broker's own record: every change is one transaction, on disk before it is told."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.base.errors import StoreError
from app.brokers.paper.ledger import Ledger, PaperPosition
from app.brokers.paper.paper_order import PaperOrder
from app.brokers.paper.rows import (
    EXECUTION_COLUMNS,
    ORDER_COLUMNS,
    Fill,
    execution_of,
    execution_row,
    order_of,
    order_row,
    position_of,
    position_row,
)
from app.brokers.paper.schema import TABLES, VERSION
from app.domain.execution import Execution
from app.domain.ids import AccountId, ClientOrderId, ConnectionId, InstrumentKey

FILE_NAME = "paper.db"


@dataclass(frozen=True, slots=True)
class Account:
    """The account as it was opened. `token` is part of every number it ever gives out."""

    account_id: AccountId
    token: str
    base_currency: str
    initial_cash: Decimal
    born_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """One daily settlement of a future, in `currency`."""

    key: InstrumentKey
    price: Decimal
    amount: Decimal
    currency: str
    at: datetime


@dataclass(slots=True)
class Changes:
    """What one event at the broker changed; written together or not at all."""

    orders: dict[ClientOrderId, PaperOrder] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    positions: dict[InstrumentKey, PaperPosition] = field(default_factory=dict)
    settlements: list[Settlement] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.orders or self.fills or self.settlements)


class PaperStore:
    """One open paper.db. Belongs to the thread that opened it. Raises StoreError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        except (OSError, sqlite3.Error) as error:
            raise self._error("cannot be opened", error) from error
        self._db.row_factory = sqlite3.Row
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def account(
        self, account_id: AccountId, currency: str, initial_cash: Decimal, now: datetime
    ) -> Account:
        """The account of this file; opened with its cash when the file is new."""
        row = self._db.execute("SELECT * FROM account").fetchone()
        if row is None:
            token = secrets.token_hex(3).upper()
            with self._transaction():
                self._db.execute(
                    "INSERT INTO account VALUES (?, ?, ?, ?, ?)",
                    (account_id, token, currency, str(initial_cash), now.isoformat()),
                )
                self._db.execute("INSERT INTO cash VALUES (?, ?)", (currency, str(initial_cash)))
            return Account(account_id, token, currency, initial_cash, now)
        return Account(
            AccountId(row["account_id"]),
            row["token"],
            row["base_currency"],
            Decimal(row["initial_cash"]),
            datetime.fromisoformat(row["born_at"]),
        )

    def ledger(self) -> Ledger:
        """Cash and positions as they stand."""
        ledger = Ledger()
        for row in self._db.execute("SELECT * FROM cash"):
            ledger.cash[row["currency"]] = Decimal(row["amount"])
        for row in self._db.execute("SELECT * FROM positions"):
            position = position_of(row)
            ledger.positions[position.instrument.key] = position
        return ledger

    def open_orders(self) -> list[PaperOrder]:
        """What may still trade, oldest first."""
        rows = self._db.execute("SELECT * FROM orders WHERE is_open ORDER BY number")
        return [order_of(row) for row in rows]

    def all_orders(self) -> list[PaperOrder]:
        """Every order the account ever had, oldest first."""
        return [order_of(row) for row in self._db.execute("SELECT * FROM orders ORDER BY number")]

    def order(self, order_id: ClientOrderId) -> PaperOrder | None:
        """One order, None when it never arrived."""
        row = self._db.execute(
            "SELECT * FROM orders WHERE client_order_id = ?", (order_id,)
        ).fetchone()
        return None if row is None else order_of(row)

    def executions(self, connection_id: ConnectionId, account_id: AccountId) -> list[Execution]:
        """Every execution, oldest first."""
        rows = self._db.execute("SELECT * FROM executions ORDER BY number")
        return [execution_of(row, connection_id, account_id) for row in rows]

    def last_numbers(self) -> tuple[int, int, int]:
        """The highest order number, execution number and priority given out."""
        row = self._db.execute(
            "SELECT (SELECT COALESCE(MAX(number), 0) FROM orders),"
            " (SELECT COALESCE(MAX(number), 0) FROM executions),"
            " (SELECT COALESCE(MAX(priority), 0) FROM orders)"
        ).fetchone()
        return int(row[0]), int(row[1]), int(row[2])

    def write(self, changes: Changes, ledger: Ledger) -> None:
        """Put one event's changes on disk. On StoreError nothing of it is."""
        with self._transaction():
            self._db.executemany(
                _upsert("orders", ORDER_COLUMNS), [order_row(o) for o in changes.orders.values()]
            )
            self._db.executemany(
                _insert("executions", EXECUTION_COLUMNS), [execution_row(f) for f in changes.fills]
            )
            if not (changes.fills or changes.settlements):
                return
            self._db.executemany(
                "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?)",
                [position_row(position) for position in changes.positions.values()],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO cash VALUES (?, ?)",
                [(currency, str(amount)) for currency, amount in ledger.cash.items()],
            )
            self._db.executemany(
                "INSERT INTO settlements (instrument_key, price, amount, currency, at)"
                " VALUES (?, ?, ?, ?, ?)",
                [
                    (s.key, str(s.price), str(s.amount), s.currency, s.at.isoformat())
                    for s in changes.settlements
                ],
            )

    def put_state(self, key: str, value: Any) -> None:
        """Remember a small JSON value, such as the replay's position."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, json.dumps(value)))

    def get_state(self, key: str) -> Any:
        """What was remembered, None when nothing was."""
        row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row["value"])

    def _prepare(self) -> None:
        try:
            version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
            if version > VERSION:
                raise StoreError(
                    f"{self.path} was written by a newer Moorgate (version {version}, this one"
                    f" knows {VERSION}). It is left untouched: update Moorgate, or move the file"
                    " aside to start a fresh paper account"
                )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            if version == 0:
                self._db.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
        except sqlite3.Error as error:
            raise self._error("cannot be used", error) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise self._error("cannot be written", error) from error
            raise

    def _error(self, what: str, error: Exception) -> StoreError:
        return StoreError(
            f"the paper account's file {self.path} {what} ({error}). Nothing was changed; free"
            " some space or move the file aside, then connect again"
        )


def _insert(table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"


def _upsert(table: str, columns: tuple[str, ...]) -> str:
    # Not INSERT OR REPLACE: that deletes the row first, which executions refer to.
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    return f"{_insert(table, columns)} ON CONFLICT ({columns[0]}) DO UPDATE SET {changes}"
