"""One key puts a target and a stop around the position, on the paper broker in the real window."""

from __future__ import annotations

from PySide6.QtCore import Qt

from app.domain.order_types import OrderStatus, OrderType, Side
from tests.ui.shell.conftest import ALT, CTRL, NONE, SHIFT, Driver
from tests.ui.shell.test_trading_keys import position

K = Qt.Key


def test_a_position_is_bracketed_once_and_its_exits_go_with_it(driver: Driver) -> None:
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_P, CTRL | ALT)
    driver.until(lambda: any("there is no position" in text for text in driver.said()))
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.press(K.Key_B, CTRL | ALT)
    driver.until(lambda: position(driver) == driver.desk.size)
    driver.press(K.Key_D, CTRL | SHIFT)

    driver.press(K.Key_P, CTRL | ALT)  # a way out needs no armed keys
    driver.until(lambda: len(driver.orders()) == 3)
    driver.until(
        lambda: all(o.status is OrderStatus.WORKING for o in driver.orders()[1:]), timeout_s=20
    )
    target, stop = driver.orders()[1:]
    assert [target.request.order_type, stop.request.order_type] == [OrderType.LIMIT, OrderType.STOP]
    assert {target.request.side, stop.request.side} == {Side.SELL}
    assert {target.quantity, stop.quantity} == {driver.desk.size}
    assert target.request.reduce_only
    assert stop.request.reduce_only

    driver.press(K.Key_P, CTRL | ALT)
    driver.until(lambda: any("open already" in text for text in driver.said()))
    assert len(driver.orders()) == 3

    driver.press(K.Key_F12, NONE)
    driver.until(lambda: position(driver) == 0)
    assert not driver.engine.orders.book.open_orders()
