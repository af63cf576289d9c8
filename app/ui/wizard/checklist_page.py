"""A page of settings to make at the broker's end, ticked by a probe or by the trader."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QLabel, QWidget

from app.brokers.setup import Check, CheckState
from app.commands.wizard import Wizard
from app.commands.wizard_view import View
from app.ui import theme
from app.ui.panels.ticket_style import set_state
from app.ui.wizard.page import WizardPage
from app.ui.wizard.style import words

_PATH_PX = 540
# A sign for each state, so that the colour is never the only cue; and the word that is spoken.
_SIGNS = {
    CheckState.UNTESTED: ("○", "not tested yet"),
    CheckState.BY_HAND: ("", "tick it when it is done"),
    CheckState.PASSED: ("✓", "as it must be"),
    CheckState.WARNING: ("!", "works with a limit"),
    CheckState.FAILED: ("✗", "not as it must be"),
}


class CheckRow(QFrame):
    """One setting: where it is, how it must be, what was found."""

    def __init__(self, check: Check, wizard: Wizard, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("check_row")
        self.check = check
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 8, 10, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnMinimumWidth(0, theme.px(18))
        grid.setColumnStretch(1, 1)
        self.box: QCheckBox | None = None
        sign, word = _SIGNS[check.state]
        if check.state is CheckState.BY_HAND:
            self.box = QCheckBox(check.title.replace("&", "&&"), self)
            self.box.setObjectName(f"check_{check.id}")
            spoken = (check.title, check.path, check.text)
            self.box.setAccessibleName(". ".join(part for part in spoken if part))
            self.box.clicked.connect(lambda is_on: wizard.tick(check.id, is_on))
            grid.addWidget(self.box, 0, 0, 1, 2)
        else:
            state = QLabel(sign, self)
            state.setObjectName("check_state")
            state.setAlignment(Qt.AlignmentFlag.AlignCenter)
            set_state(state, "state", check.state.value)
            state.setAccessibleName(word)
            grid.addWidget(state, 0, 0)
            grid.addWidget(words(check.title, "check_title", self), 0, 1)
        self.setAccessibleName(f"{check.title}: {word}. {check.finding}".strip())
        self._add_texts(grid, check)

    def _add_texts(self, grid: QGridLayout, check: Check) -> None:
        row = 1
        if check.path:
            path = words(check.path, "check_path", self)
            path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            path.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            path.setWordWrap(False)  # a path is read, and copied, in one line
            if path.sizeHint().width() > theme.px(_PATH_PX):
                path.setWordWrap(True)
                grid.addWidget(path, row, 1)
            else:
                grid.addWidget(path, row, 1, Qt.AlignmentFlag.AlignLeft)
            row += 1
        if check.text:
            grid.addWidget(words(check.text, "muted", self), row, 1)
            row += 1
        if check.finding:
            finding = words(check.finding, "finding", self)
            set_state(finding, "state", check.state.value)
            grid.addWidget(finding, row, 1)


class ChecklistPage(WizardPage):
    """Rows are made anew when the probe has found something; ticks stay."""

    def __init__(self, wizard: Wizard, parent: QWidget) -> None:
        super().__init__(wizard, parent)
        self._rows: list[CheckRow] = []
        self.box.addStretch(1)

    def show_view(self, view: View) -> None:
        if [row.check for row in self._rows] != list(view.checks):
            self._replace(view)
        for row in self._rows:
            if row.box is not None:
                row.box.setChecked(row.check.id in view.ticks)

    def first_focus(self) -> QWidget | None:
        boxes = [row.box for row in self._rows if row.box is not None]
        return next((box for box in boxes if not box.isChecked()), None)

    def _replace(self, view: View) -> None:
        focused = next((r.check.id for r in self._rows if r.box and r.box.hasFocus()), None)
        for row in self._rows:
            self.box.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [CheckRow(check, self.wizard, self) for check in view.checks]
        for at, row in enumerate(self._rows):
            self.box.insertWidget(at, row)
            if row.box is not None and row.check.id == focused:
                row.box.setFocus()
