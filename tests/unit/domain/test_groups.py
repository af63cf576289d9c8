"""Brackets, OCO and OTO as they are built."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.base.errors import UserError
from app.domain.groups import bracket, oco, oto
from app.domain.ids import AccountId, ClientOrderId
from app.domain.order_types import OrderType, Side, TimeInForce
from tests.doubles.orders import OWN, QQQ, request

D = Decimal
OTHER = ClientOrderId("other")


def test_a_bracket() -> None:
    entry, target, stop = bracket(request(), D("11"), D("9"))
    assert entry == request()
    assert (target.side, target.order_type, target.limit_price) == (
        Side.SELL,
        OrderType.LIMIT,
        D(11),
    )
    assert (stop.side, stop.order_type, stop.stop_price) == (Side.SELL, OrderType.STOP, D(9))
    assert (stop.limit_price, target.stop_price) == (None, None)
    assert target.parent_id == stop.parent_id == OWN
    assert target.oco_group == stop.oco_group != ""
    assert len({entry.client_order_id, target.client_order_id, stop.client_order_id}) == 3
    assert [r.problems() for r in (entry, target, stop)] == [[], [], []]
    assert bracket(request(), D(11), D(9))[1].oco_group != target.oco_group


@pytest.mark.parametrize(
    ("entry", "asked", "exits"),
    [
        (TimeInForce.GTC, None, TimeInForce.GTC),
        (TimeInForce.DAY, None, TimeInForce.DAY),
        (TimeInForce.IOC, None, TimeInForce.DAY),
        (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTC),
    ],
)
def test_exits_outlive_their_entry(
    entry: TimeInForce, asked: TimeInForce | None, exits: TimeInForce
) -> None:
    _, target, stop = bracket(request(time_in_force=entry), D(11), D(9), asked)
    assert (target.time_in_force, stop.time_in_force) == (exits, exits)


def test_a_short_bracket_is_turned_around() -> None:
    _, target, stop = bracket(request(side=Side.SELL), D(9), D(11))
    assert (target.side, target.limit_price, stop.stop_price) == (Side.BUY, D(9), D(11))


@pytest.mark.parametrize(
    ("changes", "target", "stop", "problem"),
    [
        ({}, "10.00", "9", "target 10.00 must lie above the entry at 10.00"),
        ({}, "11", "10", "stop 10 must lie below the entry"),
        ({"side": Side.SELL}, "11", "12", "target 11 must lie below the entry"),
        ({"side": Side.SELL}, "9", "8", "stop 8 must lie above the entry"),
        ({"order_type": OrderType.MARKET}, "9", "9", "target 9 must lie above the stop 9"),
        (
            {"order_type": OrderType.STOP, "limit_price": None, "stop_price": D(12)},
            "12",
            "9",
            "must lie above the entry at 12",
        ),
        ({"limit_price": D("NaN")}, "9", "10", "must lie above the stop"),
        ({}, "0", "9", "target price must be more than zero"),
        ({}, "11", "NaN", "stop price must be more than zero"),
    ],
)
def test_a_bracket_on_the_wrong_side_is_not_made(
    changes: dict[str, Any], target: str, stop: str, problem: str
) -> None:
    with pytest.raises(UserError, match="no bracket was made") as refusal:
        bracket(request(**changes), D(target), D(stop))
    assert problem in str(refusal.value)


def test_a_market_bracket_needs_no_entry_price() -> None:
    assert len(bracket(request(order_type=OrderType.MARKET), D(11), D(9))) == 3


def test_oco() -> None:
    first, second = oco(request(), request(client_order_id=OTHER, limit_price=D(9)))
    assert first.oco_group == second.oco_group != ""
    assert (first.client_order_id, second.client_order_id) == (OWN, OTHER)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"account_id": AccountId("A2")}, "of one account"),
        ({"instrument": QQQ}, "of one instrument"),
        ({"order_type": OrderType.MARKET}, "a market order trades at once"),
    ],
)
def test_oco_of_strangers_is_not_made(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        oco(request(), request(client_order_id=OTHER, **changes))


def test_oto() -> None:
    parent, child = oto(request(), request(client_order_id=OTHER, instrument=QQQ))
    assert parent == request()
    assert child.parent_id == OWN
    with pytest.raises(UserError, match="needs an order to trigger"):
        oto(request())
    with pytest.raises(UserError, match="of one account"):
        oto(request(), request(client_order_id=OTHER, account_id=AccountId("A2")))
