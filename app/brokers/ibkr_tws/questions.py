"""The questions about orders, fills and positions, each with its answer whole or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.errors import READ_ONLY_SENTENCE, Context, Meaning, judge
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.requests import Requests, TwsError
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.send_queue import Lane

OPEN, COMPLETED, POSITIONS = "open_orders", "completed_orders", "positions"
READ_ONLY = "read-only"
# Connecting does not wait longer for this.
WRITE_ACCESS_S = 3.0
# A question that met silence twice is not waited for as long again.
AFTER_SILENCE_S = 3.0


class Questions:
    """Asks TWS. Adapter's thread and loop. Everything raises BrokerError without a whole answer.

    Rows are put in by those who hear the callbacks: `Requests.add` under the names above. `asking`
    counts the questions under way by name.
    """

    def __init__(self, line: Line, requests: Requests) -> None:
        self._line, self._requests = line, requests
        self.is_read_only = False  # TWS has said that it takes no orders from programs
        self.asking: dict[str, int] = dict.fromkeys((OPEN, COMPLETED, POSITIONS), 0)
        self._orders_heard = 0
        # Whether TWS tells the open orders of every client; None until it has shown.
        self._tells_all: bool | None = None
        self._silences = 0  # about completed orders, one after the other
        line.on("openOrder", self._on_open_order)
        line.on("openOrderEnd", lambda: requests.finish(OPEN))
        line.on("completedOrdersEnd", self._on_completed_end)
        line.on("positionEnd", lambda: requests.finish(POSITIONS))
        line.on("execDetailsEnd", requests.finish)
        line.on_error(self._on_error)

    @property
    def sees_own_only(self) -> bool:
        """Whether TWS was silent about the orders of all clients, and told those of ours alone."""
        return self._tells_all is False

    async def open_orders(self) -> list[Any]:
        """What every client and TWS itself has open.

        Where TWS never says a word to that, what this client has open.
        """
        client, heard = self._line.client, self._orders_heard
        if self._tells_all is not False:
            try:
                rows = await self._single(OPEN, "open orders", client.reqAllOpenOrders)
            except BrokerError as error:
                is_silence = error.outcome is Outcome.UNKNOWN and heard == self._orders_heard
                if self._tells_all or not is_silence or not self._line.is_up:
                    raise
            else:
                self._tells_all = True
                return rows
        rows = await self._single(OPEN, "open orders", client.reqOpenOrders)
        self._tells_all = False
        return rows

    async def write_access(self) -> None:
        """Whether TWS takes orders from programs: it refuses even this question where it does not.

        Sets `is_read_only`, and raises BrokerError then. To client 0 TWS also binds what was typed
        into it.
        """
        await self._single(
            OPEN, "open orders", self._line.client.reqOpenOrders, timeout_s=WRITE_ACCESS_S
        )

    async def completed_orders(self) -> list[Any]:
        """What has ended today, whoever entered it."""
        limit_s = AFTER_SILENCE_S if self._silences > 1 else None
        self._silences += 1
        return await self._single(
            COMPLETED,
            "completed orders",
            lambda: self._line.client.reqCompletedOrders(False),
            timeout_s=limit_s,
        )

    async def positions(self) -> list[Any]:
        """Every position of the login; what is flat is not among them."""
        return await self._single(POSITIONS, "positions", self._line.client.reqPositions)

    async def executions(self) -> list[Any]:
        """Every fill since midnight, whoever's order it was."""

        def send(req_id: int) -> None:
            self._line.client.reqExecutions(req_id, ib.ExecutionFilter())

        ask = self._requests.listed(
            "executions", lambda limit_s: self._requests.ask(Lane.CONTROL, send, timeout_s=limit_s)
        )
        return await _answered(ask, "executions")

    async def _single(
        self,
        name: str,
        title: str,
        send: Callable[[], None],
        timeout_s: float | None = None,
    ) -> list[Any]:
        self.asking[name] += 1
        single = partial(self._requests.single, name, Lane.CONTROL, send)
        if timeout_s is None:
            answer = self._requests.listed(name, lambda limit_s: single(timeout_s=limit_s))
        else:
            answer = single(timeout_s=timeout_s)
        try:
            return await _answered(answer, title)
        finally:
            self.asking[name] -= 1

    def _on_open_order(self, *_: Any) -> None:
        self._orders_heard += 1

    def _on_completed_end(self) -> None:
        self._silences = 0  # be it late
        self._requests.finish(COMPLETED)

    def _on_error(self, key: int, code: int, text: str) -> bool:
        """ "Read-Only" comes without the number of what it refuses."""
        if key != -1 or judge(code, Context.SYSTEM, text).meaning is not Meaning.READ_ONLY:
            return False
        self.is_read_only = True
        refused = [self._requests.fail(name, code, text) for name in (OPEN, COMPLETED)]
        return any(refused)


async def _answered(answer: Awaitable[list[Any]], title: str) -> list[Any]:
    try:
        return await answer
    except TwsError as error:
        verdict = judge(error.code, Context.REQUEST, error.text)
        is_read_only = verdict.meaning is Meaning.READ_ONLY
        said = READ_ONLY_SENTENCE if is_read_only else verdict.text
        code = READ_ONLY if is_read_only else str(error.code)
        raise BrokerError(f"{title}: {said}", Outcome.REJECTED, code) from error
    except BrokerError as error:
        raise BrokerError(f"{title}: {error}", error.outcome, error.code) from error


def since_midnight(line: Line, now: datetime) -> datetime:
    """From when on the lists of today's orders and executions miss nothing.

    TWS lists them from midnight in its own zone.
    """
    return now.astimezone(line.zone).replace(hour=0, minute=0, second=0, microsecond=0)
