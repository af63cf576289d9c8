"""Settings > Hotkeys: every command and its key, changed by pressing another one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.base.errors import MoorgateError, UserError
from app.commands import key_changes
from app.commands.key_changes import Overrides, Share
from app.ui.desk import Desk
from app.ui.settings import hotkeys_files as files
from app.ui.settings.hotkeys_table import HotkeysTable
from app.ui.settings.key_capture import KeyCapture
from app.ui.settings.outside import ANEW, taken_over
from app.ui.widgets.sentence import Sentence, as_sentence

_UNKNOWN = (
    "Keys are named as on a US keyboard (physical position): what is printed on yours becomes"
    " known as you press them."
)
_IDLE = "Press the key's button, then the new key. Enter on a command does the same."
_HINT = "Esc calls it off; Backspace or Delete takes the key away."


class HotkeysPage(QWidget):
    """What is changed here holds at once, everywhere, and is saved. GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("hotkeys_page")
        self._desk = desk
        self._offered = ""  # the key that another command has, while it is asked about
        self._search = self._build_search()
        self._table = HotkeysTable(desk, self)
        self._title = QLabel(self)
        self._title.setObjectName("hotkeys_title")
        self._capture = KeyCapture(self)
        self._remove = self._button("hotkeys_remove", "Re&move", self._on_remove)
        self._reset = self._button("hotkeys_reset", "&Reset", self._on_reset)
        self._said = Sentence("hotkeys_said", self)
        self._said.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self._layout_note = Sentence("hotkeys_layout", self, "muted")
        self._rivalry = self._build_rivalry()
        self._arrange()
        self._connect()
        self.setFocusProxy(self._search)
        self._said.say(_IDLE, "muted")
        self._table.choose_first()
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        self._drop_offer()
        super().hideEvent(event)

    # ---- building ----

    def _build_search(self) -> QLineEdit:
        search = QLineEdit(self)
        search.setObjectName("hotkeys_search")
        search.setAccessibleName("Search commands and keys")
        search.setPlaceholderText("Search by command, menu or key")
        search.setClearButtonEnabled(True)
        return search

    def _build_rivalry(self) -> QWidget:
        box = QWidget(self)
        box.setObjectName("hotkeys_rivalry")
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        self._take = self._button("hotkeys_take", "&Take It", lambda: self._settle(Share.TAKE))
        self._neither = self._button(
            "hotkeys_neither", "Leave &Both Without", lambda: self._settle(Share.NEITHER)
        )
        self._cancel = self._button("hotkeys_cancel", "&Cancel", self._drop_offer)
        for button in (self._take, self._neither, self._cancel):
            row.addWidget(button)
        row.addStretch(1)
        box.hide()
        return box

    def _button(self, name: str, text: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False: act())
        return button

    def _arrange(self) -> None:
        change = QHBoxLayout()
        change.addWidget(self._title, 1)
        for widget in (self._capture, self._remove, self._reset):
            change.addWidget(widget)
        whole = QHBoxLayout()
        for name, text, act in (
            ("hotkeys_import", "&Import…", self._on_import),
            ("hotkeys_export", "&Export…", self._on_export),
            ("hotkeys_sheet", "Save &Sheet…", self._on_sheet),
        ):
            whole.addWidget(self._button(name, text, act))
        whole.addStretch(1)
        whole.addWidget(self._button("hotkeys_reset_all", "Reset A&ll…", self._on_reset_all))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 0, 0, 0)
        layout.addWidget(self._search)
        layout.addWidget(self._table, 1)
        layout.addLayout(change)
        layout.addWidget(self._said)
        layout.addWidget(self._rivalry)
        layout.addWidget(self._layout_note)
        layout.addLayout(whole)

    def _connect(self) -> None:
        self._search.textChanged.connect(self._table.search)
        self._table.chosen.connect(self._on_chosen)
        self._table.activated.connect(lambda _index: self._capture.ask())
        self._capture.captured.connect(self._on_captured)
        self._capture.removed.connect(self._on_remove)
        self._capture.asking.connect(self._on_asking)
        self._desk.commands_changed.connect(self._refresh)

    # ---- what is shown ----

    def _refresh(self) -> None:
        self._table.fill()
        self._show_command()
        moved = self._desk.keymap.labels.moved
        if not self._desk.keymap.labels.is_known:
            note = _UNKNOWN
        elif moved:
            note = (
                "Keys of trading and view lie where they lie on a US keyboard, whatever is printed"
                " on them here. Files name them as in the US."
            )
        else:
            note = ""
        self._layout_note.setText(note)
        self._layout_note.setVisible(bool(note))

    def _on_chosen(self, _command_id: str) -> None:
        self._drop_offer()
        self._said.say(_IDLE, "muted")
        self._show_command()

    def _show_command(self) -> None:
        command_id, keymap = self._table.current_id(), self._desk.keymap
        for widget in (self._capture, self._remove, self._reset):
            widget.setEnabled(bool(command_id))
        if not command_id:
            self._title.setText("")
            self._capture.show_key("", "", is_by_label=False)
            return
        command = self._desk.commands.get(command_id)
        self._title.setText(command.title)
        self._capture.show_key(
            command.title, keymap.text_of(command_id), is_by_label=command.by_label
        )
        self._remove.setEnabled(bool(keymap.keys_of(command_id)))
        self._reset.setEnabled(command_id in keymap.overrides)

    def _on_asking(self, is_asking: bool) -> None:
        if is_asking:
            self._drop_offer()
            self._said.say(_HINT, "muted")
        elif self._said.text() == _HINT:
            self._said.say(_IDLE, "muted")

    # ---- changing one ----

    def _on_captured(self, key: str) -> None:
        command_id, keymap = self._table.current_id(), self._desk.keymap
        try:
            rivals = key_changes.rivals(keymap, command_id, key)
        except UserError as error:
            self._said.say(as_sentence(str(error).removeprefix("keys: ")), "alarm")
            return
        if not rivals:
            self._change(key_changes.bound(keymap, command_id, key))
            return
        names = " and ".join(self._desk.commands.get(one).title for one in rivals)
        self._offered = key
        self._said.say(f"{keymap.shown(command_id, key)} is the key of {names}.", "warning")
        self._take.setText(f"&Take It From {names}")
        self._rivalry.show()
        self._take.setFocus(Qt.FocusReason.OtherFocusReason)

    def _settle(self, share: Share) -> None:
        key, command_id = self._offered, self._table.current_id()
        self._drop_offer()
        self._change(key_changes.bound(self._desk.keymap, command_id, key, share))

    def _drop_offer(self) -> None:
        if self._offered:
            self._offered = ""
            self._said.say(_IDLE, "muted")
            self._rivalry.hide()
            self._capture.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_remove(self) -> None:
        self._change(key_changes.bound(self._desk.keymap, self._table.current_id(), None))

    def _on_reset(self) -> None:
        command_id, keymap = self._table.current_id(), self._desk.keymap
        for key in keymap.default_keys(command_id):
            others = key_changes.rivals(keymap, command_id, key)
            if others:
                names = " and ".join(self._desk.commands.get(one).title for one in others)
                self._said.say(f"Its default key {key} is now the key of {names}.", "warning")
                return
        self._change(key_changes.reset(keymap, command_id))

    def _is_other_now(self) -> bool:
        """Whether the file says something else than is shown: saving would take that away."""
        try:
            changed = taken_over(self._desk)
        except MoorgateError:
            return False  # saving fails for the same reason, and says it
        if changed:
            self._said.say(f"{changed} {ANEW}", "warning")
        return bool(changed)

    def _change(self, overrides: Overrides) -> bool:
        """Save and let hold; the desk says why it could not be saved."""
        desk = self._desk
        if self._is_other_now():
            return False
        keys = key_changes.kept(desk.settings.keys, desk.keymap, overrides)
        is_saved = desk.core.save_settings(lambda: desk.settings_store.save_keys(keys))
        if is_saved:
            self._said.say("Saved.", "muted")
        else:
            self._said.say("That was not saved; the status bar says why.", "alarm")
        return is_saved

    # ---- all at once ----

    def _on_reset_all(self) -> None:
        self._desk.spawn(self._reset_all(), "reset keys")

    async def _reset_all(self) -> None:
        keymap = self._desk.keymap
        lines = [
            f"{self._desk.commands.get(one).title}: {keymap.text_of(one) or 'no key'}"
            for one in keymap.overrides
        ]
        if not lines:
            self._said.say("Every key is at its default.", "muted")
            return
        question = "These keys go back to their defaults."
        is_sure = await self._desk.shell.confirm("Reset All Keys", question, lines, "Reset All")
        if is_sure and isValid(self):
            self._change({})

    def _on_import(self) -> None:
        self._desk.spawn(files.import_keys(self._desk, self._change, self), "import keys")

    def _on_export(self) -> None:
        self._desk.spawn(files.export_keys(self._desk), "export keys")

    def _on_sheet(self) -> None:
        self._desk.spawn(files.save_sheet(self._desk), "key sheet")
