"""The page that names the connection and says when it connects."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QWidget

from app.commands.wizard import Wizard
from app.commands.wizard_view import View
from app.store.settings_fields import LONGEST_ID
from app.ui.wizard.page import WizardPage
from app.ui.wizard.style import words


class NamePage(WizardPage):
    """Name, connect at start, read-only."""

    def __init__(self, wizard: Wizard, parent: QWidget) -> None:
        super().__init__(wizard, parent)
        self._edit = QLineEdit(self)
        self._edit.setObjectName("connection_id")
        self._edit.setMaxLength(LONGEST_ID)
        self._edit.setAccessibleName("Name of the connection")
        self._edit.textEdited.connect(self._on_id)
        label = QLabel("Na&me", self)
        label.setBuddy(self._edit)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(label)
        row.addWidget(self._edit, 1)
        self._start = QCheckBox("Connect when Moorgate &starts", self)
        self._start.setObjectName("autoconnect")
        self._start.clicked.connect(self._on_start)
        self._read_only = QCheckBox("&Read-only: no order goes out from here", self)
        self._read_only.setObjectName("read_only")
        self._read_only.clicked.connect(self._on_read_only)
        hint = "Lower-case letters, digits and inner dashes, such as ib-paper."
        self._hint = words(hint, "muted", self)
        self.box.addLayout(row)
        self.box.addWidget(self._hint)
        self.box.addSpacing(10)
        self.box.addWidget(self._start)
        self.box.addWidget(self._read_only)
        self.box.addStretch(1)

    def show_view(self, view: View) -> None:
        if view.name is None:
            return
        if self._edit.text() != view.name.id:
            self._edit.setText(view.name.id)
        self._edit.setReadOnly(view.name.is_fixed)
        self._hint.setVisible(not view.name.is_fixed)
        self._start.setChecked(view.name.autoconnect)
        self._read_only.setChecked(view.name.read_only)

    def first_focus(self) -> QWidget | None:
        return self._start if self._edit.isReadOnly() else self._edit

    def _on_id(self, text: str) -> None:
        self.wizard.ending.enter_name(id=text)
        self.wizard.touched()

    def _on_start(self, is_on: bool) -> None:
        self.wizard.ending.enter_name(autoconnect=is_on)
        self.wizard.touched()

    def _on_read_only(self, is_on: bool) -> None:
        self.wizard.ending.enter_name(read_only=is_on)
        self.wizard.touched()
