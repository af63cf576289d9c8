"""A target and a stop around a position: for all of it, on the tick, and never traded at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import UserError
from app.commands.bracket import bracket_requests
from app.domain.capabilities import Capabilities
from app.domain.events import PositionView
from app.domain.instrument import AssetClass
from app.domain.order import Order
from app.domain.order_types import OrderType, Side, TimeInForce
from app.domain.request import OrderRequest
from tests.unit.commands.test_exits import position, stop

KINDS = frozenset({OrderType.LIMIT, OrderType.STOP})
CAN = Capabilities(
    {AssetClass.ETF: KINDS}, dict.fromkeys(KINDS, frozenset({TimeInForce.DAY})), oco=True
)
LONG, SHORT = position("100", "50.005", "50.10"), position("-30", "50.005", "49.90")


def made(
    view: PositionView, orders: list[Order] | None = None, can: Capabilities = CAN
) -> list[OrderRequest]:
    return bracket_requests(view, orders or [], can, 20, 40)


def test_both_sides_of_a_long_position() -> None:
    target, protective = made(LONG)
    assert (target.side, target.order_type, target.quantity) == (
        Side.SELL, OrderType.LIMIT, Decimal(100),
    )  # fmt: skip
    assert (target.limit_price, protective.stop_price) == (Decimal("50.41"), Decimal("49.81"))
    assert protective.order_type is OrderType.STOP
    assert target.oco_group == protective.oco_group != ""
    assert all(leg.reduce_only and not leg.problems() for leg in (target, protective))


def test_both_sides_of_a_short_position() -> None:
    target, protective = made(SHORT)
    assert (target.side, target.quantity) == (Side.BUY, Decimal(30))
    assert (target.limit_price, protective.stop_price) == (Decimal("49.60"), Decimal("50.20"))


@pytest.mark.parametrize(
    ("view", "orders", "can", "told"),
    [
        (replace(LONG, is_verified=False), [], CAN, "has not confirmed"),
        (replace(LONG, average_price=None), [], CAN, "average price"),
        (replace(LONG, mark=None), [], CAN, "no price of SPY"),
        (LONG, [stop(Side.SELL, "49")], CAN, "open already"),
        (LONG, [], replace(CAN, oco=False), "cancel one another"),
        (LONG, [], replace(CAN, times_in_force={}), "takes no limit orders"),
        (replace(LONG, mark=Decimal("49.81")), [], CAN, "would trade at once"),
        (replace(LONG, mark=Decimal("50.41")), [], CAN, "would trade at once"),
        (replace(SHORT, mark=Decimal("50.20")), [], CAN, "would trade at once"),
        (replace(SHORT, mark=Decimal("49.60")), [], CAN, "would trade at once"),
    ],
)
def test_why_there_is_none(
    view: PositionView, orders: list[Order], can: Capabilities, told: str
) -> None:
    with pytest.raises(UserError, match=told):
        made(view, orders, can)


def test_orders_that_would_add_to_the_position_stand_in_nobodys_way() -> None:
    assert len(made(LONG, [stop(Side.BUY, "52")])) == 2


prices = st.integers(min_value=1000, max_value=9000).map(lambda c: Decimal(c) / 100)


@given(prices, prices, st.integers(min_value=-500, max_value=500).filter(bool))
def test_neither_ever_trades_at_once(average: Decimal, mark: Decimal, held: int) -> None:
    view = replace(LONG, average_price=average, mark=mark, quantity=Decimal(held))
    try:
        target, protective = made(view)
    except UserError:
        return
    assert target.limit_price is not None
    assert protective.stop_price is not None
    low, high = sorted((target.limit_price, protective.stop_price))
    assert low < mark < high
    assert target.quantity == protective.quantity == abs(held)
    assert target.side is (Side.SELL if held > 0 else Side.BUY)
