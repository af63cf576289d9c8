from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.base.errors import UserError
from app.commands.ticket import TicketDraft, describe, offered_times, offered_types
from app.domain.capabilities import Capabilities
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import OrderType, Side, TimeInForce
from app.domain.request import OrderRequest

INDA = Instrument("INDA", AssetClass.ETF, "USD")
BOTH = frozenset({TimeInForce.DAY, TimeInForce.GTC})
ABLE = Capabilities(
    order_types={AssetClass.ETF: frozenset({OrderType.MARKET, OrderType.LIMIT})},
    times_in_force={OrderType.MARKET: frozenset({TimeInForce.DAY}), OrderType.LIMIT: BOTH},
)


def requests(**fields: Any) -> list[OrderRequest]:
    draft = TicketDraft(quantity=Decimal(100), limit_price=Decimal("44.65"))
    changed = TicketDraft(**{**{f: getattr(draft, f) for f in draft.__slots__}, **fields})
    return changed.requests(ConnectionId("paper"), AccountId("P1"), INDA)


def test_a_limit_order_carries_what_was_entered() -> None:
    [order] = requests(side=Side.SELL, time_in_force=TimeInForce.GTC, outside_hours=True)
    assert (order.side, order.quantity, order.limit_price) == (Side.SELL, 100, Decimal("44.65"))
    assert order.time_in_force is TimeInForce.GTC
    assert order.outside_hours
    assert order.stop_price is None
    assert order.trail_amount is None


def test_prices_left_in_hidden_fields_do_not_travel() -> None:
    [order] = requests(order_type=OrderType.MARKET, stop_price=Decimal(40), trail=Decimal(1))
    assert order.limit_price is None
    assert order.stop_price is None
    assert order.trail_amount is None


@pytest.mark.parametrize(
    ("is_percent", "field"), [(False, "trail_amount"), (True, "trail_percent")]
)
def test_a_trailing_offset_is_an_amount_or_a_percentage(is_percent: bool, field: str) -> None:
    [order] = requests(
        order_type=OrderType.TRAILING_STOP, trail=Decimal("0.5"), trail_is_percent=is_percent
    )
    assert getattr(order, field) == Decimal("0.5")
    other = "trail_percent" if field == "trail_amount" else "trail_amount"
    assert getattr(order, other) is None


def test_a_bracket_is_entry_target_and_stop() -> None:
    entry, target, stop = requests(
        has_bracket=True, target_price=Decimal("45.50"), protective_stop=Decimal("44.00")
    )
    assert target.parent_id == stop.parent_id == entry.client_order_id
    assert target.oco_group == stop.oco_group != ""
    assert target.side is stop.side is Side.SELL
    assert (target.limit_price, stop.stop_price) == (Decimal("45.50"), Decimal("44.00"))


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"quantity": None}, "quantity"),
        ({"limit_price": None}, "limit price"),
        ({"limit_price": Decimal("44.655")}, "multiple of 0.01"),
        ({"quantity": Decimal("1.5")}, "multiple of 1"),
        ({"has_bracket": True, "target_price": Decimal(46)}, "bracket"),
        ({"order_type": OrderType.TRAILING_STOP, "trail": None}, "trailing"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(fields: dict[str, Any], hint: str) -> None:
    with pytest.raises(UserError, match=hint):
        requests(**fields)


def test_only_what_the_connection_does_is_offered() -> None:
    assert offered_types(INDA, ABLE) == [OrderType.MARKET, OrderType.LIMIT]
    assert offered_times(OrderType.LIMIT, ABLE) == [TimeInForce.DAY, TimeInForce.GTC]


def test_a_draft_is_fitted_to_a_connection_that_can_do_less() -> None:
    draft = TicketDraft(
        order_type=OrderType.STOP,
        time_in_force=TimeInForce.FOK,
        outside_hours=True,
        has_bracket=True,
    )
    fitted = draft.fitted(INDA, ABLE)
    assert fitted.order_type is OrderType.MARKET
    assert fitted.time_in_force is TimeInForce.DAY
    assert not fitted.outside_hours
    assert not fitted.has_bracket


def test_an_order_is_described_as_a_trader_says_it() -> None:
    assert describe(requests()[0]) == "BUY 100 INDA LMT 44.65 DAY"
    market = requests(order_type=OrderType.MARKET)[0]
    assert describe(market) == "BUY 100 INDA MKT DAY"
    trailing = requests(
        order_type=OrderType.TRAILING_STOP, trail=Decimal("1.50"), trail_is_percent=True
    )[0]
    assert describe(trailing) == "BUY 100 INDA TRAIL 1.5 % DAY"
