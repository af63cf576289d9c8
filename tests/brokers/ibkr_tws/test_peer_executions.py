"""What-ifs, lists of executions and corrections at the peer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.brokers.ibkr_tws.order_client import SPY, OrderClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.peer import TwsPeer


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        yield peer


def test_a_what_if_tells_costs_and_sends_nothing(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            order_id = client.limit("BUY", 100, 450, whatIf=True)
            ((_, _, order, state),) = await client.raw.told("openOrder", order_id)
            assert order.whatIf
            assert (state.initMarginBefore, state.initMarginChange) == ("0", "22500")
            assert (state.commission, state.commissionCurrency) == (1.0, "USD")
            assert await client.open_orders() == []
            assert not peer.call(dict, peer.world.accepted)
            client.limit("BUY", 1, 450.001, whatIf=True, order_id=order_id)
            assert (await client.refused(order_id))[0] == 110
            peer.faults.preview_unset_first = True
            client.limit("BUY", 100, 450, whatIf=True, order_id=order_id)
            rows = await client.raw.told("openOrder", order_id, count=2)
            assert rows[-2][3].initMarginChange == "1.7976931348623157E308"

    run(scenario())


def test_executions_can_be_asked_for_by_what_they_are(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            client.place("BUY", 1, "MKT")
            client.place("SELL", 1, "MKT")
            peer.call(peer.world.manual_order, SPY, "BUY", 2)
            await client.sync()
            asks: list[tuple[dict[str, Any], int]] = [
                ({}, 3), ({"side": "SELL"}, 1), ({"clientId": 1}, 2), ({"symbol": "QQQ"}, 0),
                ({"acctCode": "DU1000001"}, 3), ({"time": "20000101-00:00:00"}, 3),
                ({"time": "20990101 00:00:00 US/Eastern"}, 0), ({"exchange": "ISLAND"}, 3),
            ]  # fmt: skip
            for number, (terms, count) in enumerate(asks, start=100):
                send, ib = client.raw.send, client.raw.ib
                send.reqExecutions(number, ib.ExecutionFilter(**terms))
                await client.raw.told("execDetailsEnd", number)
                assert len(client.raw.heard("execDetails", number)) == count, terms

    run(scenario())


def test_a_correction_replaces_an_execution_and_puts_the_account_right(
    peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            client.place("BUY", 10, "MKT")
            await client.raw.told("commissionReport")
            (first,) = client.executions()
            peer.call(peer.world.correct_execution, first.execId, 499, 8)
            await client.raw.told("commissionReport", count=2)
            _, second = client.executions()
            assert first.execId[:-3] == second.execId[:-3]
            assert (first.execId[-3:], second.execId[-3:]) == (".01", ".02")
            assert (second.price, second.shares) == (499, 8)
            account = peer.world.accounts["DU1000001"]
            assert account.holdings[SPY].quantity == 8
            assert account.cash["USD"] == 1_000_000 - 8 * 499 - 1

    run(scenario())
