"""Each fault switch does what its name says, and nothing is lost by it in the broker's record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.errors import BrokerError, Outcome
from app.domain.market import Timeframe
from app.domain.order_types import OrderStatus, Side
from app.domain.reports import ExecutionReport, HealthReport, Light, OrderReport
from tests.brokers.driving import known, submitted
from tests.brokers.paper.trader import Run, Trader, trading

S = OrderStatus


@pytest.fixture
def trader(tmp_path: Path, run: Run) -> Iterator[Trader]:
    with trading(tmp_path, run) as open_trader:
        yield open_trader


def test_a_dropped_acknowledgement(trader: Trader) -> None:
    trader.control("faults.set", name="drop_ack", count=1)
    order = trader.buy(10, limit="99")
    assert trader.status(order) is S.PENDING_NEW
    assert trader.record().orders[0].status is S.WORKING
    trader.print("99", 10, Side.SELL)
    assert trader.status(order) is S.FILLED
    assert trader.status(trader.buy(10, limit="99")) is S.WORKING


def test_a_lost_answer(trader: Trader) -> None:
    trader.control("faults.set", name="lose_answer", count=1)
    order = trader.draft(trader.request(Side.BUY, 10, limit="99"))
    with pytest.raises(BrokerError) as caught:
        trader.run(trader.market.broker.submit([order]))
    assert caught.value.outcome is Outcome.UNKNOWN
    trader.settle()
    assert trader.record().orders[0].status is S.WORKING


def test_a_fill_told_twice_counts_once(trader: Trader) -> None:
    trader.control("faults.set", name="duplicate_fill", count=1)
    order = trader.buy(10)
    assert len(trader.executions(order)) == 2
    assert trader.now(order).cum_quantity == 10
    assert len(trader.record().executions) == 1


def test_a_fill_before_its_acknowledgement(trader: Trader) -> None:
    trader.control("faults.set", name="reorder", count=1)
    order = trader.buy(10)
    kinds = [
        type(report)
        for report in trader.market.sink.reports
        if isinstance(report, ExecutionReport | OrderReport)
    ]
    assert kinds == [ExecutionReport, OrderReport, OrderReport]
    assert trader.status(order) is S.FILLED


def test_an_acknowledgement_held_back_comes_before_the_end(trader: Trader) -> None:
    trader.control("faults.set", name="reorder", count=1)
    order = trader.buy(10, limit="99")
    assert trader.status(order) is S.PENDING_NEW
    trader.cancel(order)
    assert trader.status(order) is S.CANCELED
    told = [r.status for r in trader.market.sink.of(OrderReport)]
    assert told == [S.WORKING, S.CANCELED]


def test_a_rejection_on_purpose(trader: Trader) -> None:
    trader.control("faults.set", name="reject", count=2)
    assert [trader.status(trader.buy(10)) for _ in range(3)] == [S.REJECTED, S.REJECTED, S.FILLED]


def test_a_muted_feed(trader: Trader) -> None:
    trader.run(trader.market.broker.subscribe(trader.market.instrument))
    trader.control("faults.set", name="mute_feed", on=True)
    assert trader.market.sink.of(HealthReport)[-1].health.data_age is Light.WARNING
    heard = len(trader.market.sink.quotes), len(trader.market.sink.trades)
    trader.quote("100.99", "101.01")
    trader.print("101", 1)
    assert (len(trader.market.sink.quotes), len(trader.market.sink.trades)) == heard
    trader.control("faults.set", name="mute_feed", on=False)
    trader.quote("100.98", "101.00")
    assert trader.market.sink.quotes[-1].ask == 101.0
    assert trader.market.sink.of(HealthReport)[-1].health.data_age is not Light.WARNING


def test_a_delay(trader: Trader) -> None:
    trader.control("faults.set", name="delay", count=60_000)
    order = submitted(
        trader.request(Side.BUY, 10), trader.market.sink.book, trader.market.clock.now()
    )
    trader.run(trader.market.broker.submit([order]))
    assert not trader.market.broker.session.is_quiet
    assert trader.market.sink.of(OrderReport) == []
    trader.control("faults.set", name="delay", on=False)
    assert trader.control("faults.state")["delay"] == 0


def test_a_cut_line_stops_every_call_and_the_broker_lives_on(trader: Trader) -> None:
    broker, instrument = trader.market.broker, trader.market.instrument
    order = trader.buy(10, limit="99")
    heard = len(trader.market.sink.reports)
    trader.control("faults.disconnect")
    assert trader.market.sink.of(HealthReport)[-1].health.transport is Light.FAILED
    now = trader.market.clock.now()
    current = trader.now(order)
    for call in (
        lambda: broker.submit([current]),
        lambda: broker.cancel(current),
        lambda: broker.snapshot(),
        lambda: broker.search("X"),
        lambda: broker.subscribe(instrument),
        lambda: broker.preview(current.request),
        lambda: broker.history(instrument, Timeframe.M1, now, now),
    ):
        with pytest.raises(BrokerError) as caught:
            trader.run(call())
        assert caught.value.outcome is Outcome.NOT_SENT
    trader.print("99", 10, Side.SELL)
    assert trader.status(order) is S.WORKING
    assert len(trader.market.sink.reports) == heard + 1
    trader.restart()
    snapshot = trader.run(trader.market.broker.snapshot())
    assert [o.status for o in known(snapshot.orders)] == [S.FILLED]


def test_switches_stay_on_and_counts_run_out(trader: Trader) -> None:
    trader.control("faults.set", name="reject", on=True)
    assert [trader.status(trader.buy(1)) for _ in range(4)] == [S.REJECTED] * 4
    assert trader.control("faults.state")["reject"] is True
    trader.control("faults.set", name="reject", on=False)
    assert trader.status(trader.buy(1)) is S.FILLED
    assert trader.control("faults.set", name="drop_ack", count=3)["drop_ack"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "earthquake"}, "no fault is called 'earthquake'; known are drop_ack"),
        ({"name": "reject", "count": -1}, "count cannot be -1"),
        ({}, "missing a required argument: 'name'"),
    ],
)
def test_faults_nobody_knows(trader: Trader, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(BrokerError, match=message) as caught:
        trader.control("faults.set", **arguments)
    assert caught.value.outcome is Outcome.NOT_SENT
