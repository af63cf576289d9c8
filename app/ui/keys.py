"""Key presses to commands, for the whole program, before any widget sees them. GUI thread.

The filter sits on the window that has the keyboard, not on the application: there it would run
for every paint and timer event of the program. Menus only show keys; they never listen to them,
so one press can never run a command twice.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QWindow
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from app.base.errors import UserError
from app.commands.keymap import is_plain, normalize
from app.commands.registry import Command
from app.domain.reports import Severity
from app.ui.desk import Desk

_Mod = Qt.KeyboardModifier
_HELD = _Mod.ControlModifier | _Mod.AltModifier | _Mod.ShiftModifier | _Mod.MetaModifier
_ALT_GR = _Mod.ControlModifier | _Mod.AltModifier
_MODIFIER_KEYS = frozenset(
    {
        Qt.Key.Key_Control,
        Qt.Key.Key_Shift,
        Qt.Key.Key_Alt,
        Qt.Key.Key_AltGr,
        Qt.Key.Key_Meta,
        Qt.Key.Key_CapsLock,
        Qt.Key.Key_NumLock,
        Qt.Key.Key_unknown,
    }
)


def key_of(event: QKeyEvent) -> str | None:
    """The pressed key in the keymap's spelling, None for a bare modifier or a nameless key."""
    key = Qt.Key(event.key()) if event.key() in _KNOWN_KEYS else Qt.Key.Key_unknown
    if key in _MODIFIER_KEYS:
        return None
    held = event.modifiers() & _HELD
    text = event.text()
    if (
        held == _ALT_GR
        and text.isprintable()
        and text
        and text.upper() != chr(event.key() & 0xFFFF)
    ):
        return None  # a character written with AltGr, which Windows tells as Ctrl+Alt
    is_symbol = len(text) == 1 and text.isprintable() and not text.isalnum() and text != " "
    if is_symbol and not held & ~_Mod.ShiftModifier:
        held = _Mod.NoModifier  # Shift is how this keyboard writes it, such as Shift+7 for "/"
    name = QKeySequence(QKeyCombination(held, key)).toString(
        QKeySequence.SequenceFormat.PortableText
    )
    try:
        return normalize(name)
    except UserError:
        return None


_KNOWN_KEYS = frozenset(key.value for key in Qt.Key)


def is_typing(widget: QWidget | None) -> bool:
    """Whether keys go into a text field."""
    if isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit):
        return not widget.isReadOnly()
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    return isinstance(widget, QAbstractSpinBox)


class KeyFilter(QObject):
    """Runs the command of a key, once a press: repetitions by holding it down are swallowed.

    While typing, in menus and in dialogs only ways out (cancel, close, flatten) are taken, and
    while typing also what else works there. Entry keys are dropped there with a word; every other
    key goes on to where it was meant for.
    """

    def __init__(self, desk: Desk, app: QGuiApplication) -> None:
        super().__init__(desk)
        self._desk, self._app = desk, app
        self._is_on = True
        self._watched: QWindow | None = None
        app.focusWindowChanged.connect(self._watch)
        self._watch(app.focusWindow())

    def stop(self) -> None:
        """Hear no key any more; the program is closing."""
        self._is_on = False
        self._app.focusWindowChanged.disconnect(self._watch)

    def _watch(self, window: QWindow | None) -> None:
        if window is None or window is self._watched:
            return
        window.removeEventFilter(self)
        window.installEventFilter(self)
        self._watched = window

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if not self._is_on:
            return False
        if kind is QEvent.Type.MouseButtonPress:
            self._desk.arming.note_input()
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride) and isinstance(
            event, QKeyEvent
        ):
            return self._on_key(event, is_press=kind is QEvent.Type.KeyPress)
        return False

    def _on_key(self, event: QKeyEvent, *, is_press: bool) -> bool:
        if is_press:
            self._desk.arming.note_input()
        key = key_of(event)
        command_id = self._desk.keymap.command_for(key) if key else None
        if key is None or command_id is None:
            return False
        command = self._desk.commands.get(command_id)
        is_taken = self._is_taken(key, command)
        if not is_taken and not command.increases_risk:
            return False
        event.accept()
        if is_press and not event.isAutoRepeat():
            if is_taken:
                self._desk.run(command_id)
            else:
                text = f"{command.title}: entry keys do nothing while a field or dialog is open"
                self._desk.notify(Severity.INFO, text)
        return True

    def _is_taken(self, key: str, command: Command) -> bool:
        is_way_out = command.works_while_typing and command.id.startswith("trading.")
        if QApplication.activeModalWidget() or QApplication.activePopupWidget():
            return is_way_out
        if is_typing(QApplication.focusWidget()):
            return command.works_while_typing and not is_plain(key)
        return True
