"""Market data lines that TWS loses, and floods of ticks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from app.brokers.ibkr_tws import market_data
from tests.brokers.ibkr_tws.data_desk import (
    AAPL,
    MSFT,
    SPY,
    desk_at,
    on,
    prints,
    quoted,
)
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.load import Load
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with quoted(request.param) as peer:
        yield peer


def test_after_1101_everything_is_asked_for_anew(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            for con_id in (AAPL, SPY):
                await on(desk, con_id)
            peer.call(desk.feed.forget_streams)
            desk.market.lost_all()
            await desk.quotes(2)
            await desk.settled()
            assert len(desk.asked(Ask.MARKET_DATA)) == 4
            assert len(desk.asked(Ask.TICK_BY_TICK)) == 4
            assert desk.asked(Ask.CANCEL_MARKET_DATA) == [], "TWS knows nothing to cancel"
            assert len(desk.asked(Ask.MARKET_DATA_TYPE)) == 2
            assert len(desk.market) == 2
            peer.call(peer.world.print, AAPL, "230.05", 9)
            await until(lambda: desk.sink.trades)
            await desk.settled()
            assert prints(desk) == [(230.05, 9.0)]

    run(scenario())


def test_after_a_farm_is_back_the_silent_ones_are_asked_for_anew(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market_data, "VERIFY_S", 0.15)

    async def scenario() -> None:
        async with desk_at(peer) as desk:
            for con_id in (AAPL, SPY):
                await on(desk, con_id)
            desk.market.farm_is_back()
            desk.market.farm_is_back()
            peer.call(peer.world.quote, AAPL, "231.00", "231.02")
            await until(lambda: len(desk.asked(Ask.MARKET_DATA)) == 3)
            await desk.settled()
            asked = desk.asked(Ask.MARKET_DATA)
            assert [fields[3] for fields in asked[2:]] == [str(SPY)]
            assert [f[2] for f in desk.asked(Ask.CANCEL_MARKET_DATA)] == [asked[1][2]]
            desk.market.farm_is_back()
            desk.market.close()
            await asyncio.sleep(0.2)
            assert len(desk.asked(Ask.MARKET_DATA)) == 3

    run(scenario())


def test_thousands_of_ticks_are_few_quotes(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            for con_id in (AAPL, SPY, MSFT):
                await on(desk, con_id)
            load = peer.call(peer.world.part, Load)
            peer.call(load.start, [AAPL, SPY, MSFT], 5000)
            await until(lambda: peer.call(lambda: load.sent) > 2000)
            peer.call(load.stop)
            await desk.settled()
            assert len(desk.sink.quotes) < peer.call(lambda: load.sent) / 5
            assert not [quote for quote in desk.sink.quotes if quote.fault]

    run(scenario())
