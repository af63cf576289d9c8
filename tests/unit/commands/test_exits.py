"""Stops to breakeven never loosen, never fire at once; open things are told in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import UserError
from app.commands.exits import order_line, position_line
from app.commands.stops import breakeven_changes
from app.domain import order_events as ev
from app.domain.events import PositionView
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order import Order
from app.domain.order import replay as live
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderRequest

SPY = Instrument("SPY", AssetClass.ETF, "USD")
AT = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
PAPER, ACCOUNT = ConnectionId("paper"), AccountId("P1")


def position(quantity: str, average: str | None, mark: str | None) -> PositionView:
    return PositionView(
        PAPER,
        ACCOUNT,
        SPY,
        Decimal(quantity),
        None if average is None else Decimal(average),
        None if mark is None else Decimal(mark),
        None,
        Decimal(0),
        AT,
        True,
    )


def stop(side: Side, at: str, limit: str | None = None) -> Order:
    kind = OrderType.STOP if limit is None else OrderType.STOP_LIMIT
    request = OrderRequest(
        PAPER,
        ACCOUNT,
        SPY,
        side,
        kind,
        Decimal(100),
        limit_price=None if limit is None else Decimal(limit),
        stop_price=Decimal(at),
    )
    own_id = request.client_order_id
    return live(
        [
            ev.OrderInitialized(client_order_id=own_id, at=AT, request=request),
            ev.OrderSubmitted(client_order_id=own_id, at=AT),
            ev.OrderAccepted(client_order_id=own_id, at=AT),
        ]
    )


def test_stops_move_to_the_average_rounded_so_that_nothing_is_lost() -> None:
    long = position("100", "100.004", "101")
    [(_, change)] = breakeven_changes(long, [stop(Side.SELL, "99")])
    assert change.stop_price == Decimal("100.01")
    short = position("-100", "100.004", "99")
    [(_, change)] = breakeven_changes(short, [stop(Side.BUY, "101")])
    assert change.stop_price == Decimal("100.00")


def test_a_stop_limit_keeps_its_distance() -> None:
    [(_, change)] = breakeven_changes(
        position("100", "100", "101"), [stop(Side.SELL, "99", "98.75")]
    )
    assert (change.stop_price, change.limit_price) == (Decimal(100), Decimal("99.75"))


@pytest.mark.parametrize(
    ("view", "orders", "told"),
    [
        (position("100", None, "101"), [], "average price of the position is not known"),
        (position("100", "100", "101"), [], "no stop order"),
        (position("100", "100", "101"), [stop(Side.BUY, "110")], "no stop order"),
        (position("100", "100", "99"), [stop(Side.SELL, "98")], "would fire at once"),
        (position("-100", "100", "100"), [stop(Side.BUY, "102")], "would fire at once"),
    ],
)
def test_why_it_cannot_be_done(view: PositionView, orders: list[Order], told: str) -> None:
    with pytest.raises(UserError, match=told):
        breakeven_changes(view, orders)


cents = st.integers(min_value=9000, max_value=11000).map(lambda c: Decimal(c) / 100)


@given(cents, st.lists(cents, min_size=1, max_size=5), st.booleans())
def test_a_stop_only_ever_comes_closer(average: Decimal, at: list[Decimal], is_long: bool) -> None:
    sign = 1 if is_long else -1
    view = replace(position(str(100 * sign), str(average), None), mark=average + sign * Decimal(20))
    side = Side.SELL if is_long else Side.BUY
    orders = [stop(side, str(price)) for price in at]
    changed = {o.client_order_id: c for o, c in breakeven_changes(view, orders)}
    for order in orders:
        assert order.stop_price is not None
        is_worse = (average - order.stop_price) * sign > 0
        assert (order.client_order_id in changed) is is_worse
        if is_worse:
            assert changed[order.client_order_id].stop_price == average


def test_open_things_in_words() -> None:
    assert position_line(position("-25", "100", None)) == "Position: short 25 SPY, P1 at paper"
    doubtful = replace(position("25", "100", None), is_verified=False)
    assert position_line(doubtful).endswith("(not verified with the broker)")
    line = order_line(stop(Side.SELL, "99.5"))
    assert line == "Order: sell 100 SPY stop 99.50, Working, P1 at paper"
