"""The peer's market data, heard through the real SDK."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.brokers.ibkr_tws.raw_client import RawClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.depth import DELETE, INSERT, Depths, Row, steps
from tests.doubles.tws.feed import Book, Feed
from tests.doubles.tws.load import Load
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.tape import RealTimeBars
from tests.doubles.tws.wire import FieldReader

AAPL, SPY = 265598, 756733


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        peer.call(peer.world.quote, AAPL, "230.00", "230.02", bid_size=300, ask_size=500)
        yield peer


def feed_of(peer: TwsPeer) -> Feed:
    return peer.call(peer.world.part, Feed)


def aapl(client: RawClient, **more: Any) -> Any:
    return client.ib.Contract(**{"conId": AAPL, "exchange": "SMART", **more})


def watch(
    client: RawClient, req_id: int, generic: str = "", *, snapshot: bool = False, **more: Any
) -> None:
    client.send.reqMktData(req_id, aapl(client, **more), generic, snapshot, False, [])


def prices(client: RawClient, req_id: int) -> list[tuple[int, float]]:
    return [(tick, price) for _, tick, price, _ in client.heard("priceSizeTick", req_id)]


def test_a_live_line(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            watch(client, 5, "233,236")
            assert (await client.told("tickReqParams", 5))[0] == (5, 0.01, "9c0001", 3)
            assert await client.told("marketDataType", 5) == [(5, 1)]
            await client.told("tickGeneric", 5, 2)
            assert (1, 230.0) in prices(client, 5)
            assert (2, 230.02) in prices(client, 5)
            assert (5, 0, 300.0) in client.heard("tickSize", 5)
            client.forget()
            peer.call(peer.world.quote, AAPL, "230.01", "230.02", bid_size=300)
            await client.told("priceSizeTick", 5)
            assert prices(client, 5) == [(1, 230.01)]
            client.forget()
            peer.call(peer.world.quote, AAPL, "230.01", "230.02", ask_size=700)
            assert await client.told("tickSize", 5) == [(5, 3, 700.0)]
            client.forget()
            peer.call(peer.world.print, AAPL, "230.02", 200)
            texts = {tick: text for _, tick, text in await client.told("tickString", 5, 2)}
            assert texts[48].startswith("230.02;200;")
            assert texts[48].endswith(";true")
            assert (4, 230.02) in prices(client, 5)
            client.send.cancelMktData(5)
            client.send.cancelMktData(5)
            assert await client.refused(5) == 300

    run(scenario())


def test_what_a_market_without_quotes_shows(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            client.send.reqMktData(
                5, client.ib.Contract(conId=SPY, exchange="SMART"), "", False, False, []
            )
            await client.told("tickString", 5)
            seen = dict(prices(client, 5))
            assert seen[1] < seen[4] < seen[2]
            assert {6, 7, 9, 14} <= set(seen)

    run(scenario())


def test_a_snapshot_ends(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            watch(client, 5, snapshot=True)
            await client.told("tickSnapshotEnd", 5)
            client.send.cancelMktData(5)
            assert await client.refused(5) == 300
            watch(client, 6, "233", snapshot=True)
            assert await client.refused(6) == 321

    run(scenario())


@pytest.mark.parametrize("code", [354, 10089, 10168])
def test_without_a_subscription_delayed_has_to_be_asked_for(
    peer: TwsPeer, run: LoopRunner, code: int
) -> None:
    async def scenario() -> None:
        feed_of(peer).refusals[AAPL] = code
        async with RawClient.to(peer) as client:
            watch(client, 5)
            assert await client.refused(5) == code
            assert not client.heard("priceSizeTick")
            client.send.reqMarketDataType(3)
            watch(client, 6)
            assert await client.refused(6) == 10167
            assert await client.told("marketDataType", 6) == [(6, 3)]
            await client.told("priceSizeTick", 6, 2)
            assert (66, 230.0) in prices(client, 6)
            assert (67, 230.02) in prices(client, 6)
            client.forget()
            peer.call(peer.world.print, AAPL, "230.02", 100)
            assert (await client.told("tickString", 6))[0][1] == 88
            assert (68, 230.02) in prices(client, 6)

    run(scenario())


def test_other_refusals(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        feed = feed_of(peer)
        async with RawClient.to(peer) as client:
            for req_id, code in ((5, 10197), (6, 101)):
                feed.refusals[AAPL] = code
                watch(client, req_id)
                assert await client.refused(req_id) == code
            feed.refusals[AAPL] = 10090
            watch(client, 7)
            assert await client.refused(7) == 10090
            await client.told("marketDataType", 7)
            await client.told("tickGeneric", 7)
            assert not {1, 2, 4} & {tick for tick, _ in prices(client, 7)}
            feed.refusals[AAPL] = 10167
            watch(client, 8)
            assert await client.refused(8) == 10167
            assert await client.told("marketDataType", 8) == [(8, 3)]
            feed.refusals.clear()
            feed.max_lines = 2
            watch(client, 9)
            assert await client.refused(9) == 101
            watch(client, 10, exchange="")
            assert await client.refused(10) == 321
            client.send.reqMktData(
                11, client.ib.Contract(symbol="MSFT", secType="STK", exchange="SMART"),
                "", False, False, [],
            )  # fmt: skip
            assert await client.refused(11) == 200

    run(scenario())


def test_a_closed_market_is_frozen_or_empty(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        feed_of(peer).closed.add(AAPL)
        async with RawClient.to(peer) as client:
            watch(client, 5)
            await client.told("marketDataType", 5)
            await client.told("tickGeneric", 5)
            assert dict(prices(client, 5))[1] == -1
            client.send.reqMarketDataType(2)
            watch(client, 6)
            assert await client.told("marketDataType", 6) == [(6, 2)]
            await client.told("tickGeneric", 6)
            assert dict(prices(client, 6))[1] == 230.0

    run(scenario())


def test_streams_end_without_a_word(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            watch(client, 5)
            client.send.reqTickByTickData(6, aapl(client), "Last", 0, False)
            client.send.reqMktDepth(7, aapl(client), 5, True, [])
            client.send.reqRealTimeBars(8, aapl(client), 5, "TRADES", False, [])
            await client.told("updateMktDepthL2", 7, 10)
            peer.call(peer.world.part, RealTimeBars)
            peer.call(peer.world.lose_ibkr)
            peer.call(peer.world.restore_ibkr, kept=False)
            client.forget()
            peer.call(peer.world.quote, AAPL, "231.00", "231.02")
            peer.call(peer.world.print, AAPL, "231.00", 5)
            peer.call(peer.world.part(RealTimeBars).end_bar, AAPL)
            client.send.reqCurrentTime()
            await client.told("currentTime")
            assert {call.name for call in client.recorder.calls} <= {"currentTime", "error"}
            watch(client, 5)
            await client.told("marketDataType", 5)

    run(scenario())


def test_nothing_ticks_in_the_dark(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            watch(client, 5)
            await client.told("tickGeneric", 5)
            client.forget()
            peer.call(peer.world.lose_ibkr)
            peer.call(peer.world.quote, AAPL, "231.00", "231.02")
            peer.call(peer.world.restore_ibkr)
            peer.call(peer.world.set_farm, "market", is_ok=False)
            peer.call(peer.world.quote, AAPL, "231.50", "231.52")
            peer.call(peer.world.set_farm, "market", is_ok=True)
            peer.call(peer.world.quote, AAPL, "232.00", "232.02")
            await client.told("priceSizeTick", 5, 2)
            assert prices(client, 5) == [(1, 232.0), (2, 232.02)]

    run(scenario())


def test_tick_by_tick(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            for req_id, kind in enumerate(("Last", "AllLast", "BidAsk", "MidPoint"), 5):
                client.send.reqTickByTickData(req_id, aapl(client), kind, 0, False)
            assert (await client.told("tickByTickBidAsk", 7))[0][2:6] == (230.0, 230.02, 300, 500)
            assert (await client.told("tickByTickMidPoint", 8))[0][2] == 230.01
            peer.call(peer.world.print, AAPL, "230.01", 50)
            ((_, kind, _, price, size, _, place, _),) = await client.told("tickByTickAllLast", 5)
            assert (kind, price, size, place) == (1, 230.01, 50, "AMEX")
            assert (await client.told("tickByTickAllLast", 6))[0][1] == 2
            client.send.reqTickByTickData(9, aapl(client), "Last", 3, True)
            ((_, ticks, done),) = await client.told("historicalTicksLast", 9)
            assert (len(ticks), done) == (3, True)
            client.send.reqTickByTickData(10, aapl(client), "Last", 0, False)
            assert await client.refused(10) == 10190
            client.send.cancelTickByTickData(9)
            feed_of(peer).refusals[AAPL] = 354
            client.send.reqTickByTickData(11, aapl(client), "Last", 0, False)
            assert await client.refused(11) == 10189

    run(scenario())


def test_a_tape_that_ignores_sizes(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            client.send.reqTickByTickData(5, aapl(client), "BidAsk", 0, True)
            await client.told("tickByTickBidAsk", 5)
            peer.call(peer.world.quote, AAPL, "230.00", "230.02", bid_size=900)
            peer.call(peer.world.quote, AAPL, "230.01", "230.02", bid_size=800)
            rows = await client.told("tickByTickBidAsk", 5, 2)
            assert [row[2] for row in rows] == [230.0, 230.01]

    run(scenario())


def test_real_time_bars(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            client.send.reqRealTimeBars(5, aapl(client), 5, "TRADES", False, [])
            peer.until(lambda: bool(peer.world.part(RealTimeBars).clients))
            for price, size in (("230.00", 10), ("230.05", 30), ("229.95", 10)):
                peer.call(peer.world.print, AAPL, price, size)
            peer.call(peer.world.part(RealTimeBars).end_bar, AAPL)
            ((_, at, *bar),) = await client.told("realtimeBar", 5)
            assert at % 5 == 0
            assert bar == [230.0, 230.05, 229.95, 229.95, 50, 230.02, 3]
            client.send.cancelRealTimeBars(5)
            client.send.cancelRealTimeBars(5)
            assert await client.refused(5) == 300
            feed_of(peer).refusals[AAPL] = 354
            client.send.reqRealTimeBars(6, aapl(client), 5, "TRADES", False, [])
            assert await client.refused(6) == 420

    run(scenario())


class ClientBook:
    """What a client makes of the rows of one side."""

    def __init__(self, rows: list[tuple[Any, ...]], side: int) -> None:
        self.levels: list[tuple[Any, Any]] = []
        for position, operation, row_side, price, size in rows:
            if row_side != side:
                continue
            if operation == INSERT:
                self.levels.insert(position, (price, size))
            elif operation == DELETE:
                del self.levels[position]
            else:
                self.levels[position] = (price, size)


def deep_rows(client: RawClient, req_id: int) -> list[tuple[Any, ...]]:
    """position operation side price size, whichever message brought them."""
    rows = [(row[1], *row[3:7]) for row in client.heard("updateMktDepthL2", req_id)]
    return rows or [row[1:] for row in client.heard("updateMktDepth", req_id)]


def test_a_smart_book(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            client.send.reqMktDepth(5, aapl(client), 5, True, [])
            await client.told("updateMktDepthL2", 5, 10)
            assert await client.refused(5) == 2152
            peer.call(peer.world.quote, AAPL, "230.01", "230.02", bid_size=100)
            peer.call(peer.world.quote, AAPL, "229.99", "230.00")
            peer.drained()
            client.send.reqCurrentTime()
            await client.told("currentTime")
            bids = ClientBook(deep_rows(client, 5), side=1).levels
            assert [price for price, _ in bids] == [229.99, 229.98, 229.97, 229.96, 229.95]
            asks = ClientBook(deep_rows(client, 5), side=0).levels
            assert [price for price, _ in asks] == [230.0, 230.01, 230.02, 230.03, 230.04]
            client.forget()
            peer.call(next(iter(peer.world.sessions)).part(Depths).reset, AAPL)
            assert await client.refused(5) == 317
            await client.told("updateMktDepthL2", 5, 10)
            client.forget()
            client.send.cancelMktDepth(5, False)
            assert await client.refused(5) == 310
            client.send.cancelMktDepth(5, True)

    run(scenario())


def test_a_book_of_one_exchange(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        feed = feed_of(peer)
        async with RawClient.to(peer) as client:
            pair = client.ib.Contract(conId=12087792, exchange="IDEALPRO")
            client.send.reqMktDepth(5, pair, 3, False, [])
            await client.told("updateMktDepth", 5, 6)
            one: Row = (Decimal("1.2"), Decimal(5), "")
            peer.call(feed.set_book, 12087792, Book(bids=[one], asks=[]))
            await client.told("updateMktDepth", 5, 12)
            assert ClientBook(deep_rows(client, 5), side=1).levels == [(1.2, 5.0)]
            assert ClientBook(deep_rows(client, 5), side=0).levels == []
            client.send.reqMktDepth(6, aapl(client), 3, False, [])
            assert await client.refused(6) == 10092
            feed.max_depth = 1
            client.send.reqMktDepth(7, aapl(client), 3, True, [])
            assert await client.refused(7) == 309
            client.send.reqMktDepthExchanges()
            ((exchanges,),) = await client.told("mktDepthExchanges")
            assert ("CME", "FUT") in {(row.exchange, row.secType) for row in exchanges}

    run(scenario())


def test_steps_lead_from_one_book_to_any_other() -> None:
    dice = random.Random(7)
    for _ in range(300):
        old, new = (
            sorted(
                (
                    (Decimal(price), Decimal(dice.randint(1, 3)), "")
                    for price in dice.sample(range(8), dice.randint(0, 5))
                ),
                reverse=True,
            )
            for _ in range(2)
        )
        rows = [
            (position, operation, 1, *row[:2])
            for position, operation, row in [
                *((at, INSERT, row) for at, row in enumerate(old)),
                *steps(old, new, lambda a, b: a > b),
            ]
        ]
        assert ClientBook(rows, side=1).levels == [row[:2] for row in new]


def test_thousands_of_ticks(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        load = peer.call(peer.world.part, Load)
        async with RawClient.to(peer) as client:
            watch(client, 5)
            client.send.reqMktData(
                6, client.ib.Contract(conId=SPY, exchange="SMART"), "", False, False, []
            )
            await client.told("tickGeneric", 6)
            client.forget()
            peer.call(load.start, [AAPL, SPY], 5000)
            await client.told("priceSizeTick", count=1000)
            peer.call(load.stop)
            for req_id in (5, 6):
                ticks = prices(client, req_id)
                assert max(p for t, p in ticks if t == 1) < min(p for t, p in ticks if t == 2)

    run(scenario())


def test_nothing_is_left_of_a_client_that_went(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        feed = feed_of(peer)
        async with RawClient.to(peer) as client:
            watch(client, 5)
            client.send.reqTickByTickData(6, aapl(client), "Last", 0, False)
            client.send.reqMktDepth(7, aapl(client), 5, True, [])
            client.send.reqRealTimeBars(8, aapl(client), 5, "TRADES", False, [])
            await client.told("updateMktDepthL2", 7, 10)
            peer.until(lambda: bool(peer.world.part(RealTimeBars).clients))
        peer.until(lambda: not peer.world.connections)
        assert not peer.call(lambda: peer.world.part(RealTimeBars).clients)
        assert len(peer.world.on_quote) <= 1  # orders listen, too
        assert feed.on_book == []

    run(scenario())


def test_a_message_that_is_too_short_is_refused(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            client.send.send(1, 11, 5)
            assert await client.refused(-1) in (320, 2104, 2106, 2158)
            while not any(row[1] == 320 for row in client.heard("error")):
                await client.told("error", count=len(client.heard("error")) + 1)

    run(scenario())
    assert FieldReader([]).rest() == []
