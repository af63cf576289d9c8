"""Whether anything may move by itself: the trader's setting, else what the system asks for.

Reduced motion stills what moves on the screen: docks that slide, menus and tool tips that fade, the
blinking of a cursor and the flash of a changed price. What changes is still shown, at once. GUI
thread.

"system" follows Windows ("Animation effects"), macOS ("Reduce motion"), and on Linux KDE's and
GTK's own files; a GNOME that keeps it in dconf alone cannot be asked cheaply, and counts as off.
"""

from __future__ import annotations

import configparser
import ctypes
import ctypes.util
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

_EFFECTS = (
    Qt.UIEffect.UI_General,
    Qt.UIEffect.UI_AnimateMenu,
    Qt.UIEffect.UI_FadeMenu,
    Qt.UIEffect.UI_AnimateCombo,
    Qt.UIEffect.UI_AnimateTooltip,
    Qt.UIEffect.UI_FadeTooltip,
)
_FALSE = ("0", "false", "no", "off")


class _Motion:
    is_reduced = False
    usual_blink_ms: int | None = None


_motion = _Motion()


def is_reduced() -> bool:
    """Whether everything is to stand still."""
    return _motion.is_reduced


def use(setting: str, asks: Callable[[], bool] | None = None) -> bool:
    """Let "on", "off" or "system" hold from now on; whether motion is reduced."""
    system = asks or system_asks
    _motion.is_reduced = setting == "on" or (setting == "system" and system())
    app = QApplication.instance()
    if isinstance(app, QApplication):
        _still(app)
    return _motion.is_reduced


def system_asks(
    platform: str = sys.platform, environ: Mapping[str, str] = os.environ, home: Path | None = None
) -> bool:
    """Whether the system is set to show no animations; False where that cannot be told."""
    if platform == "win32":
        return _windows_asks()
    if platform == "darwin":
        return _mac_asks()
    config = Path(environ.get("XDG_CONFIG_HOME") or (home or Path.home()) / ".config")
    if _value(config / "kdeglobals", "KDE", "AnimationDurationFactor") in ("0", "0.0"):
        return True
    gtk = (config / f"gtk-{version}.0" / "settings.ini" for version in (4, 3))
    return any(_value(file, "Settings", "gtk-enable-animations") in _FALSE for file in gtk)


def _still(app: QApplication) -> None:
    for effect in _EFFECTS:
        app.setEffectEnabled(effect, not _motion.is_reduced)
    if _motion.usual_blink_ms is None:
        _motion.usual_blink_ms = app.cursorFlashTime()
    app.setCursorFlashTime(0 if _motion.is_reduced else _motion.usual_blink_ms)


def _value(file: Path, section: str, key: str) -> str:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(file, encoding="utf-8")
        return parser.get(section, key, fallback="").strip().lower()
    except (OSError, UnicodeDecodeError, configparser.Error):
        return ""


def _windows_asks() -> bool:
    """SystemParametersInfoW(SPI_GETCLIENTAREAANIMATION), documented for winuser.h."""
    if sys.platform == "win32":
        is_animated = ctypes.c_int(1)
        asked = ctypes.windll.user32.SystemParametersInfoW(0x1042, 0, ctypes.byref(is_animated), 0)
        return bool(asked) and not is_animated.value
    return False


def _mac_asks() -> bool:
    """CFPreferencesGetAppBooleanValue of com.apple.universalaccess, what `defaults` reads too."""
    found = ctypes.util.find_library("CoreFoundation")
    if found is None:
        return False
    core = ctypes.CDLL(found)
    core.CFStringCreateWithCString.restype = ctypes.c_void_p
    core.CFStringCreateWithCString.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32]
    core.CFPreferencesGetAppBooleanValue.restype = ctypes.c_ubyte
    core.CFPreferencesGetAppBooleanValue.argtypes = [ctypes.c_void_p] * 3
    utf8 = 0x08000100
    key, domain = (
        core.CFStringCreateWithCString(None, text, utf8)
        for text in (b"reduceMotion", b"com.apple.universalaccess")
    )
    return bool(core.CFPreferencesGetAppBooleanValue(key, domain, None))
