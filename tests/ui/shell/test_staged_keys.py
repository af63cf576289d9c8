"""A staged order in the whole window: its keys, where it is seen, and what ends it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QPushButton, QWidget

from app.domain.order_types import OrderType
from app.domain.request import OrderRequest
from app.ui.chart.view import ChartView
from app.ui.dialogs.confirm_order import ConfirmOrderDialog
from app.ui.hud import HudStrip
from app.ui.panels.ticket import TicketPanel
from app.ui.widgets.number_edit import NumberEdit
from tests.ui.shell.conftest import ALT, CTRL, NONE, PAPER, SHIFT, Driver

K = Qt.Key
CENT = Decimal("0.01")


@pytest.fixture
def staged(driver: Driver) -> Driver:
    """Disarmed, staged mode on, and a join at the bid staged."""
    driver.connect()
    driver.do(driver.engine.connections.call(PAPER, lambda b: b.control("replay.pause")))
    driver.window.setFocus()
    driver.desk.run("trading.toggle_staged_mode")
    driver.press(K.Key_J, CTRL | ALT)
    assert driver.desk.staging.staged is not None
    return driver


def order_of(driver: Driver) -> OrderRequest:
    staged = driver.desk.staging.staged
    assert staged is not None
    return staged


def ghosts(driver: Driver) -> list[str]:
    levels = driver.child(ChartView, "chart-view").levels.levels
    return [level.text for level in levels if level.text.startswith("STAGED")]


def strip(driver: Driver) -> HudStrip:
    return driver.child(HudStrip, "hud")


def hud(driver: Driver, name: str) -> str:
    strip(driver).refresh()
    return driver.child(QWidget, f"hud-{name}").accessibleName()


def test_it_is_on_ticket_chart_and_strip(staged: Driver) -> None:
    order = order_of(staged)
    assert staged.child(NumberEdit, "ticket-limit").value() == order.limit_price
    send = staged.child(QPushButton, "ticket-send")
    assert send.property("staged") is True
    assert f"LMT {order.limit_price} DAY" in send.text()
    assert ghosts(staged) == ["STAGED BUY 1 LMT · Enter sends, Esc drops"]
    assert hud(staged, "state").startswith("STAGED")
    assert f"Enter: BUY 1 INDA LMT {order.limit_price} DAY" in hud(staged, "would")
    assert staged.orders() == []


def test_plain_keys_adjust_it(staged: Driver) -> None:
    for key, held, ticks, size in (
        (K.Key_Up, NONE, 1, 1),
        (K.Key_Down, NONE, -1, 1),
        (K.Key_Up, SHIFT, 5, 1),
        (K.Key_Down, SHIFT, -5, 1),
        (K.Key_Right, NONE, 0, 2),
        (K.Key_Plus, NONE, 0, 3),
    ):
        before = order_of(staged).limit_price
        assert before is not None
        staged.press(key, held)
        after = order_of(staged)
        assert after.limit_price == before + ticks * CENT
        assert after.quantity == size
        assert staged.child(NumberEdit, "ticket-limit").value() == after.limit_price
        assert staged.child(NumberEdit, "ticket-quantity").value() == size == staged.desk.size


def test_its_keys_work_whichever_panel_has_the_keyboard(staged: Driver) -> None:
    for panel in ("watchlist", "chart", "orders", "positions"):
        staged.window.setFocus()
        staged.press(K.Key_J, CTRL | ALT)
        staged.window.docks[panel].raise_()
        view = staged.window.docks[panel].panel
        assert view is not None
        focus = view.focusProxy() or getattr(view, "table", view)
        assert isinstance(focus, QWidget)
        focus.setFocus()
        before = order_of(staged).limit_price
        assert before is not None
        staged.press(K.Key_Up)
        assert order_of(staged).limit_price == before + CENT
        staged.press(K.Key_Escape)
        assert staged.desk.staging.staged is None
        assert ghosts(staged) == []


def test_enter_needs_armed_keys_and_asks_nothing(staged: Driver) -> None:
    assert staged.desk.settings.trading.confirm_orders
    staged.press(K.Key_Return)
    assert "not armed" in staged.said()[-1]
    assert staged.orders() == []
    order = order_of(staged)
    staged.press(K.Key_A, CTRL | SHIFT)
    staged.press(K.Key_Return)
    staged.hold(K.Key_Return, NONE, 10)
    staged.until(lambda: staged.orders())
    [sent] = staged.orders()
    assert sent.request == order
    assert staged.window.findChildren(ConfirmOrderDialog) == []
    staged.until(lambda: "Last key: BUY 1 INDA LMT" in hud(staged, "after"))


def test_in_a_field_its_keys_keep_their_meaning(staged: Driver) -> None:
    before = order_of(staged)
    field = staged.child(NumberEdit, "ticket-quantity")
    field.setFocus()
    staged.until(field.hasFocus)
    staged.press(K.Key_Left)
    assert order_of(staged) == before
    staged.press(K.Key_Return)  # the ticket's own: it asks first
    staged.until(lambda: staged.window.findChildren(ConfirmOrderDialog))
    assert staged.desk.staging.staged is None  # so that it cannot be sent twice
    assert staged.orders() == []
    staged.press(K.Key_Escape, into=staged.window.findChildren(ConfirmOrderDialog)[0])
    staged.until(lambda: not staged.window.findChildren(ConfirmOrderDialog))


def test_writing_into_the_ticket_takes_it_over(staged: Driver) -> None:
    staged.child(QComboBox, "ticket-type").setCurrentIndex(0)
    assert staged.desk.staging.staged is None
    assert "the ticket was changed by hand" in staged.said()[-1]


def test_a_disarm_another_instrument_and_a_lost_line_end_it(staged: Driver) -> None:
    def stage() -> None:
        staged.press(K.Key_J, CTRL | ALT)
        assert staged.desk.staging.staged is not None

    staged.press(K.Key_A, CTRL | SHIFT)
    staged.press(K.Key_D, CTRL | SHIFT)
    assert staged.desk.staging.staged is None
    assert any("(disarmed: " in text for text in staged.said())
    stage()
    instrument = staged.desk.selection.instrument
    staged.desk.select(instrument=None)
    assert staged.desk.staging.staged is None
    assert "another account or instrument" in staged.said()[-1]
    staged.desk.select(instrument=instrument)
    stage()
    staged.do(staged.engine.connections.disconnect(PAPER))
    staged.until(lambda: staged.desk.staging.staged is None)


def test_without_one_its_keys_are_free(staged: Driver) -> None:
    staged.press(K.Key_Escape)
    count = len(staged.said())
    for key in (K.Key_Up, K.Key_Left, K.Key_Plus, K.Key_Return):
        staged.press(key)
    assert len(staged.said()) == count


def test_sizes_by_key_are_the_staged_ones_too(staged: Driver) -> None:
    staged.press(K.Key_3, CTRL)
    assert order_of(staged).quantity == staged.desk.size == 50
    assert staged.child(NumberEdit, "ticket-quantity").value() == 50


def test_price_keys_write_a_limit_order_in_the_ticket(driver: Driver) -> None:
    driver.connect()
    driver.do(driver.engine.connections.call(PAPER, lambda b: b.control("replay.pause")))
    driver.window.setFocus()
    driver.press(K.Key_Up, CTRL)
    price = driver.child(NumberEdit, "ticket-limit").value()
    assert price is not None
    driver.press(K.Key_PageUp, CTRL)
    assert driver.child(NumberEdit, "ticket-limit").value() == price + 5 * CENT
    ticket = driver.window.docks["ticket"].panel
    assert isinstance(ticket, TicketPanel)
    assert driver.child(QComboBox, "ticket-type").currentData() is OrderType.LIMIT
    assert driver.orders() == []


def test_a_dry_run_is_said_on_strip_and_button_and_sends_nothing(driver: Driver) -> None:
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_D, CTRL | ALT)
    driver.press(K.Key_A, CTRL | SHIFT)
    assert hud(driver, "state").startswith("DRY RUN")
    driver.press(K.Key_B, CTRL | ALT)
    driver.until(lambda: "DRY RUN: would BUY 1 INDA MKT DAY in" in driver.said()[-1])
    assert "DRY RUN: would BUY 1" in hud(driver, "after")
    settings = driver.engine.settings
    trading = replace(settings.trading, confirm_orders=False)
    driver.engine.apply_settings(replace(settings, trading=trading))
    driver.press(K.Key_Up, CTRL)
    send = driver.child(QPushButton, "ticket-send")
    assert send.text().startswith("DRY RUN\nBUY")
    send.click()
    driver.until(lambda: "LMT" in driver.said()[-1])
    assert driver.said()[-1].startswith("DRY RUN: would BUY 1 INDA LMT")
    assert driver.orders() == []
    driver.press(K.Key_D, CTRL | ALT)
    assert not driver.desk.arming.is_armed
    assert not send.text().startswith("DRY RUN")
