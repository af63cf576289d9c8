"""Finding an order by any of its names, when names are reused and half told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.base.errors import OrderStateError
from app.domain import order_events as ev
from app.domain.ids import AccountId, ClientOrderId, ConnectionId
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus, Origin, Side
from tests.doubles.orders import (
    ACCOUNT,
    CONNECTION,
    OWN,
    QQQ,
    SPY,
    accepted,
    at,
    born,
    fill,
    filled,
    number,
    request,
    submitted,
)

OTHER = ClientOrderId("other")


def book_of(*events: ev.OrderEvent) -> OrderBook:
    book = OrderBook()
    for event in events:
        book.apply(event)
    return book


def find(book: OrderBook, **names: Any) -> Order | None:
    told: dict[str, Any] = {
        "connection_id": CONNECTION,
        "client_order_id": None,
        "broker_order_id": None,
        "perm_id": "",
        "instrument": SPY,
        "side": Side.BUY,
        "account_id": ACCOUNT,
    }
    return book.find(**{**told, **names})


def found(book: OrderBook, **names: Any) -> ClientOrderId | None:
    order = find(book, **names)
    return order.client_order_id if order else None


def two_with_number_seven() -> OrderBook:
    """The first is done; the broker gives its number to the second."""
    return book_of(
        born(),
        submitted(),
        accepted("7"),
        filled(100),
        born(request(client_order_id=OTHER)),
        submitted(OTHER),
        accepted("7", own_id=OTHER),
    )


def test_orders_are_born_once_and_before_anything_else() -> None:
    book = book_of(born())
    with pytest.raises(OrderStateError, match="exists already"):
        book.apply(born())
    with pytest.raises(OrderStateError, match="no order other"):
        book.apply(submitted(OTHER))
    assert len(book) == 1
    assert [order.status for order in book] == [OrderStatus.DRAFT]


def test_an_illegal_event_changes_nothing() -> None:
    book = book_of(born(), submitted(), accepted(), filled(100))
    with pytest.raises(OrderStateError):
        book.apply(accepted("8"))
    assert found(book, broker_order_id=number("8")) is None
    assert book.get(OWN) == find(book, broker_order_id=number("7"))


def test_by_our_own_id_on_its_connection() -> None:
    book = book_of(born())
    assert found(book, client_order_id=OWN) == OWN
    assert find(book, client_order_id=OWN, connection_id=ConnectionId("elsewhere")) is None
    assert book.get(None) is None


def test_by_permanent_id() -> None:
    book = book_of(born(), submitted(), accepted("7", perm_id="p"))
    assert found(book, perm_id="p") == OWN
    assert find(book, perm_id="q") is None
    # A number whose permanent id differs belongs to another order.
    assert find(book, perm_id="q", broker_order_id=number("7")) is None


def test_by_number_only_where_all_else_agrees() -> None:
    book = book_of(born(), submitted(), accepted("7"))
    seven = number("7")
    assert found(book, broker_order_id=seven) == OWN
    assert found(book, broker_order_id=seven, account_id=None) == OWN
    assert found(book, broker_order_id=seven, perm_id="new") == OWN
    assert find(book, broker_order_id=number("8")) is None
    assert find(book, broker_order_id=seven, side=Side.SELL) is None
    assert find(book, broker_order_id=seven, instrument=QQQ) is None
    assert find(book, broker_order_id=seven, account_id=AccountId("A2")) is None
    assert find(book, broker_order_id=seven, client_order_id=OTHER) is None
    assert find(book) is None


def test_a_foreign_order_may_be_given_a_name_later() -> None:
    foreign = request(origin=Origin.EXTERNAL)
    book = book_of(replace(born(foreign), broker_order_id=number("7")))
    assert found(book, broker_order_id=number("7"), client_order_id=OTHER) == OWN


def test_a_reused_number_means_the_newest_order() -> None:
    book = two_with_number_seven()
    assert found(book, broker_order_id=number("7")) == OTHER
    # A late event of the first does not take the number back.
    book.apply(filled(20, "e9"))
    assert found(book, broker_order_id=number("7")) == OTHER


def test_executions_find_their_order_even_when_its_number_was_reused() -> None:
    book = two_with_number_seven()
    known = book.owner_of(fill(90, revision=1, own_id=None, broker_order_id=number("7")))
    fresh = book.owner_of(fill(10, "e2", own_id=None, broker_order_id=number("7")))
    assert known is not None
    assert fresh is not None
    assert (known.client_order_id, fresh.client_order_id) == (OWN, OTHER)
    assert book.owner_of(fill(10, "e3", own_id=None)) is None


def test_lists() -> None:
    book = two_with_number_seven()
    book.apply(filled(10, "e2", 1, own_id=OTHER))
    assert [o.client_order_id for o in book.of_connection(CONNECTION)] == [OWN, OTHER]
    assert book.of_connection(ConnectionId("elsewhere")) == []
    assert [o.client_order_id for o in book.open_orders()] == [OTHER]
    assert [e.exec_id for e in book.executions()] == ["e2", "e1"]


def test_a_copy_goes_its_own_way() -> None:
    book = two_with_number_seven()
    copy = book.copy()
    copy.apply(ev.OrderCanceled(client_order_id=OTHER, at=at(9)))
    assert [o.client_order_id for o in book.open_orders()] == [OTHER]
    assert copy.open_orders() == []
    assert found(copy, broker_order_id=number("7")) == OTHER


def test_an_order_that_comes_back_to_life_stands_in_its_old_place() -> None:
    book = book_of(born(), submitted(), accepted("7"))
    for event in (born(request(client_order_id=OTHER)), submitted(OTHER)):
        book.apply(event)
    book.apply(ev.OrderCanceled(client_order_id=OWN, at=at(3)))
    assert [o.client_order_id for o in book.open_orders()] == [OTHER]
    back = ev.OrderResolved(
        client_order_id=OWN,
        at=at(4),
        status=OrderStatus.WORKING,
        evidence="listed",
        reconciliation=True,
    )
    book.apply(back)
    assert [o.client_order_id for o in book.open_orders()] == [OWN, OTHER]
