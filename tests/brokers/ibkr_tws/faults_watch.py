"""Watches a trading engine and the peer's truth side by side, and remembers the worst."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass, field

from app.domain.order_types import OrderStatus
from app.engine.connections import ConnectionState
from app.engine.engine import Engine
from tests.brokers.ibkr_tws.faults_desk import CONNECTION
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.world import World

LOOK_S, COMPARE_EVERY = 0.05, 6
# Within these an engine that is connected has to know better.
UNKNOWN_S, DEAD_S, LIVE_S = 10.0, 5.0, 10.0
OUR_REF = re.compile(r"[0-9a-f]{32}")


def is_live_there(world: World) -> dict[str, bool]:
    """Every order of ours that the peer took, and whether it may still trade. Peer thread."""
    return {
        order.ref: not order.is_done
        for order in world.orders.values()
        if OUR_REF.fullmatch(order.ref)
    }


@dataclass
class Worst:
    """How long something wrong lasted while the line was up, in seconds, and about which order."""

    limit_s: float
    seconds: float = 0.0
    own_id: str = ""
    since: dict[str, float] = field(default_factory=dict)

    def note(self, wrong: set[str], now: float, line_since: float | None) -> None:
        """These orders are wrong now; a line that is down excuses everything."""
        self.since = {own_id: self.since.get(own_id, now) for own_id in wrong}
        for own_id, since in self.since.items():
            lasted = 0.0 if line_since is None else now - max(since, line_since)
            if lasted > self.seconds:
                self.seconds, self.own_id = lasted, own_id

    def problem(self, what: str) -> list[str]:
        """A sentence where it lasted too long."""
        if self.seconds <= self.limit_s:
            return []
        return [f"{what} for {self.seconds:.1f} s while connected: {self.own_id}"]


class Watch:
    """Start it when the engine has started, stop it before the engine stops."""

    def __init__(self, peer: TwsPeer) -> None:
        self._peer = peer
        self.unknown, self.dead, self.live = Worst(UNKNOWN_S), Worst(DEAD_S), Worst(LIVE_S)
        self.unknown_orders: set[str] = set()
        self.lines = 0  # how often the line came back
        self._task: asyncio.Task[None] | None = None

    def start(self, engine: Engine) -> None:
        """Look at this engine from now on."""
        self._task = asyncio.create_task(self._look(engine))

    async def stop(self) -> None:
        """Look no more; raises what the looking raised."""
        assert self._task is not None
        self._task.cancel()
        try:
            await self._task
        except asyncio.CancelledError:
            return

    def problems(self) -> list[str]:
        """What lasted too long."""
        return [
            *self.unknown.problem("an order was Unknown"),
            *self.dead.problem("a live order was shown as dead"),
            *self.live.problem("a dead order was shown as live"),
        ]

    async def _look(self, engine: Engine) -> None:
        up = (ConnectionState.RECONCILING, ConnectionState.READY)
        line_since: float | None = None
        turn = 0
        while True:
            now = time.monotonic()
            if engine.connections.state(CONNECTION) not in up:
                line_since = None
            elif line_since is None:
                line_since = now
                self.lines += 1
            unknown = {
                str(order.client_order_id)
                for order in engine.orders.book.open_orders()
                if order.status is OrderStatus.UNKNOWN
            }
            self.unknown_orders |= unknown
            self.unknown.note(unknown, now, line_since)
            turn += 1
            if turn % COMPARE_EVERY == 0:
                self._compare(engine, now, line_since)
            await asyncio.sleep(LOOK_S)

    def _compare(self, engine: Engine, now: float, line_since: float | None) -> None:
        there = self._peer.call(is_live_there, self._peer.world)
        dead, live = set(), set()
        for order in engine.orders.book:
            own_id = str(order.client_order_id)
            if there.get(own_id) and order.status.is_closed:
                dead.add(own_id)
            is_shown_live = order.status.is_open and order.status is not OrderStatus.UNKNOWN
            if own_id in there and not there[own_id] and is_shown_live:
                live.add(own_id)
        self.dead.note(dead, now, line_since)
        self.live.note(live, now, line_since)


class Complaints(logging.Handler):
    """Collects what the program logs as an error: its own failures, not the broker's."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("moorgate", "asyncio")):
            return
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({record.exc_info[1]!r})"
        self.said.append(f"{record.name}: {text[:300]}")
