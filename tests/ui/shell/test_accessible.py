"""The keyboard reaches everything, it is seen where it is, and everything says what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QDialog,
    QFormLayout,
    QLineEdit,
    QTabBar,
    QToolBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.store.settings import GeneralSettings
from app.ui import theme
from app.ui.dock import PanelDock
from app.ui.settings.pages import PAGES
from app.ui.wizard.option_list import OptionCard
from tests.ui.access_faults import called, focusable, has_tab, nameless
from tests.ui.shell.conftest import PAPER, Driver

# What opens a dialog of the window by name, as commands do.
DIALOGS = (
    *("about", "keys", "risk_limits", "new_connection", f"drills:{PAPER}"),
    *(f"settings:{page.id}" for page in PAGES),
)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    theme.use(GeneralSettings())


def test_everything_in_every_panel_has_a_name(driver: Driver) -> None:
    driver.connect()
    found: set[str] = set()
    for panel_id in driver.window.docks:
        driver.desk.shell.show_panel(panel_id)
        assert focusable(driver.window.docks[panel_id]), f"the keyboard cannot get into {panel_id}"
        found |= set(nameless(driver.window))
    assert sorted(found) == []


@contextmanager
def opened(driver: Driver, name: str) -> Iterator[QDialog]:
    """A dialog of the window while inside."""
    before = set(driver.window.findChildren(QDialog))
    driver.desk.shell.show_dialog(name)
    driver.until(lambda: set(driver.window.findChildren(QDialog)) - before)
    [dialog] = set(driver.window.findChildren(QDialog)) - before
    driver.until(dialog.isVisible)
    yield dialog
    driver._on_loop(dialog.close)
    driver.until(lambda: not set(driver.window.findChildren(QDialog)) - before)


def test_everything_in_every_dialog_has_a_name(driver: Driver) -> None:
    driver.connect()
    found: list[str] = []
    for name in DIALOGS:
        with opened(driver, name) as dialog:
            assert focusable(dialog), f"the keyboard cannot get into {name}"
            assert dialog.windowTitle(), name
            found += [f"{name}: {one}" for one in nameless(dialog)]
    assert found == []


# -- where the keyboard is -----------------------------------------------------------------------


def picture(driver: Driver, widget: QWidget) -> QImage:
    """The widget and a little around it, as it is in its window; of an option its whole card."""
    if isinstance(card := widget.parentWidget(), OptionCard):
        widget = card
    window = widget.window()
    rect = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()).adjusted(-3, -3, 3, 3)
    return window.grab(rect).toImage()


def changed_pixels(first: QImage, second: QImage) -> int:
    if first.size() != second.size():
        return 0
    return sum(
        first.pixel(x, y) != second.pixel(x, y)
        for x in range(first.width())
        for y in range(first.height())
    )


def look(driver: Driver, widget: QWidget) -> int:
    """How many pixels tell that the keyboard is here, in a picture that is still otherwise."""
    home = widget.window()
    _in_sight(widget)
    home.setFocus()
    before = picture(driver, widget)
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    if not widget.hasFocus():
        return 0
    return changed_pixels(before, picture(driver, widget))


def _in_sight(widget: QWidget) -> None:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QAbstractScrollArea) and hasattr(parent, "ensureWidgetVisible"):
            parent.ensureWidgetVisible(widget)
        parent = parent.parentWidget()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_it_is_seen_which_widget_of_a_panel_has_the_keyboard(driver: Driver, name: str) -> None:
    theme.use(GeneralSettings(theme=name))
    driver.window.resize(1600, 1000)
    QApplication.setCursorFlashTime(0)
    unseen: set[str] = set()
    for panel_id, dock in driver.window.docks.items():
        driver.desk.shell.show_panel(panel_id)
        # What stands behind another tab counts as visible, but lies outside of the window.
        driver.until(partial(in_front, dock))
        settle(driver, dock)
        unseen |= {called(one) for one in focusable(dock) if look(driver, one) < _plain(one)}
    unseen |= {
        called(one)
        for bar in (*driver.window.findChildren(QTabBar), *driver.window.findChildren(QToolBar))
        for one in (bar, *focusable(bar))
        if one.isVisible() and has_tab(one) and look(driver, one) < _plain(one)
    }
    assert sorted(unseen) == []


def settle(driver: Driver, dock: PanelDock) -> None:
    """Wait until a panel that has just come to the front has found its room."""
    before: object = None
    for _ in range(60):
        now = [(part.isVisible(), part.geometry()) for part in dock.findChildren(QWidget)]
        if now == before:
            return
        before = now
        driver.do(asyncio.sleep(0.1))


def in_front(dock: PanelDock) -> bool:
    return dock.window_of.rect().contains(dock.geometry())


def _plain(widget: QWidget) -> int:
    """How many pixels at least: about one edge of it."""
    return min(40, widget.width(), 2 * widget.height())


def test_it_is_seen_which_widget_of_a_dialog_has_the_keyboard(driver: Driver) -> None:
    unseen: set[str] = set()
    for name in DIALOGS:
        with opened(driver, name) as dialog:
            driver.until(lambda dialog=dialog: QApplication.activeWindow() is dialog)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            widgets = focusable(dialog)
            hidden = {called(one) for one in widgets if look(driver, one) < _plain(one)}
            unseen |= {f"{name}: {one}" for one in hidden}
    assert sorted(unseen) == []


def test_these_tests_see_what_has_no_name(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    box = QFormLayout(host)
    bare, told, labelled = QLineEdit(), QLineEdit(), QLineEdit()
    told.setAccessibleName("Price")
    box.addWidget(bare)
    box.addWidget(told)
    box.addRow("&Size", labelled)
    host.show()
    assert nameless(host) == [called(bare)]


# -- the order of Tab ----------------------------------------------------------------------------


def tab_ring(driver: Driver, root: QWidget, first: QWidget) -> list[QWidget]:
    """Where Tab leads from `first` until it leaves `root` or comes round."""
    first.setFocus(Qt.FocusReason.TabFocusReason)
    ring = [first]
    for _ in range(60):
        driver.press(Qt.Key.Key_Tab)
        here = QApplication.focusWidget()
        if here is None or here is first or not root.isAncestorOf(here):
            break
        ring.append(here)
    return ring


def test_tab_goes_through_the_ticket_from_top_to_bottom_and_left_to_right(driver: Driver) -> None:
    driver.connect()
    driver.window.resize(1600, 1000)
    dock = driver.window.docks["ticket"]
    driver.until(lambda: dock.height() > 700)
    meant = [one for one in focusable(dock) if one.height() > 0]
    meant.sort(key=lambda one: (one.mapTo(dock, QPoint(0, 0)).y(), one.mapTo(dock, one.pos()).x()))
    ring = tab_ring(driver, dock, meant[0])
    spots = [QRect(one.mapTo(dock, QPoint(0, 0)), one.size()) for one in ring]
    assert len(ring) >= 8
    assert len(set(map(id, ring))) == len(ring)
    for (one, spot), (other, follower) in pairwise(zip(ring, spots, strict=True)):
        is_below = follower.center().y() > spot.top() + min(spot.height(), follower.height()) // 2
        is_beside = abs(follower.center().y() - spot.center().y()) < 14
        on_the_right = follower.left() >= spot.left()
        assert (is_beside and on_the_right) or (is_below and not is_beside), (
            f"from {called(one)} to {called(other)}"
        )
