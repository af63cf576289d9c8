"""Where the files are, and how one is replaced: the old one or the new one, never half of it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from app.base.errors import StoreError
from app.base.paths import Paths, atomic_write, resolve_home, resources_dir


def test_the_names_that_scripts_rely_on(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    found = (
        *(paths.settings_file, paths.journal_file, paths.history_file, paths.layouts_dir),
        *(paths.logs_dir, paths.log_file, paths.broker_dir("ib-paper")),
    )
    assert [str(path.relative_to(tmp_path).as_posix()) for path in found] == [
        *("settings.toml", "journal.db", "history.db", "layouts"),
        *("logs", "logs/moorgate.log", "brokers/ib-paper"),
    ]


def test_a_home_is_made_for_its_owner_only(tmp_path: Path) -> None:
    paths = resolve_home(str(tmp_path / "a" / "b"), {})
    assert paths.home == tmp_path / "a" / "b"
    made = [path for path in paths.home.rglob("*") if path.is_dir()]
    assert {path.name for path in made} == {"layouts", "logs", "brokers"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (paths.home, *made)} == {0o700}
    assert resolve_home(str(paths.home), {}) == paths


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    resolve_home(str(tmp_path), {})
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("argument", "environ", "expected"),
    [
        ("arg", {"MOORGATE_HOME": "env"}, "arg"),
        (None, {"MOORGATE_HOME": "env"}, "env"),
        ("", {"MOORGATE_HOME": "env"}, "env"),
        (None, {"MOORGATE_HOME": ""}, "data/moorgate"),
        (None, {}, "data/moorgate"),
        ("~/own", {}, "own"),
    ],
)
def test_the_argument_comes_before_the_environment(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    argument: str | None,
    environ: dict[str, str],
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(
        "platformdirs.user_data_dir", lambda *_, **__: str(tmp_path / "data/moorgate")
    )
    assert resolve_home(argument, environ).home == tmp_path / expected


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be created .*--home DIR"):
        resolve_home(str(tmp_path / "file" / "home"), {})


def test_the_resources_of_a_checkout_are_found() -> None:
    assert resources_dir() == Path(__file__).resolve().parents[3] / "resources"


def test_the_resources_of_a_wheel_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "app" / "_resources"
    installed.mkdir(parents=True)
    monkeypatch.setattr("app.base.paths.__file__", str(tmp_path / "app" / "base" / "paths.py"))
    assert resources_dir() == installed


@pytest.mark.parametrize("data", ["größer\n", b"\x00\xff"])
def test_a_file_is_written_as_given(tmp_path: Path, data: str | bytes) -> None:
    file = tmp_path / "file"
    atomic_write(file, data)
    assert file.read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    atomic_write(file, "new", mode=0o644)
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o644)
    assert list(tmp_path.iterdir()) == [file]


def test_the_target_of_a_link_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    atomic_write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_disk_that_refuses_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    file = tmp_path / "file"
    file.write_text("old")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, refuse)
    with pytest.raises(StoreError, match=r"No space left on device.*stands as it was"):
        atomic_write(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        atomic_write(tmp_path / "nowhere" / "file", "new")
