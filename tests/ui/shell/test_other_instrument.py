"""What belongs to an instrument ends with it: prices, sizes made of money, the focused order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from PySide6.QtCore import Qt

from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.request import OrderRequest
from tests.ui.shell.conftest import CTRL, PAPER, Driver
from tests.ui.shell.test_links import two_groups


def other_instrument(driver: Driver) -> Instrument:
    driver.until(lambda: len(driver.engine.instruments.all()) > 1)
    now = driver.desk.selection.instrument
    assert now is not None
    return next(one for one in driver.engine.instruments.all() if one.key != now.key)


def bid_far_below(driver: Driver) -> Order:
    """An order that waits, and is focused."""
    selection = driver.desk.selection
    assert selection.account_id is not None
    assert selection.instrument is not None
    assert selection.market_key is not None
    quote = driver.engine.market.quote(selection.market_key)
    assert quote is not None
    low = selection.instrument.round_price(Decimal(repr(quote.bid)) * Decimal("0.98"))
    request = OrderRequest(
        PAPER,
        selection.account_id,
        selection.instrument,
        Side.BUY,
        OrderType.LIMIT,
        Decimal(1),
        limit_price=low,
    )

    async def sent() -> list[Order]:
        return await driver.engine.orders.submit([request])

    order: Order = driver.do(sent())[0]
    own_id = order.client_order_id
    assert order.reason == ""
    driver.until(lambda: driver.engine.orders.order(own_id).status is OrderStatus.WORKING)
    driver.desk.order_focus.set(own_id)
    return order


def test_a_closed_ticket_keeps_no_stop_of_another_instrument(driver: Driver) -> None:
    driver.connect()
    driver.window.panels.toggle("ticket")
    desk = driver.desk.core.active
    desk.note_draft(replace(desk.draft, has_bracket=True, protective_stop=Decimal("54.00")))
    driver.desk.select(instrument=other_instrument(driver))
    assert desk.draft.protective_stop is None


def test_price_keys_leave_an_order_of_another_instrument_alone(driver: Driver) -> None:
    driver.connect()
    order = bid_far_below(driver)
    driver.desk.arming.arm()
    driver.desk.select(instrument=other_instrument(driver))
    assert driver.desk.order_focus.own_id is None
    driver.press(Qt.Key.Key_F4)
    driver.until(lambda: any("no order is focused" in text for text in driver.said()))
    driver.press(Qt.Key.Key_Up, CTRL)
    now = driver.engine.orders.order(order.client_order_id)
    assert (now.status, now.limit_price) == (OrderStatus.WORKING, order.limit_price)


def test_going_to_another_group_leaves_the_focused_order_behind(driver: Driver) -> None:
    first, second, _ = two_groups(driver)
    driver.desk.core.activate(first)
    bid_far_below(driver)
    first.select(instrument=first.selection.instrument)
    assert driver.desk.order_focus.own_id is not None
    driver.desk.core.activate(second)
    assert driver.desk.order_focus.own_id is None
