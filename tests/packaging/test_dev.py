"""The commands themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import checks
import commands
import environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, False),
        ({"QT_QPA_PLATFORM": "vnc:size=1600x1000"}, True),
    ],
)
def test_a_display_is_recognised(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: bool
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert commands.has_display() is expected


PROGRAM = """
import os, pathlib, sys
arguments = sys.argv[2:]
with open(sys.argv[1], "a") as calls:
    print(os.environ["QT_QPA_PLATFORM"].split(":")[0], *arguments, file=calls)
if "--screenshot" in arguments and "--no-picture" not in arguments:
    pathlib.Path(arguments[arguments.index("--screenshot") + 1]).write_bytes(b"png")
sys.exit(3 if "selfcheck" in arguments and "--broken" in arguments else 0)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands for `python -m app`: notes its arguments, leaves a picture when asked."""
    monkeypatch.setattr(commands, "SCREENSHOT", tmp_path / "window.png")
    monkeypatch.setattr(commands, "_ensure_libraries", lambda with_window: None)
    return [sys.executable, "-c", PROGRAM, str(tmp_path / "calls")]


def test_without_a_display_there_is_a_check_and_a_picture(
    tmp_path: Path, program: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.run_offscreen(program, ["--home", "here"]) == 0
    assert (tmp_path / "calls").read_text().splitlines() == [
        "offscreen --home here selfcheck",
        f"offscreen --home here run --screenshot {tmp_path / 'window.png'}",
    ]
    said = capsys.readouterr().out
    assert "No display" in said
    assert said.splitlines()[-1].endswith(str(tmp_path / "window.png"))


def test_a_failed_check_is_told_and_the_picture_still_made(
    tmp_path: Path, program: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.run_offscreen(program, ["--broken"]) == 3
    assert (tmp_path / "window.png").exists()
    assert "self-check FAILED" in capsys.readouterr().out


def test_an_old_picture_is_not_taken_for_a_new_one(
    tmp_path: Path, program: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "window.png").write_bytes(b"old")
    assert commands.run_offscreen(program, ["--no-picture"]) != 0
    assert not (tmp_path / "window.png").exists()
    assert "No picture" in capsys.readouterr().out


def test_steps_are_timed_and_their_last_words_kept(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    fine = checks.Step("fine", [sys.executable, "-c", "print('one'); print('5 passed'); print()"])
    code = "import os, sys; print(os.environ['WORD']); sys.exit(1)"
    wrong = checks.Step("wrong", [sys.executable, "-c", code], {"WORD": "1 failed"})
    results = [checks.run_step(fine), checks.run_step(wrong)]
    assert [(r.is_ok, r.last_line) for r in results] == [(True, "5 passed"), (False, "1 failed")]
    assert b"one" in capfdbinary.readouterr().out
    summary = checks.summary(results).splitlines()
    assert summary[1].startswith("ok")
    assert summary[1].endswith("5 passed")
    assert summary[2].startswith("FAILED")
    assert summary[3].startswith("FAILED: wrong in")


def test_a_step_that_hangs_is_given_up() -> None:
    step = checks.Step("hangs", [sys.executable, "-c", "import time; time.sleep(60)"])
    result = checks.run_step(step, timeout_s=0.3)
    assert not result.is_ok
    assert result.last_line == "given up after 0.3 s"


def test_a_step_that_crashes_is_told_by_its_signal() -> None:
    code = "import os, signal; print('x' * 500, flush=True); os.kill(os.getpid(), signal.SIGSEGV)"
    result = checks.run_step(checks.Step("crashes", [sys.executable, "-c", code]))
    assert (result.is_ok, result.last_line) == (False, "killed by SIGSEGV")


def test_every_tool_of_the_discipline_runs() -> None:
    main = environment.main_environment()
    titles = [step.title for step in checks.lint_steps(main)]
    assert titles == ["ruff check", "ruff format", "mypy", "lint-imports"]
    branches, others = checks.pytest_without_qt_steps(environment.environment_without_qt())
    for command in (branches.command, others.command):
        assert command[0].startswith(str(ROOT / ".venv" / "noqt-ib_async"))
        assert command[3:5] == ["-p", "no:pytest-qt"]
    assert others.command[5:7] == ["tests/unit", "tests/brokers"]


def test_every_test_belongs_to_a_step() -> None:
    """What one step leaves out another one takes."""
    main, bare = environment.main_environment(), environment.environment_without_qt()
    branches, others = checks.pytest_without_qt_steps(bare)
    left_out = {
        word.removeprefix("--ignore=")
        for step in (checks.pytest_step(main, []), others)
        for word in step.command
        if word.startswith("--ignore=")
    }
    taken = {word for step in (branches, others) for word in step.command if "/" in word}
    for folder in left_out:
        assert (ROOT / folder).is_dir()
        assert any(folder == one or folder.startswith(f"{one}/") for one in taken)
    assert set(checks.EVERY_BRANCH) <= taken


def test_without_a_screen_its_tests_are_left_out_by_selection() -> None:
    main = environment.main_environment()
    assert (ROOT / checks.ON_SCREEN).is_dir()
    left_out = f"--ignore={checks.ON_SCREEN}"
    assert left_out in checks.pytest_step(main, [], has_screen=False).command
    assert left_out not in checks.pytest_step(main, []).command
    assert left_out not in checks.pytest_step(main, ["tests/desktop"], has_screen=False).command


def test_ci_shuffles_the_same_way_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    main = environment.main_environment()
    monkeypatch.setenv("CI", "1")
    assert "--randomly-seed=1" in checks.pytest_step(main, []).command
    monkeypatch.delenv("CI")
    assert "--randomly-seed=1" not in checks.pytest_step(main, []).command


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ([], 2, "dev.py run"),
        (["--help"], 0, "dev.py run"),
        (["fly"], 2, "there is no command 'fly'"),
        (["check", "more"], 2, "takes no arguments"),
    ],
)
def test_usage(
    arguments: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(arguments, "dev.py run") == code
    captured = capsys.readouterr()
    assert text in captured.out + captured.err


def test_the_script_starts_without_site_packages(tmp_path: Path) -> None:
    """Isolated, no third-party package is reachable; nothing is written beside the script."""
    before = set((ROOT / "packaging").iterdir())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "packaging" / "dev.py"), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if "PYTHON" not in name},
    )
    assert done.returncode == 0, done.stderr
    assert set((ROOT / "packaging").iterdir()) == before


def test_ci_runs_everything() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec python3 packaging/dev.py test"
