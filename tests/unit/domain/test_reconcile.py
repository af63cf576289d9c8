"""Our book against a broker's whole list."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.domain import order_events as ev
from app.domain.ids import ClientOrderId, ExecId
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus, Origin
from app.domain.reconcile import Reconciliation, reconcile
from app.domain.reports import Snapshot, Unavailable
from app.domain.request import OrderChange
from tests.doubles.clock import START
from tests.doubles.orders import (
    CONNECTION,
    OWN,
    QQQ,
    accepted,
    at,
    born,
    fill,
    filled,
    number,
    report,
    request,
    snapshot,
    submitted,
)

S = OrderStatus
D = Decimal
NOBODY: frozenset[ClientOrderId] = frozenset()
DOWN = Unavailable("timed out", START)


def missing(part: str) -> dict[str, Any]:
    return {part: DOWN}


def book_of(*events: ev.OrderEvent) -> OrderBook:
    book = OrderBook()
    for event in events:
        book.apply(event)
    return book


def sent() -> OrderBook:
    return book_of(born(), submitted())


def working() -> OrderBook:
    return book_of(born(), submitted(), accepted())


def compare(
    book: OrderBook,
    said: Snapshot,
    recent: Set[ClientOrderId] = NOBODY,
    unsettled: Set[ClientOrderId] = NOBODY,
) -> Reconciliation:
    """Reconcile and apply; the question asked again must find nothing more to do."""
    result = reconcile(book, CONNECTION, said, recent, at(100), unsettled)
    for event in result.events:
        book.apply(event)
    assert reconcile(book, CONNECTION, said, recent, at(100), unsettled).events == ()
    return result


def own(book: OrderBook) -> Order:
    order = book.get(OWN)
    assert order is not None
    return order


def event(kind: type[ev.OrderEvent], **fields: Any) -> ev.OrderEvent:
    return kind(client_order_id=OWN, at=at(2), **fields)


# -- what is listed --------------------------------------------------------------------------------


def test_agreement_finds_nothing() -> None:
    book = working()
    result = compare(book, snapshot([report(S.WORKING)]))
    assert (result.events, result.findings, result.unavailable) == ((), (), ())
    assert result.is_complete
    assert (result.connection_id, result.at) == (CONNECTION, at(100))


def test_the_book_given_is_left_alone() -> None:
    book = sent()
    result = reconcile(book, CONNECTION, snapshot([report(S.WORKING)]), NOBODY, at(100))
    assert own(book).status is S.PENDING_NEW
    assert [type(e).__name__ for e in result.events] == ["OrderAccepted"]
    assert result.findings == ("buy 100 SPY: PendingNew here, Working at the broker",)


def test_a_lost_answer_is_found() -> None:
    book = book_of(born(), submitted(), event(ev.OrderUnresolved, reason="no answer"))
    compare(book, snapshot([report(S.WORKING)]))
    assert own(book).status is S.WORKING


def test_fills_of_the_time_away_are_booked_before_the_end_is_judged() -> None:
    book = working()
    result = compare(
        book,
        snapshot(
            [report(S.FILLED, cum_quantity=D(100))], [fill(40, "e1", own_id=None), fill(60, "e2")]
        ),
    )
    # The first execution carries neither our id nor a number: it is nobody's.
    assert own(book).status is S.UNKNOWN
    assert any("recovered a fill: buy 60 SPY" in text for text in result.findings)
    book = working()
    compare(
        book,
        snapshot(
            [report(S.FILLED, cum_quantity=D(100))],
            [fill(40, "e1", own_id=None, broker_order_id=number("7")), fill(60, "e2")],
        ),
    )
    assert own(book).status is S.FILLED
    assert len(book) == 1


def test_filled_without_its_executions_is_unknown() -> None:
    book = working()
    compare(book, snapshot([report(S.FILLED, cum_quantity=D(100))]))
    assert own(book).status is S.UNKNOWN


def test_what_lives_with_fills_that_nobody_can_list_lives_and_is_told() -> None:
    book = working()
    result = compare(book, snapshot([report(S.WORKING, cum_quantity=D(40))]))
    assert own(book).status is S.WORKING
    assert result.findings == (
        "buy 100 SPY: the broker counts 40 as filled, executions are known for 0",
    )


def test_nothing_is_believed_of_ends_while_executions_cannot_be_read() -> None:
    book = working()
    result = compare(book, snapshot([report(S.FILLED, cum_quantity=D(100))], executions=DOWN))
    assert own(book).status is S.WORKING
    assert result.unavailable == ("executions: timed out",)
    assert not result.is_complete


@pytest.mark.parametrize("part", ["accounts", "orders", "executions", "positions"])
def test_a_part_that_could_not_be_read_is_not_an_empty_one(part: str) -> None:
    book = working()
    kept = snapshot([report(S.WORKING)], **missing(part))
    assert not compare(book, kept).is_complete
    assert own(book).status is S.WORKING


def test_a_cancel_that_did_not_happen() -> None:
    book = working()
    book.apply(event(ev.OrderCancelRequested))
    compare(book, snapshot([report(S.WORKING)]))
    assert own(book).status is S.WORKING


def test_a_bracket_child_held_and_then_working() -> None:
    child = request(client_order_id=ClientOrderId("child"), parent_id=OWN)
    child_id = child.client_order_id
    book = book_of(born(), submitted(), born(child), submitted(child_id))
    listed = report(S.HELD, client_order_id=child_id, broker_order_id=number("8"))
    compare(book, snapshot([report(S.WORKING), listed]))
    assert [order.status for order in book] == [S.WORKING, S.HELD]
    done = report(S.FILLED, cum_quantity=D(100))
    compare(book, snapshot([done, replace(listed, status=S.WORKING)], [fill()]))
    assert [order.status for order in book] == [S.FILLED, S.WORKING]


def test_a_changed_order_is_judged_by_its_newest_number() -> None:
    book = working()
    book.apply(event(ev.OrderReplaceRequested, change=OrderChange(limit_price=D(11))))
    old = report(S.CANCELED, seconds=9)
    new = report(S.WORKING, seconds=8, broker_order_id=number("8"), limit_price=D(11))
    for listing in ([old, new], [new, old]):
        scratch = book.copy()
        compare(scratch, snapshot(listing))
        assert [own(scratch).status, own(scratch).limit_price] == [S.WORKING, 11]
        assert own(scratch).broker_order_ids == ("7", "8")


def test_of_two_words_on_one_number_the_newer_counts() -> None:
    for listing in (
        [report(S.CANCELED, seconds=9), report(S.WORKING, seconds=8)],
        [report(S.WORKING, seconds=8), report(S.CANCELED, seconds=9)],
    ):
        book = working()
        compare(book, snapshot(listing))
        assert own(book).status is S.CANCELED


def test_the_stream_knows_better_about_what_just_moved() -> None:
    book = working()
    assert compare(book, snapshot([report(S.CANCELED)]), recent={OWN}).events == ()
    assert compare(book, snapshot(), recent={OWN}).events == ()


def test_a_request_on_its_way_is_not_judged() -> None:
    book = working()
    book.apply(event(ev.OrderCancelRequested))
    compare(book, snapshot([report(S.WORKING)]), unsettled={OWN})
    assert own(book).status is S.PENDING_CANCEL
    book = sent()
    assert compare(book, snapshot(), unsettled={OWN}).events == ()
    compare(book, snapshot([report(S.WORKING)]), unsettled={OWN})
    assert own(book).status is S.WORKING


def test_an_order_that_is_only_a_draft_here_is_said_and_not_applied() -> None:
    book = book_of(born())
    result = compare(book, snapshot([report(S.REJECTED)]))
    assert own(book).status is S.DRAFT
    assert "cannot be applied" in result.findings[0]


# -- what is not listed ----------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [False, True])
def test_never_heard_of_and_not_on_a_complete_list_is_proof(lost: bool) -> None:
    book = sent()
    if lost:
        book.apply(event(ev.OrderUnresolved, reason="no answer"))
    result = compare(book, snapshot())
    assert own(book).status is S.REJECTED
    assert "never reached the broker" in own(book).reason
    assert result.findings == (f"buy 100 SPY: {own(book).reason}",)


@pytest.mark.parametrize("since", [None, at(1)])
def test_a_list_that_may_miss_it_is_no_proof(since: Any) -> None:
    book = sent()
    compare(book, snapshot(complete_since=since))
    assert own(book).status is S.UNKNOWN
    assert own(book).reason == "the broker does not list it"


@pytest.mark.parametrize(
    "heard", [accepted(), accepted(None, perm_id="p"), filled(10)], ids=["number", "perm", "fill"]
)
def test_heard_of_before_and_not_listed_is_unknown(heard: ev.OrderEvent) -> None:
    book = book_of(born(), submitted(), heard)
    compare(book, snapshot())
    assert own(book).status is S.UNKNOWN
    assert compare(book, snapshot()).events == ()


@pytest.mark.parametrize("part", ["orders", "executions"])
def test_absence_proves_nothing_while_a_part_is_missing(part: str) -> None:
    book = sent()
    assert compare(book, snapshot(**missing(part))).events == ()


def test_what_is_closed_need_not_be_listed() -> None:
    book = book_of(born(), submitted(), accepted(), filled(100))
    assert compare(book, snapshot()).events == ()


def test_orders_of_other_connections_are_not_judged() -> None:
    book = sent()
    elsewhere = reconcile(book, CONNECTION, snapshot(), NOBODY, at(100))
    assert len(elsewhere.events) == 1
    other = OrderBook()
    other.apply(born(request(connection_id="other")))
    other.apply(submitted())
    assert compare(other, snapshot()).events == ()


# -- what others entered ---------------------------------------------------------------------------

FOREIGN = report(S.WORKING, client_order_id=None, broker_order_id=number("9"))


def test_a_foreign_order_is_adopted_once() -> None:
    book = OrderBook()
    result = compare(book, snapshot([FOREIGN]))
    (order,) = book
    assert (order.status, order.request.origin) == (S.WORKING, Origin.EXTERNAL)
    assert result.findings == ("found an order of another program: buy 100 SPY",)


def test_a_foreign_order_that_ended_is_adopted_with_its_fills_or_not_at_all() -> None:
    done = replace(FOREIGN, status=S.FILLED, cum_quantity=D(100))
    book = OrderBook()
    assert compare(book, snapshot([done, replace(FOREIGN, status=S.CANCELED)])).events == ()
    by_number = fill(100, own_id=None, broker_order_id=number("9"))
    compare(book, snapshot([done], [by_number, fill(5, "e2", own_id=None, instrument=QQQ)]))
    assert [(o.status, o.limit_price) for o in book] == [(S.FILLED, 10), (S.FILLED, None)]


@pytest.mark.parametrize(
    "names",
    [
        ({"perm_id": "p"}, {"perm_id": "p"}),
        ({"client_order_id": ClientOrderId("x")}, {"client_order_id": ClientOrderId("x")}),
    ],
)
def test_foreign_fills_belong_to_their_order_by_any_name(names: Any) -> None:
    of_report, of_fill = names
    done = replace(FOREIGN, status=S.FILLED, cum_quantity=D(100), **of_report)
    book = OrderBook()
    execution = fill(60, own_id=None)
    fills = [
        replace(execution, **of_fill),
        replace(execution, exec_id=ExecId("e2"), quantity=D(40), **of_fill),
    ]
    compare(book, snapshot([done], fills))
    (order,) = book
    assert [order.status, order.limit_price] == [S.FILLED, 10]


def test_a_twin_without_our_number_is_no_proof_that_ours_never_arrived() -> None:
    book = sent()
    compare(book, snapshot([FOREIGN]))
    assert own(book).status is S.UNKNOWN
    assert "may be this one" in own(book).reason
    # Nor the next time, when the twin is known already.
    compare(book, snapshot([FOREIGN]))
    assert own(book).status is S.UNKNOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": D(5)},
        {"instrument": QQQ},
        {"client_order_id": ClientOrderId("theirs")},
        {"account_id": "A2"},
    ],
)
def test_an_order_that_cannot_be_ours_is_no_twin(changes: Any) -> None:
    book = sent()
    compare(book, snapshot([replace(FOREIGN, **changes)]))
    assert own(book).status is S.REJECTED


def test_a_broker_that_keeps_our_ids_has_no_nameless_twins() -> None:
    book = sent()
    compare(book, snapshot([FOREIGN], carries_client_ids=True))
    assert own(book).status is S.REJECTED


def test_an_order_found_before_ours_was_sent_is_no_twin() -> None:
    book = OrderBook()
    compare(book, snapshot([FOREIGN]))
    book.apply(born())
    book.apply(submitted())
    compare(book, snapshot([FOREIGN]))
    assert own(book).status is S.REJECTED
