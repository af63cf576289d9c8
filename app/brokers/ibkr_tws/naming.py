"""The instrument behind a contract that a message carries: at once where it is known, else asked.

Callbacks cannot wait. What one of them has to say about a contract that was never seen is kept,
in order, until TWS has told what the contract is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from app.base.errors import BrokerError
from app.brokers.ibkr_tws.voice import Voice
from app.domain.instrument import Instrument
from app.domain.reports import Severity

log = logging.getLogger("moorgate.tws")
Use = Callable[[Instrument], object]
RETRY_S = (1.0, 3.0, 10.0)
# What Moorgate has no kind of instrument for: it is said once and left out, for it never changes.
UNSUPPORTED = "unsupported-contract"


class Instruments(Protocol):
    """What is needed of ibkr_tws.instruments."""

    def known(self, contract: Any) -> Instrument | None: ...

    async def instrument(self, contract: Any) -> Instrument: ...

    def contract_now(self, instrument: Instrument) -> Any | None: ...

    async def contract(self, instrument: Instrument) -> Any: ...


class Naming:
    """Adapter's thread and loop.

    `doubt(reason)` is called where something that was heard cannot be told: the engine then reads
    everything, and trading stays closed until it can be.
    """

    def __init__(
        self, instruments: Instruments, voice: Voice, doubt: Callable[[str], None]
    ) -> None:
        self._instruments, self._voice, self._doubt = instruments, voice, doubt
        self._waiting: dict[int, list[Use]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._left_out: set[int] = set()

    def then(self, contract: Any, use: Use) -> None:
        """Call `use` with the instrument, now or when TWS has told what it is; in order."""
        waiting = self._waiting.get(contract.conId)
        if waiting is not None:
            waiting.append(use)
            return
        instrument = self._instruments.known(contract)
        if instrument is not None:
            use(instrument)
            return
        self._waiting[contract.conId] = [use]
        task = asyncio.get_running_loop().create_task(self._ask(contract))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def of(self, contract: Any) -> Instrument | None:
        """The instrument; None for a kind that Moorgate cannot show. Raises BrokerError."""
        try:
            return self._instruments.known(contract) or await self._instruments.instrument(contract)
        except BrokerError as error:
            if error.code != UNSUPPORTED:
                raise
            self._leave_out(contract, error)
            return None

    def close(self) -> None:
        """Ask no more."""
        for task in self._tasks:
            task.cancel()

    async def _ask(self, contract: Any) -> None:
        instrument = await self._asked(contract)
        uses = self._waiting.pop(contract.conId)
        if instrument is None:
            return
        for use in uses:
            try:
                use(instrument)
            except Exception:
                log.exception("a message of TWS could not be handled")
                self._doubt("a message of TWS could not be handled")

    async def _asked(self, contract: Any) -> Instrument | None:
        """As often as there are pauses, and once more."""
        for pause_s in (*RETRY_S, None):
            try:
                return await self.of(contract)
            except BrokerError as error:
                log.info("contract %s is not known yet: %s", contract.conId, error)
                if pause_s is None:
                    text = (
                        f"TWS does not tell what {_name(contract)} is: its orders, fills and"
                        f" positions are not shown until it does ({error})"
                    )
                    self._voice.notice(Severity.ERROR, text)
                    self._doubt(f"{_name(contract)} is not known")
                else:
                    await asyncio.sleep(pause_s)
        return None

    def _leave_out(self, contract: Any, error: BrokerError) -> None:
        if contract.conId not in self._left_out:
            self._left_out.add(contract.conId)
            text = f"{_name(contract)} is left out: {error}"
            self._voice.notice(Severity.WARNING, text)


def _name(contract: Any) -> str:
    return f"{contract.localSymbol or contract.symbol} ({contract.secType})"
