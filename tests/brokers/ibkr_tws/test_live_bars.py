"""Bars that TWS keeps up to date: asked for, told, renewed, refused, ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isnan
from typing import Any

import pytest

from app.base.errors import Outcome
from app.brokers.ibkr_tws import live_bars
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Bar, BarUpdate, Timeframe
from app.domain.session import calendar
from tests.brokers.ibkr_tws.data_desk import (
    AAPL,
    EUR_USD,
    MSFT,
    SPY,
    DataDesk,
    ShiftedClock,
    desk_at,
    refusal,
)
from tests.brokers.ibkr_tws.line_desk import tell
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.bars import PastBar
from tests.doubles.tws.history import Archive
from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.tape import RealTimeBars

T = Timeframe
# A Tuesday, 11:00:10 in New York.
NOW = datetime(2026, 10, 20, 15, 0, 10, tzinfo=UTC)
MINUTE_S = int(NOW.timestamp()) - 10


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        peer.call(peer.world.timing.set, NOW)
        peer.call(peer.world.quote, AAPL, "230.00", "230.02")
        yield peer


def at_desk(peer: TwsPeer, **others: Any) -> Any:
    return desk_at(peer, clock=ShiftedClock(NOW), **others)


def archive(peer: TwsPeer) -> Archive:
    return peer.call(peer.world.part, Archive)


async def on(desk: DataDesk, con_id: int, timeframe: Timeframe = T.M1) -> Instrument:
    instrument = await desk.instrument(con_id)
    await desk.bars.subscribe(instrument, timeframe)
    return instrument


def req_id(desk: DataDesk, kind: Ask = Ask.HISTORY) -> int:
    """The number of the newest question."""
    return int(desk.asked(kind)[-1][1 if kind is Ask.HISTORY else 2])


def newest(desk: DataDesk) -> Bar:
    return desk.sink.bars[-1].bar


def lose_streams(peer: TwsPeer) -> None:
    """As TWS does before it says 1101."""
    peer.call(lambda: [forget() for forget in tuple(peer.world.on_data_lost)])


# ---- minutes and days ----


def test_minutes_are_kept_up_to_date(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            aapl = await on(desk, AAPL)
            await on(desk, AAPL)
            (fields,) = desk.asked(Ask.HISTORY)
            assert fields[15:22] == ["", "1 min", "120 S", "0", "TRADES", "2", "1"]
            told = desk.sink.bars
            assert [update.bar.start_s for update in told] == [MINUTE_S - 60, MINUTE_S]
            assert {(update.instrument, update.timeframe) for update in told} == {(aapl.key, T.M1)}
            before = newest(desk)
            peer.call(peer.world.print, AAPL, "999.50", 70)
            await until(lambda: len(told) == 3)
            high, volume = 999.5, before.volume + 70
            assert newest(desk) == Bar(MINUTE_S, before.open, high, before.low, high, volume)
            peer.call(peer.world.timing.move, 60)
            peer.call(peer.world.print, AAPL, "231.00", 5)
            await until(lambda: len(told) == 4)
            assert newest(desk) == Bar(MINUTE_S + 60, 231, 231, 231, 231, 5)
            assert desk.notices() == []

    run(scenario())


def test_history_beside_them_is_not_taken_for_theirs(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            aapl = await on(desk, AAPL)
            past = await desk.history.history(aapl, T.M1, NOW - timedelta(minutes=10), NOW)
            assert len(past) == 10
            assert len(desk.sink.bars) == 2
            tell(peer, Tell.REAL_TIME_BAR, 3, 999, MINUTE_S, 1, 1, 1, 1, 1, 1, 1)
            await desk.settled()
            assert len(desk.sink.bars) == 2

    run(scenario())


def test_currencies_are_kept_up_to_date_by_their_middle(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            await on(desk, EUR_USD)
            assert desk.asked(Ask.HISTORY)[0][19] == "MIDPOINT"
            peer.call(peer.world.quote, EUR_USD, "1.2000", "1.2004")
            await until(lambda: len(desk.sink.bars) == 3)
            assert newest(desk).close == pytest.approx(1.2002)
            assert isnan(newest(desk).volume)
            assert desk.sink.bars[-1].fault == ""

    run(scenario())


def test_days_begin_with_their_session(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            spy = await on(desk, SPY, T.D1)
            assert desk.asked(Ask.HISTORY)[0][15:22] == [
                "", "1 day", "2 D", "1", "TRADES", "2", "1",
            ]  # fmt: skip
            days = calendar(spy.session)
            today_s = days.session_open_s(NOW.date())
            assert newest(desk).start_s == today_s
            peer.call(peer.world.print, SPY, "999.50", 70)
            await until(lambda: newest(desk).close == 999.5)
            assert newest(desk).start_s == today_s

    run(scenario())


@pytest.mark.parametrize("timeframe", [T.S1, T.H1, T.H2, T.H4, T.W1, T.MO1])
def test_bars_on_another_grid_are_left_to_prints(
    timeframe: Timeframe, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            error = await refusal(on(desk, SPY, timeframe))
            assert (error.outcome, error.code) == (Outcome.REJECTED, "timeframe")
            assert desk.asked(Ask.HISTORY) == []

    run(scenario())


# ---- five seconds ----


def test_bars_of_five_seconds(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bars, "VERDICT_S", 0.05)  # the first comes when it has ended

    async def scenario() -> None:
        async with at_desk(peer) as desk:
            aapl = await on(desk, AAPL, T.S5)
            await until(lambda: desk.asked(Ask.REAL_TIME_BARS))
            (fields,) = desk.asked(Ask.REAL_TIME_BARS)
            assert fields[15:18] == ["5", "TRADES", "0"]
            assert desk.sink.bars == []
            peer.call(peer.world.print, AAPL, "230.01", 70)
            peer.call(peer.world.print, AAPL, "230.05", 30)
            peer.call(peer.call(peer.world.part, RealTimeBars).end_bar, AAPL)
            await until(lambda: desk.sink.bars)
            (update,) = desk.sink.bars
            assert (update.instrument, update.timeframe) == (aapl.key, T.S5)
            assert update.bar.start_s % 5 == 0
            assert (update.bar.open, update.bar.high, update.bar.low) == (230.01, 230.05, 230.01)
            assert (update.bar.close, update.bar.volume) == (230.05, 100)
            await desk.bars.unsubscribe(aapl, T.S5)
            await desk.settled()
            assert desk.asked(Ask.CANCEL_REAL_TIME_BARS)[0][2] == fields[2]
            assert not peer.call(lambda: peer.world.part(RealTimeBars).clients)

    run(scenario())


def test_no_permission_for_five_seconds(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            peer.call(desk.feed.refusals.__setitem__, AAPL, 354)
            error = await refusal(on(desk, AAPL, T.S5))
            assert (error.outcome, error.code) == (Outcome.REJECTED, "420")
            assert "No market data permissions" in str(error)
            assert desk.asked(Ask.CANCEL_REAL_TIME_BARS) == [], "there is nothing to end"

    run(scenario())


# ---- the end ----


def test_after_the_end_nothing_is_told_and_nothing_stays_on(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            strangers: list[int] = []
            desk.line.on_error(lambda key, *_: bool(strangers.append(key)))  # type: ignore[func-returns-value]  # False: heard by nobody before
            aapl = await on(desk, AAPL)
            desk.sink.bars.clear()
            await desk.bars.unsubscribe(aapl, T.M1)
            await desk.bars.unsubscribe(aapl, T.M1)
            number = req_id(desk)
            await desk.settled()
            assert [fields[2] for fields in desk.asked(Ask.CANCEL_HISTORY)] == [str(number)]
            tell(peer, Tell.ERROR, 2, number, 366, "No historical data query found", "")
            peer.call(peer.world.print, AAPL, "231.00", 5)
            await desk.settled()
            assert desk.sink.bars == []
            assert desk.notices() == []
            assert number not in strangers, "what TWS says to a cancel is no news"
            await on(desk, AAPL)
            assert len(desk.sink.bars) == 2

    run(scenario())


def test_ended_before_it_was_asked_leaves_nothing_on(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            aapl = Instrument("AAPL", AssetClass.EQUITY, "USD")
            asking = asyncio.create_task(desk.bars.subscribe(aapl, T.M1))
            await asyncio.sleep(0)
            await desk.bars.unsubscribe(aapl, T.M1)
            await asking
            await desk.settled()
            assert desk.asked(Ask.HISTORY) == []

    run(scenario())


def test_what_is_on_counts_as_open_and_the_rest_is_left_to_prints(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bars, "MOST_STREAMS", 1)

    async def scenario() -> None:
        async with at_desk(peer) as desk:
            free = desk.history.pacing._open._value
            aapl = await on(desk, AAPL)
            assert desk.history.pacing._open._value == free - 1
            error = await refusal(on(desk, MSFT))
            assert (error.outcome, error.code) == (Outcome.REJECTED, "full")
            await desk.bars.unsubscribe(aapl, T.M1)
            assert desk.history.pacing._open._value == free
            await on(desk, MSFT)

    run(scenario())


# ---- renewed ----


def test_after_1101_they_are_asked_for_anew(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            await on(desk, AAPL)
            lose_streams(peer)
            desk.sink.bars.clear()
            desk.bars.lost_all()
            await until(lambda: len(desk.sink.bars) == 2)
            assert len(desk.asked(Ask.HISTORY)) == 2
            assert desk.asked(Ask.CANCEL_HISTORY) == [], "TWS knows nothing to cancel"
            peer.call(peer.world.print, AAPL, "231.00", 5)
            await until(lambda: newest(desk).close == 231)

    run(scenario())


def test_what_stays_silent_after_a_broken_farm_is_asked_for_anew(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bars, "VERIFY_S", 0.2)

    async def scenario() -> None:
        async with at_desk(peer) as desk:
            await on(desk, SPY)
            await on(desk, AAPL)
            silent = req_id(desk)
            desk.bars.farm_is_back()
            desk.bars.farm_is_back()
            peer.call(peer.world.print, SPY, "512.00", 5)
            await until(lambda: len(desk.asked(Ask.HISTORY)) == 3)
            await desk.settled()
            assert [fields[2] for fields in desk.asked(Ask.CANCEL_HISTORY)] == [str(silent)]
            assert desk.notices() == []
            desk.bars.farm_is_back()  # and the session ends

    run(scenario())


# ---- nothing, or nothing yet ----


def test_where_nothing_was_traded_it_is_asked_further_back_and_later_again(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bars, "EMPTY_PAUSE_S", 0.05)

    async def scenario() -> None:
        async with at_desk(peer) as desk:
            peer.call(archive(peer).put, AAPL, "1 min", [])
            await on(desk, AAPL)
            await until(lambda: len(desk.asked(Ask.HISTORY)) >= 3)
            assert [f[17] for f in desk.asked(Ask.HISTORY)][:3] == ["120 S", "1 D", "1 D"]
            price = Decimal(230)
            first = PastBar(NOW, price, price, price, price, 7, price, 1)
            peer.call(archive(peer).put, AAPL, "1 min", [first])
            await until(lambda: desk.sink.bars)
            assert newest(desk).volume == 7
            assert desk.notices() == []

    run(scenario())


def test_an_empty_answer_is_no_answer(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.call(setattr, archive(peer), "answer_after_s", 60.0)
        async with at_desk(peer) as desk:
            asking = asyncio.create_task(on(desk, AAPL))
            await until(lambda: desk.asked(Ask.HISTORY))
            peer.call(setattr, archive(peer), "answer_after_s", 0.0)
            tell(peer, Tell.HISTORY, req_id(desk), "", "", 0)
            await asking
            assert [f[17] for f in desk.asked(Ask.HISTORY)] == ["120 S", "1 D"]
            assert len(desk.asked(Ask.CANCEL_HISTORY)) == 1
            assert len(desk.sink.bars) == 2

    run(scenario())


def test_prices_that_are_none_are_left_out(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            await on(desk, AAPL)
            desk.sink.bars.clear()
            number = req_id(desk)
            # reqId count date open close high low average volume
            tell(peer, Tell.HISTORY_UPDATE, number, -1, MINUTE_S, -1, 230, -1, -1, -1, -1)
            tell(peer, Tell.HISTORY_UPDATE, number, 1, "soon", 1, 1, 1, 1, 1, 1)
            tell(peer, Tell.HISTORY_UPDATE, number + 1, 1, MINUTE_S, 1, 1, 1, 1, 1, 1)
            tell(peer, Tell.HISTORY_UPDATE, number, 1, MINUTE_S, 1, 2, 3, 1, 1, -1)
            await until(lambda: desk.sink.bars)
            (update,) = desk.sink.bars
            assert update.bar.close == 2
            assert isnan(update.bar.volume)
            assert isinstance(update, BarUpdate)

    run(scenario())


# ---- what TWS has against it ----


def answering(peer: TwsPeer, code: int, text: str) -> None:
    """From now on TWS answers every question for bars so."""

    def change() -> None:
        for session in peer.world.sessions:
            session._handlers = {
                **session._handlers,
                int(Ask.HISTORY): lambda s, f: s.error(int(f[1]), code, text),
            }

    peer.call(change)


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        (162, "No market data permissions for NASDAQ STK", "no history of it"),
        (354, "Requested market data is not subscribed.", "no history of it"),
        (420, "Invalid Real-time Query:No market data permissions", "no history of it"),
        (10089, "requires additional subscription for API", "no history of it"),
        (162, "Trading TWS session is connected from a different IP address", "another log-in"),
        (321, "Error validating request", "TWS does not accept this"),
        (9999, "a word that nobody knows", "a word that nobody knows"),
    ],
)
def test_refusals_are_told_in_words(
    code: int, text: str, words: str, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            answering(peer, code, text)
            error = await refusal(on(desk, AAPL))
            assert (error.outcome, error.code) == (Outcome.REJECTED, str(code))
            assert words in str(error)
            assert desk.notices() == []
            await refusal(on(desk, AAPL))
            assert len(desk.asked(Ask.HISTORY)) == 2, "it may be asked again"

    run(scenario())


def test_a_pacing_violation_is_waited_out_but_not_for_ever(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bars, "BACKOFF_S", (0.05, 0.05))

    async def scenario() -> None:
        peer.call(setattr, peer.faults, "pacing_162", True)
        async with at_desk(peer) as desk:
            error = await refusal(on(desk, AAPL))
            assert "try again in ten minutes" in str(error)
            assert len(desk.asked(Ask.HISTORY)) == 3
            asking = asyncio.create_task(on(desk, AAPL))
            await until(lambda: len(desk.asked(Ask.HISTORY)) == 4)
            peer.call(setattr, peer.faults, "pacing_162", False)
            await asking
            assert len(desk.sink.bars) == 2

    run(scenario())


def test_bars_that_end_later_are_told_once(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            await on(desk, AAPL)
            number = req_id(desk)
            tell(peer, Tell.ERROR, 2, number, 2174, "Warning: a remark", "")
            tell(peer, Tell.ERROR, 2, number, 9999, "a word that nobody knows", "")
            peer.call(peer.world.print, AAPL, "231.00", 5)
            await until(lambda: newest(desk).close == 231)
            assert desk.notices() == []
            tell(peer, Tell.ERROR, 2, number, 10197, "No market data during competing session", "")
            await until(desk.notices)
            (notice,) = desk.notices()
            assert notice.startswith("no more live bars of AAPL, they are made of prints now: ")
            await on(desk, AAPL)
            assert len(desk.asked(Ask.HISTORY)) == 2

    run(scenario())


def test_no_contract_and_no_line(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with at_desk(peer) as desk:
            unknown = Instrument("NOSUCH", AssetClass.EQUITY, "USD")
            error = await refusal(desk.bars.subscribe(unknown, T.M1))
            assert (error.outcome, error.code) == (Outcome.REJECTED, "no-contract")
            spy = await on(desk, SPY)
            aapl = await desk.instrument(AAPL)
            desk.line.close()
            await desk.bars.unsubscribe(spy, T.M1)
            error = await refusal(desk.bars.subscribe(aapl, T.M1))
            assert error.outcome is Outcome.NOT_SENT
            await desk.line.ended()

    run(scenario())
