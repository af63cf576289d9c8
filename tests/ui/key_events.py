"""What a keyboard sends when modifiers go down: entries count only those that it sent here."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

_Mod = Qt.KeyboardModifier
_KEYS = (
    (Qt.Key.Key_Control, _Mod.ControlModifier),
    (Qt.Key.Key_Alt, _Mod.AltModifier),
    (Qt.Key.Key_Shift, _Mod.ShiftModifier),
)


def modifier_presses(held: Qt.KeyboardModifier) -> list[QKeyEvent]:
    """One after the other; each tells of those before it, as X11 does."""
    made, before = [], _Mod.NoModifier
    for key, bit in _KEYS:
        if held & bit:
            made.append(QKeyEvent(QEvent.Type.KeyPress, key, before))
            before |= bit
    return made
