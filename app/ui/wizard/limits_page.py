"""The page of risk limits of one connection."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QWidget

from app.commands.wizard import Wizard
from app.commands.wizard_view import View
from app.ui.widgets.risk_rows import RiskRows
from app.ui.wizard.page import WizardPage


class LimitsPage(WizardPage):
    """The same rows as in Tools > Risk Limits."""

    def __init__(self, wizard: Wizard, parent: QWidget) -> None:
        super().__init__(wizard, parent)
        self._rows = RiskRows(self)
        self._rows.changed.connect(self._on_changed)
        self.box.addWidget(self._rows)
        self.box.addStretch(1)

    def show_view(self, view: View) -> None:
        if view.limits is not None:
            self._rows.show_text(dict(view.limits.rules), view.limits.banned)

    def first_focus(self) -> QWidget | None:
        return self._rows.findChild(QCheckBox)

    def _on_changed(self) -> None:
        self.wizard.ending.enter_limits(self._rows.rules(), self._rows.banned())
        self.wizard.touched()
