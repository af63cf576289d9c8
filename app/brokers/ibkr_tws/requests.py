"""Questions to TWS with their answers, each under a deadline; ours, not the SDK's futures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from app.base.errors import BrokerError
from app.brokers.ibkr_tws.errors import HARMLESS, Context, judge
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.send_queue import Lane

# So long a second End is waited for where the first may belong to a question given up.
SECOND_END_S = 2.0
# A list that has not come by then is asked for once more, and then waited for in full: an End that
# got lost shall not keep what became of an order from the trader for long.
HASTY_S = 4.0


class TwsError(Exception):
    """TWS answered a question with an error. `text` is for people, in TWS's own words."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"TWS {code}: {text}")
        self.code, self.text = code, text


class _Question:
    """One question under way, and the rows that came for it."""

    __slots__ = ("answer", "earlier", "is_sent", "rows", "spoiled")

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.earlier: list[Any] = []  # before an End that may have been another question's
        self.is_sent = False
        self.spoiled = ""
        self.answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

    @property
    def is_answered(self) -> bool:
        return self.answer.done() and not self.answer.cancelled()

    def finish(self) -> None:
        if self.answer.done():
            return
        if self.spoiled:
            self.answer.set_exception(BrokerError(f"the answer of TWS is torn: {self.spoiled}"))
        else:
            self.answer.set_result(self.earlier + self.rows)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Requests:
    """Everything that was asked on one line. Adapter's thread and loop.

    A message that cannot be read spoils every answer that is just arriving, for it may have been
    a part of it: such an answer ends as BrokerError UNKNOWN and never as a shorter list.
    """

    def __init__(self, line: Line, timeout_s: float) -> None:
        self._line, self._timeout_s = line, timeout_s
        self._open: dict[int | str, _Question] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._late: dict[str, int] = {}  # Ends that may still come of questions given up
        self._missed: set[str] = set()  # lists that did not come when they were asked for last
        line.on_error(self.fail)
        line.on_garbled(self.spoil)
        line.on_closed(self.give_up)

    async def ask(
        self, lane: Lane, send: Callable[[int], None], *, timeout_s: float | None = None
    ) -> list[Any]:
        """Take a request id, call send(id), collect the rows until finish(id).

        The deadline runs from when the question was sent. Raises TwsError for TWS's own error,
        BrokerError UNKNOWN on a time-out or a lost line, NOT_SENT when it never left.
        """
        req_id = self._line.next_id()
        return await self._ask(req_id, lane, partial(send, req_id), timeout_s)

    async def single(
        self,
        name: str,
        lane: Lane,
        send: Callable[[], None],
        *,
        timeout_s: float | None = None,
    ) -> list[Any]:
        """Ask what has no request id: one of each name at a time, the next waits its turn.

        Raises like `ask`.
        """
        async with self._turns.setdefault(name, asyncio.Lock()):
            return await self._ask(name, lane, send, timeout_s)

    async def listed(self, name: str, ask: Callable[[float], Awaitable[list[Any]]]) -> list[Any]:
        """A list of TWS, asked for by ask(seconds): few of them, in full after it did not come."""
        is_missed = name in self._missed
        self._missed.add(name)
        rows = await ask(self._timeout_s if is_missed else min(HASTY_S, self._timeout_s))
        self._missed.discard(name)
        return rows

    def add(self, key: int | str, row: Any) -> None:
        """One row of the answer to a request id or a single question; ignored when nobody asked."""
        question = self._open.get(key)
        if question is not None:
            question.rows.append(row)

    def finish(self, key: int | str) -> None:
        """The answer is complete."""
        question = self._open.get(key)
        if isinstance(key, str) and self._late.get(key):
            self._late[key] -= 1
            if question is not None:
                self._hold(question)
        elif question is not None:
            question.earlier = []
            question.finish()

    def fail(self, key: int | str, code: int, text: str) -> bool:
        """TWS's error on a question; whether it was one of ours. A mere remark fails nothing."""
        question = self._open.get(key)
        if question is None:
            return False
        if judge(code, Context.REQUEST, text).meaning not in HARMLESS:
            question.fail(TwsError(code, text))
        return True

    def spoil(self, reason: str) -> None:
        """Something unreadable came: what is just arriving may lack a row."""
        for question in self._open.values():
            question.spoiled = reason

    def give_up(self, reason: str) -> None:
        """The line is gone: nothing that is open will be answered."""
        for question in tuple(self._open.values()):
            question.fail(BrokerError(f"{reason}: the question was not answered"))

    def _hold(self, question: _Question) -> None:
        """An End while one is missing: of an answer given up, or of this one, if no other comes.

        TWS gives such questions no id, and it may also have left out the End for good.
        """
        question.earlier, question.rows = question.rows, []
        asyncio.get_running_loop().call_later(SECOND_END_S, question.finish)

    async def _ask(
        self, key: int | str, lane: Lane, send: Callable[[], None], timeout_s: float | None
    ) -> list[Any]:
        question = self._open[key] = _Question()
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            await self._line.queue.sent(lane, send)
            question.is_sent = True
            async with asyncio.timeout(limit_s):
                return await question.answer
        except TimeoutError as error:
            raise BrokerError(f"TWS gave no complete answer within {limit_s:g} s") from error
        finally:
            self._close(key, question)

    def _close(self, key: int | str, question: _Question) -> None:
        del self._open[key]
        if isinstance(key, str) and question.is_sent and not question.is_answered:
            self._late[key] = self._late.get(key, 0) + 1
        question.answer.cancel()
