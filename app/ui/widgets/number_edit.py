"""A field for a price or a quantity: Decimal in, Decimal out, stepped by tick or lot."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QSizePolicy, QWidget

from app.ui import theme

_ALLOWED = frozenset("0123456789.")  # ASCII only: other scripts have digits too
_BIG_STEP = 10
_LONGEST = 24
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class NumberEdit(QAbstractSpinBox):
    """Holds a Decimal that is not negative, or nothing. GUI thread.

    Up and Down step by `step`, with Shift by ten. What is typed off the step is rounded to it when
    the field is left or Enter is pressed, and said so; that Enter does nothing else, so that
    nobody sends a number he has not seen. With `rounds_down` it is never rounded up, without
    `rounds` it stays as it was typed. A value that is set by the program is shown as it is.

    What is no number stays in the field as it was typed, is marked as wrong and counts as nothing:
    a slip of a finger must not leave another number than the one that was meant.

    Attributes:
        step_from: where stepping begins in an empty field; None begins at one step.

    Signals:
        value_changed(object): the Decimal now in the field, None while it holds none.
        refused(str): why a key or a value was not taken, in words.
    """

    value_changed = Signal(object)
    refused = Signal(str)

    def __init__(
        self,
        name: str,
        parent: QWidget | None = None,
        *,
        rounds: bool = True,
        rounds_down: bool = False,
    ) -> None:
        super().__init__(parent)
        self.step_from: Callable[[], Decimal | None] | None = None
        self._name = name
        self._rounds = rounds
        self._rounding = ROUND_DOWN if rounds_down else ROUND_HALF_EVEN
        self._step = Decimal("0.01")
        self._decimals = 2
        self._value: Decimal | None = None
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.follow(self, lambda: self.setMinimumWidth(theme.px(60)))
        self.setAccessibleName(name)
        self.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)
        self.lineEdit().setMaxLength(_LONGEST)
        self.lineEdit().setPlaceholderText("—")
        self.lineEdit().textEdited.connect(self._on_text_edited)
        self.editingFinished.connect(self._round_to_step)

    def set_step(self, step: Decimal, decimals: int) -> None:
        """One tick or lot, and how many decimals are shown; what is in the field stays."""
        if (step, decimals) == (self._step, self._decimals):
            return
        self._step, self._decimals = step, decimals
        if self._value is not None:
            self._write(self._value)

    def value(self) -> Decimal | None:
        """What is in the field; None when it is empty or no number."""
        return self._value

    def set_value(self, value: Decimal | None) -> None:
        """Put a number into the field, or empty it. What is just being typed is not rewritten."""
        if value is None or value != self._value:
            self._write(value)
            self._take(value)

    def stepBy(self, steps: int) -> None:
        value = self._stepped(steps)
        if value is None:
            self.refused.emit(f"{self._name}: there is no market price to step from, type one")
            return
        self._write(value)
        self._take(value)
        self.lineEdit().selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        up = QAbstractSpinBox.StepEnabledFlag.StepUpEnabled
        if self._value is not None and self._value <= self._step:
            return up
        return up | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        # Never Invalid: Qt would drop the character, and what is left may be a number.
        is_number = _number(text) is not None
        state = QValidator.State.Acceptable if is_number else QValidator.State.Intermediate
        return state, text, position

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_big = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            direction = 1 if event.key() == Qt.Key.Key_Up else -1
            self.stepBy(direction * (_BIG_STEP if is_big else 1))
            event.accept()
            return
        if event.key() in _ENTER and (event.isAutoRepeat() or self._round_to_step()):
            event.accept()
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # A wheel turned over a field that is not being edited must never change an order.
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.lineEdit().selectAll()

    def _on_text_edited(self, text: str) -> None:
        self._take(_number(text))
        wrong = _what_is_wrong(text)
        self._mark(bool(wrong))
        if wrong:
            self.refused.emit(f"{self._name}: {wrong}")

    def _mark(self, is_wrong: bool) -> None:
        if self.property("wrong") is not is_wrong:
            self.setProperty("wrong", is_wrong)
            self.style().unpolish(self)
            self.style().polish(self)

    def _round_to_step(self) -> bool:
        """Put what was typed onto the step; whether that made another number of it."""
        typed = self._value
        if typed is None or not self._rounds:
            return False
        rounded = (typed / self._step).to_integral_value(self._rounding) * self._step
        is_other = rounded != typed and rounded > 0
        self._write(rounded if is_other else typed)
        if is_other:
            self._take(rounded)
            self.refused.emit(f"{self._name} rounded to {rounded:f}, the step is {self._step:f}")
        return is_other

    def _stepped(self, steps: int) -> Decimal | None:
        if self._value is None:
            return self._step if self.step_from is None else self.step_from()
        away = ROUND_FLOOR if steps > 0 else ROUND_CEILING
        whole = (self._value / self._step).to_integral_value(away) + steps
        return max(self._step, whole * self._step)

    def _write(self, value: Decimal | None) -> None:
        text = "" if value is None else f"{value:.{max(self._decimals, _decimals(value))}f}"
        if self.lineEdit().text() != text:
            self.lineEdit().setText(text)
        self._mark(False)

    def _take(self, value: Decimal | None) -> None:
        if value != self._value:
            self._value = value
            self.value_changed.emit(value)


def _what_is_wrong(text: str) -> str:
    """Why a text is no number, in words; empty for one that is or may become one."""
    wrong = next((c for c in text if c not in _ALLOWED), None)
    if wrong is not None:
        hint = "use a point for decimals" if wrong == "," else "only digits and a point"
        return f"{wrong!r} is not a number, {hint}"
    return "a number has one point" if text.count(".") > 1 else ""


def _number(text: str) -> Decimal | None:
    """The number that a text is; None when it is none."""
    return None if _what_is_wrong(text) or not text.strip(".") else Decimal(text)


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -int(exponent))
