"""The command palette: found by letters, run through the same gate as keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListView

from app.ui.palette import CommandPalette
from tests.ui.shell.conftest import ALT, CTRL, SHIFT, Driver

K = Qt.Key


@pytest.fixture
def opened(driver: Driver) -> Driver:
    driver.window.setFocus()
    driver.press(K.Key_P, CTRL | SHIFT)
    driver.until(lambda: shown(driver) is not None)
    return driver


def shown(driver: Driver) -> CommandPalette | None:
    found = driver.window.findChild(CommandPalette)
    return found if found is not None and found.isVisible() else None


def query(driver: Driver) -> QLineEdit:
    return driver.child(QLineEdit, "palette_query")


def ids(driver: Driver) -> list[str]:
    palette = shown(driver)
    assert palette is not None
    return [entry.command.id for entry in palette.entries()]


def chosen(driver: Driver) -> str:
    return ids(driver)[driver.child(QListView, "palette_list").currentIndex().row()]


def test_it_opens_over_the_window_with_the_keyboard(opened: Driver) -> None:
    palette = shown(opened)
    assert palette is not None
    assert query(opened).hasFocus()
    assert opened.window.rect().contains(palette.geometry())
    assert palette.geometry().center().x() == pytest.approx(opened.window.width() / 2, abs=2)
    assert palette.geometry().top() < opened.window.height() / 3
    assert len(ids(opened)) == len(opened.desk.commands)


def test_enter_runs_what_was_found_and_the_keyboard_goes_back(opened: Driver) -> None:
    QTest.keyClicks(query(opened), "light")
    assert ids(opened)[0] == "view.use_light_theme"
    opened.press(K.Key_Return)
    opened.until(lambda: shown(opened) is None)
    assert opened.desk.settings.general.theme == "light"
    assert QApplication.focusWidget() is opened.window
    opened.press(K.Key_P, CTRL | SHIFT)
    assert ids(opened)[0] == "view.use_light_theme"


def test_the_arrows_choose(opened: Driver) -> None:
    QTest.keyClicks(query(opened), "cancel")
    first, second, third = ids(opened)[:3]
    assert chosen(opened) == first
    opened.press(K.Key_Down)
    opened.press(K.Key_Tab)
    assert chosen(opened) == third
    opened.press(K.Key_Up)
    assert chosen(opened) == second
    opened.press(K.Key_PageUp)
    opened.press(K.Key_Up)
    assert chosen(opened) == first
    assert query(opened).hasFocus()


def test_escape_and_its_own_key_close_it(opened: Driver) -> None:
    opened.press(K.Key_Escape)
    opened.until(lambda: shown(opened) is None)
    opened.press(K.Key_P, CTRL | SHIFT)
    assert shown(opened) is not None
    opened.press(K.Key_P, CTRL | SHIFT)
    opened.until(lambda: shown(opened) is None)


def test_a_click_elsewhere_closes_it(opened: Driver) -> None:
    opened.window.docks["chart"].panel.setFocus()  # type: ignore[union-attr] # it is open
    opened.window.setFocus()
    opened.until(lambda: shown(opened) is None)


def test_why_a_command_cannot_run_is_shown_and_holds(opened: Driver) -> None:
    opened.connect()
    QTest.keyClicks(query(opened), "buy market")
    palette = shown(opened)
    assert palette is not None
    assert "not armed" in str(palette.reasons()[0])
    index = driver_index(opened)
    assert "not now: not armed" in str(index.data(Qt.ItemDataRole.AccessibleTextRole))
    opened.press(K.Key_Return)
    opened.until(lambda: opened.said())
    assert "Buy Market: not armed" in opened.said()[-1]
    assert opened.orders() == []


def driver_index(driver: Driver):  # type: ignore[no-untyped-def] # Qt's union of index types
    return driver.child(QListView, "palette_list").model().index(0, 0)


def test_an_armed_entry_runs_and_its_key_does_nothing_meanwhile(opened: Driver) -> None:
    opened.connect()
    opened.desk.arming.arm()
    opened.press(K.Key_B, CTRL | ALT)
    assert opened.orders() == []
    QTest.keyClicks(query(opened), "buy market")
    opened.press(K.Key_Return)
    opened.until(lambda: len(opened.orders()) == 1)


def test_a_way_out_works_while_it_is_open(opened: Driver) -> None:
    opened.press(K.Key_F8)
    assert opened.said()[-1].startswith("Cancel All (Account)")


def test_nothing_found_says_so(opened: Driver) -> None:
    QTest.keyClicks(query(opened), "qqqq")
    assert ids(opened) == []
    assert opened.child(QLabel, "palette_empty").isVisible()
    opened.press(K.Key_Return)
    assert shown(opened) is not None


def test_a_click_on_a_row_runs_it(opened: Driver) -> None:
    QTest.keyClicks(query(opened), "light")
    rows = opened.child(QListView, "palette_list")
    place = rows.visualRect(rows.model().index(0, 0)).center()
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    opened.until(lambda: opened.desk.settings.general.theme == "light")


def test_rows_are_painted(opened: Driver) -> None:
    palette = shown(opened)
    assert palette is not None
    QTest.keyClicks(query(opened), "buy")
    image = palette.grab().toImage()
    colors = {image.pixelColor(QPoint(x, 60)).name() for x in range(image.width())}
    assert len(colors) > 3  # there are letters on it
