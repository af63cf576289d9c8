"""What of the journal is wanted: periods, accounts that may be added up, and how it is kept."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.trade_sheet import AccountKey
from app.commands.journal_filters import Filters, Period, account_choices, chosen
from app.domain.ids import AccountId, ConnectionId

THURSDAY = date(2026, 3, 12)


def account(name: str, connection: str = "ib") -> AccountKey:
    return ConnectionId(connection), AccountId(name)


@pytest.mark.parametrize(
    ("period", "first"),
    [
        (Period.ALL, None),
        (Period.TODAY, THURSDAY),
        (Period.WEEK, date(2026, 3, 9)),
        (Period.MONTH, date(2026, 3, 1)),
        (Period.LAST_30, date(2026, 2, 11)),
        (Period.YEAR, date(2026, 1, 1)),
    ],
)
def test_periods_begin_and_never_end(period: Period, first: date | None) -> None:
    assert Filters(period=period).bounds(THURSDAY) == (first, None)


def test_bounds_of_ones_own() -> None:
    own = Filters(period=Period.CUSTOM, first=date(2025, 1, 1), last=date(2025, 2, 1))
    assert own.bounds(THURSDAY) == (date(2025, 1, 1), date(2025, 2, 1))


def test_only_accounts_narrow_nothing() -> None:
    assert not Filters(accounts="live").is_narrowed
    assert Filters(symbol="x").is_narrowed
    assert Filters(period=Period.TODAY).is_narrowed


FILTERS = st.builds(
    Filters,
    accounts=st.text(max_size=5),
    symbol=st.text(max_size=5),
    tag=st.text(max_size=5),
    period=st.sampled_from(Period),
    first=st.none() | st.dates(),
    last=st.none() | st.dates(),
    currency=st.text(max_size=3),
)


@given(filters=FILTERS)
def test_they_are_kept_and_come_back(filters: Filters) -> None:
    assert Filters.from_json(filters.to_json()) == filters


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"accounts": 7, "symbol": None, "tag": ["x"], "currency": {}},
        {"period": "for ever", "first": "yesterday", "last": 5},
    ],
)
def test_what_is_damaged_is_left_out(stored: dict[str, Any]) -> None:
    assert Filters.from_json(stored) == Filters()


def test_live_and_paper_are_never_in_one_choice() -> None:
    kinds = {account("L1"): False, account("P1"): True, account("P2"): True, account("X"): None}
    choices = account_choices(kinds)
    assert [choice.key for choice in choices[:3]] == ["live", "paper", "other"]
    assert [choice.title for choice in choices[3:]] == [
        *("L1 at ib", "P1 at ib", "P2 at ib", "X at ib"),
    ]
    for choice in choices:
        assert {kinds[one] for one in choice.accounts} == {choice.is_paper}


def test_the_chosen_or_the_kind_of_the_account_in_use_or_the_first() -> None:
    choices = account_choices({account("L1"): False, account("P1"): True})
    assert chosen([], "", None) is None

    def key(wanted: str, selected: AccountKey | None) -> str:
        found = chosen(choices, wanted, selected)
        assert found is not None
        return found.key

    assert key("ib\nP1", account("L1")) == "ib\nP1"
    assert key("gone", account("P1")) == "paper"
    assert key("", account("elsewhere")) == "live"
