"""The way from nothing to a session with TWS, and each reason why it ends on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.settings import TwsSettings

MENU = "Global Configuration, API, Settings"


class Opening:
    """One attempt. The line tells it what it sees; `run` ends as soon as the outcome is certain.

    Adapter's thread and loop.
    """

    def __init__(self, settings: TwsSettings) -> None:
        loop = asyncio.get_running_loop()
        self._settings = settings
        self._where = f"{settings.host}:{settings.port}"
        self._tcp_up: asyncio.Future[None] = loop.create_future()
        self._refused: asyncio.Future[BrokerError] = loop.create_future()
        self._last_words = ""
        self.has_version = False

    async def run(self, connect: Coroutine[Any, Any, None]) -> None:
        """Drive the SDK's own connect. Raises BrokerError with a code, see the line."""
        limit_s = self._settings.connect_timeout_s
        task = asyncio.ensure_future(connect)
        first = asyncio.FIRST_COMPLETED
        try:
            await asyncio.wait(
                (task, self._refused, self._tcp_up), timeout=limit_s, return_when=first
            )
            if self._tcp_up.done():
                await asyncio.wait((task, self._refused), timeout=limit_s, return_when=first)
            if self._refused.done():
                raise self._refused.result()
            if not task.done():
                raise self._timed_out(limit_s)
            if (error := task.exception()) is not None:
                raise self._unreachable(error) from error
        finally:
            await _end(task)

    # ---- what the line sees ----

    def tcp_is_up(self) -> None:
        """Somebody took the connection."""
        if not self._tcp_up.done():
            self._tcp_up.set_result(None)

    def hear_error(self, code: int, text: str) -> None:
        """An error of TWS before the session was ready."""
        self._last_words = f"{text} ({code})"
        if code == 326:
            self.refuse(self._in_use())

    def peer_closed(self) -> None:
        """The connection ended before it was ready."""
        if not self.has_version:
            said = "took the connection and closed it at once"
        else:
            said = "closed the connection while it was being opened"
        if self._last_words:
            said += f", saying: {self._last_words}"
        self.refuse(
            self._not_sent(
                "api-off",
                f"TWS at {self._where} {said}. In TWS, {MENU}: tick Enable ActiveX and Socket"
                " Clients, and add this computer to Trusted IPs if TWS runs on another one",
            )
        )

    def not_tws(self) -> None:
        """What answers speaks something else."""
        self.refuse(
            BrokerError(
                f"What answers at {self._where} is no TWS or IB Gateway: another program uses this"
                " port. Set the port that TWS shows under " + MENU,
                Outcome.REJECTED,
                "no-tws",
            )
        )

    def too_old(self, version: int, needed: int) -> None:
        """TWS cannot speak as new a protocol as the SDK needs."""
        self.refuse(
            BrokerError(
                f"TWS at {self._where} is too old (its protocol is {version}, {needed} is needed):"
                " install the stable or latest version",
                Outcome.REJECTED,
                "old-tws",
            )
        )

    def refuse(self, error: BrokerError) -> None:
        """It is certain that this attempt fails; the first reason stands."""
        if not self._refused.done():
            self._refused.set_result(error)

    # ---- the texts ----

    def _in_use(self) -> BrokerError:
        used = self._settings.client_id
        return BrokerError(
            f"Client id {used} is used by another program at TWS {self._where}. Close that program"
            f" or give this connection another client id, for example {used + 1}",
            Outcome.REJECTED,
            "client-id-in-use",
        )

    def _timed_out(self, limit_s: float) -> BrokerError:
        if not self._tcp_up.done():
            return self._not_sent(
                "nothing-listening",
                f"Nothing answers at {self._where} within {limit_s:g} s: is the computer on, and"
                " does a firewall keep the port closed?",
            )
        if self.has_version:
            return self._not_sent(
                "accept-dialog",
                f"TWS at {self._where} answers but names no account within {limit_s:g} s: look at"
                " TWS, it may ask whether to accept this connection, or still be logging in",
            )
        return self._not_sent(
            "accept-dialog",
            f"TWS at {self._where} took the connection but says nothing within {limit_s:g} s: look"
            " at TWS, it may ask whether to accept this connection",
        )

    def _unreachable(self, error: BaseException) -> BrokerError:
        if isinstance(error, ConnectionRefusedError):
            return self._not_sent(
                "nothing-listening",
                f"Nothing listens at {self._where}: start TWS or IB Gateway and log in, then check"
                f" the port under {MENU}",
            )
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        return self._not_sent("nothing-listening", f"TWS at {self._where} cannot be reached: {why}")

    def _not_sent(self, code: str, text: str) -> BrokerError:
        return BrokerError(text, Outcome.NOT_SENT, code)


async def _first_of(limit_s: float, *futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)


async def _end(task: asyncio.Future[None]) -> None:
    """Take the SDK's connect down, whatever became of it."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # taken note of: asyncio need not complain
