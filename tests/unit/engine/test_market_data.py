"""Market data: asked once, taken in once a frame, dropped with the last who looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.base.bus import EventBus
from app.base.errors import BrokerError, Outcome, UserError
from app.domain.bars import BarSeries
from app.domain.capabilities import Capabilities
from app.domain.events import NoticeRaised, QuotesFlushed
from app.domain.ids import ConnectionId
from app.domain.market import Bar, DataKind, Timeframe
from app.engine.market_data import HistoryUnavailable, MarketData
from app.store.history import History
from tests.doubles.clock import FakeClock
from tests.doubles.loop import LoopRunner, until
from tests.doubles.market import Feed, bar
from tests.doubles.orders import CONNECTION, QQQ, SPY
from tests.surprises import LogWatch

KEY = (CONNECTION, SPY.key)
OTHER = ConnectionId("other")
NOW_S = int(datetime(2024, 3, 12, 14, 30, tzinfo=UTC).timestamp())
M1 = Timeframe.M1


def moment(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


class Room:
    """Market data with everything around it."""

    def __init__(self, clock: FakeClock, folder: Path) -> None:
        self.clock, self.bus, self.feed = clock, EventBus(), Feed(clock)
        self.history = History(folder / "history.db")
        self.market = MarketData(self.bus, clock, self.feed, self.history)
        self.frames: list[QuotesFlushed] = []
        self.notices: list[str] = []
        self.bus.subscribe(QuotesFlushed, self.frames.append)
        self.bus.subscribe(NoticeRaised, lambda event: self.notices.append(event.text))

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def until(self, holds: Callable[[], object]) -> None:
        await until(holds)

    async def bars(self, start_s: int, end_s: int, timeframe: Timeframe = M1) -> BarSeries:
        return await self.market.bars(CONNECTION, SPY, timeframe, moment(start_s), moment(end_s))


@pytest.fixture
def room(clock: FakeClock, tmp_path: Path, run: LoopRunner) -> Iterator[Room]:
    made = Room(clock, tmp_path)
    yield made
    run(made.market.stop())
    made.history.close()


# ---- subscriptions ----


def test_the_broker_is_asked_once_and_told_when_the_last_looks_away(
    room: Room, run: LoopRunner
) -> None:
    async def scenario() -> None:
        first = room.market.subscribe(CONNECTION, SPY)
        second = room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        assert room.feed.calls == ["subscribe SPY"]
        assert room.market.subscribed(CONNECTION) == [SPY]
        first.close()
        first.close()
        await room.settle()
        assert room.feed.calls == ["subscribe SPY"]
        second.close()
        await room.settle()
        assert room.feed.calls == ["subscribe SPY", "unsubscribe SPY"]
        assert room.market.subscribed(CONNECTION) == []

    run(scenario())


def test_a_look_that_ends_before_the_answer_leaves_nothing_on(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.gate.clear()
        subscription = room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        subscription.close()
        room.feed.gate.set()
        await room.settle()
        assert room.feed.calls == ["subscribe SPY", "unsubscribe SPY"]

    run(scenario())


def test_a_look_that_comes_back_while_it_is_ended_is_asked_for_again(
    room: Room, run: LoopRunner
) -> None:
    async def scenario() -> None:
        subscription = room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        room.feed.gate.clear()
        room.feed.errors.append(BrokerError("no such subscription"))
        subscription.close()
        await room.settle()
        room.market.subscribe(CONNECTION, SPY)
        room.feed.gate.set()
        await room.settle()
        assert room.feed.calls == ["subscribe SPY", "unsubscribe SPY", "subscribe SPY"]

    run(scenario())


def test_everything_is_asked_for_again_on_a_new_connection(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.market.subscribe(CONNECTION, SPY)
        room.market.subscribe(CONNECTION, QQQ)
        room.market.subscribe(OTHER, SPY)
        await room.settle()
        room.feed.calls.clear()
        await room.market.resubscribe(CONNECTION)
        assert room.feed.calls == ["subscribe SPY", "subscribe QQQ"]

    run(scenario())


def test_an_answer_of_the_old_connection_counts_for_nothing(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.gate.clear()
        room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        again = asyncio.ensure_future(room.market.resubscribe(CONNECTION))
        await room.settle()
        room.feed.gate.set()
        await again
        assert room.feed.calls == ["subscribe SPY", "subscribe SPY"]

    run(scenario())


def test_a_connection_that_is_not_up_is_no_news(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.errors.append(BrokerError("desk is offline", Outcome.NOT_SENT))
        subscription = room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        assert subscription.trouble == "desk is offline"
        assert not room.notices
        await room.market.resubscribe(CONNECTION)
        assert subscription.trouble == ""
        assert room.feed.calls == ["subscribe SPY"] * 2

    run(scenario())


@pytest.mark.parametrize(
    "error", [BrokerError("not paid for", Outcome.REJECTED), UserError("no such symbol")]
)
def test_a_refusal_is_announced_once_and_asked_again_by_the_next(
    room: Room, run: LoopRunner, error: BrokerError
) -> None:
    async def scenario() -> None:
        room.feed.errors += [error, error]
        first = room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        assert first.trouble == str(error)
        room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        assert room.notices == [f"no market data of SPY: {error}"]
        third = room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        assert third.trouble == first.trouble == ""
        assert room.feed.calls == ["subscribe SPY"] * 3

    run(scenario())


def test_what_may_be_on_without_an_answer_is_ended_too(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.errors.append(BrokerError("no answer within 10 s"))
        subscription = room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        assert room.notices
        subscription.close()
        await room.settle()
        assert room.feed.calls == ["subscribe SPY", "unsubscribe SPY"]

    run(scenario())


def test_without_a_loop_it_waits_for_the_connection(room: Room, run: LoopRunner) -> None:
    room.market.subscribe(CONNECTION, SPY)
    assert room.feed.calls == []
    run(room.market.resubscribe(CONNECTION))
    assert room.feed.calls == ["subscribe SPY"]


def test_what_was_never_on_is_forgotten_without_a_word(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        await room.market.resubscribe(CONNECTION)
        room.feed.errors.append(BrokerError("desk is offline", Outcome.NOT_SENT))
        subscription = room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        subscription.close()
        assert room.market.subscribed(CONNECTION) == []
        await room.market.resubscribe(CONNECTION)
        assert room.feed.calls == ["subscribe SPY"]

    run(scenario())


def test_closed_after_the_end_asks_nobody(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        subscription = room.market.subscribe(CONNECTION, SPY)
        await room.settle()
        await room.market.stop()
        subscription.close()
        await room.settle()
        assert room.feed.calls == ["subscribe SPY"]

    run(scenario())


# ---- the frame ----


def test_the_newest_quote_and_every_print_come_in_one_event(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.market.subscribe(CONNECTION, SPY)
        room.market.subscribe(OTHER, SPY)
        room.feed.quote(bid=9.8)
        newest = room.feed.quote(bid=9.9)
        elsewhere = room.feed.quote(bid=5.0, ask=5.1, last=5.0, connection_id=OTHER)
        room.feed.trade(10.0)
        room.feed.trade(10.1)
        room.market.flush()
        (frame,) = room.frames
        assert frame.quotes == {KEY: newest, (OTHER, SPY.key): elsewhere}
        assert [t.price for t in frame.prints[KEY]] == [10.0, 10.1]
        assert room.market.quote(KEY) is newest
        room.market.flush()
        assert len(room.frames) == 1

    run(scenario())


def test_the_timer_runs_only_while_somebody_looks(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        subscription = room.market.subscribe(CONNECTION, SPY)
        room.feed.quote()
        await room.until(lambda: room.frames)
        subscription.close()
        await asyncio.sleep(0.05)
        room.feed.quote()
        await asyncio.sleep(0.05)
        assert len(room.frames) == 1

    run(scenario())


def test_a_frame_that_fails_does_not_stop_the_next(
    room: Room, run: LoopRunner, expected_logs: LogWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain, failures = room.feed.drain_market, [RuntimeError("broken")]

    def fails_once(connection_id: ConnectionId) -> object:
        if failures:
            raise failures.pop()
        return drain(connection_id)

    monkeypatch.setattr(room.feed, "drain_market", fails_once)

    async def scenario() -> None:
        room.market.subscribe(CONNECTION, SPY)
        room.feed.quote()
        await room.until(lambda: room.frames)

    expected_logs.during_test("a frame of market data failed", level="ERROR")
    run(scenario())


def test_age_counts_from_receipt_and_not_from_the_market_s_clock(
    room: Room, run: LoopRunner
) -> None:
    async def scenario() -> None:
        assert room.market.age_s(KEY) is None
        room.market.subscribe(CONNECTION, SPY)
        room.feed.quote(at_s=NOW_S - 10 * 365 * 86_400, kind=DataKind.REPLAY)
        room.market.flush()
        room.clock.advance(3)
        assert room.market.age_s(KEY) == 3
        room.clock.set_now(moment(NOW_S + 10_000))
        assert room.market.age_s(KEY) == 3

    run(scenario())


def test_the_market_s_time_is_a_replay_s_own(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.market.subscribe(CONNECTION, SPY)
        assert room.market.market_time(KEY) == room.clock.now()
        room.feed.quote(at_s=1_000_000_000, kind=DataKind.REPLAY)
        room.market.flush()
        assert room.market.market_time(KEY) == moment(1_000_000_000)
        room.feed.quote(at_s=1_000_000_000, kind=DataKind.DELAYED)
        room.market.flush()
        assert room.market.market_time(KEY) == room.clock.now()
        assert room.market.data_kind(KEY) is DataKind.DELAYED

    run(scenario())


def test_impossible_data_is_dropped_counted_and_announced_once(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.market.subscribe(CONNECTION, SPY)
        good = room.feed.quote()
        room.market.flush()
        for _ in range(3):
            room.feed.quote(bid=11.0)
            room.feed.trade(-1.0)
            room.market.flush()
        assert room.market.quote(KEY) is good
        assert len(room.frames) == 1
        assert room.market.dropped[KEY] == 6
        assert len(room.notices) == 1
        assert "a bid above the ask" in room.notices[0]
        unknown = room.feed.quote(bid=float("nan"))
        room.market.flush()
        assert room.market.quote(KEY) is unknown

    run(scenario())


# ---- bars ----


def minutes(*numbers: int) -> list[Bar]:
    return [bar(NOW_S - 3600 + 60 * number, 10.0 + number) for number in numbers]


def test_bars_are_asked_for_once_and_then_stored(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.record(*minutes(*range(60)))
        first = await room.bars(NOW_S - 3600, NOW_S - 600)
        assert len(first) == 50
        again = await room.bars(NOW_S - 3600, NOW_S - 600)
        assert again.close.tolist() == first.close.tolist()
        assert len(room.feed.asked) == 1
        wider = await room.bars(NOW_S - 3600, NOW_S - 300)
        assert len(wider) == 55
        assert room.feed.asked[1] == (M1, NOW_S - 600, NOW_S - 300)

    run(scenario())


def test_the_bar_under_way_is_shown_but_not_stored(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.clock.advance(30)
        room.feed.record(*minutes(58, 59, 60))
        found = await room.bars(NOW_S - 3600, NOW_S + 3600)
        assert found.start_s[-1] == NOW_S
        assert room.feed.asked[0][2] == NOW_S + 31  # not the future
        stored = room.history.get(CONNECTION, SPY.key, M1, 0, NOW_S + 3600)
        assert stored.start_s.tolist() == [NOW_S - 120, NOW_S - 60]
        room.clock.advance(60)
        room.feed.record(*minutes(58, 59), bar(NOW_S, 99.0), bar(NOW_S + 60))
        found = await room.bars(NOW_S - 3600, NOW_S + 3600)
        assert found.open[-2] == 99.0
        assert room.feed.asked[1] == (M1, NOW_S, NOW_S + 91)

    run(scenario())


def test_the_future_alone_is_not_asked_for(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        assert not len(await room.bars(NOW_S + 60, NOW_S + 600))
        assert room.feed.asked == []

    run(scenario())


def test_equal_requests_share_one_answer(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.record(*minutes(0, 1))
        room.feed.gate.clear()
        waiting = [asyncio.ensure_future(room.bars(NOW_S - 3600, NOW_S)) for _ in range(3)]
        await room.until(lambda: room.market._history._flights)
        waiting[0].cancel()
        await asyncio.sleep(0.05)
        assert room.feed.broken_off == 0
        room.feed.gate.set()
        assert len(await waiting[1]) == len(await waiting[2]) == 2
        assert len(room.feed.asked) == 1

    run(scenario())


def test_the_last_who_gives_up_breaks_it_off(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.gate.clear()
        waiting = asyncio.ensure_future(room.bars(NOW_S - 3600, NOW_S))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await room.settle()
        assert room.feed.broken_off == 1
        room.feed.gate.set()
        room.feed.record(*minutes(0))
        assert len(await room.bars(NOW_S - 3600, NOW_S)) == 1

    run(scenario())


def test_stopping_breaks_off_what_is_under_way(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.gate.clear()
        waiting = asyncio.ensure_future(room.bars(NOW_S - 3600, NOW_S))
        room.market.subscribe(CONNECTION, SPY)
        room.market.live_bars(CONNECTION, QQQ, M1)
        await asyncio.sleep(0.05)
        await room.market.stop()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(scenario())


@pytest.mark.parametrize("error", [BrokerError("the line broke"), UserError("no such symbol")])
def test_a_failure_says_so_and_holds_what_is_stored(
    room: Room, run: LoopRunner, error: BrokerError
) -> None:
    async def scenario() -> None:
        room.feed.record(*minutes(*range(60)))
        await room.bars(NOW_S - 3600, NOW_S - 600)
        room.feed.history_errors.append(error)
        with pytest.raises(HistoryUnavailable, match=f"{error}.*50 stored bars") as caught:
            await room.bars(NOW_S - 3600, NOW_S)
        assert len(caught.value.stored) == 50
        assert len(await room.bars(NOW_S - 3600, NOW_S)) == 60
        room.feed.history_errors.append(error)
        with pytest.raises(HistoryUnavailable, match="none are stored"):
            await room.bars(NOW_S - 7200, NOW_S - 7000)

    run(scenario())


def test_a_failure_in_the_middle_keeps_what_came_before(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.record(*minutes(*range(60)))
        await room.bars(NOW_S - 2400, NOW_S - 1800)
        room.feed.history_errors.append(BrokerError("the line broke"))
        room.feed.asked.clear()
        with pytest.raises(HistoryUnavailable):
            await room.bars(NOW_S - 3600, NOW_S)
        assert room.feed.asked == [(M1, NOW_S - 3600, NOW_S - 2400)]
        room.feed.asked.clear()
        await room.bars(NOW_S - 3600, NOW_S)
        assert [(a, b) for _, a, b in room.feed.asked] == [
            (NOW_S - 3600, NOW_S - 2400),
            (NOW_S - 1800, NOW_S),
        ]

    run(scenario())


def test_a_broker_without_history_is_answered_for_by_the_store(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.record(*minutes(*range(60)))
        await room.bars(NOW_S - 3600, NOW_S)
        room.feed.can = Capabilities()
        room.feed.asked.clear()
        assert len(await room.bars(NOW_S - 7200, NOW_S)) == 60
        assert room.feed.asked == []

    run(scenario())


def test_a_replay_is_always_asked_and_stored_for_export(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.can = Capabilities(history=True, replay=True)
        room.market.subscribe(CONNECTION, SPY)
        room.feed.quote(at_s=NOW_S, kind=DataKind.REPLAY)
        room.market.flush()
        room.feed.record(*minutes(*range(60)))
        await room.bars(NOW_S - 3600, NOW_S)
        room.feed.record(*minutes(0, 1))  # another recording
        assert len(await room.bars(NOW_S - 3600, NOW_S)) == 2
        assert len(room.feed.asked) == 2
        assert len(room.history.get(CONNECTION, SPY.key, M1, 0, NOW_S)) == 2

    run(scenario())


def test_bars_of_a_generator_are_nobody_s_history(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.can = Capabilities(history=True, replay=True)
        room.market.subscribe(CONNECTION, SPY)
        room.feed.quote(at_s=NOW_S, kind=DataKind.SYNTHETIC)
        room.market.flush()
        room.feed.record(*minutes(*range(60)))
        assert len(await room.bars(NOW_S - 3600, NOW_S)) == 60
        assert not len(room.history.get(CONNECTION, SPY.key, M1, 0, NOW_S))

    run(scenario())


def test_a_timeframe_the_broker_lacks_is_gathered_from_a_shorter_one(
    room: Room, run: LoopRunner
) -> None:
    async def scenario() -> None:
        room.feed.record(*minutes(*range(60)))
        lacking = BrokerError("no such bars", Outcome.REJECTED, code="timeframe")
        room.feed.history_errors += [lacking, lacking]
        found = await room.bars(NOW_S - 3600, NOW_S, Timeframe.M10)
        assert found.start_s.tolist() == list(range(NOW_S - 3600, NOW_S, 600))
        assert found.volume.tolist() == [10.0] * 6
        assert [t for t, _, _ in room.feed.asked] == [Timeframe.M10, Timeframe.M5, M1]

    run(scenario())


def test_a_broker_that_has_no_bars_at_all_says_so(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.history_errors.append(BrokerError("none", code="timeframe"))
        with pytest.raises(HistoryUnavailable):
            await room.bars(NOW_S - 60, NOW_S, Timeframe.S1)

    run(scenario())


def test_impossible_bars_are_left_out(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.record(*minutes(0), Bar(NOW_S - 3000, 10, 9, 11, 10, 1), *minutes(20))
        assert len(await room.bars(NOW_S - 3600, NOW_S)) == 2

    run(scenario())


def test_a_broken_store_costs_nothing_but_the_storing(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.record(*minutes(*range(60)))
        room.history.close()
        for _ in range(2):
            assert len(await room.bars(NOW_S - 3600, NOW_S)) == 60
        assert len(room.notices) == 1
        assert "Charts go on with what the brokers answer" in room.notices[0]

    run(scenario())
    room.history = History(room.history._path)
