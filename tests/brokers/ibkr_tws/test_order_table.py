"""Whose an order is, and what its messages make of it; no line, no TWS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.brokers.ibkr_tws.order_ids import Numbered, OrderIds
from app.brokers.ibkr_tws.order_reports import (
    hear_finished,
    hear_order,
    hear_word,
    is_waiting,
    report_of,
)
from app.brokers.ibkr_tws.order_table import Entry, OrderTable
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import OrderStatus

S = OrderStatus
OURS, OTHER = ClientOrderId("a" * 32), ClientOrderId("b" * 32)
SPY = Instrument("SPY", AssetClass.ETF, "USD")
AT = datetime(2024, 3, 12, tzinfo=UTC)
UNSET = 1.7976931348623157e308


@pytest.fixture
def table(tmp_path: Path) -> Iterator[OrderTable]:
    ids = OrderIds(tmp_path / "ids.txt")
    ids.write([Numbered(5, 17, OURS)])
    yield OrderTable(ids)
    ids.close()


def told(**fields: Any) -> Any:
    plain: dict[str, Any] = {
        "action": "BUY", "totalQuantity": 10.0, "orderType": "LMT", "lmtPrice": 400.0,
        "auxPrice": 0.0, "trailStopPrice": UNSET, "trailingPercent": UNSET, "tif": "DAY",
        "goodTillDate": "", "filledQuantity": UNSET, "outsideRth": False, "account": "DU1",
        "parentId": 0, "ocaGroup": "",
    }  # fmt: skip
    return SimpleNamespace(**(plain | fields))


def finished(status: str, text: str = "") -> Any:
    return SimpleNamespace(status=status, completedStatus=text)


def status(entry: Entry, *, waits: bool = False) -> OrderStatus:
    return report_of(entry, SPY, ConnectionId("ib"), None, AT, waits=waits).status


@pytest.mark.parametrize(
    ("ref", "number", "perm_id", "owner"),
    [
        (OURS, (17, 5), 900, OURS),
        (OURS, (0, 0), 900, OURS),  # a finished order is listed without a number
        (OURS, (17, 6), 900, None),  # somebody copied the reference
        (OTHER, (3, 5), 900, OTHER),  # another Moorgate's
        ("my algo", (3, 5), 900, None),
        ("", (17, 5), 900, None),
    ],
)
def test_whose_a_reference_is(
    table: OrderTable, ref: str, number: tuple[int, int], perm_id: int, owner: str | None
) -> None:
    assert table.owner(ref, *number, perm_id) == owner


def test_what_we_know_of_an_order_decides_about_a_copy(table: OrderTable) -> None:
    entry = Entry(17, 5, ref=OURS)
    table.enter(entry)
    assert table.owner(OURS, 17, 5, 900) == OURS
    assert table.owner(OURS, 17, 6, 901) is None
    assert table.owner(OURS, 0, 0, 900) == OURS
    entry.perm_id = 900
    table.enter(entry)
    assert table.owner(OURS, 0, 0, 900) == OURS
    assert table.owner(OURS, 0, 0, 901) is None


def test_an_order_that_is_listed_as_typed_and_as_bound_is_one(table: OrderTable) -> None:
    typed = table.heard(0, 0, 900, "")
    bound = table.heard(0, 3, 900, "")
    again = table.heard(0, 0, 900, "")
    assert typed is bound is again
    assert (typed.client_id, typed.order_id) == (0, 3)
    assert list(table) == [typed]


def test_a_finished_order_of_ours_gets_its_number_back(table: OrderTable) -> None:
    entry = table.heard(0, 0, 900, OURS)
    table.number_by_reference(entry)
    assert entry.number == "17/5"
    stranger = table.heard(0, 0, 901, "")
    table.number_by_reference(stranger)
    assert stranger.number is None


def test_what_never_left_is_forgotten(table: OrderTable) -> None:
    entry = Entry(17, 5, ref=OURS)
    table.enter(entry)
    table.forget(entry)
    assert list(table) == []
    nameless = Entry(17, 9)
    table.enter(nameless)
    table.forget(nameless)
    assert table.get(17, 9) is None


def test_children_are_those_under_the_same_client(table: OrderTable) -> None:
    parent, child = Entry(17, 5), Entry(17, 6, parent_id=5)
    for entry in (parent, child, Entry(3, 7, parent_id=5)):
        table.enter(entry)
    assert table.children(parent) == [child]
    assert table.children(Entry(0, 0)) == []


def test_a_finished_order_without_its_total_keeps_what_is_known() -> None:
    entry = Entry(17, 5)
    hear_order(entry, "contract", told(totalQuantity=10.0))
    done = told(totalQuantity=0.0, filledQuantity=4.0)
    hear_finished(entry, "other", done, finished("Cancelled", "Cancelled by Trader"))
    assert entry.terms is not None
    assert (entry.terms.quantity, entry.filled) == (Decimal(10), Decimal(4))
    assert entry.contract == "contract"
    assert (status(entry), entry.reason) == (S.CANCELED, "Cancelled by Trader")
    fresh = Entry(0, 0)
    hear_finished(fresh, "contract", done, finished("Filled"))
    assert fresh.terms is not None
    assert fresh.terms.quantity == 4


def test_what_is_over_and_inactive_was_refused() -> None:
    entry = Entry(0, 0)
    hear_finished(entry, "contract", told(), finished("Inactive", "Rejected"))
    assert status(entry) is S.REJECTED


def test_a_word_that_lives_takes_a_refusal_back() -> None:
    entry = Entry(17, 5, is_refused=True)
    hear_order(entry, "contract", told())
    hear_word(entry, "PendingSubmit")
    assert (status(entry), entry.is_acked) == (S.REJECTED, False)
    hear_word(entry, "Submitted")
    assert (status(entry), entry.is_acked) == (S.WORKING, True)


def test_a_change_is_done_when_its_terms_are_told() -> None:
    entry = Entry(17, 5)
    hear_order(entry, "contract", told())
    assert entry.terms is not None
    entry.wanted = entry.terms
    hear_order(entry, "contract", told(lmtPrice=399.0))
    assert entry.wanted is not None
    hear_order(entry, "contract", told())
    assert entry.wanted is None


@pytest.mark.parametrize(
    ("parent_id", "why_held", "is_known", "is_filled", "waits"),
    [
        (0, "child", True, False, False),
        (5, "child", True, True, False),
        (5, "child", False, False, True),
        (5, "child,trigger", True, False, True),
        (5, "trigger", True, False, False),
        (5, "", True, False, True),
        (5, "", False, False, False),
    ],
)
def test_who_waits_for_a_parent(
    parent_id: int, why_held: str, is_known: bool, is_filled: bool, waits: bool
) -> None:
    entry = Entry(17, 6, parent_id=parent_id, why_held=why_held)
    parent = Entry(17, 5) if is_known else None
    assert is_waiting(entry, parent, is_parent_filled=is_filled) is waits
    hear_order(entry, "contract", told(parentId=parent_id))
    hear_word(entry, "PreSubmitted")
    assert status(entry, waits=waits) is (S.HELD if waits else S.WORKING)


def test_what_is_kept_back_says_why() -> None:
    entry = Entry(17, 5, why_held="locate")
    hear_order(entry, "contract", told())
    hear_word(entry, "Inactive")
    report = report_of(entry, SPY, ConnectionId("ib"), OTHER, AT, waits=False)
    assert report.reason == "TWS keeps it back: locate"
    assert report.parent_id == OTHER
    entry.reason = "no shares"
    assert report_of(entry, SPY, ConnectionId("ib"), None, AT, waits=False).reason == "no shares"


def test_a_number_that_comes_back_with_another_permanent_id_is_another_order(
    table: OrderTable,
) -> None:
    first = table.heard(17, 5, 900, OURS)
    assert table.of(OURS) is first
    assert table.find(17, 5, 0) is first
    assert table.find(17, 5, 901) is None
    second = table.heard(17, 5, 901, "")
    assert second is not first
    assert table.get(17, 5) is second
    assert (table.of_perm(900), table.of(None)) == (first, None)
