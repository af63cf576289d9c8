"""What became of an order after the sentence of its key is told once, and nothing else is."""

from __future__ import annotations

from app.commands.order_news import OrderNews
from app.domain import order_events as ev
from app.domain.order_types import Origin
from tests.doubles.orders import OWN, accepted, at, filled, life, request, submitted


def test_every_fill_and_the_end_are_told_once() -> None:
    news = OrderNews()
    assert news.hear(life()) is None
    assert news.hear(life(submitted(), accepted())) is None  # its own key says so
    part = life(submitted(), accepted(), filled(40))
    assert str(news.hear(part)).endswith("40 of 100 filled at 10.00")
    assert news.hear(part) is None
    over = life(submitted(), accepted(), filled(40), filled(60, "e2"))
    assert str(news.hear(over)).endswith("100 of 100 filled at 10.00")
    assert news.hear(over) is None  # a fee that comes later is no news


def test_an_end_without_a_fill_is_news_but_no_refusal_and_no_order_of_others() -> None:
    gone = ev.OrderCanceled(client_order_id=OWN, at=at(3))
    assert "canceled" in str(OrderNews().hear(life(submitted(), accepted(), gone)))
    refused = ev.OrderRejected(client_order_id=OWN, at=at(3), reason="no")
    assert OrderNews().hear(life(submitted(), refused)) is None  # that is told loudly
    other = life(submitted(), accepted(), filled(), of=request(origin=Origin.EXTERNAL))
    assert OrderNews().hear(other) is None
