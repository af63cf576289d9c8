"""A double-click on a button that closes its window does nothing to what lies behind."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from pytestqt.qtbot import QtBot

from app.ui.second_click import SecondClick

PRESS, RELEASE, DOUBLE = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonRelease,
    QEvent.Type.MouseButtonDblClick,
)
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def click(at_ms: int, x: float = 100, kind: QEvent.Type = PRESS) -> QMouseEvent:
    event = QMouseEvent(kind, QPointF(), QPointF(x, 100), LEFT, LEFT, NONE)
    event.setTimestamp(at_ms)
    return event


@pytest.fixture
def clicks(qtbot: QtBot) -> SecondClick:
    made = SecondClick()
    assert not made.is_astray("dialog", click(10_000))
    return made


@pytest.mark.parametrize("kind", [PRESS, DOUBLE])
def test_a_second_click_behind_the_window_that_took_the_first_is_astray(
    clicks: SecondClick, kind: QEvent.Type
) -> None:
    assert not clicks.is_astray("main", click(10_050, kind=RELEASE))
    assert clicks.is_astray("main", click(10_100, kind=kind))
    assert clicks.is_astray("main", click(10_100, kind=DOUBLE))  # Qt may tell of it twice
    assert clicks.is_astray("main", click(10_300))  # a third one, as quick
    assert not clicks.is_astray("main", click(12_000))
    assert not clicks.is_astray("main", click(12_100))


def test_another_place_or_a_later_time_is_a_click_of_its_own(clicks: SecondClick) -> None:
    assert not clicks.is_astray("main", click(10_100, x=160))
    assert not clicks.is_astray("dialog", click(12_000))
    assert not clicks.is_astray("main", click(13_000))


def test_a_double_click_in_one_window_is_what_it_was(clicks: SecondClick) -> None:
    assert not clicks.is_astray("dialog", click(10_100, kind=DOUBLE))
