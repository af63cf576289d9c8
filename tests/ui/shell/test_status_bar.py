"""The status bar: lights in words and shapes, age of the feed, the clock with its zone."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel

from app.domain import events
from app.domain.reports import Health, Light, Severity
from app.ui import format as fmt
from app.ui.status_bar import LAG_ALARM_S, LAG_WARNING_S, ConnectionLights, _lag_token
from tests.ui.shell.conftest import PAPER, Driver


def lights(driver: Driver) -> ConnectionLights:
    found = driver.window.status.findChild(ConnectionLights, f"lights_{PAPER}")
    assert found is not None
    return found


def text_of(driver: Driver, name: str) -> str:
    label = driver.window.status.findChild(QLabel, name)
    assert label is not None
    return label.text()


def test_every_light_is_told_in_words(driver: Driver) -> None:
    health = Health(Light.OK, Light.PENDING, Light.WARNING, Light.FAILED, "no data for 20 s")
    driver.engine.bus.publish(
        events.ConnectionChanged(PAPER, "ready", health, False, True, "quotes are late")
    )
    words = lights(driver).toolTip().splitlines()
    assert words == [
        "paper: ready, closed for orders. quotes are late",
        "Transport: fine",
        "Authentication: starting",
        "Subscriptions: needs attention",
        "Data age: failed",
        "no data for 20 s",
    ]
    assert lights(driver).accessibleName() == "; ".join(words)


def test_lights_differ_by_more_than_colour(driver: Driver) -> None:
    pictures = set()
    for light in (Light.OFF, Light.OK, Light.FAILED):
        health = Health(light, light, light, light)
        driver.engine.bus.publish(events.ConnectionChanged(PAPER, "ready", health, True, True))
        image = lights(driver).grab().toImage()
        background = image.pixelColor(0, 0)
        middle = image.height() // 2
        shape = [
            (x, y)
            for x in range(12)
            for y in range(middle - 6, middle + 6)
            if image.pixelColor(x, y) != background
        ]
        pictures.add(len(shape))
    assert len(pictures) == 3


def test_a_connected_replay_shows_its_age_and_lights(driver: Driver) -> None:
    driver.connect()
    driver.window.status.tick()
    assert text_of(driver, "feed_lag").endswith(" s")
    assert lights(driver).toolTip().startswith("paper: ready, open for orders")


def test_without_a_quote_the_age_is_unknown_not_zero(driver: Driver) -> None:
    assert text_of(driver, "feed_lag") == f"Feed {fmt.UNKNOWN}"


@pytest.mark.parametrize(
    ("age_s", "token"),
    [
        (None, "muted"),
        (0.1, "muted"),
        (LAG_WARNING_S + 1, "warning"),
        (LAG_ALARM_S + 1, "alarm"),
    ],
)
def test_an_old_feed_is_loud(age_s: float | None, token: str) -> None:
    assert _lag_token(age_s) == token


def test_the_clock_names_its_zone(driver: Driver) -> None:
    driver.window.status.tick()
    now = driver.engine.clock.now()
    assert text_of(driver, "clock").strip().endswith(fmt.in_zone(now).tzname() or "?")


def test_the_last_message_stays_and_is_one_line(driver: Driver) -> None:
    driver.desk.notify(Severity.ERROR, "first\nsecond")
    assert text_of(driver, "status_message") == "first second"
