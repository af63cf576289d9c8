"""The list at the left: every step, and which one this is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.commands.wizard_view import Step, StepState
from app.ui import theme
from app.ui.panels.ticket_style import set_state
from app.ui.wizard.style import words

WIDTH_PX = 196


class _StepRow(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._number = QLabel(self)
        self._number.setObjectName("step_number")
        theme.follow(self._number, self._fit)
        self._number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = words("", "step_title", self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 5, 0, 5)
        row.setSpacing(9)
        row.addWidget(self._number, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._title, 1)

    def _fit(self) -> None:
        side = 2 * theme.px(10)  # even, for a circle
        self._number.setFixedSize(side, side)

    def show_step(self, step: Step, number: int, count: int) -> None:
        is_done = step.state is StepState.DONE
        self._number.setText("✓" if is_done else str(number))
        self._title.setText(step.title)
        for label in (self._number, self._title):
            set_state(label, "state", step.state.value)
        self.setAccessibleName(f"Step {number} of {count}: {step.title}, {step.state.value}")


class StepList(QFrame):
    """Only shows: the way is walked with Next and Back. GUI thread."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("wizard_side")
        theme.follow(self, lambda: self.setFixedWidth(theme.px(WIDTH_PX)))
        self._rows: list[_StepRow] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(16, 18, 12, 12)
        self._box.setSpacing(0)
        self._box.addWidget(words(title, "wizard_side_title", self))
        self._box.addSpacing(10)
        self._box.addStretch(1)

    def show_steps(self, steps: Sequence[Step]) -> None:
        """As many rows as steps, each as it stands."""
        while len(self._rows) < len(steps):
            row = _StepRow(self)
            self._box.insertWidget(self._box.count() - 1, row)
            self._rows.append(row)
        while len(self._rows) > len(steps):
            row = self._rows.pop()
            self._box.removeWidget(row)
            row.hide()
            row.deleteLater()
        for number, (row, step) in enumerate(zip(self._rows, steps, strict=True), 1):
            row.show_step(step, number, len(steps))
        current = next(n for n, s in enumerate(steps, 1) if s.state is StepState.CURRENT)
        self.setAccessibleName(f"Step {current} of {len(steps)}: {steps[current - 1].title}")
