"""Order books and progress on their way from an adapter to whoever listens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.brokers.base import Broker
from app.domain.events import ProgressMade
from app.domain.market import Depth, DepthLevel
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
