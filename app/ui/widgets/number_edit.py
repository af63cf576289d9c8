"""A field for a price or a quantity: Decimal in, Decimal out, stepped by tick or lot."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QSizePolicy, QWidget

_ALLOWED = frozenset("0123456789.")
_BIG_STEP = 10


class NumberEdit(QAbstractSpinBox):
    """Holds a positive Decimal or nothing. GUI thread.

    Up and Down step by `step`, with Shift by ten. What is typed off the step is rounded to it when
    the field is left, and said so.

    Signals:
        value_changed(object): the Decimal now in the field, None while it holds none.
        refused(str): why a key or a value was not taken, in words.
    """

    value_changed = Signal(object)
    refused = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._step = Decimal("0.01")
        self._decimals = 2
        self._value: Decimal | None = None
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(60)
        self.setAccessibleName(name)
        self.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)
        self.lineEdit().setPlaceholderText("—")
        self.lineEdit().textEdited.connect(self._on_text_edited)
        self.editingFinished.connect(self._round_to_step)

    def set_step(self, step: Decimal, decimals: int) -> None:
        """One tick or lot, and how many decimals are shown."""
        self._step, self._decimals = step, decimals
        if self._value is not None:
            self.set_value(self._value)

    def value(self) -> Decimal | None:
        """What is in the field; None when it is empty or no number."""
        return self._value

    def set_value(self, value: Decimal | None) -> None:
        """Put a number into the field, or empty it."""
        rounded = None if value is None else self._rounded(value)
        text = "" if rounded is None else f"{rounded:.{self._decimals}f}"
        if self.lineEdit().text() != text:
            self.lineEdit().setText(text)
        self._take(rounded)

    def stepBy(self, steps: int) -> None:
        current = self._value if self._value is not None else Decimal(0)
        self.set_value(max(self._step, self._rounded(current) + self._step * steps))
        self.lineEdit().selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        up = QAbstractSpinBox.StepEnabledFlag.StepUpEnabled
        if self._value is not None and self._value <= self._step:
            return up
        return up | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        wrong = next((c for c in text if c not in _ALLOWED), None)
        if wrong is not None:
            hint = "use a point for decimals" if wrong == "," else "only digits and a point"
            self.refused.emit(f"{self._name}: {wrong!r} is not a number, {hint}")
            return QValidator.State.Invalid, text, position
        if text.count(".") > 1:
            self.refused.emit(f"{self._name}: a number has one point")
            return QValidator.State.Invalid, text, position
        state = QValidator.State.Acceptable if _number(text) else QValidator.State.Intermediate
        return state, text, position

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_big = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            direction = 1 if event.key() == Qt.Key.Key_Up else -1
            self.stepBy(direction * (_BIG_STEP if is_big else 1))
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

    def _round_to_step(self) -> None:
        if self._value is None:
            return
        rounded = self._rounded(self._value)
        if rounded != self._value:
            self.refused.emit(f"{self._name} rounded to {rounded}, the step is {self._step}")
        self.set_value(rounded)

    def _rounded(self, value: Decimal) -> Decimal:
        steps = (value / self._step).to_integral_value()
        return max(steps, Decimal(1)) * self._step if value > 0 else self._step * 0

    def _take(self, value: Decimal | None) -> None:
        if value != self._value:
            self._value = value
            self.value_changed.emit(value)


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and value > 0 else None
