"""The beginning of a session at the peer, good and bad, with the real SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.brokers.ibkr_tws.raw_client import RawClient
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.peer import TwsPeer
from tests.surprises import LogWatch

HELLO = b"API\0\0\0\0\x09v157..178"


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        yield peer


async def failing(peer: TwsPeer, timeout_s: float = 2.0) -> tuple[RawClient, type[BaseException]]:
    """A client that cannot get in, and what its attempt raised."""
    client = RawClient()
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is looked at by the test
        await client.send.connectAsync(peer.host, peer.port, 1, timeout=timeout_s)
    await asyncio.sleep(0)
    return client, caught.type


@pytest.mark.parametrize("version", [176, 178])
def test_the_version_is_the_lower_of_both(version: int, run: LoopRunner) -> None:
    async def scenario(peer: TwsPeer) -> None:
        async with RawClient.to(peer, client_id=4) as client:
            most = client.send.MaxClientVersion
            assert client.send.serverVersion() == min(version, most)
            assert client.send.getAccounts() == ["DU1000001"]
            assert client.send.getReqId() == 1
            await client.told("error", count=3)
            assert [row[:2] for row in client.heard("error")] == [
                (-1, 2104), (-1, 2106), (-1, 2158),
            ]  # fmt: skip
            client.send.reqIds(1)
            client.send.reqManagedAccts()
            await client.told("nextValidId", count=2)
            await client.told("managedAccounts", count=2)
            assert peer.call(lambda: [r.fields for r in peer.world.received]) == [
                ["71", "2", "4", ""], ["8", "1", "1"], ["17", "1"],
            ]  # fmt: skip

    with TwsPeer(version=version) as peer:
        run(scenario(peer))


def test_a_client_id_is_given_once_and_is_free_again_afterwards(
    peer: TwsPeer, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as first:
            second, kind = await failing(peer, timeout_s=0.3)
            assert kind is TimeoutError
            assert [row[:2] for row in second.heard("error")] == [(-1, 326)]
            first.send.reqCurrentTime()
            await first.told("currentTime")
        peer.until(lambda: not peer.world.sessions)
        async with RawClient.to(peer):
            pass

    expected_logs.during_test("already in use", level="ERROR")
    expected_logs.during_test("API connection failed", level="ERROR")
    run(scenario())


@pytest.mark.parametrize(
    ("fault", "wait_s"),
    [("accept_dialog", 0.2), ("api_off", 0.3), ("close_after_start", 0.3)],
)
def test_doors_that_stay_shut(
    fault: str, wait_s: float, peer: TwsPeer, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        setattr(peer.faults, fault, True)
        client, kind = await failing(peer, wait_s)
        assert kind is TimeoutError
        assert not client.heard("managedAccounts")
        setattr(peer.faults, fault, False)
        async with RawClient.to(peer):
            pass

    expected_logs.during_test("API connection failed", level="ERROR")
    if fault == "close_after_start":
        expected_logs.during_test("already in use", level="ERROR")
    run(scenario())


def test_an_old_tws_is_refused_by_the_client(
    peer: TwsPeer, run: LoopRunner, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        peer.faults.old_version = 150
        await failing(peer, 0.2)

    expected_logs.during_test("version must be", level="ERROR")
    expected_logs.during_test("API connection failed", level="ERROR")
    run(scenario())


def test_a_port_may_belong_to_something_else(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        peer.faults.not_tws = True
        reader, writer = await asyncio.open_connection(peer.host, peer.port)
        with closing(writer):
            writer.write(HELLO)
            assert (await reader.read()).startswith(b"HTTP/1.1 400")

    run(scenario())


def test_a_handshake_alone_takes_no_client_id(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        reader, writer = await asyncio.open_connection(peer.host, peer.port)
        with closing(writer):
            for byte in HELLO:  # however the network splits it
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0)
            assert (await reader.readexactly(8))[4:] == b"178\0"
            assert peer.call(lambda: (len(peer.world.connections), peer.world.sessions)) == (1, [])

    run(scenario())


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"API\0\xff\xff\xff\xff"])
def test_who_does_not_speak_the_protocol_is_cut_off(
    data: bytes, peer: TwsPeer, run: LoopRunner
) -> None:
    async def scenario() -> None:
        reader, writer = await asyncio.open_connection(peer.host, peer.port)
        with closing(writer):
            writer.write(data)
            assert await reader.read() == b""

    run(scenario())


def test_an_unknown_message_is_answered_and_does_no_harm(peer: TwsPeer, run: LoopRunner) -> None:
    async def scenario() -> None:
        async with RawClient.to(peer) as client:
            client.send.send(777, 1)
            client.send.send(4, 1, "no number", "")
            await client.told("error", count=5)
            assert [row[1] for row in client.heard("error")][-2:] == [320, 320]

    run(scenario())
