"""The journal's rows and sums: currencies apart, filters, days, what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.analytics.trade_days import TradeDays
from app.analytics.trade_sheet import Scope, Sheet, sheet_of
from app.domain.booked import TradeRecord
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import Side
from app.domain.position import CostMethod, Ledger, Lot
from tests.doubles.books import facts
from tests.doubles.clock import START
from tests.doubles.orders import fill

D = Decimal
DESK = ConnectionId("desk")
SPY = Instrument("SPY", AssetClass.ETF, "USD")
DAX = Instrument("DAX", AssetClass.ETF, "EUR")
TUESDAY = date(2024, 3, 12)


class Records:
    """Ledgers by account and instrument, fed by hand."""

    def __init__(self) -> None:
        self.ledgers: dict[tuple[str, Instrument], Ledger] = {}
        self.count = 0

    def trade(
        self,
        units: int,
        price: int | str,
        *,
        days: int = 0,
        of: Instrument = SPY,
        account: str = "A1",
        opening: Lot | None = None,
        **terms: Any,
    ) -> None:
        self.count += 1
        ledger = self.ledgers.setdefault(
            (account, of),
            Ledger(of.multiplier, CostMethod.FIFO, lambda moment: moment.date(), opening),
        )
        wanted = {"fee": D(1), **terms}
        ledger.add(
            fill(
                str(abs(units)),
                f"e{self.count:03}",
                side=Side.BUY if units > 0 else Side.SELL,
                price=D(price),
                instrument=of,
                account_id=AccountId(account),
                at=START + timedelta(days=days, seconds=self.count),
                **wanted,
            )
        )

    def all(self) -> list[TradeRecord]:
        return [
            TradeRecord(DESK, AccountId(account), instrument, (ledger.booked,))
            for (account, instrument), ledger in self.ledgers.items()
        ]

    def sheet(self, **scope: Any) -> Sheet:
        days = TradeDays()
        days.update(self.all())
        return sheet_of(days, Scope(**scope))


def rows(sheet: Sheet, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(row, name) for name in names) for row in sheet.rows]


def test_one_row_a_day_newest_first() -> None:
    made = Records()
    made.trade(100, 10)
    made.trade(-100, 11)
    made.trade(50, 10, days=1, account="A2")
    sheet = made.sheet()
    assert rows(sheet, "day", "count", "bought", "sold", "profit", "fees", "net") == [
        (date(2024, 3, 13), 1, 50, 0, 0, 1, -1),
        (TUESDAY, 2, 100, 100, 100, 2, 98),
    ]
    assert rows(sheet, "bought_value", "sold_value") == [(500, 0), (1000, 1100)]
    assert [b.execution.exec_id for b in sheet.rows[1].fills()] == ["e002", "e001"]
    assert sheet.rows[1].fills() is sheet.rows[1].fills()
    assert sheet.rows[0].accounts == [(DESK, "A2")]


def test_nothing_traded_makes_no_sums() -> None:
    sheet = Records().sheet()
    assert (sheet.rows, sheet.summaries, sheet.curves, sheet.currencies) == ((), {}, {}, [])


def test_currencies_are_never_added_without_a_rate() -> None:
    made = Records()
    made.trade(10, 10)
    made.trade(10, 10)
    made.trade(10, 20, of=DAX, fee=D(3), fee_currency="usd")
    made.trade(-10, 21, of=DAX, fee=D(2))
    apart = made.sheet(currency="USD")
    assert rows(apart, "currency", "count", "profit", "fees") == [
        ("EUR", 2, 10, 2),
        ("USD", 2, 0, 5),
    ]
    assert apart.currencies == ["EUR", "USD"]
    together = made.sheet(currency="USD", rates={"EUR": D("1.5")})
    assert rows(together, "currency", "count", "profit", "fees", "bought_value") == [
        ("USD", 4, 15, 8, 500)
    ]
    assert together.curves["USD"].equity[-1] == 7
    assert rows(made.sheet(currency="EUR", is_alone=True), "currency", "fees") == [("EUR", 2)]


def test_a_fee_alone_makes_a_row_that_says_so() -> None:
    made = Records()
    made.trade(10, 10, fee=D(3), fee_currency="EUR")
    sheet = made.sheet()
    assert rows(sheet, "currency", "count", "fees", "symbols") == [
        ("EUR", 0, 3, []),
        ("USD", 1, 0, ["SPY"]),
    ]
    assert sheet.rows[0].fills() == []


def test_filters_by_account_symbol_days_and_single_fills() -> None:
    made = Records()
    made.trade(10, 10)
    made.trade(-10, 11)
    made.trade(10, 10, days=1)
    made.trade(-10, 9, days=1)
    made.trade(5, 10, of=DAX, account="A2", days=2)
    a1 = frozenset([(DESK, AccountId("A1"))])
    assert len(made.sheet(accounts=a1).rows) == 2
    assert rows(made.sheet(symbol="da"), "symbols") == [(["DAX"],)]
    assert len(made.sheet(first=TUESDAY + timedelta(1)).rows) == 2
    assert rows(made.sheet(last=TUESDAY), "day") == [(TUESDAY,)]
    sold = made.sheet(keep=lambda booked: booked.execution.side is Side.SELL)
    assert rows(sold, "count", "profit", "wins", "losses") == [(1, -10, 0, 1), (1, 10, 1, 0)]
    opened = made.sheet(keep=lambda booked: not booked.closed)
    assert [(row.wins, row.losses) for row in opened.rows] == [(0, 0)] * 3


def test_wins_losses_and_the_best_and_worst_day() -> None:
    made = Records()
    for days, price in enumerate(("12", "9", "10.2", "14")):
        made.trade(10, 10, days=days)
        made.trade(-10, price, days=days)
    summary = made.sheet().summaries["USD"]
    assert facts(summary.days, summary.count, summary.net) == (4, 8, 44)
    assert (summary.wins, summary.losses, summary.evens, summary.trips) == (2, 1, 1, 4)
    assert facts(summary.win_percent, summary.average_win, summary.average_loss) == (50, 28, 12)
    assert summary.profit_factor == D(56) / 12
    assert summary.best == (TUESDAY + timedelta(3), D(38))
    assert summary.worst == (TUESDAY + timedelta(1), D(-12))


def test_without_round_trips_there_is_nothing_to_divide() -> None:
    made = Records()
    made.trade(10, 10)
    summary = made.sheet().summaries["USD"]
    assert (summary.win_percent, summary.average_win, summary.average_loss) == (None,) * 3
    assert summary.profit_factor is None


def test_what_is_not_known_is_counted() -> None:
    made = Records()
    made.trade(-10, 10, opening=Lot(D(10), None), fee=None)
    sheet = made.sheet()
    [row] = sheet.rows
    assert (row.is_known, row.unknown_fills, row.untold_fees) == (False, 1, 1)
    assert (row.wins, row.losses, row.evens) == (0, 0, 0)
    summary = sheet.summaries["USD"]
    assert (summary.unknown_fills, summary.untold_fees) == (1, 1)


def test_a_fill_that_was_taken_back_is_shown_and_not_counted() -> None:
    made = Records()
    made.trade(10, 10, fee=D(2))
    made.trade(10, 10)
    ledger = made.ledgers["A1", SPY]
    first = ledger.booked[0].execution
    ledger.add(replace(first, quantity=D(0), revision=1, fee=None))
    [row] = made.sheet().rows
    assert facts(row.count, row.bought, row.untold_fees, len(row.fills())) == (1, 10, 0, 2)


def test_long_work_lets_others_go_first() -> None:
    made = Records()
    for _ in range(600):
        made.trade(1, 10)
    breaths: list[int] = []
    days = TradeDays()
    assert days.update(made.all(), lambda: breaths.append(1))
    assert len(breaths) == 3
    assert not days.update(made.all())
    made.trade(1, 10)
    assert days.update(made.all())
    assert sum(row.count for row in sheet_of(days, Scope()).rows) == 601
    assert days.currencies == ["USD"]
