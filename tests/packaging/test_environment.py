"""Finding a Python, reading the lock, making environments and explaining what went wrong."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import environment
from environment import QT_PACKAGES, ROOT, Environment, SetupError
from tests.packaging.fake_programs import write_program

LOCKED = dict(re.findall(r"(?m)^([a-z0-9.-]+)==(\S+)", environment.locked()))


def test_a_fitting_python_is_used_as_it_is() -> None:
    assert environment.find_python() == sys.executable


def test_an_unfit_python_looks_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    write_program(tmp_path, "python3.13", "exit 1")  # such as a shim with nothing behind it
    write_program(tmp_path, "python3", "echo 3 9")
    with pytest.raises(
        SetupError, match=r"needs Python 3\.11, 3\.12 or 3\.13\. This is 3\.9\.2, and no python3"
    ):
        environment.find_python()
    fitting = write_program(tmp_path, "python3.12", "echo 3 12")
    assert environment.find_python() == str(fitting)
    assert str(fitting) in capsys.readouterr().out


def test_the_lock_can_be_installed_anywhere() -> None:
    text = environment.locked()
    assert not re.search(
        r"(?m)^\s*(--index-url|--extra-index-url|--find-links|-e |file:)|://", text
    )
    blocks = environment.packages(text)
    assert len(blocks) > 60
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_lock_fits_the_project() -> None:
    file = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, extras = file["project"], file["project"]["optional-dependencies"]
    wanted = [*project["dependencies"], *file["dependency-groups"]["dev"]]
    for extra in re.findall(r"[a-z-]+", extras["all"][0].partition("[")[2]):
        wanted += extras[extra]
    for requirement in map(Requirement, wanted):
        version = LOCKED[canonicalize_name(requirement.name)]
        assert version in requirement.specifier, f"{requirement} is locked at {version}"


def test_the_lock_has_only_one_of_the_two_that_share_a_folder() -> None:
    assert "ib-insync" in LOCKED
    assert {"ib-async", "aeventkit"} & set(LOCKED) == set()


def test_the_environment_without_qt_has_the_other_one_of_the_two() -> None:
    text = environment.locked_with_ib_async(without=QT_PACKAGES)
    names = re.findall(r"(?m)^([a-z0-9.-]+)==", text)
    assert {"ib-async", "aeventkit"} <= set(names)
    assert {"ib-insync", "eventkit", *QT_PACKAGES} & set(names) == set()
    assert len(names) == len(set(names))
    others = set(LOCKED) - QT_PACKAGES - {"ib-insync", "eventkit"}
    assert others <= set(names)
    without_hash = [b for b in environment.packages(text) if "--hash=sha256:" not in b]
    assert without_hash == []


def test_qt_can_be_left_out_of_the_lock() -> None:
    every = environment.packages(environment.locked())
    rest = [block for block in every if block.split("=")[0] not in QT_PACKAGES]
    assert environment.locked(without=QT_PACKAGES) == "".join(rest)
    assert len(rest) == len(every) - len(QT_PACKAGES)


def finished(folder: Path, lock: str = "a==1\n") -> Environment:
    """An environment as `ensure` leaves it, as far as its freshness goes."""
    made = Environment(folder, lock)
    made.scripts.mkdir(parents=True)
    Path(made.python).touch()
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n")
    (folder / "moorgate.stamp").write_text(made.identity())
    return made


def test_a_finished_environment_is_left_alone(tmp_path: Path) -> None:
    made = finished(tmp_path / "venv")
    assert made.is_current()
    made.ensure()
    assert Environment(tmp_path / "venv", "a==2\n").is_current() is False


@pytest.mark.parametrize("lost", ["moorgate.stamp", "bin/python"])
def test_an_unfinished_environment_is_not_current(tmp_path: Path, lost: str) -> None:
    made = finished(tmp_path / "venv")
    (tmp_path / "venv" / lost).unlink()
    assert not made.is_current()


def test_another_python_or_place_makes_it_stale(tmp_path: Path) -> None:
    made = finished(tmp_path / "venv")
    stamp = tmp_path / "venv" / "moorgate.stamp"
    stamp.write_text(stamp.read_text().replace(str(ROOT), "/elsewhere"))
    assert not made.is_current()
    stamp.write_text(made.identity())
    (tmp_path / "venv" / "pyvenv.cfg").write_text("version = 3.12.1\n")
    assert not made.is_current()


def test_a_dead_index_is_explained_and_pip_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A real environment and a real pip, and nobody who answers."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setattr(environment, "CACHE", tmp_path)
    monkeypatch.setattr(environment, "PIP_LOG", tmp_path / "pip.log")
    made = Environment(tmp_path / "venv", f"moorgate-no-such==1 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(SetupError, match=r"could not be reached\. Check the network"):
        made.ensure()
    said = capfd.readouterr().out
    assert "Connection refused" in said
    assert "No matching distribution found" in said
    assert "Connection refused" in (tmp_path / "pip.log").read_text()
    assert not made.is_current()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    made = Environment(tmp_path / "file" / "venv", "")
    with pytest.raises(SetupError, match=re.escape(str(tmp_path / "file"))):
        made.ensure()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "differs from the lock"),
        ("Could not fetch URL ...: SSLError(SSLCertVerificationError", "certificate"),
        ("[Errno -3] Temporary failure in name resolution", "could not be reached"),
        ("ReadTimeoutError: Read timed out.", "could not be reached"),
        ("ERROR: No matching distribution found for pyside6", "no build for this computer"),
        ("[Errno 13] Permission denied: '/x'", "Only .venv has to be writable"),
        ("something else", ""),
    ],
)
def test_advice_fits_what_pip_said(said: str, expected: str) -> None:
    text = environment.advice(said)
    assert expected in text
    assert bool(text) == bool(expected)


def test_the_callers_shell_does_not_bend_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    env = environment.child_environment()
    assert "PYTHONPATH" not in env
    assert env["PIP_USER"] == "0"
    assert env["HTTPS_PROXY"] == "http://proxy:3128"
    assert env["PYTHONPYCACHEPREFIX"].startswith(str(ROOT / ".venv"))
