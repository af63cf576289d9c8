"""A page of fields."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.commands.wizard import Wizard
from app.commands.wizard_view import View
from app.ui.wizard.field_form import FieldForm
from app.ui.wizard.page import WizardPage


class FormPage(WizardPage):
    """Made when its fields are known, which is with the first view."""

    def __init__(self, wizard: Wizard, parent: QWidget) -> None:
        super().__init__(wizard, parent)
        self._form: FieldForm | None = None

    def show_view(self, view: View) -> None:
        if self._form is None:
            self._form = FieldForm(view.page.fields if view.page else (), self)
            self._form.entered.connect(self.wizard.enter)
            self.box.addWidget(self._form)
            self.box.addStretch(1)
        self._form.show_values(view.values)

    def first_focus(self) -> QWidget | None:
        return self._form.first_editor() if self._form else None
