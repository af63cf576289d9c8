"""New, changed and removed connections in the whole program, by its menus and keys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from keyring.backends import fail
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QWidget

from app.commands.wizard import Wizard
from app.domain.ids import ConnectionId
from app.engine.health import ConnectionState
from app.ui.connection_lights import ConnectionLights
from app.ui.panels.account import AccountPanel
from app.ui.settings.passphrase_dialog import PassphraseDialog
from tests.doubles.keyrings import MemoryKeyring, cheapen, use
from tests.ui.find import child
from tests.ui.shell.conftest import PAPER, SHIFT, Driver
from tests.ui.wizard.pages import DOWN, ENTER, ESC, SPACE, TAB, Pages, lines_of, question

SECOND = ConnectionId("paper-2")


def files(home: Path) -> dict[str, bytes]:
    """Everything that a wizard could leave behind; the window saves its layout on its own."""
    ends = (".toml", ".enc", ".json")
    found = [p for p in home.rglob("*") if p.is_file() and p.suffix in ends]
    kept = [p for p in found if p.parent != home / "layouts"]
    return {str(p): p.read_bytes() for p in kept}


def choose_paper(pages: Pages) -> None:
    """From the first page to the last, with the paper broker and its defaults."""
    while pages.view.chosen != "Paper account":
        pages.press(DOWN)
    pages.on(4)


def menu_ids(driver: Driver) -> list[str]:
    """The commands of single connections, as the menus have them."""
    return [c.id for c in driver.desk.commands if c.menu.startswith("Connections/")]


def test_a_second_account_by_keyboard_alone_to_live_prices(driver: Driver) -> None:
    pages = Pages(driver)
    choose_paper(pages)
    assert dict(pages.view.summary.lines)["Name"] == "paper-2"  # type: ignore[union-attr]  # the last page has one
    pages.press(ENTER)
    pages.until_closed()
    driver.until(lambda: driver.engine.connections.state(SECOND) is ConnectionState.READY)
    assert "Connection paper-2 is saved" in driver.said()
    [stored] = [c for c in driver.desk.settings_store.load().connections if c.id == SECOND]
    assert (stored.broker, stored.environment, stored.autoconnect) == ("paper", "paper", True)
    assert driver.engine.settings.connection_risk[SECOND].max_open_orders == 200
    assert "connections.remove_paper_2" in menu_ids(driver)
    assert driver.window.menus.menu("Connections/paper-2").actions()
    assert driver.child(ConnectionLights, f"lights_{SECOND}").isVisible()
    driver.until(lambda: str(SECOND) in accounts_in_ticket(driver))


def accounts_in_ticket(driver: Driver) -> str:
    combos = driver.window.docks["ticket"].findChildren(QComboBox)
    return " ".join(box.itemText(at) for box in combos for at in range(box.count()))


def test_saved_only_it_is_there_and_offline(driver: Driver) -> None:
    pages = Pages(driver)
    choose_paper(pages)
    pages.press(TAB, SHIFT)
    assert pages.focused == "wizard_save_only"
    pages.press(ENTER)
    pages.until_closed()
    assert driver.engine.connections.state(SECOND) is ConnectionState.OFFLINE
    assert SECOND in [c.id for c in driver.desk.settings_store.load().connections]


def test_cancel_leaves_nothing_behind_from_any_page(driver: Driver) -> None:
    before, commands = files(driver.desk.home), menu_ids(driver)
    for pressed in range(5):
        pages = Pages(driver)
        pages.press(DOWN)
        pages.on(pressed)
        pages.press(ESC)
        pages.agree()
        pages.until_closed()
        assert files(driver.desk.home) == before
        assert menu_ids(driver) == commands
        assert driver.engine.connections.ids() == [PAPER]


def test_only_one_wizard_at_a_time(driver: Driver) -> None:
    pages = Pages(driver)
    driver._on_loop(lambda: driver.desk.run("connections.new"))
    assert len(driver.window.findChildren(QWidget, "wizard")) == 1
    pages.press(ESC)
    pages.until_closed()


def test_a_file_that_cannot_be_changed_is_told_and_nothing_is_lost(driver: Driver) -> None:
    pages = Pages(driver)
    choose_paper(pages)
    path = driver.desk.paths.settings_file
    good = path.read_text()
    path.write_text("[[connection]\nid =")
    pages.press(ENTER)
    driver.until(lambda: pages.said("trouble_title") == "It could not be saved")
    assert "settings.toml:1" in pages.said("trouble_text")
    assert driver.engine.connections.ids() == [PAPER]
    assert path.read_text() == "[[connection]\nid ="
    pages.back()
    assert pages.find(QLineEdit, "connection_id").text() == "paper-2"
    path.write_text(good)
    pages.on()
    pages.press(ENTER)
    pages.until_closed()
    assert SECOND in [c.id for c in driver.desk.settings_store.load().connections]


def test_changing_a_connected_connection_says_what_is_open_there(driver: Driver) -> None:
    driver.connect()
    buy(driver)
    pages = Pages(driver, command="connections.edit_paper")
    assert pages.dialog.windowTitle() == "Edit paper"
    assert pages.focused == "field_source"
    for _ in range(4):
        pages.press(TAB)
    assert pages.focused == "field_speed"
    pages.type("5")
    pages.on(3)
    pages.press(ENTER)
    question = pages.question()
    assert any("long 1" in line for line in lines_of(question))
    pages.press(ESC)
    driver.until(lambda: not pages.view.is_working)
    assert pages.is_open, "called off, it stays open"
    assert driver.desk.settings_store.load().connections[0].settings["speed"] == 1.0
    pages.press(ENTER)
    pages.agree()
    pages.until_closed()
    assert driver.desk.settings_store.load().connections[0].settings["speed"] == 5.0
    driver.until(lambda: driver.engine.connections.config(PAPER).settings["speed"] == 5.0)
    driver.until(lambda: driver.engine.connections.state(PAPER) is ConnectionState.READY)
    assert driver.engine.connections.ids() == [PAPER]


def buy(driver: Driver) -> None:
    driver.desk.arming.arm()
    driver._on_loop(lambda: driver.desk.run("trading.buy_market"))
    driver.until(lambda: driver.engine.portfolio.positions())


def test_a_change_of_limits_alone_does_not_disconnect(driver: Driver) -> None:
    driver.connect()
    pages = Pages(driver, command="connections.edit_paper")
    pages.on()
    pages.press(SPACE)
    pages.press(TAB)
    pages.type("7")
    pages.on(2)
    states: list[str] = []
    driver.desk.bridge.connection_changed.connect(lambda event: states.append(event.state))
    pages.press(ENTER)
    pages.until_closed()
    assert driver.engine.risk.limits(PAPER).max_order_quantity == 7
    assert driver.engine.connections.state(PAPER) is ConnectionState.READY
    assert "offline" not in states


def test_the_name_of_an_existing_connection_stands_fast(driver: Driver) -> None:
    pages = Pages(driver, command="connections.edit_paper")
    pages.on(2)
    name = pages.find(QLineEdit, "connection_id")
    assert (name.text(), name.isReadOnly()) == ("paper", True)
    assert pages.focused == "autoconnect"
    pages.press(SPACE)
    pages.on()
    pages.press(TAB, SHIFT)
    pages.press(ENTER)
    pages.until_closed()
    assert driver.desk.settings_store.load().connections[0].autoconnect


def test_removing_lists_what_is_open_and_follows_everywhere(driver: Driver) -> None:
    driver.connect()
    buy(driver)
    driver._on_loop(lambda: driver.desk.run("connections.remove_paper"))
    asked = question(driver)
    texts = " ".join(label.text() for label in asked.findChildren(QLabel))
    assert "Orders at the broker keep working" in texts
    assert any("long 1" in line for line in lines_of(asked))
    driver._on_loop(asked.accept_button.click)
    driver.until(lambda: driver.engine.connections.ids() == [])
    driver.until(lambda: "Connection paper is removed" in driver.said())
    assert driver.desk.settings_store.load().connections == ()
    assert menu_ids(driver) == []
    assert driver.desk.selection.connection_id is None
    assert driver.desk.selection.account_id is None
    driver.until(lambda: driver.window.findChild(ConnectionLights) is None)
    assert accounts_in_ticket(driver).count("paper") == 0
    assert list(child(driver.window, AccountPanel).model.all_rows()) == []
    assert driver.orders(), "its history stays"
    assert driver.window.windowTitle().startswith("NO ACCOUNT")


def test_removing_may_be_thought_over(driver: Driver) -> None:
    driver._on_loop(lambda: driver.desk.run("connections.remove_paper"))
    dialog = question(driver)
    driver._on_loop(dialog.reject)
    assert driver.engine.connections.ids() == [PAPER]
    assert driver.desk.settings_store.load().connections


def test_removed_and_set_up_again_under_its_name(driver: Driver) -> None:
    driver.connect()
    buy(driver)
    driver._on_loop(lambda: driver.desk.run("connections.remove_paper"))
    driver._on_loop(question(driver).accept_button.click)
    driver.until(lambda: driver.engine.connections.ids() == [])
    pages = Pages(driver)
    while pages.view.chosen != "Paper account":
        pages.press(DOWN)
    pages.on(3)
    assert "are on record" in pages.view.found
    pages.on()
    pages.press(ENTER)
    pages.until_closed()
    driver.until(lambda: driver.engine.connections.state(PAPER) is ConnectionState.READY)
    driver.until(lambda: driver.desk.selection.account_id is not None)
    assert len(menu_ids(driver)) == 5


def test_secrets_go_into_the_vault_and_with_their_connection(
    driver: Driver, scripted: Callable[[], Wizard], monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = MemoryKeyring()
    use(monkeypatch, keyring)
    pages = Pages(driver, scripted)
    pages.on(2)
    pages.press(SPACE)
    pages.on(2)
    pages.type("s3cret")
    pages.on(3)
    assert "kept in the vault" in dict(pages.view.summary.lines)["Secrets"]  # type: ignore[union-attr]  # the last page has one
    pages.press(TAB, SHIFT)
    pages.press(ENTER)
    pages.until_closed()
    name = ConnectionId("scripted-paper")
    assert keyring.users() == {"scripted-paper/token"}
    assert b"s3cret" not in b"".join(files(driver.desk.home).values())
    assert threading.get_ident() not in keyring.threads
    driver._on_loop(lambda: driver.desk.run("connections.remove_scripted_paper"))
    driver._on_loop(question(driver).accept_button.click)
    driver.until(lambda: not keyring.users())
    assert name not in driver.engine.connections.ids()


def test_a_secret_is_taken_back_where_the_file_cannot_be_written(
    driver: Driver, scripted: Callable[[], Wizard], monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = MemoryKeyring()
    use(monkeypatch, keyring)
    pages = Pages(driver, scripted)
    pages.on(2)
    pages.press(SPACE)
    pages.on(2)
    pages.type("s3cret")
    pages.on(3)
    driver.desk.paths.settings_file.write_text("nonsense")
    pages.press(ENTER)
    driver.until(lambda: pages.said("trouble_title") == "It could not be saved")
    assert ("set", "scripted-paper/token") in keyring.calls
    assert keyring.users() == set()
    pages.press(ESC)
    pages.agree()
    pages.until_closed()


def test_without_a_keyring_a_passphrase_is_asked_for_and_may_be_refused(
    driver: Driver, scripted: Callable[[], Wizard], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, fail.Keyring())
    cheapen(monkeypatch)
    pages = Pages(driver, scripted)
    pages.on(2)
    pages.press(SPACE)
    pages.on(2)
    pages.type("s3cret")
    pages.on(3)
    pages.press(TAB, SHIFT)
    pages.press(ENTER)
    driver.until(lambda: isinstance(QApplication.activeModalWidget(), PassphraseDialog))
    driver.until(lambda: pages.focused == "passphrase_new")
    pages.press(ESC)
    driver.until(lambda: pages.said("trouble_title") == "It could not be saved")
    assert ConnectionId("scripted-paper") not in driver.engine.connections.ids()
    assert not (driver.desk.home / "secrets.enc").exists()
    while pages.focused != "wizard_save_only":
        pages.press(TAB)
    pages.press(ENTER)
    driver.until(lambda: pages.focused == "passphrase_new")
    pages.type("correct horse")
    pages.press(TAB)
    pages.type("correct horse")
    pages.press(ENTER)
    pages.until_closed()
    assert (driver.desk.home / "secrets.enc").exists()
    assert driver.desk.vault.read("scripted-paper", "token") == "s3cret"
