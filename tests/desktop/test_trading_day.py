"""The trading day by keys alone, on three keyboards; packaging/dev.py installs what it needs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.desktop.trading_day import KEYMAPS, trade


@pytest.mark.timeout(170)
@pytest.mark.parametrize("keymap", KEYMAPS)
def test_a_trading_day_by_keys_alone(keymap: str, tmp_path: Path) -> None:
    trade(keymap, tmp_path, lambda **facts: print(json.dumps(facts)))
