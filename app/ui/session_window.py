"""A window that is never shown: Windows tells it of locked screens and of sleep. GUI thread."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_size_t, c_uint, c_void_p

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QWidget

# WM_WTSSESSION_CHANGE with the console or the line to it taken away, or the session locked;
# WM_POWERBROADCAST with PBT_APMSUSPEND (Windows SDK, WinUser.h).
_SESSION_CHANGE, _AWAY = 0x02B1, frozenset({2, 4, 7})
_POWER, _SUSPEND = 0x0218, 4


class _Message(ctypes.Structure):
    """The beginning of MSG."""

    _fields_ = (("window", c_void_p), ("number", c_uint), ("detail", c_size_t))


class SessionWindow(QWidget):
    """Calls `on_lock` and `on_sleep`. Only messages to this window pass through Python."""

    def __init__(self, on_lock: Callable[[], None], on_sleep: Callable[[], None]) -> None:
        super().__init__()
        self._acts = {"lock": on_lock, "sleep": on_sleep}
        libraries = getattr(ctypes, "windll", None)
        if libraries is not None:
            libraries.wtsapi32.WTSRegisterSessionNotification(c_void_p(int(self.winId())), 0)

    def nativeEvent(
        self, _kind: QByteArray | bytes | bytearray | memoryview, message: int
    ) -> tuple[bool, int]:
        told = _Message.from_address(int(message))
        act = self._acts.get(meaning(told.number, told.detail))
        if act is not None:
            act()
        return False, 0  # Qt goes on with it


def meaning(number: int, detail: int) -> str:
    """ "lock", "sleep" or nothing, for a message and its first detail."""
    if number == _SESSION_CHANGE and detail in _AWAY:
        return "lock"
    return "sleep" if (number, detail) == (_POWER, _SUSPEND) else ""
