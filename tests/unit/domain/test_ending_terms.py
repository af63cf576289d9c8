"""A change that nobody heard the answer to, on an order that is over when we come back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.domain import order_events as ev
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus
from app.domain.reconcile import reconcile
from app.domain.request import OrderChange
from tests.doubles.orders import (
    CONNECTION,
    OWN,
    accepted,
    at,
    born,
    fill,
    report,
    snapshot,
    submitted,
)

S = OrderStatus
NEW_PRICE = Decimal("10.50")


def changing(*later: ev.OrderEvent) -> OrderBook:
    """Killed right after a change to 10.50 went out."""
    book = OrderBook()
    change = OrderChange(limit_price=NEW_PRICE)
    asked = ev.OrderReplaceRequested(client_order_id=OWN, at=at(2), change=change)
    for event in (born(), submitted(), accepted(), asked, *later):
        book.apply(event)
    return book


LOST = ev.OrderUnresolved(client_order_id=OWN, at=at(3), reason="the program ended")
CANCELING = ev.OrderCancelRequested(client_order_id=OWN, at=at(3))


@pytest.mark.parametrize("later", [(), (LOST,), (CANCELING,)])
@pytest.mark.parametrize("end", [S.FILLED, S.CANCELED])
@pytest.mark.parametrize("price", [NEW_PRICE, Decimal("10.00")])
def test_a_finished_order_shows_the_terms_it_had_in_the_end(
    later: tuple[ev.OrderEvent, ...], end: OrderStatus, price: Decimal
) -> None:
    book = changing(*later)
    quantity = Decimal(100) if end is S.FILLED else Decimal(40)
    said = snapshot(
        [report(end, seconds=5, limit_price=price, cum_quantity=quantity)],
        [fill(str(quantity), price=price, seconds=4)],
    )
    result = reconcile(book, CONNECTION, said, frozenset(), at(100))
    for event in result.events:
        book.apply(event)
    order = book.get(OWN)
    assert order is not None
    assert (order.status, order.limit_price, order.cum_quantity) == (end, price, quantity)
    assert order.pending_change is None
    assert any("its change had arrived" in text for text in result.findings) is (price == NEW_PRICE)
    assert reconcile(book, CONNECTION, said, frozenset(), at(100)).events == ()


def test_what_just_moved_is_left_to_the_stream() -> None:
    book = changing()
    said = snapshot([report(S.CANCELED, limit_price=NEW_PRICE)])
    for words in ({"recent": frozenset({OWN})}, {"recent": frozenset(), "unsettled": {OWN}}):
        result = reconcile(book, CONNECTION, said, now=at(100), **words)
        assert not any(isinstance(event, ev.OrderReplaced) for event in result.events)
