"""The entry point: help, exit codes, and trouble in one line."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__
from app.base.errors import BrokerError, StoreError, UserError
from app.base.paths import Paths
from app.cli import arguments, main
from app.cli.output import table
from tests.surprises import LogWatch

ROOT = Path(__file__).resolve().parents[3]


def test_help_and_version_read_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    for word in (
        "selfcheck",
        "connections",
        "secrets",
        "export",
        "examples:",
        "exit codes:",
        "--home",
    ):
        assert word in said
    assert max(map(len, said.splitlines())) <= 100
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"moorgate {__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        ["run"],
        ["selfcheck"],
        ["export"],
        ["connections"],
        *(["connections", action] for action in ("list", "test", "remove")),
        *(["secrets", action] for action in ("list", "set", "delete", "test")),
    ],
)
def test_every_command_explains_itself(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--help"]) == 0
    assert "usage: moorgate " + " ".join(command) in " ".join(capsys.readouterr().out.split())


def test_the_home_may_stand_before_or_after_the_command() -> None:
    for words in (["--home", "x", "selfcheck"], ["selfcheck", "--home", "x"]):
        _, parsed = arguments.parse(words)
        assert parsed.home == "x"
    _, parsed = arguments.parse(["--screenshot", "a.png", "--home", "x"])
    assert (parsed.screenshot, parsed.home) == (Path("a.png"), "x")
    _, parsed = arguments.parse(["--home", "x", "run", "--screenshot", "a.png"])
    assert (parsed.screenshot, parsed.home) == (Path("a.png"), "x")
    assert arguments.parse([])[1].screenshot is None


@pytest.mark.parametrize("words", [["buy"], ["connections"], ["connections", "test"], ["--moon"]])
def test_wrong_usage_is_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "usage: moorgate" in capsys.readouterr().err


def _fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(arguments, "_list_connections", fail)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("bad word"), 2),
        (StoreError("disk full"), 1),
        (BrokerError("nobody answers"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_trouble_has_an_exit_code_and_no_trace(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    home: Paths,
    error: BaseException,
    code: int,
) -> None:
    _fail_with(monkeypatch, error)
    assert main(["connections", "list", "--home", str(home.home)]) == code
    said = capsys.readouterr().err
    assert said.startswith("moorgate: ")
    assert len(said.splitlines()) == 1
    assert str(error) in said


def test_a_mistake_of_ours_goes_to_the_log(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    home: Paths,
    expected_logs: LogWatch,
) -> None:
    _fail_with(monkeypatch, ZeroDivisionError("ours"))
    with expected_logs("the command line failed", level="ERROR"):
        assert main(["connections", "list", "--home", str(home.home)]) == 1
    said = capsys.readouterr().err
    assert "unexpected ZeroDivisionError: ours" in said
    assert str(home.log_file) in said
    assert "Traceback" in home.log_file.read_text()


def test_a_reader_that_leaves_is_no_trouble(home: Paths) -> None:
    for name in ("a", "b"):
        _add_connection(home, name)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "app", "connections", "list", "--home", str(home.home)]
    read, write = os.pipe()
    os.close(read)  # nobody will ever read
    done = subprocess.run(
        words, stdout=write, stderr=subprocess.PIPE, env=environ, timeout=60, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_self_check_nobody_reads_is_still_finished_and_judged(home: Paths) -> None:
    read, write = os.pipe()
    os.close(read)
    words = [sys.executable, "-m", "app", "selfcheck", "--symbol", "NOPE", "--home", str(home.home)]
    done = subprocess.run(
        words, stdout=write, stderr=subprocess.PIPE, cwd=ROOT, timeout=60, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_thread_that_will_not_end_does_not_keep_the_process() -> None:
    code = (
        "import sys, threading; from app.cli.process import end_process;"
        "threading.Thread(target=threading.Event().wait, name='broker x').start();"
        "sys.exit(end_process(3))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=30, check=False)
    assert done.returncode == 3


def _add_connection(home: Paths, name: str) -> None:
    with home.settings_file.open("a") as stream:
        stream.write(f'[[connection]]\nid = "{name}"\nbroker = "paper"\nenvironment = "paper"\n')


def test_a_wrong_settings_file_is_exit_2_with_its_line(
    home: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    home.settings_file.write_text('[general]\ntheme = "pink"\n')
    for words in (["connections", "list"], ["selfcheck"], ["connections", "test", "paper"]):
        assert main([*words, "--home", str(home.home)]) == 2
        said = capsys.readouterr().err
        assert f"{home.settings_file}:2" in said
        assert "pink" in said
    assert home.settings_file.read_text() == '[general]\ntheme = "pink"\n'


def test_no_window_without_a_display(
    home: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert main(["run", "--home", str(home.home)]) == 2
    assert "there is no display" in capsys.readouterr().err


def test_nothing_heavy_is_imported_for_help_and_exports() -> None:
    code = (
        "import sys; from app.cli import arguments, export; arguments.parse(['export', 'orders']);"
        "bad = {'PySide6', 'pandas', 'keyring', 'qasync', 'pyqtgraph'} & set(sys.modules);"
        "sys.exit(', '.join(bad) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_tables_show_what_is_unknown_as_a_dash() -> None:
    text = table([{"a": "x", "long_name": None}, {"a": "yyy", "long_name": 1}], ["a", "long_name"])
    assert text.splitlines() == ["A    LONG NAME", "x    —", "yyy  1"]
