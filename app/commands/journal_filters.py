"""What the trader wants to see of the journal, and what there is to choose from. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from typing import Any

from app.analytics.trade_sheet import AccountKey


class Period(Enum):
    """How far back; CUSTOM has bounds of its own."""

    ALL = "all"
    TODAY = "today"
    WEEK = "week"
    MONTH = "month"
    LAST_30 = "last_30_days"
    YEAR = "year"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Filters:
    """`accounts` is the key of an AccountChoice, `currency` one to see alone; "" is by default."""

    accounts: str = ""
    symbol: str = ""
    tag: str = ""
    period: Period = Period.ALL
    first: date | None = None
    last: date | None = None
    currency: str = ""

    def bounds(self, today: date) -> tuple[date | None, date | None]:
        """The first and the last trading day."""
        if self.period is Period.CUSTOM:
            return self.first, self.last
        starts = {
            Period.TODAY: today,
            Period.WEEK: today - timedelta(today.weekday()),
            Period.MONTH: today.replace(day=1),
            Period.LAST_30: today - timedelta(29),
            Period.YEAR: today.replace(month=1, day=1),
        }
        return starts.get(self.period), None

    @property
    def is_narrowed(self) -> bool:
        """Whether something beside the account may hide fills."""
        return self != replace(Filters(), accounts=self.accounts)

    def to_json(self) -> dict[str, Any]:
        """For the panel's state."""
        return {
            "accounts": self.accounts,
            "symbol": self.symbol,
            "tag": self.tag,
            "period": self.period.value,
            "first": None if self.first is None else self.first.isoformat(),
            "last": None if self.last is None else self.last.isoformat(),
            "currency": self.currency,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Filters:
        """What to_json wrote; whatever is damaged or unknown is left out."""
        texts = {
            name: value
            for name in ("accounts", "symbol", "tag", "currency")
            if isinstance(value := stored.get(name), str)
        }
        periods = {period.value: period for period in Period}
        return cls(
            **texts,
            period=periods.get(str(stored.get("period")), Period.ALL),
            first=_day(stored.get("first")),
            last=_day(stored.get("last")),
        )


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """Accounts that may be added up; `is_paper` None is not known to be live or paper."""

    key: str
    title: str
    accounts: frozenset[AccountKey]
    is_paper: bool | None


_KINDS = (
    (False, "live", "All live accounts"),
    (True, "paper", "All paper accounts"),
    (None, "other", "All accounts not known as live or paper"),
)


def account_choices(accounts: Mapping[AccountKey, bool | None]) -> list[AccountChoice]:
    """All accounts of a kind, then each alone. Live and paper are never added up."""
    choices: list[AccountChoice] = []
    for is_paper, key, title in _KINDS:
        of_kind = frozenset(a for a, kind in accounts.items() if kind is is_paper)
        if of_kind:
            choices.append(AccountChoice(key, title, of_kind, is_paper))
    for account in sorted(accounts):
        title = f"{account[1]} at {account[0]}"
        key = "\n".join(account)
        choices.append(AccountChoice(key, title, frozenset([account]), accounts[account]))
    return choices


def chosen(
    choices: Iterable[AccountChoice], key: str, selected: AccountKey | None
) -> AccountChoice | None:
    """The choice of this key; else all of the selected account's kind; else the first."""
    listed = list(choices)
    for choice in listed:
        if choice.key == key:
            return choice
    for choice in listed:
        if selected in choice.accounts:
            return choice
    return listed[0] if listed else None


def _day(stored: object) -> date | None:
    try:
        return date.fromisoformat(str(stored))
    except ValueError:
        return None
