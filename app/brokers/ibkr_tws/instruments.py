"""Every contract met on one line: asked for once, known by IBKR's number and by our key."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.contract_map import (
    CRYPTO_PLACES,
    SIDE_DOORS,
    decimal_of,
    details_of_partial,
    instrument_of,
    queries_of,
    routed,
    rule_id,
    step_at,
)
from app.brokers.ibkr_tws.errors import Context, Meaning, judge
from app.brokers.ibkr_tws.hours import TradingHours, trading_hours
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.requests import Requests, TwsError
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.send_queue import Lane
from app.domain.ids import InstrumentKey
from app.domain.instrument import Instrument

log = logging.getLogger("moorgate.tws")
T = TypeVar("T")
Steps = list[tuple[Decimal, Decimal]]  # (from this price on, step)


@dataclass(frozen=True, slots=True)
class Listed:
    """One contract as TWS lists it: how orders name it, what it is to us, what TWS says of it."""

    contract: Any
    instrument: Instrument
    details: Any


class Shared:
    """Questions that several ask at the same time and that are asked once. One loop.

    Whoever gives up ends only his own wait; the question goes on for the others.
    """

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def ask(self, key: Hashable, question: Callable[[], Awaitable[T]]) -> T:
        """The answer to `question`, which is not asked again while it is under way."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(_awaited(question))
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        answer: T = await asyncio.shield(task)
        return answer

    def close(self) -> None:
        """Break off what is under way."""
        for task in tuple(self._tasks.values()):
            task.cancel()

    def _landed(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # taken note of, even if nobody waits any more


class Instruments:
    """Contracts and instruments of one line. Adapter's thread and loop; `close` it at the end."""

    def __init__(self, line: Line, requests: Requests) -> None:
        self._line, self._requests = line, requests
        self._by_id: dict[int, Listed] = {}
        self._by_key: dict[InstrumentKey, list[Listed]] = {}
        self._rules: dict[int, Steps] = {}
        self._asked_rules: set[int] = set()
        self._shared = Shared()
        line.on("contractDetails", requests.add)
        line.on("bondContractDetails", requests.add)
        line.on("contractDetailsEnd", requests.finish)
        line.on("marketRule", self._on_rule)

    def close(self) -> None:
        """Break off what is being asked."""
        self._shared.close()

    # ---- from the wire ----

    def known(self, contract: Any) -> Instrument | None:
        """The instrument of a contract that was met before; None where TWS must be asked."""
        listed = self._by_id.get(contract.conId)
        return listed.instrument if listed else None

    def listed_now(self, con_id: int) -> Listed | None:
        """What is known of IBKR's number; None where TWS must be asked."""
        return self._by_id.get(con_id)

    async def instrument(self, contract: Any) -> Instrument:
        """The instrument of any contract that TWS names: of a position, an order, an execution.

        It may be partial: the details are asked for by its number, once. What TWS lists no more is
        described by what the contract itself says. Raises BrokerError: NOT_SENT with code
        "unsupported-contract" for a kind that Moorgate does not know, else no answer.
        """
        listed = self._by_id.get(contract.conId)
        if listed is None:
            key = ("id", contract.conId or repr(contract))
            listed = await self._shared.ask(key, lambda: self._look_up(contract))
        return listed.instrument

    async def _look_up(self, contract: Any) -> Listed:
        query = contract
        if contract.conId:
            # Not where it says: an execution names the place where it happened to be made.
            query = ib.Contract(conId=contract.conId)
        found = await self.details(query, Lane.CONTROL)
        if not found and contract.conId:
            query.includeExpired, query.secType = True, contract.secType
            found = await self.details(query, Lane.CONTROL)
        if not found:
            log.info("TWS lists contract %s no more; it is shown as it is", contract)
            partial = details_of_partial(contract)
            return self._note(Listed(contract, instrument_of(partial), partial))
        return self.keep(found[0])

    # ---- to the wire ----

    def contract_now(self, instrument: Instrument) -> Any | None:
        """The contract with number and exchange if it is known already; asks nobody."""
        listed = self._find(instrument)
        return listed.contract if listed else None

    async def contract(self, instrument: Instrument) -> Any:
        """The contract with number and exchange, asked for where it is not known yet.

        Raises BrokerError NOT_SENT: code "no-contract" where TWS lists none, "ambiguous" where
        several fit and nothing tells which is meant, no code where there was no answer.
        """
        return (await self.listed(instrument)).contract

    async def listed(self, instrument: Instrument) -> Listed:
        """Like `contract`, with everything that TWS says of it."""
        listed = self._find(instrument)
        if listed is None:
            key = ("key", instrument.key, instrument.exchange)
            listed = await self._shared.ask(key, lambda: self._qualify(instrument))
        return listed

    def _find(self, instrument: Instrument) -> Listed | None:
        found = self._by_key.get(instrument.key, [])
        for listed in found:
            if listed.instrument.exchange == instrument.exchange:
                return listed
        # Coins net everywhere, but an order must go to the custodian that was meant.
        is_elsewhere = instrument.exchange in CRYPTO_PLACES
        return found[0] if found and not is_elsewhere else None

    async def _qualify(self, instrument: Instrument) -> Listed:
        for query in queries_of(instrument):
            fitting = await self._fitting(instrument, query)
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                where = ", ".join(sorted(each.contract.exchange for each in fitting))
                raise BrokerError(
                    f"several contracts are {instrument.symbol} ({where}): search for one",
                    Outcome.NOT_SENT,
                    "ambiguous",
                )
        raise BrokerError(
            f"TWS lists no contract {instrument.symbol} in {instrument.currency}"
            f" ({instrument.key})",
            Outcome.NOT_SENT,
            "no-contract",
        )

    async def _fitting(self, instrument: Instrument, query: Any) -> list[Listed]:
        try:
            found = await self.details(query, Lane.CONTROL)
        except BrokerError as error:
            text = f"{instrument.symbol} could not be looked up: {error}"
            raise BrokerError(text, Outcome.NOT_SENT, error.code) from error
        fitting = [each for each in self.keep_all(found) if each.instrument.key == instrument.key]
        here = [each for each in fitting if each.instrument.exchange == instrument.exchange]
        return here if len(here) == 1 else fitting

    # ---- questions ----

    async def details(self, query: Any, lane: Lane = Lane.DATA) -> list[Any]:
        """Everything TWS lists for a contract that may be partial; empty when there is nothing.

        Raises BrokerError: REJECTED for a refusal, UNKNOWN without an answer.
        """
        try:
            rows = await self._requests.ask(
                lane, lambda req_id: self._line.client.reqContractDetails(req_id, query)
            )
        except TwsError as error:
            verdict = judge(error.code, Context.REQUEST, error.text)
            if verdict.meaning in (Meaning.NOT_FOUND, Meaning.NO_DATA):
                return []
            raise BrokerError(verdict.text, Outcome.REJECTED, str(error.code)) from error
        return [row for row in rows if row.contract.exchange not in SIDE_DOORS] or rows

    def keep_all(self, rows: list[Any]) -> list[Listed]:
        """Note what was found; what Moorgate does not trade is left out."""
        kept: dict[int, Listed] = {}
        for details in rows:
            try:
                listed = self.keep(details)
            except BrokerError as error:
                log.debug("left out: %s", error)
            else:
                kept.setdefault(listed.contract.conId, listed)
        return list(kept.values())

    def keep(self, details: Any) -> Listed:
        """Note one contract. Raises BrokerError "unsupported-contract"."""
        number = details.contract.conId
        known = self._by_id.get(number)
        if known is not None:
            return known
        listed = Listed(routed(details), instrument_of(details), details)
        self._by_key.setdefault(listed.instrument.key, []).append(listed)
        self._learn_rule(rule_id(details, listed.contract.exchange))
        return self._note(listed)

    def _note(self, listed: Listed) -> Listed:
        if listed.contract.conId:
            self._by_id[listed.contract.conId] = listed
        return listed

    async def hours(self, instrument: Instrument, *, regular: bool = False) -> TradingHours:
        """When it trades in the coming days; `regular`: without early and late trading.

        Raises BrokerError like `contract`.
        """
        details = (await self.listed(instrument)).details
        text = details.liquidHours if regular else details.tradingHours
        return trading_hours(text, details.timeZoneId)

    # ---- price steps ----

    async def price_step(self, instrument: Instrument, price: Decimal) -> Decimal:
        """The step that prices have at `price` where orders in it go.

        It is the instrument's `tick_size` where no market rule can be had. Raises BrokerError like
        `contract`.
        """
        listed = await self.listed(instrument)
        number = rule_id(listed.details, listed.contract.exchange)
        if number is not None and number not in self._rules:
            try:
                await self._requests.single(
                    f"market_rule {number}",
                    Lane.CONTROL,
                    lambda: self._line.client.reqMarketRule(number),
                )
            except (BrokerError, TwsError) as error:
                log.info("market rule %d could not be read: %s", number, error)
        return self.price_step_now(instrument, price) or instrument.tick_size

    def price_step_now(self, instrument: Instrument, price: Decimal) -> Decimal | None:
        """Like `price_step` but asks nobody: None where the rule is not known yet."""
        listed = self._find(instrument)
        if listed is None:
            return None
        number = rule_id(listed.details, listed.contract.exchange)
        return None if number is None else step_at(self._rules.get(number, []), price)

    def _learn_rule(self, number: int | None) -> None:
        """Ask in passing, so that an order need not wait; nothing is lost without an answer."""
        if number is None or number in self._asked_rules:
            return
        self._asked_rules.add(number)
        try:
            self._line.queue.send(Lane.HISTORY, lambda: self._line.client.reqMarketRule(number))
        except BrokerError:
            log.debug("market rule %d was not asked for: the line is down", number)

    def _on_rule(self, number: int, increments: list[Any]) -> None:
        self._rules[number] = [(decimal_of(i.lowEdge), decimal_of(i.increment)) for i in increments]
        self._requests.finish(f"market_rule {number}")


async def _awaited(question: Callable[[], Awaitable[T]]) -> T:
    return await question()
