"""The screen itself, before anything is traded on it."""

from __future__ import annotations

from tests.desktop.screen import Screen, keycodes


def test_keys_are_places_on_the_keyboard() -> None:
    assert keycodes("Ctrl+Alt+U") == "Control_L+Alt_L+30"
    assert keycodes("Shift+Esc") == "Shift_L+Escape"
    assert keycodes("Ctrl+Shift+1") == "Control_L+Shift_L+10"
    assert keycodes("F12") == "F12"
    assert keycodes("Ctrl++") == "Control_L+plus"
    assert keycodes("Ctrl+,") == "Control_L+59"
    assert keycodes("Ctrl+Q", by_label=True) == "Control_L+q"


def test_a_screen_shows_what_runs_on_it_and_ends_with_it() -> None:
    with Screen("de", (320, 240)) as screen:
        assert screen.picture().size().toTuple() == (320, 240)
        assert "de" in screen.keyboard()
        sleeper = screen.start(["sleep", "60"], "sleeper")
    assert sleeper.poll() is not None
