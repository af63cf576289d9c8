"""The trade journal: what was traded by day, the trader's notes, and their export. No Qt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from app.analytics.trade_days import TradeDays
from app.analytics.trade_sheet import AccountKey, Scope, Sheet, sheet_of
from app.base.errors import UserError
from app.commands.journal_export import days_csv, executions_csv, write_csv
from app.commands.journal_filters import AccountChoice, Filters, account_choices, chosen
from app.commands.undo import UndoStack
from app.domain.booked import Booked, TradeRecord
from app.domain.ids import AccountId, ConnectionId
from app.domain.notes import Note, Subject, day_subject, fill_subject, order_subject
from app.domain.session import trading_day
from app.engine.engine import Engine

WORK_S, REST_S = 0.002, 0.0005
_ZERO = Decimal(0)

OffThread = Callable[[Callable[[], Any]], Awaitable[Any]]
Spawn = Callable[[Coroutine[Any, Any, Any], str], object]


@dataclass(frozen=True, slots=True, eq=False)
class JournalView:
    """One reading of the journal. `currency` is the one of the sums and the curve, "" for none.

    `total` counts the fills of every account before any filter; `is_open` says that what is held
    now belongs to it.
    """

    filters: Filters
    sheet: Sheet
    scope: Scope
    choice: AccountChoice | None
    choices: list[AccountChoice]
    currencies: list[str]
    tags: list[str]
    currency: str
    total: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class OpenProfit:
    """Unrealized profit as far as it is known, and the symbols of which it is not."""

    amount: Decimal
    unknown: tuple[str, ...]


class JournalPage(Protocol):
    """What commands may ask of a journal that is on screen."""

    @property
    def filters(self) -> Filters:
        """What it shows."""
        ...

    def focus_filter(self) -> None:
        """Put the keyboard into the search."""
        ...

    def edit(self, what: str) -> None:
        """Edit the "note" or the "tags" of the current row, or the "order" note of its fill."""
        ...

    def expand_all(self, expanded: bool) -> None:
        """Open or close every day."""
        ...


class TradeJournal:
    """One for the program, on the engine's loop. The sums are made in a thread beside it."""

    def __init__(
        self, engine: Engine, off_thread: OffThread, undo: UndoStack, spawn: Spawn
    ) -> None:
        self._engine, self._off_thread = engine, off_thread
        self._undo, self._spawn = undo, spawn
        self._days = TradeDays()
        self._turn = asyncio.Lock()  # the days belong to one thread at a time
        self._pending: dict[Subject, list[Note]] = {}
        self.pages: list[JournalPage] = []

    @property
    def page(self) -> JournalPage:
        """The one that was used last. Raises UserError while none is open."""
        if not self.pages:
            raise UserError("open the Journal panel first")
        return self.pages[-1]

    # ---- what was traded ----

    def signature(self) -> tuple[object, ...]:
        """Changes when the books do; cheap enough for every second."""
        records = self._engine.portfolio.records()
        return tuple((fills, len(fills)) for r in records for fills in r.stretches)

    async def read(
        self,
        filters: Filters,
        selected: AccountKey | None = None,
        opened: Collection[tuple[date, str]] = (),
    ) -> JournalView:
        """The journal of now. Raises StoreError where notes cannot be read.

        The fills of days that are `opened` (day and currency) are put in order on the way.
        """
        async with self._turn:
            if not self._engine.notes.is_loaded:
                self._engine.notes.take(await self._off_thread(self._engine.notes.read))
            records = [r for r in self._engine.portfolio.records() if any(r.stretches)]
            choices = account_choices({_account(r): self.is_paper(*_account(r)) for r in records})
            choice = chosen(choices, filters.accounts, selected)
            await self._off_thread(lambda: self._days.update(records, _breather()))
            currencies = self._days.currencies
            today = self.today(records)
            scope = self._scope(filters, choice, currencies, today)
            wanted = frozenset(opened)
            sheet: Sheet = await self._off_thread(lambda: self._compose(scope, wanted))
        notes = self._engine.notes.all()
        main = scope.currency if scope.currency in sheet.summaries else ""
        return JournalView(
            filters,
            sheet,
            scope,
            choice,
            choices,
            currencies,
            sorted({tag for note in notes.values() for tag in note.tags}),
            main or next(iter(sheet.currencies), ""),
            sum(len(fills) for r in records for fills in r.stretches),
            not filters.tag and (scope.last is None or scope.last >= today),
        )

    def open_profit(self, view: JournalView) -> OpenProfit:
        """What is held now of the view, in the currency of its sums."""
        known, unknown = _ZERO, []
        for position in self._engine.portfolio.positions():
            account = (position.connection_id, position.account_id)
            instrument = position.instrument
            if view.scope.accounts is not None and account not in view.scope.accounts:
                continue
            if view.scope.symbol.casefold() not in instrument.symbol.casefold():
                continue
            shown = view.scope.shown(instrument.currency.upper())
            if shown is None or shown[0] != view.currency:
                continue
            if position.unrealized is None:
                unknown.append(instrument.symbol)
            else:
                known += position.unrealized * shown[1]
        return OpenProfit(known, tuple(dict.fromkeys(unknown)))

    def is_paper(self, connection_id: ConnectionId, account_id: AccountId) -> bool | None:
        """The account's own word; before it was heard, the connection's settings."""
        account = self._engine.portfolio.account(connection_id, account_id)
        if account is not None:
            return account.report.is_paper
        if connection_id not in self._engine.connections.ids():
            return None
        return self._engine.connections.config(connection_id).environment == "paper"

    def today(self, records: Sequence[TradeRecord]) -> date:
        """The trading day of now; where markets differ, the one that lags."""
        now = self._engine.clock.now()
        days = [trading_day(s, now) for s in {r.instrument.session for r in records}]
        return min(days, default=now.astimezone(UTC).date())

    @property
    def now(self) -> datetime:
        """The engine's time."""
        return self._engine.clock.now()

    def broker_words(self, view: JournalView) -> list[str]:
        """Where a broker reckons today's realized profit otherwise than we do, in words."""
        words = []
        for account in self._engine.portfolio.accounts():
            report, told = account.report, account.broker_profit
            key = (report.connection_id, report.account_id)
            if view.choice is None or key not in view.choice.accounts:
                continue
            if told is None or told.realized is None:
                continue
            theirs, ours = _to_the_cent(told.realized), _to_the_cent(account.realized_today)
            if theirs == ours:
                continue
            words.append(
                f"{report.connection_id} itself reckons {theirs} {report.base_currency}"
                f" realized today for {report.account_id}; computed here: {ours}"
            )
        return words

    async def prepare(self, view: JournalView) -> None:
        """Put the fills of every day in order, so that all may be opened at once."""
        opened = frozenset((row.day, row.currency) for row in view.sheet.rows)
        async with self._turn:
            await self._off_thread(lambda: _sort(view.sheet, opened))

    async def export(self, view: JournalView, what: str, path: Path) -> int:
        """Write "days" or "executions" of the view as CSV; how many fills they hold.

        Raises StoreError, and the file stands as it was.
        """
        kinds = {a: choice.is_paper for choice in view.choices for a in choice.accounts}

        def write() -> None:
            if what == "days":
                text = days_csv(view.sheet, self.note)
            else:
                text = executions_csv(view.sheet, self.note, kinds)
            write_csv(path, text)

        async with self._turn:
            await self._off_thread(write)
        return sum(row.count for row in view.sheet.rows)

    # ---- notes ----

    def note(self, subject: Subject) -> Note:
        """What is written there, or is on its way to the disk."""
        waiting = self._pending.get(subject)
        return waiting[-1] if waiting else self._engine.notes.get(subject)

    def is_saving(self, subject: Subject) -> bool:
        """Whether the disk does not have it yet."""
        return subject in self._pending

    def tags(self, booked: Booked) -> set[str]:
        """The tags of a fill, of its order and of its day."""
        return {tag for subject in subjects(booked) for tag in self.note(subject).tags}

    def write(self, subject: Subject, note: Note, what: str) -> None:
        """Keep a note and let it be taken back; `what` names the thing, such as "2026-03-02"."""
        before = self.note(subject)
        if note == before:
            return
        self._save(subject, note)

        def take_back() -> bool:
            if self.note(subject) != note:
                return False
            self._save(subject, before)
            return True

        self._undo.push(f"Changed the note on {what}", take_back)

    def _save(self, subject: Subject, note: Note) -> None:
        self._pending.setdefault(subject, []).append(note)
        self._spawn(self._saved(subject, note), "save a note")

    async def _saved(self, subject: Subject, note: Note) -> None:
        try:
            await self._engine.notes.save(subject, note)
        finally:
            waiting = self._pending[subject]
            waiting.remove(note)
            if not waiting:
                del self._pending[subject]

    # ---- inside ----

    def _scope(
        self, filters: Filters, choice: AccountChoice | None, currencies: list[str], today: date
    ) -> Scope:
        first, last = filters.bounds(today)
        wanted = filters.currency if filters.currency in currencies else ""
        base = self._engine.settings.general.base_currency.upper()
        shown = wanted or (currencies[0] if len(currencies) == 1 else base)
        rates = {} if wanted else self._rates(currencies, shown)
        return Scope(
            accounts=None if choice is None else choice.accounts,
            symbol=filters.symbol.strip(),
            first=first,
            last=last,
            keep=self._keeper(filters.tag),
            currency=shown,
            rates=rates,
            is_alone=bool(wanted),
        )

    def _compose(self, scope: Scope, opened: frozenset[tuple[date, str]]) -> Sheet:
        sheet = sheet_of(self._days, scope, _breather())
        _sort(sheet, opened)
        return sheet

    def _rates(self, currencies: list[str], shown: str) -> dict[str, Decimal]:
        found = {c: self._engine.portfolio.rate(c, shown) for c in currencies if c != shown}
        return {currency: rate for currency, rate in found.items() if rate is not None}

    def _keeper(self, tag: str) -> Callable[[Booked], bool] | None:
        if not tag:
            return None
        tagged = {s for s, note in self._engine.notes.all().items() if tag in note.tags}
        return lambda booked: not tagged.isdisjoint(subjects(booked))


def subjects(booked: Booked) -> list[Subject]:
    """What may be written about a fill: itself, its order, its day."""
    execution = booked.execution
    found = [fill_subject(execution.connection_id, execution.exec_id), day_subject(booked.day)]
    if execution.client_order_id is not None:
        found.append(order_subject(execution.connection_id, execution.client_order_id))
    return found


def _to_the_cent(money: Decimal | None) -> str:
    return "not known" if money is None else f"{money:.2f}".replace("-", "\N{MINUS SIGN}")


def _sort(sheet: Sheet, opened: frozenset[tuple[date, str]]) -> None:
    breathe = _breather()
    for row in sheet.rows:
        if (row.day, row.currency) in opened:
            row.fills()
            breathe()


def _breather() -> Callable[[], None]:
    """Rests now and then: the window's thread gets the interpreter at once, not after a queue."""
    began = time.perf_counter()

    def breathe() -> None:
        nonlocal began
        if time.perf_counter() - began > WORK_S:
            time.sleep(REST_S)
            began = time.perf_counter()

    return breathe


def _account(record: TradeRecord) -> AccountKey:
    return record.connection_id, record.account_id
