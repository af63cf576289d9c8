"""Key presses to commands, for the whole program, before any widget sees them. GUI thread.

The filter sits on the window that has the keyboard, not on the application: there it would run
for every paint and timer event of the program. Menus only show keys; they never listen to them,
so one press can never run a command twice.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QWindow
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
from app.commands.held_keys import HeldKeys
from app.commands.key_press import KeyPress, Meant
from app.commands.keymap import is_plain, normalize
from app.commands.registry import Command
from app.domain.reports import Severity
from app.ui.desk import Desk
from app.ui.layout_labels import LayoutLabels
from app.ui.physical_keys import family, is_alt_gr, number_of, place_of
from app.ui.second_click import SecondClick

SAME_NOTE_MS = 3_000
_PARTS = ("trading.close_quarter", "trading.close_half", "trading.close_three_quarters")
_PORTABLE = QKeySequence.SequenceFormat.PortableText

_Mod = Qt.KeyboardModifier
_ALT_GR = _Mod.ControlModifier | _Mod.AltModifier
_NAMES = {  # in the keymap's order
    _Mod.MetaModifier: "Meta",
    _Mod.ControlModifier: "Ctrl",
    _Mod.AltModifier: "Alt",
    _Mod.ShiftModifier: "Shift",
}
_MODIFIERS = {
    Qt.Key.Key_Control: _Mod.ControlModifier,
    Qt.Key.Key_Shift: _Mod.ShiftModifier,
    Qt.Key.Key_Alt: _Mod.AltModifier,
    Qt.Key.Key_Meta: _Mod.MetaModifier,
}
_COUNTED = sum(bit.value for bit in _NAMES)
_NAMELESS = frozenset(
    {*_MODIFIERS, Qt.Key.Key_AltGr, Qt.Key.Key_CapsLock, Qt.Key.Key_NumLock, Qt.Key.Key_unknown}
)
_KNOWN_KEYS = {key.value: key for key in Qt.Key}
_LAST_CHARACTER = 0x10FFFF  # Qt's keys above it write nothing


def press_of(event: QKeyEvent, numbers: str) -> KeyPress:
    """The pressed key in the keymap's spelling; empty for a bare modifier or a nameless key.

    `numbers` is an answer of `physical_keys.family`.
    """
    held = event.modifiers()
    if _is_alt_gr(event, held, numbers):
        return KeyPress()
    place = place_of(event, numbers)
    is_chord = bool(held & ~(_Mod.ShiftModifier | _Mod.KeypadModifier | _Mod.GroupSwitchModifier))
    is_switched = bool(held & _Mod.GroupSwitchModifier)
    if is_switched and is_chord and 0x20 < event.key() <= _LAST_CHARACTER:
        return KeyPress()  # with Ctrl or Alt beside it AltGr is no part of any key
    position = _spelled(held, place) if place and is_chord else None
    name = _name(event.key())
    if name is None:
        return KeyPress(position)
    spellings = [_spelled(held, name)]
    if held & _Mod.ShiftModifier and len(name) == 1 and not name.isalnum():
        spellings.append(_spelled(held & ~_Mod.ShiftModifier, name))  # Shift+7 writes "/"
        if not is_chord:
            spellings.pop(0)
    return KeyPress(position, tuple(spelling for spelling in spellings if spelling))


def _is_alt_gr(event: QKeyEvent, held: Qt.KeyboardModifier, numbers: str) -> bool:
    """Whether Ctrl and Alt are how the system tells of AltGr, which writes and never trades."""
    if held & _ALT_GR != _ALT_GR:
        return False
    if held & _Mod.GroupSwitchModifier or is_alt_gr(event, numbers):
        return True
    text = event.text()
    writes = text.isprintable() and text != "" and numbers != "mac"  # there Alt writes by itself
    character = chr(event.key()) if event.key() <= _LAST_CHARACTER else ""
    return writes and text not in (character, character.lower())


def _name(key: int) -> str | None:
    """A key's name: what it writes without modifiers, or what stands on it."""
    if 0x20 < key <= _LAST_CHARACTER:
        return chr(key)
    known = _KNOWN_KEYS.get(key, Qt.Key.Key_unknown)
    return None if known in _NAMELESS else QKeySequence(known).toString(_PORTABLE)


def _spelled(held: Qt.KeyboardModifier, name: str) -> str | None:
    try:
        return normalize("+".join([*(text for bit, text in _NAMES.items() if held & bit), name]))
    except UserError:
        return None


def is_typing(widget: QWidget | None) -> bool:
    """Whether keys go into a text field."""
    if isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit):
        return not widget.isReadOnly()
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    return isinstance(widget, QAbstractSpinBox)


@runtime_checkable
class TakesKeys(Protocol):
    """A field that is told which key is pressed, while no press runs a command."""

    @property
    def takes_keys(self) -> bool:
        """Whether it wants the next press."""
        ...

    def take_press(self, press: KeyPress) -> None:
        """What was pressed; empty for a key without a name."""
        ...


class KeyFilter(QObject):
    """Runs the command of a key, once a press: repetitions by holding it down are swallowed.

    While typing, in menus and in dialogs only ways out (cancel, close, flatten) are taken, and
    while typing also what else works there. Entry keys are dropped there with a word; every other
    key goes on to where it was meant for. Ways out of all of it also run where a press is not
    certain to be one of its own: to run one twice does no harm, to miss one may.
    """

    def __init__(self, desk: Desk, app: QGuiApplication) -> None:
        super().__init__(desk)
        self._desk, self._app = desk, app
        self._is_on = True
        self._watched: QWindow | None = None
        self._numbers = family()
        self._held, self._second = HeldKeys(), SecondClick()
        self._note, self._noted_ms = "", QElapsedTimer()
        self.labels = LayoutLabels(desk)
        self.labels.changed.connect(desk.commands_changed)
        app.focusWindowChanged.connect(self._watch)
        app.applicationStateChanged.connect(self._on_state)
        self._watch(app.focusWindow())

    def stop(self) -> None:
        """Hear no key any more; the program is closing. Safe to call twice."""
        if not self._is_on:
            return
        self._is_on = False
        self._app.focusWindowChanged.disconnect(self._watch)
        self._app.applicationStateChanged.disconnect(self._on_state)

    def _watch(self, window: QWindow | None) -> None:
        if window is None or window is self._watched:
            return
        window.removeEventFilter(self)
        window.installEventFilter(self)
        self._watched = window

    def _on_state(self, _state: Qt.ApplicationState) -> None:
        self._held.lose()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if not self._is_on:
            return False
        self._desk.core.input_age.take(event)
        if isinstance(event, QMouseEvent):
            if kind is QEvent.Type.MouseButtonPress:
                self._desk.arming.note_input()
            return self._second.is_astray(watched, event)
        if not isinstance(event, QKeyEvent):
            return False
        if kind is QEvent.Type.KeyPress:
            is_done = self._on_press(event)
            self._learn(event)
            return is_done
        if kind is QEvent.Type.ShortcutOverride:
            return self._is_ours(event)
        if kind is QEvent.Type.KeyRelease:
            self._see(event)
            self._held.release(number_of(event, self._numbers), event.timestamp())
        return False

    def _is_ours(self, event: QKeyEvent) -> bool:
        """Before a press: whether it will be taken, so that no shortcut of Qt takes it first."""
        press = press_of(event, self._numbers)
        command = self._meant(press).command
        if _asking_field() is None and (command is None or not _is_heard(press, command)):
            return False
        event.accept()
        return True

    def _on_press(self, event: QKeyEvent) -> bool:
        self._desk.arming.beat()  # keys that wait in the queue are read before any timer
        self._desk.arming.note_input()
        if self._see(event):
            return False
        number, is_repeat = number_of(event, self._numbers), event.isAutoRepeat()
        is_new = self._held.press(number, event.timestamp(), is_repeat=is_repeat)
        press = press_of(event, self._numbers)
        if (field := _asking_field()) is not None:
            if is_new:
                field.take_press(press)
            return True
        meant = self._meant(press)
        if meant.command is None or not _is_heard(press, meant.command):
            return False
        event.accept()
        if is_new or (_may_run_twice(meant.command) and not is_repeat):
            self._act(press, meant, event.modifiers().value)
        return True

    def _see(self, event: QKeyEvent) -> bool:
        """Keep count of the modifiers; whether the event is of one itself.

        Of its own bit such an event says nothing that holds on every system: a press may be a
        repetition, and a key that sticks is still held after its release.
        """
        held = event.modifiers()
        own = _MODIFIERS.get(_KNOWN_KEYS.get(event.key(), Qt.Key.Key_unknown))
        if own is None:
            self._held.see(held.value)
            return False
        self._held.see((held | own).value)
        # X11 tells what was held before the event, and Qt turns the key's own bit round.
        was_down = event.isAutoRepeat() or (self._numbers == "x11" and not held & own)
        if event.type() is QEvent.Type.KeyPress and not was_down:
            self._held.begin(own.value)
        return True

    def _meant(self, press: KeyPress) -> Meant:
        """A staged order's keys count wherever the keyboard is, but not in fields and dialogs."""
        is_staged = self._desk.staging.staged is not None and not _is_elsewhere()
        return self._desk.keymap.meaning(press, is_staged=is_staged)

    def _act(self, press: KeyPress, meant: Meant, held: int) -> None:
        command = meant.command
        if command is None:
            return
        if not _is_taken(press, command):
            self._tell(f"{command.title}: entry keys do nothing while a field or dialog is open")
        elif meant.is_unclear and meant.rival is not None:
            self._tell(
                f"{press.text} is {command.title} by its place and {meant.rival.title} by its"
                " label: neither was done. Give one of them another key"
            )
        elif command.increases_risk and self._held.is_strange(held & _COUNTED):
            self._tell(
                f"{command.title}: its keys were held down since before this window was entered."
                " Let go of them and press again"
            )
        else:
            self._desk.run(command.id)

    def _learn(self, event: QKeyEvent) -> None:
        """A press tells what is printed on its key; with Shift only where that is a letter."""
        place, key, held = place_of(event, self._numbers), event.key(), event.modifiers()
        if not place or held & _Mod.GroupSwitchModifier or not 0x20 < key <= _LAST_CHARACTER:
            return
        if not held & _Mod.ShiftModifier or chr(key).isalpha():
            self.labels.learn(place, chr(key))

    def _tell(self, text: str) -> None:
        """Say in the status bar why a key did nothing, not again for every further press."""
        is_same = text == self._note and not self._noted_ms.hasExpired(SAME_NOTE_MS)
        if not is_same:
            self._note = text
            self._noted_ms.start()
            self._desk.notify(Severity.INFO, text)


def _asking_field() -> TakesKeys | None:
    """The field with the keyboard that wants the next press, if there is one."""
    focused: object = QApplication.focusWidget()
    return focused if isinstance(focused, TakesKeys) and focused.takes_keys else None


def _is_heard(press: KeyPress, command: Command) -> bool:
    """Whether the press goes no further, be it that the command runs or that it is refused."""
    return command.increases_risk or _is_taken(press, command)


def _is_way_out(command: Command) -> bool:
    is_size = command.id.startswith("trading.set_size_")
    return command.works_while_typing and command.id.startswith("trading.") and not is_size


def _may_run_twice(command: Command) -> bool:
    """Half of a position and half of the rest is more than was asked for; a cancel is a cancel."""
    return _is_way_out(command) and not command.id.startswith(_PARTS)


def _is_asked() -> bool:
    return bool(QApplication.activeModalWidget() or QApplication.activePopupWidget())


def _is_elsewhere() -> bool:
    return _is_asked() or is_typing(QApplication.focusWidget())


def _is_taken(press: KeyPress, command: Command) -> bool:
    if _is_asked():
        return _is_way_out(command)
    if is_typing(QApplication.focusWidget()):
        return command.works_while_typing and not is_plain(press.text)
    return _is_way_out(command) or not _keeps(QApplication.focusWidget(), press)


def _keeps(focused: QWidget | None, press: KeyPress) -> bool:
    """Whether the widget with the keyboard has a use of its own for a key: `own_keys` names it."""
    return press.text in getattr(focused, "own_keys", ())
