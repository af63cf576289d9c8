"""The steps of `dev.py check` and `dev.py test`, each timed, each shown in the summary."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from environment import CACHE, ROOT, Environment, child_environment

STEP_TIMEOUT_S = 1800  # a step that hangs must not hang whoever waits for the verdict
LAST_LINE_WIDTH = 100
# Many tests wait for a socket, a timer or a disk: two processes a core keep it busy, and who is
# done takes over what waits behind a long one.
SHARED_OUT = ["-n", str(2 * (os.cpu_count() or 1)), "--dist", "worksteal"]
ON_SCREEN = "tests/desktop"
# What needs no Qt, and of that what must see every branch: watching them makes tests twice as slow.
BELOW_QT = ["tests/unit", "tests/brokers"]
EVERY_BRANCH = ["tests/unit/domain", "tests/unit/engine"]
# The rest below Qt is run with it, too, because of the SDK that is installed there.
NO_SDK = ["tests/unit", "tests/brokers/paper"]
NO_QT = ["-p", "no:pytest-qt"]


@dataclass(frozen=True)
class Step:
    """A command and the name it has in the summary."""

    title: str
    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """How a step ended; `last_line` is the last thing it said."""

    title: str
    is_ok: bool
    seconds: float
    last_line: str


def lint_steps(env: Environment) -> list[Step]:
    """Style, types and import contracts: no test is run."""
    python, scripts = env.python, env.scripts
    contracts = [str(scripts / "lint-imports"), "--cache-dir", str(CACHE / "import-linter")]
    return [
        Step("ruff check", [python, "-m", "ruff", "check", "."]),
        Step("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        Step("mypy", [python, "-m", "mypy"]),
        Step("lint-imports", contracts),
    ]


def pytest_step(env: Environment, arguments: list[str], *, has_screen: bool = True) -> Step:
    """pytest with Qt, offscreen; all tests are shared out, chosen ones run in one process.

    What needs neither Qt nor an SDK is left to the steps without Qt; without a screen the tests
    that need a real one are left out.
    """
    left_out = NO_SDK if has_screen else [*NO_SDK, ON_SCREEN]
    chosen = arguments or [*SHARED_OUT, *_without(left_out)]
    return Step("pytest", _pytest(env, chosen), {"QT_QPA_PLATFORM": "offscreen"})


def pytest_without_qt_steps(env: Environment) -> list[Step]:
    """What lies below app.ui, where Qt is not installed and ib_async stands for ib_insync."""
    coverage = ["--cov=app.domain", "--cov=app.engine", "--cov-branch", "--cov-report="]
    branches = [*NO_QT, *EVERY_BRANCH, *SHARED_OUT, *coverage]
    others = [*NO_QT, *BELOW_QT, *SHARED_OUT, *_without(EVERY_BRANCH)]
    return [
        Step("pytest of every branch", _pytest(env, branches)),
        Step("pytest without Qt, with ib_async", _pytest(env, others)),
    ]


def coverage_step(env: Environment) -> Step:
    """Whether the run before has seen every branch that pyproject.toml names."""
    return Step("coverage", [env.python, "-m", "coverage", "report"])


def _without(folders: list[str]) -> list[str]:
    return [f"--ignore={folder}" for folder in folders]


def _pytest(env: Environment, arguments: list[str]) -> list[str]:
    command = [env.python, "-m", "pytest", *arguments]
    if sys.stdout.isatty():
        command.append("--color=yes")
    if os.environ.get("CI") and "no:randomly" not in arguments:
        command.append("--randomly-seed=1")  # shuffled, yet the same from run to run
    return command


def run_step(step: Step, timeout_s: float = STEP_TIMEOUT_S) -> Result:
    """Run one step, its output shown as it comes."""
    print(f"\n--- {step.title}", flush=True)
    started = time.monotonic()
    variables = {**child_environment(), **step.variables}
    process = subprocess.Popen(
        step.command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    giving_up = threading.Timer(timeout_s, process.kill)
    giving_up.start()
    tail = b""
    with process:
        out = process.stdout.fileno() if process.stdout else -1
        while chunk := os.read(out, 65536):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            tail = (tail + chunk)[-4096:]
    giving_up.cancel()
    seconds = time.monotonic() - started
    if seconds >= timeout_s:
        return Result(step.title, False, seconds, f"given up after {timeout_s:g} s")
    lines = tail.decode(errors="replace").split("\n")
    words = (line.strip().strip("=").strip() for line in reversed(lines))
    last = next((text for text in words if text), "")[:LAST_LINE_WIDTH]
    if process.returncode < 0:  # a crash: its last words are no verdict
        last = f"killed by {signal.Signals(-process.returncode).name}"
    return Result(step.title, process.returncode == 0, seconds, last)


def summary(results: list[Result]) -> str:
    """One line a step: verdict, seconds, last words."""
    width = max(len(result.title) for result in results)
    lines = [
        f"{'ok    ' if result.is_ok else 'FAILED'}  {result.title:<{width}}"
        f" {result.seconds:7.1f} s  {result.last_line}"
        for result in results
    ]
    failed = [result.title for result in results if not result.is_ok]
    total = sum(result.seconds for result in results)
    verdict = f"FAILED: {', '.join(failed)}" if failed else "All checks passed"
    return "\n".join(["--- summary", *lines, f"{verdict} in {total:.0f} s"])
