"""The two lanes out of an adapter's thread."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.brokers import lanes
from app.brokers.base import Broker
from app.domain.ids import InstrumentKey
from app.domain.market import Quote, TradePrint
from app.domain.reports import Notice
from tests.doubles.loop import PATIENCE_S, LoopRunner, until
from tests.surprises import LogWatch
from tests.unit.brokers.runner_desk import (
    AT,
    QUOTE,
    Adapter,
    Desk,
    notice,
    publish,
)


def test_reports_are_lossless_in_order_and_wake_up_rarely(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()
        count = 5000
        await desk.runner.call(lambda b: publish(b, *map(notice, range(count))), PATIENCE_S)
        await until(lambda: len(desk.reports) == count)
        assert [r.text for r in desk.reports if isinstance(r, Notice)] == [*map(str, range(count))]
        assert max(desk.batches) <= lanes.BATCH
        assert len(desk.batches) < count / 10
        await desk.runner.stop()

    run(scenario())


def test_reports_made_before_an_answer_are_heard_before_it(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()
        for number in range(200):
            await desk.runner.call(lambda b, n=number: publish(b, notice(n)), PATIENCE_S)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            assert len(desk.reports) == number + 1
        await desk.runner.stop()

    run(scenario())


def test_reports_of_the_last_moment_are_heard_before_stop_returns(
    tmp_path: Path, run: LoopRunner
) -> None:
    class Chatty(Adapter):
        async def disconnect(self) -> None:
            await publish(self, *map(notice, range(1000)))

    async def scenario() -> None:
        desk = Desk(tmp_path, Chatty)
        await desk.runner.start()
        await desk.runner.stop()
        assert len(desk.reports) == 1000

    run(scenario())


def test_one_bad_report_costs_only_itself(
    tmp_path: Path, expected_logs: LogWatch, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        desk.refuse = lambda report: isinstance(report, Notice) and report.text == "7"
        await desk.runner.start()
        await desk.runner.call(lambda b: publish(b, *map(notice, range(20))), PATIENCE_S)
        await until(lambda: len(desk.reports) == 19)
        texts = [r.text for r in desk.reports if isinstance(r, Notice)]
        assert texts == [str(n) for n in range(20) if n != 7]
        assert [str(error) for error in desk.failures] == ["cannot take this one"]
        await desk.runner.stop()

    with expected_logs("cannot take this one", level="ERROR"):
        run(scenario())


def test_quotes_are_newest_wins_and_every_print_arrives_once(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()
        names = [InstrumentKey(f"SEC|{n}|USD") for n in range(50)]
        rounds = 400

        async def stream(broker: Broker) -> None:
            for number in range(rounds):
                for name in names:
                    broker.context.sink.quote(replace(QUOTE, instrument=name, bid=float(number)))
                broker.context.sink.trade(TradePrint(names[0], float(number), 1.0, AT))
                if number % 20 == 0:
                    await asyncio.sleep(0)

        quotes: dict[InstrumentKey, Quote] = {}
        prints: list[TradePrint] = []
        streaming = asyncio.create_task(desk.runner.call(stream, 10.0))
        while not streaming.done():
            some, more = desk.runner.drain_market()
            quotes.update(some)
            prints += more
            await asyncio.sleep(0)
        some, more = desk.runner.drain_market()
        quotes.update(some)
        prints += more
        assert {name: quote.bid for name, quote in quotes.items()} == dict.fromkeys(
            names, float(rounds - 1)
        )
        assert [p.price for p in prints] == [float(n) for n in range(rounds)]
        assert desk.runner.drain_market() == ({}, [])
        await desk.runner.stop()

    run(scenario())


def test_prints_nobody_draws_stay_bounded_and_the_loss_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_logs: LogWatch, run: LoopRunner
) -> None:
    monkeypatch.setattr(lanes, "MAX_PRINTS", 10)

    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()

        async def stream(broker: Broker) -> None:
            for number in range(25):
                broker.context.sink.trade(TradePrint(QUOTE.instrument, float(number), 1.0, AT))

        await desk.runner.call(stream, PATIENCE_S)
        _, prints = desk.runner.drain_market()
        assert [p.price for p in prints] == [float(n) for n in range(15, 25)]
        await desk.runner.stop()

    with expected_logs("15 trade prints were shed", level="WARNING"):
        run(scenario())


def test_order_reports_never_wait_behind_quotes(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()

        async def flood(broker: Broker) -> None:
            for number in range(50_000):
                broker.context.sink.quote(replace(QUOTE, bid=float(number)))
            await publish(broker, notice(1))

        await desk.runner.call(flood, 10.0)
        assert len(desk.reports) == 1, "heard although no quote was drained"
        await desk.runner.stop()

    run(scenario())


@pytest.mark.parametrize("lane", ["report", "quote", "trade"])
def test_the_sink_refuses_foreign_threads(tmp_path: Path, lane: str, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        await desk.runner.start()
        sink = desk.made[0].context.sink
        with pytest.raises(AssertionError, match="outside the adapter's thread"):
            getattr(sink, lane)(notice(1) if lane == "report" else QUOTE)
        await desk.runner.stop()

    run(scenario())
