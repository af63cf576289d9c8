"""Settings > Connections: what there is, and everything that can be done with it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QTableWidget

from app.engine.health import ConnectionState
from app.ui.settings.connections_page import ConnectionsPage
from app.ui.wizard.dialog import WizardDialog
from tests.ui.find import child
from tests.ui.settings.opened import Opened
from tests.ui.shell.conftest import PAPER

Open = Callable[[str], Opened]


class Lines:
    def __init__(self, at: Opened) -> None:
        self.at = at
        page = at.dialog.page("connections")
        assert isinstance(page, ConnectionsPage)
        self.page, self.table = page, child(page, QTableWidget, "connections_table")

    def cell(self, column: int) -> str:
        item = self.table.item(0, column)
        assert item is not None
        return item.text()

    def button(self, name: str) -> QPushButton:
        return child(self.page, QPushButton, f"connections_{name}")

    def press(self, name: str) -> None:
        self.at.driver._on_loop(self.button(name).click)

    def said(self) -> str:
        return child(self.page, QLabel, "connections_said").text()

    def stored_ticks(self) -> list[bool]:
        return [one.autoconnect for one in self.at.stored.connections]

    def tick(self, state: Qt.CheckState) -> None:
        item = self.table.item(0, 4)
        assert item is not None
        self.at.driver._on_loop(lambda: item.setCheckState(state))


@pytest.fixture
def lines(opened: Open) -> Lines:
    return Lines(opened("connections"))


def test_it_lists_broker_money_state_and_follows_them(lines: Lines) -> None:
    assert [lines.cell(n) for n in range(6)] == [
        "paper",
        "Paper account",
        "PAPER",
        "Offline",
        "no",
        "no",
    ]
    assert lines.button("line").text() == "&Connect"
    lines.press("line")
    lines.at.driver.until(lambda: lines.cell(3) == "Ready")
    assert lines.button("line").text() == "Dis&connect"
    lines.press("line")
    lines.at.driver.until(lambda: lines.cell(3) == "Offline")


def test_connecting_at_start_is_a_tick(lines: Lines) -> None:
    lines.tick(Qt.CheckState.Checked)
    assert lines.stored_ticks() == [True]
    assert lines.cell(4) == "yes"
    lines.tick(Qt.CheckState.Unchecked)
    assert lines.stored_ticks() == [False]
    assert "does not connect by itself" in lines.said()


def test_a_ready_connection_is_tested_over_its_line(lines: Lines) -> None:
    driver = lines.at.driver
    driver.connect()
    lines.press("test")
    driver.until(lambda: "works" in lines.said())
    assert "were read in" in lines.said()
    assert driver.engine.connections.state(PAPER) is ConnectionState.READY


def test_a_connection_that_is_off_is_tested_in_a_process_of_its_own(lines: Lines) -> None:
    lines.press("test")
    assert lines.said() == "Testing paper."
    assert not lines.button("test").isEnabled()
    lines.at.driver.until(lambda: "works" in lines.said(), 60)
    assert lines.said() == "Paper works: it connected, and everything could be read."
    assert lines.button("test").isEnabled()
    assert lines.at.driver.engine.connections.state(PAPER) is ConnectionState.OFFLINE


def test_a_test_that_fails_says_why(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "connect: failed\nno route to it\n", "")

    monkeypatch.setattr(subprocess, "run", run)
    lines.press("test")
    lines.at.driver.until(lambda: "does not work" in lines.said())
    assert "no route to it" in lines.said()


def test_new_and_edit_open_the_wizard(lines: Lines) -> None:
    driver = lines.at.driver
    for name in ("new", "edit"):
        lines.press(name)
        driver.until(lambda: driver.window.findChild(WizardDialog) is not None)
        wizard = child(driver.window, WizardDialog)
        driver._on_loop(wizard.reject)
        driver.until(lambda: driver.window.findChild(WizardDialog) is None)


def test_a_connection_that_is_removed_leaves_the_list(lines: Lines) -> None:
    lines.press("remove")
    lines.at.answer(yes=True)
    lines.at.driver.until(lambda: lines.table.rowCount() == 0)
    assert not lines.button("edit").isEnabled()
    assert lines.at.stored.connections == ()
