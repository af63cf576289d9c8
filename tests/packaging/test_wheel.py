"""The wheel works where the checkout is not: command, resources, type information."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENV = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONPATH")}


def call(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=ENV, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment `env` that holds the wheel and borrows its dependencies.

    Nothing is downloaded. The borrowed folder's own .pth files, so also the checkout that is
    installed there, do not count here.
    """
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip"]
    offline = ["--no-deps", "--no-index", "--no-cache-dir"]
    call(folder, *pip, "wheel", *offline, "--no-build-isolation", "-w", str(folder), str(ROOT))
    (wheel,) = folder.glob("moorgate-*.whl")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = str(folder / "env" / "bin" / "python")
    call(folder, *pip, "--python", python, "install", *offline, str(wheel))
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def test_the_command_explains_itself(installed: Path) -> None:
    text = call(installed, "env/bin/moorgate", "--help")
    for word in ("run", "selfcheck", "connections", "export"):
        assert word in text


def test_the_package_comes_from_the_wheel_with_its_resources(installed: Path) -> None:
    code = (
        "import app; from app.base.paths import resources_dir; print(app.__file__, resources_dir())"
    )
    module, resources = map(Path, call(installed, "env/bin/python", "-c", code).split())
    assert module.is_relative_to(installed)
    assert (module.parent / "py.typed").exists()
    expected = {path.relative_to(ROOT / "resources") for path in (ROOT / "resources").rglob("*.*")}
    found = {path.relative_to(resources) for path in resources.rglob("*.*")}
    assert found == expected - {Path("screenshot.png")}
    assert len(found) > 3


def test_what_is_for_developers_stays_out(installed: Path) -> None:
    (site,) = (installed / "env" / "lib").glob("python*/site-packages")
    assert {path.name for path in site.iterdir() if "moorgate" not in path.name} == {
        "app",
        "borrowed.pth",
    }
