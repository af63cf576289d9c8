"""What goes out to one client: batched, and late, in pieces or not at all where a fault says so."""

from __future__ import annotations

import asyncio
from collections import deque

from tests.doubles.tws.faults import Faults

PIECE_GAP_S = 0.0005  # lets the client's socket see one piece before the next comes


class Outlet:
    """Gathers the messages of one turn of the loop and writes them at once, in their order."""

    def __init__(self, transport: asyncio.Transport, faults: Faults) -> None:
        self._transport = transport
        self._faults = faults
        self._batch: list[bytes] = []
        self._late: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, data: bytes) -> None:
        """Send these bytes, together with all others of this turn."""
        if not self._batch:
            asyncio.get_running_loop().call_soon(self.flush)
        self._batch.append(data)

    def flush(self) -> None:
        """Write what was gathered. A client that is silenced gets nothing, now or later."""
        data, self._batch = b"".join(self._batch), []
        if not data or self._faults.half_open or self._faults.mute:
            return
        if self._late or self._faults.slow_answers_s or self._faults.split_bytes:
            self._defer(data)
        elif not self._transport.is_closing():
            self._transport.write(data)

    def is_empty(self) -> bool:
        """Whether everything was handed to the operating system."""
        return not (self._batch or self._late or self._transport.get_write_buffer_size())

    def close(self) -> None:
        """Nothing goes out any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._late.clear()
        self._batch.clear()

    def _defer(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        due = max(
            loop.time() + self._faults.slow_answers_s, self._late[-1][0] if self._late else 0.0
        )
        size = self._faults.split_bytes or len(data)
        for start in range(0, len(data), size):
            self._late.append((due, data[start : start + size]))
            due += PIECE_GAP_S
        if self._timer is None:
            self._arm()

    def _arm(self) -> None:
        due = self._late[0][0]
        self._timer = asyncio.get_running_loop().call_at(due, self._write_due)

    def _write_due(self) -> None:
        self._timer = None
        _, piece = self._late.popleft()
        if not self._transport.is_closing():
            self._transport.write(piece)
        if self._late:
            self._arm()
