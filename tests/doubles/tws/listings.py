"""What is traded at the peer: contracts with the details that TWS tells of them.

Numbers, names and rules are those that IBKR used in 2025 where they are public (contract ids of
SPY, AAPL, MSFT, EUR.USD ...); expiries are counted from today, so that they are never past. The
sources are the TWS API documentation ("ContractDetails", "Minimum Price Increment") and the
contract pages of the exchanges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

from tests.doubles.tws.records import Contract
from tests.doubles.tws.trading_hours import (
    CRYPTO,
    FOREX,
    GLOBEX,
    SWISS,
    US_OPTIONS,
    US_SHARES,
    Hours,
)

US_PLACES = ("SMART", "AMEX", "NYSE", "CBOE", "ISLAND", "NASDAQ", "ARCA", "BATS", "IEX")
OPTION_PLACES = ("SMART", "AMEX", "CBOE", "PHLX", "ISE", "BATS", "NASDAQOM")
MONTH_CODES = "FGHJKMNQUVXZ"

# Low edge and increment, the first from 0 on.
MARKET_RULES: dict[int, tuple[tuple[Decimal, Decimal], ...]] = {
    number: tuple((Decimal(low), Decimal(step)) for low, step in steps)
    for number, steps in {
        26: (("0", "0.01"),),
        557: (("0", "0.0001"), ("1", "0.01")),
        32: (("0", "0.01"), ("3", "0.05")),
        67: (("0", "0.25"),),
        59: (("0", "0.00005"),),
        61: (("0", "0.005"),),
        2372: (("0", "0.25"),),
        2190: (("0", "0.0005"), ("10", "0.005"), ("50", "0.02"), ("100", "0.05")),
    }.items()
}


@dataclass(frozen=True)
class Listing:
    """A contract, what its details say, and about where its price is (`price`)."""

    contract: Contract
    hours: Hours
    price: Decimal
    places: tuple[str, ...]
    rules: tuple[int, ...] = (26,)  # one for all places, or one for each
    long_name: str = ""
    market_name: str = ""
    stock_type: str = ""
    contract_month: str = ""
    last_trade_time: str = ""
    under: tuple[int, str, str] = (0, "", "")  # conId, symbol, secType
    sizes: tuple[str, str, str] = ("1", "1", "100")  # least, increment, suggested increment
    sector: tuple[str, str, str] = ("", "", "")
    isin: str = ""
    is_tradable: bool = True
    derivatives: tuple[str, ...] = ()

    @property
    def con_id(self) -> int:
        return self.contract.con_id

    @property
    def rule_text(self) -> str:
        """The market rule of every place, in the order of the places."""
        rules = self.rules if len(self.rules) == len(self.places) else self.rules * len(self.places)
        return ",".join(map(str, rules))

    def is_expired(self, today: date) -> bool:
        return bool(self.contract.expiry) and self.contract.expiry < f"{today:%Y%m%d}"


def listings(today: date) -> tuple[Listing, ...]:
    """Everything that is listed on that day, and one expired future of each root."""
    return (
        *_shares(),
        *_pairs(),
        *_futures(today),
        *_options(today),
    )


def _us_share(
    con_id: int, symbol: str, primary: str, name: str, price: str, *, fund: bool = False,
    trading_class: str = "NMS", sector: tuple[str, str, str] = ("", "", ""), isin: str = "",
) -> Listing:  # fmt: skip
    return Listing(
        Contract(
            con_id, symbol, primary_exchange=primary, local_symbol=symbol,
            trading_class=trading_class,
        ),
        US_SHARES, Decimal(price), US_PLACES, rules=(26,), long_name=name,
        market_name=trading_class, stock_type="ETF" if fund else "COMMON",
        sizes=("0.0001", "0.0001", "100"), sector=sector, isin=isin,
        derivatives=("CFD", "OPT", "IOPT", "WAR", "BAG"),
    )  # fmt: skip


def _abroad(
    con_id: int, symbol: str, exchange: str, currency: str, name: str, price: str, *,
    hours: Hours, rule: int, smart: bool,
) -> Listing:  # fmt: skip
    places = ("SMART", exchange) if smart else (exchange,)
    return Listing(
        Contract(
            con_id, symbol, exchange=places[0], primary_exchange=exchange, currency=currency,
            local_symbol=symbol, trading_class=symbol,
        ),
        hours, Decimal(price), places, rules=(rule,), long_name=name, market_name=symbol,
        stock_type="COMMON", sizes=("1", "1", "1"),
    )  # fmt: skip


def _shares() -> Iterator[Listing]:
    computers = ("Technology", "Computers", "Computers")
    yield _us_share(756733, "SPY", "ARCA", "SS SPDR S&P 500 ETF TRUST-US", "500", fund=True,
                    trading_class="SPY", sector=("Funds", "Equity Fund", "Growth & Income"),
                    isin="US78462F1030")  # fmt: skip
    yield _us_share(265598, "AAPL", "NASDAQ", "APPLE INC", "230", sector=computers,
                    isin="US0378331005")  # fmt: skip
    yield _us_share(272093, "MSFT", "NASDAQ", "MICROSOFT CORP", "410",
                    sector=("Technology", "Software", "Applications Software"),
                    isin="US5949181045")  # fmt: skip
    yield _us_share(100292038, "INDA", "BATS", "ISHARES MSCI INDIA ETF", "53", fund=True,
                    trading_class="INDA")  # fmt: skip
    yield _us_share(72063691, "BRK B", "NYSE", "BERKSHIRE HATHAWAY INC-CL B", "470",
                    trading_class="BRK B",
                    sector=("Financial", "Insurance", "Multi-line"))  # fmt: skip
    # The same symbol elsewhere: in another currency at a smart-routed place, in dollars at one
    # that is not. So MSFT is ambiguous without a currency, and without an exchange.
    yield _abroad(518960325, "MSFT", "AEQLIT", "CAD", "MICROSOFT CORP-CDR", "31.5",
                  hours=US_OPTIONS, rule=26, smart=True)  # fmt: skip
    yield _abroad(64317929, "MSFT", "BVL", "USD", "MICROSOFT CORP", "410",
                  hours=US_OPTIONS, rule=26, smart=False)  # fmt: skip
    yield _abroad(29624227, "NESN", "EBS", "CHF", "NESTL\u00c9 SA-REG", "92.5",
                  hours=SWISS, rule=2190, smart=True)  # fmt: skip
    for con_id, symbol, name in (
        (11004968, "ES", "E-mini S&P 500"),
        (362673777, "MES", "Micro E-Mini S&P 500 Stock Price Index"),
    ):
        yield Listing(
            Contract(con_id, symbol, "IND", exchange="CME", local_symbol=symbol,
                     trading_class=symbol),
            GLOBEX, Decimal(5000), ("CME",), rules=(67,), long_name=name, market_name=symbol,
            is_tradable=False, derivatives=("FUT", "FOP"),
        )  # fmt: skip


def _pairs() -> Iterator[Listing]:
    for con_id, base, quoted, tick, rule, price, name in (
        (12087792, "EUR", "USD", "0.00005", 59, "1.1", "European Monetary Union Euro"),
        (15016059, "USD", "JPY", "0.005", 61, "150", "United States dollar"),
    ):
        yield Listing(
            Contract(con_id, base, "CASH", exchange="IDEALPRO", currency=quoted,
                     local_symbol=f"{base}.{quoted}", trading_class=f"{base}.{quoted}",
                     min_tick=Decimal(tick)),
            FOREX, Decimal(price), ("IDEALPRO",), rules=(rule,), long_name=name,
            market_name=f"{base}.{quoted}", sizes=("1", "1", "1"),
        )  # fmt: skip
    yield Listing(
        Contract(479624278, "BTC", "CRYPTO", exchange="PAXOS", local_symbol="BTC.USD",
                 trading_class="BTC", min_tick=Decimal("0.25")),
        CRYPTO, Decimal(60_000), ("PAXOS",), rules=(2372,), long_name="Bitcoin cryptocurrency",
        market_name="BTC", sizes=("0.00000001", "0.00000001", "0.0001"),
    )  # fmt: skip


def third_friday(year: int, month: int) -> date:
    """When monthly options and index futures end."""
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def _expiries(today: date, months: range, *, past: int = 0) -> Iterator[date]:
    """Third Fridays from `past` of them before today on, without an end."""
    found = [
        third_friday(today.year + years, month)
        for years in range(-1, 3)
        for month in months
    ]  # fmt: skip
    first = next(index for index, day in enumerate(found) if day > today)
    return iter(found[first - past :])


def _futures(today: date) -> Iterator[Listing]:
    for root, index_id, base_id, size, name in (
        ("ES", 11004968, 600_000_000, "50", "E-mini S&P 500"),
        ("MES", 362673777, 700_000_000, "5", "Micro E-Mini S&P 500 Stock Price Index"),
    ):
        for at, day in enumerate(islice(_expiries(today, range(3, 13, 3), past=1), 5)):
            code = f"{root}{MONTH_CODES[day.month - 1]}{day.year % 10}"
            yield Listing(
                Contract(base_id + day.year * 100 + day.month, root, "FUT", f"{day:%Y%m%d}",
                         multiplier=size, exchange="CME", local_symbol=code, trading_class=root,
                         min_tick=Decimal("0.25")),
                GLOBEX, Decimal(5000) + 25 * at, ("CME", "QBALGO"), rules=(67,), long_name=name,
                market_name=root, contract_month=f"{day:%Y%m}", last_trade_time="08:30:00",
                under=(index_id, root, "IND"), sizes=("1", "1", "1"),
            )  # fmt: skip


def _options(today: date) -> Iterator[Listing]:
    for day in islice(_expiries(today, range(1, 13)), 2):
        for strike in range(210, 260, 5):
            for right in "CP":
                yield _option(day, strike, right)


def _option(day: date, strike: int, right: str) -> Listing:
    con_id = 800_000_000 + (day.year % 10 * 100 + day.month) * 10_000 + strike * 10 + (right == "C")
    inside = Decimal(230 - strike if right == "C" else strike - 230)
    return Listing(
        Contract(con_id, "AAPL", "OPT", f"{day:%Y%m%d}", Decimal(strike), right, "100",
                 local_symbol=f"AAPL  {day:%y%m%d}{right}{strike * 1000:08d}",
                 trading_class="AAPL"),
        US_OPTIONS, max(inside, Decimal(0)) + Decimal("2.5"), OPTION_PLACES, rules=(32,),
        long_name="APPLE INC", market_name="AAPL", contract_month=f"{day:%Y%m}",
        under=(265598, "AAPL", "STK"), sizes=("1", "1", "1"),
    )  # fmt: skip


def fits(asked: Contract, known: Contract, places: tuple[str, ...]) -> bool:
    """Whether a contract agrees with everything that was given (an expiry may be a month)."""
    for name in ("symbol", "sec_type", "multiplier", "currency", "local_symbol", "trading_class"):
        if getattr(asked, name) not in ("", getattr(known, name)):
            return False
    if asked.right and asked.right[0] != known.right:  # C or CALL
        return False
    if asked.strike and asked.strike != known.strike:
        return False
    if asked.exchange and asked.exchange not in places:
        return False
    return known.expiry.startswith(asked.expiry) and (
        asked.primary_exchange in ("", known.primary_exchange, *places[1:])
    )
