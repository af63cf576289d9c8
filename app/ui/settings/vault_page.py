"""Settings > Vault: where secrets are kept, whether that works, and what is kept for whom."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGroupBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.base.errors import MoorgateError
from app.commands.secrets import Survey, survey
from app.store.secrets import Entry, Place
from app.ui.desk import Desk
from app.ui.off_thread import off_thread
from app.ui.settings.passphrase_dialog import (
    change_passphrase_dialog,
    new_passphrase_dialog,
    unlock_dialog,
    with_passphrase,
)
from app.ui.settings.secret_dialog import SecretDialog
from app.ui.settings.vault_table import VaultTable
from app.ui.widgets.sentence import Sentence, as_sentence

_EMPTY = (
    "None of your connections needs a secret here.\n\n"
    "TWS and IB Gateway ask for user name and password themselves when you start them: Moorgate"
    " never sees them, and there is nothing to keep. Brokers that are reached over the internet"
    " need an API key or a token; once such a connection is set up, it is listed here."
)
_WORKS, _FAILS = "Works", "Does not work"
_ASKING = "Looking… The system may ask in a window of its own whether Moorgate may use its keyring."


class VaultPage(QWidget):
    """Everything here happens off the GUI thread, because a keyring may wait for the person."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("vault_page")
        self._desk, self._vault = desk, desk.vault
        self._survey: Survey | None = None
        self._is_busy = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 0, 0, 0)
        layout.addLayout(self._build_place())
        self._file_group = self._build_file()
        layout.addWidget(self._file_group)
        self._table = VaultTable(self)
        self._table.replace_asked.connect(self._on_replace)
        self._table.delete_asked.connect(self._on_delete)
        self._table.itemSelectionChanged.connect(self._show_buttons)
        layout.addWidget(self._table, 1)
        self._empty = Sentence("vault_empty", self, "muted")
        self._empty.setText(_EMPTY)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._empty, 1)
        layout.addLayout(self._build_actions())
        self._said = Sentence("vault_said", self)
        self._said.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self._said.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._said)
        self._table.hide()
        self._empty.hide()
        self._file_group.hide()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_busy:
            self._do(self._look, _ASKING)

    # ---- building ----

    def _build_place(self) -> QHBoxLayout:
        self._place = QLabel(self)
        self._place.setObjectName("vault_place")
        self._place.setTextFormat(Qt.TextFormat.PlainText)
        self._place.setWordWrap(True)
        self._test = self._button("vault_test", "&Test", self._on_test)
        self._test.setToolTip("Writes, reads and deletes a value of no meaning")
        row = QHBoxLayout()
        row.addWidget(self._place, 1)
        row.addWidget(self._test, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _build_file(self) -> QGroupBox:
        group = QGroupBox("Encrypted file", self)
        self._file_state = QLabel(group)
        self._file_state.setObjectName("vault_file_state")
        self._file_state.setTextFormat(Qt.TextFormat.PlainText)
        self._file_state.setWordWrap(True)
        self._unlock = self._button("vault_unlock", "&Unlock…", self._on_unlock)
        self._lock = self._button("vault_lock", "&Lock", self._on_lock)
        self._change = self._button("vault_change", "Change &Passphrase…", self._on_change)
        row = QHBoxLayout()
        row.addWidget(self._unlock)
        row.addWidget(self._lock)
        row.addWidget(self._change)
        row.addStretch(1)
        layout = QVBoxLayout(group)
        layout.addWidget(self._file_state)
        layout.addLayout(row)
        return group

    def _build_actions(self) -> QHBoxLayout:
        self._replace = self._button("vault_replace", "&Replace…", self._on_replace)
        self._delete = self._button("vault_delete", "&Delete…", self._on_delete)
        row = QHBoxLayout()
        row.addWidget(self._replace)
        row.addWidget(self._delete)
        row.addStretch(1)
        return row

    def _button(self, name: str, text: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(act)
        return button

    # ---- what is asked for ----

    def _on_test(self) -> None:
        self._do(self._try_place, "Testing…")

    def _on_unlock(self) -> None:
        self._do(self._open_file)

    def _on_lock(self) -> None:
        self._vault.lock()
        self._do(self._look, then="Locked. Connections keep the secrets they have read.")

    def _on_change(self) -> None:
        self._do(self._change_passphrase)

    def _on_replace(self) -> None:
        entry = self._table.entry()
        if entry is not None and self._replace.isEnabled():
            self._do(lambda: self._enter(entry))

    def _on_delete(self) -> None:
        entry = self._table.entry()
        if entry is not None and self._delete.isEnabled():
            self._do(lambda: self._forget(entry))

    def _do(
        self, work: Callable[[], Coroutine[Any, Any, str]], meanwhile: str = "", then: str = ""
    ) -> None:
        """One thing at a time; what it answers is said, and what goes wrong."""
        if self._is_busy:
            return
        self._is_busy = True
        self._said.say(meanwhile, "muted")
        self._show_buttons()
        self._desk.spawn(self._done(work, then), "vault")

    async def _done(self, work: Callable[[], Coroutine[Any, Any, str]], then: str) -> None:
        token = "text"
        try:
            text = await work() or then
        except MoorgateError as error:
            text, token = as_sentence(str(error)), "alarm"
        finally:
            self._is_busy = False
        if isValid(self):
            first = text.partition(":")[0]
            self._said.say(text, {_WORKS: "ok", _FAILS: "alarm"}.get(first, token))
            self._show_buttons()

    async def _look(self) -> str:
        found = await off_thread(lambda: survey(self._vault, self._desk.settings.connections))
        if isValid(self):
            self._survey = found
            self._show_survey(found)
        return ""

    async def _try_place(self) -> str:
        verdict = await off_thread(self._vault.test)
        await self._look()
        return f"{_WORKS if verdict.works else _FAILS}: {verdict.text}"

    async def _open_file(self) -> str:
        make = unlock_dialog if self._vault.file.exists else new_passphrase_dialog
        done = await make(self._vault, self._desk.spawn, self.window()).answer()
        await self._look()
        return "Unlocked." if done else ""

    async def _change_passphrase(self) -> str:
        dialog = change_passphrase_dialog(self._vault, self._desk.spawn, self.window())
        done = await dialog.answer()
        await self._look()
        return "The passphrase is changed." if done else ""

    async def _enter(self, entry: Entry) -> str:
        title = f"{self._title(entry)} of {entry.connection_id}"
        what = "The stored value is replaced" if entry.is_set else "It goes into the vault"
        text = f"{title}\n\n{what}, and never shown again."
        value = await SecretDialog(title, text, self.window()).answer()
        if value is None or not isValid(self):
            return ""
        place = await with_passphrase(
            self._vault,
            lambda: self._vault.write(entry.connection_id, entry.field, value),
            self._desk.spawn,
            self.window(),
        )
        await self._look()
        where = "the encrypted file" if place is Place.FILE else "the keyring"
        return f"Saved in {where}. It holds from the next connect of {entry.connection_id} on."

    async def _forget(self, entry: Entry) -> str:
        title = f"{self._title(entry)} of {entry.connection_id}"
        question = (
            f"Delete the {title}? The connection cannot log in again before it is entered anew."
        )
        if not await self._desk.shell.confirm("Delete a Secret", question, [], "Delete"):
            return ""
        await with_passphrase(
            self._vault,
            lambda: self._vault.delete(entry.connection_id, entry.field),
            self._desk.spawn,
            self.window(),
        )
        await self._look()
        return f"Deleted the {title}."

    # ---- showing ----

    def _title(self, entry: Entry) -> str:
        titles = {} if self._survey is None else self._survey.titles
        return titles.get((entry.connection_id, entry.field), entry.field)

    def _show_survey(self, found: Survey) -> None:
        if found.keyring is not None:
            place = f"New secrets go to the keyring of this system: {found.keyring}."
        else:
            place = (
                "No keyring works on this computer. New secrets go to an encrypted file that a"
                " passphrase opens."
            )
        self._place.setText(place)
        is_needed = found.keyring is None and bool(found.entries)
        self._file_group.setVisible(found.has_file or is_needed)
        self._file_state.setText(_file_words(found))
        self._table.setVisible(bool(found.entries))
        self._empty.setVisible(not found.entries)
        for button in (self._replace, self._delete):
            button.setVisible(bool(found.entries))
        self._table.show_survey(found)
        self._show_buttons()

    def _show_buttons(self) -> None:
        found, entry, is_free = self._survey, self._table.entry(), not self._is_busy
        self._test.setEnabled(is_free)
        has_file = found is not None and found.has_file
        is_locked = found is None or found.is_locked
        self._unlock.setText("&Unlock…" if has_file else "&Choose a Passphrase…")
        self._unlock.setEnabled(is_free and (is_locked or not has_file))
        self._lock.setEnabled(is_free and has_file and not is_locked)
        self._change.setEnabled(is_free and has_file)
        is_ours = entry is not None and entry.place is not Place.ENVIRONMENT
        self._replace.setText("&Replace…" if entry is None or entry.is_set else "Ente&r…")
        self._replace.setEnabled(is_free and is_ours)
        self._delete.setEnabled(is_free and is_ours and entry is not None and entry.is_set)
        hint = "" if is_ours or entry is None else f"{entry.text} comes first: change it there"
        self._replace.setToolTip(hint)
        self._delete.setToolTip(hint)


def _file_words(found: Survey) -> str:
    if not found.has_file:
        return f"There is none yet. It will be {found.file}."
    state = "Locked" if found.is_locked else "Unlocked"
    if found.has_variable:
        state += "; its passphrase comes from MOORGATE_PASSPHRASE"
    return f"{state}. {found.file}"
