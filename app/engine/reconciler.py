"""Asks a connection what it holds, and brings book and positions into line with the answer."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from decimal import Decimal

from app.base.bus import EventBus
from app.base.clock import Clock
from app.base.errors import BrokerError
from app.domain.events import NoticeRaised, Reconciled
from app.domain.ids import ConnectionId, ExecId
from app.domain.reconcile import Reconciliation, reconcile
from app.domain.reports import Known, Severity, Snapshot, Unavailable
from app.engine.in_flight import OpenCalls
from app.engine.ports import ConnectionPort, PositionPort
from app.engine.recorder import Recorder

log = logging.getLogger("moorgate.orders")
SNAPSHOT_TIMEOUT_S = 30.0
# How often to read again when fills keep arriving while positions are read.
_ATTEMPTS = 3
_JOURNAL_PATIENCE_S = 10.0


class Reconciler:
    """One snapshot at a time for each connection; everything on the engine's loop.

    `calls` tells it which orders have a request under way: about those a list proves nothing.
    """

    def __init__(
        self,
        recorder: Recorder,
        connections: ConnectionPort,
        portfolio: PositionPort,
        bus: EventBus,
        clock: Clock,
        *,
        calls: OpenCalls | None = None,
        timeout_s: float = SNAPSHOT_TIMEOUT_S,
    ) -> None:
        self.calls = calls or OpenCalls(clock)
        self._recorder, self._connections, self._portfolio = recorder, connections, portfolio
        self._bus, self._clock, self._timeout_s = bus, clock, timeout_s
        self._locks: dict[ConnectionId, asyncio.Lock] = {}
        self._next: dict[ConnectionId, asyncio.Task[Reconciliation]] = {}
        self._tasks: set[asyncio.Task[Reconciliation]] = set()

    async def reconcile(self, connection_id: ConnectionId) -> Reconciliation:
        """What a snapshot asked for after this call says; callers that wait share one.

        Never raises for a broker that does not answer: every part is then `unavailable`, and
        nothing changes. Published as Reconciled.
        """
        task = self._next.get(connection_id)
        if task is None:
            task = asyncio.get_running_loop().create_task(
                self._in_turn(connection_id), name=f"reconcile {connection_id}"
            )
            self._next[connection_id] = task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Give up what is under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._next.clear()

    async def _in_turn(self, connection_id: ConnectionId) -> Reconciliation:
        async with self._locks.setdefault(connection_id, asyncio.Lock()):
            del self._next[connection_id]  # whoever comes now needs a later snapshot
            result = await self._once(connection_id)
        self._bus.publish(Reconciled(result))
        return result

    async def _once(self, connection_id: ConnectionId) -> Reconciliation:
        earlier: list[Reconciliation] = []
        while True:
            known = self._executions(connection_id)
            snapshot, result = await self._compared(connection_id)
            earlier.append(result)
            self._portfolio.on_accounts(connection_id, snapshot.accounts)
            listed = snapshot.executions.value if isinstance(snapshot.executions, Known) else ()
            arrived = self._executions(connection_id) - known - {e.exec_id for e in listed}
            is_torn = bool(arrived) and isinstance(snapshot.positions, Known)
            if not is_torn or len(earlier) == _ATTEMPTS:
                break
            log.info("%s: fills arrived while it was read; reading again", connection_id)
        if is_torn:
            self._notice(f"{connection_id}: fills kept arriving; positions are as computed here")
            return _merged(earlier)
        moved = self._take_positions(connection_id, snapshot)
        result = _merged(earlier)
        return replace(result, findings=(*result.findings, *moved))

    def _take_positions(self, connection_id: ConnectionId, snapshot: Snapshot) -> list[str]:
        """Hand the positions on; tells those of before an interruption that no fill explains."""
        doubted = [
            view
            for view in self._portfolio.positions()
            if view.connection_id == connection_id and view.verified_at and not view.is_verified
        ]
        self._portfolio.on_positions(connection_id, snapshot.positions)
        if isinstance(snapshot.positions, Unavailable):
            return []
        moved = []
        for view in doubted:
            symbol, account_id = view.instrument.symbol, view.account_id
            now = self._portfolio.position(connection_id, account_id, view.instrument.key)
            held = Decimal(0) if now is None else now.quantity
            if held != view.quantity:
                here, there = f"{view.quantity.normalize():f}", f"{held.normalize():f}"
                moved.append(
                    f"position {symbol} in {account_id}: {here} here, {there} at the broker"
                )
        return moved

    async def _compared(self, connection_id: ConnectionId) -> tuple[Snapshot, Reconciliation]:
        """One snapshot against the book; what it changed is on disk and announced."""
        mark, before = self._recorder.changes, self.calls.unsettled()
        snapshot = await self._snapshot(connection_id)
        result = reconcile(
            self._recorder.book,
            connection_id,
            snapshot,
            recent=self._recorder.changed_since(mark),
            now=self._clock.now(),
            unsettled=before | self.calls.unsettled(),
        )
        # A journal that refuses or hangs has its own alarm: what was read holds all the same.
        await asyncio.wait([self._recorder.record(result.events)], timeout=_JOURNAL_PATIENCE_S)
        return snapshot, result

    async def _snapshot(self, connection_id: ConnectionId) -> Snapshot:
        try:
            return await self._connections.call(
                connection_id, lambda broker: broker.snapshot(), self._timeout_s
            )
        except BrokerError as error:
            reason = str(error)
        except Exception as error:
            log.exception("%s could not be read", connection_id)
            reason = f"{type(error).__name__}: {error}"
        missing = Unavailable(reason, self._clock.now())
        return Snapshot(accounts=missing, orders=missing, executions=missing, positions=missing)

    def _executions(self, connection_id: ConnectionId) -> set[ExecId]:
        orders = self._recorder.book.of_connection(connection_id)
        return {fill.exec_id for order in orders for fill in order.fills}

    def _notice(self, text: str) -> None:
        self._bus.publish(NoticeRaised(Severity.WARNING, "orders", text, self._clock.now()))


def _merged(results: list[Reconciliation]) -> Reconciliation:
    """Everything that a series of snapshots changed; the last one says what is unavailable."""
    last = results[-1]
    findings: list[str] = []
    for result in results:  # two fills may read alike; what moved nothing is found every time
        known = () if result.events else tuple(findings)
        findings += [text for text in result.findings if text not in known]
    return Reconciliation(
        last.connection_id,
        last.at,
        tuple(event for result in results for event in result.events),
        tuple(findings),
        last.unavailable,
    )
