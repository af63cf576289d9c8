"""What the trader hears and sees of the day: sounds for news only, toasts that go away."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from app.domain.events import NoticeRaised
from app.domain.reports import Severity
from app.ui.widgets.number_edit import NumberEdit
from app.ui.widgets.table_view import TableView
from tests.ui.shell.conftest import ALT, CTRL, PAPER, SHIFT, Driver

K = Qt.Key


class Loudspeaker:
    """Fits `app.ui.sounds.Player`: notes what would be heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def play(self, name: str, volume_percent: int) -> bool:
        self.heard.append(name)
        return True


@pytest.fixture
def speaker(driver: Driver) -> Loudspeaker:
    driver.session.sounds._player = made = Loudspeaker()
    return made


def test_a_fill_is_heard_once_and_not_again_when_it_is_read_anew(
    driver: Driver, speaker: Loudspeaker
) -> None:
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.press(K.Key_B, CTRL | ALT)
    driver.until(lambda: speaker.heard == ["fill"])
    driver.do(driver.engine.connections.disconnect(PAPER))
    driver.connect()
    assert speaker.heard == ["fill"]


def test_sounds_are_off_where_the_settings_say_so(driver: Driver, speaker: Loudspeaker) -> None:
    driver.desk.save_setting("notifications", "sounds", False)
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.press(K.Key_B, CTRL | ALT)
    driver.until(lambda: any(order.status.is_closed for order in driver.orders()))
    assert speaker.heard == []


def warn(driver: Driver, text: str) -> None:
    notice = NoticeRaised(Severity.WARNING, "ib", text, driver.engine.clock.now())
    driver.engine.bus.publish(notice)


def test_escape_sends_toasts_away_wherever_the_keyboard_is(driver: Driver) -> None:
    places: tuple[tuple[str, type[QWidget]], ...] = (
        ("watchlist", QLineEdit),
        ("orders", TableView),
        ("ticket", NumberEdit),
        ("log", TableView),
    )
    for panel, kind in places:
        driver.desk.shell.show_panel(panel)
        found = driver.window.docks[panel].findChildren(kind)
        next(one for one in found if one.isVisible()).setFocus()
        warn(driver, f"the data farm of the {panel} is down")
        assert driver.window.toasts.toasts()
        driver.press(K.Key_Escape)
        assert driver.window.toasts.toasts() == [], panel


def test_a_storm_of_warnings_is_one_toast(driver: Driver) -> None:
    for attempt in range(1, 30):
        warn(driver, f"nothing listens on 127.0.0.1:7497 (326), next attempt in {attempt} s")
    [toast] = driver.window.toasts.toasts()
    assert toast.count == 29


def test_without_toasts_the_status_bar_still_has_it(driver: Driver) -> None:
    driver.desk.save_setting("notifications", "toasts", False)
    warn(driver, "the data farm is down")
    assert driver.window.toasts.toasts() == []
    assert "the data farm is down" in driver.window.status._message.text()
