"""The peer's contracts, asked for by the real SDK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.brokers.ibkr_tws.raw_client import RawClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.contracts import Market
from tests.doubles.tws.peer import TwsPeer


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        yield peer


async def details(client: RawClient, req_id: int, **terms: Any) -> list[Any]:
    client.send.reqContractDetails(req_id, client.ib.Contract(**terms))
    await client.told("contractDetailsEnd", req_id)
    return [row for _, row in client.heard("contractDetails", req_id)]


def test_a_share_in_full(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            (row,) = await details(
                client, 7, symbol="AAPL", secType="STK", exchange="SMART", currency="USD"
            )
        assert row.contract.conId == 265598
        assert row.contract.primaryExchange == "NASDAQ"
        assert (row.minTick, row.sizeIncrement, row.stockType) == (0.01, 0.0001, "COMMON")
        assert row.longName == "APPLE INC"
        assert row.timeZoneId == "US/Eastern"
        assert row.secIdList[0].value == "US0378331005"
        assert len(row.marketRuleIds.split(",")) == len(row.validExchanges.split(","))
        assert row.tradingHours.count(";") == 5
        assert row.liquidHours != row.tradingHours

    run(scenario())


def test_names_beyond_ascii_arrive_whole(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            (row,) = await details(client, 7, symbol="NESN", secType="STK", exchange="SMART")
            assert row.longName == "NESTL\u00c9 SA-REG"

    run(scenario())


def test_without_an_exchange_a_share_comes_once_for_each_place(
    peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            rows = await details(client, 7, symbol="AAPL", secType="STK", currency="USD")
        assert {row.contract.conId for row in rows} == {265598}
        assert [row.contract.exchange for row in rows][:2] == ["SMART", "AMEX"]

    run(scenario())


def test_a_symbol_that_is_several_things(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            rows = await details(client, 7, symbol="MSFT", secType="STK")
            smart = await details(client, 8, symbol="MSFT", secType="STK", exchange="SMART")
            dollars = await details(
                client, 9, symbol="MSFT", secType="STK", exchange="SMART", currency="USD"
            )
        assert len({row.contract.conId for row in rows}) == 3
        assert {row.contract.currency for row in smart} == {"USD", "CAD"}
        assert [row.contract.conId for row in dollars] == [272093]

    run(scenario())


def test_futures_by_root_month_and_name(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            living = await details(client, 7, symbol="ES", secType="FUT", exchange="CME")
            expiries = [row.contract.lastTradeDateOrContractMonth for row in living]
            every = await details(
                client, 8, symbol="ES", secType="FUT", exchange="CME", includeExpired=True
            )
            (one,) = await details(
                client, 9, symbol="ES", secType="FUT", exchange="CME",
                lastTradeDateOrContractMonth=living[0].contractMonth,
            )  # fmt: skip
            (named,) = await details(
                client, 10, localSymbol=one.contract.localSymbol, secType="FUT", exchange="CME"
            )
        assert len(living) == 4
        assert expiries == sorted(expiries)
        assert len(every) == 5
        assert one.contract.conId == named.contract.conId == living[0].contract.conId
        assert (one.contract.multiplier, one.minTick, one.underConId) == ("50", 0.25, 11004968)
        assert one.lastTradeTime == "08:30:00"

    run(scenario())


def test_pairs_coins_and_options(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            (pair,) = await details(client, 7, conId=12087792)
            (coin,) = await details(
                client, 8, symbol="BTC", secType="CRYPTO", exchange="PAXOS", currency="USD"
            )
            chain = await details(client, 9, symbol="AAPL", secType="OPT", exchange="SMART")
        assert (pair.contract.localSymbol, pair.minTick) == ("EUR.USD", 0.00005)
        assert (coin.minSize, coin.sizeIncrement) == (1e-8, 1e-8)
        assert len(chain) == 2 * 10 * 2
        assert {row.contract.multiplier for row in chain} == {"100"}

    run(scenario())


def test_what_is_not_listed_is_refused(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            client.send.reqContractDetails(
                7, client.ib.Contract(symbol="NIX", secType="STK", exchange="SMART")
            )
            assert await client.refused(7) == 200
            assert not client.heard("contractDetailsEnd")

    run(scenario())


def test_search(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            client.send.reqMatchingSymbols(7, "es")
            ((_, found),) = await client.told("symbolSamples", 7)
            assert [row.contract.symbol for row in found][:1] == ["ES"]
            assert found[0].derivativeSecTypes == ["FUT", "FOP"]
            client.send.reqMatchingSymbols(8, "microsoft")
            ((_, found),) = await client.told("symbolSamples", 8)
            assert {row.contract.currency for row in found} == {"USD", "CAD"}
            client.send.reqMatchingSymbols(9, "zzz")
            assert await client.told("symbolSamples", 9) == [(9, [])]

    run(scenario())


def test_option_chain_and_price_steps(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            client.send.reqSecDefOptParams(7, "AAPL", "", "STK", 265598)
            await client.told("securityDefinitionOptionParameterEnd", 7)
            rows = client.heard("securityDefinitionOptionParameter", 7)
            assert rows[0][1] == "SMART"
            assert (rows[0][3], rows[0][4]) == ("AAPL", "100")
            assert (len(rows[0][5]), len(rows[0][6])) == (2, 10)
            client.send.reqSecDefOptParams(8, "SPY", "", "STK", 756733)
            await client.told("securityDefinitionOptionParameterEnd", 8)
            assert not client.heard("securityDefinitionOptionParameter", 8)
            client.send.reqMarketRule(32)
            ((number, steps),) = await client.told("marketRule")
            assert number == 32
            assert [(step.lowEdge, step.increment) for step in steps] == [(0, 0.01), (3, 0.05)]

    run(scenario())


def test_tests_find_what_is_listed(peer: TwsPeer) -> None:
    market = peer.call(peer.world.part, Market)
    assert [known.contract.symbol for known in market.of_symbol("ES", "FUT")] == ["ES"] * 4
    assert market.of_symbol("ES", "IND")[0].is_tradable is False
