"""Live bars of a replay: its own time, turned back and moved ahead."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from app.domain.capabilities import Capabilities
from app.domain.market import Bar, DataKind, Timeframe
from app.engine.live_bars import BarsChanged
from tests.doubles.chart import Screen, starts
from tests.doubles.loop import LoopRunner
from tests.doubles.market import bar

NOW_S = int(datetime(2024, 3, 12, 14, 30, tzinfo=UTC).timestamp())
THEN_S = int(datetime(2020, 1, 1, 12, tzinfo=UTC).timestamp())
REPLAY = DataKind.REPLAY


# ---- a replay ----


def test_a_replay_waits_for_its_own_time(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.record(bar(THEN_S - 60), bar(THEN_S), bar(THEN_S + 60))
        live = await screen.replay(THEN_S + 10)
        assert screen.feed.asked[-1][2] == THEN_S + 11
        assert starts(live.series) == [THEN_S - 60, THEN_S]  # and not what is still to come

    run(scenario())


def test_a_replay_that_says_nothing_is_asked_for_the_present(
    screen: Screen, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.market_data._PRESENT_PATIENCE_S", 0.01)

    async def scenario() -> None:
        screen.feed.can = Capabilities(history=True, replay=True)
        live = await screen.show()
        await screen.until(lambda: not live.is_loading)
        assert screen.feed.asked[-1][2] == NOW_S + 1

    run(scenario())


def test_turned_back_it_forgets_what_has_not_happened(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.record(*(bar(THEN_S + 60 * n, 10.0 + n) for n in range(-5, 10)))
        live = await screen.replay(THEN_S)
        for n in range(5):
            screen.play(THEN_S + 60 * n, 50 + n)
        assert live.last is not None
        assert live.last.start_s == THEN_S + 240
        screen.feed.gate.clear()
        screen.changes.clear()
        screen.play(THEN_S + 65, 33)
        assert starts(live.series)[-1] == THEN_S  # at once
        assert screen.changes == [BarsChanged(0, is_reset=True)]
        assert live.is_loading
        screen.feed.gate.set()
        await screen.until(lambda: not live.is_loading)
        assert starts(live.series)[-2:] == [THEN_S, THEN_S + 60]
        screen.play(THEN_S + 70, 34)
        assert live.last == Bar(THEN_S + 60, 11, 34, 10, 34, 2)

    run(scenario())


def test_turned_back_within_a_bar_nothing_counts_twice(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live = await screen.replay(THEN_S)
        screen.play(THEN_S + 10, 50, 5)
        screen.play(THEN_S + 40, 60, 5)
        screen.feed.record(Bar(THEN_S, 50, 50, 50, 50, 5))  # as far as it was played
        screen.feed.quote(at_s=THEN_S + 20, kind=REPLAY)  # while it pauses
        screen.market.flush()
        await screen.until(lambda: not live.is_loading)
        assert live.last == Bar(THEN_S, 50, 50, 50, 50, 5)
        screen.play(THEN_S + 40, 60, 5)
        assert live.last == Bar(THEN_S, 50, 60, 50, 60, 10)

    run(scenario())


def test_turned_back_while_it_loads_it_loads_again(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.record(*(bar(THEN_S + 60 * n) for n in range(10)))
        live = await screen.replay(THEN_S + 300)
        screen.feed.gate.clear()
        live.reload()
        await asyncio.sleep(0.02)
        screen.play(THEN_S + 301, 20)
        screen.play(THEN_S + 61, 20)
        screen.feed.gate.set()
        await screen.until(lambda: not live.is_loading)
        assert starts(live.series) == [THEN_S, THEN_S + 60]

    run(scenario())


def test_moved_ahead_it_reads_what_it_skipped(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.record(*(bar(THEN_S + 60 * n) for n in range(100)))
        live = await screen.replay(THEN_S)
        screen.play(THEN_S + 3000, 20)
        assert live.is_loading
        await screen.until(lambda: not live.is_loading)
        assert starts(live.series) == [THEN_S + 60 * n for n in range(51)]

    run(scenario())


def test_moved_ahead_within_a_bar_it_reads_what_it_skipped(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.can = Capabilities(history=True, replay=True)
        live = await screen.show(timeframe=Timeframe.D1)
        screen.feed.quote(at_s=THEN_S, kind=REPLAY)
        await screen.until(lambda: not live.is_loading)
        skipped = Bar(THEN_S - 43_200, 5, 50, 1, 20, 1000)
        screen.feed.record(skipped)
        screen.play(THEN_S + 600, 20)
        await screen.until(lambda: not live.is_loading)
        assert live.last == skipped

    run(scenario())


def test_short_silence_is_no_jump(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live = await screen.replay(THEN_S)
        screen.play(THEN_S + 1, 20)
        screen.play(THEN_S + 60, 20)
        assert not live.is_loading
        assert len(live.series) == 2

    run(scenario())


def test_a_sparse_recording_is_not_read_again_and_again(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live = await screen.replay(THEN_S)
        asked = len(screen.feed.asked)
        for n in range(1, 20):
            screen.play(THEN_S + n * 600, 20)
            await screen.until(lambda: not live.is_loading)
        assert len(screen.feed.asked) == asked + 1
        screen.clock.advance(5)
        screen.play(THEN_S + 19 * 600 + 1, 20)  # what it missed meanwhile is read now
        await screen.until(lambda: not live.is_loading)
        assert len(screen.feed.asked) == asked + 2

    run(scenario())


def test_a_live_market_is_never_turned_back(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live = await screen.show()
        screen.feed.trade(10)
        screen.feed.quote()
        screen.market.flush()
        screen.feed.trade(10, at_s=NOW_S - 7200)
        screen.market.flush()
        assert not live.is_loading
        assert len(live.series) == 1

    run(scenario())
