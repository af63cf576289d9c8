"""The replay bar: there while a replay runs, plainly labelled, and true."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QSlider

from app.commands.replay import SPEEDS, next_speed
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.ui.dialogs.drills import DrillsDialog
from tests.ui.shell.conftest import PAPER, Driver


def state(driver: Driver) -> dict[str, Any]:
    answer: dict[str, Any] = driver.do(
        driver.engine.connections.call(PAPER, lambda broker: broker.control("replay.state"))
    )
    return answer


@pytest.mark.parametrize(("speed", "up", "expected"), [
    (1.0, True, 2.0), (1.0, False, 1.0), (500.0, True, 500.0), (7.0, True, 10.0),
    (7.0, False, 5.0),
])  # fmt: skip
def test_the_ladder_of_speeds(speed: float, up: bool, expected: float) -> None:
    assert next_speed(speed, up=up) == expected
    assert SPEEDS[0] == 1.0
    assert SPEEDS[-1] == 500.0


def test_it_is_there_only_while_a_replay_is_connected(driver: Driver) -> None:
    bar = driver.window.replay_bar
    assert not bar.isVisible()
    driver.connect()
    driver.until(bar.isVisible)
    driver.until(lambda: driver.child(QLabel, "replay_badge").text() == "REPLAY")
    moment = driver.child(QLabel, "replay_moment")
    driver.until(lambda: moment.text().strip())
    assert str(state(driver)["date"])[:10] in moment.text()
    driver.do(driver.engine.connections.disconnect(PAPER))
    driver.until(lambda: not bar.isVisible())


def test_it_is_not_beside_an_account_of_the_market(driver: Driver) -> None:
    bar = driver.window.replay_bar
    driver.connect()
    driver.until(bar.isVisible)
    other = ConnectionId("other")
    driver.engine.connections.add(ConnectionConfig(other, "paper", "paper", {}, autoconnect=False))
    driver.desk.select(connection_id=other)
    driver.until(lambda: not bar.isVisible())
    assert not bar._timer.isActive()
    driver.desk.select(connection_id=PAPER)
    driver.until(bar.isVisible)


def test_play_pause_speed_and_seek_reach_the_broker(driver: Driver) -> None:
    driver.connect()
    was_paused = state(driver)["paused"]
    driver.desk.run("replay.play_pause")
    driver.until(lambda: state(driver)["paused"] is not was_paused)
    speed = driver.child(QComboBox, "replay_speed")
    speed.activated.emit(speed.findData(25.0))
    driver.until(lambda: state(driver)["speed"] == 25.0)
    driver.until(lambda: speed.currentText() == "25x")
    slider = driver.child(QSlider, "replay_seek")
    slider.setValue(500)
    slider.sliderReleased.emit()
    now = state(driver)
    middle = (now["start_s"] + now["end_s"]) / 2
    span = now["end_s"] - now["start_s"]
    driver.until(lambda: abs(state(driver)["position_s"] - middle) < span * 0.2)


def test_a_hidden_bar_asks_nothing(driver: Driver) -> None:
    assert not driver.window.replay_bar._timer.isActive()
    driver.connect()
    assert driver.window.replay_bar._timer.isActive()
    driver.do(driver.engine.connections.disconnect(PAPER))
    driver.until(lambda: not driver.window.replay_bar._timer.isActive())


def test_drills_show_the_switches_as_the_broker_has_them(driver: Driver) -> None:
    driver.connect()
    driver.desk.run("connections.drill_paper")
    driver.until(lambda: driver.window.findChildren(DrillsDialog))
    [dialog] = driver.window.findChildren(DrillsDialog)
    driver.until(lambda: dialog._boxes)
    name, box = next(iter(dialog._boxes.items()))
    assert not box.isChecked()
    box.click()

    def faults() -> dict[str, Any]:
        answer: dict[str, Any] = driver.do(
            driver.engine.connections.call(PAPER, lambda broker: broker.control("faults.state"))
        )
        return answer

    driver.until(lambda: faults()[name])
    assert any("Drill on paper" in text for text in driver.said())
    dialog.close()
