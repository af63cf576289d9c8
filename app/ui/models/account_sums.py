"""What all accounts come to in the trader's own currency; real and paper money never in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from app.domain.events import AccountView
from app.domain.position import exact_sum
from app.ui import format as fmt
from app.ui.models.columns import Cell, Tint
from app.ui.models.grouping import GroupLine
from app.ui.models.position_sums import Convert

# An amount, None for not told, and its currency.
_Part = tuple[Decimal | None, str]
_DOUBT = Tint("warning", 34)


def account_lines(
    accounts: Iterable[AccountView], base_currency: str, convert: Convert
) -> list[GroupLine]:
    """One line for live and one for paper accounts, where it says more than a single row does.

    A figure of which a part has no rate, or was not told, is a dash; hovering names what is
    missing. `convert` answers an amount in another currency, None without a rate.
    """
    by_mode: dict[str, list[AccountView]] = {}
    for account in accounts:
        mode = "PAPER" if account.report.is_paper else "LIVE"
        by_mode.setdefault(mode, []).append(account)
    base = base_currency.upper()
    return [
        _line(mode, own, base, convert)
        for mode, own in sorted(by_mode.items())
        if len(own) > 1 or _currencies(own) != {base}
    ]


def _currencies(accounts: Sequence[AccountView]) -> set[str]:
    return {
        currency.upper()
        for account in accounts
        for currency in (account.report.base_currency, *_balance_currencies(account))
    }


def _balance_currencies(account: AccountView) -> list[str]:
    return [balance.currency for balance in account.report.balances]


def _line(mode: str, accounts: Sequence[AccountView], base: str, convert: Convert) -> GroupLine:
    unverified = sum(1 for account in accounts if not account.is_verified)
    tint = _DOUBT if unverified else None
    name = f"{mode} total in {base}"
    lead = "" if _currencies(accounts) == {base} else "\u2248 "
    cells: dict[str, Cell] = {"currency": (base, None, tint)}
    tooltips: dict[str, str] = {}
    for column, parts_of, is_profit in _FIGURES:
        amount, lacking = _sum(accounts, parts_of, base, convert)
        if amount is None:
            cells[column] = (fmt.UNKNOWN, None, tint)
            tooltips[column] = f"No sum: {lacking}"
            continue
        text = fmt.profit(amount) if is_profit else fmt.money(amount)
        cells[column] = (lead + text, fmt.direction(amount) if is_profit else None, tint)
        tooltips[column] = f"{name}, converted at the rates known here" if lead else name
    if unverified:
        cells["verified"] = (f"\u26a0 {unverified} unverified", "warning", tint)
        name = f"{name}, \u26a0 {unverified} unverified"
    return GroupLine(name, cells, {}, {"": name} | tooltips)


def _sum(
    accounts: Sequence[AccountView],
    parts_of: Callable[[AccountView], Iterator[_Part]],
    base: str,
    convert: Convert,
) -> tuple[Decimal | None, str]:
    """The sum in `base`; without one, what is missing in words."""
    known: list[Decimal] = []
    unrated: set[str] = set()
    untold: set[str] = set()
    for account in accounts:
        for amount, currency in parts_of(account):
            if amount is None:
                untold.add(account.report.account_id)
            elif (rated := _rated(amount, currency, base, account, convert)) is None:
                unrated.add(currency.upper())
            else:
                known.append(rated)
    words = [f"the rate of {', '.join(sorted(unrated))} is not known"] if unrated else []
    words += [f"not told for {', '.join(sorted(untold))}"] if untold else []
    return (None, "; ".join(words)) if words else (exact_sum(known), "")


def _rated(
    amount: Decimal, currency: str, base: str, account: AccountView, convert: Convert
) -> Decimal | None:
    if not amount:
        return amount  # nothing needs no rate
    return convert(amount, currency.upper(), base, account.report.connection_id)


def _net(account: AccountView) -> Iterator[_Part]:
    report = account.report
    if not report.balances:
        yield None, report.base_currency
    for balance in report.balances:
        is_base = balance.currency == report.base_currency
        if is_base or not report.is_base_whole:
            yield balance.net_liquidation, balance.currency


def _cash(account: AccountView) -> Iterator[_Part]:
    if not account.report.balances:
        yield None, account.report.base_currency
    for balance in account.report.balances:
        yield balance.cash, balance.currency


def _realized(account: AccountView) -> Iterator[_Part]:
    yield account.realized_today, account.report.base_currency


def _unrealized(account: AccountView) -> Iterator[_Part]:
    yield account.unrealized, account.report.base_currency


_FIGURES: tuple[tuple[str, Callable[[AccountView], Iterator[_Part]], bool], ...] = (
    ("net", _net, False),
    ("cash", _cash, False),
    ("realized", _realized, True),
    ("unrealized", _unrealized, True),
)
