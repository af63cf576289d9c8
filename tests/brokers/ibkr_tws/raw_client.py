"""The SDK's own socket client with a recorder behind its decoder: a peer as the SDK hears it.

async with RawClient.to(peer) as client:
    client.send.reqContractDetails(5, contract)
    await client.told("contractDetailsEnd")
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC
from types import SimpleNamespace
from typing import Any, NamedTuple

from tests.doubles.loop import PATIENCE_S, until
from tests.doubles.tws.peer import TwsPeer


class Call(NamedTuple):
    """One callback of the decoder."""

    name: str
    arguments: tuple[Any, ...]


class Recorder:
    """Stands behind the decoder and writes down every callback."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.ib = SimpleNamespace(TimezoneTWS=None)
        self.defaultTimezone = UTC  # ib_async's decoder asks for it

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith(("__", "tcpData")):  # the latter are no messages
            raise AttributeError(name)
        return lambda *arguments: self.calls.append(Call(name, arguments))


class RawClient:
    """A connected client; `send` has the SDK's request functions. One loop, no threads."""

    def __init__(self) -> None:
        from app.brokers.ibkr_tws.sdk import ib  # asks for a loop while it is imported

        self.ib = ib
        self.recorder = Recorder()
        self.send: Any = ib.client.Client(self.recorder)
        self.send.MaxRequests = 0  # tests need not wait for the throttle

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, peer: TwsPeer, client_id: int = 1) -> AsyncIterator[RawClient]:
        """Connected while inside."""
        client = cls()
        await client.send.connectAsync(peer.host, peer.port, client_id, timeout=PATIENCE_S)
        try:
            yield client
        finally:
            client.send.disconnect()
            await asyncio.sleep(0)

    def heard(self, name: str, req_id: int | None = None) -> list[tuple[Any, ...]]:
        """The arguments of every callback of that name, of one request if it is given."""
        return [
            call.arguments
            for call in self.recorder.calls
            if call.name == name and req_id in (None, *call.arguments[:1])
        ]

    async def told(
        self, name: str, req_id: int | None = None, count: int = 1, timeout_s: float = PATIENCE_S
    ) -> list[tuple[Any, ...]]:
        """Wait until that callback came so often. Raises TimeoutError with what came instead."""
        try:
            await until(lambda: len(self.heard(name, req_id)) >= count, timeout_s)
        except TimeoutError:
            raise TimeoutError(f"no {name}; came: {self.recorder.calls[-20:]}") from None
        return self.heard(name, req_id)

    async def refused(self, req_id: int) -> int:
        """The code of the error that a request gets."""
        return int((await self.told("error", req_id))[-1][1])

    def forget(self) -> None:
        """Begin anew with what is heard from now on."""
        self.recorder.calls.clear()
