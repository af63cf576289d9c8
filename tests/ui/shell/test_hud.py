"""The heads-up strip: true before a key and after it, one line high, still while nothing moves."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolBar

from app.domain.reports import Severity
from app.ui import theme
from app.ui.chart.view import ChartView
from app.ui.hud import HudStrip, Line
from tests.ui.shell.conftest import ALT, CTRL, PAPER, SHIFT, Driver

K = Qt.Key


def line(driver: Driver, name: str) -> str:
    return driver.child(Line, f"hud-{name}").text()


def badge(driver: Driver, name: str) -> str:
    return driver.child(QLabel, f"hud-{name}").text()


def test_before_and_after_a_key(driver: Driver) -> None:
    assert badge(driver, "state") == "DISARMED"
    driver.connect()
    driver.window.setFocus()
    driver.until(lambda: badge(driver, "mode") == "PAPER")
    driver.until(lambda: line(driver, "would").startswith("BUY 1 @ "))
    assert line(driver, "place").endswith(" at paper")
    assert line(driver, "what") == "INDA  ·  size 1"
    driver.press(K.Key_B, CTRL | ALT)
    driver.until(lambda: line(driver, "after").startswith("Buy Market: not armed"))
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.until(lambda: badge(driver, "state") == "ARMED")
    driver.until(lambda: line(driver, "after") == "Armed")  # "not armed" is true no more
    driver.press(K.Key_B, CTRL | ALT)
    driver.until(lambda: line(driver, "held").startswith("long 1 @ "))
    driver.until(lambda: " filled at " in line(driver, "after"))
    assert driver.child(Line, "hud-after").accessibleName().startswith("Last key: BUY 1 INDA")
    driver.press(K.Key_F9)
    driver.until(lambda: line(driver, "after").startswith("SELL 1 INDA MKT DAY: 1 of 1 filled at"))


def test_what_no_trading_key_said_is_not_shown_as_one(driver: Driver) -> None:
    driver.desk.notify(Severity.INFO, "something else")
    driver.desk.run("view.use_dark_theme")
    driver.child(HudStrip, "hud").refresh()
    assert line(driver, "after") == ""


def test_the_focused_order_is_named_and_cycled(driver: Driver) -> None:
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.do(driver.engine.connections.call(PAPER, lambda b: b.control("replay.pause")))
    driver.press(K.Key_J, CTRL | ALT)
    driver.until(lambda: [o for o in driver.orders() if o.status.value == "Working"])
    driver.press(K.Key_F3)
    driver.until(lambda: line(driver, "held").endswith(" DAY"))
    assert "order BUY 1 INDA LMT" in line(driver, "held")
    orders = driver.window.docks["orders"].panel
    assert orders is not None
    [row] = orders.selected()  # type: ignore[attr-defined] # of the Orders panel
    assert row.order.client_order_id == driver.orders()[0].client_order_id
    levels = driver.child(ChartView, "chart-view").levels
    driver.until(lambda: [one for one in levels.levels if one.text.startswith("▸ BUY 1 LMT")])
    driver.press(K.Key_F4)
    driver.until(lambda: driver.orders()[0].status.is_closed)
    driver.until(lambda: "order" not in line(driver, "held"))


@pytest.mark.parametrize("size", [QSize(1280, 800), QSize(1600, 1000)])
def test_one_line_that_never_makes_the_window_wider(driver: Driver, size: QSize) -> None:
    driver.connect()
    driver.do(driver.engine.connections.call(PAPER, lambda b: b.control("replay.pause")))
    strip = driver.child(QToolBar, "hud")
    long = "a very long sentence about what became of the last key " * 10
    driver.window.resize(size)
    driver.desk.run("trading.set_size_5")
    driver.until(lambda: line(driver, "after") == "Size 500")  # from now on nothing is redrawn
    after = driver.child(Line, "hud-after")
    after.write(long, theme.color("text"))
    held = driver.child(Line, "hud-held")
    held.write("long 200 @ 54.35  ·  order SELL 200 INDA STP 54.15 DAY", theme.color("muted"))
    driver.until(lambda: held.width() >= held.sizeHint().width())
    assert driver.window.width() == size.width()
    assert strip.height() < 2.2 * strip.fontMetrics().height() + 12
    for name in ("what", "would", "held"):  # symbol, size and prices are never cut
        whole = driver.child(Line, f"hud-{name}")
        assert whole.width() >= whole.sizeHint().width()
    assert after.geometry().right() <= strip.width()
    assert after.toolTip() == long


class Paints(QObject):
    """Counts how often one widget is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() is QEvent.Type.Paint
        return False


def test_nothing_is_painted_while_nothing_changes(driver: Driver) -> None:
    driver.connect()
    driver.do(driver.engine.connections.call(PAPER, lambda b: b.control("replay.pause")))
    strip = driver.child(HudStrip, "hud")
    driver.until(lambda: line(driver, "would").startswith("BUY"))
    strip.refresh()
    QApplication.processEvents()
    paints = Paints()
    lines = strip.findChildren(Line)
    for one in lines:
        one.installEventFilter(paints)
    for _ in range(20):
        strip.refresh()
    QApplication.processEvents()
    assert paints.count == 0
    driver.desk.run("trading.set_size_3")
    strip.refresh()
    driver.until(lambda: paints.count > 0)
    for one in lines:
        one.removeEventFilter(paints)


def test_its_tip_lists_every_entry_key_with_what_it_would_send(driver: Driver) -> None:
    driver.connect()
    would = driver.child(Line, "hud-would")
    event = QHelpEvent(QEvent.Type.ToolTip, QPoint(1, 1), would.mapToGlobal(QPoint(1, 1)))
    QApplication.sendEvent(would, event)
    tip = would.toolTip().splitlines()
    assert len(tip) == 6
    assert tip[0] == "Ctrl+Alt+B  Buy Market: BUY 1 INDA MKT DAY"
