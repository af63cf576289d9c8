"""The journal's columns: each shows a day and, below it, the fills of that day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.analytics.trade_sheet import AccountKey, DayRow
from app.commands.journal import TradeJournal
from app.domain.booked import Booked, paid_fee
from app.domain.execution import Execution
from app.domain.notes import Note, Subject, day_subject, fill_subject, order_subject
from app.ui import format as fmt
from app.ui.models.positions import FEES, GROSS, INCOMPLETE, REALIZED

Line = DayRow | Booked
Cell = tuple[str, str | None]  # text, colour word of the theme
FOLDED, UNFOLDED = "▸", "▾"
SAVING = " …"
_MODES: dict[bool | None, Cell] = {
    True: ("PAPER", "muted"),
    False: ("LIVE", "warning"),
    None: (fmt.UNKNOWN, None),
}
NO_CELL: Cell = ("", None)
DAY_HINT = (
    "The trading day of the market: while it trades the day of its session, so that the evening of"
    " a future counts to the next day; else the date at the exchange. What trades around the clock"
    " has the days of UTC."
)


@dataclass(frozen=True)
class JournalColumn:
    """One column. `day` and `fill` are what is shown, `value` is what days are sorted by."""

    id: str
    title: str
    day: Callable[[DayRow], Cell]
    fill: Callable[[Booked], Cell]
    sample: str
    is_number: bool = False
    hint: str = ""
    value: Callable[[DayRow], Any] | None = None
    hidden: bool = False
    required: bool = False

    def cell(self, line: Line) -> Cell:
        """What is shown of a line."""
        return self.day(line) if isinstance(line, DayRow) else self.fill(line)


class Wording:
    """What the cells that need more than their line say: notes, tags, LIVE or PAPER."""

    def __init__(self, journal: TradeJournal) -> None:
        self._journal = journal

    def tags(self, line: Line) -> Cell:
        """Tags of the line itself; those of a fill's order stand behind them."""
        own = self._journal.note(subject_of(line))
        of_order = self.order_note(line)
        words = [*own.tags, *(tag for tag in of_order.tags if tag not in own.tags)]
        return " ".join(words) + self._saving(line), "accent"

    def note(self, line: Line) -> Cell:
        """The note of the line; the one of a fill's order is led by its name."""
        own, of_order = self._journal.note(subject_of(line)), self.order_note(line)
        parts = [own.text] if own.text else []
        if of_order.text:
            parts.append(f"Order: {of_order.text}")
        return " · ".join(parts) + self._saving(line), None

    def order_note(self, line: Line) -> Note:
        """What is written beside a fill's order."""
        subject = order_of(line)
        return Note() if subject is None else self._journal.note(subject)

    def mode(self, line: Line) -> Cell:
        """Whether it was real money."""
        kinds = {self._journal.is_paper(*account) for account in _accounts(line)}
        return _MODES[kinds.pop()] if len(kinds) == 1 else NO_CELL

    def _saving(self, line: Line) -> str:
        subjects = (subject_of(line), order_of(line))
        is_saving = any(s is not None and self._journal.is_saving(s) for s in subjects)
        return SAVING if is_saving else ""


def subject_of(line: Line) -> Subject:
    """What a note on this line is about."""
    if isinstance(line, DayRow):
        return day_subject(line.day)
    return fill_subject(line.execution.connection_id, line.execution.exec_id)


def order_of(line: Line) -> Subject | None:
    """The order that a fill belongs to, None for days and for orders that are not ours."""
    if isinstance(line, DayRow) or line.execution.client_order_id is None:
        return None
    return order_subject(line.execution.connection_id, line.execution.client_order_id)


def line_name(line: Line) -> str:
    """A line as the trader would call it."""
    if isinstance(line, DayRow):
        return line.day.isoformat()
    fill = line.execution
    quantity = fmt.quantity(fill.instrument, fill.quantity)
    return f"{fill.side.value} {quantity} {fill.instrument.symbol} at {fmt.clock_time(fill.at)}"


def journal_columns(wording: Wording) -> tuple[JournalColumn, ...]:
    """Every column, in their first order: what a day made is in sight in a narrow panel too."""
    return (
        JournalColumn("when", "Trading day", _no_day, _time, "▸ Wed 2026-03-02",
                      value=lambda d: d.day, required=True,
                      hint=DAY_HINT),
        JournalColumn("net", "Realized", _day_net, _fill_net, "+12 345.00", is_number=True,
                      value=lambda d: d.net, hint=REALIZED),
        JournalColumn("realized", "Gross", _day_profit, _fill_profit, "+12 345.00",
                      is_number=True, value=lambda d: d.profit, hint=GROSS),
        JournalColumn("fees", "Fees", _day_fees, _fill_fee, "1 234.56*", is_number=True,
                      value=lambda d: d.fees, hint=FEES),
        JournalColumn("trips", "Won / lost", _trips, lambda b: NO_CELL, "12 / 12", is_number=True,
                      value=lambda d: d.wins - d.losses,
                      hint="Round trips, from flat to flat, that made or lost money after fees"),
        JournalColumn("symbol", "Symbol", _symbols, lambda b: (_fill(b).instrument.symbol, None),
                      "12 symbols", value=lambda d: len(d.places)),
        JournalColumn("side", "Side", lambda d: NO_CELL, _side, "Sell"),
        JournalColumn("bought", "Bought", lambda d: _units(d, d.bought), lambda b: _size(b, 1),
                      "10 000", is_number=True, value=lambda d: d.bought, hint="Units bought"),
        JournalColumn("sold", "Sold", lambda d: _units(d, d.sold), lambda b: _size(b, -1),
                      "10 000", is_number=True, value=lambda d: d.sold, hint="Units sold"),
        JournalColumn("price", "Price", lambda d: NO_CELL,
                      lambda b: (fmt.price(_fill(b).instrument, _fill(b).price), None),
                      "12 345.00", is_number=True),
        JournalColumn("note", "Note", wording.note, wording.note, "Chased it, should have waited",
                      required=True, hint="What you want to remember; F2 or Enter edits it"),
        JournalColumn("tags", "Tags", wording.tags, wording.tags, "breakout fomo",
                      hint="Words to filter by; T edits them"),
        JournalColumn("fills", "Fills", lambda d: (fmt.number(d.count), None), lambda b: NO_CELL,
                      "1 234", is_number=True, value=lambda d: d.count, hint="Number of fills"),
        JournalColumn("currency", "Cur.", lambda d: (d.currency, "muted"),
                      lambda b: (_fill(b).instrument.currency.upper(), "muted"), "USD",
                      value=lambda d: d.currency, hint="Currency of the amounts"),
        JournalColumn("account", "Account", lambda d: _one_of(d, 1, "accounts"),
                      lambda b: (_fill(b).account_id, None), "DU1234567"),
        JournalColumn("connection", "Connection", lambda d: _one_of(d, 0, "connections"),
                      lambda b: (_fill(b).connection_id, None), "ib-paper-2"),
        JournalColumn("mode", "Mode", wording.mode, wording.mode, "PAPER",
                      hint="Real money or paper"),
        JournalColumn("bought_value", "Bought for", lambda d: (fmt.money(d.bought_value), None),
                      lambda b: _value(b, 1), "1 234 567.00", is_number=True,
                      value=lambda d: d.bought_value, hint="Quantity, price and multiplier"),
        JournalColumn("sold_value", "Sold for", lambda d: (fmt.money(d.sold_value), None),
                      lambda b: _value(b, -1), "1 234 567.00", is_number=True,
                      value=lambda d: d.sold_value, hint="Quantity, price and multiplier"),
    )  # fmt: skip


def _fill(booked: Booked) -> Execution:
    return booked.execution


def _no_day(row: DayRow) -> Cell:
    return f"{row.day:%a %Y-%m-%d}", None


def _time(booked: Booked) -> Cell:
    return f"      {fmt.clock_time(booked.execution.at)}", "muted"


def _symbols(row: DayRow) -> Cell:
    symbols = row.symbols
    if not symbols:
        return "fees only", "muted"
    return (symbols[0], None) if len(symbols) == 1 else (f"{len(symbols)} symbols", "muted")


def _side(booked: Booked) -> Cell:
    side = booked.execution.side.value
    return side.capitalize(), side


def _units(row: DayRow, units: Decimal) -> Cell:
    decimals = max((p.instrument.quantity_decimals for p in row.parts), default=0)
    return (fmt.number(units, decimals), None) if units else NO_CELL


def _size(booked: Booked, sign: int) -> Cell:
    fill = booked.execution
    if fill.side.sign != sign:
        return NO_CELL
    return fmt.quantity(fill.instrument, fill.quantity), None


def _value(booked: Booked, sign: int) -> Cell:
    fill = booked.execution
    if fill.side.sign != sign:
        return NO_CELL
    return fmt.money(fill.instrument.notional(fill.price, fill.quantity)), None


def _day_profit(row: DayRow) -> Cell:
    if not row.is_known:
        return fmt.UNKNOWN, None
    return fmt.profit(row.profit), fmt.direction(row.profit)


def _fill_profit(booked: Booked) -> Cell:
    if not booked.closed:
        return NO_CELL
    if not booked.is_known:
        return fmt.UNKNOWN, None
    return fmt.profit(booked.profit), fmt.direction(booked.profit)


def _day_fees(row: DayRow) -> Cell:
    return fmt.money(row.fees) + (INCOMPLETE if row.untold_fees else ""), None


def _fill_fee(booked: Booked) -> Cell:
    paid = paid_fee(booked.execution)
    if paid is None:
        return fmt.UNKNOWN, None
    is_own = paid[0] == booked.execution.instrument.currency.upper()
    return fmt.money(paid[1], "" if is_own else paid[0]), None


def _day_net(row: DayRow) -> Cell:
    if not row.is_known:
        return fmt.UNKNOWN, None
    return fmt.profit(row.net) + (INCOMPLETE if row.untold_fees else ""), fmt.direction(row.net)


def _fill_net(booked: Booked) -> Cell:
    paid = paid_fee(booked.execution)
    is_own = paid is not None and paid[0] == booked.execution.instrument.currency.upper()
    if not is_own or not booked.is_known:
        return fmt.UNKNOWN, None
    net = booked.profit - booked.own_fee
    return fmt.profit(net), fmt.direction(net)


def _trips(row: DayRow) -> Cell:
    if not (row.wins or row.losses or row.evens):
        return NO_CELL
    return f"{row.wins} / {row.losses}", None


def _accounts(line: Line) -> list[AccountKey]:
    if isinstance(line, DayRow):
        return line.accounts
    return [(line.execution.connection_id, line.execution.account_id)]


def _one_of(row: DayRow, part: int, many: str) -> Cell:
    names = list(dict.fromkeys(account[part] for account in row.accounts))
    if len(names) == 1:
        return names[0], None
    return (f"{len(names)} {many}", "muted") if names else NO_CELL
