"""The search: typed text to instruments, with a bounded number of questions and a deadline."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine, Iterable
from datetime import date
from typing import Any

from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.errors import Context, Meaning, judge
from app.brokers.ibkr_tws.instruments import Instruments, Listed
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.requests import Requests, TwsError
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.search_forms import (
    HOME_CURRENCY,
    ROOTS,
    explicit_queries,
    normalized,
    pattern_of,
    root_query,
    share_query,
)
from app.brokers.ibkr_tws.send_queue import Lane
from app.domain.instrument import AssetClass, Instrument

log = logging.getLogger("moorgate.tws")
# TWS answers one symbol search a second (TWS API, "Stock Contract Search").
MATCHING_PAUSE_S = 1.0
DEADLINE_S = 7.0
# After this a share of just that name is asked for besides.
PATIENCE_S = 2.0
# Of what the symbol search finds, so many are looked up.
MOST_DETAILS = 8
MOST_RESULTS = 40
_REMEMBERED = 64
# Coins and pairs are only found where they were asked for by name.
_ORDER = (AssetClass.CRYPTO, AssetClass.FOREX, AssetClass.EQUITY, AssetClass.ETF,
          AssetClass.FUTURE, AssetClass.OPTION)  # fmt: skip


class Search:
    """One line's search. Adapter's thread and loop."""

    def __init__(
        self, line: Line, requests: Requests, instruments: Instruments, clock: Clock
    ) -> None:
        self._line, self._requests, self._instruments = line, requests, instruments
        self._clock = clock
        self._samples: OrderedDict[str, list[Any]] = OrderedDict()  # newest last
        self._next_matching_s = 0.0
        self._newest = 0
        line.on("symbolSamples", self._on_samples)

    async def find(self, text: str) -> tuple[Instrument, ...]:
        """Instruments for what was typed, best first; empty when there are none.

        May be called at every key: of searches that wait for their turn only the newest asks TWS.
        Raises BrokerError where TWS gave no answer to any question and nothing was found.
        """
        wanted = normalized(text)
        if not wanted:
            return ()
        self._newest += 1
        today = self._clock.now().date()
        work: list[Coroutine[Any, Any, list[Listed]]] = [
            self._listed(query) for query in explicit_queries(wanted, today)
        ]
        if pattern := pattern_of(wanted):
            work.append(self._shares(pattern, self._newest))
        if wanted in ROOTS:
            work.append(self._listed(root_query(wanted)))
        return self._ranked(await self._gathered(work), wanted, today)

    async def _gathered(self, work: list[Coroutine[Any, Any, list[Listed]]]) -> list[Listed]:
        """What came until the deadline, in the order of the questions."""
        tasks = [asyncio.ensure_future(part) for part in work]
        try:
            await asyncio.wait(tasks, timeout=DEADLINE_S)
        finally:
            for task in tasks:
                task.cancel()
        found: dict[int, Listed] = {}
        trouble: BrokerError | None = None
        is_late = False
        for task in tasks:
            if not task.done() or task.cancelled():
                is_late = True
                continue
            try:
                found.update((each.contract.conId, each) for each in task.result())
            except BrokerError as error:
                trouble = trouble or error
        if is_late and trouble is None:
            trouble = BrokerError(f"TWS did not answer the search within {DEADLINE_S:g} s")
        if trouble is not None and not found:
            raise trouble
        return list(found.values())

    async def _listed(self, query: Any) -> list[Listed]:
        return self._instruments.keep_all(await self._instruments.details(query))

    async def _shares(self, pattern: str, number: int) -> list[Listed]:
        """What TWS's symbol search finds; without an answer of it the share of just that name."""
        search = asyncio.ensure_future(self._by_symbol(pattern, number))
        try:
            await asyncio.wait([search], timeout=PATIENCE_S)
            has_found = search.done() and search.exception() is None and search.result()
            if not has_found and number == self._newest:
                return await self._listed(share_query(pattern)) or await search
            return await search
        finally:
            search.cancel()

    async def _by_symbol(self, pattern: str, number: int) -> list[Listed]:
        samples = await self._matching(pattern, number)
        futures = [
            sample.contract.symbol
            for sample in samples
            if sample.contract.symbol == pattern
            and "FUT" in sample.derivativeSecTypes
            and sample.contract.secType == "IND"
            and pattern not in ROOTS
        ]
        shares = [s.contract for s in samples if s.contract.secType == "STK"]
        shares.sort(key=lambda c: (c.symbol != pattern, c.currency != HOME_CURRENCY))
        queries = [root_query(symbol) for symbol in futures[:1]]
        queries += [ib.Contract(conId=contract.conId) for contract in shares[:MOST_DETAILS]]
        parts = await asyncio.gather(*map(self._known_or_asked, queries))
        return [listed for part in parts for listed in part]

    async def _known_or_asked(self, query: Any) -> list[Listed]:
        known = self._instruments.listed_now(query.conId)
        return [known] if known else await self._listed(query)

    # ---- TWS's symbol search ----

    async def _matching(self, pattern: str, number: int) -> list[Any]:
        if pattern in self._samples:
            return self._samples[pattern]
        loop = asyncio.get_running_loop()
        while (wait_s := self._next_matching_s - loop.time()) > 0:
            await asyncio.sleep(wait_s)
            if number != self._newest:
                log.debug("%r is not searched for: something else was typed meanwhile", pattern)
                return []
        self._next_matching_s = loop.time() + MATCHING_PAUSE_S
        try:
            samples = await self._requests.ask(
                Lane.DATA, lambda req_id: self._line.client.reqMatchingSymbols(req_id, pattern)
            )
        except TwsError as error:
            verdict = judge(error.code, Context.REQUEST, error.text)
            if verdict.meaning not in (Meaning.NOT_FOUND, Meaning.NO_DATA):
                raise BrokerError(verdict.text, Outcome.REJECTED, str(error.code)) from error
            samples = []
        self._samples[pattern] = samples
        while len(self._samples) > _REMEMBERED:
            self._samples.popitem(last=False)
        return samples

    def _on_samples(self, req_id: int, samples: Iterable[Any]) -> None:
        for sample in samples:
            self._requests.add(req_id, sample)
        self._requests.finish(req_id)

    # ---- best first ----

    def _ranked(self, found: list[Listed], wanted: str, today: date) -> tuple[Instrument, ...]:
        living = [each for each in found if not each.instrument.is_expired(today)]
        places = {each.contract.conId: place for place, each in enumerate(found)}
        living.sort(key=lambda each: (*_rank(each, wanted), places[each.contract.conId]))
        instruments = [each.instrument for each in living]
        return tuple(instruments[:MOST_RESULTS])


def _rank(listed: Listed, wanted: str) -> tuple[bool, bool, bool, int, date, bool]:
    """Exact symbol, home currency, home listing, kind, nearest expiry; smaller is better."""
    instrument, contract = listed.instrument, listed.contract
    names = {instrument.symbol, contract.symbol, contract.localSymbol}
    plain = {name.replace(" ", ".") for name in names}
    is_exact = wanted in names or wanted.replace(" ", ".").replace("/", ".") in plain
    return (
        not is_exact,
        instrument.currency != HOME_CURRENCY,
        bool(instrument.market) and contract.secType == "STK",
        _ORDER.index(instrument.asset_class),
        instrument.expiry or date.min,
        instrument.symbol != wanted,
    )
