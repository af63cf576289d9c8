"""The virtual environments of a checkout: made once, from the lock, and then left alone.

Standard library only, and plain enough for Pythons older than Moorgate's, so that an old
`python3` gives a sentence instead of a syntax error.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import debian

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
CACHE = VENV / "cache"
LOCK = ROOT / "packaging" / "requirements.lock"
# The project with ib_async, which can never live beside ib_insync: what it needs otherwise.
ASYNC_LOCK = ROOT / "packaging" / "requirements-ibkr-async.lock"
SUPPORTED = ((3, 11), (3, 12), (3, 13))
RECIPE = "1"  # raise it when the way of installing changes, so that old environments are renewed

# Names in the lock that are Qt or useless without it.
QT_PACKAGES = frozenset({"pyside6-essentials", "shiboken6", "pyqtgraph", "qasync", "pytest-qt"})
INSYNC_PACKAGES = frozenset({"ib-insync", "eventkit"})

# Settings of the caller's own shell that would bend an environment away from the lock.
FOREIGN_VARIABLES = frozenset(
    {
        "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__",
        "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT", "PIP_NO_BINARY", "PIP_PYTHON",
    }
)  # fmt: skip

# Everyday talk of pip that is left out on screen; all of it is kept in the log.
PIP_TALK = re.compile(
    r"\s*(Requirement already|Using cached|Looking in|Ignoring|Collecting|Processing|Obtaining"
    r"|Checking if|Preparing|Building|Created wheel|Stored in|Installing collected|Attempting"
    r"|Found existing|Uninstalling|Successfully|Downloading .* kB\))"
)
NOTHING = re.compile(r"(?!)")
PIP_LOG = CACHE / "pip.log"

ADVICE = (
    (
        r"No space left on device",
        "The disk is full: about 1.5 GB are needed. Make room and run the same command again.",
    ),
    (
        r"DO NOT MATCH THE HASHES",
        "A downloaded file differs from the lock. Try again; if it stays so, the package index or"
        " a proxy between here and there serves something else than was locked. Do not go on.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "The package index's certificate was not accepted. Behind a company proxy, point"
        " PIP_CERT (or `pip config set global.cert`) at its certificate.",
    ),
    (
        r"name resolution|NewConnectionError|ConnectionError|Connection refused|ProxyError"
        r"|Max retries exceeded|timed out|Network is unreachable|Could not fetch URL",
        "The package index could not be reached. Check the network (pip obeys HTTPS_PROXY and"
        " PIP_INDEX_URL) and run the same command again; what was downloaded is kept.",
    ),
    (
        r"No matching distribution found",
        "A locked package has no build for this computer. Moorgate needs 64-bit Linux (glibc"
        " 2.34 or newer), macOS or Windows with CPython 3.11 to 3.13, and an index that carries"
        " all of PyPI.",
    ),
    (
        r"Permission denied|Read-only file system",
        f"pip may not write to {VENV} or to its own cache. Only .venv has to be writable.",
    ),
)


class SetupError(Exception):
    """The environment could not be made; the text says why and what to do."""


def child_environment() -> dict[str, str]:
    """Environment variables for everything started in the virtual environment."""
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
    env["PIP_USER"] = "0"
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env["PYTHONPYCACHEPREFIX"] = str(CACHE / "pycache")
    env["HYPOTHESIS_STORAGE_DIRECTORY"] = str(CACHE / "hypothesis")
    return env


def stream(
    command: list[str], env: dict[str, str], skip: re.Pattern[str] = NOTHING
) -> tuple[int, str]:
    """Run `command` in the checkout and show its output line by line, less what `skip` matches.

    Answers the exit code and all that was said.
    """
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    said = []
    with process:
        for line in process.stdout or ():
            said.append(line)
            if not skip.match(line):
                print(line, end="", flush=True)
    return process.returncode, "".join(said)


def version_of(python: str) -> tuple[int, ...]:
    """(major, minor) of an interpreter, or () where it does not run."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, check=True, timeout=30
        )
        return tuple(int(part) for part in answer.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()


def find_python() -> str:
    """This interpreter where it fits, or else the newest that fits on PATH."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    own = ".".join(map(str, sys.version_info[:3]))
    names = [f"python{major}.{minor}" for major, minor in reversed(SUPPORTED)]
    for name in [*names, "python3", "python"]:
        path = shutil.which(name)
        if path and version_of(path) in SUPPORTED:
            print(f"Python {own} does not fit, using {path}")
            return path
    raise SetupError(
        f"Moorgate needs Python 3.11, 3.12 or 3.13. This is {own}, and no"
        " python3.11, python3.12 or python3.13 is on PATH. Install one (Debian 12: apt-get install"
        " python3 python3-venv; elsewhere: https://www.python.org/downloads/) and run this again."
    )


def locked(without: frozenset[str] = frozenset(), lock: Path = LOCK) -> str:
    """A lock, less the packages named in `without`."""
    return "".join(block for block in _read(lock) if _name(block) not in without)


def locked_with_ib_async(without: frozenset[str] = frozenset()) -> str:
    """The lock with ib_async in the place of ib_insync, less the packages named in `without`."""
    other = frozenset(_name(block) for block in _read(ASYNC_LOCK))
    return locked(without | other | INSYNC_PACKAGES) + locked(without, ASYNC_LOCK)


def packages(text: str) -> list[str]:
    """The packages of a lock, each with its hashes."""
    return re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]


def _read(lock: Path) -> list[str]:
    if not lock.exists():
        raise SetupError(f"{lock} is missing; restore it, or make it anew with `dev.py lock`.")
    return packages(lock.read_text(encoding="utf-8"))


def _name(block: str) -> str:
    return re.split(r"[=\s]", block)[0]


def advice(said: str) -> str:
    """What a person can do about what pip said, or "" where its words must suffice."""
    return next((text for pattern, text in ADVICE if re.search(pattern, said)), "")


class Environment:
    """One virtual environment that holds exactly `lock` and this checkout, editable."""

    def __init__(self, folder: Path, lock: str) -> None:
        self.folder, self._lock = folder, lock
        self._stamp = folder / "moorgate.stamp"

    @property
    def scripts(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> str:
        return str(self.scripts / ("python.exe" if os.name == "nt" else "python"))

    def is_current(self) -> bool:
        """Whether the environment was finished for this lock, project, Python and place."""
        try:
            return os.path.exists(self.python) and self._stamp.read_text() == self.identity()
        except OSError:
            return False

    def ensure(self) -> None:
        """Make or renew the environment; quick where it is current. Raises SetupError."""
        if self.is_current():
            return
        started = time.monotonic()
        print(f"Setting up {self.folder} (the first time this downloads about 250 MB)")
        try:
            self._make()
            self._install()
            self._stamp.write_text(self.identity())
        except OSError as error:
            raise SetupError(
                f"{self.folder} could not be written: {error}. Only this folder of the checkout has"
                " to be writable; make it so and run the same command again."
            ) from error
        print(f"Set up in {time.monotonic() - started:.0f} seconds")

    def identity(self) -> str:
        """What the environment was made for: lock, project, Python and place."""
        digest = hashlib.sha256(self._lock.encode())
        digest.update((ROOT / "pyproject.toml").read_bytes())
        return f"{RECIPE} {self._version()} {ROOT} {digest.hexdigest()}\n"

    def _version(self) -> str:
        """Python's version as the environment notes it, without starting it."""
        config = configparser.ConfigParser(interpolation=None)
        try:
            config.read_string("[venv]\n" + (self.folder / "pyvenv.cfg").read_text())
        except (OSError, configparser.Error):
            return "none"
        return config["venv"].get("version", config["venv"].get("version_info", "none"))

    def _make(self) -> None:
        if self._is_usable():
            return
        base = find_python()
        debian.ensure_venv_module(base)
        command = [base, "-m", "venv", "--clear", str(self.folder)]
        code, said = stream(command, child_environment())
        if code:
            raise SetupError(
                f"`{' '.join(command)}` failed; its own words are above. {advice(said)}".rstrip()
            )

    def _is_usable(self) -> bool:
        if self._stamp.exists() and f" {ROOT} " not in self._stamp.read_text():
            return False  # the checkout was moved, and scripts hold the path they were made for
        if version_of(self.python) not in SUPPORTED:
            return False
        command = [self.python, "-m", "pip", "--version"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _install(self) -> None:
        CACHE.mkdir(parents=True, exist_ok=True)
        wanted = CACHE / f"{self.folder.name.lstrip('.')}.requirements"
        wanted.write_text(self._lock, encoding="utf-8")
        # --no-compile: most modules are never imported; those that are get compiled on first use.
        common = ["install", "--no-deps", "--no-compile", "--progress-bar", "off"]
        hashes = ["--require-hashes", "--only-binary", ":all:"]
        self._pip([*common, *hashes, "-r", str(wanted)])
        self._pip([*common, "--no-index", "--no-build-isolation", "-e", str(ROOT)])

    def _pip(self, arguments: list[str]) -> None:
        command = [self.python, "-m", "pip", *arguments]
        code, said = stream(command, child_environment(), skip=PIP_TALK)
        PIP_LOG.write_text(said, encoding="utf-8")
        if code:
            why = f"pip failed with exit code {code}; its words are above, and in {PIP_LOG}."
            raise SetupError(f"{why} {advice(said)}".rstrip())


def main_environment() -> Environment:
    """Everything: the program, every broker's SDK that can live there, and the tools."""
    return Environment(VENV, locked())


def environment_without_qt() -> Environment:
    """Without Qt, to prove that nothing below app.ui needs it, and with ib_async for ib_insync.

    One environment for both, because everything that touches a broker is tested without Qt.
    """
    return Environment(VENV / "noqt-ib_async", locked_with_ib_async(without=QT_PACKAGES))
