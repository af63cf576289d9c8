"""Which market data a user may have, found out by asking for one quote. Needs the SDK.

Market data types and the numbers of delayed ticks: TWS API, "Delayed Streaming Data" and
"Available Tick Types"; the codes are those of errors.TABLE.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from app.base.errors import BrokerError
from app.brokers.ibkr_tws.errors import HARMLESS, Context, Meaning, judge
from app.brokers.ibkr_tws.requests import TwsError
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.send_queue import Lane
from app.brokers.ibkr_tws.trial import Trial

LIVE_TYPE, DELAYED_TYPE = 1, 3  # of reqMarketDataType
# What a subscription is for, and what some markets send without one.
_LIVE_TICKS = frozenset({1, 2, 4})  # bid, ask, last
_DELAYED_TICKS = frozenset({66, 67, 68})
_DAILY_TICKS = {6: "live", 7: "live", 9: "live", 14: "live",  # high, low, close, open
                72: "delayed", 73: "delayed", 75: "delayed", 76: "delayed"}  # fmt: skip
_PARTLY_SUBSCRIBED = 10090  # the rest still comes, so it is waited for
HISTORY_S = 8.0


class DataKind(Enum):
    """What came for a quote."""

    LIVE = "live"
    DELAYED = "delayed"
    REFUSED = "refused"
    COMPETING = "competing"  # another log-in of the same user gets them
    SILENT = "silent"  # no price and no refusal: a closed market, or a feed that is down


@dataclass(frozen=True, slots=True)
class DataAnswer:
    """One test. `words` are what an error meant, empty where none came."""

    symbol: str
    kind: DataKind
    words: str = ""


def spy() -> Any:
    """SPY, which every American data subscription covers."""
    return ib.Contract(secType="STK", symbol="SPY", exchange="SMART", currency="USD")


def eur_usd() -> Any:
    """EUR.USD, whose quotes need no subscription."""
    return ib.Contract(secType="CASH", symbol="EUR", exchange="IDEALPRO", currency="USD")


class DataTrial:
    """The tests of market data within one session."""

    def __init__(self, trial: Trial, patience_s: float) -> None:
        self._trial, self._line, self._patience_s = trial, trial.line, patience_s
        self._req_id = 0
        self._heard: asyncio.Future[DataKind] | None = None
        self._words = ""
        self._daily: DataKind | None = None  # the market may be closed, with only these to send
        self._line.on("priceSizeTick", self._on_tick)
        self._line.on_error(self._on_error)
        self._line.on_closed(lambda _reason: self._settle(DataKind.SILENT))
        self._line.on(
            "historicalData", lambda req_id, bar, *_: self._trial.requests.add(req_id, bar)
        )
        self._line.on("historicalDataEnd", lambda req_id, *_: self._trial.requests.finish(req_id))

    async def best(self, contract: Any) -> DataAnswer:
        """Live where that works, else delayed, else why not."""
        live = await self.quote(contract, LIVE_TYPE)
        if live.kind in {DataKind.LIVE, DataKind.DELAYED, DataKind.COMPETING}:
            return live
        delayed = await self.quote(contract, DELAYED_TYPE)
        if delayed.kind is DataKind.SILENT:
            return DataAnswer(live.symbol, live.kind, live.words or delayed.words)
        return DataAnswer(delayed.symbol, delayed.kind, live.words or delayed.words)

    async def quote(self, contract: Any, data_type: int) -> DataAnswer:
        """Ask for one quote and wait for its first price or a refusal.

        Raises BrokerError when the line breaks.
        """
        line, client = self._line, self._line.client
        self._heard, self._words = asyncio.get_running_loop().create_future(), ""
        self._daily = None
        self._req_id = line.next_id()
        ask = partial(client.reqMktData, self._req_id, contract, "", False, False, [])
        await line.queue.sent(Lane.CONTROL, partial(client.reqMarketDataType, data_type))
        await line.queue.sent(Lane.CONTROL, ask)
        try:
            async with asyncio.timeout(self._patience_s):
                kind = await self._heard
        except TimeoutError:
            kind = self._of_a_closed_market()
        finally:
            self._heard = None
            if line.is_up:
                line.queue.send(Lane.CONTROL, partial(client.cancelMktData, self._req_id))
        if not line.is_up:
            raise BrokerError("TWS ended the connection")
        return DataAnswer(contract.symbol, kind, self._words)

    async def bars(self, contract: Any, what: str) -> int:
        """How many bars of an hour the last day has. Raises TwsError or BrokerError."""
        rows = await self._trial.requests.ask(
            Lane.HISTORY,
            lambda req_id: self._line.client.reqHistoricalData(
                req_id, contract, "", "1 D", "1 hour", what, False, 1, False, []
            ),
            timeout_s=HISTORY_S,
        )
        return len(rows)

    def _of_a_closed_market(self) -> DataKind:
        if self._daily is None or self._words:
            return DataKind.SILENT
        return self._daily

    def _on_tick(self, req_id: int, tick_type: int, price: float, *_: Any) -> None:
        if req_id != self._req_id or price <= 0:  # -1: there is none now
            return
        if tick_type in _LIVE_TICKS:
            self._settle(DataKind.LIVE)
        elif tick_type in _DELAYED_TICKS:
            self._settle(DataKind.DELAYED)
        elif tick_type in _DAILY_TICKS:
            self._daily = DataKind(_DAILY_TICKS[tick_type])

    def _on_error(self, key: int, code: int, text: str) -> bool:
        if key != self._req_id or self._heard is None:
            return False
        verdict = judge(code, Context.SUBSCRIPTION, text)
        self._words = verdict.text
        if verdict.meaning is Meaning.COMPETING:
            self._settle(DataKind.COMPETING)
        elif verdict.meaning not in HARMLESS and code != _PARTLY_SUBSCRIBED:
            self._settle(DataKind.REFUSED)
        return True

    def _settle(self, kind: DataKind) -> None:
        if self._heard is not None and not self._heard.done():
            self._heard.set_result(kind)


def in_words(error: TwsError) -> str:
    """A refused question as people read it."""
    return judge(error.code, Context.REQUEST, error.text).text
