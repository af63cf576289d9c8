"""Menus from the list of commands. Keys are shown here and heard in `app.ui.keys`. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QMenuBar
from shiboken6 import isValid

from app.commands.catalog import MENUS
from app.commands.mnemonics import with_mnemonics
from app.commands.registry import Command
from app.ui.desk import Desk


class CommandAction(QAction):
    """A command as a menu entry; `refresh` brings its state up to date before it is shown."""

    def __init__(self, command: Command, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self.command = command
        self._desk = desk
        self._label = command.title
        self.setObjectName(command.id)
        self.setCheckable(command.is_on is not None)
        # Qt would move Preferences, About and Quit by their texts on macOS.
        self.setMenuRole(QAction.MenuRole.NoRole)
        self.triggered.connect(self._run)
        self._show_text()

    def use_label(self, label: str) -> None:
        """The title with its underlined letter."""
        self._label = label
        self._show_text()

    def refresh(self) -> None:
        """Text, key, check mark, and whether it can run; the tool tip says why it cannot."""
        command, desk = self.command, self._desk
        self._show_text()
        reason = command.available(desk)
        self.setEnabled(reason is None)
        self.setToolTip(f"{command.help}\nNot now: {reason}".strip() if reason else command.help)
        if command.is_on is not None:
            self.setChecked(command.is_on(desk))

    def _show_text(self) -> None:
        key = self._desk.keymap.text_of(self.command.id)
        self.setText(f"{self._label}\t{key}" if key else self._label)

    def _run(self) -> None:
        self._desk.run(self.command.id)
        self.refresh()  # a check mark follows the state, not the click


class MenuBuilder(QObject):
    """Fills a menu bar from the commands of the desk, anew whenever they change."""

    def __init__(self, desk: Desk, bar: QMenuBar) -> None:
        super().__init__(bar)
        self._desk, self._bar = desk, bar
        self._menus: dict[str, QMenu] = {}
        self._sections: dict[str, int] = {}
        self.rebuild()
        desk.commands_changed.connect(self.rebuild)

    def rebuild(self) -> None:
        """Make all menus anew."""
        if not isValid(self._bar):
            return  # its window is going, and on its way told of a change
        self._bar.clear()
        for menu in self._menus.values():
            menu.deleteLater()
        self._menus.clear()
        for title in MENUS:
            self._menu(title)
        entries = [
            (section, path, command)
            for command in self._desk.commands
            for path, section in ((command.menu, command.section), *command.more_menus)
            if path
        ]
        self._sections.clear()
        for section, path, command in sorted(entries, key=lambda entry: entry[0]):
            menu = self._menu(path, section)
            self._separate(path, section)
            menu.addAction(CommandAction(command, self._desk, menu))
        for holder in (self._bar, *self._menus.values()):
            _underline(holder.actions())

    def menu(self, path: str) -> QMenu:
        """The menu at a path such as "View/Panels". Raises KeyError when there is none."""
        return self._menus[path]

    def _separate(self, path: str, section: int) -> None:
        """A line wherever the next entry of a menu belongs to another section."""
        if self._sections.setdefault(path, section) != section:
            self._menus[path].addSeparator()
            self._sections[path] = section

    def _menu(self, path: str, section: int = 0) -> QMenu:
        if path in self._menus:
            return self._menus[path]
        parent_path, _, title = path.rpartition("/")
        menu = QMenu(title, self._bar)
        menu.setObjectName(f"menu_{path}")
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._refresh)
        self._desk.core.input_age.watch(menu)
        self._menus[path] = menu
        if parent_path:
            parent = self._menu(parent_path, section)
            self._separate(parent_path, section)
            parent.addMenu(menu)
        else:
            self._bar.addMenu(menu)
        return menu

    def _refresh(self) -> None:
        menu = self.sender()
        if not isinstance(menu, QMenu):
            return
        for action in menu.actions():
            if isinstance(action, CommandAction):
                action.refresh()


def _underline(actions: Sequence[QAction]) -> None:
    """Give each entry of one menu a letter that leads to it."""
    entries = [action for action in actions if not action.isSeparator()]
    titles = [
        entry.command.title if isinstance(entry, CommandAction) else entry.text().replace("&", "")
        for entry in entries
    ]
    for entry, label in zip(entries, with_mnemonics(titles), strict=True):
        if isinstance(entry, CommandAction):
            entry.use_label(label)
        else:
            entry.setText(label)
