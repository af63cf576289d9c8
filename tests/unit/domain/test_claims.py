"""What one report changes: the stream never goes backwards, a query is believed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.domain import order_events as ev
from app.domain.claims import (
    adopt,
    adopt_execution,
    events_for_report,
    external_id,
    fill_events,
    locate,
)
from app.domain.execution import Execution
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.order import Order, apply
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus, OrderType, Origin
from app.domain.reports import OrderReport
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
    report,
    request,
    submitted,
)

S = OrderStatus
D = Decimal


def event(kind: type[ev.OrderEvent], seconds: float = 2, **fields: Any) -> ev.OrderEvent:
    return kind(client_order_id=OWN, at=at(seconds), **fields)


CANCEL = event(ev.OrderCancelRequested)
LOST = event(ev.OrderUnresolved, reason="no answer")


def wants(**terms: Any) -> ev.OrderEvent:
    return event(ev.OrderReplaceRequested, change=OrderChange(**terms))


def working(*events: ev.OrderEvent) -> Order:
    return life(submitted(), accepted(), *events)


def hear(order: Order, *reports: OrderReport, query: bool = False) -> Order:
    """The order after these claims; also checks that a second hearing says nothing new."""
    for said in reports:
        for happened in events_for_report(order, said, authoritative=query):
            order = apply(order, happened)
        again = events_for_report(order, said, authoritative=query)
        assert again == [] or not query, f"a query repeated says {again}"
    return order


def kinds(order: Order, said: OrderReport, *, query: bool = False) -> list[str]:
    return [type(e).__name__ for e in events_for_report(order, said, authoritative=query)]


# -- the plain way ---------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [False, True])
@pytest.mark.parametrize(
    ("said", "status"),
    [
        (report(S.HELD), S.HELD),
        (report(S.WORKING), S.WORKING),
        (report(S.TRIGGERED), S.TRIGGERED),
        (report(S.SUSPENDED, reason="halt"), S.SUSPENDED),
        (report(S.CANCELED), S.CANCELED),
        (report(S.EXPIRED), S.EXPIRED),
        (report(S.REJECTED, reason="margin"), S.REJECTED),
        (report(S.PENDING_NEW), S.HELD),
        (report(S.PENDING_CANCEL), S.WORKING),
        (report(S.UNKNOWN, word="Frobnicated"), S.UNKNOWN),
        (report(S.DENIED), S.UNKNOWN),
    ],
)
def test_an_unheard_order_becomes_what_is_said(said: OrderReport, status: S, query: bool) -> None:
    for order in (life(submitted()), life(submitted(), LOST)):
        after = hear(order, said, query=query)
        assert after.status is status
        if status not in (S.REJECTED, S.UNKNOWN):
            assert after.broker_order_id == "7"


def test_an_unknown_word_is_kept() -> None:
    order = hear(working(), report(S.UNKNOWN, word="Frobnicated"))
    assert (order.status, order.reason) == (S.UNKNOWN, "the broker says 'Frobnicated'")


def test_partly_filled_is_the_sum_of_executions_not_a_claim() -> None:
    order = hear(life(submitted()), report(S.PARTIALLY_FILLED, cum_quantity=D(40)))
    assert [order.status, order.cum_quantity] == [S.WORKING, 0]


def test_names_are_learned_late_without_moving_the_order() -> None:
    anonymous = life(submitted(), accepted(None), event(ev.OrderTriggered))
    assert kinds(anonymous, report(S.WORKING)) == ["OrderAccepted", "OrderTriggered"]
    assert hear(anonymous, report(S.WORKING)).broker_order_id == "7"
    paused = life(submitted(), accepted(None), event(ev.OrderSuspended))
    assert hear(paused, report(S.SUSPENDED)).status is S.SUSPENDED
    held = life(submitted(), event(ev.OrderHeld))
    assert hear(held, report(S.HELD, perm_id="p")).perm_id == "p"
    assert kinds(working(), report(S.WORKING, perm_id="p")) == ["OrderAccepted"]
    assert kinds(working(), report(S.WORKING)) == []


def test_a_pending_report_is_news_only_of_an_unheard_order() -> None:
    assert kinds(working(), report(S.PENDING_CANCEL)) == []
    heard = life(submitted(), accepted(), LOST)
    assert kinds(heard, report(S.PENDING_NEW)) == []
    assert kinds(heard, report(S.PENDING_NEW), query=True) == ["OrderHeld"]


def test_a_query_tells_the_terms_of_an_order_that_is_still_being_worked_on() -> None:
    held = life(submitted(), event(ev.OrderHeld))
    there = report(S.PENDING_NEW, limit_price=D("9.5"))
    assert hear(held, there, query=True).limit_price == D("9.5")
    assert kinds(held, there) == [], "a stream may be late"
    changing = apply(held, wants(limit_price=D("9.5")))
    assert kinds(changing, report(S.PENDING_NEW), query=True) == [], "it may be worked on"
    assert kinds(changing, there, query=True) == ["OrderReplaced"]
    lost = hear(apply(changing, LOST), there, query=True)
    assert (lost.status, lost.limit_price) == (S.HELD, D("9.5"))


# -- late and repeated words of the stream ---------------------------------------------------------


@pytest.mark.parametrize("late", [S.HELD, S.WORKING, S.PENDING_NEW, S.PARTIALLY_FILLED])
@pytest.mark.parametrize(
    "order",
    [
        working(event(ev.OrderTriggered)),
        working(filled(40)),
        working(filled(100)),
        working(event(ev.OrderCanceled)),
        working(event(ev.OrderExpired)),
        life(submitted(), event(ev.OrderRejected, reason="no")),
    ],
    ids=lambda order: order.status.value,
)
def test_the_stream_never_moves_an_order_back(order: Order, late: S) -> None:
    assert hear(order, report(late, seconds=0)) is order


def test_the_stream_does_not_hold_what_works() -> None:
    assert kinds(working(), report(S.HELD)) == []
    assert hear(working(), report(S.HELD), query=True).status is S.HELD


def test_a_held_child_begins_to_work() -> None:
    held = life(submitted(), event(ev.OrderHeld))
    assert hear(held, report(S.WORKING), report(S.HELD)).status is S.WORKING


def test_suspended_comes_and_goes() -> None:
    paused = hear(working(filled(10)), report(S.SUSPENDED))
    assert paused.status is S.SUSPENDED
    assert kinds(paused, report(S.SUSPENDED)) == []
    assert hear(paused, report(S.WORKING)).status is S.PARTIALLY_FILLED


def test_a_query_moves_it_back() -> None:
    triggered = working(event(ev.OrderTriggered))
    assert hear(triggered, report(S.WORKING), query=True).status is S.WORKING
    assert hear(triggered, report(S.HELD), query=True).status is S.HELD
    assert hear(working(filled(10)), report(S.WORKING), query=True).status is S.PARTIALLY_FILLED


# -- terms -----------------------------------------------------------------------------------------

DEARER: dict[str, Any] = {"limit_price": D("11.00")}


def test_a_change_is_confirmed_by_its_terms() -> None:
    changing = working(wants(**DEARER))
    assert hear(changing, report(S.WORKING)) is changing
    done = hear(changing, report(S.WORKING, **DEARER, broker_order_id=number("8")))
    assert [done.status, done.limit_price, done.broker_order_id] == [S.WORKING, 11, "8"]
    # What is said of the number it replaced is about the past, even its end.
    assert hear(done, report(S.CANCELED, seconds=9)) is done
    assert hear(done, report(S.WORKING, seconds=9)) is done


def test_a_query_tells_that_a_change_did_not_happen() -> None:
    changing = working(wants(**DEARER))
    still = hear(changing, report(S.WORKING), query=True)
    assert [still.status, still.pending_change, still.limit_price] == [S.WORKING, None, 10]
    assert "old terms" in still.reason
    third = hear(changing, report(S.WORKING, limit_price=D(12)), query=True)
    assert [third.status, third.limit_price] == [S.WORKING, 12]
    assert kinds(changing, report(S.WORKING, limit_price=D(12))) == []


def test_a_change_in_doubt_is_not_settled_by_old_words() -> None:
    doubtful = working(wants(**DEARER), LOST)
    assert hear(doubtful, report(S.WORKING)) is doubtful
    assert hear(doubtful, report(S.WORKING, **DEARER)).limit_price == 11
    assert hear(doubtful, report(S.WORKING, **DEARER)).status is S.WORKING
    asked = hear(doubtful, report(S.WORKING), query=True)
    assert [asked.status, asked.limit_price, asked.pending_change] == [S.WORKING, 10, None]


def test_a_change_made_elsewhere_is_heard_unless_it_is_old() -> None:
    assert hear(working(), report(S.WORKING, **DEARER)).limit_price == 11
    late = report(S.WORKING, seconds=0.5, **DEARER)
    assert kinds(working(), late) == []
    assert hear(working(), late, query=True).limit_price == 11
    # The first word on an order has the broker's terms, whatever the clocks say.
    assert hear(life(submitted(seconds=5)), late).limit_price == 11
    held = life(submitted(), event(ev.OrderHeld, broker_order_id=number("7")))
    assert hear(held, report(S.HELD, **DEARER)).limit_price == 11


def test_a_trailing_trigger_is_no_term() -> None:
    trailing = request(order_type=OrderType.TRAILING_STOP, limit_price=None, trail_amount=D(1))
    order = life(submitted(), accepted(), of=trailing)
    said = report(
        S.WORKING,
        order_type=OrderType.TRAILING_STOP,
        limit_price=None,
        stop_price=D("9.40"),
        trail_amount=D(1),
    )
    assert kinds(order, said) == []
    changing = apply(order, wants(trail_amount=D(2)))
    assert hear(changing, replace(said, trail_amount=D(2))).status is S.WORKING


# -- cancels ---------------------------------------------------------------------------------------


def test_a_query_that_lists_it_ends_a_cancel() -> None:
    for listed, status in ((S.WORKING, S.WORKING), (S.TRIGGERED, S.TRIGGERED), (S.HELD, S.HELD)):
        order = hear(working(CANCEL), report(listed), query=True)
        assert order.status is status
        assert "still lists it" in order.reason
    assert hear(working(CANCEL), report(S.SUSPENDED), query=True).status is S.SUSPENDED
    assert hear(working(CANCEL), report(S.CANCELED), query=True).status is S.CANCELED


def test_the_stream_does_not_end_a_cancel() -> None:
    canceling = working(CANCEL)
    assert hear(canceling, report(S.WORKING), report(S.SUSPENDED)) is canceling
    learned = hear(life(submitted(), CANCEL), report(S.WORKING))
    assert (learned.status, learned.resume_status) == (S.PENDING_CANCEL, S.WORKING)


# -- ends ------------------------------------------------------------------------------------------


def test_filled_is_believed_when_its_executions_are_here() -> None:
    claim = report(S.FILLED, cum_quantity=D(100))
    assert hear(working(), claim) == working()
    unknown = hear(working(), claim, query=True)
    assert unknown.status is S.UNKNOWN
    assert unknown.reason == ("the broker says Filled with 100 filled, executions are known for 0")
    assert hear(working(), report(S.FILLED), query=True).status is S.UNKNOWN
    assert hear(unknown, claim) is unknown


@pytest.mark.parametrize("query", [False, True])
def test_filled_at_a_smaller_size_was_cut_elsewhere(query: bool) -> None:
    claim = report(S.FILLED, quantity=D(60), cum_quantity=D(60))
    order = hear(working(filled(60)), claim, query=query)
    assert [order.status, order.quantity] == [S.FILLED, 60]


def test_an_end_with_fills_that_nobody_can_list() -> None:
    claim = report(S.CANCELED, cum_quantity=D(40))
    assert hear(working(), claim).status is S.CANCELED
    lacking = hear(working(), claim, query=True)
    assert lacking.status is S.UNKNOWN
    assert hear(apply(lacking, filled(40)), claim, query=True).status is S.CANCELED


def test_a_query_revives_what_was_taken_for_dead() -> None:
    dead = life(submitted(), event(ev.OrderRejected, reason="lost"))
    for listed, status in (
        (S.WORKING, S.WORKING),
        (S.PENDING_NEW, S.WORKING),
        (S.HELD, S.HELD),
        (S.PARTIALLY_FILLED, S.WORKING),
    ):
        alive = hear(dead, report(listed), query=True)
        assert (alive.status, alive.broker_order_id) == (status, "7")
        assert "though taken for Rejected" in alive.reason
    changed = hear(dead, report(S.WORKING, **DEARER), query=True)
    assert [changed.status, changed.limit_price] == [S.WORKING, 11]
    assert kinds(dead, report(S.WORKING)) == []


def test_a_query_on_the_dead_that_revives_nothing() -> None:
    dead = working(event(ev.OrderCanceled))
    assert kinds(dead, report(S.CANCELED), query=True) == []
    assert kinds(working(filled(100)), report(S.WORKING), query=True) == []
    assert kinds(working(filled(100)), report(S.UNKNOWN, word="?"), query=True) == []
    assert hear(dead, report(S.UNKNOWN, word="?"), query=True).status is S.UNKNOWN
    assert hear(dead, report(S.DRAFT), query=True).status is S.UNKNOWN
    lacking = hear(dead, report(S.CANCELED, cum_quantity=D(40)), query=True)
    assert lacking.status is S.UNKNOWN


def test_a_filled_order_that_the_broker_lists_as_larger() -> None:
    full = working(filled(100))
    larger = report(S.WORKING, quantity=D(200), cum_quantity=D(100))
    assert hear(full, larger) is full
    assert hear(full, larger, query=True).status is S.PARTIALLY_FILLED
    more = hear(full, report(S.FILLED, quantity=D(200), cum_quantity=D(200)), query=True)
    assert more.status is S.UNKNOWN


# -- orders of other programs ----------------------------------------------------------------------

FOREIGN = report(S.WORKING, client_order_id=None)


def adopted(*claims: OrderReport | Execution) -> OrderBook:
    """A book that learned everything from these claims."""
    book = OrderBook()
    for claim in claims:
        order = locate(book, claim)
        if isinstance(claim, OrderReport):
            if order is None:
                for happened in adopt(claim, book):
                    order = book.apply(happened)
            assert order is not None
            events = events_for_report(order, claim)
        else:
            events = fill_events(order, claim) if order else adopt_execution(claim, book)
        for happened in events:
            book.apply(happened)
    return book


def only(book: OrderBook) -> Order:
    (order,) = book
    return order


def test_a_foreign_order_is_adopted_under_the_same_id_at_every_reading() -> None:
    first, second = only(adopted(FOREIGN)), only(adopted(FOREIGN))
    assert first == second
    assert first.is_nameless
    assert first.request.origin is Origin.EXTERNAL
    assert (first.status, first.broker_order_id) == (S.WORKING, "7")
    assert only(adopted(FOREIGN, FOREIGN)).status is S.WORKING
    assert only(adopted(replace(FOREIGN, status=S.HELD))).status is S.HELD


def test_a_foreign_id_is_kept_where_it_can_be() -> None:
    assert external_id(report(S.WORKING)) == OWN
    assert external_id(report(S.WORKING, client_order_id=ClientOrderId("a\nb"))).startswith("ext")
    assert external_id(report(S.WORKING, client_order_id=ClientOrderId(""))).startswith("ext")
    book = OrderBook()
    book.apply(born())
    assert external_id(report(S.WORKING), book).startswith("ext")


def test_a_reused_number_is_another_foreign_order() -> None:
    done = adopted(FOREIGN)
    assert external_id(FOREIGN, done) != only(done).client_order_id
    assert external_id(FOREIGN, done) == external_id(FOREIGN, done)


def test_one_account_seen_through_two_connections() -> None:
    book = OrderBook()
    book.apply(born(request(connection_id=ConnectionId("other"))))
    assert locate(book, report(S.WORKING)) is None
    for happened in adopt(report(S.WORKING), book):
        book.apply(happened)
    twin = locate(book, report(S.WORKING))
    assert twin is not None
    assert twin.client_order_id != OWN
    assert len(book) == 2


def test_a_claim_without_any_name_is_one_order() -> None:
    nameless = replace(FOREIGN, broker_order_id=None)
    assert locate(OrderBook(), nameless) is None
    assert only(adopted(nameless, nameless)).broker_order_id is None


def test_a_live_claim_with_the_number_of_a_dead_order_of_ours() -> None:
    book = OrderBook()
    for happened in (born(), submitted(), accepted(), event(ev.OrderCanceled)):
        book.apply(happened)
    same = FOREIGN
    assert locate(book, same) is not None
    assert locate(book, replace(same, quantity=D(5))) is None
    assert locate(book, replace(same, quantity=D(5), status=S.CANCELED)) is not None
    assert locate(book, replace(same, quantity=D(5), perm_id="p")) is not None
    foreign = adopted(FOREIGN, replace(FOREIGN, status=S.CANCELED))
    assert locate(foreign, replace(FOREIGN, quantity=D(5))) is not None


def test_a_foreign_fill_makes_an_order_that_grows() -> None:
    one = fill(40, "e1", own_id=None, broker_order_id=number("9"))
    two = fill(60, "e2", 3, own_id=None, broker_order_id=number("9"))
    order = only(adopted(one, two, two, one))
    assert [order.status, order.quantity, order.cum_quantity] == [S.FILLED, 100, 100]
    corrected = only(adopted(one, replace(one, quantity=D(50), revision=1), one))
    assert [corrected.quantity, corrected.cum_quantity] == [50, 50]
    assert len(adopted(replace(one, quantity=D(0), revision=1))) == 0
    alone = fill(40, "e1", own_id=None)
    assert only(adopted(alone, alone)).cum_quantity == 40


def test_a_report_after_the_fill_tells_how_large_it_was() -> None:
    first = fill(40, "e1", 2, own_id=None, broker_order_id=number("7"))
    order = only(adopted(first, replace(FOREIGN, status=S.PARTIALLY_FILLED)))
    assert [order.status, order.quantity, order.leaves_quantity] == [S.PARTIALLY_FILLED, 100, 60]
    late = replace(FOREIGN, at=at(1))
    assert only(adopted(first, late)).status is S.FILLED


def test_a_foreign_order_that_was_canceled_takes_late_fills_without_growing() -> None:
    canceled = adopted(FOREIGN, replace(FOREIGN, status=S.CANCELED))
    own_id = only(canceled).client_order_id
    too_much = fill(120, own_id=own_id)
    assert [type(e).__name__ for e in fill_events(only(canceled), too_much)] == ["OrderFilled"]
