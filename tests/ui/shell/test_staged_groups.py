"""A staged order belongs to the link group it was staged in, whatever group one works in."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QPushButton

from app.domain.order_types import OrderType
from app.ui.panels.ticket import TicketPanel
from app.ui.widgets.number_edit import NumberEdit
from tests.ui.shell.conftest import ALT, CTRL, PAPER, Driver
from tests.ui.shell.test_links import focus, two_groups

K = Qt.Key


def staged_in_first(driver: Driver) -> None:
    """Staged in group A, which has the ticket; the keyboard is in group B then."""
    driver.do(driver.engine.connections.call(PAPER, lambda b: b.control("replay.pause")))
    focus(driver, "chart")
    driver.desk.run("trading.toggle_staged_mode")
    driver.press(K.Key_J, CTRL | ALT)
    assert driver.desk.staging.staged is not None
    focus(driver, "chart-2")


def test_keys_of_another_group_leave_it_alone_and_escape_puts_the_ticket_back(
    driver: Driver,
) -> None:
    first, second, _other = two_groups(driver)
    focus(driver, "chart")
    kind = driver.child(QComboBox, "ticket-type")
    kind.setCurrentIndex(kind.findData(OrderType.MARKET))
    send = driver.child(QPushButton, "ticket-send")
    before = send.text()
    staged_in_first(driver)
    request = driver.desk.staging.staged
    assert send.text() != before
    driver.desk.run("trading.arm_keys")
    for key in (K.Key_Return, K.Key_Up, K.Key_Down, K.Key_Right):
        driver.press(key)
        assert "staged in another link group" in driver.said()[-1]
    driver.press(K.Key_3, CTRL)
    assert (second.size, first.size) == (Decimal(50), Decimal(1))
    assert driver.desk.staging.staged == request
    assert driver.orders() == []
    driver.press(K.Key_Escape)
    assert driver.desk.staging.staged is None
    assert (kind.currentData(), send.text()) == (OrderType.MARKET, before)
    assert driver.child(NumberEdit, "ticket-limit").value() is None


def test_its_ticket_may_be_closed_and_opened_meanwhile(driver: Driver) -> None:
    two_groups(driver)
    staged_in_first(driver)
    request = driver.desk.staging.staged
    assert request is not None
    focus(driver, "chart")
    for _ in range(2):
        driver.window.panels.toggle("ticket")
        driver.do(asyncio.sleep(0.05))
    assert driver.desk.staging.staged == request
    ticket = driver.window.docks["ticket"].panel
    assert isinstance(ticket, TicketPanel)
    assert driver.child(NumberEdit, "ticket-limit").value() == request.limit_price
    assert driver.child(QPushButton, "ticket-send").property("staged") is True
    focus(driver, "chart")
    driver.press(K.Key_Escape)
    driver.until(lambda: driver.desk.staging.staged is None)
    assert driver.child(NumberEdit, "ticket-limit").value() is None


def test_switching_staged_mode_off_in_the_settings_drops_it(driver: Driver) -> None:
    two_groups(driver)
    staged_in_first(driver)
    assert driver.desk.save_setting("trading", "staged_orders", False)
    assert driver.desk.staging.staged is None
    assert "(staged mode is off)" in driver.said()[-1]


def test_armed_without_an_account_ends_where_one_is_adopted(driver: Driver) -> None:
    assert driver.desk.account == (None, None)
    driver.desk.run("trading.arm_keys")
    assert driver.desk.arming.is_armed
    driver.connect()
    assert driver.desk.arming.reason == "another account was chosen"
    driver.press(K.Key_B, CTRL | ALT)
    assert driver.orders() == []
