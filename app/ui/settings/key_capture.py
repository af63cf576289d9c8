"""A button that becomes a key: press it, then press the key. GUI thread."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPushButton, QWidget

from app.commands.key_press import KeyPress
from app.commands.keymap import is_plain

_ASK = "Press the new key…"
_REMOVE = frozenset({"Backspace", "Del"})
_PASSED_OVER = frozenset({"Tab", "Shift+Backtab", "Shift+Tab"})


class KeyCapture(QPushButton):
    """Shows a key; a click asks for another one, and then no press runs a command.

    Esc calls it off, Backspace or Delete take the key away, as does leaving the field call it off.
    `captured` carries the new key in the keymap's spelling, `removed` nothing; `asking` says
    whether it waits for a press.
    """

    captured = Signal(str)
    removed = Signal()
    asking = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("key_capture")
        self.setAutoDefault(False)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 26)
        self._shown, self._title, self._is_by_label = "", "", False
        self.takes_keys = False
        self.clicked.connect(self.ask)

    def show_key(self, title: str, key: str, *, is_by_label: bool) -> None:
        """The key of the command called `title`; an empty one is no key."""
        is_same = title == self._title
        self._shown, self._title, self._is_by_label = key, title, is_by_label
        if not (is_same and self.takes_keys):
            self._stop()

    def ask(self) -> None:
        """Wait for a press."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._set_asking(is_asking=True)
        self.setText(_ASK)
        self.setAccessibleName(f"New key of {self._title}: press it, Esc calls it off")

    def take_press(self, press: KeyPress) -> None:
        """What was pressed while it waits; see `app.ui.keys.TakesKeys`."""
        label = next(iter(press.labels), "")
        if not press.text or label in _PASSED_OVER:
            return
        self._stop()
        if label == "Esc":
            return
        if label in _REMOVE:
            self.removed.emit()
        else:
            self.captured.emit(self._named(press, label))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.ask()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._stop()
        super().focusOutEvent(event)

    def _named(self, press: KeyPress, label: str) -> str:
        """By place, unless the command goes by labels or the key is one that writes text."""
        by_label = self._is_by_label and not press.is_foreign
        if press.position is None or by_label or (label and is_plain(label)):
            return label or press.text
        return press.position

    def _stop(self) -> None:
        self._set_asking(is_asking=False)
        self.setText(self._shown or "No key")
        self.setAccessibleName(f"Key of {self._title}: {self._shown or 'none'}. Press to change it")

    def _set_asking(self, *, is_asking: bool) -> None:
        if is_asking is not self.takes_keys:
            self.takes_keys = is_asking
            self.asking.emit(is_asking)
