"""A locked screen and a sleeping computer disarm; heard on real buses and from real messages."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtDBus import QDBusConnection, QDBusMessage
from pytestqt.qtbot import QtBot

from app.ui.screen_lock import ScreenLock, bus_addresses, session_path
from app.ui.session_window import SessionWindow, meaning
from tests.ui.shell.conftest import Driver

SENDER = "moorgate test"
Send = Callable[[str, str, str, list[object]], None]


@pytest.fixture
def bus() -> Iterator[str]:
    """The address of a bus of our own."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("there is no dbus-daemon on this computer")
    command = [daemon, "--session", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def send(bus: str) -> Iterator[Send]:
    """Sends a signal to everybody on the bus."""
    connection = QDBusConnection.connectToBus(bus, SENDER)
    assert connection.isConnected()

    def signal(path: str, interface: str, name: str, arguments: list[object]) -> None:
        message = QDBusMessage.createSignal(path, interface, name)
        message.setArguments(arguments)
        assert connection.send(message)

    yield signal
    QDBusConnection.disconnectFromBus(SENDER)


@pytest.fixture
def listening(driver: Driver, bus: str) -> Iterator[ScreenLock]:
    """The program's listener on our bus, which plays both kinds."""
    lock = driver.session.lock
    lock.stop()
    both = {
        "DBUS_SESSION_BUS_ADDRESS": bus,
        "DBUS_SYSTEM_BUS_ADDRESS": bus,
        "XDG_SESSION_ID": "2",
    }
    lock.start(both)
    driver.until(lambda: len(lock._buses) == 2)
    driver.desk.arming.arm()
    yield lock
    lock.stop()


def is_armed(driver: Driver) -> bool:
    return driver.desk.arming.is_armed


@pytest.mark.usefixtures("listening")
def test_a_screen_saver_disarms(driver: Driver, send: Send) -> None:
    for saver in ("freedesktop", "gnome", "cinnamon", "mate", "xfce"):
        driver.desk.arming.arm()
        assert is_armed(driver)
        send("/ScreenSaver", f"org.{saver}.ScreenSaver", "ActiveChanged", [True])
        driver.until(lambda: not is_armed(driver))
        assert driver.desk.arming.reason == "the screen was locked"


@pytest.mark.usefixtures("listening")
def test_the_login_managers_lock_of_this_session_disarms(driver: Driver, send: Send) -> None:
    here, elsewhere = session_path("2"), session_path("7")
    send(elsewhere, "org.freedesktop.login1.Session", "Lock", [])
    send("/ScreenSaver", "org.gnome.ScreenSaver", "ActiveChanged", [False])
    send("/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", [False])
    seen: list[bool] = []
    driver.session.lock.slept.connect(lambda: seen.append(is_armed(driver)))
    driver.session.lock.locked.connect(lambda: seen.append(is_armed(driver)))
    assert is_armed(driver)
    send(here, "org.freedesktop.login1.Session", "Lock", [])
    driver.until(lambda: not is_armed(driver))
    assert seen == [False]  # one word of all that was sent: what came before did not concern us


@pytest.mark.usefixtures("listening")
def test_a_computer_that_goes_to_sleep_disarms_whatever_the_setting_says(
    driver: Driver, send: Send
) -> None:
    driver.desk.core.save_setting("general", "disarm_on_lock", value=False)
    send("/ScreenSaver", "org.gnome.ScreenSaver", "ActiveChanged", [True])
    send("/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", [True])
    driver.until(lambda: not is_armed(driver))
    assert driver.desk.arming.reason == "the computer went to sleep"


def test_where_there_is_no_bus_nothing_is_said(driver: Driver) -> None:
    driver.session.lock.start({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"})
    driver.until(lambda: driver.session.lock._buses)
    assert driver.said() == []


def test_no_bus_is_started_for_it(tmp_path: object) -> None:
    assert "session" not in bus_addresses({})
    assert "session" not in bus_addresses({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert bus_addresses({"DBUS_SESSION_BUS_ADDRESS": "unix:x"})["session"] == "unix:x"


def test_a_suspended_program_is_disarmed(driver: Driver) -> None:
    driver.desk.arming.arm()
    driver.app.applicationStateChanged.emit(Qt.ApplicationState.ApplicationSuspended)
    assert not is_armed(driver)
    driver.app.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)


@pytest.mark.parametrize(
    ("session", "name"), [("2", "_32"), ("c1", "c1"), ("12", "_312"), ("a-b", "a_2db")]
)
def test_sessions_have_escaped_names(session: str, name: str) -> None:
    assert session_path(session) == f"/org/freedesktop/login1/session/{name}"


@pytest.mark.parametrize(
    ("number", "detail", "told"),
    [(0x02B1, 7, "lock"), (0x02B1, 8, ""), (0x02B1, 4, "lock"), (0x0218, 4, "sleep"),
     (0x0218, 18, ""), (0x0001, 7, "")],
)  # fmt: skip
def test_what_windows_says(qtbot: QtBot, number: int, detail: int, told: str) -> None:
    heard: list[str] = []
    window = SessionWindow(lambda: heard.append("lock"), lambda: heard.append("sleep"))
    qtbot.addWidget(window)
    assert meaning(number, detail) == told

    class Msg(ctypes.Structure):
        _fields_ = (
            ("hwnd", ctypes.c_void_p),
            ("message", ctypes.c_uint),
            ("wParam", ctypes.c_size_t),
        )

    message = Msg(None, number, detail)
    window.nativeEvent(b"windows_generic_MSG", ctypes.addressof(message))
    assert heard == ([told] if told else [])
