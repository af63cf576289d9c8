"""ARMED is a visible state that anything surprising ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.domain import events
from app.domain.ids import AccountId, ConnectionId
from app.domain.reports import Health
from app.domain.risk_limits import TradingState
from app.ui import theme
from tests.ui.shell.conftest import CTRL, PAPER, SHIFT, Driver


def badge(driver: Driver) -> QLabel:
    found = driver.window.status.findChild(QLabel, "arm_badge")
    assert found is not None
    return found


def is_armed(driver: Driver) -> bool:
    return driver.desk.arming.is_armed


def told(state: str) -> events.ConnectionChanged:
    return events.ConnectionChanged(PAPER, state, Health(), state == "ready", True)


def test_armed_is_red_and_says_so(driver: Driver) -> None:
    assert badge(driver).text() == "DISARMED"
    driver.window.setFocus()
    driver.press(Qt.Key.Key_A, CTRL | SHIFT)
    assert is_armed(driver)
    assert badge(driver).text() == "ARMED"
    image = badge(driver).grab().toImage()
    assert image.pixelColor(QPoint(4, image.height() // 2)) == theme.color("armed")
    driver.press(Qt.Key.Key_D, CTRL | SHIFT)
    assert badge(driver).text() == "DISARMED"
    assert "disarmed by the trader" in badge(driver).toolTip()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["connecting", "ready"], ["reconnecting"]),
        (["connecting", "ready"], ["offline"]),
        (["connecting", "ready", "reconnecting"], ["ready"]),
    ],
)
def test_a_lost_and_a_new_line_disarm(driver: Driver, before: list[str], after: list[str]) -> None:
    for state in before:
        driver.engine.bus.publish(told(state))
    driver.desk.arming.arm()
    for state in after:
        driver.engine.bus.publish(told(state))
    assert not is_armed(driver)


def test_what_changes_nothing_about_the_line_does_not_disarm(driver: Driver) -> None:
    driver.engine.bus.publish(told("ready"))
    driver.desk.arming.arm()
    driver.engine.bus.publish(replace(told("ready"), text="quotes are late"))
    assert is_armed(driver)


def test_another_account_disarms_another_symbol_does_not(driver: Driver) -> None:
    driver.connect()
    driver.desk.arming.arm()
    driver.desk.select(instrument=None)
    assert is_armed(driver)
    driver.desk.select(account_id=AccountId("another"))
    assert not is_armed(driver)
    driver.desk.arming.arm()
    driver.desk.select(connection_id=ConnectionId("elsewhere"))
    assert driver.desk.selection.connection_id is None
    assert driver.desk.selection.account_id is None
    assert not is_armed(driver)
    assert driver.desk.arming.reason == "another account was chosen"


def test_idle_disarms_without_anybody_asking(driver: Driver, qtbot: QtBot) -> None:
    driver.desk.arming.idle_s = 0.05
    driver.session.core._idle.setInterval(20)
    driver.desk.arming.arm()
    driver.until(lambda: badge(driver).text() == "DISARMED", 5)
    assert not driver.session.core._idle.isActive()


def test_halting_disarms_and_forbids_arming_until_resumed(driver: Driver) -> None:
    driver.desk.arming.arm()
    driver.desk.run("trading.halt_trading")
    assert driver.engine.risk.state is TradingState.HALTED
    assert not is_armed(driver)
    driver.desk.run("trading.arm_keys")
    assert not is_armed(driver)
    assert "halted" in driver.said()[-1]
    driver.desk.run("trading.resume_trading")
    driver.desk.run("trading.arm_keys")
    assert is_armed(driver)
