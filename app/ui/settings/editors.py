"""An editor for each kind of setting: it shows a value and tells what was entered."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QEvent, QLocale, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QCompleter, QDoubleSpinBox, QLineEdit, QWidget

from app.ui import theme
from app.ui.settings.listed import currencies, zones
from app.ui.settings.setting import Setting
from app.ui.settings.size_list import SizeList
from app.ui.widgets.number_edit import NumberEdit

TYPING_MS = 600
_WIDEST = 280
_MOST = 1e9
_STEPS = {"int": 1.0, "float": 0.5}


class Editor(QObject):
    """Wraps the widget of one setting, which `read` and `write` know. GUI thread.

    What is chosen is entered at once, what is typed after a moment, on Enter, or when the field is
    left. Esc takes back what was typed and not entered yet.

    Signals:
        entered(object): a value as the store would read it; nobody has checked it yet.
        pending(): something is being typed.
    """

    entered = Signal(object)
    pending = Signal()

    is_patient = False  # whether it waits for Enter or for the field to be left

    def __init__(
        self, widget: QWidget, read: Callable[[], Any], write: Callable[[Any], None]
    ) -> None:
        super().__init__(widget)
        self.widget = widget
        self._read, self._write = read, write
        self.is_wrong = False  # whether the field says something that may not hold
        self._is_pending = False
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.flush)
        self._shown: Any = None
        widget.installEventFilter(self)

    def show_value(self, value: Any) -> None:
        """Show what holds; a field that says so already keeps its cursor."""
        self._settle()
        self.is_wrong = False
        self._shown = value
        self._write(value)

    def flush(self) -> None:
        """Enter what was typed."""
        if self._is_pending:
            self._enter()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind is QEvent.Type.Wheel and not self.widget.hasFocus():
            event.ignore()  # a wheel that turns the page changes nothing on it
            return True
        if isinstance(event, QFocusEvent) and kind is QEvent.Type.FocusOut:
            if event.reason() is not Qt.FocusReason.PopupFocusReason:
                self.flush()
        elif isinstance(event, QKeyEvent) and kind is QEvent.Type.KeyPress:
            return self._on_key(event.key())
        return super().eventFilter(watched, event)

    def _on_key(self, key: int) -> bool:
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter()
            return True
        if key == Qt.Key.Key_Escape and (self._is_pending or self.is_wrong):
            self.show_value(self._shown)
            self.pending.emit()
            return True
        return False

    def _enter(self) -> None:
        self._settle()
        self.entered.emit(self._read())

    def _settle(self) -> None:
        self._is_pending = False
        self._typing.stop()

    def _typed(self, _text: object = None) -> None:
        self._is_pending = True
        if not self.is_patient:
            self._typing.start()
        self.pending.emit()


class CheckEditor(Editor):
    """A bool; the box has the setting's own title."""

    def __init__(self, setting: Setting, parent: QWidget) -> None:
        self._box = QCheckBox(setting.title, parent)
        super().__init__(self._box, self._get, self._set)
        self._box.clicked.connect(self._on_clicked)

    def _on_clicked(self, is_on: bool) -> None:
        self.entered.emit(is_on)

    def _set(self, value: Any) -> None:
        self._box.setChecked(value is True)

    def _get(self) -> Any:
        return self._box.isChecked()


class ChoiceEditor(Editor):
    """One of a few words."""

    def __init__(self, setting: Setting, parent: QWidget) -> None:
        self._combo = QComboBox(parent)
        for choice in setting.schema.choices:
            self._combo.addItem(setting.text(choice), choice)
        super().__init__(self._combo, self._get, self._set)
        self._combo.activated.connect(self._choose)

    def _choose(self, at: int) -> None:
        self.entered.emit(self._combo.itemData(at))

    def _set(self, value: Any) -> None:
        self._combo.setCurrentIndex(self._combo.findData(value))

    def _get(self) -> Any:
        return self._combo.currentData()


class SpinEditor(Editor):
    """A number: whatever is typed is let through to the check, the arrows stay in range."""

    def __init__(self, setting: Setting, parent: QWidget) -> None:
        schema = setting.schema
        self._spin = _Spin(schema.minimum or 0.0, schema.maximum or _MOST, parent)
        self._is_whole = schema.kind == "int"
        self._spin.setDecimals(0 if self._is_whole else 2)
        self._spin.setSingleStep(_STEPS[schema.kind])
        self._spin.setSuffix(setting.unit)
        super().__init__(self._spin, self._get, self._set)
        self._spin.lineEdit().textEdited.connect(self._typed)
        self._spin.stepped.connect(self._typed)

    def _set(self, value: Any) -> None:
        if self._spin.value() != value or not self._spin.hasAcceptableInput():
            self._spin.setValue(float(value))

    def _get(self) -> Any:
        self._spin.interpretText()
        value = self._spin.value()
        return round(value) if self._is_whole else value


class AmountEditor(Editor):
    """A number above nothing with any count of decimals."""

    def __init__(self, setting: Setting, parent: QWidget) -> None:
        self._edit = NumberEdit(setting.title, parent, rounds=False)
        self._edit.set_step(Decimal(1), 0)
        super().__init__(self._edit, self._get, self._set)
        self._edit.value_changed.connect(self._on_changed)
        self._edit.lineEdit().textEdited.connect(self._typed)

    def _on_changed(self, value: Decimal | None) -> None:
        if value != self._shown:
            self._typed()

    def _set(self, value: Any) -> None:
        self._edit.set_value(value)

    def _get(self) -> Any:
        value = self._edit.value()
        return self._edit.text() if value is None else value


class ListedEditor(Editor):
    """A word of a long list: type a part of it, or choose. What is typed need not be listed."""

    is_patient = True

    def __init__(self, listed: list[tuple[str, str]], parent: QWidget) -> None:
        self._combo = QComboBox(parent)
        self._combo.setEditable(True)
        self._combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for text, value in listed:
            self._combo.addItem(text, value)
        line = QLineEdit(self._combo)
        self._combo.setLineEdit(line)
        completer = QCompleter(self._combo.model(), self._combo)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._combo.setCompleter(completer)
        theme.follow(self._combo, lambda: self._combo.setMaximumWidth(theme.px(_WIDEST)))
        super().__init__(self._combo, self._get, self._set)
        line.textEdited.connect(self._typed)
        self._combo.activated.connect(self._choose)

    def _choose(self, at: int) -> None:
        self._settle()
        self.entered.emit(self._combo.itemData(at))

    def _set(self, value: Any) -> None:
        at = self._combo.findData(value)
        self._combo.setCurrentIndex(at)
        if at < 0:
            self._combo.setEditText(str(value))

    def _get(self) -> Any:
        text = self._combo.currentText().strip()
        at = self._combo.findText(text, Qt.MatchFlag.MatchFixedString)
        return text if at < 0 else self._combo.itemData(at)


class SizesEditor(Editor):
    """The sizes of the size keys, in their order."""

    def __init__(self, setting: Setting, parent: QWidget) -> None:
        self._list = SizeList(setting.title, parent)
        super().__init__(self._list, self._get, self._set)
        self._list.changed.connect(self.entered)

    def _set(self, value: Any) -> None:
        self._list.show_sizes(value)

    def _get(self) -> Any:
        return self._list.sizes()


class _Spin(QDoubleSpinBox):
    """Lets a number out of range be typed, so that it can be said what is allowed."""

    stepped = Signal()

    def __init__(self, lowest: float, highest: float, parent: QWidget) -> None:
        super().__init__(parent)
        self._lowest, self._highest = lowest, highest
        locale = QLocale.c()
        locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
        self.setLocale(locale)
        self.setRange(0.0, _MOST)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)

    def stepBy(self, steps: int) -> None:
        wanted = self.value() + steps * self.singleStep()
        self.setValue(min(self._highest, max(self._lowest, wanted)))
        self.selectAll()
        self.stepped.emit()

    def textFromValue(self, value: float) -> str:
        text = f"{value:.{self.decimals()}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


def make_editor(setting: Setting, parent: QWidget) -> Editor:
    """The editor that suits the kind of this setting."""
    kind = setting.schema.kind
    if kind in _KINDS:
        return _KINDS[kind](setting, parent)
    return ListedEditor(zones() if kind == "zone" else currencies(), parent)


_KINDS: dict[str, Callable[[Setting, QWidget], Editor]] = {
    "bool": CheckEditor,
    "choice": ChoiceEditor,
    "int": SpinEditor,
    "float": SpinEditor,
    "amount": AmountEditor,
    "sizes": SizesEditor,
}
