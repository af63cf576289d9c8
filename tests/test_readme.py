"""The README says what is so."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from app.brokers.registry import broker_ids, broker_info
from app.store.settings import SettingsStore
from tests import readme

TEXT = readme.README.read_text(encoding="utf-8")
ROOT = readme.README.parent


@pytest.mark.parametrize("name", readme.TABLES)
def test_its_tables_are_the_programs_own(name: str) -> None:
    table = readme.TABLES[name]()
    assert readme.blocks(TEXT)[name] == table, "write it anew with: python -m tests.readme"
    assert len(table.splitlines()) > 2


def test_its_settings_can_be_used_as_they_stand(tmp_path: Path) -> None:
    (example,) = readme.code_blocks(TEXT, "toml")
    path = tmp_path / "settings.toml"
    path.write_text(example, encoding="utf-8")
    settings = SettingsStore(path, broker_info, broker_ids).load()
    assert [connection.broker for connection in settings.connections] == ["paper", "paper"]
    assert settings.connections[1].settings["speed"] == 10
    assert settings.keys == {"trading.flatten_symbol": "F10", "trading.reverse_position": None}


def test_its_links_lead_somewhere() -> None:
    missing = [target for target in readme.linked_files(TEXT) if not (ROOT / target).exists()]
    assert missing == []


def test_it_names_the_two_commands() -> None:
    lines = [line for block in readme.code_blocks(TEXT, "sh") for line in block.splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines]
    assert ["python3", "packaging/dev.py", "run"] in commands
    assert ["python3", "packaging/dev.py", "test"] in commands
