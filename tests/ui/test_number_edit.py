from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.widgets.number_edit import NumberEdit


@pytest.fixture
def edit(qtbot: QtBot) -> NumberEdit:
    edit = NumberEdit("Limit price")
    qtbot.addWidget(edit)
    edit.set_step(Decimal("0.05"), 2)
    edit.show()
    return edit


def test_holds_nothing_until_a_number_is_typed(edit: NumberEdit, qtbot: QtBot) -> None:
    assert edit.value() is None
    qtbot.keyClicks(edit, "44.65")
    assert edit.value() == Decimal("44.65")
    edit.clear()
    edit.lineEdit().textEdited.emit("")
    assert edit.value() is None


@pytest.mark.parametrize(("typed", "hint"), [("a", "digits"), (",", "point"), ("-", "digits")])
def test_what_is_no_number_is_refused_in_words(
    edit: NumberEdit, qtbot: QtBot, typed: str, hint: str
) -> None:
    with qtbot.waitSignal(edit.refused) as heard:
        qtbot.keyClicks(edit, typed)
    assert hint in heard.args[0]
    assert edit.value() is None


def test_a_second_point_is_refused(edit: NumberEdit, qtbot: QtBot) -> None:
    qtbot.keyClicks(edit, "1.5")
    with qtbot.waitSignal(edit.refused):
        qtbot.keyClicks(edit, ".")
    assert edit.value() == Decimal("1.5")


def test_arrows_step_by_the_tick_and_ten_with_shift(edit: NumberEdit, qtbot: QtBot) -> None:
    edit.set_value(Decimal("10.00"))
    qtbot.keyClick(edit, Qt.Key.Key_Up)
    assert edit.value() == Decimal("10.05")
    qtbot.keyClick(edit, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert edit.value() == Decimal("9.55")


def test_never_steps_to_zero_or_below(edit: NumberEdit, qtbot: QtBot) -> None:
    edit.set_value(Decimal("0.05"))
    qtbot.keyClick(edit, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert edit.value() == Decimal("0.05")


def test_leaving_rounds_to_the_tick_and_says_so(edit: NumberEdit, qtbot: QtBot) -> None:
    qtbot.keyClicks(edit, "10.02")
    with qtbot.waitSignal(edit.refused) as heard:
        edit.editingFinished.emit()
    assert edit.value() == Decimal("10.00")
    assert "0.05" in heard.args[0]


def test_the_wheel_changes_nothing_that_is_not_being_edited(edit: NumberEdit) -> None:
    edit.set_value(Decimal("10.00"))
    edit.clearFocus()
    wheel = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 120),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(edit, wheel)
    assert edit.value() == Decimal("10.00")
