"""Accounts, currencies, and all accounts together."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from app.domain.events import ConnectionChanged, ConnectionRemoved
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import DataKind
from app.domain.reports import (
    BrokerReport,
    Health,
    Known,
    Notice,
    ProfitReport,
    Severity,
    Snapshot,
    Unavailable,
)
from tests.doubles.books import Books, facts
from tests.doubles.clock import START
from tests.doubles.orders import ACCOUNT, CONNECTION, QQQ, SPY

D = Decimal
OTHER = ConnectionId("other")
OTHER_ACCOUNT = AccountId("B7")
EURUSD = Instrument("EURUSD", AssetClass.FOREX, "USD")
GONE = Unavailable("no answer", START)


# ---- accounts and currencies ----


def test_an_account_shows_its_profit_in_its_own_currency(books: Books) -> None:
    books.portfolio.on_account(books.account(base="EUR"))
    assert facts(books.accounts[-1].realized_today, books.accounts[-1].unrealized) == (0, 0)
    books.trade(100, 10)
    books.trade(-50, 12)
    books.quote(11.0, 11.0, 11.0)
    # Nobody said what a dollar is worth: not known, and never zero.
    assert facts(books.accounts[-1].realized_today, books.accounts[-1].unrealized) == (None, None)
    books.portfolio.set_rate("EUR", "USD", D("1.25"), "by hand")
    assert facts(books.accounts[-1].realized_today, books.accounts[-1].unrealized) == (80, 40)
    assert books.portfolio.accounts() == [books.accounts[-1]]
    assert books.portfolio.account(CONNECTION, ACCOUNT) == books.accounts[-1]
    assert books.portfolio.account(CONNECTION, OTHER_ACCOUNT) is None


def test_a_rate_is_heard_from_currency_quotes(books: Books) -> None:
    assert books.portfolio.rate("EUR", "USD") is None
    books.quote(1.0, 1.5, 1.2, of=EURUSD)
    assert books.portfolio.rate("eur", "usd") == D("1.25")
    assert books.portfolio.rate("USD", "EUR") == D("0.8")
    books.quote(float("nan"), 1.5, 1.2, of=EURUSD)
    assert books.portfolio.rate("EUR", "USD") == D("1.25")


def test_a_replay_s_rate_counts_on_its_own_connection_only(books: Books) -> None:
    books.portfolio.on_account(books.account(base="EUR"))
    books.portfolio.on_account(books.account(OTHER, base="EUR", is_paper=False))
    books.trade(100, 10)
    books.trade(100, 10, connection_id=OTHER)
    books.quote(11.0, 11.0, 11.0)
    books.quote(11.0, 11.0, 11.0, connection_id=OTHER)
    books.quote(1.25, 1.25, 1.25, of=EURUSD, kind=DataKind.REPLAY)
    books.trade(1, 11)
    books.trade(1, 11, connection_id=OTHER)
    played, live = books.portfolio.accounts()
    assert facts(played.unrealized, live.unrealized) == (80, None)
    assert books.portfolio.rate("EUR", "USD") is None


def test_a_rate_may_go_over_a_third_currency(books: Books) -> None:
    books.portfolio.set_rate("EUR", "USD", D("1.25"), "a")
    books.portfolio.set_rate("USD", "JPY", D(150), "b")
    assert books.portfolio.rate("EUR", "JPY") == D("187.5")
    assert books.portfolio.rate("EUR", "GBP") is None
    assert books.portfolio.rate("JPY", "JPY") == 1
    assert books.portfolio.convert(D(2), "EUR", "JPY", CONNECTION) == D("375.0")
    assert books.portfolio.convert(D(2), "EUR", "GBP", CONNECTION) is None


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_that_cannot_be_is_refused(books: Books, rate: str) -> None:
    with pytest.raises(ValueError, match="a rate must be more than zero"):
        books.portfolio.set_rate("EUR", "USD", D(rate), "by hand")


def test_fees_in_a_foreign_currency_are_converted_or_not_known(books: Books) -> None:
    books.portfolio.on_account(books.account())
    books.trade(100, 10, fee=D(2), fee_currency="EUR")
    assert books.accounts[-1].realized_today is None
    books.portfolio.set_rate("EUR", "USD", D("1.5"), "by hand")
    assert books.accounts[-1].realized_today == -3


def test_an_account_that_is_no_longer_listed_is_not_verified(books: Books) -> None:
    both = (books.account(), books.account(account_id=OTHER_ACCOUNT))
    elsewhere = books.account(OTHER)
    books.portfolio.on_accounts(OTHER, Known((elsewhere,), books.clock.now()))
    books.portfolio.on_accounts(CONNECTION, Known(both, books.clock.now()))
    books.portfolio.on_accounts(CONNECTION, Known(both[:1], books.clock.now()))
    assert [view.is_verified for view in books.portfolio.accounts()] == [True, True, False]
    books.portfolio.on_accounts(CONNECTION, GONE)
    assert [view.is_verified for view in books.portfolio.accounts()] == [True, False, False]


def test_accounts_of_a_removed_connection_are_shown_no_more(books: Books) -> None:
    books.portfolio.on_account(books.account())
    books.bus.publish(ConnectionRemoved(OTHER))
    assert len(books.portfolio.accounts()) == 1
    books.bus.publish(ConnectionRemoved(CONNECTION))
    assert books.portfolio.accounts() == []
    books.portfolio.on_account(books.account())
    assert len(books.accounts) == 2, "told anew when it is back"


def test_a_whole_snapshot_and_a_stream_are_taken(books: Books) -> None:
    now = books.clock.now()
    whole = Snapshot(
        accounts=Known((books.account(),), now),
        orders=GONE,
        executions=GONE,
        positions=Known((books.word(100, 10),), now),
    )
    books.portfolio.on_snapshot(CONNECTION, whole)
    assert books.position().quantity == 100
    assert len(books.accounts) >= 1
    notice = Notice(CONNECTION, Severity.INFO, "hello", now)
    reports: list[BrokerReport] = [notice, books.word(90, 10), books.account(base="EUR")]
    books.portfolio.on_reports(CONNECTION, reports)
    assert books.position().quantity == 90
    assert books.accounts[-1].report.base_currency == "EUR"


def test_the_broker_s_own_profit_stands_beside_ours_until_the_line_is_lost(books: Books) -> None:
    now = books.clock.now()
    books.portfolio.on_account(books.account())
    books.trade(100, 10)
    of_all = ProfitReport(CONNECTION, ACCOUNT, None, now, D("12.5"), D(3), D("9.5"))
    of_one = ProfitReport(CONNECTION, ACCOUNT, SPY, now, D(7), D(3))
    books.portfolio.on_reports(CONNECTION, [of_all, of_one])
    assert books.accounts[-1].broker_profit == of_all
    assert facts(books.told[-1].broker_profit, books.told[-1].quantity) == (of_one, 100)
    lost = ConnectionChanged(CONNECTION, "reconnecting", Health(), False, None, "")
    books.bus.publish(lost)
    assert facts(books.accounts[-1].broker_profit, books.position().broker_profit) == (None, None)


def test_the_day_s_profit_says_what_it_does_not_know(books: Books) -> None:
    books.trade(100, 10)
    books.trade(-50, 8)
    books.trade(10, 10, instrument=QQQ)
    books.trade(10, 10, connection_id=OTHER)
    books.quote(9.0, 9.0, 9.0)
    profit = books.portfolio.day_profit(CONNECTION, "USD")
    assert facts(profit.known, profit.unknown) == (-150, ("QQQ",))


# ---- all accounts together ----


def test_positions_net_over_connections_and_never_over_environments(books: Books) -> None:
    third = ConnectionId("third")
    books.portfolio.on_account(books.account(is_paper=False))
    books.portfolio.on_account(books.account(OTHER, is_paper=False))
    books.portfolio.on_account(books.account(third, is_paper=True))
    books.list(books.word(100, 10))
    books.trade(50, 16, connection_id=OTHER, instrument=replace(SPY, asset_class=AssetClass.EQUITY))
    books.trade(1000, 10, connection_id=third)
    books.trade(1, 10, connection_id=ConnectionId("unheard"))
    for place in (CONNECTION, OTHER, third):
        books.quote(11.0, 11.0, 11.0, connection_id=place)
    live = books.portfolio.consolidated("usd", "live")
    (net,) = live.positions
    assert facts(net.quantity, net.average_price, net.value) == (150, 12, 1650)
    assert facts(net.unrealized, live.unrealized, live.value) == (-150, -150, 1650)
    assert facts(len(net.legs), net.is_verified, live.unknown) == (2, False, ())
    paper = books.portfolio.consolidated("USD", "paper")
    assert [p.quantity for p in paper.positions] == [1000]


def test_a_total_that_lacks_a_part_is_not_known(books: Books) -> None:
    books.portfolio.on_account(books.account())
    books.trade(100, 10)
    books.trade(-50, 10, instrument=QQQ)
    books.quote(11.0, 11.0, 11.0)
    whole = books.portfolio.consolidated("USD", "paper")
    assert facts(whole.unrealized, whole.value, whole.unknown) == (None, None, ("QQQ",))
    assert whole.realized_today == 0
    assert books.portfolio.consolidated("EUR", "paper").unknown == ("SPY", "QQQ")


def test_opposite_sides_have_no_average(books: Books) -> None:
    books.portfolio.on_account(books.account())
    books.portfolio.on_account(books.account(OTHER))
    books.trade(100, 10)
    books.trade(-100, 12, connection_id=OTHER)
    books.trade(5, 12, instrument=QQQ)
    books.trade(-5, 13, instrument=QQQ)
    whole = books.portfolio.consolidated("USD", "paper")
    (net,) = whole.positions  # what is flat everywhere is none, its profit counts
    assert facts(net.quantity, net.average_price) == (0, None)
    assert whole.realized_today == 5


def test_an_average_nobody_told_is_not_known_together_either(books: Books) -> None:
    books.portfolio.on_account(books.account())
    books.list(books.word(100))
    (net,) = books.portfolio.consolidated("USD", "paper").positions
    assert net.average_price is None
