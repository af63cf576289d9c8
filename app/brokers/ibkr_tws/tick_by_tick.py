"""Tick-by-tick streams: every single trade, of a few instruments at a time.

TWS allows as many as order books, three to begin with, and one request for an instrument within 15
seconds (TWS API, "Tick-by-Tick Data"). Who gets none has his prints from the market data line.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from app.base.errors import BrokerError
from app.brokers.ibkr_tws.errors import Context, Meaning, judge
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.send_queue import Lane
from app.domain.ids import InstrumentKey

log = logging.getLogger("moorgate.tws")
# Kinds of contracts that have trades and may be followed live.
_KINDS = frozenset({"STK", "FUT", "CRYPTO"})
AGAIN_AFTER_S = 15.0


class TickByTick:
    """The streams of one session. Adapter's thread and loop.

    `on_trade(instrument key, UTC epoch seconds, price, size)` hears every trade.
    """

    def __init__(
        self,
        line: Line,
        on_trade: Callable[[InstrumentKey, int, float, float], None],
        *,
        is_live: bool,
    ) -> None:
        self._line, self._on_trade, self._is_live = line, on_trade, is_live
        self._keys: dict[int, InstrumentKey] = {}
        self._req_ids: dict[InstrumentKey, int] = {}
        self._asked_s: dict[InstrumentKey, float] = {}
        self._denied: set[InstrumentKey] = set()
        self._most: int | None = None  # as TWS has shown
        line.on("tickByTickAllLast", self._on_tick)

    def __len__(self) -> int:
        """How many streams are in use."""
        return len(self._keys)

    def begin(self, key: InstrumentKey, contract: Any) -> bool:
        """Ask for the trades of a contract; False where there is no chance to get them.

        Raises BrokerError NOT_SENT when the line is down.
        """
        now_s = asyncio.get_running_loop().time()
        is_too_soon = now_s - self._asked_s.get(key, -AGAIN_AFTER_S) < AGAIN_AFTER_S
        is_full = self._most is not None and len(self._keys) >= self._most
        if not self._is_live or contract.secType not in _KINDS:
            return False
        if is_too_soon or is_full or key in self._denied or key in self._req_ids:
            return False
        number = self._line.next_id()
        self._keys[number], self._req_ids[key], self._asked_s[key] = key, number, now_s
        self._line.queue.send(Lane.DATA, lambda: self._ask(number, contract))
        return True

    def end(self, key: InstrumentKey) -> None:
        """Stop it, where it is on."""
        number = self._req_ids.pop(key, None)
        if number is None or self._keys.pop(number, None) is None:
            return
        try:
            self._line.queue.send(Lane.DATA, lambda: self._line.client.cancelTickByTickData(number))
        except BrokerError:
            log.debug("the trades of %s ended with their session", key)

    def lost_all(self) -> None:
        """TWS has lost every stream."""
        self._keys.clear()
        self._req_ids.clear()
        self._asked_s.clear()

    def refused(self, req_id: int, code: int, text: str) -> InstrumentKey | None:
        """TWS's error on one of these streams: whose it was, None where it was none of them."""
        key = self._keys.pop(req_id, None)
        if key is None:
            return None
        self._req_ids.pop(key, None)
        if judge(code, Context.SUBSCRIPTION, text).meaning is Meaning.LINES_FULL:
            self._most = len(self._keys)
        else:
            self._denied.add(key)
        log.info("no single trades of %s: TWS %d: %s", key, code, text)
        return key

    def _ask(self, number: int, contract: Any) -> None:
        if number in self._keys:  # still wanted
            self._line.client.reqTickByTickData(number, contract, "Last", 0, False)

    def _on_tick(
        self, req_id: int, _kind: int, at_s: int, price: float, size: float, *_: Any
    ) -> None:
        key = self._keys.get(req_id)
        if key is not None and price > 0:
            self._on_trade(key, at_s, price, size)
