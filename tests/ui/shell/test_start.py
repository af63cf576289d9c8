"""The whole program as a process: a first start ends on a live chart, cheaply, and leaves well."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

HEAVY = {
    "pandas",
    "pyarrow",
    "keyring",
    "cryptography",
    "alpaca",
    "ib_insync",
    "ib_async",
    "kiteconnect",
}


def command(home: Path, *more: str) -> list[str]:
    return [sys.executable, "-X", "importtime", "-m", "app", "--home", str(home), "run", *more]


def test_a_first_start_shows_a_live_window_and_imports_nothing_heavy(
    tmp_path: Path, qapp: QApplication
) -> None:
    picture = tmp_path / "window.png"
    done = subprocess.run(
        command(tmp_path / "home", "--screenshot", str(picture)),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1440, 900)
    imported = set(re.findall(r"\| +([a-z_]+)\b", done.stderr))
    assert "app" in imported
    assert not imported & HEAVY


def test_sigterm_ends_a_running_program_with_zero(tmp_path: Path) -> None:
    environ = {**os.environ, "MOORGATE_BENCH": "1"}
    with subprocess.Popen(
        command(tmp_path / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environ,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any(line.strip() == "moorgate interactive" for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert (tmp_path / "home" / "layouts" / "last.json").is_file()


@pytest.mark.parametrize("damage", ["journal.db", "settings.toml"])
def test_a_damaged_home_is_told_in_words_and_left_alone(tmp_path: Path, damage: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / damage).write_bytes(b"this is not what it should be\n")
    done = subprocess.run(command(home), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (1, 2)
    told = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert damage in "\n".join(told)
    assert "Traceback" not in "\n".join(told)
    assert (home / damage).read_bytes() == b"this is not what it should be\n"
