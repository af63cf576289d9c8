"""`moorgate export`: what is stored, read-only, also while a window writes it."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.base.errors import OrderStateError, UserError
from app.base.paths import Paths
from app.cli.output import Exit, Row, as_csv, as_json, write
from app.cli.process import open_home
from app.domain.execution import Execution
from app.domain.ids import InstrumentKey
from app.domain.instrument import Instrument
from app.domain.market import Timeframe
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.store.history import History
from app.store.journal import JournalReader, open_read_only

_ORDERS = """
client_order_id connection account symbol instrument side type time_in_force quantity filled
remaining average_price limit_price stop_price trail_amount trail_percent status reason origin
broker_order_id perm_id parent_id oco_group created_at updated_at
"""
_EXECUTIONS = """
connection account exec_id revision client_order_id broker_order_id perm_id symbol instrument side
quantity price fee fee_currency liquidity executed_at
"""
_POSITIONS = "connection account symbol instrument quantity bought sold last_trade_at"
_AUDIT = "recorded_at kind connection client_order_id text fields"
_BARS = "connection instrument timeframe start open high low close volume"


def run_export(arguments: argparse.Namespace) -> int:
    """Write what was asked for. Raises UserError for what cannot be meant, StoreError for files."""
    _check(arguments)
    paths = open_home(arguments.home)
    names, read = _KINDS[arguments.what]
    columns = names.split()
    rows = read(paths, arguments)
    text = as_csv(rows, columns) if arguments.format == "csv" else as_json(rows)
    write(text, arguments.output)
    return Exit.OK


def _check(arguments: argparse.Namespace) -> None:
    is_bars = arguments.what == "bars"
    if is_bars and not (arguments.symbol and arguments.timeframe):
        raise UserError("export bars needs --symbol and --timeframe")
    if arguments.timeframe and not is_bars:
        raise UserError(f"only bars have a --timeframe, {arguments.what} have not")
    if arguments.what == "positions" and arguments.since:
        raise UserError("positions are as of now: --since does not go with them")
    if arguments.what == "audit" and arguments.symbol:
        raise UserError("audit records are not by symbol: --symbol does not go with them")


def _orders(paths: Paths, arguments: argparse.Namespace) -> Iterator[Row]:
    for order in _book(paths):
        request = order.request
        if _fits(arguments, request.connection_id, request.instrument, order.updated_at):
            yield _order_row(order)


def _order_row(order: Order) -> Row:
    request = order.request
    return {
        "client_order_id": order.client_order_id,
        "connection": request.connection_id,
        "account": request.account_id,
        "symbol": request.instrument.symbol,
        "instrument": request.instrument.key,
        "side": request.side.value,
        "type": request.order_type.value,
        "time_in_force": request.time_in_force.value,
        "quantity": _number(order.quantity),
        "filled": _number(order.cum_quantity),
        "remaining": _number(order.leaves_quantity),
        "average_price": _number(order.average_price),
        "limit_price": _number(order.limit_price),
        "stop_price": _number(order.stop_price),
        "trail_amount": _number(order.trail_amount),
        "trail_percent": _number(order.trail_percent),
        "status": order.status.value,
        "reason": order.reason,
        "origin": request.origin.value,
        "broker_order_id": order.broker_order_id,
        "perm_id": order.perm_id,
        "parent_id": request.parent_id,
        "oco_group": request.oco_group,
        "created_at": order.created_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
    }


def _executions(paths: Paths, arguments: argparse.Namespace) -> Iterator[Row]:
    for execution in _book(paths).executions():
        if _fits(arguments, execution.connection_id, execution.instrument, execution.at):
            yield _execution_row(execution)


def _execution_row(execution: Execution) -> Row:
    return {
        "connection": execution.connection_id,
        "account": execution.account_id,
        "exec_id": execution.exec_id,
        "revision": execution.revision,
        "client_order_id": execution.client_order_id,
        "broker_order_id": execution.broker_order_id,
        "perm_id": execution.perm_id,
        "symbol": execution.instrument.symbol,
        "instrument": execution.instrument.key,
        "side": execution.side.value,
        "quantity": _number(execution.quantity),
        "price": _number(execution.price),
        "fee": _number(execution.fee),
        "fee_currency": execution.fee_currency,
        "liquidity": execution.liquidity,
        "executed_at": execution.at.isoformat(),
    }


def _positions(paths: Paths, arguments: argparse.Namespace) -> Iterator[Row]:
    """What the stored executions add up to; the broker's own word needs a connection."""
    places: dict[tuple[str, str, InstrumentKey], list[Execution]] = defaultdict(list)
    for execution in _book(paths).executions():
        if _fits(arguments, execution.connection_id, execution.instrument, None):
            key = execution.instrument.key
            places[execution.connection_id, execution.account_id, key].append(execution)
    for (connection_id, account_id, key), fills in sorted(places.items()):
        signed = [fill.signed_quantity for fill in fills]
        yield {
            "connection": connection_id,
            "account": account_id,
            "symbol": fills[-1].instrument.symbol,
            "instrument": key,
            "quantity": _number(sum(signed, Decimal(0))),
            "bought": _number(sum((q for q in signed if q > 0), Decimal(0))),
            "sold": _number(-sum((q for q in signed if q < 0), Decimal(0))),
            "last_trade_at": max(fill.at for fill in fills).isoformat(),
        }


def _audit(paths: Paths, arguments: argparse.Namespace) -> Iterable[Row]:
    """Order events and the facts beside them, in the order they were written down."""
    with open_read_only(paths.journal_file) as reader:
        found = [*_order_facts(reader), *_other_facts(reader)]
    since = arguments.since
    return [
        row
        for at, row in sorted(found, key=lambda pair: pair[0])
        if (arguments.connection in (None, row["connection"])) and (since is None or at >= since)
    ]


def _order_facts(reader: JournalReader) -> Iterator[tuple[datetime, Row]]:
    for entry in reader.entries():
        row = _fact(entry.recorded_at, entry.kind, entry.connection_id, entry.payload)
        yield entry.recorded_at, row | {"client_order_id": entry.client_order_id}


def _other_facts(reader: JournalReader) -> Iterator[tuple[datetime, Row]]:
    for record in reader.audit():
        row = _fact(record.recorded_at, record.kind, record.connection_id, record.fields)
        yield record.recorded_at, row | {"text": record.text}


def _fact(at: datetime, kind: str, connection_id: str, fields: dict[str, Any]) -> Row:
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True) if fields else ""
    return {
        "recorded_at": at.isoformat(),
        "kind": kind,
        "connection": connection_id,
        "client_order_id": "",
        "text": "",
        "fields": text,
    }


def _bars(paths: Paths, arguments: argparse.Namespace) -> Iterator[Row]:
    timeframe = Timeframe(arguments.timeframe)
    start_s = math.ceil(arguments.since.timestamp()) if arguments.since else -(2**62)
    with contextlib.closing(History(paths.history_file, read_only=True)) as history:
        for source, key in _series(history, timeframe, arguments):
            bars = history.get(source, key, timeframe, start_s, 2**62)
            for index in range(len(bars)):
                bar = bars.bar(index)
                yield {
                    "connection": source,
                    "instrument": key,
                    "timeframe": timeframe.value,
                    "start": datetime.fromtimestamp(bar.start_s, UTC).isoformat(),
                    "open": _float(bar.open),
                    "high": _float(bar.high),
                    "low": _float(bar.low),
                    "close": _float(bar.close),
                    "volume": _float(bar.volume),
                }


def _series(
    history: History, timeframe: Timeframe, arguments: argparse.Namespace
) -> list[tuple[str, InstrumentKey]]:
    stored = history.series()
    fitting = [
        (source, key)
        for source, key, length in stored
        if length is timeframe
        and arguments.connection in (None, source)
        and arguments.symbol.upper() in (key, key.split("|")[1])
    ]
    if not fitting:
        known = sorted({f"{source} {key} {length.value}" for source, key, length in stored})
        raise UserError(
            f"no {timeframe.value} bars of {arguments.symbol} are stored; stored are: "
            + (", ".join(known) or "none yet; open a chart first")
        )
    return fitting


_KINDS: dict[str, tuple[str, Callable[[Paths, argparse.Namespace], Iterable[Row]]]] = {
    "orders": (_ORDERS, _orders),
    "executions": (_EXECUTIONS, _executions),
    "positions": (_POSITIONS, _positions),
    "audit": (_AUDIT, _audit),
    "bars": (_BARS, _bars),
}


def _book(paths: Paths) -> OrderBook:
    """Every order as the journal tells it."""
    book = OrderBook()
    with open_read_only(paths.journal_file) as reader:
        for event in reader.order_events():
            with contextlib.suppress(OrderStateError):  # the window says so when it starts
                book.apply(event)
    return book


def _fits(
    arguments: argparse.Namespace,
    connection_id: str,
    instrument: Instrument,
    at: datetime | None,
) -> bool:
    symbol = arguments.symbol
    return (
        arguments.connection in (None, connection_id)
        and (symbol is None or symbol.upper() in (instrument.symbol.upper(), instrument.key))
        and (arguments.since is None or at is None or at >= arguments.since)
    )


def _number(value: Decimal | None) -> str | None:
    """Exact, without an exponent; JSON gets it as text, so that no reader rounds it."""
    return None if value is None else format(value, "f")


def _float(value: float) -> float | None:
    return None if math.isnan(value) else value
