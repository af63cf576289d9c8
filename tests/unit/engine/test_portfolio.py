"""What we hold: the broker's word and our fills since, never twice and never out of thin air."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.bus import EventBus
from app.domain.events import (
    ConnectionChanged,
    ExecutionBooked,
)
from app.domain.ids import ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import Side
from app.domain.position import CostMethod
from app.domain.reports import (
    Health,
    Known,
    PositionReport,
    Unavailable,
)
from app.engine.holding import EXPLAIN_WITHIN_S, Holding
from app.engine.market_data import MarketData
from app.engine.portfolio import Portfolio
from app.store.history import History
from tests.doubles.books import Books, Shelf, facts
from tests.doubles.clock import START, FakeClock
from tests.doubles.loop import LoopRunner
from tests.doubles.market import Feed
from tests.doubles.orders import ACCOUNT, CONNECTION, QQQ, SPY, fill
from tests.surprises import LogWatch

D = Decimal
OTHER = ConnectionId("other")
ES = Instrument("ES", AssetClass.FUTURE, "USD", multiplier=D(50))
GONE = Unavailable("no answer", START)


# ---- fills ----


def test_fills_make_a_position_that_nobody_has_verified(books: Books) -> None:
    first = books.trade(100, 10)
    books.portfolio.on_execution(first)
    (view,) = books.told
    assert facts(view.quantity, view.average_price, view.realized) == (100, 10, 0)
    assert facts(view.mark, view.unrealized, view.is_verified) == (None, None, False)
    assert books.portfolio.positions() == [view]
    books.trade(-100, 11)
    assert facts(books.told[-1].quantity, books.told[-1].realized) == (0, 100)
    assert facts(books.told[-1].unrealized, books.told[-1].average_price) == (0, None)
    assert books.portfolio.positions() == []
    assert books.portfolio.positions(include_flat=True) == [books.told[-1]]


def test_before_fees_is_what_was_realized_and_what_its_fees_took(books: Books) -> None:
    books.trade(100, 10, fee=D(2), fee_currency="usd")
    books.trade(-100, 11, fee=D(3), fee_currency="EUR")
    view = books.told[-1]
    assert facts(view.own_fees, view.realized, view.gross) == (2, 98, 100)


def test_what_was_never_heard_of_is_no_position(books: Books) -> None:
    assert books.portfolio.position(CONNECTION, ACCOUNT, SPY.key) is None
    books.list()
    assert books.told == []
    assert books.portfolio.is_verified(CONNECTION)


def test_a_correction_changes_the_position(books: Books) -> None:
    books.list()
    first = books.trade(100)
    books.bus.publish(ExecutionBooked(replace(first, quantity=D(60), revision=1)))
    assert facts(books.position().quantity, books.position().computed_quantity) == (60, 60)


def test_today_s_profit_ends_with_the_day(books: Books) -> None:
    books.trade(100, 10)
    books.trade(-100, 11)
    assert books.position().realized_today == 100
    books.clock.advance(86_400)
    assert facts(books.position().realized_today, books.position().realized) == (0, 100)


@pytest.mark.parametrize(("session", "hours", "left"), [("always", 12, 0), ("us-equity", 12, 100)])
def test_the_day_is_the_market_s_own(books: Books, session: str, hours: int, left: int) -> None:
    spy = replace(SPY, session=session)
    books.trade(100, 10, instrument=spy)
    books.trade(-100, 11, instrument=spy)
    books.clock.advance(hours * 3600)  # 22:30 in New York: the next day in UTC, but not there
    assert books.position().realized_today == left


def test_a_calendar_nobody_knows_does_not_cost_the_position(books: Books) -> None:
    books.trade(100, 10, instrument=replace(SPY, session="moon"))
    assert facts(books.position().quantity, books.position().realized_today) == (100, 0)


# ---- the broker's word ----


def test_the_broker_s_list_is_the_truth_and_what_it_lacks_is_flat(books: Books) -> None:
    books.trade(100, 10)
    books.trade(50, 20, instrument=QQQ)
    books.list(books.word(100, 10))
    assert facts(books.position().quantity, books.position().is_verified) == (100, True)
    assert books.position().verified_at == books.clock.now()
    view = books.position(QQQ)
    assert facts(view.quantity, view.is_verified, view.computed_quantity) == (0, True, 50)


def test_no_answer_makes_nothing_flat(books: Books) -> None:
    books.list(books.word(100, 10))
    books.portfolio.on_positions(CONNECTION, GONE)
    view = books.position()
    assert facts(view.quantity, view.is_verified) == (100, False)
    assert view.verified_at == books.clock.now()
    assert books.told[-1] == view
    assert not books.portfolio.is_verified(CONNECTION)


@pytest.mark.parametrize("state", ["offline", "reconnecting", "FAILED", "connecting"])
def test_a_lost_line_ends_verification_of_that_connection_alone(books: Books, state: str) -> None:
    books.list(books.word(100, 10))
    books.list(books.word(5, 10, connection_id=OTHER), connection_id=OTHER)
    books.portfolio.on_account(books.account())
    books.bus.publish(ConnectionChanged(CONNECTION, state, Health(), False, True))
    assert not books.position().is_verified
    assert not books.accounts[-1].is_verified
    assert books.position(connection_id=OTHER).is_verified


def test_a_line_that_is_up_changes_nothing(books: Books) -> None:
    books.list(books.word(100, 10))
    for state in ("ready", "reconciling"):
        books.bus.publish(ConnectionChanged(CONNECTION, state, Health(), True, True))
    assert books.position().is_verified


def test_fills_after_the_list_come_on_top(books: Books) -> None:
    books.list(books.word(100, 10))
    books.trade(20, 13)
    view = books.position()
    assert facts(view.quantity, view.average_price, view.is_verified) == (120, D("10.5"), True)
    assert view.computed_quantity == 20


@pytest.mark.parametrize("is_word_first", [True, False])
def test_a_fill_and_the_position_it_makes_count_once(books: Books, is_word_first: bool) -> None:
    books.list()
    if is_word_first:
        books.portfolio.on_position(books.word(100, 10))
        assert books.position().quantity == 100
    books.trade(100, 10)
    assert books.position().quantity == 100
    books.portfolio.on_position(books.word(100, 10))
    assert facts(books.position().quantity, books.position().average_price) == (100, 10)
    books.trade(-40, 11)
    assert facts(books.position().quantity, books.position().realized) == (60, 40)


FILLS = st.lists(st.integers(-30, 30).filter(bool), min_size=1, max_size=8)


@given(fills=FILLS, data=st.data())
def test_however_words_and_fills_interleave_the_end_is_the_truth(
    fills: list[int], data: st.DataObject
) -> None:
    """Each lane keeps its order; which one is ahead, and how often, nobody knows."""
    holding = Holding(CONNECTION, ACCOUNT, SPY, CostMethod.AVERAGE)
    holding.hear(D(0), None, START, 0.0, is_whole=True)
    executions = [
        fill(abs(q), f"e{n:02}", n, side=Side.BUY if q > 0 else Side.SELL)
        for n, q in enumerate(fills)
    ]
    said = [n for n in range(1, len(fills)) if data.draw(st.booleans(), f"word after {n}")]
    words = [sum(fills[:n]) for n in [*said, len(fills)]]
    while executions or words:
        takes_word = words and (not executions or data.draw(st.booleans(), "word first"))
        if takes_word:
            holding.hear(D(words.pop(0)), D(10), START, 0.0, is_whole=False)
        else:
            assert holding.add(executions.pop(0), 0.0)
    assert holding.quantity == holding.computed_quantity == sum(fills)
    assert holding.anchors == ()
    view = holding.view(D(12), START)
    assert view.quantity == sum(fills)
    assert view.unrealized == (12 - (view.average_price or 0)) * view.quantity


@given(held=st.integers(-50, 50), fills=FILLS)
def test_fills_since_the_list_add_up_from_it(held: int, fills: list[int]) -> None:
    holding = Holding(CONNECTION, ACCOUNT, SPY, CostMethod.FIFO)
    holding.hear(D(held), D(10), START, 0.0, is_whole=True)
    for number, quantity in enumerate(fills):
        side = Side.BUY if quantity > 0 else Side.SELL
        holding.add(fill(abs(quantity), f"e{number}", number, side=side), 0.0)
    assert holding.quantity == held + sum(fills)


def test_what_no_fill_explains_was_traded_elsewhere(books: Books) -> None:
    books.list()
    books.portfolio.on_position(books.word(70, 20))
    assert facts(books.position().quantity, books.position().average_price) == (70, 20)
    books.clock.advance(EXPLAIN_WITHIN_S + 1)
    books.trade(30, 30)
    view = books.position()
    assert facts(view.quantity, view.average_price, view.computed_quantity) == (100, 23, 30)
    books.portfolio.on_position(books.word(100, 23))
    books.trade(-100, 25)
    assert facts(books.position().quantity, books.position().realized) == (0, 200)


def test_a_foreign_trade_and_ours_at_once_settle_with_the_next_word(books: Books) -> None:
    books.list()
    books.portfolio.on_position(books.word(7, 10))  # traded elsewhere
    books.trade(10, 10)  # ours, and nobody knows yet whether the 7 are a part of it
    assert books.position().quantity == 7
    assert books.position().average_price == 10
    books.portfolio.on_position(books.word(17, 10))
    assert books.position().quantity == 17
    books.clock.advance(EXPLAIN_WITHIN_S + 1)
    books.trade(-17, 10)
    assert books.position().quantity == 0


def test_what_nobody_told_the_price_of_has_no_profit(books: Books) -> None:
    books.list(books.word(100))
    books.quote(10.0, 10.2, 10.1)
    view = books.position()
    assert facts(view.average_price, view.unrealized, view.mark) == (None, None, D("10.1"))
    books.trade(-50, 11)
    assert facts(books.position().realized, books.position().realized_today) == (0, None)
    assert books.portfolio.day_profit(CONNECTION, "USD").unknown == ("SPY",)


def test_an_average_that_is_only_told_counts(books: Books) -> None:
    books.list()
    books.portfolio.on_position(books.word(70, 10, ES))
    books.quote(12.0, 12.0, 12.0, of=ES)
    assert books.position(ES).unrealized == 70 * 2 * 50


def test_the_multiplier_counts_in_what_the_broker_held_before(books: Books) -> None:
    books.list(books.word(2, 4000, ES))
    books.trade(-2, 4001, instrument=ES)
    assert books.position(ES).realized == 100


# ---- marks ----


def test_marks_come_once_a_frame_and_only_as_news(books: Books) -> None:
    books.trade(100, 10)
    books.told.clear()
    books.quote(10.4, 10.6, 10.5)
    assert [facts(v.mark, v.unrealized) for v in books.told] == [(D("10.5"), 50)]
    books.quote(10.4, 10.6, 10.5)
    books.quote(10.4, 10.6, 10.5, of=QQQ)
    assert len(books.told) == 1
    books.quote(float("nan"), 10.6, float("nan"))
    assert facts(books.told[-1].mark, books.told[-1].unrealized) == (None, None)


def test_a_closed_position_is_told_once_and_then_left_alone(books: Books) -> None:
    books.trade(100, 10)
    books.quote(10.4, 10.6, 10.5)
    books.trade(-100, 11)
    books.told.clear()
    books.quote(10.5, 10.7, 10.6)
    assert books.told == []


def test_open_positions_are_followed_and_closed_ones_let_go(books: Books, run: LoopRunner) -> None:
    async def scenario() -> None:
        books.trade(100, 10)
        await asyncio.sleep(0)
        assert books.market.subscribed(CONNECTION) == [SPY]
        books.trade(-100, 11)
        await asyncio.sleep(0.01)
        assert books.market.subscribed(CONNECTION) == []
        books.trade(5, 11, instrument=QQQ)
        books.portfolio.stop()
        await asyncio.sleep(0.01)
        assert books.market.subscribed(CONNECTION) == []
        await books.market.stop()

    run(scenario())


# ---- methods and restarts ----


def test_the_method_can_be_changed_at_any_time(books: Books) -> None:
    methods = [books.portfolio.method]
    books.trade(100, 10)
    books.clock.advance(1)
    books.trade(100, 12)
    books.clock.advance(1)
    books.trade(-100, 13)
    assert books.told[-1].realized == 200
    books.portfolio.use(CostMethod.FIFO)
    assert facts(books.told[-1].realized, books.told[-1].average_price) == (300, 12)
    assert [*methods, books.portfolio.method] == [CostMethod.AVERAGE, CostMethod.FIFO]


def test_a_restart_finds_everything_as_it_was(
    books: Books, history: History, shelf: Shelf, clock: FakeClock
) -> None:
    books.list(books.word(100, 9), books.word(5, None, QQQ))
    executions = []
    for quantity, price in ((-50, 10), (20, 11), (-70, 12)):
        clock.advance(1)
        executions.append(books.trade(quantity, price))
    clock.advance(1)
    books.list(books.word(3, 20))  # somebody else bought three
    clock.advance(1)
    executions.append(books.trade(-3, 21))
    before = books.position()
    assert facts(before.quantity, before.is_verified) == (0, True)
    again = Books(clock, history, shelf)
    again.portfolio.rebuild(executions)
    after = again.position()
    assert facts(after.realized, after.is_verified) == (before.realized, False)
    assert after.computed_quantity == before.computed_quantity
    again.list()
    assert again.position().realized == before.realized


def test_a_restart_books_late_fills_where_they_belong(
    books: Books, history: History, shelf: Shelf, clock: FakeClock
) -> None:
    early = books.trade(10, 10)
    books.list(books.word(100, 9))
    clock.advance(1)
    late = books.trade(-100, 10)
    again = Books(clock, history, shelf)
    again.portfolio.rebuild([early, replace(early, exec_id=late.exec_id, revision=0), late])
    again.bus.publish(ExecutionBooked(replace(early, price=D(11), revision=1)))
    assert again.position().computed_quantity == 20
    assert books.position().realized == 100


def test_a_restart_with_corrections_keeps_the_newest(books: Books, clock: FakeClock) -> None:
    first = fill(100, "a", 0, price=D(10))
    books.portfolio.rebuild([first, replace(first, quantity=D(60), revision=1), first])
    assert books.position().quantity == 60
    assert books.told[-1].quantity == 60


@pytest.mark.parametrize("stored", [["rubbish"], {"place": [{"quantity": "x"}]}, {"place": 7}])
def test_anchors_that_cannot_be_read_are_left_out_and_said(
    books: Books, shelf: Shelf, expected_logs: LogWatch, stored: Any
) -> None:
    shelf.kept["position_anchors"] = stored
    with expected_logs("where positions of old start could not be read", count=1):
        books.portfolio.rebuild([fill(100)])
    assert books.position().quantity == 100


def test_without_a_place_to_keep_them_nothing_is_kept(clock: FakeClock, history: History) -> None:
    bus, feed = EventBus(), Feed(clock)
    portfolio = Portfolio(bus, clock, MarketData(bus, clock, feed, history))
    portfolio.rebuild([fill(100)])
    report = PositionReport(CONNECTION, ACCOUNT, SPY, D(7), None, START)
    portfolio.on_positions(CONNECTION, Known((report,), START + timedelta(seconds=9)))
    view = portfolio.position(CONNECTION, ACCOUNT, SPY.key)
    assert view is not None
    assert facts(view.quantity, view.computed_quantity) == (7, 100)
