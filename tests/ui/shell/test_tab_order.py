"""Tab goes through every page and dialog as it is read, and it is seen where the keyboard is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QGridLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.ui.settings.dialog import SettingsDialog
from app.ui.settings.pages import PAGES
from tests.ui.access_faults import called, focusable, nameless
from tests.ui.find import child
from tests.ui.shell.conftest import PAPER, Driver
from tests.ui.shell.test_accessible import look
from tests.ui.tab_walk import from_first, misread, tab_ring

LEAST_PIXELS = 20
RUN = ("view.save_layout_as", "trading.flatten_everything", "file.exit_program")
SHOWN = ("about", "new_connection", f"drills:{PAPER}")


def walked(driver: Driver, dialog: QDialog) -> list[QWidget]:
    """Once round, begun at what is read first."""
    driver.until(lambda: QApplication.activeWindow() is dialog)
    driver.until(lambda: QApplication.focusWidget() is not None)
    ring: list[QWidget] = []

    def all_of_it() -> bool:
        """What a dialog is still reading, it shows a moment later."""
        driver._on_loop(lambda: ring.__setitem__(slice(None), tab_ring(dialog)))
        return set(focusable(dialog)) <= set(ring)

    driver.until(all_of_it)
    return from_first(dialog, ring)


def test_every_page_of_the_settings_is_walked_as_it_is_read(driver: Driver) -> None:
    driver.connect()
    shell = driver.desk.shell
    wrong: list[str] = []
    for page in PAGES:
        driver._on_loop(partial(shell.show_dialog, f"settings:{page.id}"))
        dialog = child(driver.window, SettingsDialog)
        driver.until(lambda: dialog.isVisible())  # noqa: B023 - the same dialog every time
        ring = walked(driver, dialog)
        names = [one.objectName() for one in ring]
        assert names[:2] == ["settings_search", "settings_pages"], page.id
        shown = dialog.page(page.id)
        inside = [at for at, one in enumerate(ring) if shown.isAncestorOf(one)]
        assert inside == list(range(2, 2 + len(inside))), f"{page.id}: buttons come last"
        wrong += misread(dialog, ring)
    assert wrong == []
    driver._on_loop(dialog.reject)
    driver.until(lambda: driver.window.findChild(SettingsDialog) is None)


def test_every_dialog_is_walked_as_it_is_read(driver: Driver) -> None:
    driver.connect()
    driver.desk.run("trading.arm_keys")
    driver.desk.run("trading.buy_market")
    driver.until(lambda: any(view.quantity for view in driver.engine.portfolio.positions()))
    openers: list[tuple[str, Callable[[], object]]] = [
        *((name, partial(driver.desk.run, name)) for name in RUN),
        *((name, partial(driver.desk.shell.show_dialog, name)) for name in SHOWN),
    ]
    for name, open_it in openers:
        dialog = brought_up(driver, open_it)
        ring = walked(driver, dialog)
        assert misread(dialog, ring) == [], name
        assert nameless(dialog) == [], name
        dim = [called(one) for one in focusable(dialog) if look(driver, one) < LEAST_PIXELS]
        assert dim == [] or name in SHOWN, name  # those are looked at with the accessible names
        driver._on_loop(dialog.reject)
        driver.until(partial(is_gone, driver, dialog))


def shown(driver: Driver) -> list[QDialog]:
    return [one for one in driver.window.findChildren(QDialog) if one.isVisible()]


def brought_up(driver: Driver, open_it: Callable[[], object]) -> QDialog:
    driver._on_loop(open_it)
    driver.until(lambda: shown(driver))
    [dialog] = shown(driver)
    return dialog


def is_gone(driver: Driver, dialog: QDialog) -> bool:
    return dialog not in shown(driver)


# -- the check itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("places", "wrong"),
    [
        ([(0, 0), (0, 1), (1, 0)], 0),
        ([(1, 0), (0, 0)], 1),  # from below to above
        ([(0, 1), (0, 0)], 1),  # from right to left
        ([(0, 0), (2, 0), (0, 1), (2, 1)], 0),  # one column after the other
        ([(0, 0), (1, 1), (0, 1)], 1),
    ],
)
def test_the_walk_sees_what_is_out_of_order(
    qtbot: QtBot, places: list[tuple[int, int]], wrong: int
) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    grid = QGridLayout(host)
    fields = [QLineEdit(host) for _ in places]
    for field, (row, column) in zip(fields, places, strict=True):
        grid.addWidget(field, row, column)
    host.show()
    assert len(misread(host, list(fields))) == wrong


def test_what_is_scrolled_away_counts_as_where_its_page_is(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    column, area, inside = QVBoxLayout(host), QScrollArea(host), QWidget()
    box = QVBoxLayout(inside)
    far = [QLineEdit(inside) for _ in range(40)]
    for field in far:
        box.addWidget(field)
    area.setWidget(inside)
    below = QLineEdit(host)
    column.addWidget(area)
    column.addWidget(below)
    host.resize(300, 200)
    host.show()
    assert misread(host, [far[0], far[-1], below]) == []
    assert misread(host, [below, far[0]]) != []
