"""Find out what listens on a port without logging on: no client id is taken, no SDK is needed.

TWS answers the first message of its API, the range of versions that a client speaks, with its own
version and its time; the client id goes out in the message after that, which a probe never sends.
Layout of both: IBKR's TWS API, EClient.connect, and section "Connectivity" of IBKR Campus.
Everything here is a coroutine for any asyncio loop, and none leaves a socket open.
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from app.brokers.ibkr_tws.ports import is_this_computer

OLDEST_VERSION, NEWEST_VERSION = 157, 178  # what ib_insync and ib_async speak between them
_GREETING_BODY = b"v%d..%d" % (OLDEST_VERSION, NEWEST_VERSION)
GREETING = b"API\0" + struct.pack(">I", len(_GREETING_BODY)) + _GREETING_BODY
LONGEST_ANSWER = 1000  # a version and a time; real ones have about 30 bytes
REACH_S = 0.8  # to connect
ANSWER_S = 0.7  # to answer the greeting; TWS takes a few milliseconds
NUDGE_S = 0.3  # to answer an empty line, where the greeting met silence


class Verdict(Enum):
    """What a port turned out to be; the values are the ids of the wizard's troubles."""

    OK = "ok"
    NOTHING_LISTENING = "nothing-listening"  # refused
    UNREACHABLE = "unreachable"  # the host does not exist or does not answer at all
    NO_TWS = "no-tws"  # answers, but not as TWS does
    ACCEPT_DIALOG = "accept-dialog"  # accepts and stays silent
    API_OFF = "api-off"  # accepts and closes at once
    OLD_TWS = "old-tws"  # TWS, of a version the SDK cannot speak with


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One port. `version` and `time_text` are TWS's own words, 0 and empty where it told none."""

    host: str
    port: int
    verdict: Verdict
    version: int = 0
    time_text: str = ""  # "20250425 15:23:54 EST"
    detail: str = ""  # what answered instead: "a web server (HTTP)"

    @property
    def address(self) -> str:
        """ "host:port", as the wizard keeps it."""
        return f"{self.host}:{self.port}"


async def probe_all(addresses: Sequence[tuple[str, int]]) -> tuple[ProbeResult, ...]:
    """Every address at once, results in the same order; takes less than two seconds."""
    return tuple(await asyncio.gather(*(probe(host, port) for host, port in addresses)))


async def probe(host: str, port: int) -> ProbeResult:
    """What listens on one port. Raises nothing for what may be found there."""
    try:
        async with asyncio.timeout(REACH_S):
            reader, writer = await asyncio.open_connection(host, port)
    except (OSError, UnicodeError, OverflowError) as error:
        return _unconnected(host, port, error)
    try:
        return await _greet(host, port, reader, writer)
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


def _unconnected(host: str, port: int, error: Exception) -> ProbeResult:
    # Of this computer every failure means the same: Windows takes two seconds to refuse, and
    # asyncio joins the refusals of ::1 and 127.0.0.1 into one plain OSError.
    if isinstance(error, ConnectionRefusedError) or is_this_computer(host):
        return ProbeResult(host, port, Verdict.NOTHING_LISTENING)
    detail = "no answer" if isinstance(error, TimeoutError) else str(error)
    return ProbeResult(host, port, Verdict.UNREACHABLE, detail=detail)


async def _greet(
    host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> ProbeResult:
    writer.write(GREETING)
    answer = _Answer()
    if not await answer.read(reader, ANSWER_S) and not answer.data:
        # A web server waits for the end of a line; TWS, for an answer in its dialog.
        writer.write(b"\r\n\r\n")
        await answer.read(reader, NUDGE_S)
    return answer.judged(host, port)


class _Answer:
    """The bytes that came back, and whether the peer closed the line."""

    def __init__(self) -> None:
        self.data = b""
        self.is_closed = False

    async def read(self, reader: asyncio.StreamReader, patience_s: float) -> bool:
        """Read until the answer can be judged; False when it cannot within `patience_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while not self._is_enough():
                    await self._read_some(reader)
        return self._is_enough()

    async def _read_some(self, reader: asyncio.StreamReader) -> None:
        try:
            piece = await reader.read(LONGEST_ANSWER)
        except OSError:  # reset: closed, only less politely
            piece = b""
        self.data += piece
        self.is_closed = not piece

    def _is_enough(self) -> bool:
        if self.is_closed:
            return True
        return len(self.data) >= 4 and (self._length() > LONGEST_ANSWER or self._is_whole())

    def _length(self) -> int:
        return int(struct.unpack(">I", self.data[:4])[0])

    def _is_whole(self) -> bool:
        return len(self.data) >= 4 + self._length()

    def judged(self, host: str, port: int) -> ProbeResult:
        """What the answer means."""
        if not self.data:
            verdict = Verdict.API_OFF if self.is_closed else Verdict.ACCEPT_DIALOG
            return ProbeResult(host, port, verdict)
        if len(self.data) < 4 or self._length() > LONGEST_ANSWER or not self._is_whole():
            return ProbeResult(host, port, Verdict.NO_TWS, detail=_described(self.data))
        version, time_text = _version_and_time(self.data[4 : 4 + self._length()])
        if not version:
            return ProbeResult(host, port, Verdict.NO_TWS, detail=_described(self.data))
        verdict = Verdict.OK if version >= OLDEST_VERSION else Verdict.OLD_TWS
        return ProbeResult(host, port, verdict, version, time_text)


def _version_and_time(body: bytes) -> tuple[int, str]:
    fields = body.decode("utf-8", errors="replace").split("\0")
    if len(fields) != 3 or not re.fullmatch(r"[1-9]\d{0,3}", fields[0], re.ASCII):
        return 0, ""
    return int(fields[0]), fields[1]


def _described(data: bytes) -> str:
    """What program sends such bytes, as far as its first ones tell."""
    if data.startswith(b"HTTP/") or b"<html" in data[:200].lower():
        return "a web server (HTTP)"
    if data[:1] in {b"\x15", b"\x16"} and data[1:2] == b"\x03":
        return "a server with encryption (TLS), such as the Client Portal Gateway"
    if data.startswith(b"SSH-"):
        return "an SSH server"
    return "a program that does not answer as TWS does"
