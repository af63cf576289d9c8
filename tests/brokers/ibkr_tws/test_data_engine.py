"""Market data on their whole way: from TWS's socket to what the desk tells its windows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.base.paths import Paths
from app.domain.events import DepthFlushed, InstrumentFound, ProgressMade, QuotesFlushed
from app.domain.instrument import Instrument, OptionRight
from app.domain.market import Bar, Timeframe
from app.domain.session import calendar
from tests.brokers.ibkr_tws.data_desk import AAPL, EUR_USD, SPY
from tests.brokers.ibkr_tws.line_desk import tell
from tests.brokers.ibkr_tws.test_adapter_engine import NAME, Desk, trade
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.feed import Feed
from tests.doubles.tws.history import Queries
from tests.doubles.tws.incidents import lose_ibkr, restore_ibkr
from tests.doubles.tws.message_numbers import Tell
from tests.doubles.tws.peer import TwsPeer


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        peer.call(peer.world.quote, AAPL, "230.00", "230.02")
        yield peer


async def found(desk: Desk, text: str) -> Instrument:
    await desk.engine.connections.connect(NAME)
    return (await desk.engine.instruments.search(NAME, text))[0]


def test_quotes_and_prints(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        market, frames = desk.engine.market, list[QuotesFlushed]()
        desk.engine.bus.subscribe(QuotesFlushed, frames.append)
        aapl = await found(desk, "AAPL")
        look, key = market.subscribe(NAME, aapl), (NAME, aapl.key)
        await until(lambda: market.quote(key))
        peer.call(peer.world.print, AAPL, "230.02", 70)
        await until(lambda: any(key in frame.prints for frame in frames))
        assert [t.size for frame in frames for t in frame.prints.get(key, [])] == [70.0]
        assert look.trouble == ""
        look.close()

    trade(run, home, peer, play)


def test_trouble_is_told_beside_the_instrument(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        feed = peer.call(peer.world.part, Feed)
        peer.call(feed.refusals.__setitem__, AAPL, 354)
        aapl = await found(desk, "AAPL")
        look = desk.engine.market.subscribe(NAME, aapl)
        await until(lambda: look.trouble)
        assert "set Market data to delayed" in look.trouble
        assert [n.text for n in desk.notices if "no market data of AAPL" in n.text]
        look.close()

    trade(run, home, peer, play)


def test_order_books(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        books = list[DepthFlushed]()
        desk.engine.bus.subscribe(DepthFlushed, books.append)
        aapl = await found(desk, "AAPL")
        look, key = desk.engine.market.depth.subscribe(NAME, aapl), (NAME, aapl.key)
        await until(lambda: desk.engine.market.depth.book(key))
        assert books[0].depths[key].bids[0].price == 230.0
        peer.call(peer.world.quote, AAPL, "231.00", "231.02")
        await until(lambda: books[-1].depths[key].bids[0].price == 231.0)
        look.close()

    trade(run, home, peer, play)


def test_option_chains(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        aapl, catalog = await found(desk, "AAPL"), desk.engine.instruments
        known = list[InstrumentFound]()
        desk.engine.bus.subscribe(InstrumentFound, known.append)
        chain = (await catalog.option_chains(NAME, aapl))[0]
        option = await catalog.option(
            NAME, chain, chain.expiries[0], chain.strikes[0], OptionRight.CALL
        )
        assert [event.instrument for event in known] == [option]

    trade(run, home, peer, play)


def test_bars_with_progress_and_the_bar_under_way(
    run: LoopRunner, home: Paths, peer: TwsPeer
) -> None:
    async def play(desk: Desk) -> None:
        told, market = list[ProgressMade](), desk.engine.market
        desk.engine.bus.subscribe(ProgressMade, told.append)
        spy = await found(desk, "SPY")
        now = desk.engine.clock.now()
        bars = await market.bars(NAME, spy, Timeframe.M5, now - timedelta(days=20), now)
        assert len(bars) > 1000
        await until(lambda: told and told[-1].fraction == 1.0)
        live = market.live_bars(NAME, spy, Timeframe.M1, 100)
        await until(lambda: not live.is_loading and len(live.series) > 0)
        assert live.problem == ""
        peer.call(peer.world.print, SPY, "512.34", 10)
        await until(lambda: live.last is not None and live.last.close == 512.34)
        live.close()

    trade(run, home, peer, play)


def kept_up_to_date(peer: TwsPeer) -> list[int]:
    """The numbers of the bars that the peer keeps up to date."""
    return peer.call(lambda: [n for s in peer.world.sessions for n in s.part(Queries).updates])


def test_the_bar_under_way_is_tws_s_own(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        market = desk.engine.market
        spy = await found(desk, "SPY")
        live = market.live_bars(NAME, spy, Timeframe.M1, 100)
        await until(lambda: not live.is_loading and kept_up_to_date(peer))
        (number,) = kept_up_to_date(peer)
        now_s = desk.engine.clock.now().timestamp()
        start_s = calendar(spy.session).bar_start_s(now_s, Timeframe.M1)
        # reqId count date open close high low average volume
        tell(peer, Tell.HISTORY_UPDATE, number, 9, start_s, 500, 512, 600, 400, 510, 7777)
        await until(lambda: live.last == Bar(start_s, 500, 600, 400, 512, 7777))
        peer.call(lose_ibkr, peer.world)
        peer.call(lambda: restore_ibkr(peer.world, kept=False))
        await until(lambda: kept_up_to_date(peer) and kept_up_to_date(peer) != [number])
        assert len(kept_up_to_date(peer)) == 1
        live.close()
        await until(lambda: not kept_up_to_date(peer))

    trade(run, home, peer, play)


def test_a_pair_has_a_bar_under_way(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        pair = await found(desk, "EUR.USD")
        live = desk.engine.market.live_bars(NAME, pair, Timeframe.H1, 10)
        await until(lambda: not live.is_loading and kept_up_to_date(peer))
        peer.call(peer.world.quote, EUR_USD, "1.2000", "1.2004")
        await until(lambda: live.last is not None and abs(live.last.close - 1.2002) < 1e-9)
        assert (live.problem, desk.notices) == ("", [])
        live.close()

    trade(run, home, peer, play)


def test_refused_the_chart_goes_on_from_prints(run: LoopRunner, home: Paths, peer: TwsPeer) -> None:
    async def play(desk: Desk) -> None:
        spy = await found(desk, "SPY")
        live = desk.engine.market.live_bars(NAME, spy, Timeframe.H4, 10)
        await until(lambda: not live.is_loading and len(live.series) > 0)
        peer.call(peer.world.print, SPY, "512.34", 10)
        await until(lambda: live.last is not None and live.last.close == 512.34)
        assert not kept_up_to_date(peer)
        assert desk.notices == []
        live.close()

    trade(run, home, peer, play)
