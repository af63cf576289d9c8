"""Live bars: history and prints without a seam, and a replay that is turned back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analytics.bars import resample
from app.base.errors import BrokerError
from app.domain.bars import bars_of
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Bar, Timeframe
from app.domain.session import calendar
from app.engine import live_bars
from app.engine.live_bars import BarsChanged
from tests.doubles.chart import Screen, starts
from tests.doubles.clock import FakeClock
from tests.doubles.loop import LoopRunner, run_async
from tests.doubles.market import bar
from tests.doubles.orders import CONNECTION, QQQ, SPY
from tests.surprises import LogWatch

NOW_S = int(datetime(2024, 3, 12, 14, 30, tzinfo=UTC).timestamp())
THEN_S = int(datetime(2020, 1, 1, 12, tzinfo=UTC).timestamp())
M1 = Timeframe.M1
EUR = Instrument("EURUSD", AssetClass.FOREX, "USD")


# ---- growing ----


def test_history_and_prints_make_one_series(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.record(bar(NOW_S - 120), bar(NOW_S - 60), Bar(NOW_S, 10, 11, 9, 10, 5))
        screen.clock.advance(20)
        live = await screen.show()
        assert starts(live.series) == [NOW_S - 120, NOW_S - 60, NOW_S]
        assert screen.changes == [BarsChanged(0, is_reset=True)]
        screen.feed.trade(12, 2, at_s=NOW_S + 30)
        screen.feed.trade(8, 1, at_s=NOW_S + 59.5)
        screen.market.flush()
        assert live.last == Bar(NOW_S, 10, 12, 8, 8, 8)
        screen.feed.trade(9, 4, at_s=NOW_S + 60)
        screen.market.flush()
        assert live.last == Bar(NOW_S + 60, 9, 9, 9, 9, 4)
        assert screen.changes[1:] == [BarsChanged(2), BarsChanged(3)]

    run(scenario())


def test_many_prints_of_a_frame_are_one_change(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live = await screen.show()
        screen.changes.clear()
        for second in range(180):
            screen.feed.trade(10 + second, at_s=NOW_S + second)
        screen.market.flush()
        assert screen.changes == [BarsChanged(0)]
        assert live.series.volume.tolist() == [60, 60, 60]

    run(scenario())


def test_a_series_without_history_begins_with_its_first_print(
    screen: Screen, run: LoopRunner
) -> None:
    async def scenario() -> None:
        live = await screen.show()
        assert live.last is None
        assert await live.load_earlier(10) == 0
        screen.feed.trade(10, at_s=NOW_S + 1)
        screen.market.flush()
        assert live.last == Bar(NOW_S, 10, 10, 10, 10, 1)

    run(scenario())


def test_more_months_than_any_calendar_knows_are_asked_for_in_vain(
    screen: Screen, run: LoopRunner
) -> None:
    async def scenario() -> None:
        screen.feed.record(bar(NOW_S - 60), bar(NOW_S))
        live = await screen.show(timeframe=Timeframe.MO1, count=2000)
        assert (live.problem, len(live.series)) == ("", 1)
        assert await live.load_earlier(2000) == 0

    run(scenario())


def test_a_late_print_reaches_its_own_bar_and_moves_none(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live = await screen.show()
        for at_s, price in ((1, 10), (61, 11), (50, 15), (-500, 99)):
            screen.feed.trade(price, at_s=NOW_S + at_s)
        screen.market.flush()
        assert [live.series.bar(row) for row in range(2)] == [
            Bar(NOW_S, 10, 15, 10, 10, 2),
            Bar(NOW_S + 60, 11, 11, 11, 11, 1),
        ]
        assert len(live.series) == 2

    run(scenario())


def test_currencies_are_drawn_from_the_middle_of_the_quote(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live = await screen.show(EUR)
        screen.feed.quote(1.0, 1.2, 1.5, of=EUR)
        screen.market.flush()
        assert live.last == Bar(NOW_S, 1.1, 1.1, 1.1, 1.1, 0)
        screen.feed.trade(2.0, 3.0, of=EUR)
        screen.feed.quote(1.0, 1.4, of=EUR)
        screen.market.flush()
        assert live.last.close == 2.0

    run(scenario())


def test_quotes_of_what_trades_draw_nothing(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live = await screen.show()
        screen.feed.quote()
        screen.market.flush()
        assert live.last is None
        screen.feed.quote(last=float("nan"))  # nobody trades here
        screen.market.flush()
        assert live.last is not None

    run(scenario())


def test_prints_of_others_do_not_come_in(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live = await screen.show()
        screen.market.subscribe(CONNECTION, QQQ)
        screen.feed.trade(10, of=QQQ)
        screen.market.flush()
        assert live.last is None

    run(scenario())


# ---- the seam ----


def test_what_is_printed_while_history_is_read_is_not_lost(
    screen: Screen, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bars, "_SETTLE_S", 60.0)  # to settle the seam is another test's matter

    async def scenario() -> None:
        screen.clock.advance(10)
        screen.feed.gate.clear()
        live = screen.market.live_bars(CONNECTION, SPY, M1)
        await asyncio.sleep(0.02)
        screen.feed.trade(15, 7, at_s=NOW_S + 5)  # before it was asked for: history has it
        screen.feed.trade(20, 7, at_s=NOW_S + 12)  # may be in history or not
        screen.feed.trade(30, 4, at_s=NOW_S + 60)  # of a bar that history does not know
        screen.market.flush()
        assert live.last is None
        screen.feed.record(Bar(NOW_S, 10, 11, 9, 10, 5))
        screen.feed.gate.set()
        await screen.until(lambda: not live.is_loading)
        assert live.series.bar(0) == Bar(NOW_S, 10, 20, 9, 20, 5)  # no size counts twice
        assert live.series.bar(1) == Bar(NOW_S + 60, 30, 30, 30, 30, 4)

    run(scenario())


def test_the_bar_at_the_seam_is_read_again_when_it_has_ended(
    screen: Screen, run: LoopRunner
) -> None:
    async def scenario() -> None:
        screen.clock.advance(10)
        screen.feed.record(Bar(NOW_S, 10, 11, 9, 10, 5))
        live = await screen.show()
        final = Bar(NOW_S, 10, 19, 7, 12, 50)
        screen.feed.record(final)
        screen.clock.advance(51)
        screen.feed.trade(13, 1)
        screen.market.flush()
        await screen.until(lambda: live.series.bar(0) == final)
        assert live.last == Bar(NOW_S + 60, 13, 13, 13, 13, 1)
        assert screen.changes[-1] == BarsChanged(0)
        asked = len(screen.feed.asked)
        screen.clock.advance(60)
        screen.feed.trade(13, 1)
        screen.market.flush()
        await asyncio.sleep(0.02)
        assert len(screen.feed.asked) == asked  # once is enough

    run(scenario())


def test_a_seam_that_cannot_be_read_again_stays_as_it_is(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.clock.advance(10)
        screen.feed.record(Bar(NOW_S, 10, 11, 9, 10, 5))
        live = await screen.show()
        screen.feed.history_errors.append(BrokerError("the line broke"))
        screen.clock.advance(51)
        screen.feed.trade(13, 1)
        screen.market.flush()
        await screen.until(lambda: not screen.feed.history_errors)
        await asyncio.sleep(0.02)
        assert live.series.bar(0) == Bar(NOW_S, 10, 11, 9, 10, 5)

    run(scenario())


def test_a_seam_is_not_put_right_in_a_series_that_was_read_anew(
    screen: Screen, run: LoopRunner
) -> None:
    async def scenario() -> None:
        screen.feed.record(Bar(THEN_S, 10, 11, 9, 10, 5))
        live = await screen.replay(THEN_S + 10)
        screen.play(THEN_S + 60, 20)  # the seam is to be read again
        screen.play(THEN_S - 30, 20)  # and the replay is turned back before it
        await screen.until(lambda: not live.is_loading and len(live._tasks) == 0)
        assert starts(live.series) == [THEN_S - 60]

    run(scenario())


@pytest.mark.parametrize("is_stored", [True, False])
def test_without_the_broker_there_is_what_is_stored_and_a_reason(
    screen: Screen, run: LoopRunner, is_stored: bool
) -> None:
    async def scenario() -> None:
        if is_stored:
            kept = bars_of([bar(NOW_S - 120), bar(NOW_S - 60)])
            span = (NOW_S - 120, NOW_S)
            screen.history.put(CONNECTION, SPY.key, M1, kept, span)
        screen.feed.history_errors.append(BrokerError("the line broke"))
        live = await screen.show()
        assert "the line broke" in live.problem
        assert len(live.series) == (2 if is_stored else 0)
        await screen.market.resubscribe(CONNECTION)
        await screen.until(lambda: not live.is_loading)
        assert live.problem == ""

    run(scenario())


def test_after_a_reconnect_the_hole_is_filled(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.record(bar(NOW_S - 60))
        live = await screen.show()
        screen.clock.advance(180)
        screen.feed.record(*(bar(NOW_S + 60 * n) for n in range(-1, 4)))
        await screen.market.resubscribe(CONNECTION)
        await screen.until(lambda: not live.is_loading)
        assert starts(live.series) == [NOW_S + 60 * n for n in range(-1, 4)]

    run(scenario())


@settings(max_examples=60)
@given(
    recorded=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 50)), min_size=1, max_size=60),
    joined_at=st.integers(0, 900),
)
def test_wherever_history_ends_the_whole_is_what_was_traded(
    recorded: list[tuple[int, int]], joined_at: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Trades up to a moment come as history and later ones as prints; nobody can tell."""
    rows = sorted(recorded)
    ticks = [Bar(NOW_S + at, price, price, price, price, 1.0) for at, price in rows]
    market = calendar(SPY.session)
    past = [tick for tick in ticks if tick.start_s <= NOW_S + joined_at]
    coming = [tick for tick in ticks if tick.start_s > NOW_S + joined_at]

    async def scenario() -> None:
        clock = FakeClock()
        clock.advance(joined_at)
        screen = Screen(clock, tmp_path_factory.mktemp("seam"))
        screen.feed.recorded = resample(bars_of(past), M1, market)
        live = await screen.show()
        for tick in coming:
            clock.set_now(datetime.fromtimestamp(tick.start_s, UTC))
            screen.feed.trade(tick.close, tick.volume)
            screen.market.flush()
        whole = resample(bars_of(ticks), M1, market)
        for name in ("start_s", "open", "high", "low", "close", "volume"):
            assert getattr(live.series, name).tolist() == getattr(whole, name).tolist()
        await screen.market.stop()
        screen.history.close()

    run_async(scenario())


# ---- older bars, listeners, the end ----


def test_older_bars_come_in_front(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.record(*(bar(NOW_S - 60 * n) for n in range(50, 0, -1)))
        live = await screen.show(count=10)
        assert len(live.series) == 10
        screen.changes.clear()
        assert await live.load_earlier(15) == 15
        assert len(live.series) == 25
        assert screen.changes == [BarsChanged(0, is_reset=True)]
        assert await live.load_earlier(100) == 25
        assert await live.load_earlier(100) == 0
        live.reload()
        assert await live.load_earlier(100) == 0
        await screen.until(lambda: not live.is_loading)

    run(scenario())


@pytest.mark.parametrize(
    ("session", "timeframe", "hours"),
    [
        ("always", M1, 10 / 60),
        ("always", Timeframe.MO1, 7200),
        ("us-equity", M1, 96.8),
        ("us-equity", Timeframe.D1, 504),
    ],
)
def test_it_reaches_far_enough_back_for_closed_hours(
    screen: Screen, run: LoopRunner, session: str, timeframe: Timeframe, hours: float
) -> None:
    async def scenario() -> None:
        await screen.show(replace(SPY, session=session), timeframe, 10)
        reach_s = NOW_S + 1 - screen.feed.asked[0][1]
        assert reach_s / 3600 >= hours

    run(scenario())


def test_a_listener_that_fails_stops_nobody(
    screen: Screen, run: LoopRunner, expected_logs: LogWatch
) -> None:
    def fails(change: BarsChanged) -> None:
        raise RuntimeError("broken chart")

    async def scenario() -> None:
        live = screen.market.live_bars(CONNECTION, SPY, M1)
        stop = live.on_change(fails)
        live.on_change(screen.changes.append)
        with expected_logs("a chart failed on new bars of SPY", level="ERROR", count=1):
            await screen.until(lambda: not live.is_loading)
        stop()
        stop()
        screen.feed.trade(10)
        screen.market.flush()
        assert len(screen.changes) == 2

    run(scenario())


def test_closed_it_hears_nothing_more(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        live, other = await screen.show(), await screen.show()
        live.close()
        live.close()
        screen.feed.trade(10)
        screen.market.flush()
        assert live.last is None
        assert other.last is not None
        live.reload()
        assert not live.is_loading
        other.close()
        await screen.until(lambda: "unsubscribe SPY" in screen.feed.calls)

    run(scenario())


def test_closed_while_it_loads_it_breaks_off(screen: Screen, run: LoopRunner) -> None:
    async def scenario() -> None:
        screen.feed.gate.clear()
        live = screen.market.live_bars(CONNECTION, SPY, M1)
        await asyncio.sleep(0.05)
        live.close()
        await asyncio.sleep(0.02)
        assert screen.feed.broken_off >= 1
        screen.feed.gate.set()

    run(scenario())


def test_an_impossible_time_stamp_spoils_one_chart_and_says_so(
    screen: Screen, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        await screen.show()
        spy = await screen.show()
        screen.feed.trade(10, at_s=-3_000_000_000)
        with expected_logs("live bars of SEC|SPY|USD failed", level="ERROR"):
            screen.market.flush()
        screen.feed.trade(10)
        screen.market.flush()
        assert spy.last is not None

    run(scenario())


def test_a_failure_of_our_own_is_logged(
    screen: Screen, run: LoopRunner, expected_logs: LogWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    async def scenario() -> None:
        monkeypatch.setattr(screen.market, "present", broken)
        live = screen.market.live_bars(CONNECTION, SPY, M1)
        with expected_logs("bars of SPY failed", level="ERROR"):
            await screen.until(lambda: not live.is_loading and not live._tasks)
        live.close()

    run(scenario())
