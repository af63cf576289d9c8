"""The life of an order at the peer, sent by the real SDK."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.brokers.ibkr_tws.order_client import SPY, OrderClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.desk import Desk
from tests.doubles.tws.peer import TwsPeer


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        yield peer


def test_a_market_order_fills_at_the_quote(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            order_id = client.place("BUY", 10, "MKT", orderRef="a")
            await client.raw.told("commissionReport")
            names = [call.name for call in client.raw.recorder.calls]
            assert names == [
                "openOrder", "orderStatus", "execDetails", "openOrder", "orderStatus",
                "commissionReport",
            ]  # fmt: skip
            assert client.statuses(order_id) == ["Submitted", "Filled"]
            (execution,) = client.executions()
            assert (execution.shares, execution.price, execution.side) == (10, 500.01, "BOT")
            assert (execution.orderId, execution.clientId, execution.orderRef) == (order_id, 1, "a")
            assert (execution.cumQty, execution.avgPrice) == (10, 500.01)
            ((report,),) = client.raw.heard("commissionReport")
            assert (report.execId, report.commission) == (execution.execId, 1)
            assert report.realizedPNL == client.raw.ib.util.UNSET_DOUBLE
            client.place("SELL", 10, "MKT")
            await client.raw.told("commissionReport", count=2)
            ((_,), (closing,)) = client.raw.heard("commissionReport")
            assert closing.realizedPNL == pytest.approx(-2.1)  # ten ticks and two commissions

    run(scenario())


def test_a_limit_rests_until_the_market_crosses_it(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            touched, through = client.limit("BUY", 1, 499), client.limit("BUY", 1, 498)
            await client.sync()
            assert client.statuses(touched) == client.statuses(through) == ["Submitted"]
            peer.call(peer.world.quote, SPY, 498.5, 499)
            peer.call(peer.world.print, SPY, 498)  # at a price is not through it
            await client.sync()
            assert client.statuses(touched)[-1] == "Filled"
            assert client.statuses(through) == ["Submitted"]
            peer.call(peer.world.print, SPY, 497.99)
            await client.sync()
            assert [e.price for e in client.executions()] == [499, 498]

    run(scenario())


def test_stops_are_held_until_triggered(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            stop = client.place("SELL", 1, "STP", auxPrice=495)
            both = client.place("SELL", 1, "STP LMT", auxPrice=495, lmtPrice=494)
            await client.sync()
            assert client.raw.heard("orderStatus", stop)[0][1] == "PreSubmitted"
            assert client.raw.heard("orderStatus", stop)[0][9] == "trigger"
            peer.call(peer.world.quote, SPY, 493, 493.01)
            await client.sync()
            assert client.statuses(stop) == ["PreSubmitted", "Submitted", "Filled"]
            assert client.statuses(both) == ["PreSubmitted", "Submitted"]
            assert client.executions()[0].price == 493

    run(scenario())


@pytest.mark.parametrize(
    ("terms", "stands"), [({"auxPrice": 5}, 505), ({"trailingPercent": 1}, 504.9)]
)
def test_a_trailing_stop_follows_and_does_not_go_back(
    terms: dict[str, float], stands: float, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            order_id = client.place("SELL", 1, "TRAIL", **terms)
            peer.call(peer.world.quote, SPY, 509.99, 510)
            peer.call(peer.world.quote, SPY, 506, 506.01)
            await client.sync()
            assert client.statuses(order_id) == ["PreSubmitted"]
            (order,) = await client.open_orders()
            assert order.trailStopPrice == stands
            peer.call(peer.world.print, SPY, stands)
            await client.sync()
            assert client.statuses(order_id)[-1] == "Filled"

    run(scenario())


def test_orders_for_the_close_wait_for_it(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            market = client.place("BUY", 1, "MOC")
            near = client.place("BUY", 1, "LOC", lmtPrice=501)
            far = client.place("BUY", 1, "LOC", lmtPrice=400)
            await client.sync()
            peer.call(lambda: peer.world.part(Desk).matching.auction(SPY, Decimal(501)))
            await client.sync()
            assert client.statuses(market) == ["PreSubmitted", "Filled"]
            assert client.statuses(near) == ["PreSubmitted", "Filled"]
            assert client.statuses(far) == ["PreSubmitted", "Cancelled"]

    run(scenario())


def test_out_of_hours_an_order_waits_with_a_warning(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.world.is_open = False
            waits = client.place("BUY", 1, "MKT")
            goes = client.limit("BUY", 1, 501, outsideRth=True)
            assert (await client.refused(waits))[0] == 399
            await client.sync()
            assert client.statuses(waits) == ["PreSubmitted"]
            assert client.statuses(goes)[-1] == "Filled"
            peer.call(lambda: peer.world.part(Desk).matching.open_market())
            await client.sync()
            assert client.statuses(waits)[-1] == "Filled"

    run(scenario())


def test_an_immediate_order_is_not_left_over(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            order_id = client.limit("BUY", 1, 499, tif="IOC")
            assert (await client.refused(order_id))[0] == 202
            await client.sync()
            assert client.statuses(order_id) == ["Submitted", "Cancelled"]

    run(scenario())


def test_the_same_id_again_is_a_change_and_never_a_second_order(
    peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            order_id = client.limit("BUY", 1, 499, orderRef="mine")
            await client.sync()
            client.limit("BUY", 2, 498, orderRef="mine", order_id=order_id)
            (order,) = await client.open_orders()
            assert (order.totalQuantity, order.lmtPrice) == (2, 498)
            peer.call(peer.world.fill, "mine", 2, 498)
            client.limit("BUY", 3, 498, orderRef="mine", order_id=order_id)
            assert (await client.refused(order_id))[0] == 104
            gone = client.limit("BUY", 1, 499, orderRef="other")
            client.raw.send.cancelOrder(gone)
            client.limit("BUY", 1, 499, orderRef="other", order_id=gone)
            await client.raw.told("error", gone, count=2)
            assert (await client.refused(gone))[0] == 103
            assert peer.call(dict, peer.world.accepted) == {"mine": 1, "other": 1}
            client.limit("BUY", 1, 499, orderRef="older", order_id=order_id - 1)
            assert (await client.refused(order_id - 1))[0] == 103

    run(scenario())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"action": "SELL"}, 105),
        ({"price": 499.001}, 110),
        ({"quantity": 0}, 201),
        ({"con_id": 265598}, 105),
    ],
)
def test_a_bad_change_leaves_the_order_as_it_was(
    change: dict[str, Any], code: int, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            order_id = client.limit("BUY", 1, 499)
            terms: dict[str, Any] = {
                "action": "BUY",
                "quantity": 1,
                "price": 499,
                "order_id": order_id,
                **change,
            }
            client.limit(terms.pop("action"), terms.pop("quantity"), terms.pop("price"), **terms)
            assert (await client.refused(order_id))[0] == code
            (order,) = await client.open_orders()
            assert (order.action, order.totalQuantity, order.lmtPrice) == ("BUY", 1, 499)

    run(scenario())


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"quantity": 0}, 434),
        ({"price": 450.001}, 110),
        ({"con_id": 42}, 200),
        ({"kind": "NONSENSE"}, 387),
        ({"account": "DU9"}, 321),
        ({"parentId": 77}, 10006),
        ({"quantity": 1_000_000}, 201),
    ],
)
def test_what_tws_refuses(terms: dict[str, Any], code: int, peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            asked: dict[str, Any] = {"quantity": 1, "kind": "LMT", "price": 450, **terms}
            order_id = client.place(
                "BUY", asked.pop("quantity"), str(asked.pop("kind")),
                lmtPrice=asked.pop("price"), **asked,
            )  # fmt: skip
            assert (await client.refused(order_id))[0] == code
            await client.sync()
            assert client.statuses(order_id) == (["Inactive"] if code == 201 else [])
            assert await client.open_orders() == []
            assert not peer.call(dict, peer.world.accepted)

    run(scenario())


def test_several_accounts_have_to_be_named(run: LoopRunner) -> None:
    async def scenario(peer: TwsPeer) -> None:
        async with OrderClient.at(peer) as client:
            assert client.raw.send.getAccounts() == ["DU1", "DU2"]
            order_id = client.limit("BUY", 1, 450)
            assert (await client.refused(order_id))[0] == 435
            client.limit("BUY", 1, 450, account="DU2", order_id=order_id)
            (order,) = await client.open_orders()
            assert order.account == "DU2"

    from tests.doubles.tws.world import World

    with TwsPeer(world=World("DU1", "DU2")) as peer:
        run(scenario(peer))


def test_a_cancel_is_confirmed_or_refused(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            order_id = client.limit("BUY", 1, 499)
            client.raw.send.cancelOrder(order_id)
            assert (await client.refused(order_id))[0] == 202
            await client.sync()
            assert client.statuses(order_id) == ["Submitted", "Cancelled"]
            client.raw.send.cancelOrder(order_id)
            await client.raw.told("error", order_id, count=2)
            assert await client.refused(order_id) == (
                10148,
                f"OrderId {order_id} that needs to be cancelled cannot be cancelled,"
                " state: Cancelled.",
            )
            client.raw.send.cancelOrder(99)
            assert (await client.refused(99))[0] == 10147

    run(scenario())


def test_a_global_cancel_reaches_what_others_have_sent(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            own = client.limit("BUY", 1, 499)
            await client.sync()
            peer.call(peer.world.manual_order, SPY, "BUY", 1, "LMT", 400)
            peer.call(peer.world.foreign_order, 5, 1, SPY, "BUY", 1, "LMT", 400)
            client.raw.send.reqGlobalCancel()
            await client.sync()
            assert client.statuses(own)[-1] == "Cancelled"
            assert await client.open_orders(of_all=True) == []

    run(scenario())
