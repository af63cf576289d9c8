"""Settings to a file and back, in the whole window."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.shell import WindowShell
from tests.ui.shell.conftest import Driver
from tests.ui.wizard.pages import lines_of


def test_settings_go_to_a_file_and_come_back_after_a_question(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, asked = tmp_path / "mine.toml", partial(driver.window.findChildren, ConfirmDialog)

    async def choose(*_: object, **__: object) -> Path:
        return file

    monkeypatch.setattr(WindowShell, "choose_file", choose)  # Qt's own dialog is not under test
    driver._on_loop(lambda: driver.desk.run("application.export_settings"))
    driver.until(lambda: any("Exported the settings" in text for text in driver.said()))
    driver.desk.save_setting("risk", "max_order_value", Decimal(10))
    driver.desk.save_setting("trading", "confirm_orders", False)
    driver.connect()
    driver.desk.run("trading.arm_keys")
    assert driver.desk.arming.is_armed
    kept = driver.desk.settings_store.path.read_text(encoding="utf-8")

    driver._on_loop(lambda: driver.desk.run("application.import_settings"))
    driver.until(asked)
    [question] = asked()
    lines = lines_of(question)
    assert lines[0].startswith("LOOSER RISK LIMIT: Largest order value: 10 in instrument")
    assert "trading.confirm_orders: off → on" in lines
    assert "risk.max_order_value: 10 → 250000" in lines
    driver._on_loop(question.accept_button.click)
    driver.until(lambda: any("Took over" in text for text in driver.said()))
    assert driver.desk.settings.risk.max_order_value == Decimal(250_000)
    assert driver.desk.settings.trading.confirm_orders
    driver.until(lambda: not driver.desk.arming.is_armed)
    copy = driver.desk.settings_store.copy_before_import
    assert copy.read_text(encoding="utf-8") == kept

    driver._on_loop(lambda: driver.desk.run("application.import_settings"))
    driver.until(lambda: any("already as in mine.toml" in text for text in driver.said()))
    file.write_text("[general]\ntheme = 5\n", encoding="utf-8")
    driver._on_loop(lambda: driver.desk.run("application.import_settings"))
    driver.until(lambda: any("mine.toml:2" in text for text in driver.said()))
    assert driver.desk.settings.general.theme == "dark"
