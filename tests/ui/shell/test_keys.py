"""Keys: heard once, in one place; ways out work while typing, entries do not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLineEdit, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from app.commands.key_press import KeyPress
from app.ui.keys import is_typing, press_of
from tests.ui.shell.conftest import ALT, CTRL, NONE, SHIFT, Driver

K = Qt.Key


@pytest.mark.parametrize(
    ("key", "held", "text", "spelled"),
    [
        (K.Key_B, CTRL | ALT, "", "Ctrl+Alt+B"),
        (K.Key_Escape, SHIFT, "", "Shift+Esc"),
        (K.Key_F12, SHIFT, "", "Shift+F12"),
        (K.Key_Slash, NONE, "/", "/"),
        (K.Key_Slash, SHIFT, "/", "/"),  # Shift+7 on a German keyboard
        (K.Key_B, SHIFT, "B", "Shift+B"),
        (K.Key_1, CTRL | Qt.KeyboardModifier.KeypadModifier, "1", "Ctrl+1"),
        (K.Key_Plus, CTRL, "+", "Ctrl++"),
        (K.Key_B, CTRL | ALT, "b", "Ctrl+Alt+B"),
        (K.Key_E, CTRL | ALT, "€", None),  # AltGr+E, as Windows tells it
        (K.Key_Control, CTRL, "", None),
        (K.Key_AltGr, NONE, "", None),
    ],
)
def test_one_spelling_for_keyboard_and_keymap(
    key: Qt.Key, held: Qt.KeyboardModifier, text: str, spelled: str | None
) -> None:
    press = press_of(QKeyEvent(QEvent.Type.KeyPress, key, held, text), "x11")
    assert press == KeyPress(None, (spelled,) if spelled else ())


def test_what_counts_as_typing(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    field, locked, fixed = QLineEdit(holder), QLineEdit(holder), QComboBox(holder)
    locked.setReadOnly(True)
    free = QComboBox(holder)
    free.setEditable(True)
    assert [is_typing(w) for w in (field, free, QSpinBox(holder))] == [True, True, True]
    assert [is_typing(w) for w in (locked, fixed, holder, None)] == [False] * 4


def test_an_entry_key_that_is_not_armed_says_how_to_arm(driver: Driver) -> None:
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_B, CTRL | ALT)
    assert driver.said()[-1] == ("Buy Market: not armed (off at start): press Ctrl+Shift+A to arm")
    assert driver.orders() == []


def test_holding_a_key_down_runs_it_once(driver: Driver) -> None:
    driver.window.setFocus()
    driver.press(K.Key_F8)
    driver.hold(K.Key_F8, NONE, 20)
    said = [text for text in driver.said() if text.startswith("Cancel All (Account)")]
    assert len(said) == 1


def typing_field(driver: Driver) -> QLineEdit:
    field = QLineEdit(driver.window)
    field.show()
    field.setFocus()
    driver.until(field.hasFocus)
    return field


def test_while_typing_letters_are_text_and_entries_do_nothing(driver: Driver) -> None:
    field = typing_field(driver)
    driver.write("b/")
    driver.press(K.Key_B, CTRL | ALT)
    driver.press(K.Key_A, CTRL | SHIFT)
    assert field.text() == "b/"
    assert field.hasFocus()
    assert driver.said() == ["Buy Market: entry keys do nothing while a field or dialog is open"]
    assert not driver.desk.arming.is_armed


def test_ways_out_work_while_typing(driver: Driver) -> None:
    typing_field(driver)
    for key, held, title in (
        (K.Key_F6, NONE, "Cancel Bids"),
        (K.Key_F7, NONE, "Cancel Asks"),
        (K.Key_Escape, SHIFT, "Cancel All (Symbol)"),
        (K.Key_F8, NONE, "Cancel All (Account)"),
        (K.Key_F9, NONE, "Close Position"),
        (K.Key_F12, NONE, "Flatten"),
    ):
        count = len(driver.said())
        driver.press(key, held)
        driver.until(lambda count=count: len(driver.said()) > count)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        assert driver.said()[count].startswith(title)


def test_ways_out_work_while_a_dialog_asks_and_nothing_else_does(driver: Driver) -> None:
    dialog = QDialog(driver.window)
    dialog.open()
    driver.until(lambda: QApplication.activeModalWidget() is dialog)
    driver.desk.arming.arm()
    driver.press(K.Key_K, CTRL, into=dialog)
    driver.press(K.Key_B, CTRL | ALT, into=dialog)
    assert driver.orders() == []
    assert [text.partition(":")[0] for text in driver.said()] == ["Armed", "Buy Market"]
    driver.press(K.Key_F8, into=dialog)
    assert driver.said()[-1].startswith("Cancel All (Account)")
    dialog.close()
    dialog.deleteLater()


def test_the_symbol_search_is_found_from_anywhere(driver: Driver) -> None:
    driver.window.setFocus()
    driver.press(K.Key_K, CTRL)
    focused = QApplication.focusWidget()
    assert isinstance(focused, QLineEdit)
    assert driver.window.docks["watchlist"].isAncestorOf(focused)
    driver.window.setFocus()
    driver.press(K.Key_Slash)
    assert QApplication.focusWidget() is focused
    assert focused.text() == ""


def test_panels_take_the_keyboard_by_number(driver: Driver) -> None:
    for number, panel_id in enumerate(driver.window.docks, start=1):
        driver.press(Qt.Key(K.Key_0 + number), ALT)
        focused = QApplication.focusWidget()
        dock = driver.window.docks[panel_id]
        assert focused is not None
        assert dock.isAncestorOf(focused), f"Alt+{number} gave the keyboard to {focused}"


def test_presets_choose_the_size(driver: Driver) -> None:
    presets = driver.desk.settings.trading.size_presets
    driver.window.setFocus()
    driver.press(K.Key_2, CTRL)
    assert driver.desk.size == presets[1].amount


def test_a_rebound_key_is_heard_and_the_old_one_is_not(driver: Driver) -> None:
    driver.desk.keymap.override("trading.cancel_account", "Ctrl+F3")
    driver.window.setFocus()
    driver.press(K.Key_F8)
    assert driver.said() == []
    driver.press(K.Key_F3, CTRL)
    assert driver.said()[-1].startswith("Cancel All (Account)")


def test_no_key_is_heard_once_the_program_is_closing(driver: Driver) -> None:
    driver.session.keys.stop()
    driver.press(K.Key_F8)
    assert driver.said() == []
