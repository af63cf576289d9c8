"""Whose an order is, and what may be done to it from here.

TWS lets only the client that entered an order change or cancel it. What was typed into TWS belongs
to client 0, which gets it under a number when it asks for that (TWS API, "Retrieving currently
active orders", "Association of manually placed orders").
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.order_stream import OrderStream
from app.brokers.ibkr_tws.order_table import Entry
from app.brokers.ibkr_tws.questions import Questions

log = logging.getLogger("moorgate.tws")

LOOK_EVERY_S = 5.0


def require_ours(entry: Entry, client_id: int, what: str) -> None:
    """Raises BrokerError NOT_SENT where only somebody else may `what` the order."""
    if entry.client_id == client_id and entry.order_id:
        return
    if not entry.order_id:
        text = (
            f"it was typed into TWS: {what} it there, or set this connection's client id to 0,"
            " which takes charge of such orders"
        )
    else:
        text = (
            f"it was entered under client id {entry.client_id}: only a program with that client id"
            f" may {what} it; this connection has {client_id}"
        )
    raise BrokerError(f"{text}. Cancel Everything at the Broker reaches it", Outcome.NOT_SENT)


def require_alive(entry: Entry, what: str) -> None:
    """Raises BrokerError REJECTED for an order that has ended, NOT_SENT for one never confirmed.

    A change goes out under the number of its order. Under a number that TWS does not know it would
    be a new order, so TWS must have spoken of it on this very line.
    """
    if entry.is_done:
        raise BrokerError(f"it has ended ({entry.word or 'refused'}): nothing to {what}",
                          Outcome.REJECTED)  # fmt: skip
    if not entry.is_heard:
        raise BrokerError(
            f"TWS has not confirmed it yet, so there is nothing to {what}: use Resolve to ask",
            Outcome.NOT_SENT,
        )


class OpenOrdersWatch:
    """Looks through all open orders every few seconds. Adapter's thread and loop.

    TWS tells a client of its own orders only; what other programs and people in TWS enter, change
    and end is found out by asking. An order that is gone from the list is looked for among the
    finished ones, by `reread`; one that is on neither list is Unknown.
    """

    def __init__(
        self,
        line: Line,
        questions: Questions,
        stream: OrderStream,
        reread: Callable[[str], None],
    ) -> None:
        self._line, self._questions, self._stream = line, questions, stream
        self._reread = reread
        self._task: asyncio.Task[None] | None = None
        self._missing: set[Entry] = set()

    def start(self) -> None:
        """Look from now on, until `close`."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="tws open orders")

    def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while not self._questions.is_read_only:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except BrokerError as error:
                log.info("the open orders could not be looked through: %s", error)
            except Exception:
                log.exception("the open orders could not be looked through")

    async def look(self) -> None:
        """Once. Raises BrokerError."""
        before = {entry for entry in self._stream.table if _should_be_listed(entry)}
        listed = set(await self._questions.open_orders())
        missing = {entry for entry in before - listed if _should_be_listed(entry)}
        for entry in missing & self._missing:
            entry.word = "no longer listed"
            self._stream.tell(entry)
        self._missing = missing - self._missing
        if self._missing:
            self._reread("an order is no longer among the open ones")


def _should_be_listed(entry: Entry) -> bool:
    return entry.word in ("PreSubmitted", "Submitted", "PendingCancel")
