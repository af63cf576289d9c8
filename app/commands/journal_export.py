"""The journal as CSV: exact numbers, ISO times, and no cell that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.analytics.trade_sheet import AccountKey, DayRow, Sheet
from app.base.paths import atomic_write
from app.commands.csv_file import cell_text
from app.domain.booked import Booked, paid_fee
from app.domain.notes import Note, Subject, day_subject, fill_subject, order_subject

Notes = Callable[[Subject], Note]
Kinds = Mapping[AccountKey, bool | None]  # whether it is a paper account

DAY_COLUMNS = """
trading_day currency executions bought bought_value sold sold_value gross fees realized
wins losses break_even unknown_cost_executions fees_not_told symbols tags note
"""
EXECUTION_COLUMNS = """
trading_day executed_at market_at connection account mode exec_id revision client_order_id
broker_order_id symbol instrument side quantity price value currency fee fee_currency
closed_quantity gross is_gross_known position_after tags note order_tags
order_note
"""
_MODES = {True: "paper", False: "live", None: ""}


def days_csv(sheet: Sheet, notes: Notes) -> str:
    """One line a trading day and currency, newest first. Blocks; any thread."""
    return _csv(DAY_COLUMNS, (_day_line(row, notes(day_subject(row.day))) for row in sheet.rows))


def executions_csv(sheet: Sheet, notes: Notes, kinds: Kinds) -> str:
    """One line a fill, newest first; the same fill never twice. Blocks; any thread."""
    lines = (_fill_line(booked, notes, kinds) for row in sheet.rows for booked in row.fills())
    return _csv(EXECUTION_COLUMNS, lines)


def write_csv(path: Path, text: str) -> None:
    """Replace the file whole. Blocks; any thread. Raises StoreError, the old file stands then."""
    # A note may hold half a character that somebody pasted; the rest is written all the same.
    atomic_write(path, text.encode("utf-8", "backslashreplace"), mode=0o644)


def _day_line(row: DayRow, note: Note) -> list[Any]:
    return [
        row.day,
        row.currency,
        row.count,
        row.bought,
        _plain(row.bought_value),
        row.sold,
        _plain(row.sold_value),
        _plain(row.profit),
        _plain(row.fees),
        _plain(row.net),
        row.wins,
        row.losses,
        row.evens,
        row.unknown_fills,
        row.untold_fees,
        " ".join(row.symbols),
        " ".join(note.tags),
        note.text,
    ]


def _fill_line(booked: Booked, notes: Notes, kinds: Kinds) -> list[Any]:
    fill = booked.execution
    instrument, paid = fill.instrument, paid_fee(fill)
    own, order = notes(fill_subject(fill.connection_id, fill.exec_id)), Note()
    if fill.client_order_id is not None:
        order = notes(order_subject(fill.connection_id, fill.client_order_id))
    return [
        booked.day,
        fill.at.isoformat(),
        None if fill.market_at is None else fill.market_at.isoformat(),
        fill.connection_id,
        fill.account_id,
        _MODES[kinds.get((fill.connection_id, fill.account_id))],
        fill.exec_id,
        fill.revision,
        fill.client_order_id,
        fill.broker_order_id,
        instrument.symbol,
        instrument.key,
        fill.side.value,
        fill.quantity,
        fill.price,
        instrument.notional(fill.price, fill.quantity),
        instrument.currency.upper(),
        None if paid is None else paid[1],
        None if paid is None else paid[0],
        booked.closed,
        _plain(booked.profit),
        booked.is_known,
        booked.held,
        " ".join(own.tags),
        own.text,
        " ".join(order.tags),
        order.text,
    ]


def _plain(amount: Decimal) -> Decimal:
    """The same amount without the zeros that exact division leaves at its end."""
    text = format(amount, "f")
    return Decimal(text.rstrip("0").rstrip(".")) if "." in text else amount


def _csv(columns: str, lines: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns.split())
    writer.writerows([cell_text(value) for value in line] for line in lines)
    return stream.getvalue()
