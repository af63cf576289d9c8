"""Flatten Everything in the whole window: one question, then a report that follows to the end."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableWidget

from app.commands.flatten_report import Stage
from app.domain.order_types import OrderStatus
from app.ui import theme
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.flatten_report import FlattenReportDialog
from app.ui.widgets.mode_band import ModeBand
from tests.ui.find import child
from tests.ui.shell.conftest import ALT, CTRL, SHIFT, Driver

K = Qt.Key


@pytest.fixture
def held(driver: Driver) -> Driver:
    """A driver with a position and a working order."""
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.press(K.Key_B, CTRL | ALT)
    driver.until(lambda: any(view.quantity for view in driver.engine.portfolio.positions()))
    driver.desk.set_size(Decimal(3))
    driver.press(K.Key_J, CTRL | ALT)
    # At rest: a yes to a question whose lines have just changed is not taken.
    driver.until(lambda: any(order.status is OrderStatus.WORKING for order in driver.orders()))
    return driver


def asked(driver: Driver) -> list[ConfirmDialog]:
    return driver.window.findChildren(ConfirmDialog)


def test_it_asks_once_and_reports_until_all_is_final(held: Driver) -> None:
    held.press(K.Key_F12, SHIFT)
    held.until(lambda: asked(held))
    [question] = asked(held)
    assert child(question, ModeBand).text() == "PAPER — paper"
    held.until(lambda: QApplication.focusWindow() is question.windowHandle())
    held.press(K.Key_F12, SHIFT, into=question)
    held.until(lambda: any("being asked already" in text for text in held.said()))
    assert asked(held) == [question]
    held._on_loop(question.accept_button.click)
    held.until(lambda: held.window.findChild(FlattenReportDialog) is not None)
    report = child(held.window, FlattenReportDialog)
    held.until(lambda: report.report.is_final and report.report.is_over)
    heading = child(report, QLabel, "flatten_heading")
    held.until(lambda: "under way" not in heading.text())
    lines = child(report, QTableWidget, "flatten_lines")
    signs = [lines.item(row, 0) for row in range(lines.rowCount())]
    assert [sign.text() for sign in signs if sign is not None] == ["✓"] * lines.rowCount()
    held.until(lambda: not report._soon.isActive())  # it asks no more by itself
    child(report, QPushButton, "copy_report").click()
    assert QApplication.clipboard().text() == report.report.text
    QApplication.clipboard().clear()
    held._on_loop(report.close)
    held.until(lambda: held.window.findChild(FlattenReportDialog) is None)


def test_a_failure_stands_out(held: Driver) -> None:
    held.do(held.engine.connections.disconnect(held.engine.connections.ids()[0]))
    held.desk.run("trading.flatten_everything")
    held.until(lambda: asked(held))
    held._on_loop(asked(held)[0].accept_button.click)
    held.until(lambda: held.window.findChild(FlattenReportDialog) is not None)
    report = child(held.window, FlattenReportDialog)
    held.until(lambda: report.report.is_over and report.report.count(Stage.FAILED) > 0)
    heading = child(report, QLabel, "flatten_heading")
    held.until(lambda: "failed: see below" in heading.text())
    assert theme.color("alarm").name() in heading.styleSheet()
