"""Tab through the whole window: everything that is seen, as it is read, and nothing that is not."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QStatusBar, QTabBar, QToolBar, QWidget

from tests.ui.access_faults import called
from tests.ui.shell.conftest import SHIFT, Driver

MOST = 120


def ring(driver: Driver, held: Qt.KeyboardModifier) -> list[QWidget]:
    """Where Tab leads from the chart until it is there again."""
    driver._on_loop(lambda: driver.desk.run("view.focus_chart"))
    found: list[QWidget] = []
    for _ in range(MOST):
        driver.press(Qt.Key.Key_Tab, held)
        here = QApplication.focusWidget()
        assert here is not None
        if here in found:
            break
        found.append(here)
    assert here is found[0]
    return found


def part_of(widget: QWidget) -> QWidget:
    """The bar, panel, tabs or status bar in which it stands."""
    at: QWidget | None = widget
    kinds = (QDockWidget, QToolBar, QTabBar, QStatusBar)
    while at is not None and not (isinstance(at, kinds) and at.parentWidget() is widget.window()):
        at = at.parentWidget()
    assert at is not None, f"{called(widget)} stands in no part of the window"
    return at


def test_tab_leads_through_all_that_is_seen_and_never_behind_a_tab(driver: Driver) -> None:
    driver.connect()
    driver.window.resize(1600, 1000)
    driver.until(lambda: driver.window.docks["ticket"].height() > 700)
    stops = ring(driver, Qt.KeyboardModifier.NoModifier)
    parts = list(dict.fromkeys(part_of(one) for one in stops))
    whole = driver.window.rect()
    assert [called(part) for part in parts if not whole.contains(part.geometry().center())] == []
    names = {part.objectName() for part in parts}
    assert {"replay_bar", "watchlist", "chart", "ticket", "orders"} <= names
    assert not names & {"executions", "positions", "account", "log", "journal"}
    changes = [(one, other) for one, other in pairwise(stops) if part_of(one) is not part_of(other)]
    assert len(changes) <= len(parts), "each part is walked through in one go"

    back = ring(driver, SHIFT)
    assert {called(one) for one in back} == {called(one) for one in stops}
    at = stops.index(back[0])
    assert back == [*reversed(stops[: at + 1]), *reversed(stops[at + 1 :])]


def test_the_buttons_above_a_table_come_before_it(driver: Driver) -> None:
    driver.connect()
    stops = ring(driver, Qt.KeyboardModifier.NoModifier)
    dock = driver.window.docks["orders"]
    spots = [
        QRect(one.mapTo(dock, QPoint(0, 0)), one.size()) for one in stops if dock.isAncestorOf(one)
    ]
    assert len(spots) > 3
    assert [spot.top() for spot in spots] == sorted(spot.top() for spot in spots)
