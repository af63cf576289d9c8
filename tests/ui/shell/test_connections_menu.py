"""The Connections menu offers what can be done now."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QComboBox

from app.commands.context import Selection
from app.engine.health import ConnectionState
from tests.ui.shell.conftest import PAPER, Driver


def refusals(driver: Driver) -> list[str | None]:
    """Why Connect and Disconnect cannot be chosen, None where they can."""
    names = ("connections.connect_paper", "connections.disconnect_paper")
    return [driver.desk.commands.get(name).available(driver.desk) for name in names]


def test_a_connection_is_connected_and_disconnected_once(driver: Driver) -> None:
    assert refusals(driver) == [None, "paper is offline"]
    driver.desk.run("connections.connect_paper")
    driver.until(lambda: driver.engine.connections.state(PAPER) is ConnectionState.READY)
    assert refusals(driver) == ["paper is connected", None]
    driver.desk.run("connections.connect_paper")
    assert driver.said()[-1].endswith("paper is connected")
    driver.desk.run("connections.disconnect_paper")
    driver.until(lambda: driver.engine.connections.state(PAPER) is ConnectionState.OFFLINE)
    assert refusals(driver) == [None, "paper is offline"]


def test_with_a_connection_everything_that_was_chosen_there_goes(driver: Driver) -> None:
    account = driver.child(QComboBox, "ticket-account")
    driver.connect()
    assert account.placeholderText() == "Choose an account"
    driver.do(driver.engine.connections.remove(PAPER))
    assert driver.desk.selection == Selection()
    assert account.placeholderText() == "No account is connected"


def test_the_keyboard_goes_to_the_size_or_while_there_is_none_to_the_account(
    driver: Driver,
) -> None:
    def focused() -> str:
        driver.desk.run("view.focus_ticket")
        widget = QApplication.focusWidget()
        return "" if widget is None else widget.objectName()

    assert focused() == "ticket-account"
    driver.connect()
    assert focused() == "ticket-quantity"
