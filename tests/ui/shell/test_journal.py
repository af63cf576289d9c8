"""The Journal in the whole window: its keys go to it and not to tables that are elsewhere."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit

from app.domain.events import ExecutionBooked
from app.domain.ids import AccountId
from app.ui.panels.journal import JournalPanel
from tests.doubles.orders import SPY, fill
from tests.ui.shell.conftest import ALT, CTRL, PAPER, Driver


@pytest.fixture
def panel(driver: Driver) -> JournalPanel:
    """The panel with one day of one fill, and with the keyboard."""
    bought = fill(
        "10", instrument=SPY, connection_id=PAPER, account_id=AccountId("A1"), fee=Decimal(1)
    )
    driver.engine.bus.publish(ExecutionBooked(bought))
    driver.press(Qt.Key.Key_9, ALT)
    panel = driver.child(JournalPanel, "journal_panel")
    driver.until(panel.table.hasFocus)
    driver.until(lambda: panel.model.rowCount() == 1)
    return panel


def text_of(panel: JournalPanel, column: str) -> str:
    return str(panel.model.index(0, panel.model.column_index(column)).data())


def test_f2_writes_a_note_and_asks_nothing_of_orders(driver: Driver, panel: JournalPanel) -> None:
    driver.press(Qt.Key.Key_F2)
    driver.until(lambda: isinstance(QApplication.focusWidget(), QLineEdit))
    driver.write("calm")
    driver.press(Qt.Key.Key_Return)
    driver.until(lambda: text_of(panel, "note") == "calm")
    driver.until(panel.table.hasFocus)
    assert not any("Change Order" in text for text in driver.said())
    driver.press(Qt.Key.Key_Z, CTRL)
    driver.until(lambda: text_of(panel, "note") == "")


def test_ctrl_f_searches_the_journal(driver: Driver, panel: JournalPanel) -> None:
    driver.press(Qt.Key.Key_F, CTRL)
    driver.until(panel.bar.search.hasFocus)
    driver.write("x")
    driver.until(lambda: panel.model.rowCount() == 0)
    driver.press(Qt.Key.Key_Escape)
    driver.until(lambda: panel.model.rowCount() == 1)
    driver.press(Qt.Key.Key_Return)
    driver.until(panel.table.hasFocus)


def test_it_stands_again_where_it_stood(driver: Driver, panel: JournalPanel) -> None:
    panel.bar.search.setText("SP")
    driver.until(lambda: panel.bar.filters.symbol == "SP")
    state = driver.window.docks["journal"].save_state()
    assert state["filters"]["symbol"] == "SP"
    assert [entry["id"] for entry in state["table"]["columns"]][:2] == ["when", "net"]
