"""`moorgate connections`: the settings file is read and changed, nothing else is touched."""

from __future__ import annotations

import json

import pytest

from app.base.paths import Paths
from app.cli import main

SETTINGS = """\
# my own words
[[connection]]
id = "first"
broker = "paper"
environment = "paper"

[[connection]]
id = "second"
broker = "paper"
environment = "paper"
autoconnect = false
read_only = true
"""


def call(home: Paths, *words: str) -> int:
    return main(["connections", *words, "--home", str(home.home)])


def test_list(home: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    home.settings_file.write_text(SETTINGS)
    assert call(home, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ID", "BROKER", "ENVIRONMENT", "AUTOCONNECT", "READ", "ONLY"]
    assert lines[2].split() == ["second", "paper", "paper", "no", "yes"]
    assert call(home, "list", "--json") == 0
    assert [r["id"] for r in json.loads(capsys.readouterr().out)] == ["first", "second"]


def test_a_first_run_lists_the_paper_connection(
    home: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(home, "list") == 0
    assert "paper" in capsys.readouterr().out
    home.settings_file.write_text("")
    assert call(home, "list") == 0
    assert capsys.readouterr().out == "no connections yet\n"


def test_remove_asks_first_and_keeps_the_rest(
    home: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    home.settings_file.write_text(SETTINGS)
    assert call(home, "remove", "second") == 2, "nobody is there to ask"
    assert home.settings_file.read_text() == SETTINGS
    assert call(home, "remove", "second", "--yes") == 0
    left = home.settings_file.read_text()
    assert "# my own words" in left
    assert "second" not in left
    assert "first" in left
    capsys.readouterr()


@pytest.mark.parametrize("action", [["remove", "third", "--yes"], ["test", "third"]])
def test_an_unknown_one_is_named(
    home: Paths, capsys: pytest.CaptureFixture[str], action: list[str]
) -> None:
    home.settings_file.write_text(SETTINGS)
    assert call(home, *action) == 2
    assert "known are: first, second" in capsys.readouterr().err
