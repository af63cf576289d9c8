"""A ticket that is closed while something of it is still on its way."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent

from app.ui.panels.ticket import TicketPanel
from tests.ui.shell.conftest import Driver

PRICE = Decimal("54.00")


def test_its_order_goes_out_and_is_told_of(driver: Driver) -> None:
    """What an estimate or an answer finds gone is no failure: nothing is logged."""
    driver.connect()
    driver.desk.arming.arm()
    trading = replace(driver.engine.settings.trading, confirm_orders=False)
    driver.engine.apply_settings(replace(driver.engine.settings, trading=trading))
    dock = driver.window.docks["ticket"]
    panel = dock.panel
    assert isinstance(panel, TicketPanel)
    driver.desk.price_picked.emit(PRICE)

    def send_and_close() -> None:
        panel._estimate._ask()
        panel.send()
        dock.shut_panel()
        QCoreApplication.sendPostedEvents(panel, QEvent.Type.DeferredDelete.value)

    driver._on_loop(send_and_close)
    driver.until(lambda: not shiboken6.isValid(panel))
    driver.until(lambda: driver.orders() and not driver.orders()[0].status.is_in_flight)
    told = ("LMT 54.00 DAY: sent", "LMT 54.00 DAY: working")  # by how quick the answer was
    driver.until(lambda: any(text.endswith(told) for text in driver.said()))
