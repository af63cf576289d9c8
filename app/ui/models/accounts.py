"""The accounts' rows and columns: one row for each account and currency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.domain.events import AccountView
from app.domain.reports import Balance
from app.ui import format as fmt
from app.ui.models.columns import Column, Kind, Tint
from app.ui.models.positions import verified_words


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One currency of one account; `is_base` carries the account's profit figures."""

    account: AccountView
    balance: Balance
    is_base: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """Connection, account, currency."""
        report = self.account.report
        return (report.connection_id, report.account_id, self.balance.currency)

    @property
    def mode(self) -> str:
        """PAPER or LIVE, by the account and not by a port number."""
        return "PAPER" if self.account.report.is_paper else "LIVE"


def balance_rows(account: AccountView) -> list[BalanceRow]:
    """The rows of one account, its base currency first."""
    report = account.report
    ordered = sorted(
        report.balances, key=lambda b: (b.currency != report.base_currency, b.currency)
    )
    return [BalanceRow(account, b, b.currency == report.base_currency) for b in ordered]


def account_columns(now: Callable[[], datetime]) -> Sequence[Column[BalanceRow]]:
    """Every column of the Account table; `now` is wall time, for ages."""
    return (
        Column("account", "Account", lambda r: r.account.report.account_id,
               lambda r: r.account.report.account_id, sample="DU1234567",
               tooltip=lambda r: r.account.report.title, tint=_shade, required=True),
        Column("mode", "Mode", lambda r: r.mode, lambda r: r.mode, sample="PAPER",
               hint="Paper money or real money", tint=_mode_tint, required=True),
        Column("currency", "Currency", lambda r: r.balance.currency,
               lambda r: r.balance.currency, sample="USDT", tint=_shade),
        _money("net", "Net liquidation", "Cash plus the value of what is held",
               lambda r: r.balance.net_liquidation),
        _money("cash", "Cash", "Settled and unsettled cash", lambda r: r.balance.cash),
        _money("power", "Buying power", "What may still be bought",
               lambda r: r.balance.buying_power),
        _money("excess", "Excess liquidity", "What is left above the maintenance margin",
               lambda r: r.balance.excess_liquidity),
        _profit("realized", "Realized today", lambda r: r.account.realized_today),
        _profit("unrealized", "Unrealized", lambda r: r.account.unrealized),
        _profit("broker_daily", "Day P&L (broker)", _broker_daily),
        Column("verified", "Verified", lambda r: _age_s(r, now()),
               lambda r: verified_words(r.account.is_verified, r.account.verified_at, now()),
               sample="⚠ unverified, 59 min", hint="How long ago the broker told these figures",
               tooltip=lambda r: f"told at {fmt.date_time(r.account.verified_at)}",
               color=lambda r: None if r.account.is_verified else "warning", tint=_shade,
               export=lambda r: r.account.verified_at if r.account.is_verified else "unverified"),
        _money("initial", "Initial margin", "Margin that new positions must leave free",
               lambda r: r.balance.initial_margin),
        _money("maintenance", "Maint. margin", "Margin below which positions are closed",
               lambda r: r.balance.maintenance_margin),
        Column("connection", "Connection", lambda r: r.account.report.connection_id,
               lambda r: r.account.report.connection_id, sample="ib-paper-2", tint=_shade),
    )  # fmt: skip


def _money(
    column_id: str, title: str, hint: str, value: Callable[[BalanceRow], Decimal | None]
) -> Column[BalanceRow]:
    return Column(
        column_id,
        title,
        value,
        lambda row: fmt.money(value(row)),
        Kind.NUMBER,
        sample="−1 234 567.00",
        hint=hint,
        tint=_shade,
    )


def _profit(
    column_id: str, title: str, value: Callable[[BalanceRow], Decimal | None]
) -> Column[BalanceRow]:
    """Profit is told once for an account, on the row of its base currency."""

    def told(row: BalanceRow) -> Decimal | None:
        return value(row) if row.is_base else None

    return Column(
        column_id,
        title,
        told,
        lambda row: fmt.profit(told(row)) if row.is_base else "",
        Kind.NUMBER,
        sample="−123 456.00",
        hint=f"{title}, in the account's base currency",
        color=lambda row: fmt.direction(told(row)),
        tint=_shade,
    )


def _broker_daily(row: BalanceRow) -> Decimal | None:
    profit = row.account.broker_profit
    return None if profit is None else profit.daily


def _mode_tint(row: BalanceRow) -> Tint | None:
    return Tint("paper" if row.account.report.is_paper else "live", 90)


def _shade(row: BalanceRow) -> Tint | None:
    return None if row.account.is_verified else Tint("warning", 34)


def _age_s(row: BalanceRow, now: datetime) -> float | None:
    at = row.account.verified_at
    return None if at is None else (now - at).total_seconds()
