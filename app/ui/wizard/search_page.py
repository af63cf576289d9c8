"""A page whose options are looked for; what is not found may be entered by hand."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.brokers.setup import Option
from app.commands.wizard import Wizard
from app.commands.wizard_view import View
from app.ui.wizard.field_form import FieldForm
from app.ui.wizard.option_list import OptionList
from app.ui.wizard.page import WizardPage

BY_HAND = ""
_BY_HAND = Option(BY_HAND, "Enter it by hand", "For what was not found, or runs elsewhere")


class SearchPage(WizardPage):
    """Found options first, the fields for the rest below them."""

    def __init__(self, wizard: Wizard, parent: QWidget) -> None:
        super().__init__(wizard, parent)
        self._options = OptionList(self)
        self._options.picked.connect(wizard.choose)
        self._form: FieldForm | None = None
        self.box.addWidget(self._options)

    def show_view(self, view: View) -> None:
        fields = view.page.fields if view.page else ()
        if self._form is None:
            self._form = FieldForm(fields, self)
            self._form.setContentsMargins(26, 0, 0, 0)
            self._form.entered.connect(self.wizard.enter)
            self.box.addWidget(self._form)
            self.box.addStretch(1)
        options = (*view.options, _BY_HAND) if fields and not view.is_working else view.options
        is_by_hand = bool(fields) and not view.chosen
        self._options.show_options(options, BY_HAND if is_by_hand else view.chosen)
        self._form.setVisible(is_by_hand and not view.is_working)
        self._form.show_values(view.values)

    def first_focus(self) -> QWidget | None:
        return self._options.focus_target()
