"""System packages: installed as root, named otherwise."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import debian
from debian import MissingPackagesError
from tests.packaging.fake_programs import calls, write_program

LINE = "install -y --no-install-recommends libegl1 libgl1"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH; we are root."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def test_libraries_that_are_there_are_not_missing() -> None:
    assert debian.missing_libraries(["libc.so.6", "libmoorgate-no-such.so.1"]) == [
        "libmoorgate-no-such.so.1"
    ]


def test_root_installs(programs: Path) -> None:
    write_program(programs, "apt-get", "exit 0")
    debian.install(["libegl1", "libgl1"], "Qt needs them.", [])
    assert calls(programs) == [f"apt-get {LINE}"]


def test_a_fresh_container_fetches_its_package_lists_first(programs: Path) -> None:
    write_program(programs, "apt-get", '[ "$calls" -gt 1 ]')
    debian.install(["libegl1", "libgl1"], "Qt needs them.", [])
    assert calls(programs) == [f"apt-get {LINE}", "apt-get update", f"apt-get {LINE}"]


def test_a_refusal_of_apt_gives_the_line(programs: Path) -> None:
    write_program(programs, "apt-get", "exit 100")
    with pytest.raises(
        MissingPackagesError, match=rf"its own words are above\.[^\n]*\n\n +apt-get {LINE}"
    ):
        debian.install(["libegl1", "libgl1"], "Qt needs them.", [])


def test_others_than_root_are_told_the_line(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    write_program(programs, "apt-get", "exit 0")
    with pytest.raises(MissingPackagesError, match=rf"\n\n    sudo apt-get {LINE}\n"):
        debian.install(["libegl1", "libgl1"], "Qt needs them.", [])
    assert calls(programs) == []


@pytest.mark.usefixtures("programs")
def test_other_systems_are_told_the_names() -> None:
    with pytest.raises(MissingPackagesError, match=r"libEGL\.so\.1.*package manager"):
        debian.install(["libegl1"], "Qt needs them.", ["libEGL.so.1"])


@pytest.mark.parametrize(
    ("missing", "with_window", "is_fatal"),
    [
        ("libxcb-cursor.so.0", False, False),
        ("libxcb-cursor.so.0", True, True),
        ("libEGL.so.1", False, True),
    ],
)
def test_what_only_a_window_needs_stops_only_a_window(
    programs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    missing: str,
    with_window: bool,
    is_fatal: bool,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(debian, "missing_libraries", lambda _names: [missing])
    write_program(programs, "apt-get", "exit 0")
    if is_fatal:
        with pytest.raises(MissingPackagesError, match="sudo apt-get install"):
            debian.ensure_qt_libraries(with_window)
    else:
        debian.ensure_qt_libraries(with_window)
        assert "sudo apt-get install" in capsys.readouterr().out


def test_debian_without_venv_is_told_which_package(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    write_program(programs, "apt-get", "exit 0")
    body = '[ "$2" != "import ensurepip" ] && echo python3.11-venv'
    python = write_program(programs, "python3", body)
    with pytest.raises(MissingPackagesError, match=r"sudo apt-get .* python3\.11-venv"):
        debian.ensure_venv_module(str(python))


def test_a_python_with_venv_needs_nothing(programs: Path) -> None:
    debian.ensure_venv_module(sys.executable)
    assert calls(programs) == []


@pytest.fixture
def no_screen(programs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Linux with every library and none of the programs."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(debian, "missing_libraries", lambda _names: [])
    return programs


def test_root_gets_a_screen(no_screen: Path) -> None:
    write_program(no_screen, "apt-get", "exit 0")
    assert debian.ensure_screen() == ""
    names = "openbox x11-xkb-utils xdotool xvfb"
    assert calls(no_screen) == [f"apt-get install -y --no-install-recommends {names}"]


def test_a_screen_that_is_there_is_left_alone(no_screen: Path) -> None:
    for name in debian.SCREEN_PROGRAMS:
        write_program(no_screen, name, "exit 0")
    write_program(no_screen, "apt-get", "exit 0")
    assert debian.ensure_screen() == ""
    assert calls(no_screen) == []


def test_where_nothing_can_be_installed_the_names_are_told(
    no_screen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    write_program(no_screen, "apt-get", "exit 0")
    assert debian.ensure_screen() == "not installed: openbox, x11-xkb-utils, xdotool, xvfb"
    assert calls(no_screen) == []


def test_other_systems_have_no_such_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert debian.ensure_screen() == "there is no X11 here"
