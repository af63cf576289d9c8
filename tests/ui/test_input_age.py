"""Clicks and keys that waited while the program stood still open nothing."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWindow
from pytestqt.qtbot import QtBot

from app.ui.input_age import InputAge
from tests.doubles.clock import FakeClock

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def click(kind: QEvent.Type, at_ms: int) -> QMouseEvent:
    event = QMouseEvent(kind, QPointF(), QPointF(), LEFT, LEFT, NONE)
    event.setTimestamp(at_ms)
    return event


def key(at_ms: int, number: int = 36) -> QKeyEvent:
    event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, NONE, number, 0, 0, "")
    event.setTimestamp(at_ms)
    return event


@pytest.fixture
def ages(qtbot: QtBot, clock: FakeClock) -> InputAge:
    made = InputAge(clock)
    made.are_clicks_timed = True
    made.take(click(QEvent.Type.MouseButtonPress, 1_000))  # read at once: the clocks are known
    return made


def test_what_a_late_click_sets_off_is_refused_with_a_word(
    ages: InputAge, clock: FakeClock
) -> None:
    assert ages.refusal("Buy Market") == ""
    clock.advance(10)
    ages.take(click(QEvent.Type.MouseButtonRelease, 4_000))
    assert ages.refusal("Buy Market") == (
        "Buy Market: it was clicked 7 seconds ago, while the window stood still. Nothing was sent:"
        " click again if you still want to"
    )
    ages.take(click(QEvent.Type.MouseButtonRelease, 10_900))
    assert ages.refusal("Buy Market") == ""


def test_a_key_is_late_by_the_same_rule(ages: InputAge, clock: FakeClock) -> None:
    clock.advance(10)
    ages.take(key(6_000))
    assert "it was pressed 5 seconds ago" in ages.refusal("Buy Market")
    ages.take(key(6_000, number=0))  # sent by no keyboard
    assert ages.refusal("Buy Market") == ""


def test_what_comes_of_itself_after_a_late_click_is_not_late(
    qtbot: QtBot, ages: InputAge, clock: FakeClock
) -> None:
    clock.advance(10)
    ages.take(click(QEvent.Type.MouseButtonPress, 4_000))
    assert ages.refusal("Buy Market")
    qtbot.waitUntil(lambda: ages.refusal("Buy Market") == "")


def test_what_is_no_press_changes_nothing(ages: InputAge, clock: FakeClock) -> None:
    clock.advance(10)
    ages.take(click(QEvent.Type.MouseButtonPress, 4_000))
    ages.take(click(QEvent.Type.MouseMove, 10_900))
    ages.take(QEvent(QEvent.Type.Paint))
    assert ages.refusal("Buy Market")


def test_a_window_that_is_watched_tells_of_its_clicks(ages: InputAge, clock: FakeClock) -> None:
    window = QWindow()
    ages.watch(window)
    clock.advance(10)
    assert not ages.eventFilter(window, click(QEvent.Type.MouseButtonPress, 4_000))
    assert ages.refusal("Buy Market")


def test_clicks_without_a_screen_are_not_timed(qtbot: QtBot, clock: FakeClock) -> None:
    ages = InputAge(clock)
    for at_ms in (1_000, 1_001):
        clock.advance(10)
        ages.take(click(QEvent.Type.MouseButtonPress, at_ms))
    assert ages.refusal("Buy Market") == ""
