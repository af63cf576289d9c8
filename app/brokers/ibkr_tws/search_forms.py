"""What somebody may type for an instrument, as questions to TWS. Pure.

| typed                                        | means                                     |
|----------------------------------------------|-------------------------------------------|
| EUR.USD  EUR/USD  EURUSD  EUR                | a currency pair (EUR alone: against USD)  |
| BTC  BTC.USD  BTC/USD  BTCUSD                | a coin at each custodian                  |
| AAPL 20261218 200 C   AAPL 18DEC26 200 P     | an option; also as OCC writes it          |
| ES 202612   ES 20261218   ES DEC26   ESZ6    | a future                                  |
| ES                                           | every living future of a known root       |
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from app.brokers.ibkr_tws.contract_map import CRYPTO_PLACES, MONTHS
from app.brokers.ibkr_tws.sdk import ib

HOME_CURRENCY = "USD"
# What IDEALPRO trades (IBKR, "Forex": available currency pairs).
CURRENCIES = frozenset(
    {"AED", "AUD", "CAD", "CHF", "CNH", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY",
     "KRW", "MXN", "NOK", "NZD", "PLN", "RUB", "SAR", "SEK", "SGD", "TRY", "TWD", "USD", "ZAR"}
)  # fmt: skip
COINS = frozenset(
    {"AAVE", "ADA", "AVAX", "BCH", "BTC", "DOGE", "ETH", "LINK", "LTC", "MATIC", "PAXG", "POL",
     "SOL", "SUI", "UNI", "XRP"}
)  # fmt: skip
# Letters of the months in a future's name, January first.
MONTH_CODES = "FGHJKMNQUVXZ"
# Roots that are asked for as futures right away; others when TWS says that it has futures on them.
ROOTS = frozenset(
    {"ES", "NQ", "YM", "RTY", "MES", "MNQ", "MYM", "M2K", "CL", "MCL", "QM", "NG", "QG", "GC",
     "MGC", "SI", "HG", "MHG", "PL", "PA", "RB", "HO", "BZ", "ZB", "UB", "ZN", "TN", "ZF", "ZT",
     "ZC", "ZS", "ZW", "ZM", "ZL", "LE", "HE", "GF", "VIX", "VXM", "DAX", "DXM", "ESTX50", "NIY",
     "NKD", "BRR", "MBT", "MET", "SR3", "EMD"}
)  # fmt: skip
_EXPIRY = r"(?P<expiry>\d{4}-?\d\d(?:-?\d\d)?|\d{0,2}(?:%s)\d{2}(?:\d\d)?)" % "|".join(MONTHS)  # noqa: UP031 - braces of the pattern would have to be doubled
_OPTION = re.compile(
    rf"(?P<root>\S+(?: \S)?)\s+{_EXPIRY}\s+(?P<strike>\d+(?:\.\d+)?)\s*(?P<right>C|P)(?:ALL|UT)?"
)
_OPTION_RIGHT_FIRST = re.compile(
    rf"(?P<root>\S+(?: \S)?)\s+{_EXPIRY}\s+(?P<right>C|P)(?:ALL|UT)?\s*(?P<strike>\d+(?:\.\d+)?)"
)
_OCC = re.compile(r"(?P<root>[A-Z0-9]{1,6})\s*(?P<expiry>\d{6})(?P<right>[CP])(?P<strike>\d{8})")
_FUTURE = re.compile(rf"(?P<root>[A-Z0-9]+)\s+{_EXPIRY}")
_FUTURE_NAME = re.compile(rf"(?P<root>[A-Z0-9]{{1,5}}?)(?P<month>[{MONTH_CODES}])(?P<year>\d\d?)")
_PAIR = re.compile(r"(?P<base>[A-Z]{3,5})[./ -]?(?P<quoted>[A-Z]{3})")


def normalized(text: str) -> str:
    """What was typed, in capitals, with single blanks."""
    return " ".join(text.upper().split())


def explicit_queries(text: str, today: date) -> list[Any]:
    """Questions that `text` (normalized) asks by its form; empty when it has no special form."""
    return (
        _option_queries(text)
        or _future_queries(text, today)
        or [*_coin_queries(text), *_pair_queries(text)]
    )


def root_query(root: str) -> Any:
    """Every living future of a root, wherever it trades."""
    return ib.Contract(secType="FUT", symbol=root)


def share_query(symbol: str) -> Any:
    """The share of just this name at home."""
    return ib.Contract(secType="STK", symbol=symbol, exchange="SMART", currency=HOME_CURRENCY)


def pattern_of(text: str) -> str:
    """What TWS's own symbol search is asked; empty when `text` can be no name of a share."""
    if _OPTION.fullmatch(text) or _OPTION_RIGHT_FIRST.fullmatch(text) or _OCC.fullmatch(text):
        return ""
    if _FUTURE.fullmatch(text) or _is_pair(text):
        return ""
    return _spaced(text)


def expiry_text(typed: str) -> str:
    """TWS's form of an expiry: YYYYMMDD, or YYYYMM for a month."""
    found = re.fullmatch(r"(\d{0,2})([A-Z]{3})(\d\d)?(\d\d)", typed)
    if found is None:
        plain = typed.replace("-", "")
        return f"20{plain}" if len(plain) == 6 and plain[:2] != "20" else plain
    day, month, _, year = found.groups()
    return f"20{year}{MONTHS.index(month) + 1:02}{int(day):02}" if day else (
        f"20{year}{MONTHS.index(month) + 1:02}"
    )  # fmt: skip


def _spaced(root: str) -> str:
    """Share classes: BRK B to IBKR, BRK.B and BRK/B to others."""
    return re.sub(r"(?<=\w)[./-](?=\w$)", " ", root)


def _option_queries(text: str) -> list[Any]:
    strike_scale = 1.0
    found = _OPTION.fullmatch(text) or _OPTION_RIGHT_FIRST.fullmatch(text)
    if found is None:
        found, strike_scale = _OCC.fullmatch(text), 1000.0
    if found is None:
        return []
    expiry = found["expiry"] if strike_scale == 1 else f"20{found['expiry']}"
    root = _spaced(found["root"])
    terms = {
        "symbol": root,
        "lastTradeDateOrContractMonth": expiry_text(expiry),
        "strike": float(found["strike"]) / strike_scale,
        "right": found["right"],
    }
    on_share = ib.Contract(secType="OPT", exchange="SMART", currency=HOME_CURRENCY, **terms)
    on_future = ib.Contract(secType="FOP", **terms)
    if root in ROOTS:
        return [on_future, on_share]
    return [on_share, *_by_occ_name(root, terms), on_future]


def _by_occ_name(root: str, terms: dict[str, Any]) -> list[Any]:
    """SPXW is a class of SPX options and no symbol to IBKR, but the contract's name has it."""
    day = terms["lastTradeDateOrContractMonth"]
    if len(day) != 8:
        return []
    name = f"{root:6}{day[2:]}{terms['right']}{round(terms['strike'] * 1000):08}"
    return [ib.Contract(secType="OPT", exchange="SMART", currency=HOME_CURRENCY, localSymbol=name)]


def _future_queries(text: str, today: date) -> list[Any]:
    found = _FUTURE.fullmatch(text)
    if found is not None:
        expiry = expiry_text(found["expiry"])
        return [
            ib.Contract(secType="FUT", symbol=found["root"], lastTradeDateOrContractMonth=expiry)
        ]
    found = _FUTURE_NAME.fullmatch(text)
    if found is None:
        return []
    year = _year(found["year"], today)
    month = f"{year}{MONTH_CODES.index(found['month']) + 1:02}"
    return [ib.Contract(secType="FUT", symbol=found["root"], lastTradeDateOrContractMonth=month)]


def _year(digits: str, today: date) -> int:
    """Z6 is the next December of a year that ends in 6, this year's included."""
    if len(digits) == 2:
        return 2000 + int(digits)
    return today.year + (int(digits) - today.year) % 10


def _coin_queries(text: str) -> list[Any]:
    base, quoted = text, HOME_CURRENCY
    found = _PAIR.fullmatch(text)
    if text not in COINS and found is not None:
        base, quoted = found["base"], found["quoted"]
    if base not in COINS:
        return []
    return [
        ib.Contract(secType="CRYPTO", symbol=base, currency=quoted, exchange=place)
        for place in CRYPTO_PLACES
    ]


def _pair_queries(text: str) -> list[Any]:
    base, quoted = text, HOME_CURRENCY
    if _is_pair(text):
        found = _PAIR.fullmatch(text)
        assert found is not None
        base, quoted = found["base"], found["quoted"]
    if base not in CURRENCIES or base == quoted:
        return []
    return [ib.Contract(secType="CASH", symbol=base, currency=quoted, exchange="IDEALPRO")]


def _is_pair(text: str) -> bool:
    found = _PAIR.fullmatch(text)
    return found is not None and found["base"] in CURRENCIES and found["quoted"] in CURRENCIES
