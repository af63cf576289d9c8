"""Everything TWS holds for us, read part by part at the same time; a part that fails says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from app.base.errors import BrokerError
from app.brokers.ibkr_tws.accounts import Accounts
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.naming import Naming
from app.brokers.ibkr_tws.order_stream import OrderStream
from app.brokers.ibkr_tws.order_table import Entry
from app.brokers.ibkr_tws.positions import Positions
from app.brokers.ibkr_tws.questions import Questions, since_midnight
from app.brokers.ibkr_tws.voice import Voice
from app.domain.execution import Execution
from app.domain.reports import Known, OrderReport, Severity, Snapshot, Unavailable

T = TypeVar("T")


class Snapshots:
    """Adapter's thread and loop. `may_lack_orders`: whether one of ours may be on no list."""

    def __init__(
        self,
        line: Line,
        questions: Questions,
        stream: OrderStream,
        accounts: Accounts,
        positions: Positions,
        naming: Naming,
        voice: Voice,
        may_lack_orders: Callable[[], bool],
    ) -> None:
        self._line, self._questions, self._stream = line, questions, stream
        self._accounts, self._positions = accounts, positions
        self._naming, self._voice = naming, voice
        self._may_lack_orders = may_lack_orders
        self._is_narrow_told = False

    async def read(self) -> Snapshot:
        """Never raises for TWS's silence or refusal: what failed is Unavailable, by name."""
        asked_at = self._voice.now()
        self._stream.is_held_back = True
        try:
            completed = asyncio.create_task(self._part(self._questions.completed_orders()))
            accounts, opened, fills, positions = await asyncio.gather(
                self._part(self._accounts.read()),
                self._part(self._questions.open_orders()),
                self._part(self._questions.executions()),
                self._part(self._positions.read()),
            )
            finished = await completed
            # Now that every order is known whose they may be.
            executions = await self._executions(fills)
            orders = await self._orders(opened, finished)
        finally:
            self._stream.is_held_back = False
        is_complete = isinstance(finished, Known) and not self._may_lack_orders()
        return Snapshot(
            accounts=accounts,
            orders=orders,
            executions=executions,
            positions=positions,
            is_complete_since=since_midnight(self._line, asked_at) if is_complete else None,
            carries_client_ids=True,
        )

    async def reread(self) -> None:
        """Orders and fills once more, told like what comes by itself. Raises BrokerError."""
        answers = await asyncio.gather(
            self._questions.open_orders(),
            self._questions.completed_orders(),
            self._questions.executions(),
            return_exceptions=True,
        )
        fills = answers[2]
        for contract, wire in () if isinstance(fills, BaseException) else fills:
            self._stream.hear_execution(contract, wire)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    async def _part(self, answer: Awaitable[T]) -> Known[T] | Unavailable:
        try:
            value = await answer
        except BrokerError as error:
            return Unavailable(str(error), self._voice.now())
        return Known(value, self._voice.now())

    async def _executions(
        self, fills: Known[list[Any]] | Unavailable
    ) -> Known[tuple[Execution, ...]] | Unavailable:
        if isinstance(fills, Unavailable):
            return fills
        executions: dict[str, Execution] = {}
        for contract, wire in fills.value:
            try:
                instrument = await self._naming.of(contract)
            except BrokerError as error:
                return Unavailable(f"executions: {error}", self._voice.now())
            if instrument is not None:
                execution = self._stream.executions.keep(instrument, wire)
                executions[execution.exec_id] = execution
        return Known(tuple(executions.values()), fills.as_of)

    async def _orders(
        self, opened: Known[list[Any]] | Unavailable, finished: Known[list[Any]] | Unavailable
    ) -> Known[tuple[OrderReport, ...]] | Unavailable:
        if isinstance(opened, Unavailable):
            return opened
        if self._questions.sees_own_only and not self._is_narrow_told:
            self._is_narrow_told = True
            text = "TWS tells only the orders of this client id: those of others are not seen here"
            self._voice.notice(Severity.WARNING, text)
        entries: list[Entry] = list(opened.value)
        if isinstance(finished, Known):
            entries += finished.value
        else:
            text = f"{finished.reason}. What ended meanwhile may be missing among the orders"
            self._voice.notice(Severity.WARNING, text)
        try:
            reports = [await self._report(entry) for entry in dict.fromkeys(entries)]
        except BrokerError as error:
            return Unavailable(f"orders: {error}", self._voice.now())
        return Known(tuple(r for r in reports if r is not None), self._voice.now())

    async def _report(self, entry: Entry) -> OrderReport | None:
        instrument = entry.instrument or await self._naming.of(entry.contract)
        return None if instrument is None else self._stream.report(entry, instrument)
