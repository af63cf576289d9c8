"""A real X11 screen that nobody looks at, and hands on its keyboard.

Xvfb shows it, openbox puts frames around windows, xdotool presses keys, setxkbmap chooses what
is printed on them. Keys are named by where they are on an American keyboard, because that is what
a finger knows: `press("Ctrl+Q")` on a French keyboard presses what is labelled A.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from PySide6.QtGui import QImage

T = TypeVar("T")

PROGRAMS = ("Xvfb", "openbox", "setxkbmap", "xdotool", "xkbcomp")
START_S, WAIT_S, STEP_S, END_S = 30.0, 30.0, 0.05, 10.0
KEY_PAUSE_MS = 12  # between press and release, and between characters
# Where keys are: the codes of Linux' evdev on any PC keyboard.
_ROWS = {10: "1234567890-=", 24: "QWERTYUIOP[]", 38: "ASDFGHJKL;'`", 51: "\\ZXCVBNM,./"}
KEYCODES = {key: first + at for first, row in _ROWS.items() for at, key in enumerate(row)}
# What X11 calls the other keys; F-keys are called the same.
_NAMES = {
    **{"Esc": "Escape", "Enter": "Return", "Return": "Return", "Tab": "Tab", "Space": "space"},
    **{"Up": "Up", "Down": "Down", "Left": "Left", "Right": "Right", "Del": "Delete"},
    **{"Home": "Home", "End": "End", "PgUp": "Prior", "PgDown": "Next", "Backspace": "BackSpace"},
    **{"+": "plus", "Ctrl": "Control_L", "Alt": "Alt_L", "Shift": "Shift_L", "Ins": "Insert"},
}
# Without keys of its own, so that every key reaches the program.
_OPENBOX = """<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew></focus>
  <desktops><number>1</number></desktops>
  <applications><application class="*"><focus>yes</focus></application></applications>
</openbox_config>
"""


class ScreenError(AssertionError):
    """The screen, or what should have appeared on it, did not come."""


def missing_programs() -> list[str]:
    """What a screen needs and this computer lacks."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def keycodes(key: str, *, by_label: bool = False) -> str:
    """A key in the keymap's spelling as xdotool takes it: places for letters, names for others.

    With `by_label` a letter means the key on which it is printed.
    """
    *held, main = [*key[:-2].split("+"), "+"] if key.endswith("++") else key.split("+")
    place = KEYCODES.get(main.upper())
    name = main.lower() if len(main) == 1 else main
    last = _NAMES.get(main, name) if place is None or by_label else str(place)
    return "+".join([*(_NAMES[name] for name in held), last])


class Screen:
    """One screen with one keyboard; `keymap` is an X11 layout such as us, fr or de.

    Use it as a context manager. Everything started on it ends with it.
    """

    def __init__(self, keymap: str = "us", size: tuple[int, int] = (1600, 1000)) -> None:
        self.keymap, self.size = keymap, size
        self._folder = Path(tempfile.mkdtemp(prefix="moorgate-screen-"))
        self._programs: list[subprocess.Popen[bytes]] = []
        self._display = ""

    def __enter__(self) -> Screen:
        if missing := missing_programs():
            raise ScreenError(f"not installed: {', '.join(missing)}; packaging/dev.py test does it")
        try:
            self._start_server()
            config = self._folder / "openbox.xml"
            config.write_text(_OPENBOX, encoding="utf-8")
            self.start(["openbox", "--sm-disable", "--config-file", str(config)], "openbox")
            self.until(lambda: self._try("xdotool", "get_num_desktops"), "the window manager")
            self._call("setxkbmap", "-rules", "evdev", "-model", "pc105", "-layout", self.keymap)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to be shown here."""
        return {**os.environ, "DISPLAY": self._display, "QT_QPA_PLATFORM": "xcb"}

    def start(
        self, command: Sequence[str], name: str, more: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program on the screen; what it says goes into `output(name)`."""
        with open(self._folder / f"{name}.log", "wb") as log:
            program = subprocess.Popen(
                command,
                env={**self.environment, **(more or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._programs.append(program)
        return program

    def output(self, name: str) -> str:
        """What a program has said so far."""
        return (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def press(self, *keys: str, by_label: bool = False) -> None:
        """Press and release keys in the window that has the keyboard, one after the other."""
        for key in keys:
            codes = keycodes(key, by_label=by_label)
            self._call("xdotool", "key", "--delay", str(KEY_PAUSE_MS), codes)

    def write(self, text: str) -> None:
        """Type text, with whatever keys write it on this keyboard."""
        self._call("xdotool", "type", "--delay", str(KEY_PAUSE_MS), "--", text)

    def keyboard(self) -> str:
        """What the server says of its keyboard."""
        return self._call("setxkbmap", "-query")

    def windows(self, title: str) -> list[str]:
        """The ids of the visible windows whose title holds `title`."""
        found = self._try("xdotool", "search", "--onlyvisible", "--name", re.escape(title))
        return found.split() if found else []

    def title_in_front(self) -> str:
        """The title of the window that has the keyboard, empty where none has."""
        return (self._try("xdotool", "getactivewindow", "getwindowname") or "").strip()

    def until(self, holds: Callable[[], T], what: str, timeout_s: float = WAIT_S) -> T:
        """Wait until `holds()` is true and answer it. Raises ScreenError naming `what`."""
        deadline = time.monotonic() + timeout_s
        while not (found := holds()):
            if time.monotonic() > deadline:
                raise ScreenError(f"{what} did not come within {timeout_s:g} s")
            time.sleep(STEP_S)
        return found

    def picture(self) -> QImage:
        """What is on the screen now, from the server's own memory."""
        data = (self._folder / "Xvfb_screen0").read_bytes()
        # An XWD file: header length, ..., width, height at 4 and 5, bytes a line at 12, colours 19.
        head = struct.unpack(">25I", data[:100])
        first = head[0] + 12 * head[19]
        width, height, line = head[4], head[5], head[12]
        pixels = data[first : first + line * height]
        return QImage(pixels, width, height, line, QImage.Format.Format_RGB32).copy()

    def save_picture(self, path: Path) -> Path:
        """The same as a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.picture().save(str(path), "PNG"):  # type: ignore[call-overload]  # takes a str
            raise ScreenError(f"the picture could not be written to {path}")
        return path

    def close(self) -> None:
        """End every program of the screen, the server last."""
        for program in reversed(self._programs):
            _end(program)
        self._programs.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start_server(self) -> None:
        """Xvfb chooses a free number itself and writes it down when it can be used.

        It must not begin anew when its last client goes: the first one only looks whether there
        is a window manager yet, and the one that just comes would be thrown out.
        """
        reading, writing = os.pipe()
        width, height = self.size
        with open(self._folder / "Xvfb.log", "wb") as log:
            server = subprocess.Popen(
                ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24",
                 "-noreset", "-nolisten", "tcp", "-fbdir", str(self._folder)],
                pass_fds=[writing],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self._programs.append(server)
        os.close(writing)
        with os.fdopen(reading) as numbers:
            number = numbers.readline().strip()  # or empty, when it ends without a screen
        if not number:
            raise ScreenError(f"Xvfb did not start: {self.output('Xvfb')}")
        self._display = f":{number}"

    def _call(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=START_S,
            check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise ScreenError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def _try(self, *command: str) -> str | None:
        try:
            return self._call(*command)
        except ScreenError:
            return None


def _end(program: subprocess.Popen[bytes]) -> None:
    """Ask it to end, and when it does not, end it."""
    if program.poll() is None:
        os.killpg(program.pid, signal.SIGTERM)
        try:
            program.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait(END_S)
