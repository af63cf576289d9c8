"""How the peer can misbehave about one order, as the real SDK hears it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.brokers.ibkr_tws.order_client import SPY, OrderClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.quirks import Quirk


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        yield peer


def test_read_only_refuses_all_that_touches_orders(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.faults.read_only = True
            send = client.raw.send
            order_id = client.limit("BUY", 1, 450)
            code, text = await client.refused(order_id)
            assert code == 321
            assert "Read-Only" in text
            send.cancelOrder(order_id)
            for ask in (send.reqOpenOrders, send.reqAllOpenOrders, send.reqGlobalCancel):
                ask()
            send.reqCompletedOrders(False)
            await client.raw.told("error", -1, count=4)
            assert len(client.raw.heard("error", order_id)) == 2
            assert not client.raw.heard("openOrderEnd")
            send.reqPositions()
            await client.raw.told("positionEnd")

    run(scenario())


@pytest.mark.parametrize(
    ("quirk", "told"),
    [
        (Quirk.NO_SUBMITTED, ["Filled"]),
        (Quirk.STALE_SUBMITTED, ["Submitted", "Filled", "Submitted"]),
        (Quirk.DUPLICATE_STATUS, ["Submitted", "Submitted", "Filled", "Filled"]),
        (Quirk.LATE_ANSWER, ["Submitted", "Filled"]),
        (Quirk.TIF_PRESET, ["Submitted", "Filled"]),
        (Quirk.WARNING_AFTER_FILLED, ["Submitted", "Filled"]),
        (Quirk.STATUS_BEFORE_EXECUTION, ["Submitted", "Filled"]),
    ],
)
def test_odd_sequences_of_statuses(
    quirk: Quirk, told: list[str], peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.call(peer.faults.on_next, quirk)
            order_id = client.place("BUY", 1, "MKT")
            plain = client.place("BUY", 1, "MKT")  # the quirk is for one order only
            await client.raw.told("commissionReport", count=2)
            await client.sync()
            assert client.statuses(order_id) == told
            assert client.statuses(plain) == ["Submitted", "Filled"]
            codes = [row[1] for row in client.raw.heard("error", order_id)]
            expected = {Quirk.TIF_PRESET: [10349], Quirk.WARNING_AFTER_FILLED: [399]}
            assert codes == expected.get(quirk, [])

    run(scenario())


def test_a_status_may_come_before_its_execution(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.call(peer.faults.on_next, Quirk.STATUS_BEFORE_EXECUTION)
            order_id = client.place("BUY", 1, "MKT")
            await client.raw.told("orderStatus", order_id, count=2)
            await client.sync()
            assert client.statuses(order_id)[-1] == "Filled"
            assert client.executions() == []
            await client.raw.told("commissionReport")
            assert len(client.executions()) == 1

    run(scenario())


def test_executions_come_twice_corrected_and_in_pieces(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            quirks = (Quirk.DUPLICATE_EXECUTION, Quirk.CORRECTED_EXECUTION, Quirk.PARTIAL_FILLS)
            peer.call(peer.faults.on_next, *quirks)
            order_id = client.place("BUY", 10, "MKT")
            await client.raw.told("commissionReport", count=2 * 2 * 4)
            ids = [e.execId for e in client.executions()]
            assert len(ids) == 16
            assert len(set(ids)) == 8
            last = {e.execId.rpartition(".")[0]: e for e in client.executions()}
            assert sorted(e.shares for e in last.values()) == [1, 3, 3, 3]
            assert {e.price for e in last.values()} == {500.02}
            assert client.statuses(order_id)[-1] == "Filled"
            assert peer.world.accounts["DU1000001"].holdings[SPY].quantity == 10

    run(scenario())


def test_a_change_or_an_order_may_be_rejected_by_201(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.call(peer.faults.on_next, Quirk.REJECT_MODIFY)
            order_id = client.limit("BUY", 1, 450)
            client.limit("BUY", 1, 451, order_id=order_id)
            assert (await client.refused(order_id))[0] == 201
            assert [o.lmtPrice for o in await client.open_orders()] == [450]
            peer.faults.next_rejection.append("because")
            refused = client.limit("BUY", 1, 450)
            assert (await client.refused(refused))[1] == "Order rejected - reason:because"

    run(scenario())


def test_a_cancel_may_lose_the_race_against_a_fill(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.call(peer.faults.on_next, Quirk.CANCEL_RACE)
            order_id = client.limit("BUY", 1, 450)
            client.raw.send.cancelOrder(order_id)
            code, text = await client.refused(order_id)
            assert (code, text.endswith("state: Filled.")) == (10148, True)
            assert [e.price for e in client.executions()] == [450]
            assert client.statuses(order_id) == ["Submitted", "Filled"]

    run(scenario())


@pytest.mark.parametrize(
    ("unknown", "done"), [(10147, 10148), (135, 161), (135, 136)]
)  # fmt: skip
def test_cancels_are_refused_in_old_words_and_new(
    unknown: int, done: int, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        faults = peer.faults
        faults.unknown_cancel_code, faults.done_cancel_code = unknown, done
        async with OrderClient.at(peer) as client:
            order_id = client.place("BUY", 1, "MKT")
            client.raw.send.cancelOrder(order_id)
            client.raw.send.cancelOrder(77)
            assert (await client.refused(order_id))[0] == done
            assert (await client.refused(77))[0] == unknown

    run(scenario())
