"""Contracts of the wire become instruments under one key, each asked for once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.base.clock import SystemClock
from app.base.errors import Outcome
from app.brokers.ibkr_tws.sdk import ib
from app.domain.instrument import AssetClass, Instrument
from tests.brokers.ibkr_tws.data_desk import (
    AAPL,
    BRK_B,
    BTC,
    EUR_USD,
    MSFT,
    MSFT_CAD,
    MSFT_LIMA,
    NESN,
    SPY,
    DataDesk,
    desk_at,
    refusal,
)
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.listings import Listing
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer

SHARES = {SPY: "SEC|SPY|USD", AAPL: "SEC|AAPL|USD", BRK_B: "SEC|BRK.B|USD", MSFT: "SEC|MSFT|USD",
          MSFT_CAD: "SEC|MSFT|CAD|AEQLIT", MSFT_LIMA: "SEC|MSFT|USD|BVL",
          NESN: "SEC|NESN|CHF|EBS", EUR_USD: "FX|EUR|USD", BTC: "CRYPTO|BTC|USD"}  # fmt: skip


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        yield peer


def everything(peer: TwsPeer) -> list[Listing]:
    """All that is listed and that Moorgate trades."""
    known = peer.call(lambda: list(peer.world.listings.values()))
    today = datetime.now(UTC).date()
    return [one for one in known if one.is_tradable and not one.is_expired(today)]


def now(desk: DataDesk, instrument: Instrument) -> Any:
    """Its contract, without a question."""
    contract = desk.instruments.contract_now(instrument)
    assert contract is not None
    return contract


def test_keys_are_as_they_should_be(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            for con_id, key in SHARES.items():
                assert (await desk.instrument(con_id)).key == key
            spy = await desk.instrument(SPY)
            assert (spy.asset_class, spy.exchange) == (AssetClass.ETF, "ARCA")
            nestle = await desk.instrument(NESN)
            assert nestle.description == "NESTLÉ SA-REG"

    run(scenario())


def test_a_key_is_the_same_from_every_message_and_after_a_restart(
    peer: TwsPeer, run: LoopRunner
) -> None:
    """Positions have no exchange; executions name where they were made; the journal has no id."""

    async def scenario() -> None:
        sample = everything(peer)[::7]
        for listing in sample:
            c = listing.contract
            keys = set[str]()
            terms = {
                "conId": c.con_id, "symbol": c.symbol, "secType": c.sec_type,
                "lastTradeDateOrContractMonth": c.expiry, "strike": float(c.strike),
                "right": c.right, "multiplier": c.multiplier, "currency": c.currency,
                "localSymbol": c.local_symbol, "tradingClass": c.trading_class,
            }  # fmt: skip
            found: Instrument | None = None
            for exchange in ("", listing.places[-1], "SMART"):
                if exchange not in ("", *listing.places):
                    continue
                async with desk_at(peer) as desk:
                    found = await desk.instruments.instrument(
                        ib.Contract(exchange=exchange, **terms)
                    )
                    keys.add(found.key)
            assert found is not None
            async with desk_at(peer) as desk:
                contract = await desk.instruments.contract(found)
                assert contract.conId == c.con_id
                assert contract.exchange == listing.places[0]
                assert (await desk.instruments.instrument(contract)).key == found.key
                keys.add(found.key)
            assert len(keys) == 1, keys

    run(scenario())


def test_details_are_asked_for_once(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            partial = ib.Contract(conId=AAPL, symbol="AAPL", secType="STK", currency="USD")
            assert desk.instruments.known(partial) is None
            found = await asyncio.gather(
                *(desk.instruments.instrument(partial) for _ in range(20)),
                *(desk.instruments.instrument(ib.Contract(conId=AAPL)) for _ in range(5)),
            )
            assert len(set(found)) == 1
            assert desk.instruments.known(partial) is found[0]
            assert now(desk, found[0]).exchange == "SMART"
            await desk.instruments.contract(found[0])
            assert len(desk.asked(Ask.CONTRACT_DETAILS)) == 1

    run(scenario())


def test_who_gives_up_leaves_the_question_to_the_others(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            first, second = (asyncio.create_task(desk.instrument(AAPL)) for _ in range(2))
            await asyncio.sleep(0)
            first.cancel()
            assert (await second).key == "SEC|AAPL|USD"
            assert first.cancelled()
            assert len(desk.asked(Ask.CONTRACT_DETAILS)) == 1

    run(scenario())


def test_no_answer_is_no_knowledge_and_is_asked_again(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer, request_timeout_s=1.0, heartbeat_s=30.0) as desk:
            peer.call(setattr, peer.faults, "mute", True)
            error = await refusal(desk.instrument(AAPL))
            assert error.outcome is Outcome.UNKNOWN
            restored = Instrument("AAPL", AssetClass.EQUITY, "USD")
            error = await refusal(desk.instruments.contract(restored))
            assert error.outcome is Outcome.NOT_SENT
            peer.call(setattr, peer.faults, "mute", False)
            assert (await desk.instrument(AAPL)).key == "SEC|AAPL|USD"

    run(scenario())


def test_instruments_of_other_brokers_are_qualified(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            for instrument, con_id in (
                (Instrument("brk.b".upper(), AssetClass.EQUITY, "USD"), BRK_B),
                (Instrument("SPY", AssetClass.EQUITY, "USD"), SPY),  # a share to others
                (Instrument("MSFT", AssetClass.EQUITY, "USD"), MSFT),
                (Instrument("EURUSD", AssetClass.FOREX, "USD"), EUR_USD),
                (Instrument("BTC-USD", AssetClass.CRYPTO, "USD"), BTC),
            ):
                assert desk.instruments.contract_now(instrument) is None
                contract = await desk.instruments.contract(instrument)
                assert contract.conId == con_id
                assert now(desk, instrument).conId == con_id

    run(scenario())


def test_what_tws_does_not_list_is_provably_not_sent(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            for wrong in (
                Instrument("NOSUCH", AssetClass.EQUITY, "USD"),
                Instrument("AAPL", AssetClass.EQUITY, "EUR"),
                Instrument("XRP", AssetClass.CRYPTO, "USD"),
            ):
                error = await refusal(desk.instruments.contract(wrong))
                assert (error.outcome, error.code) == (Outcome.NOT_SENT, "no-contract")
                assert wrong.symbol in str(error)

    run(scenario())


def test_two_contracts_under_one_key_are_offered_for_choice(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        twin = peer.call(lambda: peer.world.listings[AAPL])
        contract = replace(twin.contract, con_id=99, primary_exchange="NYSE")
        peer.call(peer.world.listings.__setitem__, 99, replace(twin, contract=contract))
        peer.call(peer.world.contracts.__setitem__, 99, contract)
        async with desk_at(peer) as desk:
            error = await refusal(
                desk.instruments.contract(Instrument("AAPL", AssetClass.EQUITY, "USD"))
            )
            assert (error.outcome, error.code) == (Outcome.NOT_SENT, "ambiguous")
        async with desk_at(peer) as desk:
            told = Instrument("AAPL", AssetClass.EQUITY, "USD", exchange="NYSE")
            assert (await desk.instruments.contract(told)).conId == 99

    run(scenario())


def test_a_coin_goes_to_the_custodian_that_is_meant(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        paxos = peer.call(lambda: peer.world.listings[BTC])
        contract = replace(paxos.contract, con_id=98, exchange="ZEROHASH")
        peer.call(
            peer.world.listings.__setitem__,
            98,
            replace(paxos, contract=contract, places=("ZEROHASH",)),
        )
        peer.call(peer.world.contracts.__setitem__, 98, contract)
        async with desk_at(peer) as desk:
            here = await desk.instrument(BTC)
            there = Instrument("BTC", AssetClass.CRYPTO, "USD", exchange="ZEROHASH")
            assert here.key == there.key
            assert desk.instruments.contract_now(there) is None
            assert (await desk.instruments.contract(there)).conId == 98
            assert now(desk, there).conId == 98
            assert (await desk.instruments.contract(here)).conId == BTC

    run(scenario())


def test_what_has_expired_or_is_gone_is_described_all_the_same(
    peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        today = datetime.now(UTC).date()
        known = peer.call(lambda: list(peer.world.listings.values()))
        past = next(one for one in known if one.is_expired(today)).contract
        async with desk_at(peer) as desk:
            partial = ib.Contract(
                conId=past.con_id, symbol=past.symbol, secType="FUT", currency="USD",
                lastTradeDateOrContractMonth=past.expiry, localSymbol=past.local_symbol,
                multiplier=past.multiplier,
            )  # fmt: skip
            found = await desk.instruments.instrument(partial)
            assert found.key.startswith(f"FUT|{past.symbol}|USD|CME|")
            gone = ib.Contract(conId=77, symbol="GONE", secType="STK", currency="USD")
            shown = await desk.instruments.instrument(gone)
            assert shown.key == "SEC|GONE|USD"
            assert desk.instruments.known(gone) is shown
            assert desk.instruments.contract_now(shown) is None, "it cannot be traded"

    run(scenario())


def test_kinds_that_moorgate_does_not_know_are_refused(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            bond = ib.Contract(conId=55, symbol="IBCID", secType="BOND", currency="USD")
            error = await refusal(desk.instruments.instrument(bond))
            assert (error.code, error.outcome) == ("unsupported-contract", Outcome.NOT_SENT)
            assert "BOND" in str(error)

    run(scenario())


def test_price_steps_depend_on_the_price(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            nestle = await desk.instrument(NESN)
            step = desk.instruments.price_step
            assert await step(nestle, Decimal("9.99")) == Decimal("0.0005")
            assert await step(nestle, Decimal("92.5")) == Decimal("0.02")
            assert desk.instruments.price_step_now(nestle, Decimal(100)) == Decimal("0.05")
            asked = desk.asked(Ask.MARKET_RULE)
            assert len(asked) <= 2, "once by itself, and once more at the most"
            unknown = Instrument("X", AssetClass.EQUITY, "USD")
            assert desk.instruments.price_step_now(unknown, Decimal(1)) is None

    run(scenario())


def test_a_rule_is_learned_in_passing(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await desk.instrument(AAPL)
            await desk.instrument(SPY)
            step = desk.instruments.price_step_now
            await until(lambda: step(aapl, Decimal(230)) == Decimal("0.01"))
            assert len(desk.asked(Ask.MARKET_RULE)) == 1

    run(scenario())


def test_without_a_rule_the_finest_step_is_taken(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        odd = peer.call(lambda: peer.world.listings[AAPL])
        peer.call(peer.world.listings.__setitem__, AAPL, replace(odd, rules=(4711,)))
        async with desk_at(peer, request_timeout_s=1.0) as desk:
            aapl = await desk.instrument(AAPL)
            assert await desk.instruments.price_step(aapl, Decimal(5)) == aapl.tick_size

    run(scenario())


def test_trading_hours_of_the_coming_days(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            aapl = await desk.instrument(AAPL)
            now = SystemClock().now()
            hours = await desk.instruments.hours(aapl)
            regular = await desk.instruments.hours(aapl, regular=True)
            opened, opened_regular = hours.next_open(now), regular.next_open(now)
            assert opened is not None
            assert opened_regular is not None
            assert opened <= opened_regular <= now + timedelta(days=5)

    run(scenario())


def test_a_line_that_is_down_is_no_answer(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            desk.line.close()
            error = await refusal(desk.instrument(AAPL))
            assert error.outcome is Outcome.NOT_SENT
            await desk.line.ended()

    run(scenario())


def test_closing_breaks_off_what_is_asked(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with desk_at(peer) as desk:
            peer.call(setattr, peer.faults, "mute", True)
            waiting = asyncio.create_task(desk.instrument(AAPL))
            await until(lambda: desk.asked(Ask.CONTRACT_DETAILS))
            desk.instruments.close()
            (ended,) = await asyncio.gather(waiting, return_exceptions=True)
            assert isinstance(ended, asyncio.CancelledError)

    run(scenario())
