"""A line that is up: what is heard, what cannot be read, how it ends."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.send_queue import Lane
from tests.brokers.ibkr_tws.line_desk import LineDesk, at, say, serving, tell
from tests.doubles.loop import LoopRunner, until
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.wire import Field, message
from tests.surprises import LogWatch


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        yield peer


def execution(exec_id: str, time: str, version: int) -> bytes:
    """execDetails as the decoders of both libraries read it; 178 has one field more."""
    contract: list[Field] = [756733, "SPY", "STK", "", 0, "", "", "ARCA", "USD", "SPY", "SPY"]
    order: list[Field] = [
        "DU1",
        "ARCA",
        "BOT",
        100,
        "500.25",
        7001,
        17,
        0,
        100,
        "500.25",
        "ref",
        "",
        "",
        "",
        2,
    ]
    more = [0] if version >= 178 else []
    return message(11, -1, 3, *contract, exec_id, time, *order, *more)


def test_several_hear(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        async with at(peer) as desk:
            heard: list[tuple[object, ...]] = []
            desk.line.on("tickSize", lambda *arguments: heard.append(arguments))
            desk.line.on("tickSize", lambda *arguments: heard.append(arguments))
            tell(peer, 2, 6, 1, 5, 300)
            await until(lambda: len(heard) == 2)
            assert heard == [(1, 5, 300.0)] * 2
            assert desk.doubts == []

    run(scenario())


def test_a_handler_that_raises_stops_nobody(
    run: LoopRunner, peer: TwsPeer, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        async with at(peer) as desk:
            heard: list[object] = []

            def bad(*_: object) -> None:
                raise LookupError("our own bug")

            desk.line.on("orderStatus", bad)
            desk.line.on("orderStatus", lambda *arguments: heard.append(arguments))
            desk.line.on("tickSize", bad)
            desk.line.on("tickSize", lambda *arguments: heard.append(arguments))
            with expected_logs("orderStatus", level="ERROR", count=1):
                tell(peer, 3, 7, "Submitted", 0, 100, 0, 9, 0, 0, 17, "", 0)
                await until(lambda: len(heard) == 1)
            assert len(desk.doubts) == 1
            with expected_logs("tickSize", level="ERROR", count=1):
                tell(peer, 2, 6, 1, 5, 300)
                await until(lambda: len(heard) == 2)
            assert len(desk.doubts) == 1  # a price more or less changes no order

    run(scenario())


def test_an_error_handler_that_raises_stops_nobody(
    run: LoopRunner, peer: TwsPeer, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        async with at(peer) as desk:
            heard: list[int] = []

            def bad(*_: object) -> bool:
                raise LookupError("our own bug")

            def good(_key: int, code: int, _text: str) -> bool:
                heard.append(code)
                return True

            def never(*_: object) -> bool:
                raise AssertionError("it was dealt with before")

            for handler in (bad, good, never):
                desk.line.on_error(handler)
            with expected_logs("our own bug", level="ERROR", count=1):
                tell(peer, 4, 2, 12, 399, "Order Message", "")
                await until(lambda: heard == [399])
            assert len(desk.doubts) == 1

    run(scenario())


def test_errors_are_unescaped(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        async with at(peer) as desk:
            tell(peer, 4, 2, 12, 201, "\\u59d4\\u6258 \\ud83d\\ude00 C:\\temp", "")
            await until(lambda: 12 in [key for key, _, _ in desk.errors])
            assert desk.errors[-1] == (12, 201, "委托 😀 C:\\temp")

    run(scenario())


@pytest.mark.parametrize(
    ("garbage", "is_doubted"),
    [
        (message(3, "x", "Submitted", 0, 100, 0, 9, 0, 0, 17, "", 0), True),  # a number torn
        (message(3, 7, "Submitted"), True),  # fields missing
        (message(11, -1, 3), True),
        (message(61, 3, "DU1"), True),
        (message(999, 1, 2, 3), True),  # nobody knows this number
        (message("garbage"), True),
        (b"\x00\x00\x00\x00", True),  # nothing at all
        (message(1, 6, 1, 1, "abc", 1, 0), False),  # a price
        (message(2, 6, 1), False),
        (b"\x00\x00\x00\x05\xff\xfe\xfd\x00\x00", True),  # no text
    ],
)
def test_what_cannot_be_read(
    run: LoopRunner,
    peer: TwsPeer,
    garbage: bytes,
    is_doubted: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One line in the log, answers in the air are spoiled, orders are read again."""

    async def scenario() -> None:
        async with at(peer) as desk:
            for callback in ("orderStatus", "execDetails", "position", "tickSize"):
                desk.line.on(callback, lambda _a, _b, _c, *_: None)
            times: list[int] = []
            desk.line.on("currentTime", times.append)
            with caplog.at_level(logging.INFO, "moorgate.tws"):
                caplog.clear()
                say(peer, garbage + message(49, 1, 1700000000))
                await until(lambda: times == [1700000000])
            lines = [r for r in caplog.records if "cannot be read" in r.getMessage()]
            assert [line.levelno for line in lines] == [logging.INFO]
            assert len(desk.garbled) == 1
            assert len(desk.doubts) == is_doubted
            assert desk.line.is_up

    run(scenario())


def test_an_unknown_message_is_not_doubted_for_ever(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        async with at(peer) as desk:
            times: list[int] = []
            desk.line.on("currentTime", times.append)
            say(peer, message(1234, 1) * 10 + message(49, 1, 17))
            await until(lambda: times)
            assert len(desk.garbled) == 10
            assert len(desk.doubts) == 3

    run(scenario())


@pytest.mark.parametrize("size", [1, 3, 7])
def test_split_messages(run: LoopRunner, peer: TwsPeer, size: int) -> None:
    async def scenario() -> None:
        peer.faults.split_bytes = size
        async with at(peer) as desk:
            times: list[int] = []
            desk.line.on("currentTime", times.append)
            for seconds in range(5):
                tell(peer, 49, 1, seconds)
            await until(lambda: times == [0, 1, 2, 3, 4])
            assert desk.garbled == []

    run(scenario())


@pytest.mark.parametrize("prefix", [b"\xff\xff\xff\xff", b"\x01\x00\x00\x00"])
def test_an_absurd_length_ends_the_line(run: LoopRunner, peer: TwsPeer, prefix: bytes) -> None:
    async def scenario() -> None:
        desk = LineDesk(peer.port)
        line = await desk.open()
        times: list[int] = []
        line.on("currentTime", times.append)
        say(peer, message(49, 1, 1) + prefix + message(49, 1, 2))
        await until(lambda: desk.lost)
        assert times == [1]  # what came before still counts
        assert len(desk.lost) == 1
        assert not line.is_up
        await until(lambda: not peer.call(lambda: list(peer.world.connections)))
        await line.ended()

    run(scenario())


def test_a_length_that_is_only_wrong_is_found_by_the_heartbeat(
    run: LoopRunner, peer: TwsPeer
) -> None:
    async def scenario() -> None:
        desk = LineDesk(peer.port, heartbeat_s=0.2)
        await desk.open()
        say(peer, b"\x00\xff\xff\xff")  # 16 MB that will never come
        await until(lambda: desk.lost)
        assert "not answered" in desk.lost[0]
        await desk.line.ended()

    run(scenario())


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("20250425 10:00:00 US/Eastern", "2025-04-25 14:00:00"),
        ("20250425 10:00:00 Central European Standard Time", "2025-04-25 08:00:00"),
        ("20250425  10:00:00", "2025-04-25 14:00:00"),  # TWS's own zone, from the handshake
        ("20250425-10:00:00", "2025-04-25 10:00:00"),
        ("20250425 10:00:00 Nowhere/Atlantis", "2025-04-25 14:00:00"),
        ("1745575200", "2025-04-25 10:00:00"),
    ],
)
def test_a_strange_time_costs_no_fill(run: LoopRunner, peer: TwsPeer, text: str, utc: str) -> None:
    async def scenario() -> None:
        async with at(peer) as desk:
            fills: list[Any] = []
            desk.line.on("execDetails", lambda _key, _contract, fill: fills.append(fill))
            say(peer, execution("0001.01", text, desk.line.server_version))
            await until(lambda: fills)
            assert f"{fills[0].time:%Y-%m-%d %H:%M:%S}" == utc
            say(peer, execution("0002.01", "no time at all", desk.line.server_version))
            await until(lambda: len(fills) == 2)
            assert desk.doubts == []

    run(scenario())


def test_half_open(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        desk = LineDesk(peer.port, heartbeat_s=0.2)
        line = await desk.open()
        closed: list[str] = []
        line.on_closed(closed.append)
        peer.faults.half_open = True
        loop = asyncio.get_running_loop()
        began = loop.time()
        await until(lambda: desk.lost)
        assert 0.15 < loop.time() - began < 10
        assert closed == desk.lost == ["TWS has not answered for 0.2 s"]
        with pytest.raises(BrokerError) as refused:
            line.queue.send(Lane.ORDER, line.client.reqCurrentTime)
        assert refused.value.outcome is Outcome.NOT_SENT
        with pytest.raises(BrokerError) as refused:
            line.next_id()
        assert refused.value.outcome is Outcome.NOT_SENT
        await line.ended()

    run(scenario())


def test_what_waits_dies_with_the_line(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        async with at(peer) as desk:
            queue, client = desk.line.queue, desk.line.client
            for _ in range(60):
                queue.send(Lane.CANCEL, client.reqCurrentTime)
            waiting = asyncio.ensure_future(queue.sent(Lane.ORDER, client.reqPositions))
            peer.cut()
            with pytest.raises(BrokerError, match="TWS ended the connection") as died:
                await waiting
            assert died.value.outcome is Outcome.NOT_SENT

    run(scenario())


def test_a_dead_line_lets_go_of_its_socket_at_once(run: LoopRunner) -> None:
    """Whatever is still to be written: nobody at the other end would read it."""

    async def scenario() -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(4)
            writer.write(message(178, "20250425 15:23:54 EST"))
            writer.write(message(15, 1, "DU1") + message(9, 1, 77))
            await reader.read()
            await is_over.wait()  # it stays although it was told the end

        is_over = asyncio.Event()
        async with serving(behave) as port:
            desk = LineDesk(port, heartbeat_s=0.2)
            line = await desk.open()
            await until(lambda: desk.lost)
            async with asyncio.timeout(10):
                await line.ended(60)
            is_over.set()

    run(scenario())


def test_the_heartbeat_is_one_question_at_a_time(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        def questions() -> int:
            return sum(m.fields[0] == "49" for m in peer.world.received)

        async with at(peer, heartbeat_s=0.2) as desk:
            await until(lambda: peer.call(questions) >= 4)
            assert desk.lost == []
            peer.faults.mute = True
            before = peer.call(questions)
            await until(lambda: desk.lost)
            assert peer.call(questions) - before <= 1

    run(scenario())


def test_the_peer_closes(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        desk = LineDesk(peer.port)
        await desk.open()
        peer.cut()
        await until(lambda: desk.lost)
        assert len(desk.lost) == 1
        assert "ended the connection" in desk.lost[0]
        desk.line.close()  # again: nothing more is said
        await desk.line.ended()
        assert len(desk.lost) == 1

    run(scenario())


def test_own_close_says_nothing(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        desk = LineDesk(peer.port)
        line = await desk.open()
        closed: list[str] = []
        line.on_closed(closed.append)
        times: list[int] = []
        line.on("currentTime", times.append)
        tell(peer, 49, 1, 5)
        await desk.close()
        await desk.close()
        assert len(closed) == 1
        assert desk.lost == []
        await until(lambda: not peer.call(lambda: list(peer.world.connections)))

    run(scenario())


def test_what_was_written_before_the_close_arrives(run: LoopRunner) -> None:
    """Though TWS is slow to read it and still talks: a closed socket would answer with a reset."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            desk = LineDesk(server.getsockname()[1])
            opening = asyncio.ensure_future(desk.open())
            peer, _ = await loop.sock_accept(server)
            with peer:
                peer.setblocking(False)
                await loop.sock_sendall(peer, message(178, "20250425 15:23:54 EST"))
                await loop.sock_sendall(peer, message(15, 1, "DU1") + message(9, 1, 77))
                line = await opening
                for _ in range(5):
                    line.queue.send(Lane.CANCEL, line.client.reqCurrentTime)
                line.close()
                for seconds in range(3):
                    await asyncio.sleep(0.02)
                    await loop.sock_sendall(peer, message(49, 1, seconds))
                heard = b""
                while data := await loop.sock_recv(peer, 1000):
                    heard += data
            await line.ended()
        assert heard.count(message(49, 1)) == 5

    run(scenario())


def test_a_peer_that_does_not_close(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(4)
            writer.write(message(178, "20250425 15:23:54 EST"))
            writer.write(message(15, 1, "DU1") + message(9, 1, 77))
            await reader.read()
            with suppress(ConnectionError):
                while True:  # it hears the end and stays
                    writer.write(message(49, 1, 1))
                    await writer.drain()
                    await asyncio.sleep(0.01)

        async with serving(behave) as port:
            desk = LineDesk(port)
            line = await desk.open()
            line.close()
            await line.ended(0.1)
            assert line._transport is not None
            assert line._transport.is_closing()

    run(scenario())


def test_what_fails_over_garbage_does_not_tear_the_line(
    run: LoopRunner, peer: TwsPeer, expected_logs: LogWatch
) -> None:
    async def scenario() -> None:
        async with at(peer) as desk:

            def bad(_: str) -> None:
                raise LookupError("our own bug")

            desk.line.on_garbled(bad)
            times: list[int] = []
            desk.line.on("currentTime", times.append)
            with expected_logs("could not be handled", level="ERROR", count=1):
                say(peer, message(999))
                await until(lambda: desk.doubts)
            tell(peer, 49, 1, 5)
            await until(lambda: times == [5])

    run(scenario())


def test_the_library_keeps_no_books(run: LoopRunner, peer: TwsPeer) -> None:
    async def scenario() -> None:
        async with at(peer) as desk:
            times: list[int] = []
            desk.line.on("currentTime", times.append)
            say(
                peer,
                execution("0001.01", "20250425 10:00:00 UTC", desk.line.server_version)
                + message(3, 7, "Submitted", 0, 100, 0, 9, 0, 0, 17, "", 0)
                + message(49, 1, 1),
            )
            await until(lambda: times)
            library = desk.line._ib
            assert library.trades() == library.fills() == library.positions() == []

    run(scenario())
