"""Bars of the past: plans, pages, pacing, cancelling, and what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws import bar_plan, history, pacing
from app.brokers.ibkr_tws.bar_plan import (
    BAR_SIZES,
    DURATIONS,
    duration_for,
    end_text,
    plan_of,
    series_of,
)
from app.domain.bars import BarSeries
from app.domain.instrument import Instrument
from app.domain.market import Timeframe
from app.domain.reports import ProgressReport
from app.domain.session import calendar
from tests.brokers.ibkr_tws.data_desk import (
    AAPL,
    BTC,
    EUR_USD,
    SPY,
    DataDesk,
    ShiftedClock,
    desk_at,
    refusal,
)
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws import bars as past
from tests.doubles.tws.history import Archive
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer

T = Timeframe
# A Tuesday, 11:00 in New York.
NOW = datetime(2026, 10, 20, 15, 0, tzinfo=UTC)


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        peer.call(peer.world.timing.set, NOW)
        yield peer


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the pace but the test that is about it."""
    monkeypatch.setattr(pacing, "_BURST_S", 0.0)
    monkeypatch.setattr(pacing, "_MARGIN_S", 0.0)


def archive(peer: TwsPeer) -> Archive:
    return peer.call(peer.world.part, Archive)


def at_desk(peer: TwsPeer, **others: Any) -> Any:
    return desk_at(peer, clock=ShiftedClock(NOW), **others)


def expected(
    peer: TwsPeer, con_id: int, size: str, start: datetime, end: datetime, *, regular: bool = False
) -> list[past.PastBar]:
    """What the peer has, straight from its archive."""
    listing = peer.call(lambda: peer.world.listings[con_id])
    return past.bars(listing, size, start, end, regular=regular)


async def read(
    desk: DataDesk, instrument: Instrument, timeframe: Timeframe, start: datetime, end: datetime
) -> BarSeries:
    series = await desk.history.history(instrument, timeframe, start, end)
    starts = series.start_s
    assert (np.diff(starts) > 0).all()
    if len(series):
        assert start.timestamp() <= starts[0]
        assert starts[-1] < end.timestamp()
    assert (series.high >= series.low).all()
    return series


def asked(desk: DataDesk) -> list[tuple[str, str, str, str, str]]:
    """End, size, duration, regular, what of every question for bars."""
    return [tuple(fields[15:20]) for fields in desk.asked(Ask.HISTORY)]  # type: ignore[misc]  # five


# ---- plans ----


def test_every_timeframe_has_a_bar_size_of_tws() -> None:
    assert set(BAR_SIZES) == set(Timeframe)
    assert set(BAR_SIZES.values()) <= set(past.BAR_SIZES)
    for timeframe, size in BAR_SIZES.items():
        assert past.BAR_SIZES[size] == timeframe.seconds


def test_bars_on_another_grid_are_gathered_from_shorter_ones() -> None:
    assert plan_of("STK", "us-equity", T.H1).bar_size == "30 mins"
    assert plan_of("FUT", "cme-globex", T.H1).bar_size == "1 hour"
    assert plan_of("FUT", "cme-globex", T.H4).bar_size == "1 hour"
    assert plan_of("CASH", "forex", T.MO1).bar_size == "1 day"


def test_what_is_shown_depends_on_the_kind() -> None:
    assert plan_of("STK", "us-equity", T.M1).what == "TRADES"
    assert plan_of("CASH", "forex", T.M1).what == "MIDPOINT"
    assert plan_of("CRYPTO", "always", T.M1).what == "AGGTRADES"


def test_only_the_days_of_shares_are_regular_sessions() -> None:
    assert plan_of("STK", "us-equity", T.D1).use_rth == 1
    assert plan_of("STK", "us-equity", T.M1).use_rth == 0
    assert plan_of("FUT", "cme-globex", T.D1).use_rth == 0


def test_a_timeframe_tws_lacks_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar_plan, "BAR_SIZES", {})
    with pytest.raises(BrokerError) as caught:
        plan_of("STK", "us-equity", T.M1)
    assert (caught.value.code, caught.value.outcome) == ("timeframe", Outcome.REJECTED)


@pytest.mark.parametrize(
    ("timeframe", "span_s", "text"),
    [
        (T.S1, 10, "60 S"), (T.S1, 10_000, "1800 S"), (T.S5, 10_000, "3600 S"),
        (T.S30, 10**6, "28800 S"), (T.M1, 3600, "3600 S"), (T.M1, 10**7, "1 D"),
        (T.M2, 10**7, "2 D"), (T.M5, 10**7, "1 W"), (T.M30, 10**7, "1 M"), (T.D1, 10**6, "1 M"),
        (T.D1, 10**9, "1 Y"), (T.D1, 3600, "1 D"),
    ],
)  # fmt: skip
def test_durations_fit_the_bars(timeframe: Timeframe, span_s: int, text: str) -> None:
    assert duration_for(timeframe, span_s).text == text
    assert [d.seconds for d in DURATIONS] == sorted(d.seconds for d in DURATIONS)


def test_bars_are_put_in_order_and_dates_begin_with_their_session() -> None:
    def row(date: str, price: float, volume: float) -> Any:
        return SimpleNamespace(
            date=date, open=price, high=price, low=price, close=price, volume=volume
        )

    days = calendar("us-equity")
    series = series_of([row("20261020", 2.0, -1.0), row("20261019", 1.0, 5.0),
                        row("20261020", 3.0, 7.0)], days)  # fmt: skip
    assert series.close.tolist() == [1.0, 3.0]
    assert datetime.fromtimestamp(int(series.start_s[1]), UTC).hour == 8  # 04:00 in New York
    assert np.isnan(series_of([row("1760972400", 1.0, -1.0)], days).volume[0])
    assert len(series_of([], days)) == 0
    with pytest.raises(ValueError, match="invalid literal"):
        series_of([row("soon", 1.0, 1.0)], days)


def test_ends_are_told_in_utc() -> None:
    assert end_text(int(NOW.timestamp())) == "20261020-15:00:00"


# ---- at TWS ----


def test_minutes_of_days_page_by_page(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            start, end = NOW - timedelta(days=6), NOW - timedelta(hours=1)
            series = await read(desk, aapl, T.M1, start, end)
            there = expected(peer, AAPL, "1 min", start, end)
            assert series.start_s.tolist() == [int(bar.start.timestamp()) for bar in there]
            assert series.close.tolist() == [float(bar.close) for bar in there]
            assert series.volume.tolist() == [float(bar.volume) for bar in there]
            pages = asked(desk)
            assert pages[0] == ("20261020-14:00:00", "1 min", "1 D", "0", "TRADES")
            assert {page[2] for page in pages} <= {"1 D"}
            assert len(pages) <= 6
            fields = desk.asked(Ask.HISTORY)[0]
            assert fields[20:22] == ["2", "0"], "seconds since 1970, not kept up to date"

    run(scenario())


def test_progress_is_told_and_ends(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            await read(desk, aapl, T.M1, NOW - timedelta(days=6), NOW)
            told = desk.sink.of(ProgressReport)
            assert {report.task for report in told} == {"history SEC|AAPL|USD 1m"}
            fractions = [report.fraction for report in told]
            assert fractions == sorted(fractions)
            assert (fractions[0], fractions[-1]) == (0.0, 1.0)
            assert len(fractions) > 3
            desk.sink.reports.clear()
            spy = await desk.instrument(SPY)
            await read(desk, spy, T.M1, NOW - timedelta(hours=1), NOW)
            assert not desk.sink.of(ProgressReport), "one page is no long work"

    run(scenario())


@pytest.mark.parametrize(
    ("timeframe", "size", "days"),
    [(T.S30, "30 secs", 1), (T.M5, "5 mins", 20), (T.M30, "30 mins", 60)],
)
def test_other_intraday_bars(
    timeframe: Timeframe, size: str, days: int, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            spy = await desk.instrument(SPY)
            series = await read(desk, spy, timeframe, NOW - timedelta(days=days), NOW)
            there = expected(peer, SPY, size, NOW - timedelta(days=days), NOW)
            assert series.start_s.tolist() == [int(bar.start.timestamp()) for bar in there]

    run(scenario())


def test_an_hour_of_a_share_begins_with_its_session(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            spy = await desk.instrument(SPY)
            series = await read(desk, spy, T.H1, NOW - timedelta(days=4), NOW)
            days = calendar("us-equity")
            assert series.start_s.tolist() == [
                days.bar_start_s(s, T.H1) for s in series.start_s.tolist()
            ]
            minutes = {datetime.fromtimestamp(s, UTC).minute for s in series.start_s.tolist()}
            assert minutes == {0, 30}

    run(scenario())


def test_days_weeks_and_months(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            spy = await desk.instrument(SPY)
            start = NOW - timedelta(days=900)
            days = await read(desk, spy, T.D1, start, NOW)
            there = expected(peer, SPY, "1 day", start, NOW, regular=True)
            assert abs(len(days) - len(there)) <= 1
            sessions = calendar("us-equity")
            assert set(days.start_s.tolist()) <= {
                sessions.session_open_s(bar.day) for bar in there if bar.day
            }
            assert [page[1:] for page in asked(desk)] == [
                ("1 day", "1 Y", "1", "TRADES"), ("1 day", "1 Y", "1", "TRADES"),
                ("1 day", "1 Y", "1", "TRADES"),
            ]  # fmt: skip
            weeks = await read(desk, spy, T.W1, start, NOW)
            months = await read(desk, spy, T.MO1, start, NOW)
            assert len(weeks) == pytest.approx(900 / 7, abs=2)
            assert len(months) in (29, 30)
            assert weeks.high.max() == days.high[5:].max()

    run(scenario())


def test_pairs_have_no_volume_and_coins_trade_on_weekends(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            pair, coin = await desk.instrument(EUR_USD), await desk.instrument(BTC)
            start, end = NOW - timedelta(days=4), NOW
            series = await read(desk, pair, T.M5, start, end)
            assert np.isnan(series.volume).all()
            assert len(series)
            series = await read(desk, coin, T.M5, start, end)
            assert len(series) > 4 * 280
            assert (series.volume > 0).all()
            assert {page[4] for page in asked(desk)} == {"MIDPOINT", "AGGTRADES"}

    run(scenario())


def test_an_end_in_the_future_is_now(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            later = NOW + timedelta(hours=2)
            series = await read(desk, aapl, T.M1, NOW - timedelta(minutes=30), later)
            assert len(series) >= 30
            assert asked(desk)[0][0] == ""

    run(scenario())


def test_a_gap_is_jumped_over(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            coin = await desk.instrument(BTC)
            old_end = NOW - timedelta(days=3)
            listing = peer.call(lambda: peer.world.listings[BTC])
            for size in ("30 secs", "1 hour", "1 day"):
                begin = old_end - timedelta(days=2)
                old = past.bars(listing, size, begin, old_end, regular=False)
                new = past.bars(listing, size, NOW - timedelta(hours=2), NOW, regular=False)
                peer.call(archive(peer).put, BTC, size, [*old, *new])
            start = old_end - timedelta(hours=6)
            series = await read(desk, coin, T.S30, start, NOW)
            assert len(series) == (6 + 2) * 120
            assert len(asked(desk)) < 20

    run(scenario())


def test_a_gap_of_weeks_is_jumped_over_too(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            coin = await desk.instrument(BTC)
            old_end = NOW - timedelta(days=40)
            listing = peer.call(lambda: peer.world.listings[BTC])
            for size in ("1 min", "1 hour", "1 day"):
                old = past.bars(listing, size, old_end - timedelta(days=2), old_end, regular=False)
                peer.call(archive(peer).put, BTC, size, old)
            start = old_end - timedelta(hours=6)
            series = await read(desk, coin, T.M1, start, NOW)
            assert len(series) == 6 * 60
            assert len(asked(desk)) < 10

    run(scenario())


def test_before_the_first_trade_there_is_nothing(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.call(archive(peer).first.__setitem__, AAPL, NOW - timedelta(days=2))
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            series = await read(desk, aapl, T.M1, NOW - timedelta(days=60), NOW)
            assert series.start_s[0] >= (NOW - timedelta(days=2)).timestamp()
            assert len(asked(desk)) < 8
            days = await read(desk, aapl, T.D1, NOW - timedelta(days=3000), NOW)
            assert 1 <= len(days) <= 3
            none = await read(desk, aapl, T.M1, NOW - timedelta(days=60), NOW - timedelta(days=50))
            assert len(none) == 0
            short = await read(
                desk, aapl, T.M1, NOW - timedelta(days=60), NOW - timedelta(days=59, hours=23)
            )
            assert len(short) == 0

    run(scenario())


@pytest.mark.parametrize("peer", [178], indirect=True)
def test_small_bars_keep_the_pace(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The peer refuses what IBKR would; nothing is refused, so nothing is asked twice."""
    monkeypatch.undo()

    async def scenario() -> None:
        peer.call(setattr, archive(peer), "keeps_pace", True)
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            start, end = NOW - timedelta(hours=4), NOW - timedelta(seconds=5)
            series = await read(desk, aapl, T.S1, start, end)
            assert len(series) > 3 * 3600
            ends = [page[0] for page in asked(desk)]
            assert len(ends) == len(set(ends)) == 8

    run(scenario())


def test_a_pacing_violation_is_waited_out(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.call(setattr, peer.faults, "pacing_162", True)
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            start, end = NOW - timedelta(hours=1), NOW - timedelta(minutes=1)
            reading = asyncio.create_task(read(desk, aapl, T.M1, start, end))
            await until(lambda: desk.asked(Ask.HISTORY))
            peer.call(setattr, peer.faults, "pacing_162", False)
            assert len(await reading) == 59
            assert len(asked(desk)) >= 2
            waits = [r.text for r in desk.sink.of(ProgressReport) if "IBKR's limit" in r.text]
            assert waits
            assert desk.sink.of(ProgressReport)[-1].fraction == 1.0

    run(scenario())


def test_pacing_that_does_not_end_is_told(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.call(setattr, peer.faults, "pacing_162", True)
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            error = await refusal(desk.history.history(aapl, T.M1, NOW - timedelta(hours=1), NOW))
            assert (error.outcome, error.code) == (Outcome.REJECTED, "162")
            assert "try again in ten minutes" in str(error)
            assert len(asked(desk)) == 3

    run(scenario())


def test_no_permission_is_told_in_words(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.call(archive(peer).without_permission.add, AAPL)
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            error = await refusal(desk.history.history(aapl, T.M1, NOW - timedelta(hours=1), NOW))
            assert error.outcome is Outcome.REJECTED
            assert "IBKR gives this login no history of it" in str(error)
            assert "No market data permissions for NASDAQ STK" in str(error)

    run(scenario())


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        (162, "Trading TWS session is connected from a different IP address", "another log-in"),
        (321, "Error validating request", "TWS does not accept this"),
        (162, "HMDS connection attempt failed", "HMDS connection attempt failed"),
    ],
)
def test_other_refusals_are_told_in_words(
    code: int, text: str, words: str, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)

            def change() -> None:
                for session in peer.world.sessions:
                    session._handlers = {
                        **session._handlers,
                        int(Ask.HISTORY): lambda s, f: s.error(int(f[1]), code, text),
                    }

            peer.call(change)
            error = await refusal(desk.history.history(aapl, T.M1, NOW - timedelta(hours=1), NOW))
            assert error.outcome is Outcome.REJECTED
            assert words in str(error)

    run(scenario())


def test_a_cancel_breaks_the_query_off_at_tws(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.call(setattr, archive(peer), "answer_after_s", 60.0)
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            reading = asyncio.create_task(
                desk.history.history(aapl, T.M1, NOW - timedelta(days=5), NOW)
            )
            await until(lambda: desk.asked(Ask.HISTORY))
            reading.cancel()
            await asyncio.wait([reading])
            assert reading.cancelled()
            await until(lambda: desk.asked(Ask.CANCEL_HISTORY))
            assert desk.asked(Ask.CANCEL_HISTORY)[0][2] == desk.asked(Ask.HISTORY)[0][1]
            await desk.settled()
            assert desk.sink.of(ProgressReport)[-1].fraction == 1.0

    run(scenario())


def test_no_answer_ends_the_page(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(history, "_ENDED_QUERIES", 1)

    async def scenario() -> None:
        peer.call(setattr, archive(peer), "answer_after_s", 60.0)
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            for _ in range(2):
                error = await refusal(
                    desk.history.history(aapl, T.M1, NOW - timedelta(hours=1), NOW)
                )
                assert error.outcome is Outcome.UNKNOWN
            await until(lambda: len(desk.asked(Ask.CANCEL_HISTORY)) == 2)

    run(scenario())


def test_a_lost_line_ends_it(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.call(setattr, archive(peer), "answer_after_s", 60.0)
        async with at_desk(peer) as desk:
            aapl = await desk.instrument(AAPL)
            reading = asyncio.create_task(
                desk.history.history(aapl, T.M1, NOW - timedelta(hours=1), NOW)
            )
            await until(lambda: desk.asked(Ask.HISTORY))
            desk.line.close()
            error = await refusal(reading)
            assert error.outcome is Outcome.UNKNOWN
            error = await refusal(desk.history.history(aapl, T.M1, NOW - timedelta(hours=1), NOW))
            assert error.outcome is Outcome.NOT_SENT

    run(scenario())


def test_what_has_expired_is_asked_for_as_such(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        known = peer.call(lambda: list(peer.world.listings.values()))
        past_future = next(
            one for one in known if one.is_expired(NOW.date()) and one.contract.symbol == "ES"
        )
        async with at_desk(peer) as desk:
            instrument = await desk.instrument(past_future.con_id)
            assert instrument.expiry is not None
            expired_at = datetime.combine(instrument.expiry, datetime.min.time(), UTC)
            end = expired_at - timedelta(days=7)
            series = await read(desk, instrument, T.M5, end - timedelta(hours=6), end)
            assert len(series)
            assert desk.asked(Ask.HISTORY)[0][14] == "1"

    run(scenario())
