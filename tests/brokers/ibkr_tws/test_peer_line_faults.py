"""How the line to the peer, and TWS itself, can fail, as the real SDK hears it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.brokers.ibkr_tws.order_client import OrderClient
from tests.brokers.ibkr_tws.raw_client import RawClient
from tests.doubles.loop import PATIENCE_S, LoopRunner, until
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.quirks import Quirk
from tests.surprises import LogWatch


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        yield peer


async def cut_off(client: OrderClient) -> None:
    """Wait until the SDK has noticed that the line is gone."""
    await until(lambda: not client.raw.send.isConnected())


@pytest.mark.parametrize(
    ("quirk", "taken"), [(Quirk.DROP_BEFORE_ACCEPT, 0), (Quirk.DROP_AFTER_ACCEPT, 1)]
)
def test_a_line_may_break_on_either_side_of_acceptance(
    quirk: Quirk, taken: int, peer: TwsPeer, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.call(peer.faults.on_next, quirk)
            client.place("BUY", 1, "MKT", orderRef="lost")
            await cut_off(client)
            assert not client.raw.heard("openOrder")
        async with OrderClient.at(peer) as again:
            rows = await again.completed()
            assert [order.orderRef for order, _ in rows] == ["lost"] * taken
            assert peer.call(dict, peer.world.accepted) == ({"lost": 1} if taken else {})

    expected_logs.during_test("Peer closed connection", level="ERROR")
    run(scenario())


def test_half_open_is_silence_in_both_directions(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.faults.half_open = True
            client.place("BUY", 1, "MKT", orderRef="into-the-void")
            client.raw.send.reqCurrentTime()
            await asyncio.sleep(0.1)
            assert client.raw.recorder.calls == []
            assert client.raw.send.isConnected()
            peer.faults.half_open = False
            await client.sync()
            assert not peer.call(dict, peer.world.accepted)

    run(scenario())


def test_a_mute_line_hears_and_acts(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.faults.mute = True
            client.place("BUY", 1, "MKT", orderRef="taken")
            peer.until(lambda: peer.world.accepted["taken"] == 1)
            peer.faults.mute = False
            await client.sync()
            assert not client.raw.heard("orderStatus")

    run(scenario())


@pytest.mark.parametrize("kept", [True, False])
def test_without_ibkr_orders_wait_and_nothing_is_told(
    kept: bool, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            before = client.limit("BUY", 1, 450, orderRef="before")
            await client.sync()
            peer.call(peer.world.lose_ibkr)
            peer.call(peer.world.fill, "before", 1, 450)
            during = client.limit("BUY", 1, 450)
            await client.sync()
            assert client.raw.heard("error")[-1][1] == 1100
            assert client.statuses(before) == ["Submitted"]
            assert client.statuses(during) == []
            peer.call(lambda: peer.world.restore_ibkr(kept=kept))
            await client.raw.told("orderStatus", during)
            assert client.raw.heard("error")[-1][1] == (1102 if kept else 1101)
            client.raw.send.reqExecutions(9, client.raw.ib.ExecutionFilter())
            await client.raw.told("execDetailsEnd", 9)
            assert len(client.raw.heard("execDetails", 9)) == 1

    run(scenario())


def test_farms_break_and_are_mended(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            for farm in ("market", "history", "contracts"):
                peer.call(peer.world.set_farm, farm, is_ok=False)
                peer.call(peer.world.set_farm, farm, is_ok=True)
            await client.sync()
            codes = [row[1] for row in client.raw.heard("error", -1)]
            assert codes == [2103, 2104, 2105, 2106, 2157, 2158]

    run(scenario())


def test_the_nightly_restart_leaves_the_world_as_it_was(
    peer: TwsPeer, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            client.limit("BUY", 1, 450, orderRef="kept")
            await client.sync()
            peer.restart(down_s=0.2)
            await cut_off(client)
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(peer.host, peer.port)
        async with asyncio.timeout(PATIENCE_S):
            while not await is_listening(peer):  # noqa: ASYNC110 - another thread opens the port
                await asyncio.sleep(0.01)
        async with OrderClient.at(peer) as again:
            assert [o.orderRef for o in await again.open_orders()] == ["kept"]
            assert again.limit("BUY", 1, 450) == 2

    expected_logs.during_test("Peer closed connection", level="ERROR")
    run(scenario())


async def is_listening(peer: TwsPeer) -> bool:
    try:
        _, writer = await asyncio.open_connection(peer.host, peer.port)
    except ConnectionRefusedError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@pytest.mark.parametrize(
    ("part", "ask", "end"),
    [
        ("positions", lambda send, ib: send.reqPositions(), "positionEnd"),
        ("open_orders", lambda send, ib: send.reqAllOpenOrders(), "openOrderEnd"),
        ("completed_orders", lambda send, ib: send.reqCompletedOrders(False), "completedOrdersEnd"),
        ("executions", lambda send, ib: send.reqExecutions(5, ib.ExecutionFilter()),
         "execDetailsEnd"),
        ("account", lambda send, ib: send.reqAccountUpdates(True, ""), "accountDownloadEnd"),
        ("account", lambda send, ib: send.reqAccountUpdatesMulti(5, "", "", False),
         "accountUpdateMultiEnd"),
        ("summary", lambda send, ib: send.reqAccountSummary(5, "All", "NetLiquidation"),
         "accountSummaryEnd"),
    ],
)  # fmt: skip
def test_an_end_may_be_missing(
    part: str, ask: object, end: str, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        assert callable(ask)
        async with OrderClient.at(peer) as client:
            peer.faults.missing_end.add(part)
            ask(client.raw.send, client.raw.ib)
            await client.sync()
            assert not client.raw.heard(end)
            peer.faults.missing_end.clear()
            client.raw.send.cancelAccountSummary(5)
            ask(client.raw.send, client.raw.ib)
            await client.raw.told(end)

    run(scenario())


def test_garbage_does_not_end_the_stream(
    peer: TwsPeer, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            with expected_logs("Error", level="ERROR") as records:
                peer.call(peer.world.send_garbage)
                await client.sync()
            assert len(records) == 4

    run(scenario())


def test_a_corrupt_length_swallows_all_that_follows(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            peer.call(peer.world.send_huge_length)
            client.place("BUY", 1, "MKT", orderRef="taken")
            peer.until(lambda: peer.world.accepted["taken"] == 1)
            peer.drained()
            await asyncio.sleep(0.05)
            assert client.raw.recorder.calls == []
            assert client.raw.send.isConnected()

    run(scenario())


def test_split_and_slow_messages_arrive_whole_and_in_order(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with OrderClient.at(peer) as client:
            loop = asyncio.get_running_loop()
            peer.faults.split_bytes = 1
            client.limit("BUY", 1, 450)
            await client.sync()
            assert [c.name for c in client.raw.recorder.calls] == [
                "openOrder", "orderStatus", "currentTime",
            ]  # fmt: skip
            peer.faults.split_bytes, peer.faults.slow_answers_s = 0, 0.1
            began = loop.time()
            await client.sync()
            assert 0.1 <= loop.time() - began < 10
            peer.faults.slow_answers_s = 0.0
            await client.sync()

    run(scenario())


def test_another_program_may_hold_the_client_id(
    peer: TwsPeer, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        peer.faults.refuse_326 = True
        client = RawClient()
        with pytest.raises(TimeoutError):
            await client.send.connectAsync(peer.host, peer.port, 1, timeout=0.2)
        assert [row[1] for row in client.heard("error")] == [326]

    expected_logs.during_test("already in use", level="ERROR")
    expected_logs.during_test("API connection failed", level="ERROR")
    run(scenario())
