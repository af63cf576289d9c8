"""Order books at a peer: rows in, one book a packet out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.base.errors import Outcome
from app.brokers.ibkr_tws import depth
from app.brokers.ibkr_tws.depth_book import DELETE, INSERT, UPDATE, DepthBook
from app.domain.ids import InstrumentKey
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Depth, DepthLevel
from tests.brokers.ibkr_tws.data_desk import AAPL, BTC, MSFT, SPY, DataDesk, desk_at, refusal
from tests.brokers.ibkr_tws.line_desk import tell
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.depth import Depths as PeerDepths
from tests.doubles.tws.depth import Row
from tests.doubles.tws.feed import Book
from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.peer import TwsPeer

KEY = InstrumentKey("SEC|AAPL|USD")
AT = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)
ASKS, BIDS = 0, 1
ROWS = 5


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        peer.call(peer.world.quote, AAPL, "230.00", "230.02", bid_size=300, ask_size=500)
        yield peer


# ---- the book ----


def shown(book: DepthBook) -> tuple[list[float], list[float]]:
    """Prices of bids and asks."""
    found = book.depth(KEY, AT, 1.0)
    return [level.price for level in found.bids], [level.price for level in found.asks]


def test_rows_are_inserted_changed_and_deleted() -> None:
    book = DepthBook(3)
    for at, price in enumerate((10.0, 9.9, 9.8)):
        book.change(at, INSERT, BIDS, price, 1.0, "ARCA")
    book.change(0, INSERT, ASKS, 10.1, 2.0)
    assert shown(book) == ([10.0, 9.9, 9.8], [10.1])
    book.change(1, INSERT, BIDS, 9.95, 1.0)
    assert shown(book)[0] == [10.0, 9.95, 9.9], "what falls off the end is gone"
    book.change(2, UPDATE, BIDS, 9.91, 4.0)
    book.change(0, DELETE, BIDS, 0.0, 0.0)
    assert book.depth(KEY, AT, 1.0) == Depth(
        KEY,
        (DepthLevel(9.95, 1.0), DepthLevel(9.91, 4.0)),
        (DepthLevel(10.1, 2.0),),
        AT,
        1.0,
    )
    book.change(2, UPDATE, BIDS, 9.8, 1.0)
    assert shown(book)[0] == [9.95, 9.91, 9.8], "an update may begin a row"
    book.change(0, UPDATE, ASKS, 10.1, 0.0)
    assert shown(book)[1] == [], "a row of no size is none"
    assert not book.is_torn
    book.clear()
    assert shown(book) == ([], [])


@pytest.mark.parametrize(
    ("row", "is_torn"),
    [
        ((2, INSERT, BIDS), True),
        ((2, UPDATE, BIDS), True),
        ((-1, INSERT, BIDS), True),
        ((0, INSERT, 2), True),
        ((0, 7, BIDS), True),
        ((5, DELETE, BIDS), False),  # it had fallen off the end
    ],
)
def test_what_does_not_fit_tears_the_book(row: tuple[int, int, int], is_torn: bool) -> None:
    book = DepthBook(3)
    book.change(0, INSERT, BIDS, 10.0, 1.0)
    book.change(*row, 9.0, 1.0)
    assert book.is_torn is is_torn
    assert shown(book)[0] == [10.0]
    book.clear()
    assert not book.is_torn


def test_a_full_book_takes_no_row_more() -> None:
    book = DepthBook(1)
    book.change(0, INSERT, BIDS, 10.0, 1.0)
    book.change(1, UPDATE, BIDS, 9.0, 1.0)
    assert book.is_torn


# ---- at TWS ----


async def on(desk: DataDesk, con_id: int, rows: int = ROWS) -> Instrument:
    instrument = await desk.instrument(con_id)
    await desk.depth.subscribe(instrument, rows)
    return instrument


def set_book(peer: TwsPeer, desk: DataDesk, bids: list[Row], asks: list[Row]) -> None:
    peer.call(desk.feed.set_book, AAPL, Book(bids, asks))


def levels(rows: list[Row]) -> tuple[DepthLevel, ...]:
    return tuple(DepthLevel(float(price), float(size), maker) for price, size, maker in rows)


def test_a_smart_book_of_a_share(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await on(desk, AAPL)
            await on(desk, AAPL)
            await desk.settled()
            book = desk.sink.depths[-1]
            assert book.instrument == aapl.key
            assert [level.price for level in book.bids][:2] == [230.0, 229.99]
            assert [level.price for level in book.asks][:2] == [230.02, 230.03]
            assert len(book.bids) == len(book.asks) == ROWS
            assert book.bids[0].maker
            (asked,) = desk.asked(Ask.DEPTH)
            assert asked[15:17] == [str(ROWS), "1"]
            assert desk.notices() == [], "which exchanges there are is no news"

    run(scenario())


def test_a_plain_book_of_a_future(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            future = await desk.future()
            await desk.depth.subscribe(future, ROWS)
            await desk.settled()
            book = desk.sink.depths[-1]
            assert book.instrument == future.key
            assert len(book.bids) == ROWS
            assert book.bids[0].price < book.asks[0].price
            assert book.bids[0].maker == ""
            assert desk.asked(Ask.DEPTH)[0][16] == "0"
            await desk.depth.unsubscribe(future)
            await desk.settled()
            assert desk.asked(Ask.CANCEL_DEPTH)[0][3] == "0"

    run(scenario())


def test_the_book_stays_the_peer_s(peer: TwsPeer, run: LoopRunner) -> None:
    """Whatever moves, what is shown is what the peer holds; and one book a packet."""
    dice = random.Random(7)

    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, AAPL)
            for _ in range(40):
                prices = sorted(dice.sample(range(1, 60), 12))
                rows = [
                    (Decimal(price) / 10 + 220, Decimal(dice.randint(1, 9)), dice.choice("AB"))
                    for price in prices
                ]
                bids, asks = rows[:6][::-1][: dice.randint(0, 6)], rows[6:]
                set_book(peer, desk, bids, asks)
                await desk.settled()
                book = desk.sink.depths[-1]
                assert book.bids == levels(bids[:ROWS])
                assert book.asks == levels(asks[:ROWS])
            assert len(desk.sink.depths) <= 45

    run(scenario())


def test_a_reset_begins_anew(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, AAPL)
            await desk.settled()
            before = desk.sink.depths[-1]

            def reset() -> None:
                for session in peer.world.sessions:
                    session.part(PeerDepths).reset(AAPL)

            peer.call(reset)
            await desk.settled()
            after = desk.sink.depths[-1]
            assert (after.bids, after.asks) == (before.bids, before.asks)
            assert desk.notices() == []
            thin = Book([(Decimal(9), Decimal(1), "X")], [])
            peer.call(desk.feed.books.__setitem__, AAPL, thin)
            peer.call(reset)
            await desk.settled()
            after = desk.sink.depths[-1]
            assert (after.bids, after.asks) == (levels(thin.bids), ())

    run(scenario())


def test_after_the_end_nothing_is_told(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await on(desk, AAPL)
            await desk.settled()
            desk.sink.depths.clear()
            peer.call(peer.world.quote, AAPL, "229.00", "229.02")
            await desk.depth.unsubscribe(aapl)
            await desk.depth.unsubscribe(aapl)
            peer.call(peer.world.quote, AAPL, "228.00", "228.02")
            await desk.settled()
            assert desk.sink.depths == []
            (canceled,) = desk.asked(Ask.CANCEL_DEPTH)
            assert canceled[3] == "1", "as it was asked for"
            await desk.depth.subscribe(aapl, ROWS)
            await until(lambda: desk.sink.depths)

    run(scenario())


def test_ended_before_it_was_asked_leaves_nothing_on(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = Instrument("AAPL", AssetClass.EQUITY, "USD")
            asking = asyncio.create_task(desk.depth.subscribe(aapl, ROWS))
            await asyncio.sleep(0)
            await desk.depth.unsubscribe(aapl)
            await asyncio.wait([asking])
            await desk.settled()
            assert desk.asked(Ask.DEPTH) == []

    run(scenario())


def test_a_fourth_book_is_refused_in_words(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            first = await on(desk, AAPL)
            for con_id in (SPY, BTC):
                await on(desk, con_id)
            error = await refusal(on(desk, MSFT))
            assert (error.outcome, error.code) == (Outcome.REJECTED, "309")
            assert "close another one" in str(error)
            await desk.depth.unsubscribe(first)
            await on(desk, MSFT)

    run(scenario())


@pytest.mark.parametrize("code", [354, 10089])
def test_no_permission_is_told_in_words(code: int, peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            peer.call(desk.feed.refusals.__setitem__, AAPL, code)
            error = await refusal(on(desk, AAPL))
            assert (error.outcome, error.code) == (Outcome.REJECTED, str(code))
            assert "subscription" in str(error)
            unknown = Instrument("NOSUCH", AssetClass.EQUITY, "USD")
            error = await refusal(desk.depth.subscribe(unknown, ROWS))
            assert (error.outcome, error.code) == (Outcome.REJECTED, "no-contract")

    run(scenario())


def test_a_book_that_ends_is_missed_aloud(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, AAPL)
            await desk.settled()
            req_id = int(desk.asked(Ask.DEPTH)[0][2])
            tell(peer, Tell.ERROR, 2, req_id, 9999, "a word that nobody knows", "")
            await until(desk.notices)
            assert desk.notices()[0].startswith("the order book of AAPL: ")
            peer.call(peer.world.quote, AAPL, "229.00", "229.02")
            await until(lambda: desk.sink.depths[-1].bids[0].price == 229.0)
            tell(peer, Tell.ERROR, 2, req_id, 354, "Not subscribed any more", "")
            await until(lambda: len(desk.notices()) == 2)
            assert desk.notices()[1].startswith("no more market depth of AAPL: ")
            desk.depth.lost_all()
            assert len(desk.asked(Ask.DEPTH)) == 1

    run(scenario())


def test_a_torn_or_halted_book_is_asked_for_anew(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, AAPL)
            await desk.settled()
            first = int(desk.asked(Ask.DEPTH)[0][2])
            tell(peer, Tell.DEPTH_L2, 1, first, 40, "ARCA", INSERT, BIDS, 1.0, 1.0, 1)
            await desk.settled()
            assert len(desk.asked(Ask.DEPTH)) == 1, "not again at once"
            monkeypatch.setattr(depth, "AGAIN_AFTER_S", 0.0)
            tell(peer, Tell.DEPTH_L2, 1, first, 40, "ARCA", INSERT, BIDS, 1.0, 1.0, 1)
            await until(lambda: len(desk.asked(Ask.DEPTH)) == 2)
            await desk.settled()
            second = int(desk.asked(Ask.DEPTH)[1][2])
            tell(peer, Tell.ERROR, 2, second, 316, "Market depth data has been HALTED.", "")
            await until(lambda: len(desk.asked(Ask.DEPTH)) == 3)
            await desk.settled()
            assert desk.sink.depths[-1].bids[0].price == 230.0
            assert len(desk.asked(Ask.CANCEL_DEPTH)) == 1

    run(scenario())


def test_after_1101_books_are_asked_for_anew(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, AAPL)
            await desk.settled()
            peer.call(desk.feed.forget_streams)
            desk.sink.depths.clear()
            desk.depth.lost_all()
            await until(lambda: desk.sink.depths)
            assert len(desk.asked(Ask.DEPTH)) == 2
            assert desk.asked(Ask.CANCEL_DEPTH) == []
            desk.line.close()
            desk.depth.lost_all()
            error = await refusal(on(desk, SPY))
            assert error.outcome is Outcome.NOT_SENT
            await desk.line.ended()

    run(scenario())


def test_an_empty_book_says_nothing(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depth, "VERDICT_S", 0.1)

    async def scenario() -> None:
        async with desk_at(peer) as desk:
            peer.call(desk.feed.books.__setitem__, AAPL, Book())
            await on(desk, AAPL)
            assert desk.sink.depths == []
            set_book(peer, desk, [(Decimal(1), Decimal(2), "X")], [])
            await until(lambda: desk.sink.depths)

    run(scenario())
