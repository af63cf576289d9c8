"""Hears that the screen was locked or the computer goes to sleep, where the system tells it.

Linux tells it on D-Bus: the desktop's screen saver on the session's bus, the login manager on the
system's. Windows sends messages to a window. macOS tells locks only to programs that speak
Objective-C, which this one does not: there the idle rule and the sleep rule of `Arming` hold.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import SLOT, QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication

from app.ui.desk import Desk
from app.ui.off_thread import off_thread

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection

_SAVERS = ("freedesktop", "gnome", "cinnamon", "mate", "xfce")
_LOGIN = "org.freedesktop.login1"
# Qt's bindings take the str that SLOT gives; their type hints ask for bytes.
_ON_SAVER: Any = SLOT("on_saver(bool)")
_ON_LOCK: Any = SLOT("on_lock()")
_ON_SLEEP: Any = SLOT("on_sleep(bool)")
_NAMES = {"session": "moorgate session", "system": "moorgate system"}


class ScreenLock(QObject):
    """`locked` and `slept` carry nothing; start it once the window is up. GUI thread."""

    locked = Signal()
    slept = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._window: QObject | None = None
        self._buses: list[str] = []
        self.locked.connect(self._on_locked)
        self.slept.connect(self._on_slept)

    def start(self, environment: Mapping[str, str] = os.environ) -> None:
        """Listen from now on; where nobody tells anything that is all right."""
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.applicationStateChanged.connect(self._on_state)
        if sys.platform == "win32":
            self._listen_to_windows()
        elif addresses := bus_addresses(environment):
            self._desk.spawn(self._listen_to_buses(addresses, environment), "screen lock")

    def stop(self) -> None:
        """Let go of buses and windows; the program is closing."""
        if self._buses:
            from PySide6.QtDBus import QDBusConnection

            for name in self._buses:
                QDBusConnection.disconnectFromBus(name)
            self._buses.clear()
        if self._window is not None:
            self._window.deleteLater()
            self._window = None

    async def _listen_to_buses(
        self, addresses: Mapping[str, str], environment: Mapping[str, str]
    ) -> None:
        from PySide6.QtDBus import QDBusConnection  # not before the window is up

        for kind, address in addresses.items():
            name = _NAMES[kind]
            bus = await off_thread(partial(QDBusConnection.connectToBus, address, name))
            self._buses.append(name)
            if bus.isConnected():
                self._subscribe(bus, kind, environment.get("XDG_SESSION_ID", ""))

    def _subscribe(self, bus: QDBusConnection, kind: str, session_id: str) -> None:
        """From whoever sends these signals: asking for their owners would wait for an answer."""
        if kind == "session":
            for saver in _SAVERS:
                interface = f"org.{saver}.ScreenSaver"
                bus.connect("", "", interface, "ActiveChanged", self, _ON_SAVER)
            return
        path = session_path(session_id) if session_id else ""
        bus.connect("", path, f"{_LOGIN}.Session", "Lock", self, _ON_LOCK)
        bus.connect("", "", f"{_LOGIN}.Manager", "PrepareForSleep", self, _ON_SLEEP)

    def _listen_to_windows(self) -> None:
        from app.ui.session_window import SessionWindow

        self._window = SessionWindow(self.locked.emit, self.slept.emit)

    @Slot(bool)
    def on_saver(self, is_active: bool) -> None:
        """The screen saver began, which locks the screen, or ended."""
        if is_active:
            self.locked.emit()

    @Slot()
    def on_lock(self) -> None:
        """The login manager asks this session to lock."""
        self.locked.emit()

    @Slot(bool)
    def on_sleep(self, is_beginning: bool) -> None:
        """The computer goes to sleep, or is back."""
        if is_beginning:
            self.slept.emit()

    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationSuspended:
            self.slept.emit()

    def _on_locked(self) -> None:
        if self._desk.settings.general.disarm_on_lock:
            self._desk.arming.disarm("the screen was locked")

    def _on_slept(self) -> None:
        self._desk.arming.disarm("the computer went to sleep")


def bus_addresses(environment: Mapping[str, str]) -> dict[str, str]:
    """The buses there are, by kind. None is started for this."""
    here = {
        "session": (
            environment.get("DBUS_SESSION_BUS_ADDRESS", ""),
            Path(environment.get("XDG_RUNTIME_DIR", "/nonexistent")) / "bus",
        ),
        "system": (
            environment.get("DBUS_SYSTEM_BUS_ADDRESS", ""),
            Path("/run/dbus/system_bus_socket"),
        ),
    }
    found = {}
    for kind, (address, socket) in here.items():
        if address or socket.exists():
            found[kind] = address or f"unix:path={socket}"
    return found


def session_path(session_id: str) -> str:
    """The login manager's object for a session (systemd escapes bus labels like this)."""
    escaped = "".join(
        letter
        if letter.isascii() and letter.isalnum() and (place or not letter.isdigit())
        else "".join(f"_{byte:02x}" for byte in letter.encode())
        for place, letter in enumerate(session_id)
    )
    return f"/org/freedesktop/login1/session/{escaped}"
