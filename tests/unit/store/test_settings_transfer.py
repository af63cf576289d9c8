"""Settings for another machine: everything but connections, refused whole where a line is wrong."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from app.base.errors import SettingsError, StoreError
from app.store.settings import SettingsStore
from app.store.settings_transfer import as_text, differences
from tests.unit.store.brokers import broker_ids, broker_info
from tests.unit.store.test_settings_saves import TEXT


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    store = SettingsStore(tmp_path / "settings.toml", broker_info, broker_ids)
    store.path.write_text(TEXT, encoding="utf-8")
    return store


def test_what_is_exported_reads_as_the_same_without_connections(
    store: SettingsStore, tmp_path: Path
) -> None:
    own = store.load()
    file = tmp_path / "other.toml"
    file.write_text(as_text(own), encoding="utf-8")
    assert store.read_other(file) == replace(own, connections=(), connection_risk={})
    assert "connection" not in as_text(own).replace("without connections", "")


def test_taking_over_keeps_connections_comments_and_a_copy(store: SettingsStore) -> None:
    before = store.load()
    other = replace(
        before,
        general=replace(before.general, theme="light"),
        risk=replace(before.risk, max_order_value=Decimal(7), max_open_orders=None),
        keys={"order.sell_market": None},
        connections=(),
        connection_risk={},
    )
    told = {(section, key) for section, key, _, _ in differences(before, other)}
    assert told == {
        ("general", "theme"),
        ("risk", "max_order_value"),
        ("risk", "max_open_orders"),
        ("keys", "order.buy_market"),
        ("keys", "order.sell_market"),
    }
    after = store.take_over(other)
    assert store.load() == after
    assert after == replace(
        other, connections=before.connections, connection_risk=before.connection_risk
    )
    assert "# easy on the eyes" in store.path.read_text(encoding="utf-8")
    assert store.copy_before_import.read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize(
    ("line", "key"), [('theme = "pink"', "general.theme"), ("warp = 9", "general.warp")]
)
def test_a_wrong_or_newer_file_is_refused_with_its_line_and_key(
    store: SettingsStore, tmp_path: Path, line: str, key: str
) -> None:
    file = tmp_path / "other.toml"
    file.write_text(f"[general]\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        store.read_other(file)
    assert f"{file}:2" in str(refused.value)
    assert key in str(refused.value)
    with pytest.raises(StoreError, match="cannot be read"):
        store.read_other(tmp_path / "nowhere.toml")
