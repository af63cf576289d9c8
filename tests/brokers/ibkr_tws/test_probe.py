"""The probe against whatever may listen on a port, by raw servers on the loopback."""

from __future__ import annotations

import asyncio
import socket
import struct
import time

import pytest

from app.brokers.ibkr_tws import probe as probe_module
from app.brokers.ibkr_tws.probe import GREETING, ProbeResult, Verdict, probe, probe_all
from tests.brokers.ibkr_tws.line_desk import HOST, Behave, serving
from tests.doubles.loop import LoopRunner


def framed(*fields: str) -> bytes:
    body = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(body)) + body


GOOD = framed("178", "20250425 15:23:54 EST")


def says(*pieces: bytes, pause_s: float = 0.0, hang: bool = True) -> Behave:
    """Hear the greeting, answer in pieces, then hang or close."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(len(GREETING)) == GREETING
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause_s)
        if hang:
            await reader.read()

    return behave


async def probed(behave: Behave) -> ProbeResult:
    async with serving(behave) as port:
        result = await probe(HOST, port)
        assert (result.host, result.port) == (HOST, port)
        return result


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def test_the_greeting_is_the_one_of_the_protocol() -> None:
    assert GREETING == b"API\0\x00\x00\x00\x09v157..178"


def test_a_tws_tells_version_and_time(run: LoopRunner) -> None:
    result = run(probed(says(GOOD)))
    assert result.verdict is Verdict.OK
    assert (result.version, result.time_text) == (178, "20250425 15:23:54 EST")
    assert result.address == f"{HOST}:{result.port}"


def test_no_client_id_is_sent(run: LoopRunner) -> None:
    heard = bytearray()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.readexactly(len(GREETING)))
        writer.write(GOOD)
        heard.extend(await reader.read())

    run(probed(behave))
    assert bytes(heard) == GREETING


def test_an_answer_in_single_bytes(run: LoopRunner) -> None:
    result = run(probed(says(*(GOOD[i : i + 1] for i in range(len(GOOD))), pause_s=0.003)))
    assert result.verdict is Verdict.OK


def test_more_after_the_answer_changes_nothing(run: LoopRunner) -> None:
    assert run(probed(says(GOOD + b"\0\0\0\x05rest"))).verdict is Verdict.OK


def test_a_slow_answer_is_waited_for(run: LoopRunner) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(GREETING))
        await asyncio.sleep(0.5)
        writer.write(GOOD)
        await reader.read()

    assert run(probed(behave)).verdict is Verdict.OK


def test_the_oldest_version_that_is_spoken_and_the_one_before(run: LoopRunner) -> None:
    assert run(probed(says(framed("157", "20190101 10:00:00 EST")))).verdict is Verdict.OK
    old = run(probed(says(framed("156", "20190101 10:00:00 EST"))))
    assert (old.verdict, old.version) == (Verdict.OLD_TWS, 156)


def test_nothing_listens(run: LoopRunner) -> None:
    assert run(probe(HOST, free_port())).verdict is Verdict.NOTHING_LISTENING


def test_localhost_refuses_by_two_addresses(run: LoopRunner) -> None:
    assert run(probe("localhost", free_port())).verdict is Verdict.NOTHING_LISTENING


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "300.1.1.1"])
def test_a_host_that_does_not_exist(run: LoopRunner, host: str) -> None:
    result = run(probe(host, 7497))
    assert result.verdict is Verdict.UNREACHABLE
    assert result.detail


def test_a_port_that_does_not_exist(run: LoopRunner) -> None:
    assert run(probe("192.0.2.1", 99999)).verdict is Verdict.UNREACHABLE


def test_a_host_that_is_silent(run: LoopRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_module, "REACH_S", 0.0)
    result = run(probe("192.0.2.1", 7497))  # reserved for documentation: nobody is there
    assert (result.verdict, result.detail) == (Verdict.UNREACHABLE, "no answer")


def test_silence_is_the_dialog(run: LoopRunner) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    assert run(probed(behave)).verdict is Verdict.ACCEPT_DIALOG


def test_closing_at_once_is_the_api_off(run: LoopRunner) -> None:
    assert run(probed(says(hang=False))).verdict is Verdict.API_OFF


def test_a_reset_is_the_api_off(run: LoopRunner) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    assert run(probed(behave)).verdict is Verdict.API_OFF


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a web server (HTTP)"),
        (b"<!DOCTYPE html><html>", "a web server (HTTP)"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "TLS"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "an SSH server"),
        (b"\xff\xff\xff\xff", "not answer as TWS"),  # 4 GB to come
        (struct.pack(">I", 1001) + b"178\0", "not answer as TWS"),
        (framed("178"), "not answer as TWS"),
        (framed("178", "20250425 15:23:54 EST", "more"), "not answer as TWS"),
        (framed("0", "20250425 15:23:54 EST"), "not answer as TWS"),
        (framed("-3", "x"), "not answer as TWS"),
        (framed("99999", "x"), "not answer as TWS"),
        (framed("version", "x"), "not answer as TWS"),
        (framed("\u0661\u0667\u0668", "x"), "not answer as TWS"),  # digits, but no number of TWS
        (struct.pack(">I", 0), "not answer as TWS"),
        (struct.pack(">I", 3) + b"\xff\xfe\xfd", "not answer as TWS"),
    ],
)
def test_something_else_answers(run: LoopRunner, answer: bytes, detail: str) -> None:
    result = run(probed(says(answer)))
    assert result.verdict is Verdict.NO_TWS
    assert detail in result.detail


@pytest.mark.parametrize("hang", [True, False])
@pytest.mark.parametrize("part", [1, 3, 4, 20])
def test_an_answer_that_is_never_finished(run: LoopRunner, part: int, hang: bool) -> None:
    assert run(probed(says(GOOD[:part], hang=hang))).verdict is Verdict.NO_TWS


def test_a_web_server_that_waits_for_the_end_of_the_line(run: LoopRunner) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n")
        writer.write(b"HTTP/1.0 400 Bad request\r\n\r\n")
        await reader.read()

    result = run(probed(behave))
    assert (result.verdict, result.detail) == (Verdict.NO_TWS, "a web server (HTTP)")


def test_a_server_that_speaks_first(run: LoopRunner) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-x\r\n")
        await reader.read()

    assert run(probed(behave)).detail == "an SSH server"


def test_all_at_once_in_order_and_in_time(run: LoopRunner) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def scene() -> tuple[tuple[ProbeResult, ...], float]:
        async with serving(silent) as one, serving(says(GOOD)) as two, serving(silent) as three:
            began = time.perf_counter()
            ports = (one, free_port(), two, three)
            results = await probe_all([(HOST, port) for port in ports])
            assert tuple(result.port for result in results) == ports
            return results, time.perf_counter() - began

    results, took_s = run(scene())
    assert [result.verdict for result in results] == [
        Verdict.ACCEPT_DIALOG,
        Verdict.NOTHING_LISTENING,
        Verdict.OK,
        Verdict.ACCEPT_DIALOG,
    ]
    assert took_s < 2.0


@pytest.mark.parametrize("after_s", [0.0, 0.001, 0.2])
def test_a_canceled_probe_leaves_no_line(run: LoopRunner, after_s: float) -> None:
    """The server's own end waits for every line to be closed."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def scene() -> None:
        async with serving(silent) as port:
            task = asyncio.create_task(probe(HOST, port))
            await asyncio.sleep(after_s)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(scene())
