from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.ui.startup_error import has_screen, startup_error_box


def test_the_dialog_says_what_happened_and_what_state_we_are_in(qtbot: QtBot) -> None:
    box = startup_error_box("settings.toml:2, key 'general.theme': found \"drak\"")
    qtbot.addWidget(box)
    assert "Nothing was changed" in box.text()
    assert "settings.toml:2" in box.informativeText()
    assert box.windowTitle() == "Moorgate cannot start"


def test_nobody_is_asked_to_close_a_dialog_that_nobody_sees() -> None:
    assert not has_screen()  # the tests run offscreen
