"""A line that breaks is told once, in words, and so is its return."""

from __future__ import annotations

import pytest

from app.domain import events
from app.domain.reports import Health, Severity
from app.ui.desk import Message
from tests.ui.shell.conftest import PAPER, Driver

LOST = "TWS ended the connection"


def tell(driver: Driver, *told: tuple[str, str]) -> list[Message]:
    """Let the connection go through these states; what the trader was shown meanwhile."""
    driver.messages.clear()
    for state, text in told:
        is_open = state == "ready"
        change = events.ConnectionChanged(PAPER, state, Health(), is_open, True, text)
        driver.engine.bus.publish(change)
    return list(driver.messages)


def test_a_lost_line_and_its_return_are_told_once(driver: Driver) -> None:
    assert tell(driver, ("connecting", ""), ("reconciling", ""), ("ready", "")) == []
    lost = Message(Severity.WARNING, f"paper is reconnecting: {LOST}")
    again = ("reconnecting", "nothing listens; next attempt in 2 s")
    assert tell(driver, ("reconnecting", LOST), ("connecting", ""), again) == [lost]
    assert [toast.text for toast in driver.window.toasts.toasts()] == [lost.text]
    assert tell(driver, ("connecting", ""), ("reconciling", ""), ("ready", "")) == [
        Message(Severity.INFO, "paper is connected again")
    ]
    assert tell(driver, ("reconnecting", LOST)) == [lost]


def test_a_line_that_gives_up_is_an_error(driver: Driver) -> None:
    failed = tell(driver, ("connecting", ""), ("failed", "client id 17 is in use"))
    assert failed == [Message(Severity.ERROR, "paper is not connected: client id 17 is in use")]


@pytest.mark.parametrize("way", [[("offline", "")], [("ready", ""), ("offline", "")]])
def test_what_the_trader_ends_himself_is_not_told(
    driver: Driver, way: list[tuple[str, str]]
) -> None:
    assert tell(driver, *way) == []
    tell(driver, ("reconnecting", LOST), ("offline", ""))
    assert tell(driver, ("connecting", ""), ("ready", "")) == []
