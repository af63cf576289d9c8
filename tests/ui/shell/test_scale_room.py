"""Panels have the room back that larger text took from their neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QSize, Qt

from app.store.settings import GeneralSettings
from app.ui import theme
from app.ui.scale_room import room_of
from tests.ui.shell.conftest import Driver

Start = Callable[[], Driver]
SIDE = Qt.Orientation.Horizontal
SLACK_PX = 16  # of what bars take; large text takes hundreds
WIDER = 420


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    theme.use(GeneralSettings())


def widths(driver: Driver) -> dict[str, QSize]:
    """The size of every panel in front."""
    docks = driver.window.docks
    return {
        name: docks[name].size()
        for name in ("watchlist", "chart", "ticket", "orders")
        if docks[name].isVisible()
    }


def scaled(driver: Driver, percent: int) -> None:
    """Draw everything at this scale and wait until the panels have found their room."""
    settled: list[int] = []
    room = room_of(driver.window)
    assert room is not None
    room.settled.connect(lambda: settled.append(percent))
    driver._on_loop(lambda: driver.desk.save_setting("general", "ui_scale_percent", percent))
    driver.until(lambda: settled)
    assert theme.scale_percent() == percent


def alike(one: dict[str, QSize], other: dict[str, QSize]) -> bool:
    return one.keys() == other.keys() and all(
        abs(one[name].width() - other[name].width()) <= SLACK_PX
        and abs(one[name].height() - other[name].height()) <= SLACK_PX
        for name in one
    )


def divided_by_hand(driver: Driver) -> None:
    """Another width for the ticket, as a mouse that drags its border gives it."""
    ticket = driver.window.docks["ticket"]
    pair = [driver.window.docks["chart"], ticket]
    both = sum(dock.width() for dock in pair)
    driver.window.resizeDocks(pair, [both - WIDER, WIDER], SIDE)
    driver.until(lambda: abs(ticket.width() - WIDER) <= SLACK_PX)
    driver._on_loop(driver.session.shell.arrangement._forget_room)


def opened(start: Start) -> Driver:
    driver = start()
    driver.window.resize(1440, 900)
    driver.until(lambda: driver.window.size() == QSize(1440, 900))
    driver._on_loop(lambda: driver.desk.run("view.reset_layout"))
    driver.until(lambda: driver.window.docks["ticket"].width() < WIDER - SLACK_PX)
    return driver


def test_from_large_and_small_back_to_usual(start: Start) -> None:
    driver = opened(start)
    before = widths(driver)
    scaled(driver, 200)
    driver.until(lambda: not alike(widths(driver), before))  # the ticket has pushed
    for percent in (100, 80, 100):
        scaled(driver, percent)
        driver.until(lambda: alike(widths(driver), before))
    assert driver.window.size() == QSize(1440, 900)
    assert not driver.session.shell.arrangement.is_modified


def test_also_with_a_restart_in_between(start: Start) -> None:
    driver = opened(start)
    divided_by_hand(driver)
    before = widths(driver)
    scaled(driver, 200)
    driver.until(lambda: not alike(widths(driver), before))
    driver.end()
    again = start()
    assert theme.scale_percent() == 200
    again.window.resize(1440, 900)  # the screen that Qt imagines here is smaller
    again.until(lambda: again.window.size() == QSize(1440, 900))
    scaled(again, 100)
    again.until(lambda: alike(widths(again), before))


def test_what_a_hand_divides_at_a_large_scale_is_kept(start: Start) -> None:
    driver = opened(start)
    scaled(driver, 125)
    divided_by_hand(driver)
    scaled(driver, 100)
    assert abs(driver.window.docks["ticket"].width() - WIDER) <= SLACK_PX


def test_a_layout_that_is_reset_while_large_is_as_designed_when_usual(start: Start) -> None:
    driver = opened(start)
    before = widths(driver)
    scaled(driver, 200)
    driver._on_loop(lambda: driver.desk.run("view.reset_layout"))
    scaled(driver, 100)
    driver.until(lambda: alike(widths(driver), before))
