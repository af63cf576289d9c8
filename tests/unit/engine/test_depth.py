"""Order books: asked for once, newest once a frame, gone with the last who looks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.bus import EventBus
from app.base.errors import BrokerError, Outcome
from app.domain.events import DepthFlushed, NoticeRaised
from app.domain.ids import ConnectionId
from app.engine.depth import ROWS
from app.engine.market_data import MarketData
from app.store.history import History
from tests.doubles.clock import FakeClock
from tests.doubles.loop import LoopRunner, until
from tests.doubles.market import Feed
from tests.doubles.orders import CONNECTION, QQQ, SPY

KEY = (CONNECTION, SPY.key)
OTHER = ConnectionId("other")


class Room:
    """Market data with a source that keeps books."""

    def __init__(self, clock: FakeClock, folder: Path) -> None:
        self.bus, self.feed = EventBus(), Feed(clock)
        self.history = History(folder / "history.db")
        self.market = MarketData(self.bus, clock, self.feed, self.history)
        self.frames: list[DepthFlushed] = []
        self.notices: list[str] = []
        self.bus.subscribe(DepthFlushed, self.frames.append)
        self.bus.subscribe(NoticeRaised, lambda event: self.notices.append(event.text))

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
def room(clock: FakeClock, tmp_path: Path, run: LoopRunner) -> Iterator[Room]:
    made = Room(clock, tmp_path)
    yield made
    run(made.market.stop())
    made.history.close()


def test_a_book_is_asked_for_once_and_ended_with_the_last_look(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        looks = [room.market.depth.subscribe(CONNECTION, SPY) for _ in range(2)]
        await room.settle()
        assert room.feed.calls == [f"subscribe depth SPY {ROWS}"]
        looks[0].close()
        looks[0].close()
        await room.settle()
        assert len(room.feed.calls) == 1
        looks.append(room.market.depth.subscribe(CONNECTION, SPY))
        looks[1].close()
        await room.settle()
        assert len(room.feed.calls) == 1
        looks[2].close()
        await room.settle()
        assert room.feed.calls[1:] == ["unsubscribe depth SPY"]
        assert not room.market.depth.is_wanted

    run(scenario())


def test_the_newest_books_come_in_one_event(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        depth = room.market.depth
        looks = [depth.subscribe(CONNECTION, SPY), depth.subscribe(OTHER, QQQ)]
        await room.settle()
        room.feed.book(9.8)
        mine = room.feed.book(9.9)
        theirs = room.feed.book(5.0, 5.1, of=QQQ, connection_id=OTHER)
        room.market.flush()
        assert [f.depths for f in room.frames] == [{KEY: mine, (OTHER, QQQ.key): theirs}]
        assert depth.book(KEY) is mine
        room.market.flush()
        assert len(room.frames) == 1
        for look in looks:
            look.close()

    run(scenario())


def test_frames_come_by_themselves_for_a_book_alone(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        look = room.market.depth.subscribe(CONNECTION, SPY)
        room.feed.book()
        await until(lambda: room.frames)
        assert [list(frame.depths) for frame in room.frames] == [[KEY]]
        look.close()

    run(scenario())


def test_a_book_nobody_looks_at_is_forgotten(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        depth = room.market.depth
        look = depth.subscribe(CONNECTION, SPY)
        await room.settle()
        room.feed.book()
        room.market.flush()
        room.feed.gate.clear()  # the broker has not heard of the end yet
        look.close()
        room.feed.book()
        room.market.flush()
        assert depth.book(KEY) is None
        assert len(room.frames) == 1
        room.feed.gate.set()

    run(scenario())


def test_a_new_connection_is_asked_again_and_old_books_are_gone(
    room: Room, run: LoopRunner
) -> None:
    async def scenario() -> None:
        depth = room.market.depth
        looks = [depth.subscribe(CONNECTION, SPY), depth.subscribe(OTHER, QQQ)]
        await room.settle()
        room.feed.book()
        room.feed.book(of=QQQ, connection_id=OTHER)
        room.market.flush()
        room.feed.calls.clear()
        await room.market.resubscribe(CONNECTION)
        assert room.feed.calls == [f"subscribe depth SPY {ROWS}"]
        assert depth.book(KEY) is None
        assert depth.book((OTHER, QQQ.key)) is not None
        for look in looks:
            look.close()

    run(scenario())


def test_data_that_come_after_all_end_the_trouble(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        room.feed.errors.append(BrokerError("no answer within 10 s"))
        room.feed.errors.append(BrokerError("no answer within 10 s"))
        looks = [
            room.market.depth.subscribe(CONNECTION, SPY),
            room.market.subscribe(CONNECTION, SPY),
        ]
        await room.settle()
        assert [look.trouble for look in looks] == ["no answer within 10 s"] * 2
        room.feed.book()
        room.feed.quote()
        room.market.flush()
        assert [look.trouble for look in looks] == ["", ""]
        for look in looks:
            look.close()
        await room.settle()
        room.feed.errors.append(BrokerError("not listed", Outcome.REJECTED))
        refused = room.market.subscribe(CONNECTION, QQQ)
        await room.settle()
        room.feed.quote(of=QQQ)
        room.market.flush()
        assert refused.trouble == "not listed", "it is not on"
        refused.close()

    run(scenario())


def test_a_refusal_is_told_in_words(room: Room, run: LoopRunner) -> None:
    async def scenario() -> None:
        text = "three books are open already; close one"
        room.feed.errors.append(BrokerError(text, Outcome.REJECTED))
        look = room.market.depth.subscribe(CONNECTION, SPY)
        await room.settle()
        assert look.trouble == text
        assert room.notices == [f"no market depth of SPY: {text}"]
        look.close()
        await room.settle()
        assert not room.market.depth.is_wanted

    run(scenario())
