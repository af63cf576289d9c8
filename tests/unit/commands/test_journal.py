"""The trade journal without a window: the real engine's books, notes on disk, and files."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.base import log as base_log
from app.base.errors import MoorgateError, StoreError, UserError
from app.base.paths import Paths
from app.bootstrap import build
from app.commands.journal import TradeJournal
from app.commands.journal_export import DAY_COLUMNS, EXECUTION_COLUMNS, days_csv, executions_csv
from app.commands.journal_filters import Filters, Period
from app.commands.undo import UndoStack
from app.domain.events import ExecutionBooked
from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.notes import Note, Subject, day_subject, fill_subject, order_subject
from app.domain.order_types import Side
from app.domain.position import CostMethod
from app.domain.reports import AccountReport, Balance, ProfitReport
from app.engine.engine import Engine
from app.store.settings import Settings
from tests.doubles.books import facts
from tests.doubles.clock import START
from tests.doubles.loop import LoopRunner
from tests.doubles.orders import OWN, fill

D = Decimal
PAPER = ConnectionId("paper")
A1 = AccountId("A1")
SPY = Instrument("SPY", AssetClass.ETF, "USD")
TUESDAY = START.date()


class Page:
    """The real engine and journal of one home."""

    def __init__(self, engine: Engine, journal: TradeJournal, said: list[str]) -> None:
        self.engine, self.journal, self.said = engine, journal, said
        self.undo: UndoStack
        self.works: list[asyncio.Task[Any]] = []
        self.count = 0

    def trade(self, units: int, price: int | str, **changes: Any) -> Execution:
        self.count += 1
        terms: dict[str, Any] = {
            "connection_id": PAPER,
            "account_id": A1,
            "instrument": SPY,
            "side": Side.BUY if units > 0 else Side.SELL,
            "price": D(price),
            "at": START + timedelta(seconds=self.count),
            "fee": D(1),
            **changes,
        }
        execution = fill(str(abs(units)), f"e{self.count:02}", **terms)
        self.engine.bus.publish(ExecutionBooked(execution))
        return execution

    def account(self, *, is_paper: bool, name: str = "A1") -> None:
        balance = (Balance("USD", D(1000)),)
        self.engine.portfolio.on_account(
            AccountReport(PAPER, AccountId(name), "", is_paper, "USD", balance, START)
        )

    async def settled(self) -> None:
        """Everything that was spawned has ended."""
        while self.works:
            await self.works.pop(0)


@asynccontextmanager
async def opened(home: Paths) -> AsyncIterator[Page]:
    services = build(home, _offline)
    said: list[str] = []
    undo = UndoStack(lambda _severity, text: said.append(text), lambda: "Ctrl+Z")

    async def told(work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except MoorgateError as error:
            said.append(str(error))

    def spawn(work: Coroutine[Any, Any, Any], _name: str) -> object:
        page.works.append(asyncio.get_running_loop().create_task(told(work)))
        return None

    async def off_thread(work: Callable[[], Any]) -> Any:
        return await asyncio.to_thread(work)

    page = Page(services.engine, TradeJournal(services.engine, off_thread, undo, spawn), said)
    page.undo = undo
    try:
        await services.engine.start(autoconnect=False)
        yield page
    finally:
        await page.settled()
        await services.engine.stop()
        services.close()
        base_log.shut_down()


def _offline(settings: Settings) -> Settings:
    apart = tuple(replace(one, autoconnect=False) for one in settings.connections)
    return replace(settings, connections=apart)


def on_page(home: Paths, run: LoopRunner, act: Callable[[Page], Coroutine[Any, Any, None]]) -> None:
    """Run one test's body on an open page."""

    async def whole() -> None:
        async with opened(home) as page:
            await act(page)

    run(whole())


def test_nothing_traded_yet(home: Paths, run: LoopRunner) -> None:
    async def act(page: Page) -> None:
        view = await page.journal.read(Filters())
        assert facts(view.total, view.choice, view.choices, view.currency) == (0, None, [], "")
        assert view.is_open
        with pytest.raises(UserError, match="open the Journal panel first"):
            page.journal.page.focus_filter()

    on_page(home, run, act)


def test_the_books_are_read_once_and_what_is_new_after(home: Paths, run: LoopRunner) -> None:
    async def act(page: Page) -> None:
        page.trade(100, 10)
        before = page.journal.signature()
        assert page.journal.signature() == before
        first = await page.journal.read(Filters())
        page.trade(-100, 11)
        assert page.journal.signature() != before
        second = await page.journal.read(Filters(), opened=[(TUESDAY, "USD")])
        assert facts(first.total, second.total) == (1, 2)
        assert second.sheet.summaries["USD"].net == 98
        position = page.engine.portfolio.position(PAPER, A1, SPY.key)
        assert position is not None
        assert position.realized == 98
        await page.journal.prepare(second)

    on_page(home, run, act)


def test_another_method_of_profit_changes_the_journal(home: Paths, run: LoopRunner) -> None:
    async def act(page: Page) -> None:
        for units, price in ((100, 10), (100, 12), (-100, 13)):
            page.trade(units, price)
        found = []
        for method in CostMethod:
            page.engine.portfolio.use(method)
            view = await page.journal.read(Filters())
            found.append(view.sheet.summaries["USD"].profit)
        assert found == [300, 200]

    on_page(home, run, act)


def test_paper_and_live_stand_apart(home: Paths, run: LoopRunner) -> None:
    async def act(page: Page) -> None:
        page.trade(10, 10)
        page.trade(20, 10, account_id=AccountId("L1"))
        page.trade(30, 10, connection_id=ConnectionId("gone"))
        page.account(is_paper=False, name="L1")
        journal = page.journal
        assert journal.is_paper(PAPER, A1) is True  # as the settings say
        assert journal.is_paper(PAPER, AccountId("L1")) is False  # its own word
        assert journal.is_paper(ConnectionId("gone"), A1) is None
        bought = {}
        for key in ("live", "paper", "other", "paper\nA1"):
            view = await journal.read(Filters(accounts=key))
            bought[key] = [row.bought for row in view.sheet.rows]
        assert bought == {"live": [20], "paper": [10], "other": [30], "paper\nA1": [10]}
        chosen = await journal.read(Filters(), (PAPER, A1))
        assert chosen.choice is not None
        assert chosen.choice.key == "paper"

    on_page(home, run, act)


def test_what_is_held_belongs_to_an_open_period_without_a_tag(home: Paths, run: LoopRunner) -> None:
    async def act(page: Page) -> None:
        page.trade(100, 10)
        journal = page.journal
        view = await journal.read(Filters())
        assert facts(view.is_open, journal.open_profit(view).unknown) == (True, ("SPY",))
        other = await journal.read(Filters(symbol="qqq"))
        assert journal.open_profit(other).unknown == ()
        past = await journal.read(Filters(period=Period.CUSTOM, last=date(2020, 1, 1)))
        tagged = await journal.read(Filters(tag="x"))
        assert facts(past.is_open, tagged.is_open) == (False, False)
        assert facts(past.sheet.rows, past.total) == ((), 1)

    on_page(home, run, act)


def test_the_brokers_own_word_is_named_where_it_differs(home: Paths, run: LoopRunner) -> None:
    async def act(page: Page) -> None:
        now = page.engine.clock.now()
        page.trade(100, 10, at=now)
        page.trade(-100, 11, at=now + timedelta(milliseconds=1))
        page.account(is_paper=True)
        view = await page.journal.read(Filters())
        assert page.journal.broker_words(view) == []
        for told, words in ((D(98), 0), (D("98.004"), 0), (D("-97.5000"), 1)):
            profit = ProfitReport(PAPER, A1, None, now, realized=told)
            page.engine.portfolio.on_profit(profit)
            assert len(page.journal.broker_words(view)) == words
        [word] = page.journal.broker_words(view)
        said = "paper itself reckons −97.50 USD realized today for A1; computed here: 98.00"
        assert word == said
        assert view.sheet.summaries["USD"].net == 98  # ours is what is shown

    on_page(home, run, act)


def test_notes_are_on_disk_and_can_be_taken_back(home: Paths, run: LoopRunner) -> None:
    day = day_subject(TUESDAY)

    async def act(page: Page) -> None:
        journal = page.journal
        await journal.read(Filters())
        journal.write(day, Note("calm", ("trend",)), "2024-03-12")
        assert facts(journal.note(day), journal.is_saving(day)) == (Note("calm", ("trend",)), True)
        await page.settled()
        assert not journal.is_saving(day)
        journal.write(day, Note("calm", ("trend",)), "2024-03-12")  # the same is no edit
        assert len(page.undo) == 1
        journal.write(day, Note("wild"), "2024-03-12")
        await page.settled()
        assert page.undo.undo()
        await page.settled()
        assert journal.note(day) == Note("calm", ("trend",))
        assert page.said[0] == "Changed the note on 2024-03-12. Ctrl+Z brings it back"

    async def again(page: Page) -> None:
        view = await page.journal.read(Filters())
        assert facts(page.journal.note(day), view.tags) == (Note("calm", ("trend",)), ["trend"])

    on_page(home, run, act)
    on_page(home, run, again)


def test_an_edit_that_was_overtaken_is_not_taken_back(home: Paths, run: LoopRunner) -> None:
    day = day_subject(TUESDAY)

    async def act(page: Page) -> None:
        page.journal.write(day, Note("one"), "the day")
        page.journal.write(day, Note("two"), "the day")
        assert page.journal.note(day) == Note("two")
        await page.settled()
        await page.engine.notes.save(day, Note("elsewhere"))
        assert not page.undo.undo()
        assert page.journal.note(day) == Note("elsewhere")

    on_page(home, run, act)


def test_a_note_that_cannot_be_stored_is_told_and_the_old_one_stands(
    home: Paths, run: LoopRunner
) -> None:
    broken = Subject("day|\x00")

    async def act(page: Page) -> None:
        page.journal.write(broken, Note("x"), "nothing")
        await page.settled()
        assert facts(page.journal.note(broken), page.journal.is_saving(broken)) == (Note(), False)
        assert any("characters that no identifier may have" in text for text in page.said)

    on_page(home, run, act)


def test_a_tag_finds_fills_by_their_own_their_order_and_their_day(
    home: Paths, run: LoopRunner
) -> None:
    async def act(page: Page) -> None:
        own = page.trade(1, 10, client_order_id=None)
        page.trade(2, 10)
        page.trade(4, 10, at=START + timedelta(days=1), client_order_id=None)
        page.trade(8, 10, at=START + timedelta(days=2), client_order_id=None)
        tagged = Note("", ("gap",))
        for subject in (
            fill_subject(PAPER, own.exec_id),
            order_subject(PAPER, OWN),
            day_subject(TUESDAY + timedelta(1)),
        ):
            page.journal.write(subject, tagged, "it")
        await page.settled()
        view = await page.journal.read(Filters(tag="gap"))
        assert sum(row.bought for row in view.sheet.rows) == 1 + 2 + 4
        booked = view.sheet.rows[0].fills()[0]
        assert page.journal.tags(booked) == {"gap"}

    on_page(home, run, act)


def test_files_hold_exact_numbers_and_no_formula(
    home: Paths, run: LoopRunner, tmp_path: Path
) -> None:
    async def act(page: Page) -> None:
        odd = replace(SPY, symbol="=SPY")
        page.trade(100, "10.000000001", instrument=odd, market_at=START - timedelta(days=900))
        page.trade(-40, 11, instrument=odd, fee=None, fee_currency="USD")
        page.journal.write(day_subject(TUESDAY), Note("@cmd \ud800", ("-1+1",)), "the day")
        page.journal.write(order_subject(PAPER, OWN), Note("+plan"), "the order")
        await page.settled()
        view = await page.journal.read(Filters())
        for what in ("days", "executions"):
            assert await page.journal.export(view, what, tmp_path / f"{what}.csv") == 2

    on_page(home, run, act)
    days = _rows((tmp_path / "days.csv").read_text("utf-8"))
    assert list(days[0]) == DAY_COLUMNS.split()
    assert days[0]["note"] == "'@cmd \\ud800"
    assert (days[0]["tags"], days[0]["symbols"]) == ("'-1+1", "'=SPY")
    assert days[0]["gross"] == "39.99999996"
    assert days[0]["fees_not_told"] == "1"
    sold, bought = _rows((tmp_path / "executions.csv").read_text("utf-8"))
    assert list(sold) == EXECUTION_COLUMNS.split()
    assert (bought["price"], bought["value"]) == ("10.000000001", "1000.000000100")
    assert bought["market_at"].endswith("+00:00")
    assert (sold["fee"], sold["fee_currency"], sold["position_after"]) == ("", "", "60")
    assert (sold["closed_quantity"], sold["is_gross_known"]) == ("40", "true")
    assert (sold["order_note"], sold["mode"]) == ("'+plan", "paper")


def test_a_file_that_cannot_be_written_says_so(
    home: Paths, run: LoopRunner, tmp_path: Path
) -> None:
    async def act(page: Page) -> None:
        page.trade(1, 10)
        view = await page.journal.read(Filters())
        with pytest.raises(StoreError, match="cannot be written"):
            await page.journal.export(view, "days", tmp_path / "nowhere" / "days.csv")

    on_page(home, run, act)


def test_an_empty_journal_makes_files_of_titles(home: Paths, run: LoopRunner) -> None:
    async def act(page: Page) -> None:
        view = await page.journal.read(Filters())
        assert days_csv(view.sheet, page.journal.note).split() == [
            DAY_COLUMNS.strip().replace("\n", " ").replace(" ", ",")
        ]
        assert _rows(executions_csv(view.sheet, page.journal.note, {})) == []

    on_page(home, run, act)


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))
