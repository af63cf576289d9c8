"""What Moorgate needs from the system: Qt's libraries, a font, and Python's venv module.

On Debian and its kin the missing packages are installed where we are root; elsewhere the exact
line to type is shown. Other systems bring what is needed or are told the names of the libraries.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Shared library -> Debian package. Without these Qt cannot even be imported ...
IMPORT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libstdc++.so.6": "libstdc++6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
# ... and without these it cannot open a window on X11 (offscreen works).
WINDOW_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
# A real screen that nobody looks at, for the tests that press keys on it.
SCREEN_PROGRAMS = {
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "setxkbmap": "x11-xkb-utils",
    "xdotool": "xdotool",
    "xkbcomp": "x11-xkb-utils",
}
FONT_PACKAGE = "fonts-dejavu-core"
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")

PROBE = """
import ctypes, sys
for name in sys.argv[1:]:
    try:
        ctypes.CDLL(name)
    except OSError:
        print(name)
"""


class MissingPackagesError(Exception):
    """System packages are missing and we may not install them; the text has the line to type."""


def missing_libraries(names: list[str]) -> list[str]:
    """Those of `names` that the dynamic linker cannot load, tried in a process of their own."""
    answer = subprocess.run(
        [sys.executable, "-c", PROBE, *names], capture_output=True, text=True, check=False
    )
    return answer.stdout.split()


def has_font() -> bool:
    """Whether any outline font is installed; without one every label is a row of boxes."""
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    return any(
        name.lower().endswith((".ttf", ".otf", ".ttc", ".pfb"))
        for folder in folders
        for _, _, names in os.walk(folder)
        for name in names
    )


def ensure_qt_libraries(with_window: bool) -> None:
    """Install or name what Qt lacks; `with_window` False asks for offscreen use only.

    Raises MissingPackagesError where Qt could not start. What only a window needs is reported, and
    no failure, when no window is wanted.
    """
    if not sys.platform.startswith("linux"):
        return
    wanted = {**IMPORT_LIBRARIES, **WINDOW_LIBRARIES}
    missing = missing_libraries(list(wanted))
    packages = sorted({wanted[name] for name in missing})
    if not has_font():
        packages.append(FONT_PACKAGE)
    if not packages:
        return
    fatal = [name for name in missing if with_window or name in IMPORT_LIBRARIES]
    try:
        install(packages, "Qt needs system packages that are not installed.", missing)
    except MissingPackagesError as error:
        if fatal:
            raise
        print(f"Note: {error}")


def ensure_screen() -> str:
    """Install what tests on a real screen need; why there is none, empty when there is one."""
    if not sys.platform.startswith("linux"):
        return "there is no X11 here"
    programs = [name for name in SCREEN_PROGRAMS if shutil.which(name) is None]
    libraries = missing_libraries(list(WINDOW_LIBRARIES))
    wanted = {**SCREEN_PROGRAMS, **WINDOW_LIBRARIES}
    packages = sorted({wanted[name] for name in [*programs, *libraries]})
    if not packages:
        return ""
    try:
        install(packages, "Tests on a real screen need X11 programs.", [*programs, *libraries])
    except MissingPackagesError:
        return f"not installed: {', '.join(packages)}"
    return ""


def ensure_venv_module(python: str) -> None:
    """Install or name python3-venv where Debian left it out. Raises MissingPackagesError."""
    probe = subprocess.run([python, "-c", "import ensurepip"], capture_output=True, check=False)
    if probe.returncode == 0:
        return
    code = "import sys; print('python%d.%d-venv' % sys.version_info[:2])"
    package = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    install(
        [package.stdout.strip()],
        f"{python} cannot make virtual environments: its module ensurepip is missing.",
        ["ensurepip"],
    )


def install(packages: list[str], why: str, missing: list[str]) -> None:
    """apt-get install as root; otherwise, or where it fails, raise with the line to type."""
    apt = shutil.which("apt-get")
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if apt is None:
        raise MissingPackagesError(
            f"{why} Missing: {', '.join(missing) or 'a font'}. Install them with your system's"
            f" package manager (on Debian and Ubuntu: {' '.join(packages)}) and run this again."
        )
    if os.geteuid() != 0:
        raise MissingPackagesError(
            f"{why} Type this and run the command again:\n\n    sudo {line}\n"
        )
    print(f"{why} Installing {' '.join(packages)}", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # A fresh container has no package lists, so a first refusal only means: fetch them.
    for commands in (line,), ("apt-get update", line):
        codes = (subprocess.run(text.split(), env=env, check=False) for text in commands)
        if all(done.returncode == 0 for done in codes):
            return
    raise MissingPackagesError(
        f"{why} apt-get failed; its own words are above. The line was:\n\n    {line}\n"
    )
