"""The passphrase of the encrypted file: to unlock it, to make one, to change it. GUI thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from app.base.errors import MoorgateError
from app.store.vault import Vault
from app.store.vault_errors import VaultLockedError
from app.ui import theme
from app.ui.off_thread import off_thread
from app.ui.widgets.sentence import Sentence, as_sentence

Spawn = Callable[[Coroutine[Any, Any, Any], str], object]
# What is chosen at the screen must bear guessing; automation knows what it does.
SHORTEST = 8
_ROWS = {"old": "&Passphrase", "new": "&New passphrase", "again": "New passphrase &again"}


class PassphraseDialog(QDialog):
    """Asks until the passphrase is right or the person gives up; `await answer()` tells which.

    `rows` are some of "old", "new" and "again"; `apply` is given what stands in them, in a thread
    of its own, and raises MoorgateError for what is wrong.
    """

    def __init__(
        self,
        title: str,
        text: str,
        rows: Sequence[str],
        apply: Callable[..., None],
        spawn: Spawn,
        parent: QWidget,
        *,
        accept: str = "Unlock",
        refuse: str = "Cancel",
    ) -> None:
        super().__init__(parent)
        self.setObjectName("passphrase_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._apply, self._spawn = apply, spawn
        self._answer: asyncio.Future[bool] | None = None
        self._edits: dict[str, QLineEdit] = {}
        layout = QVBoxLayout(self)
        heading = QLabel(text, self)
        heading.setTextFormat(Qt.TextFormat.PlainText)
        heading.setWordWrap(True)
        layout.addWidget(heading)
        layout.addLayout(self._form(rows))
        self._said = Sentence("passphrase_problem", self)
        self._said.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        layout.addWidget(self._said)
        layout.addWidget(self._buttons(accept, refuse))
        self.finished.connect(self._on_finished)
        self.setMinimumWidth(theme.px(460))

    async def answer(self) -> bool:
        """Open it and wait; True when the passphrase was right and `apply` has run."""
        self._answer = asyncio.get_running_loop().create_future()
        self.open()
        return await self._answer

    def _form(self, rows: Sequence[str]) -> QFormLayout:
        form = QFormLayout()
        for name in rows:
            edit = QLineEdit(self)
            edit.setObjectName(f"passphrase_{name}")
            edit.setEchoMode(QLineEdit.EchoMode.Password)
            label = _ROWS[name] if len(rows) == 1 or name != "old" else "&Old passphrase"
            edit.setAccessibleName(label.replace("&", ""))
            edit.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData)
            form.addRow(label, edit)
            self._edits[name] = edit
        return form

    def _buttons(self, accept: str, refuse: str) -> QDialogButtonBox:
        buttons = QDialogButtonBox(self)
        self._accept = buttons.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
        self._accept.setObjectName("passphrase_accept")
        self._accept.setDefault(True)
        refusal = buttons.addButton(refuse, QDialogButtonBox.ButtonRole.RejectRole)
        refusal.setObjectName("passphrase_refuse")
        refusal.setAutoDefault(False)
        buttons.accepted.connect(self._on_accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def _on_accept(self) -> None:
        values = [edit.text() for name, edit in self._edits.items() if name != "again"]
        problem = self._problem()
        if problem is not None:
            self._said.say(problem, "alarm")
        elif self._accept.isEnabled():
            self._set_busy(True)
            self._said.say("Checking…", "muted")
            self._spawn(self._try(values), "passphrase")

    def _problem(self) -> str | None:
        texts = {name: edit.text() for name, edit in self._edits.items()}
        if not all(texts[name] for name in texts if name != "again"):
            return "Enter the passphrase."
        if "new" in texts and len(texts["new"]) < SHORTEST:
            return f"A new passphrase has {SHORTEST} characters at least; a few words are better."
        if "again" in texts and texts["again"] != texts["new"]:
            return "The two new passphrases differ."
        return None

    async def _try(self, values: Sequence[str]) -> None:
        problem = None
        try:
            await off_thread(lambda: self._apply(*values))
        except MoorgateError as error:
            problem = as_sentence(str(error))
        if not isValid(self):
            return
        self._set_busy(False)
        if problem is None:
            self.accept()
            return
        self._said.say(problem, "alarm")
        first = next(iter(self._edits.values()))
        first.setFocus()
        first.selectAll()

    def _set_busy(self, is_busy: bool) -> None:
        self._accept.setEnabled(not is_busy)
        for edit in self._edits.values():
            edit.setReadOnly(is_busy)

    def _on_finished(self, result: int) -> None:
        for edit in self._edits.values():
            edit.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(result == QDialog.DialogCode.Accepted.value)


def unlock_dialog(
    vault: Vault, spawn: Spawn, parent: QWidget, waiting: Sequence[str] = ()
) -> PassphraseDialog:
    """Opens the file that is there; `waiting` connections are named, and may be skipped."""
    text = f"Secrets are in an encrypted file:\n{vault.file.path}"
    if waiting:
        text += f"\n\nThese connections wait for it: {', '.join(waiting)}."
    refuse = "Skip" if waiting else "Cancel"
    return PassphraseDialog(
        "Unlock the Vault", text, ["old"], vault.unlock, spawn, parent, refuse=refuse
    )


def new_passphrase_dialog(vault: Vault, spawn: Spawn, parent: QWidget) -> PassphraseDialog:
    """Makes the file."""
    text = (
        "No keyring can be used now, so secrets go to an encrypted file:\n"
        f"{vault.file.path}\n\nChoose a passphrase for it. Nobody can restore it: if it is lost,"
        " the secrets must be entered again."
    )
    return PassphraseDialog(
        "A Passphrase for the Vault",
        text,
        ["new", "again"],
        vault.unlock,
        spawn,
        parent,
        accept="Create",
    )


def change_passphrase_dialog(vault: Vault, spawn: Spawn, parent: QWidget) -> PassphraseDialog:
    """Seals the file anew."""
    return PassphraseDialog(
        "Change the Passphrase",
        f"The encrypted file of secrets gets a new passphrase:\n{vault.file.path}",
        ["old", "new", "again"],
        vault.change_passphrase,
        spawn,
        parent,
        accept="Change",
    )


async def with_passphrase(
    vault: Vault, work: Callable[[], Any], spawn: Spawn, parent: QWidget
) -> Any:
    """Do `work` off the GUI thread; where the file is locked, ask and try once more.

    Raises what `work` raises, VaultLockedError among it when the person gives up.
    """
    try:
        return await off_thread(work)
    except VaultLockedError as error:
        make = new_passphrase_dialog if error.is_new else unlock_dialog
        if not isValid(parent) or not await make(vault, spawn, parent).answer():
            text = "no passphrase was given, so nothing was changed"
            raise VaultLockedError(text, is_new=error.is_new) from None
    return await off_thread(work)
