"""Settings > Vault, used by mouse and keyboard in the whole program."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QTableWidget,
    QToolButton,
    QWidget,
)

from app.base.paths import Paths
from app.base.redaction import forget_secrets
from app.store.vault import Place, Vault
from app.ui import theme
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.settings.dialog import SettingsDialog
from app.ui.settings.passphrase_dialog import PassphraseDialog
from app.ui.settings.secret_dialog import SecretDialog
from app.ui.settings.vault_page import VaultPage
from tests.doubles import keyed_broker
from tests.doubles.keyrings import LockedKeyring, MemoryKeyring, cheapen, use
from tests.ui.find import child
from tests.ui.shell.conftest import CTRL, NONE, Driver

SECRET, PASSPHRASE, NEWER = "hunter2-hunter2", "correct horse battery", "tr0ub4dor and three"


@pytest.fixture(autouse=True)
def _cheap_and_nothing_stays_hidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    cheapen(monkeypatch)
    yield
    forget_secrets()


@pytest.fixture
def keyed(home: Paths, monkeypatch: pytest.MonkeyPatch) -> Paths:
    keyed_broker.install(monkeypatch)
    home.settings_file.write_text(keyed_broker.CONNECTION.format(autoconnect="false"))
    return home


class Page:
    """The vault page of a running program."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        driver.press(Qt.Key.Key_Comma, CTRL)
        driver.until(lambda: driver.window.findChild(SettingsDialog) is not None)
        self.dialog = child(driver.window, SettingsDialog)
        driver._on_loop(lambda: self.dialog.show_page("vault"))
        self.page = child(self.dialog, VaultPage)
        self.settled()

    def settled(self) -> None:
        """Wait until nothing is under way."""
        self.driver.until(lambda: not self.page._is_busy and self.page._survey is not None)

    def rows(self) -> list[tuple[str, ...]]:
        table = child(self.page, QTableWidget, "vault_table")
        return [
            tuple(table.item(row, column).text() for column in range(table.columnCount()))  # type: ignore[union-attr]  # every cell is filled
            for row in range(table.rowCount())
        ]

    def said(self) -> str:
        return child(self.page, QLabel, "vault_said").text()

    def button(self, name: str) -> QAbstractButton:
        return child(self.page, QAbstractButton, name)

    def press(self, widget: QWidget, key: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
        self.driver._on_loop(lambda: QTest.keyClick(widget, key, held))

    def click(self, name: str) -> None:
        self.driver._on_loop(self.button(name).click)

    def opened(self, kind: type[Any]) -> Any:
        self.driver.until(lambda: self.dialog.findChild(kind) or self.window_child(kind))
        return self.dialog.findChild(kind) or self.window_child(kind)

    def window_child(self, kind: type[Any]) -> Any:
        return self.driver.window.findChild(kind)

    def type(self, dialog: QWidget, texts: dict[str, str]) -> None:
        """Type into fields, as a person does, and press Enter in the last one."""

        def act() -> None:
            for name, text in texts.items():
                QTest.keyClicks(child(dialog, QLineEdit, name), text)
            QTest.keyClick(child(dialog, QLineEdit, list(texts)[-1]), Qt.Key.Key_Return)

        self.driver._on_loop(act)

    def choose(self, row: int) -> None:
        child(self.page, QTableWidget, "vault_table").setCurrentCell(row, 0)


def test_without_any_secret_it_explains_why(driver: Driver) -> None:
    page = Page(driver)
    empty = child(page.page, QLabel, "vault_empty")
    assert empty.isVisible()
    assert "TWS and IB Gateway ask for user name and password themselves" in empty.text()
    assert not child(page.page, QTableWidget, "vault_table").isVisible()
    assert not page.button("vault_replace").isVisible()
    driver.press(Qt.Key.Key_Escape, into=page.dialog)
    driver.until(lambda: driver.window.findChild(SettingsDialog) is None)


def test_a_secret_is_entered_replaced_and_deleted_in_the_keyring(
    keyed: Paths, start: Callable[[], Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = MemoryKeyring()
    use(monkeypatch, backend)
    driver = start()
    page = Page(driver)
    assert "keyring of this system" in child(page.page, QLabel, "vault_place").text()
    assert not page.button("vault_unlock").isVisible(), "there is no file, and none is needed"
    assert page.rows() == [
        ("alpha-paper", "API key", "—", "missing"),
        ("alpha-paper", "API secret", "—", "missing"),
    ]
    assert page.button("vault_replace").text() == "Ente&r…"
    assert not page.button("vault_delete").isEnabled()

    page.press(child(page.page, QTableWidget, "vault_table"), Qt.Key.Key_Return)
    dialog = page.opened(SecretDialog)
    edit = child(dialog, QLineEdit, "secret_value")
    assert edit.echoMode() is QLineEdit.EchoMode.Password
    page.type(dialog, {"secret_value": SECRET})
    driver.until(lambda: "Saved in the keyring" in page.said())
    assert backend.held == {("moorgate", "alpha-paper/api_key"): SECRET}
    assert page.rows()[0][2:] == (driver.desk.vault.keyring_title(), "set")

    page.click("vault_replace")
    dialog = page.opened(SecretDialog)
    assert child(dialog, QLineEdit, "secret_value").text() == "", "it never shows what is stored"
    page.type(dialog, {"secret_value": NEWER})
    driver.until(lambda: NEWER in backend.held.values())
    page.settled()

    page.press(child(page.page, QTableWidget, "vault_table"), Qt.Key.Key_Delete)
    confirm = page.opened(ConfirmDialog)
    driver._on_loop(confirm.reject)
    page.settled()
    assert backend.held
    page.click("vault_delete")
    driver._on_loop(page.opened(ConfirmDialog).accept_button.click)
    driver.until(lambda: "Deleted the API key" in page.said())
    assert backend.held == {}
    assert threading.get_ident() not in backend.threads, "a keyring may wait for the person"


def test_show_reveals_only_while_it_is_pressed(
    keyed: Paths, start: Callable[[], Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, MemoryKeyring())
    driver = start()
    page = Page(driver)
    page.click("vault_replace")
    dialog = page.opened(SecretDialog)
    edit, show = child(dialog, QLineEdit, "secret_value"), child(dialog, QToolButton, "secret_show")
    modes = []

    def hold(press: Callable[[], None], release: Callable[[], None]) -> None:
        press()
        modes.append(edit.echoMode())
        release()
        modes.append(edit.echoMode())

    space, left = Qt.Key.Key_Space, Qt.MouseButton.LeftButton
    driver._on_loop(
        lambda: hold(lambda: QTest.mousePress(show, left), lambda: QTest.mouseRelease(show, left))
    )
    driver._on_loop(
        lambda: hold(lambda: QTest.keyPress(show, space), lambda: QTest.keyRelease(show, space))
    )
    normal, masked = QLineEdit.EchoMode.Normal, QLineEdit.EchoMode.Password
    assert modes == [normal, masked, normal, masked]
    driver._on_loop(dialog.reject)
    page.settled()
    assert page.said() == ""


def test_several_lines_are_kept_as_they_were_pasted(
    keyed: Paths, start: Callable[[], Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = MemoryKeyring()
    use(monkeypatch, backend)
    driver = start()
    page = Page(driver)
    key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\nIA==\n-----END EC PRIVATE KEY-----\n"
    for pasted, kept in ((key, key), ("  one-line-token\n", "one-line-token")):
        page.click("vault_replace")
        dialog = page.opened(SecretDialog)
        edit = child(dialog, QLineEdit, "secret_value")
        QApplication.clipboard().setText(pasted)
        driver._on_loop(edit.paste)
        page.type(dialog, {"secret_value": ""})
        driver.until(lambda: "Saved" in page.said())
        assert backend.held == {("moorgate", "alpha-paper/api_key"): kept} or "-----" in kept
        assert driver.desk.vault.read("alpha-paper", "api_key") == kept
        page.settled()
    QApplication.clipboard().clear()


def test_where_no_keyring_works_a_passphrase_is_chosen_first(
    keyed: Paths, start: Callable[[], Driver]
) -> None:
    driver = start()
    page = Page(driver)
    assert "No keyring works on this computer" in child(page.page, QLabel, "vault_place").text()
    page.click("vault_test")
    driver.until(lambda: page.said().startswith("Does not work: "))
    page.settled()
    page.click("vault_replace")
    page.type(page.opened(SecretDialog), {"secret_value": SECRET})
    dialog = page.opened(PassphraseDialog)
    problem = child(dialog, QLabel, "passphrase_problem")
    page.type(dialog, {"passphrase_new": "short", "passphrase_again": "short"})
    assert "8 characters at least" in problem.text()
    page.type(dialog, {"passphrase_new": "-but longer", "passphrase_again": "-and other"})
    assert "differ" in problem.text()
    for name in ("passphrase_new", "passphrase_again"):
        child(dialog, QLineEdit, name).clear()
    page.type(dialog, {"passphrase_new": PASSPHRASE, "passphrase_again": PASSPHRASE})
    driver.until(lambda: "Saved in the encrypted file" in page.said())
    page.settled()
    assert page.rows()[0][2:] == ("encrypted file", "set")
    assert Vault(keyed, {"MOORGATE_PASSPHRASE": PASSPHRASE}).read("alpha-paper", "api_key") == (
        SECRET
    )
    page.click("vault_test")
    driver.until(lambda: page.said().startswith("Works: "))
    page.settled()

    page.click("vault_lock")
    driver.until(lambda: page.said().startswith("Locked. "))
    page.settled()
    assert page.rows()[0][3] == "set, locked"
    assert not page.button("vault_lock").isEnabled()
    page.click("vault_unlock")
    dialog = page.opened(PassphraseDialog)
    page.type(dialog, {"passphrase_old": "a wrong one"})
    driver.until(lambda: "not the passphrase" in child(dialog, QLabel, "passphrase_problem").text())
    assert child(dialog, QLineEdit, "passphrase_old").selectedText(), "typing replaces it"
    page.type(dialog, {"passphrase_old": PASSPHRASE})
    driver.until(lambda: page.said() == "Unlocked.")
    page.settled()

    page.click("vault_change")
    dialog = page.opened(PassphraseDialog)
    texts = {"passphrase_old": PASSPHRASE, "passphrase_new": NEWER, "passphrase_again": NEWER}
    page.type(dialog, texts)
    driver.until(lambda: "is changed" in page.said())
    page.settled()
    assert Vault(keyed, {"MOORGATE_PASSPHRASE": NEWER}).read("alpha-paper", "api_key") == SECRET


def test_who_gives_up_at_the_passphrase_is_told_that_nothing_was_kept(
    keyed: Paths, start: Callable[[], Driver]
) -> None:
    driver = start()
    page = Page(driver)
    page.click("vault_replace")
    page.type(page.opened(SecretDialog), {"secret_value": SECRET})
    driver._on_loop(page.opened(PassphraseDialog).reject)
    driver.until(lambda: page.said() == "No passphrase was given, so nothing was changed.")
    assert not (keyed.home / "secrets.enc").exists()


def test_the_environment_comes_first_and_cannot_be_changed_here(
    keyed: Paths, start: Callable[[], Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOORGATE_SECRET_ALPHA_PAPER_API_KEY", SECRET)
    driver = start()
    page = Page(driver)
    kept_in, state = page.rows()[0][2:]
    assert (kept_in, state) == ("environment (MOORGATE_SECRET_ALPHA_PAPER_API_KEY)", "set")
    page.choose(0)
    for name in ("vault_replace", "vault_delete"):
        assert not page.button(name).isEnabled()
        assert "change it there" in page.button(name).toolTip()
    page.choose(1)
    assert page.button("vault_replace").isEnabled()


def test_a_keyring_that_refuses_is_not_taken_for_an_empty_one(
    keyed: Paths, start: Callable[[], Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, LockedKeyring())
    driver = start()
    page = Page(driver)
    assert [row[3].partition(":")[0] for row in page.rows()] == ["cannot be told"] * 2
    page.click("vault_test")
    driver.until(lambda: "Does not work" in page.said() and "unlock" in page.said())


def test_the_window_lives_on_while_the_keyring_waits(
    keyed: Paths, start: Callable[[], Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, answered, asked = MemoryKeyring(), threading.Event(), threading.Event()

    def wait(_what: str, _user: str) -> None:
        asked.set()
        answered.wait(20)

    backend.before = wait
    use(monkeypatch, backend)
    driver = start()
    driver._on_loop(lambda: driver.desk.run("settings.show_vault"))
    driver.until(asked.is_set)
    page = child(driver.window, VaultPage)
    turns = itertools.count()
    driver.until(lambda: next(turns) > 20)
    assert "window of its own" in child(page, QLabel, "vault_said").text()
    assert not child(page, QAbstractButton, "vault_test").isEnabled()
    dialog = child(driver.window, SettingsDialog)
    driver._on_loop(dialog.reject)
    driver.until(lambda: driver.window.findChild(SettingsDialog) is None)
    answered.set()
    driver.until(lambda: len(driver.session.tasks) == 0)


def test_every_widget_has_a_name_and_tab_reaches_it(
    keyed: Paths, start: Callable[[], Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    Vault(keyed, {"MOORGATE_PASSPHRASE": PASSPHRASE}).write("alpha-paper", "api_key", SECRET)
    driver = start()
    page = Page(driver)
    reached = []
    for _ in range(12):
        widget = QApplication.focusWidget()
        assert widget is not None
        reached.append(widget.objectName())
        assert widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text()), (
            widget
        )
        page.press(widget, Qt.Key.Key_Tab)
    enabled = {
        button.objectName()
        for button in page.page.findChildren(QAbstractButton)
        if button.isEnabled() and button.isVisible() and button.objectName()
    }
    assert enabled | {"settings_pages", "vault_table"} <= set(reached)


def test_it_fits_the_smallest_screen_and_reads_in_both_themes(
    keyed: Paths, start: Callable[[], Driver], qapp: QApplication
) -> None:
    Vault(keyed, {"MOORGATE_PASSPHRASE": PASSPHRASE}).write("alpha-paper", "api_key", SECRET)
    driver = start()
    page = Page(driver)
    assert page.dialog.minimumSizeHint().width() <= 1200
    assert page.dialog.minimumSizeHint().height() <= 720
    for name in ("light", "dark"):
        theme.apply(qapp, name)
        said = child(page.page, QLabel, "vault_said")
        assert theme.color("text").name() in said.styleSheet() or said.text()
        table = child(page.page, QTableWidget, "vault_table")
        cell = table.item(0, 3)
        assert cell is not None
        assert cell.foreground().color() == theme.color("ok")


def test_nothing_of_it_reaches_the_log(
    keyed: Paths, start: Callable[[], Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, MemoryKeyring())
    driver = start()
    page = Page(driver)
    page.click("vault_replace")
    page.type(page.opened(SecretDialog), {"secret_value": SECRET})
    driver.until(lambda: "Saved" in page.said())
    assert driver.desk.vault.entries()[0].place is Place.KEYRING
    driver.end()
    for path in keyed.home.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
