"""Option chains without asking for each contract (TWS API, "Option Chains")."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.contract_map import decimal_of, expiry_date, option_name
from app.brokers.ibkr_tws.errors import Context, Meaning, judge
from app.brokers.ibkr_tws.instruments import Instruments
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.requests import Requests, TwsError
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.send_queue import Lane
from app.domain.instrument import AssetClass, Instrument, OptionRight
from app.domain.option_chain import OptionChain

SMART = "SMART"
TIMEOUT_S = 25.0  # an index has thousands of strikes


class Parameters(NamedTuple):
    """One row of securityDefinitionOptionParameter, in its order."""

    exchange: str
    underlying_id: str | int
    trading_class: str
    multiplier: str
    expirations: Iterable[str]
    strikes: Iterable[float]


class Options:
    """One line's option chains. Adapter's thread and loop."""

    def __init__(self, line: Line, requests: Requests, instruments: Instruments) -> None:
        self._line, self._requests, self._instruments = line, requests, instruments
        line.on(
            "securityDefinitionOptionParameter",
            lambda req_id, *row: requests.add(req_id, Parameters(*row)),
        )
        line.on("securityDefinitionOptionParameterEnd", requests.finish)

    async def chains(self, underlying: Instrument) -> tuple[OptionChain, ...]:
        """Every chain listed on `underlying`: smart-routed ones first, then the largest.

        Empty where TWS lists none. Raises BrokerError: NOT_SENT where `underlying` is not listed,
        REJECTED where TWS refuses, UNKNOWN without an answer.
        """
        contract = await self._instruments.contract(underlying)
        # Options on a future are asked for where the future trades, those on a share everywhere.
        place = contract.exchange if contract.secType == "FUT" else ""
        try:
            rows = await self._requests.ask(
                Lane.DATA,
                lambda req_id: self._line.client.reqSecDefOptParams(
                    req_id, contract.symbol, place, contract.secType, contract.conId
                ),
                timeout_s=TIMEOUT_S,
            )
        except TwsError as error:
            verdict = judge(error.code, Context.REQUEST, error.text)
            if verdict.meaning in (Meaning.NOT_FOUND, Meaning.NO_DATA):
                return ()
            raise BrokerError(verdict.text, Outcome.REJECTED, str(error.code)) from error
        chains = [chain for row in rows if (chain := chain_of(underlying, row)) is not None]
        return tuple(sorted(chains, key=_rank))

    async def option(
        self, chain: OptionChain, expiry: date, strike: Decimal, right: OptionRight
    ) -> Instrument:
        """One option of a chain.

        Raises BrokerError: code "no-contract" where this combination is not listed.
        """
        underlying = chain.underlying
        asked = ib.Contract(
            secType="FOP" if underlying.asset_class is AssetClass.FUTURE else "OPT",
            symbol=underlying.underlying or (await self._instruments.contract(underlying)).symbol,
            currency=underlying.currency,
            exchange=chain.exchange,
            tradingClass=chain.trading_class,
            lastTradeDateOrContractMonth=f"{expiry:%Y%m%d}",
            strike=float(strike),
            right=right.value[0].upper(),
        )
        rows = await self._instruments.details(asked, Lane.CONTROL)
        found = [
            listed.instrument
            for listed in self._instruments.keep_all(rows)
            if (listed.instrument.expiry, listed.instrument.strike, listed.instrument.right)
            == (expiry, strike, right)
        ]
        if not found:
            name = option_name(chain.trading_class, expiry, strike, right)
            raise BrokerError(
                f"{name} is not listed at {chain.exchange}", Outcome.REJECTED, "no-contract"
            )
        return found[0]


def chain_of(underlying: Instrument, row: Parameters) -> OptionChain | None:
    """A row of TWS as a chain; None where it holds nothing that can be traded."""
    expiries = {day for text in row.expirations if (day := expiry_date(text)) is not None}
    strikes = {decimal_of(strike) for strike in row.strikes if strike > 0}
    multiplier = _multiplier(row.multiplier)
    if not expiries or not strikes or multiplier is None:
        return None
    return OptionChain(
        underlying,
        row.exchange,
        row.trading_class,
        multiplier,
        tuple(sorted(expiries)),
        tuple(sorted(strikes)),
    )


def _multiplier(text: Any) -> Decimal | None:
    try:
        number = Decimal(text or 1)
    except InvalidOperation:
        return None
    return number if number > 0 else None


def _rank(chain: OptionChain) -> tuple[bool, bool, int, str, str]:
    is_own_class = chain.trading_class == (chain.underlying.underlying or chain.underlying.symbol)
    size = len(chain.expiries) * len(chain.strikes)
    return (
        chain.exchange != SMART,
        not is_own_class,
        -size,
        chain.trading_class,
        chain.exchange,
    )
