"""What is printed on the keys of the present layout, asked of the system where it answers.

X11 and Windows tell it for all keys at once; elsewhere (Wayland, macOS) the labels become known
one by one as the keys are pressed, and until then keys are called by their US names.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.ui.desk import Desk
from app.ui.off_thread import off_thread
from app.ui.physical_keys import PLACES

Reader = Callable[[], dict[str, str]]

_LATIN = 0x250  # the first code point behind the Latin letters
_CORE_KEYBOARD = 0x100  # XkbUseCoreKbd
_CODE_TO_KEY, _KEY_TO_CHARACTER = 1, 2  # MAPVK_VSC_TO_VK, MAPVK_VK_TO_CHAR


class LayoutLabels(QObject):
    """Keeps the labels of the desk's keymap true to the layout. GUI thread.

    `changed` says that keys are called otherwise than before.
    """

    changed = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk

    def ask(self) -> None:
        """Ask the system for the whole layout, off this thread."""
        reader = reader_of(QGuiApplication.platformName())
        if reader is not None:
            self._desk.spawn(self._read(reader), "keyboard layout")

    def learn(self, place: str, label: str) -> None:
        """A press told the label of one place; a new layout is asked for as a whole."""
        if len(label) != 1 or ord(label) >= _LATIN:
            return  # a second alphabet on the same keys, which are called by their Latin letters
        labels = self._desk.keymap.labels
        was_known = labels.is_known
        if labels.learn(place, label):
            self.changed.emit()
            if was_known:
                self.ask()

    async def _read(self, reader: Reader) -> None:
        told = await off_thread(reader)
        latin = {place: text for place, text in told.items() if ord(text) < _LATIN}
        if latin and self._desk.keymap.labels.replace(latin):
            self.changed.emit()


def reader_of(platform: str) -> Reader | None:
    """The way to ask on a platform of Qt; None where there is none."""
    return {"xcb": read_x11, "windows": read_windows}.get(platform)


def read_x11() -> dict[str, str]:
    """The labels of the X server's present layout; {} where it cannot be asked.

    On a line of its own to the server: the program's own must not be read from another thread.
    """
    try:
        x11, names = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libxkbcommon.so.0")
    except OSError:
        return {}
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XkbGetState.argtypes = [ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p]
    x11.XkbKeycodeToKeysym.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint8,
        ctypes.c_uint,
        ctypes.c_uint,
    ]
    x11.XkbKeycodeToKeysym.restype = ctypes.c_ulong
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    names.xkb_keysym_to_utf32.argtypes = [ctypes.c_uint32]
    names.xkb_keysym_to_utf32.restype = ctypes.c_uint32
    server = x11.XOpenDisplay(None)
    if not server:
        return {}
    try:
        state = ctypes.create_string_buffer(64)  # XkbStateRec; its first byte is the layout in use
        x11.XkbGetState(server, _CORE_KEYBOARD, state)
        group = state.raw[0]
        symbols = {
            place: names.xkb_keysym_to_utf32(x11.XkbKeycodeToKeysym(server, code, group, 0))
            for code, place in PLACES["x11"].items()
        }
    finally:
        x11.XCloseDisplay(server)
    return _characters(symbols)


def read_windows() -> dict[str, str]:
    """The labels of the present layout of Windows; {} elsewhere."""
    libraries = getattr(ctypes, "windll", None)
    if libraries is None:
        return {}
    map_key = libraries.user32.MapVirtualKeyW
    # The highest bit of a character marks a dead key, which writes nothing by itself.
    return _characters(
        {
            place: map_key(map_key(code, _CODE_TO_KEY), _KEY_TO_CHARACTER)
            for code, place in PLACES["windows"].items()
        }
    )


def _characters(codes: dict[str, int]) -> dict[str, str]:
    return {place: chr(code) for place, code in codes.items() if 0x20 < code < 0x10000}
