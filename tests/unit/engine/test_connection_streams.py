"""Order books and progress on their way from an adapter to whoever listens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.brokers.base import Broker
from app.domain.events import ProgressMade
from app.domain.market import Bar, BarUpdate, Depth, DepthLevel, Timeframe
from app.domain.reports import ProgressReport
from tests.doubles.loop import LoopRunner
from tests.doubles.scripted_desk import AT, PAPER, SHARE, Desk


def test_the_newest_book_is_drained_once(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        old = Depth(SHARE.key, (DepthLevel(1.0, 5.0),), (), AT, 0.0)
        new = replace(old, asks=(DepthLevel(1.1, 7.0, "ARCA"),))

        async def publish(broker: Broker) -> None:
            broker.context.sink.depth(old)
            broker.context.sink.depth(new)

        assert desk.connections.drain_depths(PAPER) == {}, "it is not connected"
        await desk.connections.connect(PAPER)
        await desk.connections.call(PAPER, publish)
        assert desk.connections.drain_depths(PAPER) == {SHARE.key: new}
        assert desk.connections.drain_depths(PAPER) == {}
        await desk.connections.stop()

    run(scenario())


def test_the_newest_word_on_each_bar_is_drained_once_oldest_first(
    tmp_path: Path, run: LoopRunner
) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)

        def word(start_s: int, close: float, timeframe: Timeframe = Timeframe.M1) -> BarUpdate:
            return BarUpdate(SHARE.key, timeframe, Bar(start_s, 1.0, 9.0, 1.0, close, 5.0))

        async def publish(broker: Broker) -> None:
            for update in (
                word(60, 2.0),
                word(0, 3.0),
                word(60, 4.0),
                word(120, 5.0, Timeframe.M2),
            ):
                broker.context.sink.bar(update)

        assert desk.connections.drain_bars(PAPER) == [], "it is not connected"
        await desk.connections.connect(PAPER)
        await desk.connections.call(PAPER, publish)
        newest = [word(0, 3.0), word(60, 4.0), word(120, 5.0, Timeframe.M2)]
        assert desk.connections.drain_bars(PAPER) == newest
        assert desk.connections.drain_bars(PAPER) == []
        await desk.connections.stop()

    run(scenario())


def test_progress_is_told_on_the_bus_and_to_nobody_else(tmp_path: Path, run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = Desk(tmp_path)
        told: list[ProgressMade] = []
        desk.bus.subscribe(ProgressMade, told.append)
        await desk.connections.connect(PAPER)
        (adapter,) = desk.script().made
        half = ProgressReport(PAPER, "history SPY 1m", "bars of SPY", 0.5, AT)
        await desk.connections.call(PAPER, adapter.say(half, replace(half, fraction=1.0)))
        await desk.until(lambda: len(told) == 2)
        assert told[0] == ProgressMade(PAPER, "history SPY 1m", "bars of SPY", 0.5, AT)
        assert told[1].fraction == 1.0
        assert not [r for r in desk.reports if isinstance(r, ProgressReport)]
        await desk.connections.stop()

    run(scenario())
