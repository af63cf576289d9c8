from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
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


@pytest.mark.parametrize("typed", ["1..2x", "1,20", "1.2.3", "12x"])
def test_what_is_no_number_stays_and_is_marked_and_counts_as_nothing(
    edit: NumberEdit, qtbot: QtBot, typed: str
) -> None:
    with qtbot.waitSignal(edit.refused):
        qtbot.keyClicks(edit, typed)
    edit.editingFinished.emit()
    assert (edit.text(), edit.value(), edit.property("wrong")) == (typed, None, True)
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert (edit.text(), edit.value()) == (typed, None)
    edit.selectAll()
    qtbot.keyClicks(edit, "1.2")
    assert (edit.value(), edit.property("wrong")) == (Decimal("1.2"), False)


def test_a_price_of_the_program_takes_the_mark_away(edit: NumberEdit, qtbot: QtBot) -> None:
    qtbot.keyClicks(edit, "4x")
    edit.set_value(Decimal("44.65"))
    assert (edit.text(), edit.value(), edit.property("wrong")) == ("44.65", Decimal("44.65"), False)


def test_what_is_typed_may_stay_off_the_step(qtbot: QtBot) -> None:
    edit = NumberEdit("Quantity", rounds=False)
    qtbot.addWidget(edit)
    edit.set_step(Decimal(1), 0)
    edit.show()
    qtbot.keyClicks(edit, "0.25")
    edit.editingFinished.emit()
    assert edit.value() == Decimal("0.25")


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


def test_enter_on_a_rounded_number_goes_no_further(edit: NumberEdit, qtbot: QtBot) -> None:
    heard: list[QKeyEvent] = []

    class Holder(QWidget):
        def keyPressEvent(self, event: QKeyEvent) -> None:
            heard.append(event)

    holder = Holder()
    qtbot.addWidget(holder)
    edit.setParent(holder)
    holder.show()
    qtbot.keyClicks(edit, "10.02")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert edit.value() == Decimal("10.00")
    assert heard == []
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    edit.setParent(None)
    assert len(heard) == 1


def test_what_the_program_sets_is_shown_as_it_is(edit: NumberEdit) -> None:
    edit.set_value(Decimal("10.01"))
    assert edit.text() == "10.01"
    edit.set_value(Decimal("10.1234"))
    assert edit.text() == "10.1234"
    edit.set_step(Decimal(1), 0)
    assert edit.value() == Decimal("10.1234")


def test_what_is_being_typed_is_not_rewritten(edit: NumberEdit, qtbot: QtBot) -> None:
    edit.value_changed.connect(edit.set_value)
    qtbot.keyClicks(edit, "1.2")
    assert edit.text() == "1.2"
    edit.set_value(None)
    assert edit.text() == ""


def test_a_number_off_the_step_is_stepped_to_the_next(edit: NumberEdit, qtbot: QtBot) -> None:
    edit.set_value(Decimal("10.02"))
    qtbot.keyClick(edit, Qt.Key.Key_Up)
    assert edit.value() == Decimal("10.05")
    edit.set_value(Decimal("10.02"))
    qtbot.keyClick(edit, Qt.Key.Key_Down)
    assert edit.value() == Decimal("10.00")


def test_stepping_an_empty_field_begins_where_it_is_told(edit: NumberEdit, qtbot: QtBot) -> None:
    edit.step_from = lambda: Decimal("44.65")
    qtbot.keyClick(edit, Qt.Key.Key_Down)
    assert edit.value() == Decimal("44.65")
    edit.set_value(None)
    edit.step_from = lambda: None
    with qtbot.waitSignal(edit.refused) as heard:
        qtbot.keyClick(edit, Qt.Key.Key_Up)
    assert "type one" in heard.args[0]
    assert edit.value() is None


def test_a_quantity_is_rounded_down_and_never_to_nothing(qtbot: QtBot) -> None:
    edit = NumberEdit("Quantity", rounds_down=True)
    qtbot.addWidget(edit)
    edit.set_step(Decimal(100), 0)
    edit.show()
    qtbot.keyClicks(edit, "199")
    edit.editingFinished.emit()
    assert edit.value() == 100
    edit.selectAll()
    qtbot.keyClicks(edit, "99")
    edit.editingFinished.emit()
    assert edit.value() == 99  # refused where orders are checked, with the reason
