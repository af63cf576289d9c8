"""From the idea to a working limit order in two steps at most, whichever way is taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from app.domain.order_types import OrderStatus, OrderType, Origin, Side
from tests.ui.find import child
from tests.ui.shell.conftest import ALT, CTRL, NONE, Driver

K = Qt.Key


@pytest.fixture
def ready(driver: Driver) -> Driver:
    """Connected, an instrument chosen, armed: what a trader does once a day."""
    driver.connect()
    driver.window.setFocus()
    driver.desk.arming.arm()
    return driver


def works(driver: Driver, side: Side, origin: Origin) -> None:
    """There is one order, a limit order of `side`, and the broker has it."""
    driver.until(lambda: driver.orders() and not driver.orders()[0].status.is_in_flight)
    [order] = driver.orders()
    request = order.request
    assert (request.side, request.order_type) == (side, OrderType.LIMIT)
    assert request.origin is origin
    assert order.status in (OrderStatus.WORKING, OrderStatus.FILLED)


@pytest.mark.parametrize(("key", "side"), [(K.Key_J, Side.BUY), (K.Key_K, Side.SELL)])
def test_one_key_joins_the_market(ready: Driver, key: Qt.Key, side: Side) -> None:
    ready.press(key, CTRL | ALT)
    works(ready, side, Origin.HOTKEY)


def test_a_price_clicked_and_enter(ready: Driver) -> None:
    trading = replace(ready.engine.settings.trading, confirm_orders=False)
    ready.engine.apply_settings(replace(ready.engine.settings, trading=trading))
    bid = child(ready.window.docks["ticket"], QPushButton, "ticket-bid")
    ready._on_loop(lambda: QTest.mouseClick(bid, Qt.MouseButton.LeftButton))
    ready.press(K.Key_Return, NONE)
    works(ready, Side.BUY, Origin.TICKET)


def test_staged_a_key_and_enter(ready: Driver) -> None:
    trading = replace(ready.engine.settings.trading, staged_orders=True)
    ready.engine.apply_settings(replace(ready.engine.settings, trading=trading))
    ready.press(K.Key_J, CTRL | ALT)
    ready.until(lambda: ready.desk.staging.staged)
    assert ready.orders() == []
    ready.press(K.Key_Return)
    works(ready, Side.BUY, Origin.HOTKEY)
