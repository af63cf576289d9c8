"""A start with secrets in a locked file: who waits for the passphrase, and who does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from app.base.paths import Paths
from app.base.redaction import forget_secrets
from app.domain.ids import ConnectionId
from app.engine.health import ConnectionState
from app.store.vault import Vault
from app.ui.settings.passphrase_dialog import PassphraseDialog
from tests.doubles import keyed_broker
from tests.doubles.keyrings import cheapen
from tests.ui.find import child
from tests.ui.shell.conftest import PAPER, Driver

ALPHA = ConnectionId("alpha-paper")
PASSPHRASE, SECRET = "correct horse battery", "hunter2-hunter2"
OTHER = """
[[connection]]
id = "paper"
broker = "paper"
environment = "paper"
"""


@pytest.fixture
def locked(home: Paths, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paths]:
    """Two connections that start by themselves, the first with its secrets in a locked file."""
    keyed_broker.install(monkeypatch)
    cheapen(monkeypatch)
    home.settings_file.write_text(keyed_broker.CONNECTION.format(autoconnect="true") + OTHER)
    vault = Vault(home, {"MOORGATE_PASSPHRASE": PASSPHRASE})
    for field in ("api_key", "api_secret"):
        vault.write(ALPHA, field, SECRET + field)
    yield home
    forget_secrets()


@pytest.fixture
def begin(qapp: QApplication, qtbot: QtBot, home: Paths) -> Iterator[Callable[[], Driver]]:
    """Starts the program as it stands in the settings, connecting and all."""
    running: list[Driver] = []

    def start() -> Driver:
        running.append(Driver(qapp, home, lambda settings: settings))
        return running[-1]

    yield start
    while running:
        running.pop().end()


def is_ready(driver: Driver, connection_id: ConnectionId) -> bool:
    return driver.engine.connections.state(connection_id) is ConnectionState.READY


def asked(driver: Driver) -> PassphraseDialog:
    driver.until(lambda: driver.window.findChild(PassphraseDialog) is not None)
    return child(driver.window, PassphraseDialog)


def test_the_others_connect_while_it_asks_and_the_right_word_connects_the_rest(
    locked: Paths, begin: Callable[[], Driver]
) -> None:
    driver = begin()
    dialog = asked(driver)
    driver.until(lambda: is_ready(driver, PAPER))
    assert driver.engine.connections.state(ALPHA) is ConnectionState.OFFLINE
    assert keyed_broker.READ == []
    assert "These connections wait for it: alpha-paper." in " ".join(
        label.text() for label in dialog.findChildren(QLabel)
    )
    edit = child(dialog, QLineEdit, "passphrase_old")
    assert edit.hasFocus(), "the keyboard is where the answer goes"

    def answer() -> None:
        QTest.keyClicks(edit, PASSPHRASE)
        QTest.keyClick(edit, Qt.Key.Key_Return)

    driver._on_loop(answer)
    driver.until(lambda: is_ready(driver, ALPHA))
    assert [(field, SECRET + field) for field in ("api_key", "api_secret")] == keyed_broker.READ


def test_skipped_it_stays_offline_and_says_so_until_the_vault_is_unlocked(
    locked: Paths, begin: Callable[[], Driver]
) -> None:
    driver = begin()
    dialog = asked(driver)
    skip = child(dialog, QPushButton, "passphrase_refuse")
    assert skip.text() == "Skip"
    driver._on_loop(skip.click)
    driver.until(lambda: any("alpha-paper: offline" in text for text in driver.said()))
    driver.until(lambda: is_ready(driver, PAPER))
    assert driver.engine.connections.state(ALPHA) is ConnectionState.OFFLINE
    driver.desk.vault.unlock(PASSPHRASE)
    driver.until(lambda: is_ready(driver, ALPHA))


def test_the_program_may_be_closed_while_it_asks(
    locked: Paths, begin: Callable[[], Driver]
) -> None:
    driver = begin()
    asked(driver)
    driver.end()
    assert keyed_broker.READ == []


@pytest.mark.parametrize("reason", ["variable", "environment", "by hand", "no secrets"])
def test_nobody_is_asked_without_need(
    locked: Paths,
    begin: Callable[[], Driver],
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
) -> None:
    if reason == "variable":
        monkeypatch.setenv("MOORGATE_PASSPHRASE", PASSPHRASE)
    elif reason == "environment":
        for field in ("API_KEY", "API_SECRET"):
            monkeypatch.setenv(f"MOORGATE_SECRET_ALPHA_PAPER_{field}", SECRET)
    elif reason == "by hand":
        text = keyed_broker.CONNECTION.format(autoconnect="false") + OTHER
        locked.settings_file.write_text(text)
    else:
        locked.settings_file.write_text(OTHER)
    driver = begin()
    driver.until(lambda: is_ready(driver, PAPER))
    if reason in ("variable", "environment"):
        driver.until(lambda: is_ready(driver, ALPHA))
    assert driver.window.findChild(PassphraseDialog) is None


def test_a_damaged_file_keeps_nobody_else_from_connecting(
    locked: Paths, begin: Callable[[], Driver]
) -> None:
    (locked.home / "secrets.enc").write_bytes(b"rubbish")
    driver = begin()
    driver.until(lambda: is_ready(driver, PAPER))
    assert any("cannot be used" in text for text in driver.said())
    driver.until(
        lambda: driver.engine.connections.state(ALPHA) is ConnectionState.FAILED,
    )
    assert (locked.home / "secrets.enc").read_bytes() == b"rubbish"
