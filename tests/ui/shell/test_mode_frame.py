"""Whose money it is: on the frame of every window, and on panels that float."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.store.settings import GeneralSettings
from app.ui import theme
from app.ui.frame import Badge, Frame, Mode
from tests.ui.shell.conftest import Driver


def color_at(window: QWidget, x: int, y: int) -> QColor:
    return window.grab().toImage().pixelColor(x, y)


@pytest.mark.parametrize("percent", [100, 200])
@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_has_its_color_and_live_a_wider_edge_and_the_word(
    qtbot: QtBot, mode: Mode, percent: int
) -> None:
    theme.use(GeneralSettings(ui_scale_percent=percent))
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(500, 300)
    frame = Frame(window)
    frame.set_mode(mode)
    window.show()
    edge = theme.color(mode.value).name()
    middle = window.height() // 2
    assert color_at(window, 1, middle).name() == edge
    assert color_at(window, window.width() - 2, middle).name() == edge
    inside = 5 * percent // 100
    assert (color_at(window, inside, middle).name() == edge) is (mode is Mode.LIVE)
    tab = frame.mask().contains(QPoint(window.width() - theme.px(40), frame.strip + 3))
    assert tab is (mode is Mode.LIVE)
    assert frame.accessibleName() == f"{mode.title} account"
    theme.use(GeneralSettings())


def test_the_word_on_a_live_frame_can_be_read() -> None:
    assert theme.contrast(theme.color("live"), theme.color("live_text")) >= 7


def test_the_edge_takes_room_from_the_window_and_not_from_what_stands_in_it(
    driver: Driver,
) -> None:
    window = driver.window
    assert window.contentsMargins().left() == window.frame.strip
    narrow = window.frame.strip
    window.frame.set_mode(Mode.LIVE)
    assert window.contentsMargins().left() == window.frame.strip == 2 * narrow
    assert window.menuBar().mapTo(window, QPoint(0, 0)).x() >= window.frame.strip


def test_a_floating_panel_tells_of_its_own_account(driver: Driver) -> None:
    driver.connect()
    dock = driver.window.docks["ticket"]
    frame, badge = dock.findChild(Frame), dock.head.findChild(Badge, "dock_mode")
    assert isinstance(frame, Frame)
    assert isinstance(badge, Badge)
    assert not frame.isVisible()
    assert not badge.isVisible()
    dock.setFloating(True)
    driver.until(dock.isFloating)
    assert frame.isVisible()
    assert (frame.mode, badge.text()) == (Mode.PAPER, "PAPER")
    driver.desk.select(instrument=None, connection_id=None, account_id=None)
    assert (frame.mode, badge.text()) == (Mode.UNKNOWN, "NO ACCOUNT")
    dock.setFloating(False)
    driver.until(lambda: not frame.isVisible())
