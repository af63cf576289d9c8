"""Totals over accounts: in the trader's own currency, never real and paper money in one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.domain.events import AccountView
from app.domain.ids import AccountId, ConnectionId
from app.domain.reports import AccountReport, Balance
from app.ui.models.account_sums import account_lines
from tests.doubles.clock import START

D = Decimal
DESK = ConnectionId("desk")


def _convert(amount: Decimal, base: str, quoted: str, where: ConnectionId) -> Decimal | None:
    assert where == DESK
    rate = D(1) if base == quoted else {("EUR", "USD"): D("1.25")}.get((base, quoted))
    return None if rate is None else amount * rate


def _account(
    name: str = "A1", *balances: Balance, realized: int | None = 3, **changes: Any
) -> AccountView:
    report = AccountReport(
        DESK,
        AccountId(name),
        "",
        True,
        "USD",
        balances or (Balance("USD", D(100), D(150)),),
        START,
    )
    report = replace(report, **changes)
    told = None if realized is None else D(realized)
    return AccountView(report, told, D(-1), START, True)


def _lines(*accounts: AccountView, base: str = "USD") -> list[tuple[str, dict[str, str]]]:
    lines = account_lines(accounts, base, _convert)
    return [(line.label, {name: cell[0] for name, cell in line.cells.items()}) for line in lines]


def _tip(column: str, *accounts: AccountView) -> str:
    [line] = account_lines(accounts, "USD", _convert)
    return line.tooltips[column]


def test_a_single_row_is_its_own_total() -> None:
    assert _lines(_account()) == []
    assert _lines() == []


def test_accounts_are_summed_and_paper_never_with_live() -> None:
    [(label, cells)] = _lines(_account(), _account("A2"))
    assert label == "PAPER total in USD"
    assert cells == {
        "currency": "USD", "net": "300.00", "cash": "200.00", "realized": "+6.00",
        "unrealized": "−2.00",
    }  # fmt: skip
    live = [_account(name, is_paper=False) for name in ("L1", "L2")]
    both = _lines(_account(), *live, _account("A2"))
    assert [label for label, _ in both] == ["LIVE total in USD", "PAPER total in USD"]
    assert both[1] == (label, cells)


def test_other_currencies_count_at_their_rates_and_not_twice() -> None:
    own = (Balance("EUR", D(8), D(8)), Balance("USD", D(100), D(150)))
    [(label, cells)] = _lines(_account("A1", *own))
    assert (label, cells["net"], cells["cash"]) == ("PAPER total in USD", "≈ 160.00", "≈ 110.00")
    assert cells["realized"] == "≈ +3.00"
    # Where the broker's figure in the base currency is the whole account's, it is the total.
    [(_, cells)] = _lines(_account("A1", *own, is_base_whole=True))
    assert (cells["net"], cells["cash"]) == ("≈ 150.00", "≈ 110.00")


def test_what_lacks_a_rate_or_was_not_told_is_a_dash_that_says_why() -> None:
    francs = _account("A1", Balance("CHF", D(0), D(7)), Balance("USD", D(1), D(1)))
    [(_, cells)] = _lines(francs)
    assert (cells["net"], cells["cash"]) == ("—", "≈ 1.00")  # no francs in cash: no rate needed
    assert _tip("net", francs) == "No sum: the rate of CHF is not known"
    untold = _account("A2", Balance("USD", None, D(1)), realized=None)
    [(_, cells)] = _lines(_account(), untold)
    assert (cells["net"], cells["cash"], cells["realized"]) == ("151.00", "—", "—")
    assert _tip("cash", _account(), untold) == "No sum: not told for A2"
    assert _lines(_account(), base="EUR")[0][1]["net"] == "—"  # nobody knows dollars in euros


def test_an_account_of_which_nothing_is_told_is_no_zero() -> None:
    silent = replace(_account("A2"), report=replace(_account("A2").report, balances=()))
    [(_, cells)] = _lines(_account(), silent)
    assert (cells["net"], cells["cash"]) == ("—", "—")


def test_unverified_accounts_are_counted() -> None:
    [(label, cells)] = _lines(_account(), replace(_account("A2"), is_verified=False))
    assert label == "PAPER total in USD, ⚠ 1 unverified"
    assert cells["verified"] == "⚠ 1 unverified"
