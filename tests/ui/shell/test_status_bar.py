"""The status bar: lights in words and shapes, age of the feed, the clock with its zone."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel

from app.domain import events
from app.domain.ids import ConnectionId
from app.domain.reports import Health, Light, Severity
from app.store.settings import GeneralSettings
from app.ui import format as fmt
from app.ui import theme
from app.ui.connection_lights import ConnectionLights, LightsBox, LightsSummary
from app.ui.status_bar import LAG_ALARM_S, LAG_WARNING_S, _lag_token
from app.ui.widgets.elided_label import ElidedLabel
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


def test_the_last_message_takes_the_colours_of_another_theme(driver: Driver) -> None:
    driver.desk.notify(Severity.ERROR, "the line is lost")
    for name in ("light", "dark"):
        driver.desk.run(f"view.use_{name}_theme")
        sheet = driver.child(QLabel, "status_message").styleSheet()
        assert theme.color("alarm").name() in sheet


def progress(driver: Driver, fraction: float, task: str = "history AAPL 1m") -> QLabel:
    at = driver.engine.clock.now()
    text = f"{task.split()[2]} bars of {task.split()[1]}"
    driver.engine.bus.publish(events.ProgressMade(PAPER, task, text, fraction, at))
    return driver.child(QLabel, "progress")


def test_long_work_tells_how_far_it_is_until_it_is_done(driver: Driver) -> None:
    assert driver.child(QLabel, "progress").isHidden()
    label = progress(driver, 0.404)
    assert label.text() == f"1m bars of AAPL 40{fmt.THIN_SPACE}%"
    assert label.isVisible()
    assert label.toolTip() == f"paper: 1m bars of AAPL 40{fmt.THIN_SPACE}%"
    assert label.accessibleName() == label.toolTip()
    assert progress(driver, 1.0).isHidden()


def test_of_several_works_the_one_that_moved_last_is_named(driver: Driver) -> None:
    progress(driver, 0.5)
    label = progress(driver, 0.1, "history SPY 1d")
    assert label.text() == f"1d bars of SPY 10{fmt.THIN_SPACE}%, 1 more"
    assert len(label.toolTip().splitlines()) == 2
    assert progress(driver, 0.6).text() == f"1m bars of AAPL 60{fmt.THIN_SPACE}%, 1 more"


def test_a_long_text_is_cut_and_told_in_full_by_its_tip(driver: Driver) -> None:
    why = "1m bars of AAPL; IBKR's limit for history: going on in 12 s; " * 3
    at = driver.engine.clock.now()
    driver.engine.bus.publish(events.ProgressMade(PAPER, "history", why, 0.2, at))
    label = driver.child(QLabel, "progress")
    assert label.text().endswith(f"… 20{fmt.THIN_SPACE}%")
    assert why in label.toolTip()


def test_work_ends_with_its_connection(driver: Driver) -> None:
    for state in ("offline", "reconnecting", "failed"):
        label = progress(driver, 0.5)
        driver.engine.bus.publish(events.ConnectionChanged(PAPER, "ready", Health(), True, True))
        assert label.isVisible()
        driver.engine.bus.publish(events.ConnectionChanged(PAPER, state, Health(), False, True))
        assert label.isHidden(), state


def test_work_ends_with_the_removal_of_its_connection(driver: Driver) -> None:
    label = progress(driver, 0.5)
    driver.do(driver.engine.connections.remove(PAPER))
    assert label.isHidden()


OTHERS = ("ib-live", "alpaca-paper", "kite-main-account")


def four_connections(driver: Driver) -> LightsBox:
    box = driver.window.status.findChild(LightsBox)
    assert isinstance(box, LightsBox)
    for name in OTHERS:
        health = Health(Light.OK, Light.OK, Light.OK, Light.WARNING, "late")
        change = events.ConnectionChanged(ConnectionId(name), "ready", health, True, True)
        driver.window.status._on_connection(change)  # the engine has no such connections
    return box


@pytest.mark.parametrize("percent", [100, 150, 200])
def test_everything_fits_beside_four_connections_at_1280(driver: Driver, percent: int) -> None:
    box, status = four_connections(driver), driver.window.status
    driver.desk.notify(Severity.ERROR, "a long sentence about something that went wrong " * 9)
    theme.use(GeneralSettings(ui_scale_percent=percent))
    driver.until(lambda: driver.window.minimumSizeHint().width() <= 1280)
    driver.window.resize(1280, 800)
    driver.until(lambda: status.width() <= 1280)
    shown = [
        *(driver.child(QLabel, name) for name in ("mode_badge", "arm_badge", "feed_lag", "clock")),
        *(one for one in box.findChildren(ConnectionLights) if one.isVisible()),
        *(one for one in box.findChildren(LightsSummary) if one.isVisible()),
    ]
    ends = [one.mapTo(status, one.rect().topRight()).x() for one in shown]
    narrow = [one.objectName() for one in shown if one.width() < one.sizeHint().width()]
    assert narrow == []
    assert max(ends) < status.width()
    assert box.is_summed_up is (percent > 100)
    message = driver.child(ElidedLabel, "status_message")
    assert message.width() >= theme.px(60)
    assert message.shown_text().endswith("…")
    theme.use(GeneralSettings())


def test_a_narrow_bar_sums_the_lights_up_and_loses_no_word(driver: Driver) -> None:
    box, window = four_connections(driver), driver.window
    summary = driver.child(LightsSummary, "lights_summary")
    window.resize(720, 600)
    driver.until(lambda: box.is_summed_up)
    assert not any(one.isVisible() for one in box.findChildren(ConnectionLights))
    assert summary.isVisible()
    assert summary.text == "3 of 4 ready"
    assert all(name in summary.toolTip() for name in (*OTHERS, PAPER))
    assert "worst light needs attention" in summary.accessibleName()
    window.resize(2400, 900)
    driver.until(lambda: not box.is_summed_up)
    assert all(one.isVisible() for one in box.findChildren(ConnectionLights))
    assert not summary.isVisible()


def test_one_connection_is_never_summed_up(driver: Driver) -> None:
    box = driver.window.status.findChild(LightsBox)
    assert isinstance(box, LightsBox)
    box.fit(0)
    assert not box.is_summed_up
