"""What every test gets, and what every test must keep.

A test fails by itself when, at its end,
- a record at WARNING or above was logged, by any logger, that the test did not announce;
- a thread, a socket or a file under its temporary folder is still open;
- a Python warning or, in tests with Qt, a Qt warning appeared (see pyproject.toml).

Announce log records with the fixture `expected_logs`:

    def test_refused(expected_logs):
        with expected_logs("session ended", level="ERROR"):           # at least once in the block
            ...
        with expected_logs("retry", count=3, logger="moorgate.net") as records:  # exactly 3
            ...
        expected_logs.during_test("late fill")                        # any time, clean-up too

The level must match and is WARNING unless given; `logger` is a name or the parent of it.

Other fixtures: `clock` (a FakeClock that only moves by `advance`), `home` (Paths in an empty
temporary home), `run` (runs coroutines on one loop of the test; a task left running fails it). In
a property test call `tests.doubles.loop.run_async` and build clocks and folders by hand, because
a fixture lives through all examples. Tests with Qt: see tests/ui/conftest.py.

This file must load where Qt is not installed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.doubles.clock import FakeClock
from tests.doubles.loop import LoopRunner
from tests.surprises import LeakWatch, LogWatch, collect_garbage_here

if TYPE_CHECKING:
    from app.base.paths import Paths

REPOSITORY = Path(__file__).resolve().parents[1]
CACHE = REPOSITORY / ".venv" / "cache"

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# The offscreen platform has no session to speak of; everything else Qt says fails the test.
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.fonts.warning=false;qt.qpa.theme.*=false")
# No test may open the keyring of the person who runs it.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

set_hypothesis_home_dir(CACHE / "hypothesis")
settings.register_profile(
    "ci",
    deadline=None,  # a shared machine stalls; slow code is found by the benchmarks
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "dev",
    settings.get_profile("ci"),
    derandomize=False,
    database=DirectoryBasedExampleDatabase(CACHE / "hypothesis" / "examples"),
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Know pytest-qt's settings where it is not installed: unknown ones are refused."""
    if not pluginmanager.has_plugin("pytest-qt"):
        for name in ("qt_api", "qt_log_level_fail"):
            parser.addini(name, "read by pytest-qt where it is installed")
        parser.addini("qt_log_ignore", "read by pytest-qt where it is installed", type="linelist")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses the Qt application `gui`."""
    for item in items:
        if "qapp" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.gui)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Half characters that a test has logged cannot be told to another process: show them so."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session", autouse=True)
def _no_home_of_a_person(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Point the program's home away from the data of the person who runs the tests."""
    os.environ["MOORGATE_HOME"] = str(tmp_path_factory.mktemp("no-home") / "moorgate")


@pytest.fixture(autouse=True)
def expected_logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogWatch]:
    """Fails the test on surprises; use it to announce log records (see the top of this file)."""
    _forget_earlier_logs()
    leaks = LeakWatch(tmp_path_factory.getbasetemp())
    watch = LogWatch()
    watch.install()
    yield watch
    collect_garbage_here()
    watch.remove()
    surprises = watch.surprises() + [f"left open: {leak}" for leak in leaks.left()]
    if surprises:
        pytest.fail("\n".join(["the test passed by, but:", *surprises]), pytrace=False)


def _forget_earlier_logs() -> None:
    """The log lives as long as the process: each test begins with none, and with an empty ring."""
    log = sys.modules.get("app.base.log")
    if log is not None:
        log.shut_down()
        log.ring().clear()


@pytest.fixture
def clock() -> FakeClock:
    """A clock at 2024-03-12 14:30 UTC that moves by `advance(seconds)` only."""
    return FakeClock()


@pytest.fixture
def home(tmp_path: Path) -> Paths:
    """An empty home of the program, made as `moorgate --home DIR` makes it."""
    from app.base.paths import resolve_home

    return resolve_home(str(tmp_path / "home"), {})


@pytest.fixture
def run() -> Iterator[LoopRunner]:
    """`run(coroutine, timeout_s=60)` on the loop of this test, also reachable as `run.loop`."""
    runner = LoopRunner()
    yield runner
    left = runner.close()
    if left:
        pytest.fail("left running: " + "; ".join(left), pytrace=False)
