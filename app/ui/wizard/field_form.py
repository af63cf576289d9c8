"""The fields of a page: one row for each setting, with the editor that suits its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from app.brokers.base import SettingField
from app.commands.wizard_fields import shown
from app.ui.wizard.style import words

# Letters that the buttons of the dialog have taken.
_TAKEN = "bnstoclp"


class FieldForm(QWidget):
    """Shows and takes what is entered as text, or as a bool; `entered` is (name, value)."""

    entered = Signal(str, object)

    def __init__(self, fields: Sequence[SettingField], parent: QWidget) -> None:
        super().__init__(parent)
        self._fields = tuple(fields)
        self._setters: dict[str, Callable[[Any], None]] = {}
        self._editors: dict[str, QWidget] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        letters = set(_TAKEN)
        for field in self._fields:
            self._add_row(field, mnemonic(field.title, letters))

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Fill the editors; one that shows the value already keeps its cursor."""
        for field in self._fields:
            self._setters[field.name](values.get(field.name, field.default))

    def first_editor(self) -> QWidget | None:
        """Where the keyboard begins."""
        return next(iter(self._editors.values()), None)

    def _add_row(self, field: SettingField, title: str) -> None:
        row = self._grid.rowCount()
        editor, holder = self._editor(field, title)
        editor.setObjectName(f"field_{field.name}")
        editor.setAccessibleName(f"{field.title}. {field.help}".rstrip(". "))
        self._editors[field.name] = editor
        if field.kind != "bool":
            label = QLabel(title, self)
            label.setBuddy(editor)
            self._grid.addWidget(label, row, 0)
        self._grid.addWidget(holder, row, 1)
        if field.help:
            help_text = words(field.help[:1].upper() + field.help[1:], "muted", self)
            self._grid.addWidget(help_text, row + 1, 1)
        self._grid.setRowMinimumHeight(row + 2, 7)

    def _editor(self, field: SettingField, title: str) -> tuple[QWidget, QWidget]:
        """The editor, and the widget that stands in the row for it."""
        if field.kind == "bool":
            return self._check_box(field, title)
        if field.kind == "choice" and field.choices:
            return self._combo(field)
        edit = QLineEdit(self)
        edit.textEdited.connect(lambda text: self.entered.emit(field.name, text))
        self._setters[field.name] = lambda value: _set_text(edit, shown(value))
        if field.secret:
            return edit, self._secret(edit)
        return edit, self._with_browse(field, edit) if field.kind == "path" else edit

    def _check_box(self, field: SettingField, title: str) -> tuple[QWidget, QWidget]:
        box = QCheckBox(title, self)
        box.clicked.connect(lambda is_on: self.entered.emit(field.name, is_on))
        self._setters[field.name] = lambda value: box.setChecked(value is True)
        return box, box

    def _combo(self, field: SettingField) -> tuple[QWidget, QWidget]:
        combo = QComboBox(self)
        for choice in field.choices:
            combo.addItem(choice.replace("_", " "), choice)
        combo.currentIndexChanged.connect(
            lambda at: self.entered.emit(field.name, combo.itemData(at))
        )

        def show_choice(value: Any) -> None:
            combo.blockSignals(True)
            combo.setCurrentIndex(max(0, combo.findData(value)))
            combo.blockSignals(False)

        self._setters[field.name] = show_choice
        return combo, combo

    def _secret(self, edit: QLineEdit) -> QWidget:
        edit.setEchoMode(QLineEdit.EchoMode.Password)
        see = QCheckBox("Show", self)
        see.setAccessibleName("Show what is typed")
        see.toggled.connect(
            lambda is_on: edit.setEchoMode(
                QLineEdit.EchoMode.Normal if is_on else QLineEdit.EchoMode.Password
            )
        )
        return self._beside(edit, see)

    def _with_browse(self, field: SettingField, edit: QLineEdit) -> QWidget:
        browse = QPushButton("Browse…", self)
        browse.setAutoDefault(False)
        browse.setAccessibleName(f"Choose {field.title}")

        def take(path: str) -> None:
            edit.setText(path)
            self.entered.emit(field.name, path)

        def choose() -> None:
            dialog = QFileDialog(self, field.title)
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.fileSelected.connect(take)
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()

        browse.clicked.connect(choose)
        return self._beside(edit, browse)

    def _beside(self, first: QWidget, second: QWidget) -> QWidget:
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(first, 1)
        row.addWidget(second)
        return holder


def mnemonic(title: str, taken: set[str]) -> str:
    """`title` with an & before a letter that nobody has taken yet; the letter is taken then."""
    safe = title.replace("&", "&&")
    starts = [at for at, letter in enumerate(safe) if at == 0 or safe[at - 1] == " "]
    for at in [*starts, *range(len(safe))]:
        letter = safe[at].lower()
        if letter.isalpha() and letter not in taken:
            taken.add(letter)
            return f"{safe[:at]}&{safe[at:]}"
    return safe


def _set_text(edit: QLineEdit, text: str) -> None:
    if edit.text() != text:
        edit.setText(text)
