"""A setting that is saved holds at once and is told to every panel."""

from __future__ import annotations

from datetime import UTC, datetime

from app.domain.reports import Severity
from app.store.settings import Settings
from app.ui import format as fmt
from tests.ui.shell.conftest import Driver


def test_a_saved_setting_holds_and_is_told_once(driver: Driver) -> None:
    told: list[Settings] = []
    driver.desk.settings_changed.connect(told.append)
    assert driver.desk.save_setting("general", "idle_disarm_minutes", 3.0)
    assert [one.general.idle_disarm_minutes for one in told] == [3.0]
    assert driver.desk.settings is told[0]
    assert driver.desk.arming.idle_s == 180.0
    assert driver.desk.settings_store.load().general.idle_disarm_minutes == 3.0


def test_another_time_zone_is_written_from_now_on(driver: Driver) -> None:
    at = datetime(2024, 1, 2, 12, 0, tzinfo=UTC)
    try:
        assert driver.desk.save_setting("general", "timezone", "Asia/Tokyo")
        assert fmt.clock_time(at) == "21:00:00"
    finally:
        fmt.use_zone("local")


def test_what_cannot_be_saved_is_said_and_changes_nothing(driver: Driver) -> None:
    before = driver.desk.settings
    told: list[Settings] = []
    driver.desk.settings_changed.connect(told.append)
    assert not driver.desk.save_setting("trading", "default_quantity", "many")
    assert driver.desk.settings is before
    assert told == []
    assert driver.messages[-1].severity is Severity.ERROR
    assert "default_quantity" in driver.messages[-1].text
