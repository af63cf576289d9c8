"""IBKR's contracts as our instruments, and our instruments as questions. Literal tables, no I/O.

The key of an instrument must not depend on where the contract came from, so it is made from the
contract's details alone. Sources: TWS API, "Contract", "ContractDetails", "Minimum Price
Increment" (interactivebrokers.github.io/tws-api).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.callbacks import unescaped
from app.brokers.ibkr_tws.sdk import ib
from app.domain.instrument import AssetClass, Instrument, OptionRight

ASSET_CLASSES = {
    "STK": AssetClass.EQUITY,  # or ETF, by stockType
    "FUT": AssetClass.FUTURE,
    "OPT": AssetClass.OPTION,
    "FOP": AssetClass.OPTION,
    "CASH": AssetClass.FOREX,
    "CRYPTO": AssetClass.CRYPTO,
}
FUND_TYPES = frozenset({"ETF", "ETC", "ETN", "ETP", "ETMF"})
# Places that list shares under the one name a share has in the United States.
US_LISTINGS = frozenset(
    {"AMEX", "ARCA", "BATS", "BEX", "BYX", "CBOE", "CHX", "DRCTEDGE", "EDGEA", "EDGX", "FINRA",
     "GREY", "IEX", "ISE", "ISLAND", "LTSE", "MEMX", "NASDAQ", "NYSE", "NYSENAT", "OTC", "OTCBB",
     "OTCLNKECN", "OTCQB", "OTCQX", "PEARL", "PHLX", "PINK", "PSX", "TXSE", "VALUE"}
)  # fmt: skip
FUTURES_NAMES = {"GLOBEX": "CME", "ECBOT": "CBOT"}  # as TWS called them before 2022
# Futures exchanges whose hours are those of CME Globex.
GLOBEX_HOURS = frozenset({"CME", "CBOT", "NYMEX", "COMEX", "CFE"})
CRYPTO_PLACES = ("PAXOS", "ZEROHASH")
# Lists every future a second time, for orders of one algorithm provider.
SIDE_DOORS = frozenset({"QBALGO"})
RIGHTS = {
    "C": OptionRight.CALL, "CALL": OptionRight.CALL,
    "P": OptionRight.PUT, "PUT": OptionRight.PUT,
}  # fmt: skip
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# Of a contract, what names it; the rest belongs to combinations and single questions.
_FIELDS = (
    "conId", "symbol", "secType", "lastTradeDateOrContractMonth", "strike", "right", "multiplier",
    "exchange", "primaryExchange", "currency", "localSymbol", "tradingClass",
)  # fmt: skip


def instrument_of(details: Any) -> Instrument:
    """The instrument that contract details describe.

    `tick_size` is the finest step at any price (`minTick`); the step at one price is what the
    market rule says. Raises BrokerError NOT_SENT, code "unsupported-contract", for a kind that
    Moorgate does not trade (bonds, indexes, funds, CFDs ...) or that cannot be read.
    """
    contract = details.contract
    asset = _asset_class(contract.secType, details.stockType)
    step, least = _sizes(contract.secType, details)
    expiry = expiry_date(contract.lastTradeDateOrContractMonth)
    strike, right = _strike(contract), RIGHTS.get(contract.right)
    try:
        return Instrument(
            symbol=_symbol(contract, expiry, strike, right),
            asset_class=asset,
            currency=contract.currency,
            description=_description(details, expiry, strike, right),
            exchange=_place(details),
            market=_market(contract, routed(details).exchange),
            tick_size=decimal_of(details.minTick) or Decimal("0.01"),
            quantity_step=step,
            min_quantity=least,
            multiplier=_multiplier(contract.multiplier, details.priceMagnifier),
            expiry=expiry,
            strike=strike,
            right=right,
            underlying=contract.symbol if asset in _DERIVED else "",
            session=_session(contract, routed(details).exchange),
        )
    except (ValueError, ArithmeticError) as error:
        raise _unsupported(contract, f"cannot be read: {error}") from error


def details_of_partial(contract: Any) -> Any:
    """Details made of nothing but what a contract itself says, for one that TWS lists no more.

    A position or a fill in something delisted must be shown all the same.
    """
    details = ib.ContractDetails()
    details.contract = contract
    details.longName = contract.localSymbol or contract.symbol
    return details


def routed(details: Any) -> Any:
    """The contract as orders and subscriptions name it: smart-routed wherever TWS can."""
    contract = ib.Contract(**{name: getattr(details.contract, name) for name in _FIELDS})
    places = details.validExchanges.split(",") if details.validExchanges else []
    if contract.secType in _SMART and "SMART" in places:
        contract.exchange = "SMART"
    elif not contract.exchange or contract.exchange in SIDE_DOORS:
        places = [place for place in places if place not in SIDE_DOORS]
        contract.exchange = contract.primaryExchange or (places[0] if places else "")
    return contract


def queries_of(instrument: Instrument) -> list[Any]:
    """Questions after an instrument's contract, the likeliest first; an answer may hold others."""
    return _QUERIES[instrument.asset_class](instrument)


def rule_id(details: Any, exchange: str) -> int | None:
    """The market rule that holds at `exchange`: rules stand in the order of the places."""
    places, rules = details.validExchanges.split(","), details.marketRuleIds.split(",")
    for place, rule in zip(places, rules, strict=False):
        if place == exchange and rule.isdigit():
            return int(rule)
    return int(rules[0]) if rules[0].isdigit() else None


def step_at(increments: list[tuple[Decimal, Decimal]], price: Decimal) -> Decimal | None:
    """The step at a price by a market rule's (low edge, increment) rows; None where it has none."""
    known = [(low, step) for low, step in increments if step > 0]
    below = [row for row in known if row[0] <= abs(price)] or known[:1]
    return max(below)[1] if below else None


def expiry_date(text: str) -> date | None:
    """The day in `20261218`, `20261218 08:30:00 US/Central`, `2026-12-18`; a mere month is None."""
    found = re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?!\d)", text.strip())
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def decimal_of(value: float) -> Decimal:
    """The number that was meant, without a float's noise or trailing zeros."""
    number = Decimal(repr(float(value)))
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number


def option_name(root: str, expiry: date, strike: Decimal, right: OptionRight) -> str:
    """As TWS writes options: AAPL 18DEC26 200 C."""
    day = f"{expiry.day:02}{MONTHS[expiry.month - 1]}{expiry.year % 100:02}"
    return f"{root} {day} {strike.normalize():f} {right.value[0].upper()}"


def is_us_listing(contract: Any) -> bool:
    """Whether a share is listed in the United States, so that its symbol needs no venue."""
    place = (contract.primaryExchange or contract.exchange).split(".")[0]
    if place in ("", "SMART"):
        return bool(contract.currency == "USD")
    return place in US_LISTINGS


_SMART = frozenset({"STK", "OPT"})
_DERIVED = frozenset({AssetClass.FUTURE, AssetClass.OPTION})


def _asset_class(sec_type: str, stock_type: str) -> AssetClass:
    asset = ASSET_CLASSES.get(sec_type)
    if asset is None:
        raise BrokerError(
            f"Moorgate does not know IBKR's kind of contract {sec_type!r} yet",
            Outcome.NOT_SENT,
            "unsupported-contract",
        )
    is_fund = asset is AssetClass.EQUITY and stock_type.upper() in FUND_TYPES
    return AssetClass.ETF if is_fund else asset


def _unsupported(contract: Any, why: str) -> BrokerError:
    name = contract.localSymbol or contract.symbol or f"contract {contract.conId}"
    return BrokerError(f"{name} {why}", Outcome.NOT_SENT, "unsupported-contract")


def _sizes(sec_type: str, details: Any) -> tuple[Decimal, Decimal]:
    """(step, least). TWS tells 0.0001 for shares, but takes no fractions of them from programs."""
    step, least = decimal_of(details.sizeIncrement), decimal_of(details.minSize)
    if sec_type != "CRYPTO":
        step, least = max(step, Decimal(1)), max(least, Decimal(1))
    return step or least or Decimal(1), least or step or Decimal(1)


def _multiplier(text: str, magnifier: int) -> Decimal:
    """What one point is worth in the currency: prices in cents have a magnifier of 100."""
    return Decimal(text or 1) / (magnifier if magnifier > 1 else 1)


def _strike(contract: Any) -> Decimal | None:
    return decimal_of(contract.strike) if contract.secType in ("OPT", "FOP") else None


def _symbol(
    contract: Any, expiry: date | None, strike: Decimal | None, right: OptionRight | None
) -> str:
    local = str(contract.localSymbol or contract.symbol)
    if expiry and strike and right:
        return option_name(contract.tradingClass or contract.symbol, expiry, strike, right)
    if contract.secType == "CASH":
        return f"{contract.symbol}.{contract.currency}"
    return local if contract.secType in ("FUT", "OPT", "FOP") else str(contract.symbol)


def _description(
    details: Any, expiry: date | None, strike: Decimal | None, right: OptionRight | None
) -> str:
    name = unescaped(details.longName).strip()
    if expiry is None:
        return name
    if strike is None or right is None:
        return f"{name} {MONTHS[expiry.month - 1].capitalize()} {expiry.year}".strip()
    day = f"{expiry.day} {MONTHS[expiry.month - 1].capitalize()} {expiry.year}"
    return f"{name} {day} {strike.normalize():f} {right.value}".strip()


def _place(details: Any) -> str:
    """What a trader calls the place: where a share is listed, where all else trades."""
    contract = details.contract
    if contract.secType == "STK":
        return str(contract.primaryExchange or contract.exchange)
    return str(routed(details).exchange)


def _market(contract: Any, place: str) -> str:
    if contract.secType == "STK":
        listed = str(contract.primaryExchange or contract.exchange).split(".")[0]
        return "" if is_us_listing(contract) else listed
    if contract.secType == "FUT":
        return FUTURES_NAMES.get(place, place)
    if contract.secType in ("OPT", "FOP"):
        # SPX and SPXW, or an adjusted series, share every term but trade apart.
        root = _plain(contract.tradingClass)
        return "" if root in ("", _plain(contract.symbol)) else str(contract.tradingClass)
    return ""


def _plain(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def _session(contract: Any, place: str) -> str:
    if contract.secType in ("FUT", "FOP"):
        return "cme-globex" if FUTURES_NAMES.get(place, place) in GLOBEX_HOURS else "always"
    if contract.secType == "CASH":
        return "forex"
    if contract.secType == "STK":
        return "us-equity" if is_us_listing(contract) else "always"
    return "us-equity" if contract.secType == "OPT" and contract.currency == "USD" else "always"


# ---- questions ----


def _share_queries(instrument: Instrument) -> list[Any]:
    place = instrument.market or "SMART"
    # Classes of shares: BRK B to IBKR, BRK.B to others; but BT.A is IBKR's own spelling.
    symbols = dict.fromkeys((instrument.symbol, re.sub(r"[./_-]+", " ", instrument.symbol)))
    return [
        ib.Contract(secType="STK", symbol=symbol, currency=instrument.currency, exchange=place)
        for symbol in symbols
    ]


def _future_queries(instrument: Instrument) -> list[Any]:
    terms = {"secType": "FUT", "currency": instrument.currency, "exchange": instrument.market}
    if instrument.expiry is None or not instrument.underlying:
        return [ib.Contract(localSymbol=instrument.symbol, **terms)]
    day = f"{instrument.expiry:%Y%m%d}"
    asked = ib.Contract(symbol=instrument.underlying, lastTradeDateOrContractMonth=day, **terms)
    asked.includeExpired = True  # its executions outlive it
    return [asked]


def _option_queries(instrument: Instrument) -> list[Any]:
    if instrument.expiry is None or instrument.strike is None or instrument.right is None:
        return [ib.Contract(secType="OPT", localSymbol=instrument.symbol, exchange="SMART")]
    terms = {
        "symbol": instrument.underlying,
        "currency": instrument.currency,
        "lastTradeDateOrContractMonth": f"{instrument.expiry:%Y%m%d}",
        "strike": float(instrument.strike),
        "right": instrument.right.value[0].upper(),
    }
    place = instrument.exchange
    on_future = ib.Contract(secType="FOP", exchange="" if place == "SMART" else place, **terms)
    on_share = ib.Contract(secType="OPT", exchange=place or "SMART", **terms)
    return [on_future, on_share] if place in GLOBEX_HOURS else [on_share, on_future]


def _forex_queries(instrument: Instrument) -> list[Any]:
    return [
        ib.Contract(
            secType="CASH",
            symbol=_base(instrument),
            currency=instrument.currency,
            exchange="IDEALPRO",
        )
    ]


def _crypto_queries(instrument: Instrument) -> list[Any]:
    places = dict.fromkeys((instrument.exchange, *CRYPTO_PLACES))
    return [
        ib.Contract(
            secType="CRYPTO",
            symbol=_base(instrument),
            currency=instrument.currency,
            exchange=place,
        )
        for place in places
        if place in CRYPTO_PLACES
    ]


def _base(instrument: Instrument) -> str:
    """EUR of EUR.USD, EUR/USD, EURUSD: the key has taken it apart already."""
    return instrument.key.split("|")[1]


_QUERIES = {
    AssetClass.EQUITY: _share_queries,
    AssetClass.ETF: _share_queries,
    AssetClass.FUTURE: _future_queries,
    AssetClass.OPTION: _option_queries,
    AssetClass.FOREX: _forex_queries,
    AssetClass.CRYPTO: _crypto_queries,
}
