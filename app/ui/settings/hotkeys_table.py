"""All commands with their keys, by menu, with a search. GUI thread."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from app.commands.key_changes import marks
from app.commands.key_sheet import grouped
from app.commands.registry import Command
from app.ui import theme
from app.ui.desk import Desk

COMMAND, KEY, DEFAULT, NOTES = range(4)
_ID, _WORDS, _GROUP = (Qt.ItemDataRole.UserRole + number for number in range(3))


class HotkeysTable(QTreeWidget):
    """`chosen` carries the id of the command under the cursor, empty for a heading."""

    chosen = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("hotkeys_table")
        self.setAccessibleName("Commands and their keys")
        self._desk, self._wanted = desk, ""
        self._items: dict[str, QTreeWidgetItem] = {}
        self._groups: dict[str, QTreeWidgetItem] = {}
        self.setHeaderLabels(["Command", "Key", "Default", "Notes"])
        self.setAlternatingRowColors(True)
        self.setUniformRowHeights(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setExpandsOnDoubleClick(False)
        self.setIndentation(14)
        self.setStyleSheet("#hotkeys_table::item { padding: 2px 0; }")
        self.currentItemChanged.connect(self._on_current)
        self.fill()
        self._share_width()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What is asked about a key takes room: the command that it is about stays in sight."""
        super().resizeEvent(event)
        if (current := self.currentItem()) is not None:
            self.scrollToItem(current)

    def fill(self) -> None:
        """Read commands and keys anew; what is chosen and searched for stays."""
        current, top = self.current_id(), self.verticalScrollBar().value()
        self.blockSignals(True)  # the cursor does not move, its row is made anew
        self.clear()
        self._items.clear()
        self._groups.clear()
        titles = {command.id: command.title for command in self._desk.commands}
        for heading, commands in grouped(self._desk.commands).items():
            group = self._groups[heading] = QTreeWidgetItem(self, [heading])
            group.setFirstColumnSpanned(True)
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            bold = QFont(self.font())
            bold.setBold(True)
            group.setFont(COMMAND, bold)
            for command in commands:
                self._items[command.id] = self._row(group, command, titles)
            group.setExpanded(True)
        self.search(self._wanted)
        self.choose(current)
        self.verticalScrollBar().setValue(top)
        self.blockSignals(False)
        if self.current_id() != current:
            self.chosen.emit(self.current_id())

    def search(self, text: str) -> None:
        """Show what holds all words of `text` in title, menu, id or key."""
        self._wanted = text
        words = text.casefold().split()
        shown: dict[str, bool] = {}
        for row in self._items.values():
            found = all(word in row.data(COMMAND, _WORDS) for word in words)
            row.setHidden(not found)
            group = str(row.data(COMMAND, _GROUP))
            shown[group] = shown.get(group, False) or found
        for title, group_item in self._groups.items():
            group_item.setHidden(not shown[title])
        current = self.currentItem()
        if current is None or current.isHidden():
            self.choose_first()

    def choose(self, command_id: str) -> None:
        """Put the cursor on a command; an unknown one changes nothing."""
        item = self._items.get(command_id)
        if item is not None:
            self.setCurrentItem(item)
            self.scrollToItem(item)

    def choose_first(self) -> None:
        """Put the cursor on the first command that is shown."""
        self.choose(next((one for one, item in self._items.items() if not item.isHidden()), ""))
        self.scrollToTop()  # with its heading

    def current_id(self) -> str:
        """The command under the cursor, empty for none."""
        item = self.currentItem()
        return str(item.data(COMMAND, _ID) or "") if item is not None else ""

    def shown_ids(self) -> list[str]:
        """The commands that fit the search."""
        return [one for one, item in self._items.items() if not item.isHidden()]

    def text_of(self, command_id: str, column: int) -> str:
        """What a row says. Raises KeyError for an unknown command."""
        return self._items[command_id].text(column)

    def _row(
        self, group: QTreeWidgetItem, command: Command, titles: Mapping[str, str]
    ) -> QTreeWidgetItem:
        keymap = self._desk.keymap
        keys = " or ".join(keymap.shown_keys(command.id))
        defaults = [keymap.shown(command.id, key) for key in keymap.default_keys(command.id)]
        notes = marks(keymap, command, titles)
        row = QTreeWidgetItem(group, [command.title, keys, " or ".join(defaults), "; ".join(notes)])
        row.setData(COMMAND, _ID, command.id)
        row.setData(COMMAND, _GROUP, group.text(COMMAND))
        words = (command.title, command.menu, command.id, keys, *notes)
        row.setData(COMMAND, _WORDS, " ".join(words).casefold())
        row.setToolTip(COMMAND, f"{command.help}\n{command.id}".strip())
        row.setToolTip(NOTES, "\n".join(notes))
        if command.id in keymap.overrides:
            bold = QFont(self.font())
            bold.setBold(True)
            row.setFont(KEY, bold)
        row.setForeground(DEFAULT, theme.color("muted"))
        is_bad = any("not heard" in note for note in notes)
        row.setForeground(NOTES, theme.color("alarm" if is_bad else "muted"))
        return row

    def _share_width(self) -> None:
        header = self.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        letter = self.fontMetrics().averageCharWidth()
        for column, letters in ((COMMAND, 40), (KEY, 22), (DEFAULT, 22)):
            self.setColumnWidth(column, letters * letter)

    def _on_current(self) -> None:
        self.chosen.emit(self.current_id())
