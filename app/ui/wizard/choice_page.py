"""A page where one of a few options is chosen."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.commands.wizard import Wizard
from app.commands.wizard_view import View
from app.ui.wizard.option_list import OptionList
from app.ui.wizard.page import WizardPage


class ChoicePage(WizardPage):
    """Arrows choose, Enter goes on."""

    def __init__(self, wizard: Wizard, parent: QWidget) -> None:
        super().__init__(wizard, parent)
        self._options = OptionList(self)
        self._options.picked.connect(wizard.choose)
        self.box.addWidget(self._options)
        self.box.addStretch(1)

    def show_view(self, view: View) -> None:
        self._options.show_options(view.options, view.chosen)

    def first_focus(self) -> QWidget | None:
        return self._options.focus_target()
