"""One order's life, event by event, with the time between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.domain import order_events as ev
from app.domain.ids import ClientOrderId
from app.domain.instrument import Instrument
from app.store.journal_reader import open_read_only
from app.ui import format as fmt
from app.ui.models.columns import Column, Kind


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event and when the journal was given it."""

    event: ev.OrderEvent
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One event and the seconds since the one before it, None for the first."""

    number: int
    event: ev.OrderEvent
    instrument: Instrument
    since_s: float | None


def history_rows(events: Sequence[ev.OrderEvent], instrument: Instrument) -> list[HistoryRow]:
    """Rows in the order of what happened."""
    rows: list[HistoryRow] = []
    for number, event in enumerate(events):
        since_s = (event.at - events[number - 1].at).total_seconds() if number else None
        rows.append(HistoryRow(number, event, instrument, since_s))
    return rows


def read_history(journal: Path, own_id: ClientOrderId) -> list[Recorded]:
    """The events of one order that are on disk, oldest first. Any thread; blocks.

    Raises StoreError when the journal cannot be read.
    """
    with open_read_only(journal) as reader:
        return [Recorded(e.event(), e.recorded_at) for e in reader.entries_of(own_id)]


def event_words(event: ev.OrderEvent) -> str:
    """What happened: OrderCancelRequested becomes "Cancel requested"."""
    name = type(event).__name__.removeprefix("Order")
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()


def event_detail(event: ev.OrderEvent, instrument: Instrument) -> str:
    """What belongs to the event: terms, fill, reason, the broker's number."""
    facts: list[str] = []
    if isinstance(event, ev.OrderInitialized):
        facts.append(f"{event.request.origin.value}, {event.request.time_in_force.value.upper()}")
    elif isinstance(event, ev.OrderFilled):
        fill = event.execution
        quantity = fmt.quantity(instrument, fill.quantity)
        facts.append(f"{quantity} at {fmt.price(instrument, fill.price)}, {fill.exec_id}")
    elif isinstance(event, ev.OrderReplaceRequested):
        facts += _terms(event.change, instrument)
    elif isinstance(event, ev.OrderReplaced):
        facts += _terms(event, instrument)
    elif isinstance(event, ev.OrderDenied):
        facts.append(f"rule {event.rule}")
        if event.limit:
            facts.append(f"limit {event.limit}, was {event.actual}")
    elif isinstance(event, ev.OrderResolved):
        facts.append(f"{event.status.words}: {event.evidence}")
    if reason := getattr(event, "reason", ""):
        facts.append(reason)
    if number := getattr(event, "broker_order_id", None):
        facts.append(f"broker's number {number}")
    if event.reconciliation:
        facts.append("found out afterwards")
    return "; ".join(facts)


def history_columns() -> Sequence[Column[HistoryRow]]:
    """Every column of the history."""
    return (
        Column("time", "Time", lambda r: r.event.at,
               lambda r: fmt.clock_time(r.event.at, millis=True),
               sample="00:00:00.000", hint="Your own time",
               tooltip=lambda r: fmt.date_time(r.event.at, millis=True)),
        Column("since", "After", lambda r: r.since_s,
               lambda r: "" if r.since_s is None else fmt.duration(r.since_s), Kind.NUMBER,
               sample="0:00:00", hint="Time since the event before"),
        Column("event", "Event", lambda r: event_words(r.event), lambda r: event_words(r.event),
               sample="Replace requested", required=True),
        Column("detail", "Detail", lambda r: event_detail(r.event, r.instrument),
               lambda r: event_detail(r.event, r.instrument),
               sample="1 000 at 12 345.00, 200DB0-E2",
               tooltip=lambda r: event_detail(r.event, r.instrument)),
        Column("utc", "UTC", lambda r: r.event.at, lambda r: utc_text(r.event.at),
               sample="2024-03-12 00:00:00.000Z", hint="The same moment in UTC, with its date"),
    )  # fmt: skip


def utc_text(at: datetime) -> str:
    """Date and time in UTC to the millisecond."""
    moment = at.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def _terms(terms: object, instrument: Instrument) -> list[str]:
    facts = []
    if (quantity := getattr(terms, "quantity", None)) is not None:
        facts.append(f"quantity {fmt.quantity(instrument, quantity)}")
    prices = ("limit_price", "stop_price", "trail_amount", "trail_percent")
    return facts + [
        f"{name.replace('_', ' ')} {fmt.price(instrument, value)}"
        for name in prices
        if (value := getattr(terms, name, None)) is not None
    ]
