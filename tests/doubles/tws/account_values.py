"""An account in tags and values, as TWS lists them (TWS API documentation, "Account Updates")."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from tests.doubles.tws.ledger import MARKED, Ledger
from tests.doubles.tws.records import ZERO, Account

if TYPE_CHECKING:
    from tests.doubles.tws.world import World

CENT = Decimal("0.01")


class Value(NamedTuple):
    """One line of an account."""

    tag: str
    value: str
    currency: str


def account_values(world: World, account: Account) -> list[Value]:
    """All of them: about the account, in its base currency, then currency by currency."""
    return [*_words(account), *summary_values(world, account), *ledger_values(world, account)]


def summary_values(world: World, account: Account) -> list[Value]:
    """The sums in the base currency that an account summary can be asked for too."""
    f = world.part(Ledger).figures(account)
    cushion = f.excess / f.net if f.net else ZERO
    sums = {
        "NetLiquidation": f.net,
        "TotalCashValue": f.cash,
        "SettledCash": f.cash,
        "AccruedCash": ZERO,
        "BuyingPower": f.available * 4,
        "EquityWithLoanValue": f.net,
        "PreviousDayEquityWithLoanValue": account.start,
        "GrossPositionValue": f.gross,
        "RegTEquity": f.net,
        "RegTMargin": f.initial,
        "SMA": f.available,
        "InitMarginReq": f.initial,
        "MaintMarginReq": f.maintenance,
        "AvailableFunds": f.available,
        "ExcessLiquidity": f.excess,
        "FullInitMarginReq": f.initial,
        "FullMaintMarginReq": f.maintenance,
        "FullAvailableFunds": f.available,
        "FullExcessLiquidity": f.excess,
        "LookAheadInitMarginReq": f.initial,
        "LookAheadMaintMarginReq": f.maintenance,
        "LookAheadAvailableFunds": f.available,
        "LookAheadExcessLiquidity": f.excess,
    }
    values = [Value(tag, text(amount), account.base) for tag, amount in sums.items()]
    values.append(Value("Cushion", format(cushion.quantize(Decimal("0.000001")), "f"), ""))
    values.append(Value("DayTradesRemaining", "-1", ""))
    values.append(Value("Leverage", text(f.gross / f.net if f.net else ZERO), ""))
    return values


def ledger_values(world: World, account: Account) -> list[Value]:
    """Cash and results of every currency, and their sum as currency BASE."""
    ledger = world.part(Ledger)
    prefix = "$LEDGER-" if world.ledger_prefix else ""
    currencies = dict.fromkeys([account.base, *account.cash])
    currencies.update(dict.fromkeys(h.contract.currency for h in account.holdings.values()))
    rows: dict[str, dict[str, Decimal]] = {}
    for currency in currencies:
        held = [h for h in account.holdings.values() if h.contract.currency == currency]
        cash, gain = account.cash.get(currency, ZERO), sum(map(ledger.unrealized, held), ZERO)
        owned = [h for h in held if h.contract.sec_type not in ("CASH", *MARKED)]
        worth = sum(map(ledger.value, owned), ZERO)
        marked = sum((ledger.unrealized(h) for h in held if h.contract.sec_type in MARKED), ZERO)
        rows[currency] = {
            "CashBalance": cash,
            "TotalCashBalance": cash,
            "StockMarketValue": worth,
            "NetLiquidationByCurrency": cash + worth + marked,
            "UnrealizedPnL": gain,
            "RealizedPnL": sum((h.realized for h in held), ZERO),
        }
    base = {
        tag: sum((row[tag] * ledger.rate(account, c) for c, row in rows.items()), ZERO)
        for tag in rows[account.base]
    }
    values = []
    for currency, row in {"BASE": base, **rows}.items():
        values += [Value(prefix + tag, text(amount), currency) for tag, amount in row.items()]
        rate = Decimal(1) if currency == "BASE" else ledger.rate(account, currency)
        values.append(Value(prefix + "ExchangeRate", format(rate, "f"), currency))
        values.append(Value(prefix + "Currency", currency, currency))
    return values


def text(amount: Decimal) -> str:
    """An amount as TWS writes it: two decimals."""
    return format(amount.quantize(CENT), "f")


def _words(account: Account) -> list[Value]:
    return [
        Value("AccountCode", account.account_id, ""),
        Value("AccountOrGroup", account.account_id, account.base),
        Value("AccountReady", "true", ""),
        Value("AccountType", "INDIVIDUAL", ""),
    ]
