"""Account values as TWS tells them, one tag at a time, made into one report an account.

Source: TWS API, "Account Updates" and "reqAccountUpdatesMulti"
(interactivebrokers.github.io/tws-api/account_updates.html): figures of the whole account stand in
its base currency; the ledger has a row a currency and one called BASE, the sum of all in the base
currency. Since TWS 10.47 tags of the ledger may begin with "$LEDGER-". reqAccountUpdates follows
one account at a time, so it is the way only where TWS does not say a word to the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal

from app.base.errors import BrokerError
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.order_map import decimal_of
from app.brokers.ibkr_tws.ports import environment_of
from app.brokers.ibkr_tws.requests import Requests, TwsError
from app.brokers.ibkr_tws.send_queue import Lane
from app.brokers.ibkr_tws.voice import Voice
from app.domain.ids import AccountId, ConnectionId
from app.domain.reports import AccountReport, Balance

LEDGER_PREFIX = "$LEDGER-"
BASE = "BASE"
# What moves in one account is told at most this often.
TELL_EVERY_S = 0.5
_Row = tuple[str, str]  # tag, currency
_FIGURES = {
    "net_liquidation": "NetLiquidation",
    "buying_power": "BuyingPower",
    "initial_margin": "InitMarginReq",
    "maintenance_margin": "MaintMarginReq",
    "excess_liquidity": "ExcessLiquidity",
}


class AccountValues:
    """The values of one account. No I/O, any thread."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._values: dict[_Row, str] = {}

    def take(self, tag: str, value: str, currency: str) -> None:
        """One value; later ones replace it."""
        self._values[tag.removeprefix(LEDGER_PREFIX), currency] = value

    def report(self, connection_id: ConnectionId, at: datetime) -> AccountReport:
        """The account. Raises ValueError where its base currency was not told."""
        base = self._base_currency()
        cash = self._cash(base)
        figures = {name: self._number(tag, base) for name, tag in _FIGURES.items()}
        worth = {currency: self._number("NetLiquidationByCurrency", currency) for currency in cash}
        balances = [
            Balance(currency, amount, **figures)
            if currency == base
            else Balance(currency, amount, net_liquidation=worth[currency])
            for currency, amount in cash.items()
            if amount or currency == base
        ]
        return AccountReport(
            connection_id=connection_id,
            account_id=AccountId(self._account_id),
            title=self._account_id,
            is_paper=environment_of(self._account_id) == "paper",
            base_currency=base,
            balances=tuple(balances),
            at=at,
            is_base_whole=True,  # NetLiquidation, in the base currency, is the whole account's
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was told yet."""
        return not self._values

    def _base_currency(self) -> str:
        for tag in _FIGURES.values():
            for told, currency in self._values:
                if told == tag and currency not in ("", BASE):
                    return currency
        raise ValueError(f"TWS told no base currency of account {self._account_id}")

    def _cash(self, base: str) -> dict[str, Decimal | None]:
        """Cash by currency, the base currency first; None where nothing was told of any."""
        told = {
            currency: amount
            for tag, currency in self._values
            if tag == "CashBalance" and (amount := self._number(tag, currency)) is not None
        }
        total = told.pop(BASE, None)
        if total is None:
            total = self._number("TotalCashValue", base)
        # With a row a currency, one that is missing holds nothing.
        here = told.pop(base, Decimal(0) if told else total)
        return {base: here, **dict(sorted(told.items()))}

    def _number(self, tag: str, currency: str) -> Decimal | None:
        try:
            return decimal_of(self._values.get((tag, currency)))
        except ValueError:
            return None


class Accounts:
    """Reads the accounts and follows them. Adapter's thread and loop."""

    def __init__(
        self, line: Line, requests: Requests, voice: Voice, chosen: Callable[[], Iterable[str]]
    ) -> None:
        self._line, self._requests, self._voice, self._chosen = line, requests, voice, chosen
        self._values: dict[int, AccountValues] = {}  # by request id
        self._followed: dict[str, int] = {}  # request id by account
        self._moved: set[str] = set()
        # Where that question meets silence, one account is asked for after the other.
        self._one_by_one: dict[str, AccountValues] = {}
        self._turn = asyncio.Lock()
        line.on("accountUpdateMulti", self._on_value)
        line.on("accountUpdateMultiEnd", requests.finish)
        line.on("updateAccountValue", self._on_value_of_one)
        line.on("accountDownloadEnd", lambda account: requests.finish(_of_one(account)))

    async def read(self) -> tuple[AccountReport, ...]:
        """Every chosen account as it is now; they are followed from then on. Raises BrokerError."""
        answers = await asyncio.gather(
            *(self._ask(account) for account in self._chosen()), return_exceptions=True
        )
        reports: list[AccountReport] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            reports.append(answer)
        return tuple(reports)

    async def _ask(self, account: str) -> AccountReport:
        try:
            if account not in self._one_by_one:
                report = await self._ask_at_once(account)
                if report is not None:
                    return report
            return await self._ask_of_one(account)
        except (BrokerError, TwsError, ValueError) as error:
            raise BrokerError(f"the values of account {account}: {error}") from error

    async def _ask_at_once(self, account: str) -> AccountReport | None:
        """None where TWS does not say a word."""
        values, asked = AccountValues(account), 0

        def send(req_id: int) -> None:
            nonlocal asked
            asked = req_id
            self._values[req_id] = values
            self._line.client.reqAccountUpdatesMulti(req_id, account, "", False)

        try:
            await self._requests.listed(
                account, lambda limit_s: self._requests.ask(Lane.CONTROL, send, timeout_s=limit_s)
            )
            report = values.report(self._voice.connection_id, self._voice.now())
        except (BrokerError, TwsError, ValueError) as error:
            self._let_go(asked)
            if isinstance(error, BrokerError) and values.is_empty and self._line.is_up:
                return None
            raise
        self._let_go(self._followed.get(account, 0))
        self._followed[account] = asked
        return report

    async def _ask_of_one(self, account: str) -> AccountReport:
        client, values = self._line.client, AccountValues(account)

        def send() -> None:
            client.reqAccountUpdates(False, account)  # else what is followed is not told anew
            client.reqAccountUpdates(True, account)

        async with self._turn:
            rows = await self._requests.single(_of_one(account), Lane.CONTROL, send)
        for row in rows:
            values.take(*row)
        report = values.report(self._voice.connection_id, self._voice.now())
        self._one_by_one[account] = values
        return report

    def _let_go(self, req_id: int) -> None:
        if self._values.pop(req_id, None) is not None and self._line.is_up:
            self._line.queue.send(
                Lane.CONTROL, lambda: self._line.client.cancelAccountUpdatesMulti(req_id)
            )

    def _on_value(
        self, req_id: int, account: str, model: str, tag: str, value: str, currency: str
    ) -> None:
        values = self._values.get(req_id)
        if values is None or model:
            return
        values.take(tag, value, currency)
        if self._followed.get(account) == req_id:
            self._tell_soon(account)

    def _on_value_of_one(self, tag: str, value: str, currency: str, account: str) -> None:
        self._requests.add(_of_one(account), (tag, value, currency))
        values = self._one_by_one.get(account)
        if values is not None:
            values.take(tag, value, currency)
            self._tell_soon(account)

    def _tell_soon(self, account: str) -> None:
        if account not in self._moved:
            self._moved.add(account)
            self._voice.after(TELL_EVERY_S, lambda: self._tell(account))

    def _tell(self, account: str) -> None:
        self._moved.discard(account)
        values = self._one_by_one.get(account) or self._values.get(self._followed[account])
        if values is not None:
            self._voice.say(values.report(self._voice.connection_id, self._voice.now()))


def _of_one(account: str) -> str:
    return f"account_updates {account}"
