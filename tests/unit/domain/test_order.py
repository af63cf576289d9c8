"""One order and its events."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from app.base.errors import OrderStateError
from app.domain import order_events as ev
from app.domain.ids import ClientOrderId
from app.domain.order import Order, apply, changed_request, initialize, replay
from app.domain.order_types import OrderStatus, OrderType
from app.domain.request import OrderChange
from tests.doubles.orders import (
    OWN,
    accepted,
    at,
    born,
    fill,
    filled,
    life,
    number,
    request,
    submitted,
)

S = OrderStatus


def event(kind: type[ev.OrderEvent], seconds: float = 5, **fields: Any) -> ev.OrderEvent:
    return kind(client_order_id=OWN, at=at(seconds), **fields)


def working(*events: ev.OrderEvent) -> Order:
    return life(submitted(), accepted(), *events)


def replaced(quantity: int = 100, price: str = "10.00", name: str | None = None) -> ev.OrderEvent:
    known = None if name is None else number(name)
    terms: dict[str, Any] = {"quantity": Decimal(quantity), "limit_price": Decimal(price)}
    return event(ev.OrderReplaced, broker_order_id=known, **terms)


def wants(**terms: Any) -> ev.OrderEvent:
    return event(ev.OrderReplaceRequested, change=OrderChange(**terms))


LOST = event(ev.OrderUnresolved, reason="no answer")
CANCEL = event(ev.OrderCancelRequested)
CANCEL_REFUSED = event(ev.OrderCancelRejected, reason="too late")
REPLACE_REFUSED = event(ev.OrderReplaceRejected, reason="no")


def test_a_draft_has_what_was_asked_for() -> None:
    order = initialize(born())
    assert order.status is S.DRAFT
    assert (order.quantity, order.limit_price) == (Decimal(100), Decimal("10.00"))
    assert order.broker_order_id is None
    assert order.average_price is None
    assert order.leaves_quantity == 100
    assert not order.is_overfilled
    assert not order.is_nameless


def test_an_adopted_draft_has_its_number() -> None:
    assert initialize(replace(born(), broker_order_id=number("9"))).broker_order_id == "9"


def test_a_whole_life() -> None:
    events = [born(), submitted(), accepted(), filled(40, "e1"), filled(60, "e2", 3)]
    order = replay(events)
    assert order.status is S.FILLED
    assert order.cum_quantity == 100
    assert order.leaves_quantity == 0
    assert order.average_price == Decimal("10.00")
    assert order.broker_order_id == "7"


def test_a_life_begins_with_its_birth() -> None:
    with pytest.raises(OrderStateError, match="begins with"):
        replay([submitted()])


def test_what_the_table_does_not_allow_changes_nothing() -> None:
    order = working(event(ev.OrderCanceled))
    with pytest.raises(OrderStateError, match="accept cannot follow Canceled"):
        apply(order, accepted())
    with pytest.raises(OrderStateError, match="OrderInitialized cannot follow"):
        apply(order, born())
    with pytest.raises(OrderStateError, match="event of other for own"):
        apply(order, submitted(ClientOrderId("other")))


@pytest.mark.parametrize(
    ("happens", "status"),
    [
        (event(ev.OrderHeld, broker_order_id=number("7")), S.HELD),
        (accepted(), S.WORKING),
        (event(ev.OrderRejected, reason="no"), S.REJECTED),
        (event(ev.OrderTriggered), S.TRIGGERED),
        (event(ev.OrderCanceled, reason="IOC"), S.CANCELED),
        (event(ev.OrderExpired, reason="day"), S.EXPIRED),
        (event(ev.OrderSuspended, reason="halt"), S.SUSPENDED),
        (event(ev.OrderDenied, rule="not sent", reason="offline"), S.DENIED),
        (LOST, S.UNKNOWN),
    ],
)
def test_what_may_follow_the_submit(happens: ev.OrderEvent, status: S) -> None:
    order = life(submitted(), happens)
    assert order.status is status
    assert order.reason == getattr(happens, "reason", "")


def test_good_news_ends_an_old_reason() -> None:
    assert working(LOST).reason == "no answer"
    assert working(LOST, accepted()).reason == ""
    assert working(LOST, filled(100)).reason == ""
    assert working(CANCEL, CANCEL_REFUSED, filled(10)).reason == ""
    partly = working(filled(10), CANCEL, CANCEL_REFUSED)
    assert apply(partly, filled(10, "e2")).reason == "too late"


# -- fills -----------------------------------------------------------------------------------------


def test_a_fill_may_overtake_the_acknowledgement() -> None:
    order = life(submitted(), filled(30, broker_order_id=number("7"), perm_id="p"))
    assert (order.status, order.broker_order_id, order.perm_id) == (S.PARTIALLY_FILLED, "7", "p")
    assert apply(order, accepted()).status is S.PARTIALLY_FILLED
    assert apply(order, event(ev.OrderHeld)).status is S.PARTIALLY_FILLED


def test_the_same_fill_again_is_the_same_order() -> None:
    order = working(filled(30))
    assert apply(order, filled(30)) is order


def test_a_correction_replaces_and_an_older_revision_does_not() -> None:
    order = working(filled(30), filled(20, revision=1))
    assert order.cum_quantity == 20
    assert apply(order, filled(30)) is order


def test_a_fee_told_later_moves_nothing_else() -> None:
    order = working(filled(30), filled(30, fee=Decimal(1), seconds=2))
    assert [order.status, order.cum_quantity] == [S.PARTIALLY_FILLED, 30]
    assert [f.fee for f in order.fills] == [Decimal(1)]
    assert apply(order, filled(30)) is order


def test_a_correction_that_cuts_a_filled_order_leaves_it_unknown() -> None:
    order = working(filled(100), filled(60, revision=1))
    assert order.status is S.UNKNOWN
    assert "correction" in order.reason


def test_a_correction_that_cuts_an_unknown_order_proves_no_life() -> None:
    order = working(filled(60), LOST, filled(50, revision=1))
    assert order.status is S.UNKNOWN


def test_the_only_fill_taken_back_leaves_it_working() -> None:
    assert working(filled(60), filled(0, revision=1)).status is S.WORKING


def test_a_fill_taken_back_before_it_was_heard_of_changes_nothing_but_that() -> None:
    order = life(submitted(), filled(0, revision=1))
    assert order.status is S.PENDING_NEW
    assert apply(order, filled(60)) is order


def test_an_overfill_is_filled_and_shown() -> None:
    order = working(filled(120))
    assert order.status is S.FILLED
    assert order.is_overfilled
    assert order.leaves_quantity == 0


@pytest.mark.parametrize(
    "order_of", list(permutations(range(4))), ids=lambda o: "".join(map(str, o))
)
def test_the_order_of_arrival_makes_no_difference(order_of: tuple[int, ...]) -> None:
    arrivals = [
        filled(40, "e1", 2),
        filled(60, "e2", 3),
        filled(30, "e1", 2, revision=1),
        filled(60, "e2", 3),
    ]
    order = working()
    for index in order_of:
        order = apply(order, arrivals[index])
    assert [(f.exec_id, f.quantity, f.revision) for f in order.fills] == [
        ("e1", Decimal(30), 1),
        ("e2", Decimal(60), 0),
    ]
    assert order.updated_at == at(3)


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        (event(ev.OrderCanceled), S.CANCELED),
        (event(ev.OrderExpired), S.EXPIRED),
        (event(ev.OrderRejected, reason="no"), S.PARTIALLY_FILLED),
    ],
)
def test_late_fills_of_what_had_ended(ended: ev.OrderEvent, status: S) -> None:
    order = life(submitted(), ended, filled(40))
    assert [order.status, order.cum_quantity] == [status, 40]
    assert apply(order, filled(60, "e2")).status is S.FILLED


def test_a_refusal_after_fills_refuses_only_the_rest() -> None:
    for between in ([], [CANCEL], [LOST], [event(ev.OrderSuspended)]):
        order = working(filled(40), *between, event(ev.OrderRejected, reason="margin"))
        assert (order.status, order.reason) == (S.CANCELED, "margin")


# -- changes ---------------------------------------------------------------------------------------


def test_a_change_confirmed() -> None:
    order = working(wants(limit_price=Decimal(11)))
    assert (order.status, order.pending_change) == (
        S.PENDING_REPLACE,
        OrderChange(limit_price=Decimal(11)),
    )
    order = apply(order, replaced(100, "11", "8"))
    assert [order.status, order.limit_price, order.pending_change] == [S.WORKING, 11, None]
    assert order.broker_order_ids == ("7", "8")
    assert order.broker_order_id == "8"


def test_a_change_refused_falls_back_to_what_was_learned_meanwhile() -> None:
    asked = wants(limit_price=Decimal(11))
    assert working(asked, REPLACE_REFUSED).status is S.WORKING
    assert working(asked, REPLACE_REFUSED).pending_change is None
    assert working(asked, event(ev.OrderTriggered), REPLACE_REFUSED).status is S.TRIGGERED
    assert working(asked, filled(10), REPLACE_REFUSED).status is S.PARTIALLY_FILLED
    held = life(submitted(), event(ev.OrderHeld), asked)
    assert apply(held, REPLACE_REFUSED).status is S.HELD
    assert apply(apply(held, accepted()), REPLACE_REFUSED).status is S.WORKING
    back = apply(working(asked), event(ev.OrderHeld))
    assert apply(back, REPLACE_REFUSED).status is S.HELD


def test_an_enlarged_order_is_not_filled_by_its_old_size() -> None:
    order = working(wants(quantity=Decimal(200)), filled(100))
    assert order.status is S.PENDING_REPLACE
    assert apply(order, replaced(200)).status is S.PARTIALLY_FILLED
    assert apply(order, REPLACE_REFUSED).status is S.FILLED
    assert apply(order, filled(100, "e2")).status is S.FILLED


def test_a_smaller_change_does_not_fill_it_before_it_is_confirmed() -> None:
    order = working(filled(60), wants(quantity=Decimal(60)))
    assert order.status is S.PENDING_REPLACE
    assert apply(order, replaced(60)).status is S.FILLED


def test_an_order_cut_to_what_has_traded_is_filled_even_while_it_is_canceled() -> None:
    order = working(filled(60), CANCEL, replaced(60))
    assert order.status is S.FILLED


def test_old_terms_filled_and_new_terms_unknown_is_unknown() -> None:
    order = working(wants(quantity=Decimal(200)), LOST, filled(100))
    assert order.status is S.UNKNOWN
    assert order.pending_change is not None
    assert apply(order, filled(100, "e2")).status is S.FILLED


def test_a_filled_order_can_turn_out_to_have_been_enlarged() -> None:
    order = working(filled(100), replaced(200))
    assert [order.status, order.leaves_quantity] == [S.PARTIALLY_FILLED, 100]
    assert working(filled(100), replaced(100)).status is S.FILLED


def test_a_price_change_in_doubt_ends_with_a_fill() -> None:
    order = working(wants(limit_price=Decimal(11)), LOST, filled(10))
    assert (order.status, order.pending_change) == (S.PARTIALLY_FILLED, None)


def test_what_closes_has_no_change_pending() -> None:
    order = working(wants(limit_price=Decimal(11)), event(ev.OrderCanceled))
    assert order.pending_change is None


def test_the_request_that_a_change_makes() -> None:
    stop = request(
        order_type=OrderType.STOP_LIMIT, stop_price=Decimal("10.50"), limit_price=Decimal(11)
    )
    order = life(of=stop)
    changed = changed_request(order, OrderChange(quantity=Decimal(5), stop_price=Decimal(12)))
    assert [changed.quantity, changed.limit_price, changed.stop_price] == [5, 11, 12]
    assert changed_request(order, OrderChange()) == stop


# -- cancels ---------------------------------------------------------------------------------------


def test_a_refused_cancel_falls_back() -> None:
    assert working(CANCEL, CANCEL_REFUSED).status is S.WORKING
    assert working(CANCEL, filled(10), CANCEL_REFUSED).status is S.PARTIALLY_FILLED
    assert working(LOST, CANCEL, CANCEL_REFUSED).status is S.UNKNOWN
    assert working(LOST, CANCEL, accepted(), CANCEL_REFUSED).status is S.WORKING
    assert life(submitted(), CANCEL, CANCEL_REFUSED).status is S.PENDING_NEW
    assert working(CANCEL, CANCEL, CANCEL_REFUSED).reason == "too late"


def test_a_refused_cancel_finds_the_change_still_on_its_way() -> None:
    order = working(wants(limit_price=Decimal(11)), CANCEL, CANCEL_REFUSED)
    assert order.status is S.PENDING_REPLACE
    assert apply(order, replaced(100, "11")).status is S.WORKING
    lost = working(wants(limit_price=Decimal(11)), LOST, CANCEL, CANCEL_REFUSED)
    assert lost.status is S.UNKNOWN


def test_a_change_settled_while_it_is_canceled() -> None:
    order = working(wants(limit_price=Decimal(11)), CANCEL, replaced(100, "11"))
    assert [order.status, order.limit_price] == [S.PENDING_CANCEL, 11]
    assert apply(order, CANCEL_REFUSED).status is S.WORKING
    refused = working(wants(limit_price=Decimal(11)), CANCEL, REPLACE_REFUSED)
    assert (refused.status, refused.pending_change) == (S.PENDING_CANCEL, None)


def test_late_refusals_change_nothing_that_is_closed() -> None:
    order = working(event(ev.OrderCanceled))
    assert apply(order, CANCEL_REFUSED).status is S.CANCELED
    assert apply(order, REPLACE_REFUSED).status is S.CANCELED


# -- evidence --------------------------------------------------------------------------------------


def resolved(status: S, *, reconciliation: bool = True) -> ev.OrderEvent:
    return event(
        ev.OrderResolved,
        status=status,
        evidence="it is listed",
        broker_order_id=number("7"),
        reconciliation=reconciliation,
    )


def test_evidence_ends_doubt() -> None:
    order = life(submitted(), LOST, resolved(S.WORKING, reconciliation=False))
    assert (order.status, order.reason, order.broker_order_id) == (S.WORKING, "it is listed", "7")
    assert life(submitted(), LOST, filled(10), LOST, resolved(S.WORKING)).status is (
        S.PARTIALLY_FILLED
    )


def test_only_a_query_revives_the_dead() -> None:
    dead = life(submitted(), event(ev.OrderRejected, reason="lost"))
    assert apply(dead, resolved(S.WORKING)).status is S.WORKING
    with pytest.raises(OrderStateError, match="cannot be resolved"):
        apply(dead, resolved(S.WORKING, reconciliation=False))


def test_what_is_not_in_doubt_is_not_resolved() -> None:
    with pytest.raises(OrderStateError, match="Working cannot be resolved"):
        apply(working(), resolved(S.CANCELED))
    for status in (S.DRAFT, S.UNKNOWN, S.PENDING_CANCEL):
        with pytest.raises(OrderStateError, match="cannot be resolved"):
            apply(working(LOST), resolved(status))


def test_filled_needs_its_executions() -> None:
    with pytest.raises(OrderStateError, match="without its executions"):
        apply(working(LOST), resolved(S.FILLED))
    # Nothing is missing: a fill of what was asked, while a larger size was in doubt.
    doubtful = working(wants(quantity=Decimal(200)), LOST, filled(100))
    assert apply(doubtful, resolved(S.FILLED)).status is S.FILLED


def test_a_permanent_id_stays() -> None:
    order = working(accepted("7", perm_id="p1"), accepted("8"))
    assert (order.perm_id, order.broker_order_ids) == ("p1", ("7", "8"))


def test_an_execution_knows_its_sign_and_rank() -> None:
    assert fill(5).signed_quantity == 5
    assert fill(5, revision=1).supersedes(fill(6))
    assert not fill(5).supersedes(fill(6))
    assert not fill(5, fee=Decimal(1)).supersedes(fill(5, fee=Decimal(2)))
