"""Who hears of whose orders at the peer: other clients, client 0, the master, orders of TWS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.brokers.ibkr_tws.order_client import SPY, OrderClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.peer import TwsPeer


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        yield peer


def test_a_client_sees_others_only_in_the_list_of_all_and_cannot_touch_them(
    peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer, 1) as one, OrderClient.at(peer, 2) as two:
            order_id = one.limit("BUY", 1, 450, orderRef="of-one")
            await one.sync()
            peer.call(peer.world.manual_order, SPY, "SELL", 2, "LMT", 600)
            await two.sync()
            assert not two.raw.heard("openOrder")
            assert not two.raw.heard("orderStatus")
            assert await two.open_orders() == []
            listed = await two.open_orders(of_all=True)
            assert [(o.clientId, o.orderId, o.orderRef) for o in listed] == [
                (1, order_id, "of-one"),
                (0, 0, ""),
            ]
            two.raw.send.cancelOrder(order_id)
            assert (await two.refused(order_id))[0] == 10147
            peer.call(peer.world.fill, "of-one", 1, 450)
            await one.raw.told("execDetails", -1)
            await two.sync()
            assert two.executions() == []
            two.raw.send.reqExecutions(9, two.raw.ib.ExecutionFilter())
            await two.raw.told("execDetailsEnd", 9)
            assert len(two.raw.heard("execDetails", 9)) == 1

    run(scenario())


def test_the_master_hears_of_all_and_cannot_touch_them(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.world.master_client_id = 9
        async with OrderClient.at(peer, 9) as master, OrderClient.at(peer, 1) as one:
            order_id = one.place("BUY", 1, "MKT")
            await one.raw.told("execDetails", -1)
            peer.call(peer.world.manual_order, SPY, "SELL", 2)
            await master.sync()
            assert [e.clientId for e in master.executions()] == [1, 0]
            master.raw.send.cancelOrder(order_id)
            assert (await master.refused(order_id))[0] == 10147

    run(scenario())


def test_client_0_takes_charge_of_orders_typed_into_tws(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer, 0) as zero:
            peer.call(peer.world.manual_order, SPY, "BUY", 1, "LMT", 450)
            await zero.sync()
            assert not zero.raw.heard("openOrder")
            (bound,) = await zero.open_orders()
            assert (bound.clientId, bound.orderId) == (0, 1)
            assert zero.raw.heard("orderBound") == [(bound.permId, 0, 1)]
            zero.raw.send.cancelOrder(1)
            assert (await zero.refused(1))[0] == 202
            zero.raw.send.reqAutoOpenOrders(True)
            await zero.sync()
            peer.call(peer.world.manual_order, SPY, "BUY", 1, "LMT", 450)
            ((order_id, *_),) = (await zero.raw.told("openOrder", 2))[-1:]
            assert order_id == 2
            zero.limit("BUY", 2, 451, order_id=2)
            (changed,) = await zero.open_orders()
            assert (changed.totalQuantity, changed.lmtPrice) == (2, 451)

    run(scenario())


def test_completed_orders_are_those_of_everybody(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer, 1) as one:
            one.place("BUY", 1, "MKT", orderRef="filled")
            two = one.limit("BUY", 1, 450, orderRef="canceled")
            one.raw.send.cancelOrder(two)
            await one.sync()
            peer.call(peer.world.manual_order, SPY, "BUY", 3)
            rows = await one.completed()
            assert [(o.orderRef, s.status, o.filledQuantity) for o, s in rows] == [
                ("filled", "Filled", 1), ("canceled", "Cancelled", 0), ("", "Filled", 3),
            ]  # fmt: skip
            assert len(await one.completed(api_only=True)) == 2

    run(scenario())


def test_every_client_has_ids_of_its_own(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer, 1) as one:
            one.limit("BUY", 1, 450, order_id=41)
            await one.sync()
        async with OrderClient.at(peer, 1) as again, OrderClient.at(peer, 2) as two:
            assert again.limit("BUY", 1, 450) == 42
            assert two.limit("BUY", 1, 450) == 1
            assert len(await two.open_orders(of_all=True)) == 3

    run(scenario())
