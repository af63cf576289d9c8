"""Account values, one tag at a time, made into accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.brokers.ibkr_tws.accounts import AccountValues
from app.domain.ids import ConnectionId
from app.domain.reports import AccountReport, Balance

AT = datetime(2024, 3, 12, tzinfo=UTC)
ROWS = [
    ("NetLiquidation", "105000.50", "USD"),
    ("BuyingPower", "400000", "USD"),
    ("InitMarginReq", "2500", "USD"),
    ("MaintMarginReq", "2000", "USD"),
    ("ExcessLiquidity", "98000", "USD"),
    ("NetLiquidation-C", "17", "USD"),  # of a segment
    ("AccountType", "INDIVIDUAL", ""),
    ("CashBalance", "110.25", "BASE"),
    ("CashBalance", "100.25", "USD"),
    ("CashBalance", "10", "EUR"),
    ("CashBalance", "0", "GBP"),
    ("NetLiquidationByCurrency", "11", "EUR"),
]


def report(*rows: tuple[str, str, str], account: str = "DU1") -> AccountReport:
    values = AccountValues(account)
    for row in rows:
        values.take(*row)
    return values.report(ConnectionId("ib"), AT)


@pytest.mark.parametrize("prefix", ["", "$LEDGER-"])
def test_an_account_with_two_currencies(prefix: str) -> None:
    ledger = {"CashBalance", "NetLiquidationByCurrency"}
    rows = [(prefix + tag if tag in ledger else tag, v, c) for tag, v, c in ROWS]
    account = report(*rows)
    assert account.base_currency == "USD"
    assert account.is_paper
    assert account.balances == (
        Balance(
            "USD", Decimal("100.25"), net_liquidation=Decimal("105000.5"),
            buying_power=Decimal(400000), initial_margin=Decimal(2500),
            maintenance_margin=Decimal(2000), excess_liquidity=Decimal(98000),
        ),
        Balance("EUR", Decimal(10), net_liquidation=Decimal(11)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("account", "is_paper"), [("DU123", True), ("DF77", True), ("U123", False), ("F77", False)]
)
def test_paper_is_told_by_the_number(account: str, is_paper: bool) -> None:
    assert report(*ROWS, account=account).is_paper is is_paper


def test_an_account_without_any_of_its_base_currency() -> None:
    account = report(("NetLiquidation", "50", "CHF"), ("CashBalance", "20", "EUR"))
    assert [(b.currency, int(b.cash or 0)) for b in account.balances] == [("CHF", 0), ("EUR", 20)]


def test_only_a_sum_is_told() -> None:
    of_base = report(("NetLiquidation", "50", "CHF"), ("CashBalance", "20", "BASE"))
    assert [(b.currency, int(b.cash or 0)) for b in of_base.balances] == [("CHF", 20)]
    of_total = report(("NetLiquidation", "50", "CHF"), ("TotalCashValue", "30", "CHF"))
    assert [(b.currency, int(b.cash or 0)) for b in of_total.balances] == [("CHF", 30)]


def test_what_was_not_told_is_none_and_never_zero() -> None:
    (balance,) = report(
        ("NetLiquidation", "N/A", "USD"), ("CashBalance", "5", "USD"),
        ("BuyingPower", "1.7976931348623157E308", "USD"),
    ).balances  # fmt: skip
    assert (balance.net_liquidation, balance.buying_power) == (None, None)
    assert balance.initial_margin is None


def test_cash_that_was_not_told_is_not_known() -> None:
    (balance,) = report(("NetLiquidation", "50", "CHF")).balances
    assert (balance.currency, balance.cash, balance.net_liquidation) == ("CHF", None, Decimal(50))


def test_no_currency_is_no_account() -> None:
    with pytest.raises(ValueError, match="no base currency"):
        report(("CashBalance", "50", "CHF"), ("NetLiquidation", "50", ""))


def test_later_values_replace_earlier_ones() -> None:
    (balance,) = report(
        ("NetLiquidation", "1", "USD"), ("CashBalance", "1", "USD"), ("CashBalance", "2", "USD")
    ).balances
    assert balance.cash == 2
