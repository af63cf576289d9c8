"""The journal's sums are the engine's figures to the last digit, whatever the fills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.trade_days import TradeDays
from app.analytics.trade_sheet import Scope, Sheet, sheet_of
from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import Side
from app.domain.position import CostMethod, exact_sum
from app.store.history import History
from tests.doubles.books import Books, Shelf
from tests.doubles.clock import START, FakeClock
from tests.doubles.orders import fill

D = Decimal
HERE, THERE = ConnectionId("here"), ConnectionId("there")
ACCOUNTS = ((HERE, AccountId("A1")), (HERE, AccountId("A2")), (THERE, AccountId("A1")))
INSTRUMENTS = (
    Instrument("SPY", AssetClass.ETF, "USD", session="us-equity"),
    Instrument("ESH6", AssetClass.FUTURE, "USD", multiplier=D(50), session="cme-globex"),
    Instrument("DAX", AssetClass.ETF, "EUR"),
    Instrument("BTC/USD", AssetClass.CRYPTO, "USD", quantity_step=D("0.0001")),
)
RATE = D("1.25")  # what a euro costs in dollars


@dataclass(frozen=True)
class Trade:
    """One thing that happens: a fill, with the correction that follows it, or a broker's word."""

    place: tuple[int, int]
    units: Decimal
    price: Decimal
    fee: Decimal | None
    fee_currency: str
    hours: int
    revised: Decimal | None
    word: int | None
    is_read: bool

    @property
    def account(self) -> tuple[ConnectionId, AccountId]:
        return ACCOUNTS[self.place[0]]

    @property
    def instrument(self) -> Instrument:
        return INSTRUMENTS[self.place[1]]

    def execution(self, number: int) -> Execution:
        connection_id, account_id = self.account
        return fill(
            str(abs(self.units)),
            f"e{number:03}",
            side=Side.BUY if self.units >= 0 else Side.SELL,
            price=self.price,
            fee=self.fee,
            fee_currency=self.fee_currency,
            instrument=self.instrument,
            connection_id=connection_id,
            account_id=account_id,
            at=START - timedelta(hours=self.hours),
        )


TRADES = st.lists(
    st.builds(
        Trade,
        place=st.tuples(st.integers(0, 2), st.integers(0, 3)),
        units=st.decimals(-300, 300, places=1),
        price=st.decimals(D("0.05"), 500, places=2),
        fee=st.none() | st.decimals(-1, 5, places=3),
        fee_currency=st.sampled_from(["", "USD", "EUR", "usd"]),
        hours=st.sampled_from([0, 1, 2]) | st.integers(0, 200),
        revised=st.none() | st.decimals(0, 50, places=1),
        word=st.none() | st.integers(-20, 20),
        is_read=st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    made = History(Path(tmp_path_factory.mktemp("journal")) / "history.db")
    yield made
    made.close()


def happen(books: Books, trades: list[Trade], days: TradeDays) -> None:
    """Everything in turn; the journal reads now and then, as it does beside a running desk."""
    for number, trade in enumerate(trades):
        connection_id, account_id = trade.account
        execution = trade.execution(number)
        books.portfolio.on_execution(execution)
        if trade.revised is not None:
            revised = replace(execution, quantity=trade.revised, revision=1)
            books.portfolio.on_execution(revised)
        if trade.word is not None:
            word = books.word(trade.word, 10, trade.instrument, connection_id, account_id)
            books.list(word, connection_id=connection_id)
        if trade.is_read:
            days.update(books.portfolio.records())


def flat(sheet: Sheet) -> list[tuple[object, ...]]:
    return [
        (*(row.day, row.currency, row.count, row.profit, row.fees, row.bought, row.sold),
         *(row.wins, row.losses, row.evens, row.won, row.lost, row.unknown_fills))
        for row in sheet.rows
    ]  # fmt: skip


def check_positions(books: Books, days: TradeDays) -> None:
    """Each position by itself, without any conversion."""
    for view in books.portfolio.positions(include_flat=True):
        parts = [
            part
            for part in days
            if (part.connection_id, part.account_id, part.instrument.key)
            == (view.connection_id, view.account_id, view.instrument.key)
        ]
        made = exact_sum(p.profit - p.fees.get(p.currency, D(0)) for p in parts)
        assert made == view.realized
        fills = [b.execution for part in parts for b in part.fills]
        assert sum((e.signed_quantity for e in fills), D(0)) == view.computed_quantity
        assert len({e.exec_id for e in fills}) == len(fills)


def check_totals(books: Books, days: TradeDays) -> None:
    """Every total below Positions, by currency, is the same word and figure in the Journal."""
    views = books.portfolio.positions(include_flat=True)
    gross, fees = defaultdict[str, list[Decimal]](list), defaultdict[str, list[Decimal]](list)
    for view in views:
        gross[view.instrument.currency].append(view.gross)
        for currency, fee in view.fees:
            fees[currency].append(fee)
        assert view.realized == exact_sum((view.gross, -view.own_fees))
    summaries = sheet_of(days, Scope()).summaries
    assert summaries.keys() >= {c for c in gross if exact_sum(gross[c])} | fees.keys()
    for currency, summary in summaries.items():
        assert summary.profit == exact_sum(gross[currency])
        assert summary.fees == exact_sum(fees[currency])
        assert summary.net == exact_sum((*gross[currency], -exact_sum(fees[currency])))
        is_known = all(v.is_realized_known for v in views if v.instrument.currency == currency)
        assert is_known is not bool(summary.unknown_fills)


def check_accounts(books: Books, days: TradeDays) -> None:
    """Today of each account in dollars, fees in euros converted, as its own row says."""
    assert len(books.portfolio.accounts()) == len(ACCOUNTS)
    for account in books.portfolio.accounts():
        key = (account.report.connection_id, account.report.account_id)
        scope = Scope(frozenset([key]), currency="USD", rates={"EUR": RATE})
        rows = sheet_of(days, scope).rows
        assert {row.currency for row in rows} <= {"USD"}
        today = START.date()  # a weekday at noon: the same day in every market here
        row = next((row for row in rows if row.day == today), None)
        if row is None:
            assert account.realized_today == 0
        elif row.is_known:
            assert row.net == account.realized_today
        else:
            assert account.realized_today is None


@given(trades=TRADES, method=st.sampled_from(CostMethod))
def test_the_journal_says_what_the_engine_says(
    history: History, trades: list[Trade], method: CostMethod
) -> None:
    books = Books(FakeClock(), history, Shelf(), method=method)
    books.portfolio.set_rate("EUR", "USD", RATE, "test")
    for connection_id, account_id in ACCOUNTS:
        books.portfolio.on_account(books.account(connection_id, account_id))
    days = TradeDays()
    happen(books, trades, days)
    days.update(books.portfolio.records())
    check_positions(books, days)
    check_totals(books, days)
    check_accounts(books, days)
    # Reading bit by bit and reading all at once are the same, also by another method.
    fresh = TradeDays()
    fresh.update(books.portfolio.records())
    assert flat(sheet_of(days, Scope())) == flat(sheet_of(fresh, Scope()))
    assert not days.update(books.portfolio.records())
    other = CostMethod.FIFO if method is CostMethod.AVERAGE else CostMethod.AVERAGE
    books.portfolio.use(other)
    days.update(books.portfolio.records())
    check_positions(books, days)
    check_totals(books, days)


@given(trades=TRADES)
def test_sums_of_the_period_are_the_sums_of_its_days_and_the_curve_ends_there(
    history: History, trades: list[Trade]
) -> None:
    books = Books(FakeClock(), history, Shelf())
    days = TradeDays()
    happen(books, trades, days)
    days.update(books.portfolio.records())
    sheet = sheet_of(days, Scope())
    for currency, summary in sheet.summaries.items():
        rows = [row for row in sheet.rows if row.currency == currency]
        assert summary.net == exact_sum(row.net for row in rows)
        curve = sheet.curves[currency]
        if len(curve):
            assert curve.equity[-1] == pytest.approx(float(summary.net), abs=1e-6)
        assert [row.day for row in rows] == sorted({row.day for row in rows}, reverse=True)
    shown = [b.execution.exec_id for row in sheet.rows for b in row.fills()]
    assert len(shown) == len(set(shown)) == len(trades)
