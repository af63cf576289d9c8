"""One row for each risk limit: a switch, a value, its unit; and the symbols never to trade."""

from __future__ import annotations

from collections.abc import Container, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QWidget

from app.commands.risk_rules import RULES, written
from app.domain.risk_limits import RiskLimits
from app.ui import theme
from app.ui.panels.ticket_style import set_state

_LEAST_PX = 84  # a million is not cut, at a scale of 100 %


class RiskRows(QWidget):
    """Edits a set of limits as text. GUI thread.

    `changed` follows every change by hand, `entered` what is meant to hold: a switch that was
    clicked, or a field that was left or finished with Enter.
    """

    changed = Signal()
    entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, tuple[QCheckBox, QLineEdit]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for row, rule in enumerate(RULES):
            box, edit = QCheckBox(rule.title, self), QLineEdit(self)
            edit.setObjectName(f"risk-{rule.field}")
            edit.setAccessibleName(f"{rule.title}, {rule.unit}")
            edit.setAlignment(Qt.AlignmentFlag.AlignRight)
            box.toggled.connect(edit.setEnabled)
            box.clicked.connect(lambda is_on, edit=edit: self._on_switched(edit, is_on))
            edit.textEdited.connect(self.changed)
            edit.editingFinished.connect(self.entered)
            grid.addWidget(box, row, 0)
            grid.addWidget(edit, row, 1)
            grid.addWidget(QLabel(rule.unit, self), row, 2)
            self._rows[rule.field] = (box, edit)
        self._add_banned(grid)
        theme.follow(self, self._fit)

    def rules(self) -> dict[str, tuple[bool, str]]:
        """(is on, text) of every rule."""
        return {name: (box.isChecked(), edit.text()) for name, (box, edit) in self._rows.items()}

    def banned(self) -> str:
        """The symbols as they were typed."""
        return self._banned.text()

    def show_limits(self, limits: RiskLimits, but: Container[str] = ()) -> None:
        """Fill all rows with a set of limits, `but` not those of these fields."""
        shown = {name: row for name, row in written(limits).items() if name not in but}
        self.show_text(shown, " ".join(limits.banned))

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Mark the fields that make no sense, each with its reason as a tool tip."""
        for name, (_, edit) in self._rows.items():
            set_state(edit, "wrong", name in problems)
            edit.setToolTip(problems.get(name, ""))
            edit.setAccessibleDescription(problems.get(name, ""))

    def show_text(self, rules: dict[str, tuple[bool, str]], banned: str) -> None:
        """Fill all rows with what was typed before; the cursor stays where nothing changes."""
        for name, (is_on, text) in rules.items():
            box, edit = self._rows[name]
            box.setChecked(is_on)
            edit.setEnabled(is_on)
            if edit.text() != text:
                edit.setText(text)
        if self._banned.text() != banned:
            self._banned.setText(banned)

    def go_to(self, field: str) -> None:
        """Give the keyboard to one limit, by its name in RiskLimits."""
        if field == "banned":
            self._banned.setFocus()
        elif field in self._rows:
            box, edit = self._rows[field]
            (edit if edit.isEnabled() else box).setFocus()

    def _fit(self) -> None:
        for _, edit in self._rows.values():
            edit.setMinimumWidth(theme.px(_LEAST_PX))

    def _on_switched(self, edit: QLineEdit, is_on: bool) -> None:
        self.changed.emit()
        if edit.text() or not is_on:  # a limit without a value is not one yet
            self.entered.emit()

    def _add_banned(self, grid: QGridLayout) -> None:
        self._banned = QLineEdit(self)
        self._banned.setObjectName("risk-banned")
        self._banned.setAccessibleName("Banned symbols")
        self._banned.setPlaceholderText("symbols, separated by spaces")
        self._banned.textEdited.connect(self.changed)
        self._banned.editingFinished.connect(self.entered)
        label = QLabel("Never tra&de", self)
        label.setBuddy(self._banned)
        grid.addWidget(label, len(RULES), 0)
        grid.addWidget(self._banned, len(RULES), 1, 1, 2)
