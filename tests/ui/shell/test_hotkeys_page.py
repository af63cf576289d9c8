"""Settings > Hotkeys: looked up, rebound by pressing, taken from others, reset, kept as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QPlainTextEdit, QPushButton

from app.ui.settings.hotkeys_page import HotkeysPage
from app.ui.settings.hotkeys_table import DEFAULT, KEY, NOTES, HotkeysTable
from app.ui.settings.key_capture import KeyCapture
from tests.ui.shell.conftest import ALT, CTRL, NONE, SHIFT, Driver

K = Qt.Key


class Page:
    """The page in its dialog."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        driver.desk.run("help.show_keys")
        driver.until(lambda: driver.window.findChild(HotkeysPage) is not None)
        self.dialog = driver.child(QDialog, "settings_dialog")
        driver.until(lambda: driver.app.focusWindow() is self.dialog.windowHandle())
        self.table = driver.child(HotkeysTable, "hotkeys_table")
        self.capture = driver.child(KeyCapture, "key_capture")

    def press(self, key: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
        self.driver.press(key, held, into=self.dialog)

    def click(self, name: str) -> None:
        self.driver._on_loop(self.driver.child(QPushButton, name).click)

    def rebind(self, command_id: str, key: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
        """Choose a command, press its key button, press a key."""
        self.table.choose(command_id)
        self.driver._on_loop(self.capture.click)
        assert self.capture.takes_keys
        self.press(key, held)
        assert not self.capture.takes_keys

    def said(self) -> str:
        return self.driver.child(QLabel, "hotkeys_said").text()

    def is_asking(self) -> bool:
        return self.driver.child(QPushButton, "hotkeys_take").isVisible()

    def stored(self) -> dict[str, str | None]:
        return dict(self.driver.desk.settings_store.load().keys)


@pytest.fixture
def page(driver: Driver) -> Page:
    return Page(driver)


def test_every_command_is_listed_with_its_keys(page: Page) -> None:
    desk = page.driver.desk
    assert set(page.table.shown_ids()) == {c.id for c in desk.commands}
    assert page.table.text_of("view.search_symbol", KEY) == "Ctrl+K or /"
    assert page.table.text_of("trading.buy_market", NOTES) == "armed only"


def test_the_search_looks_at_title_menu_id_and_key(page: Page) -> None:
    for text, first in (
        ("buy market", "trading.buy_market"),
        ("F8", "trading.cancel_account"),
        ("trading.flatten_sym", "trading.flatten_symbol"),
        ("file exit", "file.exit_program"),
    ):
        page.driver.child(QLineEdit, "hotkeys_search").setText(text)
        assert page.table.current_id() in page.table.shown_ids()
        assert first in page.table.shown_ids()
        assert len(page.table.shown_ids()) < 8


def test_a_new_key_holds_at_once_everywhere_and_is_stored(page: Page) -> None:
    driver = page.driver
    page.rebind("trading.cancel_account", K.Key_F3, CTRL)
    assert driver.said() == []  # a press that is asked for runs nothing
    assert page.stored() == {"trading.cancel_account": "Ctrl+F3"}
    assert page.table.text_of("trading.cancel_account", KEY) == "Ctrl+F3"
    assert page.table.text_of("trading.cancel_account", DEFAULT) == "F8"
    actions = [a.text().replace("&", "") for a in driver.window.menus.menu("Trade").actions()]
    assert "Cancel All (Account)\tCtrl+F3" in actions
    page.dialog.close()
    driver.press(K.Key_F8)
    assert driver.said() == []
    driver.press(K.Key_F3, CTRL)
    assert driver.said()[-1].startswith("Cancel All (Account)")


def test_a_way_out_does_not_run_while_its_key_is_asked_for(page: Page) -> None:
    page.rebind("trading.cancel_account", K.Key_F8)
    assert page.driver.said() == []
    assert page.stored() == {}
    page.press(K.Key_F8)  # and now it does
    assert page.driver.said()[-1].startswith("Cancel All (Account)")


def test_enter_on_a_command_or_its_key_asks_too(page: Page) -> None:
    page.table.choose("trading.cancel_account")
    page.driver._on_loop(page.table.setFocus)
    page.press(K.Key_Return)
    assert page.capture.takes_keys
    page.press(K.Key_Escape)
    assert page.capture.hasFocus()
    page.press(K.Key_Return)
    assert page.capture.takes_keys
    page.press(K.Key_F12)
    assert page.is_asking()  # it is the key of Flatten
    assert page.driver.said() == []


def test_escape_calls_it_off_and_the_dialog_stays(page: Page) -> None:
    page.rebind("trading.cancel_account", K.Key_Escape)
    assert page.stored() == {}
    assert page.dialog.isVisible()
    assert page.capture.text() == "F8"


def test_backspace_and_delete_take_the_key_away(page: Page) -> None:
    for key in (K.Key_Backspace, K.Key_Delete):
        page.rebind("trading.cancel_account", key)
        assert page.stored() == {"trading.cancel_account": None}
        assert page.table.text_of("trading.cancel_account", KEY) == ""
        assert page.capture.text() == "No key"
        page.click("hotkeys_reset")
        assert page.stored() == {}
        assert page.table.text_of("trading.cancel_account", KEY) == "F8"


def test_other_labels_on_the_keys_do_not_end_the_question(page: Page) -> None:
    page.table.choose("trading.cancel_account")
    page.driver._on_loop(page.capture.click)
    page.driver.desk.commands_changed.emit()
    assert page.capture.takes_keys
    page.press(K.Key_F3, CTRL)
    assert page.stored() == {"trading.cancel_account": "Ctrl+F3"}


def test_modifiers_alone_are_waited_over_and_leaving_calls_it_off(page: Page) -> None:
    page.table.choose("trading.cancel_account")
    page.driver._on_loop(page.capture.click)
    page.press(K.Key_Shift)
    assert page.capture.takes_keys
    page.driver._on_loop(page.table.setFocus)
    assert not page.capture.takes_keys


def test_plain_keys_are_refused_for_trading(page: Page) -> None:
    page.rebind("trading.buy_market", K.Key_B)
    assert "plain keys never trade" in page.said()
    assert page.stored() == {}


def test_a_conflict_is_shown_at_once_and_can_be_called_off(page: Page) -> None:
    page.rebind("trading.cancel_bids", K.Key_F8)
    assert page.said() == "F8 is the key of Cancel All (Account)."
    assert page.is_asking()
    assert page.stored() == {}
    page.click("hotkeys_cancel")
    assert not page.is_asking()
    assert page.stored() == {}


def test_a_key_is_taken_from_the_other(page: Page) -> None:
    page.rebind("trading.cancel_bids", K.Key_F8)
    page.click("hotkeys_take")
    assert page.stored() == {"trading.cancel_bids": "F8", "trading.cancel_account": None}
    assert page.driver.desk.keymap.command_for("F8") == "trading.cancel_bids"
    page.table.choose("trading.cancel_account")
    page.click("hotkeys_reset")
    assert "is now the key of Cancel Bids" in page.said()
    assert page.stored()["trading.cancel_account"] is None


def test_or_both_are_left_without(page: Page) -> None:
    page.rebind("trading.cancel_bids", K.Key_F8)
    page.click("hotkeys_neither")
    assert page.stored() == {"trading.cancel_bids": None, "trading.cancel_account": None}


def test_another_command_is_no_answer_to_the_question(page: Page) -> None:
    page.rebind("trading.cancel_bids", K.Key_F8)
    page.table.choose("trading.cancel_asks")
    assert not page.is_asking()
    assert page.stored() == {}


def test_all_go_back_after_one_question(page: Page) -> None:
    page.click("hotkeys_reset_all")
    page.driver.until(lambda: page.said() == "Every key is at its default.")
    page.rebind("trading.cancel_account", K.Key_F3, CTRL)
    page.click("hotkeys_reset_all")
    page.driver.until(lambda: page.driver.window.findChild(QDialog, "confirm_dialog"))
    question = page.driver.child(QDialog, "confirm_dialog")
    page.driver._on_loop(question.accept)
    page.driver.until(lambda: page.stored() == {})
    assert page.driver.desk.keymap.text_of("trading.cancel_account") == "F8"


def test_what_the_program_does_not_know_stays_in_the_file(driver: Driver) -> None:
    driver.desk.save_setting("keys", "newer.command", "F4")
    page = Page(driver)
    page.rebind("trading.cancel_account", K.Key_F3, CTRL)
    assert page.stored() == {"newer.command": "F4", "trading.cancel_account": "Ctrl+F3"}


def test_a_place_is_bound_whatever_is_printed_on_it(page: Page) -> None:
    """The key at Q, printed A: 24 is its number on X11."""
    page.table.choose("trading.cancel_account")
    page.driver._on_loop(page.capture.click)
    window = page.dialog.windowHandle()

    def press() -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, K.Key_A, CTRL | ALT, 24, 0, 0, "\x01")
            QApplication.sendEvent(window, event)

    page.driver._on_loop(press)
    assert page.stored() == {"trading.cancel_account": "Ctrl+Alt+Q"}
    assert page.capture.text() == "Ctrl+Alt+A"  # as it is printed
    assert "whatever is printed" in page.driver.child(QLabel, "hotkeys_layout").text()


# ---- files ----


@pytest.fixture
def choosing(page: Page, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], None]:
    """Stands in for the person at the file dialog, which is the desktop's own."""

    def choose(path: Path | None) -> None:
        async def chosen(*_: object, **__: object) -> Path | None:
            return path

        monkeypatch.setattr(page.driver.desk.shell, "choose_file", chosen)

    return choose


def test_keys_go_out_and_come_back(
    page: Page, choosing: Callable[[Path | None], None], tmp_path: Path
) -> None:
    path = tmp_path / "keys.txt"
    choosing(path)
    page.rebind("trading.cancel_account", K.Key_F3, CTRL)
    page.click("hotkeys_export")
    page.driver.until(path.exists)
    assert "trading.cancel_account = Ctrl+F3\n" in path.read_text("utf-8")
    page.click("hotkeys_reset")
    assert page.stored() == {}
    page.click("hotkeys_import")
    page.driver.until(lambda: page.driver.window.findChild(QDialog, "confirm_dialog"))
    assert page.stored() == {}  # not before the preview was accepted
    page.driver._on_loop(page.driver.child(QDialog, "confirm_dialog").accept)
    page.driver.until(lambda: page.stored() == {"trading.cancel_account": "Ctrl+F3"})
    page.click("hotkeys_import")
    page.driver.until(lambda: "already" in page.driver.said()[-1])


def test_a_wrong_file_changes_nothing_and_says_why(
    page: Page, choosing: Callable[[Path | None], None], tmp_path: Path
) -> None:
    def report() -> QDialog | None:
        return page.driver.window.findChild(QDialog, "key_import_problems")

    for text, told in (
        ("trading.cancel_account = F3\nnonsense\n", "line 2"),
        ("trading.cancel_account = F6\n trading.cancel_bids = F6\n", "F6 is claimed by"),
    ):
        path = tmp_path / "keys.txt"
        path.write_text(text, "utf-8")
        choosing(path)
        page.click("hotkeys_import")
        page.driver.until(report)
        assert told in page.driver.child(QPlainTextEdit, "report_text").toPlainText()
        assert page.stored() == {}
        page.driver._on_loop(page.driver.child(QDialog, "key_import_problems").close)
        page.driver.until(lambda: report() is None)


def test_a_file_that_is_no_text_is_told(
    page: Page, choosing: Callable[[Path | None], None], tmp_path: Path
) -> None:
    path = tmp_path / "keys.txt"
    path.write_bytes(b"\xff\xfe\x00\x81")
    choosing(path)
    page.click("hotkeys_import")
    page.driver.until(lambda: page.driver.said())
    assert "it is no text" in page.driver.said()[-1]


def test_the_sheet_is_written(
    page: Page, choosing: Callable[[Path | None], None], tmp_path: Path
) -> None:
    for number, (name, written, begins) in enumerate(
        (("a.pdf", "a.pdf", b"%PDF-"), ("b", "b.pdf", b"%PDF-"), ("c.html", "c.html", b"<html")), 1
    ):
        choosing(tmp_path / name)
        page.click("hotkeys_sheet")
        page.driver.until(lambda number=number: len(page.driver.said()) == number)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        assert (tmp_path / written).read_bytes().startswith(begins)
        assert page.driver.said()[-1] == f"Saved the key sheet to {tmp_path / written}"


def test_a_sheet_that_cannot_be_written_is_told(
    page: Page, choosing: Callable[[Path | None], None], tmp_path: Path
) -> None:
    choosing(tmp_path / "missing" / "k.pdf")
    page.click("hotkeys_sheet")
    page.driver.until(lambda: page.driver.said())
    assert "cannot be written" in page.driver.said()[-1]


def test_called_off_is_called_off(page: Page, choosing: Callable[[Path | None], None]) -> None:
    choosing(None)
    for name in ("hotkeys_import", "hotkeys_export", "hotkeys_sheet"):
        page.click(name)
    page.driver._on_loop(lambda: None)
    assert page.driver.said() == []
    assert page.stored() == {}


def test_shift_is_part_of_a_key(page: Page) -> None:
    page.rebind("trading.cancel_account", K.Key_F8, SHIFT | ALT)
    assert page.stored() == {"trading.cancel_account": "Alt+Shift+F8"}


def test_keys_that_were_written_into_the_file_are_not_taken_away(page: Page) -> None:
    path = page.driver.desk.settings_store.path
    path.write_text(
        path.read_text().replace("[keys]", '[keys]\n"trading.cancel_bids" = "Ctrl+F11"')
    )
    page.rebind("trading.cancel_account", K.Key_F3, CTRL)
    assert page.stored() == {"trading.cancel_bids": "Ctrl+F11"}
    assert page.table.text_of("trading.cancel_bids", KEY) == "Ctrl+F11"
    assert "changed outside" in page.said()
    assert "Nothing was saved" in page.said()
    page.rebind("trading.cancel_account", K.Key_F3, CTRL)
    assert page.stored() == {
        "trading.cancel_account": "Ctrl+F3",
        "trading.cancel_bids": "Ctrl+F11",
    }
