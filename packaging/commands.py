"""What packaging/dev.py can do: run, test, check, lock."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import checks
import debian
import environment
from environment import ASYNC_LOCK, CACHE, LOCK, ROOT, VENV, SetupError, child_environment

SCREENSHOT = VENV / "moorgate-window.png"
# Qt's offscreen platform has a screen of 800x800 unless a file says otherwise.
OFFSCREEN_SCREEN = {
    "name": "screen", "x": 0, "y": 0, "width": 1600, "height": 1000,
    "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1,
}  # fmt: skip
NO_WINDOW = {"selfcheck", "connections", "export", "--help", "-h", "--version"}


def has_display() -> bool:
    """Whether a window could be seen here."""
    if not sys.platform.startswith("linux"):
        return True
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform:
        return platform not in {"offscreen", "minimal"}
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run(arguments: list[str]) -> int:
    """Open the window; without a display the self-check and a picture instead."""
    env = environment.main_environment()
    env.ensure()
    program = [env.python, "-P", "-m", "app"]  # -P: whatever lies in the caller's folder
    if not NO_WINDOW.intersection(arguments):
        is_picture = any(argument.startswith("--screenshot") for argument in arguments)
        if not is_picture and not has_display():
            return run_offscreen(program, arguments)
        _ensure_libraries(with_window=not is_picture)
    return _become([*program, *arguments], child_environment())


def run_offscreen(program: list[str], arguments: list[str]) -> int:
    """The self-check, then a picture of the window; both are tried, the first failure counts."""
    print(
        "No display (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can be shown here.\n"
        "Running the self-check offscreen, then taking a picture of the window.",
        flush=True,
    )
    _ensure_libraries(with_window=False)
    screen = CACHE / "screen.json"
    screen.write_text(json.dumps({"screens": [OFFSCREEN_SCREEN]}), encoding="utf-8")
    variables = {**child_environment(), "QT_QPA_PLATFORM": f"offscreen:configfile={screen}"}
    options = [argument for argument in arguments if argument != "run"]
    verdict = _call([*program, *options, "selfcheck"], variables)
    print(f"The self-check {'FAILED' if verdict else 'passed'}", flush=True)
    SCREENSHOT.unlink(missing_ok=True)
    picture = _call([*program, *options, "run", "--screenshot", str(SCREENSHOT)], variables)
    if not SCREENSHOT.exists():
        print("No picture of the window was made; the reason is above.")
        return verdict or picture or 1
    print(f"The window as it looks: {SCREENSHOT}")
    return verdict or picture


def test(arguments: list[str]) -> int:
    """Every check and test, or with arguments pytest alone."""
    env = environment.main_environment()
    env.ensure()
    _ensure_libraries(with_window=False)
    if arguments:
        steps = [checks.pytest_step(env, arguments)]
        return _run_steps(steps)
    bare = environment.environment_without_qt()
    bare.ensure()
    why = debian.ensure_screen()
    steps = [
        *checks.lint_steps(env),
        checks.pytest_step(env, [], has_screen=not why),
        *checks.pytest_without_qt_steps(bare),
        checks.coverage_step(bare),
    ]
    code = _run_steps(steps)
    if why:
        print(f"Left out: {checks.ON_SCREEN}, which needs a real screen ({why})")
    return code


def check(arguments: list[str]) -> int:
    """Style, types and import contracts."""
    if arguments:
        raise SetupError("`check` takes no arguments")
    env = environment.main_environment()
    env.ensure()
    return _run_steps(checks.lint_steps(env))


def lock(arguments: list[str]) -> int:
    """Write both locks anew; versions stay unless --upgrade is given."""
    contents = {LOCK: ["--extra", "all", "--group", "dev"], ASYNC_LOCK: ["--extra", "ibkr-async"]}
    for lock, chosen in contents.items():
        if code := _compile(lock, [*chosen, *arguments]):
            return code
    return 0


def _compile(lock: Path, arguments: list[str]) -> int:
    command = [
        _uv(), "pip", "compile", "pyproject.toml",
        "--universal", "--fork-strategy", "fewest", "--python-version", "3.11",
        "--generate-hashes", "--only-binary", ":all:", "--no-emit-index-url",
        "--no-emit-find-links", "--no-annotate",
        "--custom-compile-command", "python3 packaging/dev.py lock",
        "--output-file", str(lock.relative_to(ROOT)), *arguments,
    ]  # fmt: skip
    variables = {**child_environment(), "UV_CACHE_DIR": str(CACHE / "uv")}
    code = subprocess.run(
        command, env=variables, cwd=ROOT, stdout=subprocess.DEVNULL, check=False
    ).returncode
    if code == 0:
        print(f"Wrote {lock}")
    return code


def _uv() -> str:
    """uv, from PATH or from the package index; it is needed for nothing else."""
    found = shutil.which("uv", path=f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}")
    if found:
        return found
    folder = CACHE / "uv-tool"
    pip = [environment.find_python(), "-m", "pip", "install", "--target", str(folder), "uv"]
    if _call(pip, child_environment()):
        raise SetupError("`lock` needs uv; pip could not install it, its words are above.")
    return str(folder / "bin" / "uv")


def _ensure_libraries(with_window: bool) -> None:
    """Look for Qt's system libraries once an environment, and after that trust the answer."""
    found = VENV / f"libraries-{'window' if with_window else 'offscreen'}.stamp"
    wanted = environment.main_environment().identity()
    if found.exists() and found.read_text() == wanted:
        return
    debian.ensure_qt_libraries(with_window)
    found.write_text(wanted)


def _run_steps(steps: list[checks.Step]) -> int:
    results = [checks.run_step(step) for step in steps]
    print("\n" + checks.summary(results), flush=True)
    return 0 if all(result.is_ok for result in results) else 1


def _call(command: list[str], variables: dict[str, str]) -> int:
    """Run a command in the caller's own folder, so that paths in arguments mean what they say."""
    return subprocess.run(command, env=variables, check=False).returncode


def _become(command: list[str], variables: dict[str, str]) -> int:
    """Let the program take our place: Ctrl+C and signals then reach it, and nobody else."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], command, variables)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return _call(command, variables)


COMMANDS = {"run": run, "test": test, "check": check, "lock": lock}


def main(argv: list[str], usage: str) -> int:
    """Exit code of the command named by the first argument."""
    if not argv or argv[0] in {"-h", "--help", "help"}:
        print(usage)
        return 0 if argv else 2
    command = COMMANDS.get(argv[0])
    if command is None:
        print(f"dev.py: there is no command {argv[0]!r}; there are {', '.join(COMMANDS)}")
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # in order with what children say
    try:
        return command(argv[1:])
    except (SetupError, debian.MissingPackagesError) as error:
        print(f"\ndev.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
