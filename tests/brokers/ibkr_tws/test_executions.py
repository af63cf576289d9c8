"""Fills: keyed without the correction, counted once, with the fee that belongs to them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.brokers.ibkr_tws.executions import Executions, number_of, split_exec_id
from app.domain.execution import Execution
from app.domain.ids import ClientOrderId, ConnectionId, ExecId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import Side

SPY = Instrument("SPY", AssetClass.ETF, "USD")
AT = datetime(2024, 3, 12, 10, 30, tzinfo=timezone(timedelta(hours=-4)))
OURS = ClientOrderId("a" * 32)
UNSET = 1.7976931348623157e308
FIRST = "0000e0d5.6553cd12.01.01"


def wire(**fields: Any) -> Any:
    """The SDK's Execution."""
    plain: dict[str, Any] = {
        "execId": FIRST, "shares": 10.0, "price": 450.25, "side": "BOT", "time": AT,
        "acctNumber": "DU1", "permId": 77, "clientId": 17, "orderId": 5, "orderRef": OURS,
        "lastLiquidity": 2,
    }  # fmt: skip
    return SimpleNamespace(**(plain | fields))


@dataclass
class Desk:
    """What was reported."""

    said: list[Execution] = field(default_factory=list)

    def __post_init__(self) -> None:
        connection = ConnectionId("ib")
        self.executions = Executions(
            connection, lambda told: ClientOrderId(told.orderRef), self.said.append
        )

    def hear(self, **fields: Any) -> None:
        self.executions.hear(SPY, wire(**fields))


def test_everything_that_a_fill_says() -> None:
    desk = Desk()
    desk.hear()
    (fill,) = desk.said
    assert (fill.exec_id, fill.revision) == ("0000e0d5.6553cd12.01", 1)
    assert (fill.account_id, fill.client_order_id, fill.perm_id) == ("DU1", OURS, "77")
    assert fill.broker_order_id == "17/5"
    assert (fill.side, fill.price) == (Side.BUY, Decimal("450.25"))
    assert fill.quantity == 10
    assert fill.at == AT
    assert fill.at.tzinfo is UTC
    assert (fill.fee, fill.liquidity) == (None, "taker")


def test_a_fill_of_an_order_that_was_typed_in_has_no_number() -> None:
    desk = Desk()
    desk.hear(orderId=0, clientId=0, permId=0, side="SLD", lastLiquidity=0)
    (fill,) = desk.said
    assert (fill.broker_order_id, fill.perm_id, fill.liquidity) == (None, "", "")
    assert fill.side is Side.SELL


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("a.b.01.02", ("a.b.01", 2)), ("a.b.01.10", ("a.b.01", 10)), ("plain", ("plain", 0)),
        ("a.b.xy", ("a.b.xy", 0)), (".01", (".01", 0)), ("a.", ("a.", 0)),
    ],
)  # fmt: skip
def test_ids(text: str, split: tuple[str, int]) -> None:
    assert split_exec_id(text) == split


def test_numbers_of_orders_name_their_client() -> None:
    assert number_of(17, 5) == "17/5"
    assert number_of(0, 0) is None


def test_a_duplicate_changes_nothing() -> None:
    desk = Desk()
    desk.hear()
    desk.hear()
    assert len(desk.said) == 1
    assert desk.executions.filled(77) == 10


def test_a_correction_takes_the_place_of_the_fill() -> None:
    desk = Desk()
    desk.hear()
    desk.hear(execId="0000e0d5.6553cd12.01.02", shares=7.0)
    desk.hear()  # the old one again
    assert [(fill.revision, int(fill.quantity)) for fill in desk.said] == [(1, 10), (2, 7)]
    assert len({fill.exec_id for fill in desk.said}) == 1
    assert desk.executions.filled(77) == 7


def test_the_fee_comes_later() -> None:
    desk = Desk()
    desk.hear()
    desk.executions.hear_fee("0000e0d5.6553cd12.01.01", 1.05, "USD")
    desk.executions.hear_fee("0000e0d5.6553cd12.01.01", 1.05, "USD")
    assert [(fill.fee, fill.fee_currency) for fill in desk.said] == [
        (None, ""), (Decimal("1.05"), "USD"),
    ]  # fmt: skip


def test_the_fee_comes_first() -> None:
    desk = Desk()
    desk.executions.hear_fee("0000e0d5.6553cd12.01.01", 1.05, "USD")
    assert desk.said == []
    desk.hear()
    assert [fill.fee for fill in desk.said] == [Decimal("1.05")]


def test_an_absurd_fee_is_none() -> None:
    desk = Desk()
    desk.hear()
    desk.executions.hear_fee("0000e0d5.6553cd12.01.01", UNSET, "")
    assert [fill.fee for fill in desk.said] == [None]


def test_a_fee_belongs_to_its_revision() -> None:
    desk = Desk()
    desk.hear(execId="x.01.02")
    desk.executions.hear_fee("x.01.01", 5.0, "USD")
    assert [fill.fee for fill in desk.said] == [None]
    desk.executions.hear_fee("x.01.02", 1.0, "USD")
    assert desk.said[-1].fee == 1


def test_what_is_kept_for_a_snapshot_is_not_told_but_its_later_fee_is_known() -> None:
    desk = Desk()
    kept = desk.executions.keep(SPY, wire())
    assert kept.quantity == 10
    desk.executions.hear_fee(FIRST, 1.0, "USD")
    assert desk.said == []
    assert desk.executions.keep(SPY, wire()).fee == 1
    desk.hear()
    assert [fill.fee for fill in desk.said] == [1]


@pytest.mark.parametrize(
    "fields", [{"side": "???"}, {"shares": UNSET}, {"price": UNSET}, {"execId": ""}]
)
def test_what_cannot_be_understood_is_not_guessed(fields: dict[str, Any]) -> None:
    desk = Desk()
    with pytest.raises(ValueError, match="cannot be understood"):
        desk.hear(**fields)
    assert desk.said == []


MESSAGES = [("exec", 1, 1), ("exec", 1, 2), ("exec", 2, 1), ("fee", 1, 1), ("fee", 1, 2),
            ("fee", 2, 1)]  # fmt: skip


@given(st.permutations(MESSAGES * 2))
def test_any_order_and_any_repetition_end_the_same(order: list[tuple[str, int, int]]) -> None:
    desk = Desk()
    for kind, fill, revision in order:
        exec_id = f"x.{fill}.{revision:02}"
        if kind == "exec":
            desk.hear(execId=exec_id, shares=10.0 * fill + revision)
        else:
            desk.executions.hear_fee(exec_id, float(revision), "USD")
    newest = {fill.exec_id: fill for fill in desk.said}
    assert {key: (f.revision, int(f.quantity), int(f.fee or 0)) for key, f in newest.items()} == {
        ExecId("x.1"): (2, 12, 2),
        ExecId("x.2"): (1, 21, 1),
    }  # fmt: skip
    assert desk.executions.filled(77) == 33
    for before, after in itertools.pairwise(f for f in desk.said if f.exec_id == "x.1"):
        assert after.supersedes(before)
