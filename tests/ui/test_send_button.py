"""However hands hurry, one deed is one click or one press of the button that sends."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.widgets.send_button import SendButton

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
PRESS, RELEASE, DOUBLE = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonRelease,
    QEvent.Type.MouseButtonDblClick,
)


class Hand:
    """Clicks and presses keys as the window system tells of them."""

    def __init__(self, qtbot: QtBot, *, is_sudden: bool = False) -> None:
        self.button, self.sent = SendButton("Buy", is_sudden=is_sudden), 0
        qtbot.addWidget(self.button)
        self.button.clicked.connect(self._on_clicked)
        self.button.show()

    def _on_clicked(self) -> None:
        self.sent += 1

    def click(self, at_ms: int, kind: QEvent.Type = PRESS) -> None:
        at = QPointF(self.button.rect().center())
        for one in (kind, RELEASE):
            event = QMouseEvent(one, at, self.button.mapToGlobal(at), LEFT, LEFT, NONE)
            event.setTimestamp(at_ms)
            QApplication.sendEvent(self.button, event)

    def space(self, *, is_repeat: bool = False) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, Qt.Key.Key_Space, NONE, " ", is_repeat)
            QApplication.sendEvent(self.button, event)


@pytest.mark.parametrize("more", [1, 2, 3, 6])
def test_clicks_in_a_row_are_one(qtbot: QtBot, more: int) -> None:
    """Every second one of them is told as a double-click, the others as new ones."""
    hand = Hand(qtbot)
    hand.click(1_000)
    for number in range(1, more + 1):
        hand.click(1_000 + 150 * number, DOUBLE if number % 2 else PRESS)
    assert hand.sent == 1
    hand.click(1_000 + 150 * more + 2_000)
    assert hand.sent == 2


def test_a_button_that_has_just_appeared_takes_no_click(qtbot: QtBot) -> None:
    hand = Hand(qtbot, is_sudden=True)
    hand.click(1_000)
    hand.click(1_150, DOUBLE)
    hand.click(1_300)
    assert hand.sent == 0


def test_a_held_key_is_one_press(qtbot: QtBot) -> None:
    hand = Hand(qtbot)
    hand.space()
    for _ in range(20):
        hand.space(is_repeat=True)
    assert hand.sent == 1
