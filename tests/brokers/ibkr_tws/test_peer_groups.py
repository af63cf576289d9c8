"""Brackets and groups at the peer: held, released, reduced, canceled."""

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


def test_a_bracket_is_held_released_and_ends_with_its_first_exit(
    peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            parent = client.limit("BUY", 4, 490, transmit=False)
            target = client.limit("SELL", 4, 520, transmit=False, parentId=parent)
            await client.sync()
            assert not client.raw.heard("orderStatus")  # nothing is told of what is staged
            stop = client.place("SELL", 4, "STP", auxPrice=480, parentId=parent)
            await client.sync()
            held = {i: client.raw.heard("orderStatus", i)[-1] for i in (parent, target, stop)}
            assert [row[1] for row in held.values()] == [
                "Submitted", "PreSubmitted", "PreSubmitted",
            ]  # fmt: skip
            assert [row[9] for row in held.values()] == ["", "child", "child,trigger"]
            peer.call(peer.world.quote, SPY, 489.99, 490)
            await client.sync()
            assert client.statuses(target)[-1] == "Submitted"
            assert client.raw.heard("orderStatus", stop)[-1][9] == "trigger"
            peer.call(peer.world.fill, peer.world.order(list(peer.world.orders)[1]).perm_id, 1, 520)
            assert (await client.open_orders())[-1].totalQuantity == 3  # the group is reduced
            peer.call(peer.world.quote, SPY, 520, 520.01)
            await client.sync()
            assert client.statuses(target)[-1] == "Filled"
            assert client.statuses(stop)[-1] == "Cancelled"
            assert await client.open_orders() == []

    run(scenario())


def test_children_end_with_their_parent(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            parent = client.limit("BUY", 4, 490, transmit=False)
            child = client.limit("SELL", 4, 520, parentId=parent)
            client.raw.send.cancelOrder(parent)
            await client.sync()
            assert client.statuses(child) == ["PreSubmitted", "Cancelled"]

    run(scenario())


@pytest.mark.parametrize(("kind", "left"), [(1, []), (2, [3.0]), (3, [3.0])])
def test_a_group_cancels_or_shrinks_with_a_fill(
    kind: int, left: list[float], peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            client.limit("BUY", 5, 490, ocaGroup="g", ocaType=kind, orderRef="first")
            client.limit("BUY", 4, 480, ocaGroup="g", ocaType=kind, orderRef="second")
            await client.sync()
            peer.call(peer.world.fill, "first", 1, 490)
            orders = await client.open_orders()
            assert [o.totalQuantity for o in orders if o.orderRef == "second"] == left
            peer.call(peer.world.fill, "first", 4, 490)
            assert await client.open_orders() == []

    run(scenario())
