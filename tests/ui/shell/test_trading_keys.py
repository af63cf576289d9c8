"""Trading by keys against the paper broker: what was asked for is sent, and nothing else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt

from app.commands import exits
from app.domain.order_types import OrderStatus, OrderType, Origin, Side
from app.ui.dialogs.confirm import ConfirmDialog
from tests.ui.shell.conftest import ALT, CTRL, NONE, PAPER, SHIFT, Driver

K = Qt.Key


@pytest.fixture
def armed(driver: Driver) -> Driver:
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_A, CTRL | SHIFT)
    assert driver.desk.arming.is_armed
    return driver


def position(driver: Driver) -> Decimal:
    connection_id, account_id, instrument = exits.chosen(driver.desk.selection)
    view = driver.engine.portfolio.position(connection_id, account_id, instrument.key)
    return Decimal(0) if view is None else view.quantity


def test_buy_at_the_market_then_flatten(armed: Driver) -> None:
    armed.press(K.Key_B, CTRL | ALT)
    armed.until(lambda: position(armed) == armed.desk.size)
    [order] = armed.orders()
    assert order.request.side is Side.BUY
    assert order.request.order_type is OrderType.MARKET
    assert order.request.origin is Origin.HOTKEY
    armed.press(K.Key_F12)
    armed.until(lambda: position(armed) == 0)
    assert armed.orders()[-1].request.reduce_only


def test_join_the_bid_then_cancel_the_bids_only(armed: Driver) -> None:
    armed.press(K.Key_J, CTRL | ALT)
    armed.until(lambda: len(armed.orders()) == 1)
    [order] = armed.orders()
    assert order.request.order_type is OrderType.LIMIT
    assert order.request.side is Side.BUY
    armed.press(K.Key_F7)
    armed.until(lambda: any("Cancel Asks" in text for text in armed.said()))
    armed.press(K.Key_F6)
    armed.until(lambda: armed.orders()[0].status.is_closed)


def test_holding_the_entry_key_sends_one_order(armed: Driver) -> None:
    armed.press(K.Key_B, CTRL | ALT)
    armed.hold(K.Key_B, CTRL | ALT, 30)
    armed.until(lambda: position(armed) == armed.desk.size)
    assert len(armed.orders()) == 1


def test_the_status_line_follows_the_order_past_its_sending(armed: Driver) -> None:
    armed.press(K.Key_B, CTRL | ALT)
    armed.until(lambda: any(" filled at " in text for text in armed.said()))
    told = [text for text in armed.said() if "MKT DAY: " in text]
    assert " filled at " in told[-1]
    assert all(text.endswith((": sent", ": working")) for text in told[:-1])


def test_a_broker_without_a_cancel_for_everything_offers_none(armed: Driver) -> None:
    command = armed.desk.commands.get("trading.cancel_at_broker")
    assert command.available(armed.desk) == "paper has no cancel for everything at once"


def test_exit_keys_never_open_anything(armed: Driver) -> None:
    for key, held in ((K.Key_F9, NONE), (K.Key_F12, NONE), (K.Key_F9, SHIFT)):
        armed.press(key, held)
    armed.until(lambda: len([t for t in armed.said() if "position" in t]) >= 3)
    assert armed.orders() == []
    assert position(armed) == 0


def test_ways_out_need_no_arming(armed: Driver) -> None:
    armed.press(K.Key_B, CTRL | ALT)
    armed.until(lambda: position(armed) > 0)
    armed.press(K.Key_D, CTRL | SHIFT)
    armed.press(K.Key_F9)
    armed.until(lambda: position(armed) == 0)


def test_flatten_everything_asks_once_with_the_list(armed: Driver) -> None:
    armed.press(K.Key_B, CTRL | ALT)
    armed.until(lambda: position(armed) > 0)
    armed.press(K.Key_F12, SHIFT)
    armed.until(lambda: armed.window.findChildren(ConfirmDialog))
    [dialog] = armed.window.findChildren(ConfirmDialog)
    dialog.cancel_button.click()
    armed.until(lambda: any("called off" in text for text in armed.said()))
    assert position(armed) > 0
    armed.until(lambda: not armed.window.findChildren(ConfirmDialog))
    armed.press(K.Key_F12, SHIFT)
    armed.until(lambda: armed.window.findChildren(ConfirmDialog))
    armed.window.findChildren(ConfirmDialog)[0].accept_button.click()
    armed.until(lambda: position(armed) == 0)


def test_a_halted_desk_denies_with_the_reason(armed: Driver) -> None:
    armed.desk.run("trading.halt_trading")
    armed.desk.run("trading.resume_trading")
    armed.desk.run("trading.arm_keys")
    armed.desk.run("trading.allow_reducing_only")
    armed.press(K.Key_B, CTRL | ALT)
    armed.until(lambda: armed.orders())
    assert armed.orders()[0].status is OrderStatus.DENIED
    armed.until(lambda: any(text.startswith("Denied: BUY") for text in armed.said()))


def test_what_is_not_connected_sends_nothing(armed: Driver) -> None:
    armed.do(armed.engine.connections.disconnect(PAPER))
    armed.desk.run("trading.arm_keys")
    before = len(armed.said())
    armed.press(K.Key_B, CTRL | ALT)
    assert armed.orders() == []
    assert len(armed.said()) == before + 1
