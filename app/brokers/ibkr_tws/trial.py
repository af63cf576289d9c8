"""A short session with TWS in which the wizard asks its questions; it never sends an order.

Everything runs in the wizard's own thread and loop and may be canceled at any await: leaving the
session closes the socket and gives the client id back. Needs the SDK.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import Any

from app.base.clock import SystemClock
from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.errors import Context, Meaning, judge
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.requests import Requests, TwsError
from app.brokers.ibkr_tws.send_queue import Lane
from app.brokers.ibkr_tws.settings import TwsSettings

ANSWER_S = 5.0
PAUSE_S = 0.4  # TWS needs a moment to give a client id back
OFFLINE = frozenset({Meaning.LINE_BROKEN})
_OWN_ORDERS, _ALL_ORDERS = "own orders", "all orders"
_SUMMARY_TAGS = "NetLiquidation"


@dataclass(frozen=True, slots=True)
class Worth:
    """The net liquidation of one account, as TWS tells it; the currency is the base currency."""

    value: str
    currency: str


class Trial:
    """What may be asked while the session is up. Made by `session`."""

    def __init__(self, line: Line, in_use: Sequence[int]) -> None:
        self.line, self.took_s = line, 0.0
        self.in_use = tuple(in_use)  # client ids that were refused before this one
        self.notices: dict[int, str] = {}  # what TWS said without being asked, by code
        self.requests = Requests(line, ANSWER_S)
        line.on_error(self._hear)
        line.on("openOrder", lambda *row: self._add_order(row))
        line.on("openOrderEnd", self._orders_end)
        line.on("accountSummary", lambda req_id, *row: self.requests.add(req_id, row))
        line.on("accountSummaryEnd", self.requests.finish)
        self._asking_orders = ""

    async def open(self) -> None:
        """Log on. Raises BrokerError like the line."""
        began = time.monotonic()
        await self.line.open()
        self.took_s = time.monotonic() - began

    @property
    def client_id(self) -> int:
        """The client id this session has taken."""
        return self.line.client_id

    @property
    def accounts(self) -> tuple[str, ...]:
        """Every account of the user who is logged in."""
        return self.line.accounts

    @property
    def zone(self) -> tzinfo:
        """The time zone TWS runs in."""
        return self.line.zone

    @property
    def offline(self) -> str:
        """TWS's words when it has lost IBKR, else empty."""
        for code, text in self.notices.items():
            if judge(code, Context.SYSTEM).meaning in OFFLINE:
                return text
        return ""

    async def is_read_only(self) -> bool:
        """Whether TWS refuses what touches orders. Raises BrokerError when it does not tell."""
        try:
            await self._orders(_OWN_ORDERS, self.line.client.reqOpenOrders)
        except TwsError as error:
            if judge(error.code, Context.REQUEST, error.text).meaning is Meaning.READ_ONLY:
                return True
            raise BrokerError(str(error)) from error
        return False

    async def open_orders(self) -> int:
        """How many orders of all programs work. Raises BrokerError or TwsError."""
        return len(await self._orders(_ALL_ORDERS, self.line.client.reqAllOpenOrders))

    async def worth(self) -> dict[str, Worth]:
        """The net liquidation of every account that tells it; empty when TWS does not answer."""
        asked: list[int] = []

        def send(req_id: int) -> None:
            asked.append(req_id)
            self.line.client.reqAccountSummary(req_id, "All", _SUMMARY_TAGS)

        try:
            rows = await self.requests.ask(Lane.CONTROL, send)
        except (BrokerError, TwsError):
            return {}
        if self.line.is_up:
            cancel = partial(self.line.client.cancelAccountSummary, asked[0])
            self.line.queue.send(Lane.CONTROL, cancel)
        return {
            account: Worth(value, currency)
            for account, tag, value, currency in rows
            if tag.removeprefix("$LEDGER-") == _SUMMARY_TAGS and currency != "BASE"
        }

    async def _orders(self, name: str, send: Any) -> list[Any]:
        self._asking_orders = name
        try:
            return await self.requests.single(name, Lane.CONTROL, send)
        finally:
            self._asking_orders = ""

    def _add_order(self, row: tuple[Any, ...]) -> None:
        self.requests.add(self._asking_orders, row)

    def _orders_end(self) -> None:
        self.requests.finish(self._asking_orders)

    def _hear(self, key: int, code: int, text: str) -> bool:
        """Errors that name no request: a refusal of the orders, or a notice."""
        if key > 0:
            return False
        if self._asking_orders and code in {320, 321, 322}:
            return self.requests.fail(self._asking_orders, code, text)
        self.notices[code] = text
        return False


@asynccontextmanager
async def session(
    host: str, port: int, client_ids: Iterable[int], patience_s: float, *, again: bool = False
) -> AsyncIterator[Trial]:
    """A session under the first of `client_ids` that is free, closed when left.

    `again`: the first id may still be held by our own last session, and is asked for twice.
    Raises BrokerError with the codes of `Line.open`; `client-id-in-use` when none was free.
    """
    refused: list[int] = []
    for client_id in _attempts(client_ids, again):
        if client_id in refused:
            await asyncio.sleep(PAUSE_S)
        in_use = [one for one in dict.fromkeys(refused) if one != client_id]
        line = Line(_settings(host, port, client_id, patience_s), SystemClock(), _nobody_cares)
        trial = Trial(line, in_use)
        try:
            await trial.open()
        except BrokerError as error:
            if error.code != "client-id-in-use":
                raise
            refused.append(client_id)
            continue
        try:
            yield trial
        finally:
            line.close()
            await line.ended()
        return
    tried = ", ".join(str(one) for one in dict.fromkeys(refused))
    raise BrokerError(tried, Outcome.REJECTED, "client-id-in-use")


def _attempts(client_ids: Iterable[int], again: bool) -> list[int]:
    ids = list(client_ids)
    return [*ids[:1], *ids] if again else ids


def _settings(host: str, port: int, client_id: int, patience_s: float) -> TwsSettings:
    return TwsSettings.of(
        {
            "host": host,
            "port": port,
            "client_id": client_id,
            "connect_timeout_s": patience_s,
            "heartbeat_s": 60.0,
        }
    )


def _nobody_cares(_reason: str) -> None:
    """A session that breaks fails the question that is being asked, which is enough."""
