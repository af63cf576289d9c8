"""Market data lines at a peer: quotes, prints, labels, limits, and why nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isnan

import pytest

from app.base.errors import Outcome
from app.brokers.ibkr_tws import market_data, tick_by_tick
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Aggressor, DataKind
from app.domain.reports import Notice, Severity
from tests.brokers.ibkr_tws.data_desk import (
    AAPL,
    BTC,
    EUR_USD,
    MSFT,
    SPY,
    desk_at,
    on,
    prints,
    quoted,
    refusal,
)
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.contracts import Market
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with quoted(request.param) as peer:
        yield peer


# ---- quotes ----


def test_a_quote_of_everything_that_is_known(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await desk.instrument(AAPL)
            await desk.market.subscribe(aapl)
            await desk.settled()
            quote = desk.sink.quotes[-1]
            assert quote.instrument == aapl.key
            assert (quote.bid, quote.ask, quote.last) == (230.0, 230.02, 230.01)
            assert (quote.bid_size, quote.ask_size, quote.volume) == (300.0, 500.0, 100.0)
            assert quote.kind is DataKind.LIVE
            assert abs(quote.at - datetime.now(UTC)) < timedelta(seconds=5)
            assert quote.received == pytest.approx(desk.clock.monotonic(), abs=5)
            assert desk.sink.trades == [], "what was traded before is no news"
            assert len(desk.market) == 1

    run(scenario())


def test_one_quote_for_a_packet(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, AAPL)

            def burst() -> None:
                for cents in range(50):
                    peer.world.quote(AAPL, f"229.{cents:02}", f"231.{cents:02}")

            peer.call(burst)
            await desk.settled()
            assert 1 <= len(desk.sink.quotes) <= 5
            assert (desk.sink.quotes[-1].bid, desk.sink.quotes[-1].ask) == (229.49, 231.49)

    run(scenario())


def test_a_side_nobody_quotes_is_not_known(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, AAPL)
            peer.call(peer.world.quote, AAPL, None, "230.02")
            await desk.quotes()
            await desk.settled()
            quote = desk.sink.quotes[-1]
            assert isnan(quote.bid)
            assert quote.ask == 230.02
            assert not quote.fault

    run(scenario())


def test_subscribing_again_asks_nothing(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await desk.instrument(AAPL)
            await asyncio.gather(*(desk.market.subscribe(aapl) for _ in range(5)))
            await desk.market.subscribe(aapl)
            assert len(desk.asked(Ask.MARKET_DATA)) == 1
            assert [f[2] for f in desk.asked(Ask.MARKET_DATA_TYPE)] == ["1"]

    run(scenario())


def test_after_the_end_nothing_is_told(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await on(desk, AAPL)
            peer.call(peer.world.quote, AAPL, "231.00", "231.02")
            await desk.market.unsubscribe(aapl)
            await desk.market.unsubscribe(aapl)
            peer.call(peer.world.quote, AAPL, "232.00", "232.02")
            peer.call(peer.world.print, AAPL, "232.00", 100)
            await desk.settled()
            assert desk.sink.quotes == []
            assert desk.sink.trades == []
            assert len(desk.asked(Ask.CANCEL_MARKET_DATA)) == 1
            assert len(desk.asked(Ask.CANCEL_TICK_BY_TICK)) == 1
            assert len(desk.market) == 0
            await desk.market.subscribe(aapl)
            await desk.quotes()

    run(scenario())


def test_it_goes_on_when_the_caller_gives_up(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            asking = asyncio.create_task(
                desk.market.subscribe(Instrument("AAPL", AssetClass.EQUITY, "USD"))
            )
            await asyncio.sleep(0)
            asking.cancel()
            await desk.quotes()
            assert asking.cancelled()
            assert len(desk.asked(Ask.MARKET_DATA)) == 1

    run(scenario())


def test_ended_before_it_was_asked_leaves_nothing_on(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = Instrument("AAPL", AssetClass.EQUITY, "USD")
            asking = asyncio.create_task(desk.market.subscribe(aapl))
            await asyncio.sleep(0)
            await desk.market.unsubscribe(aapl)
            await asyncio.wait([asking])
            await desk.settled()
            assert desk.asked(Ask.MARKET_DATA) == []
            assert len(desk.market) == 0

    run(scenario())


def test_a_closed_market_is_on_without_a_word(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market_data, "VERDICT_S", 0.2)

    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await desk.instrument(AAPL)
            peer.call(setattr, desk.feed, "is_dark", False)

            def swallow() -> None:
                for session in peer.world.sessions:
                    session._handlers = {
                        **session._handlers, int(Ask.MARKET_DATA): lambda s, f: None,
                    }  # fmt: skip

            peer.call(swallow)
            await desk.market.subscribe(aapl)
            assert len(desk.market) == 1

    run(scenario())


# ---- what it is ----


@pytest.mark.parametrize(
    ("setting", "number", "is_closed", "kind"),
    [
        ("live", "1", False, DataKind.LIVE),
        ("frozen", "2", True, DataKind.FROZEN),
        ("delayed", "3", False, DataKind.LIVE),  # where live is subscribed, live comes
    ],
)
def test_the_kind_of_data_is_asked_for_and_labelled(
    setting: str, number: str, is_closed: bool, kind: DataKind, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with desk_at(peer, market_data=setting) as desk:
            if is_closed:
                peer.call(desk.feed.closed.add, AAPL)
            aapl = await desk.instrument(AAPL)
            await desk.market.subscribe(aapl)
            await desk.quotes()
            assert desk.sink.quotes[-1].kind is kind
            assert [f[2] for f in desk.asked(Ask.MARKET_DATA_TYPE)] == [number]
            assert bool(desk.asked(Ask.TICK_BY_TICK)) is (setting != "delayed")

    run(scenario())


@pytest.mark.parametrize(
    ("setting", "is_closed", "kind"),
    [("delayed", False, DataKind.DELAYED), ("delayed_frozen", True, DataKind.FROZEN)],
)
def test_delayed_data_are_labelled_and_printed(
    setting: str, is_closed: bool, kind: DataKind, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with desk_at(peer, market_data=setting) as desk:
            peer.call(desk.feed.refusals.__setitem__, AAPL, 354)
            if is_closed:
                peer.call(desk.feed.closed.add, AAPL)
            aapl = await on(desk, AAPL)
            await desk.market.subscribe(aapl)
            peer.call(desk.feed.closed.clear)
            peer.call(peer.world.quote, AAPL, "231.00", "231.02")
            peer.call(peer.world.print, AAPL, "231.02", 70)
            await until(lambda: desk.sink.trades)
            quote = desk.sink.quotes[-1]
            assert (quote.kind, quote.bid, quote.ask) == (kind, 231.0, 231.02)
            assert datetime.now(UTC) - quote.at > timedelta(minutes=14)
            assert prints(desk) == [(231.02, 70.0)]
            assert datetime.now(UTC) - desk.sink.trades[0].at > timedelta(minutes=14)
            (notice,) = desk.sink.of(Notice)
            assert notice.severity is Severity.INFO
            assert "delayed data are shown" in notice.text

    run(scenario())


def test_halts_are_told_once(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, AAPL)

            def halt(is_halted: bool) -> None:
                peer.world.quotes[AAPL].is_halted = is_halted
                peer.world.quote(AAPL, "230.00", "230.02")

            for is_halted in (True, True, False):
                peer.call(halt, is_halted)
            await desk.settled()
            assert desk.notices() == ["AAPL is halted", "AAPL trades again"]

    run(scenario())


# ---- prints ----


def test_every_trade_of_a_tape_once(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, AAPL)

            def trade() -> None:
                for number in range(1, 21):
                    peer.world.print(AAPL, "230.02", number)

            peer.call(trade)
            await until(lambda: len(desk.sink.trades) >= 20)
            await desk.settled()
            assert prints(desk) == [(230.02, float(number)) for number in range(1, 21)]
            assert {trade.aggressor for trade in desk.sink.trades} == {Aggressor.BUY}
            assert desk.sink.quotes[-1].last == 230.02

    run(scenario())


@pytest.mark.parametrize("code", [10189, 10190])
def test_without_a_tape_every_trade_comes_once_all_the_same(
    code: int, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            refuse_tapes(peer, code)
            await on(desk, AAPL)
            for number in range(1, 6):
                peer.call(peer.world.print, AAPL, "230.00", number)
            await until(lambda: len(desk.sink.trades) >= 5)
            await desk.settled()
            assert prints(desk) == [(230.0, float(number)) for number in range(1, 6)]
            assert desk.notices() == []

    run(scenario())


def refuse_tapes(peer: TwsPeer, code: int) -> None:
    def change() -> None:
        for session in peer.world.sessions:
            session._handlers = {
                **session._handlers,
                int(Ask.TICK_BY_TICK): lambda s, f: s.error(int(f[1]), code, "no tape"),
            }

    peer.call(change)


def test_tapes_are_few(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            peer.call(setattr, desk.feed, "max_tapes", 2)
            first, *others = [await on(desk, con_id) for con_id in (AAPL, SPY, MSFT)]
            assert len(desk.market.tapes) == 2
            crypto = await on(desk, BTC)
            assert len(desk.asked(Ask.TICK_BY_TICK)) == 3, "it is full, as TWS has said"
            await desk.market.unsubscribe(first)
            await desk.market.unsubscribe(crypto)
            await on(desk, BTC)
            assert len(desk.asked(Ask.TICK_BY_TICK)) == 4
            for instrument in others:
                await desk.market.unsubscribe(instrument)

    run(scenario())


def test_a_tape_is_not_asked_for_again_at_once(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await on(desk, AAPL)
            await desk.market.unsubscribe(aapl)
            await on(desk, AAPL)
            assert len(desk.asked(Ask.TICK_BY_TICK)) == 1
            peer.call(peer.world.print, AAPL, "230.00", 7)
            await until(lambda: desk.sink.trades)
            await desk.market.unsubscribe(aapl)
            monkeypatch.setattr(tick_by_tick, "AGAIN_AFTER_S", 0.0)
            await on(desk, AAPL)
            assert len(desk.asked(Ask.TICK_BY_TICK)) == 2
            refuse_tapes(peer, 10189)
            await desk.market.unsubscribe(aapl)
            for _ in range(2):
                await on(desk, AAPL)
                await desk.market.unsubscribe(aapl)
            assert len(desk.asked(Ask.TICK_BY_TICK)) == 3, "there is none, as TWS has said"

    run(scenario())


def test_currencies_and_options_have_no_tape(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, EUR_USD)
            option = peer.call(peer.world.part, Market).of_symbol("AAPL", "OPT")[0]
            await on(desk, option.con_id)
            assert desk.asked(Ask.TICK_BY_TICK) == []
            generic = [fields[16] for fields in desk.asked(Ask.MARKET_DATA)]
            assert generic == ["", "233"]
            peer.call(peer.world.quote, EUR_USD, "1.1000", "1.1001")
            await desk.quotes()

    run(scenario())


def test_generic_ticks_that_are_refused_are_left_out(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:

            def change() -> None:
                for session in peer.world.sessions:
                    usual = session._handlers[int(Ask.MARKET_DATA)]

                    def refuse(s: object, f: list[str], usual: object = usual) -> None:
                        if f[16]:
                            text = "cause - Incorrect generic tick list of 233."
                            s.error(int(f[2]), 321, text)  # type: ignore[attr-defined]  # Session
                        else:
                            usual(s, f)  # type: ignore[operator]  # Handler

                    session._handlers = {**session._handlers, int(Ask.MARKET_DATA): refuse}

            peer.call(change)
            aapl = await desk.instrument(AAPL)
            await desk.market.subscribe(aapl)
            await desk.quotes()
            assert [f[16] for f in desk.asked(Ask.MARKET_DATA)] == ["233", ""]

    run(scenario())


# ---- why nothing comes ----


@pytest.mark.parametrize("code", [354, 10089, 10168])
def test_no_permission_is_told_with_the_way_out(code: int, peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            peer.call(desk.feed.refusals.__setitem__, AAPL, code)
            aapl = await desk.instrument(AAPL)
            error = await refusal(desk.market.subscribe(aapl))
            assert (error.outcome, error.code) == (Outcome.REJECTED, str(code))
            assert "set Market data to delayed in this connection's settings" in str(error)
            assert len(desk.market) == len(desk.market.tapes) == 0
            await desk.settled()
            assert desk.notices() == []
            peer.call(desk.feed.refusals.clear)
            await desk.market.subscribe(aapl)
            await desk.quotes()

    run(scenario())


def test_where_delayed_data_are_not_to_be_had_none_are_offered(
    peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            text = "Requested market data is not subscribed.Delayed market data is not available."
            refuse_market_data(peer, 354, text)
            error = await refusal(desk.market.subscribe(await desk.instrument(AAPL)))
            assert "set Market data" not in str(error)

    run(scenario())


def refuse_market_data(peer: TwsPeer, code: int, text: str) -> None:
    def change() -> None:
        for session in peer.world.sessions:
            session._handlers = {
                **session._handlers,
                int(Ask.MARKET_DATA): lambda s, f: s.error(int(f[2]), code, text),
            }

    peer.call(change)


def test_data_that_come_in_part_come(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            peer.call(desk.feed.refusals.__setitem__, AAPL, 10090)
            aapl = await desk.instrument(AAPL)
            await desk.market.subscribe(aapl)
            await desk.market.unsubscribe(aapl)
            await desk.market.subscribe(aapl)
            await desk.settled()
            (notice,) = desk.notices()
            assert "A part of the market data is not subscribed" in notice
            assert len(desk.market) == 1

    run(scenario())


def test_lines_that_are_used_up_say_what_to_do(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            peer.call(setattr, desk.feed, "max_lines", 2)
            await on(desk, AAPL)
            spy = await on(desk, SPY)
            msft = await desk.instrument(MSFT)
            error = await refusal(desk.market.subscribe(msft))
            assert (error.outcome, error.code) == (Outcome.REJECTED, "101")
            assert "close some instruments" in str(error)
            assert "2 are in use here" in str(error)
            await desk.market.unsubscribe(spy)
            await desk.market.subscribe(msft)
            await desk.quotes()

    run(scenario())


def test_a_competing_session_is_explained_and_may_end(
    peer: TwsPeer, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            peer.call(desk.feed.refusals.__setitem__, AAPL, 10197)
            aapl = await desk.instrument(AAPL)
            error = await refusal(desk.market.subscribe(aapl))
            assert (error.outcome, error.code) == (Outcome.UNKNOWN, "10197")
            assert "log out there" in str(error)
            again = await refusal(desk.market.subscribe(aapl))
            assert str(again) == str(error)
            assert len(desk.asked(Ask.MARKET_DATA)) == 1
            peer.call(desk.feed.refusals.clear)
            desk.market.lost_all()
            await desk.quotes()
            await desk.market.subscribe(aapl)

    run(scenario())


def test_what_is_not_listed_is_refused(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            unknown = Instrument("NOSUCH", AssetClass.EQUITY, "USD")
            error = await refusal(desk.market.subscribe(unknown))
            assert (error.outcome, error.code) == (Outcome.REJECTED, "no-contract")
            refuse_market_data(peer, 200, "No security definition has been found")
            error = await refusal(desk.market.subscribe(await desk.instrument(AAPL)))
            assert (error.outcome, error.code) == (Outcome.REJECTED, "no-contract")

    run(scenario())


def test_data_that_end_are_missed_aloud(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await on(desk, AAPL)
            req_id = int(desk.asked(Ask.MARKET_DATA)[0][2])

            def refuse() -> None:
                for session in peer.world.sessions:
                    session.error(req_id, 354, "Requested market data is not subscribed.")
                    session.error(req_id, 2119, "a remark")

            peer.call(refuse)
            await until(desk.notices)
            assert desk.notices()[0].startswith("no more market data of AAPL: ")
            assert len(desk.market) == 0
            await desk.market.subscribe(aapl)
            await desk.quotes()

    run(scenario())


def test_a_code_nobody_knows_ends_no_data_that_come(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            await on(desk, AAPL)
            req_id = int(desk.asked(Ask.MARKET_DATA)[0][2])
            peer.call(lambda: peer.world.sessions[0].error(req_id, 9999, "what nobody knows"))
            await until(desk.notices)
            assert "what nobody knows" in desk.notices()[0]
            peer.call(peer.world.quote, AAPL, "231.00", "231.02")
            await desk.quotes()
            refuse_market_data(peer, 9999, "what nobody knows")
            error = await refusal(desk.market.subscribe(await desk.instrument(SPY)))
            assert error.outcome is Outcome.REJECTED
            await desk.settled()
            assert len(desk.asked(Ask.CANCEL_MARKET_DATA)) == 1, "TWS may go on with it"

    run(scenario())


def test_a_line_that_is_down_sends_nothing(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await on(desk, AAPL)
            spy = await desk.instrument(SPY)
            desk.line.close()
            error = await refusal(desk.market.subscribe(spy))
            assert error.outcome is Outcome.NOT_SENT
            desk.market.lost_all()
            await desk.market.unsubscribe(aapl)
            await desk.line.ended()

    run(scenario())
