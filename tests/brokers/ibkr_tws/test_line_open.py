"""Opening a line: every way in which it ends, how soon, and what it says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from app.base.errors import Outcome
from tests.brokers.ibkr_tws.line_desk import HOST, Behave, LineDesk, at, serving
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.wire import message

# A refusal that can be seen at once must not wait for the time-out of 20 s.
AT_ONCE_S = 10.0


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        yield peer


def says(*pieces: bytes, hang: bool) -> Behave:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)  # "API" and a zero: the client speaks first
        for piece in pieces:
            writer.write(piece)
        await writer.drain()
        if hang:
            await reader.read()

    return behave


async def refused(port: int, **settings: float) -> tuple[str, Outcome, str, float]:
    desk = LineDesk(port, **settings)
    began = time.monotonic()
    error = await desk.refusal()
    assert not desk.line.is_up
    assert desk.lost == []  # it was never up
    return error.code, error.outcome, str(error), time.monotonic() - began


@pytest.mark.parametrize("version", [176, 178])
def test_open(run: LoopRunner, version: int) -> None:
    async def scenario() -> None:
        with TwsPeer(version=version) as peer:
            async with at(peer, client_id=23) as desk:
                line = desk.line
                assert line.is_up
                assert line.accounts == ("DU1000001",)
                assert line.server_version == min(version, line.client.MaxClientVersion)
                assert line.client_id == 23
                assert str(line.zone) == "America/New_York"
                assert line.next_id() + 1 == line.next_id()
                line.raise_ids(5000)
                assert line.next_id() == 5000
                assert {code for _, code, _ in desk.errors} >= {2104, 2106, 2158}
            assert desk.lost == []
            assert not line.is_up

    run(scenario())


def test_nothing_listens(run: LoopRunner) -> None:
    async def scenario() -> None:
        async with serving(says(hang=True)) as port:
            pass
        code, outcome, text, took_s = await refused(port)
        assert (code, outcome) == ("nothing-listening", Outcome.NOT_SENT)
        assert f"{HOST}:{port}" in text
        assert took_s < AT_ONCE_S

    run(scenario())


def test_unknown_host(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = LineDesk(7497, host="no such host.invalid")
        error = await desk.refusal()
        assert (error.code, error.outcome) == ("nothing-listening", Outcome.NOT_SENT)

    run(scenario())


def test_a_firewall_that_swallows(run: LoopRunner) -> None:
    """Nothing takes the connection and nothing refuses it."""

    async def scenario() -> None:
        desk = LineDesk(7497, connect_timeout_s=1)

        async def hang(*_: object, **__: object) -> None:
            await asyncio.sleep(60)

        desk.line.client.connectAsync = hang
        began = time.monotonic()
        error = await desk.refusal()
        assert (error.code, error.outcome) == ("nothing-listening", Outcome.NOT_SENT)
        assert "firewall" in str(error)
        assert 0.9 < time.monotonic() - began < 10

    run(scenario())


def test_client_id_in_use_fails_at_once(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        async with at(peer, client_id=5):
            code, outcome, text, took_s = await refused(peer.port, client_id=5)
        assert (code, outcome) == ("client-id-in-use", Outcome.REJECTED)
        assert took_s < AT_ONCE_S
        assert "for example 6" in text

    run(scenario())


def test_accept_dialog(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        peer.faults.accept_dialog = True
        code, outcome, text, took_s = await refused(peer.port, connect_timeout_s=1)
        assert (code, outcome) == ("accept-dialog", Outcome.NOT_SENT)
        assert "accept" in text
        assert 0.9 < took_s < AT_ONCE_S

    run(scenario())


def test_no_account(run: LoopRunner) -> None:
    async def scenario() -> None:
        greeting = message(178, "20250425 15:23:54 EST") + message(9, 1, 1) + message(15, 1, "")
        async with serving(says(greeting, hang=True)) as port:
            code, outcome, text, _ = await refused(port, connect_timeout_s=1)
        assert (code, outcome) == ("accept-dialog", Outcome.NOT_SENT)
        assert "no account" in text

    run(scenario())


def test_api_off(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        peer.faults.api_off = True
        code, outcome, text, took_s = await refused(peer.port)
        assert (code, outcome) == ("api-off", Outcome.NOT_SENT)
        assert "Enable ActiveX and Socket Clients" in text
        assert took_s < AT_ONCE_S

    run(scenario())


def test_closed_after_the_greeting(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        peer.faults.close_after_start = True
        greeting = message(178, "20250425 15:23:54 EST")
        reason = message(4, 2, -1, 10141, "Paper trading disclaimer must be accepted", "")
        async with serving(says(greeting, reason, hang=False)) as port:
            code, outcome, text, took_s = await refused(port)
        assert (code, outcome) == ("api-off", Outcome.NOT_SENT)
        assert "Paper trading disclaimer" in text
        assert took_s < AT_ONCE_S

    run(scenario())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        message("hello", "world"),
        message(178),
        b"\x00\x00\x00\x00",
    ],
)
def test_something_else_answers(run: LoopRunner, answer: bytes) -> None:
    async def scenario() -> None:
        async with serving(says(answer, hang=True)) as port:
            code, outcome, _, took_s = await refused(port)
        assert (code, outcome) == ("no-tws", Outcome.REJECTED)
        assert took_s < AT_ONCE_S

    run(scenario())


def test_old_tws(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        peer.faults.old_version = 100
        code, outcome, text, took_s = await refused(peer.port)
        assert (code, outcome) == ("old-tws", Outcome.REJECTED)
        assert "100" in text
        assert took_s < AT_ONCE_S

    run(scenario())


def test_nightly_restart(run: LoopRunner, peer: TwsPeer) -> None:
    """The port refuses for a while; every failure leaves the door open, the same id works later."""

    async def scenario() -> None:
        desk = LineDesk(peer.port)
        await desk.open()
        peer.restart(3.0)
        await until(lambda: desk.lost)
        assert (await LineDesk(peer.port).refusal()).outcome is Outcome.NOT_SENT
        peer.until(lambda: peer.world.connections == [] and peer._server is not None)
        again = LineDesk(peer.port)
        await again.open()
        assert again.line.is_up
        await again.close()
        await desk.close()

    run(scenario())


def test_broken_off(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        peer.faults.accept_dialog = True
        desk = LineDesk(peer.port)
        opening = asyncio.ensure_future(desk.open())
        await until(lambda: peer.call(lambda: list(peer.world.connections)))
        opening.cancel()
        await asyncio.wait([opening])
        assert opening.cancelled()
        await until(lambda: not peer.call(lambda: list(peer.world.connections)))

    run(scenario())


def test_torn_start(run: LoopRunner) -> None:
    """What cannot be read before the session is ready neither ends nor delays it."""

    async def scenario() -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(4)
            writer.write(message(178, "20250425 15:23:54 EST"))
            writer.write(message("what", 1) + message(9, 1) + b"\x00\x00\x00\x00")
            writer.write(message(15, 1, "DU1,DU2,") + message(9, 1, 77))
            await reader.read()

        async with serving(behave) as port:
            desk = LineDesk(port)
            line = await desk.open()
            assert line.accounts == ("DU1", "DU2")
            assert line.next_id() == 77
            assert len(desk.garbled) == 3
            await desk.close()

    run(scenario())
