"""Where a pressed key lies, told by the number the keyboard driver gives it. GUI thread.

A place is called after its key on a US keyboard. Only the four rows of characters have places
here: F-keys, Esc, Enter, arrows and the number pad mean the same on every layout, and the key
between left Shift and Z, which a US keyboard lacks, has no name.

The numbers are those of the kernel's input-event-codes.h plus 8 (X11 and Wayland), of the PC's
scan code set 1 (Windows), and of Carbon's HIToolbox/Events.h, kVK_ANSI_* (macOS).
"""

from __future__ import annotations

import sys

from PySide6.QtGui import QGuiApplication, QKeyEvent

_ROWS = ("`", "1234567890-=", "QWERTYUIOP[]", "ASDFGHJKL;'", "\\", "ZXCVBNM,./")
_EVDEV = (49, 10, 24, 38, 51, 52)
_SET_1 = (41, 2, 16, 30, 43, 44)
_MAC = {
    0: "A", 1: "S", 2: "D", 3: "F", 4: "H", 5: "G", 6: "Z", 7: "X", 8: "C", 9: "V", 11: "B",
    12: "Q", 13: "W", 14: "E", 15: "R", 16: "Y", 17: "T", 18: "1", 19: "2", 20: "3", 21: "4",
    22: "6", 23: "5", 24: "=", 25: "9", 26: "7", 27: "-", 28: "8", 29: "0", 30: "]", 31: "O",
    32: "U", 33: "[", 34: "I", 35: "P", 37: "L", 38: "J", 39: "'", 40: "K", 41: ";", 42: "\\",
    43: ",", 44: "/", 45: "N", 46: "M", 47: ".", 50: "`",
}  # fmt: skip
_RIGHT_ALT, _RIGHT_CONTROL = 0x40, 0x20  # Qt's native modifiers on Windows


def _counted(firsts: tuple[int, ...]) -> dict[int, str]:
    """Along each row the numbers go up by one."""
    return {
        first + column: key
        for first, row in zip(firsts, _ROWS, strict=True)
        for column, key in enumerate(row)
    }


PLACES = {"x11": _counted(_EVDEV), "windows": _counted(_SET_1), "mac": _MAC}
_FAMILIES = {"xcb": "x11", "wayland": "x11", "windows": "windows", "cocoa": "mac"}


def family() -> str:
    """Whose numbers the events of this session carry; where there is no keyboard, X11's."""
    platform = QGuiApplication.platformName().partition("-")[0]
    known = "windows" if sys.platform == "win32" else "mac" if sys.platform == "darwin" else "x11"
    return _FAMILIES.get(platform, known)


def number_of(event: QKeyEvent, numbers: str) -> int:
    """The driver's number of the pressed key; 0 for a press that no keyboard sent.

    `numbers` is an answer of `family`.
    """
    if numbers == "mac":  # counted from 0, the A
        code = event.nativeVirtualKey()
        return code + 1 if code or event.nativeModifiers() else 0
    return event.nativeScanCode()


def place_of(event: QKeyEvent, numbers: str) -> str | None:
    """The place of the pressed key; None for other keys, and for presses that no keyboard sent."""
    number = number_of(event, numbers)
    return PLACES[numbers].get(number - 1 if numbers == "mac" else number) if number else None


def is_alt_gr(event: QKeyEvent, numbers: str) -> bool:
    """Whether Windows tells AltGr here as Ctrl+Alt: the right Alt without the right Ctrl."""
    held = event.nativeModifiers()
    return numbers == "windows" and bool(held & _RIGHT_ALT) and not held & _RIGHT_CONTROL
