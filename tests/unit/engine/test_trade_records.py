"""What the portfolio tells of every fill: one record a holding, one stretch between two anchors."""

from __future__ import annotations

from decimal import Decimal

from app.domain.position import exact_sum
from tests.doubles.books import Books, facts
from tests.doubles.orders import ACCOUNT, CONNECTION, QQQ, SPY

D = Decimal


def test_every_holding_has_a_record(books: Books) -> None:
    assert books.portfolio.records() == []
    books.trade(100, 10)
    books.trade(-100, 12)
    books.trade(5, 7, instrument=QQQ)
    spy, qqq = books.portfolio.records()
    assert facts(spy.connection_id, spy.account_id, spy.instrument) == (CONNECTION, ACCOUNT, SPY)
    assert [b.profit for b in spy.stretches[0]] == [0, 200]
    assert [b.held for b in qqq.stretches[0]] == [5]


def test_the_brokers_word_begins_another_stretch(books: Books) -> None:
    books.trade(100, 10)
    before = books.portfolio.records()[0].stretches[0]
    books.clock.advance(1)
    books.list(books.word(40, 20))
    books.trade(-40, 25)
    [record] = books.portfolio.records()
    first, second = record.stretches
    assert first is before
    [sold] = second
    assert facts(sold.closed, sold.profit, sold.held) == (40, 200, 0)
    view = books.portfolio.position(CONNECTION, ACCOUNT, SPY.key)
    assert view is not None
    assert exact_sum(b.profit for part in record.stretches for b in part) == view.realized
    assert facts(view.quantity, view.computed_quantity) == (0, 60)
