from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.base.errors import UserError
from app.commands.ticket import TicketDraft, became, describe, offered_times, offered_types
from app.domain.capabilities import Capabilities
from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId, ExecId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side, TimeInForce
from app.domain.reports import Severity
from app.domain.request import OrderRequest

S = OrderStatus
NOW = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
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
    assert order.side is Side.SELL
    assert (order.quantity, order.limit_price) == (Decimal(100), Decimal("44.65"))
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
        ({"quantity": None}, "^Enter a quantity$"),
        ({"limit_price": None}, "^Enter a limit price$"),
        ({"quantity": None, "limit_price": None}, "^Enter a quantity and a limit price$"),
        ({"quantity": Decimal(0)}, "more than zero"),
        ({"limit_price": Decimal("44.655")}, "multiple of 0.01"),
        ({"quantity": Decimal("1.5")}, "multiple of 1"),
        ({"has_bracket": True, "target_price": Decimal(46)}, "^Enter the bracket's stop$"),
        (
            {
                "has_bracket": True,
                "target_price": Decimal("46.005"),
                "protective_stop": Decimal("44.001"),
            },
            "target: limit price must be a multiple of 0.01, .*; stop: stop price must be",
        ),
        (
            {"has_bracket": True, "target_price": Decimal(44), "protective_stop": Decimal(43)},
            "target 44 must lie above",
        ),
        ({"order_type": OrderType.TRAILING_STOP, "trail": None}, "^Enter a trailing offset$"),
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


def test_prices_do_not_come_along_to_another_instrument() -> None:
    draft = TicketDraft(
        side=Side.SELL,
        order_type=OrderType.STOP_LIMIT,
        quantity=Decimal(7),
        limit_price=Decimal(1),
        stop_price=Decimal(2),
        trail=Decimal(3),
        has_bracket=True,
        target_price=Decimal(4),
        protective_stop=Decimal(5),
    )
    expected = TicketDraft(
        side=Side.SELL, order_type=OrderType.STOP_LIMIT, quantity=Decimal(7), has_bracket=True
    )
    assert draft.without_prices() == expected


def test_an_order_is_described_as_a_trader_says_it() -> None:
    assert describe(requests()[0]) == "BUY 100 INDA LMT 44.65 DAY"
    market = requests(order_type=OrderType.MARKET)[0]
    assert describe(market) == "BUY 100 INDA MKT DAY"
    trailing = requests(
        order_type=OrderType.TRAILING_STOP, trail=Decimal("1.50"), trail_is_percent=True
    )[0]
    assert describe(trailing) == "BUY 100 INDA TRAIL 1.5 % DAY"
    both = requests(order_type=OrderType.STOP_LIMIT, stop_price=Decimal("44.60"))[0]
    assert describe(both) == "BUY 100 INDA STP 44.60 LMT 44.65 DAY"
    amount = requests(order_type=OrderType.TRAILING_STOP, trail=Decimal("0.5"))[0]
    assert describe(amount) == "BUY 100 INDA TRAIL 0.50 DAY"


def order(status: OrderStatus, *, reason: str = "", filled: int = 0) -> Order:
    [request] = requests()
    fills: tuple[Execution, ...] = ()
    if filled:
        fill = Execution(
            connection_id=request.connection_id,
            account_id=request.account_id,
            exec_id=ExecId("1"),
            client_order_id=request.client_order_id,
            broker_order_id=None,
            instrument=INDA,
            side=request.side,
            quantity=Decimal(filled),
            price=Decimal("44.6"),
            at=NOW,
        )
        fills = (fill,)
    return Order(request, status, request.quantity, NOW, NOW, Decimal("44.7"), fills=fills,
                 reason=reason)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "facts", "severity", "said"),
    [
        (S.PENDING_NEW, {}, Severity.INFO, "sent"),
        (S.WORKING, {}, Severity.INFO, "working"),
        (S.PARTIALLY_FILLED, {"filled": 40}, Severity.INFO, "40 of 100 filled at 44.60"),
        (S.FILLED, {"filled": 100}, Severity.INFO, "100 of 100 filled at 44.60"),
        (S.CANCELED, {"filled": 40}, Severity.INFO, "40 of 100 filled at 44.60, the rest canceled"),
        (S.CANCELED, {"reason": "by you"}, Severity.INFO, "canceled: by you"),
    ],
)
def test_what_became_of_an_order_is_one_sentence(
    status: OrderStatus, facts: dict[str, Any], severity: Severity, said: str
) -> None:
    assert became(order(status, **facts)) == (severity, f"BUY 100 INDA LMT 44.70 DAY: {said}")


def test_what_went_wrong_comes_first_and_says_what_to_do() -> None:
    severity, text = became(order(S.REJECTED, reason="no funds"))
    assert severity is Severity.WARNING
    assert text == "Rejected: BUY 100 INDA LMT 44.70 DAY: no funds"
    severity, text = became(order(S.UNKNOWN, reason="no answer"))
    assert severity is Severity.ERROR
    assert text.startswith("Unknown: BUY 100 INDA LMT 44.70 DAY: no answer. Resolve")
