"""Bars of the broker's own in a chart: its word stands, and without one all is as ever."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from app.base.errors import BrokerError, Outcome
from app.domain.capabilities import Capabilities
from app.domain.events import NoticeRaised, QuotesFlushed
from app.domain.ids import InstrumentKey
from app.domain.market import Bar, BarUpdate, Timeframe
from app.engine import live_bars
from app.engine.live_bars import BarsChanged, LiveBars
from tests.doubles.chart import Screen, starts
from tests.doubles.loop import LoopRunner
from tests.doubles.market import bar
from tests.doubles.orders import CONNECTION, QQQ, SPY

NOW_S = int(datetime(2024, 3, 12, 14, 30, tzinfo=UTC).timestamp())
M1, M5 = Timeframe.M1, Timeframe.M5
WORD = Bar(NOW_S, 20, 25, 18, 21, 500)
NEXT = Bar(NOW_S + 60, 21, 22, 21, 22, 30)


@pytest.fixture
def screen(screen: Screen) -> Screen:
    screen.feed.can = Capabilities(history=True, live_bars=True)
    return screen


def say(screen: Screen, *bars: Bar) -> None:
    screen.feed.say_bars(*bars)
    screen.market.flush()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def rows(live: LiveBars) -> list[Bar]:
    return [live.series.bar(row) for row in range(len(live.series))]


# ---- what is asked ----


def test_each_timeframe_is_asked_for_once_and_ended_with_its_last_chart(
    screen: Screen, run: LoopRunner
) -> None:
    async def scenario() -> None:
        first, second = await screen.show(), await screen.show()
        other = await screen.show(timeframe=M5)
        await settle()
        asked = [call for call in screen.feed.calls if "bars" in call]
        assert asked == ["subscribe bars SPY 1m", "subscribe bars SPY 5m"]
        first.close()
        await settle()
        assert "unsubscribe bars SPY 1m" not in screen.feed.calls
        second.close()
        await settle()
        assert "unsubscribe bars SPY 1m" in screen.feed.calls
        assert "unsubscribe bars SPY 5m" not in screen.feed.calls
        other.close()

    run(scenario())


def test_a_broker_without_bars_is_not_asked(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.can = Capabilities(history=True)
        live = await screen.show()
        screen.feed.trade(10)
        screen.market.flush()
        await screen.market.resubscribe(CONNECTION)
        live.close()
        await settle()
        assert screen.feed.calls == ["subscribe SPY", "subscribe SPY", "unsubscribe SPY"]

    run(scenario())


def test_after_a_reconnect_they_are_asked_for_again(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        await screen.show()
        await settle()
        await screen.market.resubscribe(CONNECTION)
        await settle()
        assert screen.feed.calls.count("subscribe bars SPY 1m") == 2

    run(scenario())


def test_refused_the_chart_goes_on_from_prints_and_nobody_is_alarmed(
    screen: Screen, run: LoopRunner
) -> None:
    async def scenario() -> None:
        told: list[NoticeRaised] = []
        screen.market._bus.subscribe(NoticeRaised, told.append)
        # The quotes are asked for first, then the bars: they are what is refused.
        refused = BrokerError("no bars of 1m", Outcome.REJECTED, code="timeframe")
        look = screen.market.subscribe(CONNECTION, SPY)
        await settle()
        screen.feed.errors.append(refused)
        live = await screen.show()
        await settle()
        assert screen.feed.errors == []
        screen.feed.trade(10, 3)
        screen.market.flush()
        assert live.last == Bar(NOW_S, 10, 10, 10, 10, 3)
        assert told == []
        look.close()

    run(scenario())


# ---- what is said ----


def test_the_broker_s_word_replaces_what_prints_made(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live = await screen.show()
        screen.feed.trade(10, 3, at_s=NOW_S + 1)
        screen.market.flush()
        screen.changes.clear()
        say(screen, WORD)
        assert live.last == WORD
        assert screen.changes == [BarsChanged(0)]
        say(screen, NEXT)
        assert rows(live) == [WORD, NEXT]
        final = Bar(NOW_S, 20, 26, 18, 24, 600)
        say(screen, final)
        assert rows(live) == [final, NEXT], "the one just finished, in its place"

    run(scenario())


def test_bars_alone_make_a_series_and_are_no_quotes(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        frames: list[QuotesFlushed] = []
        screen.market._bus.subscribe(QuotesFlushed, frames.append)
        live = await screen.show()
        say(screen, WORD, NEXT)
        assert rows(live) == [WORD, NEXT]
        assert frames == []

    run(scenario())


def test_between_two_words_prints_move_the_bar_and_count_once(
    screen: Screen, run: LoopRunner
) -> None:
    async def scenario() -> None:
        live = await screen.show()
        screen.feed.trade(20, 5, at_s=NOW_S + 10)
        screen.feed.say_bars(WORD)
        screen.market.flush()
        screen.feed.trade(17, 5, at_s=NOW_S + 9)  # it was in that word already
        screen.market.flush()
        assert live.last == Bar(NOW_S, 20, 25, 17, 17, 500)
        screen.feed.trade(30, 5, at_s=NOW_S + 11)
        screen.market.flush()
        assert live.last == Bar(NOW_S, 20, 30, 17, 30, 505)
        screen.feed.trade(31, 2, at_s=NOW_S + 61)
        screen.market.flush()
        assert live.last == Bar(NOW_S + 60, 31, 31, 31, 31, 2), "the broker is silent: as ever"

    run(scenario())


def test_it_never_goes_back_in_time(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.record(bar(NOW_S - 180), bar(NOW_S - 60))
        live = await screen.show()
        say(screen, NEXT, bar(NOW_S - 120), bar(NOW_S - 600))
        assert starts(live.series) == [NOW_S - 180, NOW_S - 60, NOW_S + 60]
        screen.feed.trade(23, 1, at_s=NOW_S + 62)
        screen.market.flush()
        assert live.last is not None
        assert (live.last.start_s, live.last.close) == (NOW_S + 60, 23)

    run(scenario())


def test_bars_on_another_grid_of_others_or_impossible_ones_are_left_out(
    screen: Screen, run: LoopRunner
) -> None:
    async def scenario() -> None:
        told: list[NoticeRaised] = []
        screen.market._bus.subscribe(NoticeRaised, told.append)
        live, five = await screen.show(), await screen.show(timeframe=M5)
        screen.feed.say_bars(WORD, of=QQQ)
        screen.feed.say_bars(WORD, timeframe=Timeframe.H1)
        say(screen, bar(NOW_S + 30), Bar(NOW_S, 20, 19, 18, 21, 1))
        assert live.last is None
        assert five.last is None
        assert len(told) == 1
        assert "a bar with a price outside of its high and low was left out" in told[0].text

    run(scenario())


def test_what_is_said_while_history_is_read_is_not_lost(
    screen: Screen, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bars, "_SETTLE_S", 60.0)  # to settle the seam is another test's matter

    async def scenario() -> None:
        screen.feed.gate.clear()
        live = screen.market.live_bars(CONNECTION, SPY, M1)
        await asyncio.sleep(0.02)
        screen.feed.say_bars(NEXT, WORD)
        screen.market.flush()
        assert live.last is None
        screen.feed.record(bar(NOW_S - 60), Bar(NOW_S, 10, 11, 9, 10, 5))
        screen.feed.gate.set()
        await screen.until(lambda: not live.is_loading)
        assert rows(live)[1:] == [WORD, NEXT]

    run(scenario())


def test_the_seam_is_read_again_when_the_broker_begins_the_next_bar(
    screen: Screen, run: LoopRunner
) -> None:
    async def scenario() -> None:
        screen.clock.advance(10)
        screen.feed.record(Bar(NOW_S, 10, 11, 9, 10, 5))
        live = await screen.show()
        final = Bar(NOW_S, 10, 19, 7, 12, 50)
        screen.feed.record(final)
        screen.clock.advance(51)
        say(screen, NEXT)
        await screen.until(lambda: live.series.bar(0) == final)
        assert live.last == NEXT

    run(scenario())


# ---- the value ----


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (WORD, ""),
        (Bar(NOW_S, 1, 1, 1, 1, float("nan")), ""),
        (Bar(NOW_S, 0, 25, 18, 21, 500), "a price that is none"),
        (Bar(NOW_S, 20, float("inf"), 18, 21, 500), "a price that is none"),
        (Bar(NOW_S, 20, 20.5, 18, 21, 500), "a price outside of its high and low"),
        (Bar(NOW_S, 20, 25, 20.5, 21, 500), "a price outside of its high and low"),
        (Bar(NOW_S, 20, 25, 18, 21, -1), "a volume of -1"),
        (Bar(NOW_S, 20, 25, 18, 21, float("inf")), "a volume of inf"),
    ],
)
def test_a_bar_that_cannot_be_true_says_why(made: Bar, fault: str) -> None:
    assert BarUpdate(InstrumentKey("SEC|SPY|USD"), M1, made).fault == fault
