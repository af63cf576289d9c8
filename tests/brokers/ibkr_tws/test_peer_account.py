"""Accounts at the peer, read by the real SDK."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.brokers.ibkr_tws.order_client import SPY, OrderClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.world import World

ONE, TWO = "DU1000001", "DU1000002"
EUR_USD = 12087792


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer(world=World(ONE, TWO)) as peer:
        yield peer


def test_positions_are_listed_then_followed_to_zero(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            raw = client.raw
            raw.send.reqPositions()
            await raw.told("positionEnd")
            assert not raw.heard("position")
            client.place("BUY", 10, "MKT", account=TWO)
            ((account, contract, quantity, cost),) = await raw.told("position")
            assert (account, contract.conId, contract.exchange) == (TWO, SPY, "")
            assert quantity == 10
            assert cost == pytest.approx(500.01 + 0.1)  # with its commission
            client.place("SELL", 10, "MKT", account=TWO)
            assert (await raw.told("position", count=2))[-1][2] == 0
            raw.forget()
            raw.send.reqPositions()
            await raw.told("positionEnd")
            assert not raw.heard("position")
            raw.send.cancelPositions()
            client.place("BUY", 1, "MKT", account=TWO)
            await client.sync()
            assert not raw.heard("position")

    run(scenario())


def test_account_updates_follow_one_account(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            raw = client.raw
            raw.send.reqAccountUpdates(True, ONE)
            assert await raw.told("accountDownloadEnd") == [(ONE,)]
            values = {(t, c): v for t, v, c, _ in raw.heard("updateAccountValue")}
            assert values["NetLiquidation", "USD"] == "1000000.00"
            assert values["CashBalance", "BASE"] == "1000000.00"
            assert values["ExchangeRate", "USD"] == "1"
            raw.forget()
            client.place("BUY", 10, "MKT", account=ONE)
            await raw.told("updatePortfolio")
            await client.sync()
            contract, quantity, price, value, *_ = raw.heard("updatePortfolio")[-1]
            assert (contract.conId, contract.primaryExchange, quantity) == (SPY, "ARCA", 10)
            assert (price, value) == (pytest.approx(500.005), pytest.approx(5000.05))
            values = {(t, c): v for t, v, c, _ in raw.heard("updateAccountValue")}
            assert values["TotalCashValue", "USD"] == "994998.90"
            assert values["InitMarginReq", "USD"] == "2500.02"
            raw.forget()
            client.place("BUY", 10, "MKT", account=TWO)
            await client.sync()
            assert not raw.heard("updateAccountValue")
            raw.send.reqAccountUpdates(False, ONE)
            client.place("BUY", 10, "MKT", account=ONE)
            await client.sync()
            assert not raw.heard("updateAccountValue")

    run(scenario())


def test_values_by_currency_may_have_a_prefix(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.world.ledger_prefix = True
        peer.world.accounts[ONE].cash["EUR"] = Decimal(100)
        async with OrderClient.at(peer) as client:
            client.raw.send.reqAccountUpdatesMulti(3, ONE, "", False)
            await client.raw.told("accountUpdateMultiEnd", 3)
            rows = client.raw.heard("accountUpdateMulti", 3)
            assert {row[1] for row in rows} == {ONE}
            values = {(tag, currency): value for _, _, _, tag, value, currency in rows}
            assert values["$LEDGER-CashBalance", "EUR"] == "100.00"
            assert values["$LEDGER-CashBalance", "BASE"] == "1000110.00"
            assert ("CashBalance", "EUR") not in values
            assert ("NetLiquidation", "USD") in values

    run(scenario())


def test_a_summary_has_what_was_asked_for(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            raw = client.raw
            raw.send.reqAccountSummary(4, "All", "NetLiquidation,AccountType,$LEDGER:USD")
            await raw.told("accountSummaryEnd", 4)
            rows = {(a, tag, c): v for _, a, tag, v, c in raw.heard("accountSummary", 4)}
            assert rows[TWO, "NetLiquidation", "USD"] == "1000000.00"
            assert rows[ONE, "AccountType", ""] == "INDIVIDUAL"
            assert rows[ONE, "CashBalance", "USD"] == "1000000.00"
            raw.send.cancelAccountSummary(4)
            for number in (5, 6, 7):
                raw.send.reqAccountSummary(number, "All", "NetLiquidation")
            assert await raw.refused(7) == 322

    run(scenario())


def test_results_follow_the_market(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.call(peer.world.set_position, SPY, 10, 400, ONE)
            raw = client.raw
            raw.send.reqPnL(5, ONE, "")
            raw.send.reqPnLSingle(6, ONE, "", SPY)
            raw.send.reqPnLSingle(7, ONE, "", 265598)
            ((_, daily, unrealized, realized),) = await raw.told("pnl", 5)
            assert (daily, unrealized, realized) == (5000.05, 1000.05, 0)
            ((_, quantity, _, single, _, value),) = await raw.told("pnlSingle", 6)
            assert (quantity, single, value) == (10, 1000.05, 5000.05)
            assert (await raw.told("pnlSingle", 7))[0][2] == raw.ib.util.UNSET_DOUBLE
            client.place("SELL", 4, "MKT", account=ONE)
            rows = await raw.told("pnlSingle", 6, count=2)
            assert (rows[-1][1], rows[-1][4]) == (6, 399)  # 4 x 100 less the commission
            raw.send.cancelPnL(5)
            raw.send.cancelPnLSingle(6)
            await client.sync()
            told = len(raw.heard("pnlSingle", 6))
            client.place("SELL", 1, "MKT", account=ONE)
            await client.sync()
            assert len(raw.heard("pnlSingle", 6)) == told

    run(scenario())


def test_futures_and_currencies_move_cash_in_their_own_way(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        future = next(
            c for c in peer.world.contracts.values() if (c.symbol, c.sec_type) == ("ES", "FUT")
            and peer.world.is_tradable(c.con_id)
        )  # fmt: skip
        cash = peer.world.accounts[ONE].cash
        async with OrderClient.at(peer) as client:
            peer.world.commission = Decimal(0)
            peer.call(peer.world.quote, future.con_id, 5000, 5000.25)
            client.place(
                "BUY", 1, "MKT", account=ONE, con_id=future.con_id, exchange=future.exchange
            )
            await client.sync()
            assert cash["USD"] == 1_000_000
            peer.call(peer.world.quote, future.con_id, 5010.25, 5010.5)
            client.place(
                "SELL", 1, "MKT", account=ONE, con_id=future.con_id, exchange=future.exchange
            )
            await client.sync()
            assert cash["USD"] == 1_000_500
            peer.call(peer.world.quote, EUR_USD, "1.10000", "1.10005")
            client.place("BUY", 20000, "MKT", account=ONE, con_id=EUR_USD, exchange="IDEALPRO")
            await client.sync()
            assert cash["EUR"] == 20000
            assert cash["USD"] == 1_000_500 - 22001

    run(scenario())
