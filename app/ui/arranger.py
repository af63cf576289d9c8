"""Carries out what commands ask of panels, windows and layouts. GUI thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QLayout, QMainWindow

from app.base.errors import UserError
from app.commands.arrangement import is_layout_command, layout_commands
from app.commands.keymap import Keymap
from app.commands.layout_book import Entered, LayoutBook
from app.commands.link_groups import FIRST, is_own
from app.commands.registry import CommandRegistry
from app.domain.reports import Severity
from app.store.layouts import Layouts
from app.ui import workspaces
from app.ui.desk import Desk
from app.ui.dock import PanelDock
from app.ui.layout_button import LayoutButton
from app.ui.layout_mark import LayoutMark
from app.ui.main_window import MainWindow
from app.ui.panel_menu import show_menu
from app.ui.panels import MULTIPLE
from app.ui.scale_room import room_of
from app.ui.turns import Turns
from app.ui.window_layout import WindowLayout
from app.ui.windows import ExtraWindow, WindowSet


class Arranger(QObject):
    """Fulfils `app.commands.arrangement.Arrangement`.

    `changed` says that something stands elsewhere or is another layout: time to write it down.
    """

    changed = Signal()

    def __init__(self, desk: Desk, window: MainWindow, store: Layouts) -> None:
        super().__init__(window)
        self._desk, self._window, self.panels = desk, window, window.panels
        self.windows = WindowSet(desk, window)
        self.layout_of_windows = WindowLayout(self.panels, self.windows)
        self.book = LayoutBook(store, workspaces.SHIPPED)
        self._turns = Turns(self)
        self._mark = LayoutMark(self.panels, self.book)
        self._mark.changed.connect(self._on_mark)
        self.windows.moved.connect(self._mark.look_soon)
        self.windows.asked_to_close.connect(self._on_close_asked)
        self.panels.changed.connect(self._on_changed)
        self.panels.menu_asked.connect(self._on_menu)
        self.panels.raised.connect(self._raise_toasts)
        for escaped in (self.panels.escaped, self.windows.escaped):
            escaped.connect(self._clear_toasts)
        self._button = LayoutButton(self, window, window.status)
        window.status.addPermanentWidget(self._button)

    # -- panels and their groups -----------------------------------------------------------

    @property
    def keymap(self) -> Keymap:
        """Which key runs which command, for menus."""
        return self._desk.keymap

    @property
    def linked_to(self) -> str:
        return self.panels.focused().group

    def link(self, group: str | None) -> None:
        self.panels.link(self.panels.focused(), group)

    def add_panel(self, kind: str) -> None:
        group = self._desk.group
        beside = self._beside(kind)
        dock = self.panels.add(kind, group=FIRST if is_own(group) else group)
        if is_own(group):
            self.panels.link(dock, None)  # that group is another panel's own
        window = beside.window_of
        orientation = workspaces.beside(kind)
        if beside.isFloating():
            beside = next(d for d in self.panels.in_window(window) if not d.isFloating())
        window.splitDockWidget(beside, dock, orientation)
        self.panels.show_dock(dock)
        self._on_changed()

    # -- windows ---------------------------------------------------------------------------

    def close_panel(self) -> None:
        self.panels.focused().close()

    def add_window(self) -> None:
        self.move_to_new_window(self.panels.focused())

    def move_to_new_window(self, dock: PanelDock) -> None:
        """Open one more window with this panel in it."""
        window = self.windows.add()
        self.windows.place(window)
        self.move_to(dock, window)

    def move_panel(self) -> None:
        dock = self.panels.focused()
        windows = self.windows.all()
        if len(windows) == 1:
            self.add_window()
            return
        at = next(n for n, window in enumerate(windows) if window is dock.window_of)
        self.move_to(dock, windows[(at + 1) % len(windows)])

    def move_to(self, dock: PanelDock, window: QMainWindow) -> None:
        """Dock a panel in a window and give it the keyboard."""
        self.windows.move(dock, window)
        self.layout_of_windows.put_home(dock)
        window.show()
        self.layout_of_windows.tidy()
        self.panels.show_dock(dock)
        self._on_changed()

    def _on_close_asked(self, window: ExtraWindow) -> None:
        before = self.layout_of_windows.capture()
        docks = self.panels.in_window(window)
        for dock in docks:
            self.windows.move(dock, self._window)
            self.layout_of_windows.put_home(dock)
        self.windows.end(window)
        self._desk.core.undo.push(f"Closed window {window.number}", lambda: self._put_back(before))
        self._on_changed()

    # -- layouts ---------------------------------------------------------------------------

    @property
    def layout(self) -> str:
        return self.book.current

    @property
    def is_modified(self) -> bool:
        """Whether something stands elsewhere than in the layout as it was saved."""
        return self.book.is_modified

    def layouts(self) -> list[str]:
        return self.book.names()

    def comes_along(self, name: str) -> bool:
        return self.book.comes_along(name)

    def capture(self) -> dict[str, Any]:
        return self.layout_of_windows.capture()

    def list_layouts(self, *, is_shown_touched: bool) -> None:
        self._list_layouts()
        if is_shown_touched:
            self._settle()

    def switch_layout(self, name: str) -> None:
        if name == self.book.current:
            return
        self.book.leave(self.layout_of_windows.capture())
        self._show(self.book.enter(name))

    def reset_layout(self) -> None:
        before, was_modified = self.layout_of_windows.capture(), self.book.is_modified
        self._show(self.book.reset())

        def take_back() -> None:
            self.book.is_modified = was_modified
            self._apply(before)

        self._desk.core.undo.push(f"Reset layout {self.book.current}", take_back)

    def save_layout(self, name: str) -> None:
        self.book.save(name, self.layout_of_windows.capture())
        self.list_layouts(is_shown_touched=True)
        self._desk.notify(Severity.INFO, f"Layout {self.book.current} is saved")

    def delete_layout(self) -> None:
        name = self.book.current
        saved, shown = self.book.delete(), self.layout_of_windows.capture()
        self._show(self.book.enter(name if self.comes_along(name) else workspaces.DAY))
        self._list_layouts()

        def take_back() -> None:
            self.book.leave(self.layout_of_windows.capture())
            self.book.restore(name, saved)
            self.book.enter(name)
            self._apply(shown)
            self._list_layouts()

        self._desk.core.undo.push(f"Deleted layout {name}", take_back)

    def _show(self, entered: Entered) -> None:
        name, problem = entered.name, entered.problem
        origin = name if self.comes_along(name) else workspaces.DAY
        if entered.state is None:
            self._begin_anew(origin)
        elif not self._apply(entered.state):
            problem = f"The layout {name} cannot be read; the panels stand as in {origin}"
            self._begin_anew(origin)
        if problem:
            self._desk.notify(Severity.WARNING, problem)
            self._list_layouts()  # one that is broken was put aside
        self.changed.emit()

    def _begin_anew(self, name: str) -> None:
        with self._still():
            self.layout_of_windows.gather()
            self._window.arrange(name)
            self._window.share_space(name)
        self._forget_room()
        self._window.room.anew = partial(self._window.share_space, name)
        self._settle()

    def _apply(self, state: dict[str, Any], *, at_start: bool = False) -> bool:
        with self._still():
            is_read = self.layout_of_windows.apply(state, at_start=at_start)
        unread = self.layout_of_windows.unread
        if is_read and unread:
            self.book.is_modified = True
            told = f"{' and '.join(unread)} cannot be put back: the panels are in the main window"
            self._desk.notify(Severity.WARNING, told)
        self._settle()
        return is_read

    def _put_back(self, state: dict[str, Any]) -> None:
        """How it stood a moment ago, which need not be what the layout says."""
        with self._still():
            self.layout_of_windows.apply(state, at_start=False)
        self._on_changed()

    @contextmanager
    def _still(self) -> Iterator[None]:
        """Lay out once, and paint once when all is in its place. New panels are made between,
        each in a turn of the event loop of its own: nothing waits long for any of it, and until the
        last one the window shows what it showed. The keyboard is where it was before, if it can.
        """
        self._turns.clear()
        last = self.panels.last
        had_keyboard = last is not None and last.has_keyboard
        if had_keyboard:
            self._window.setFocus()
        self._mark.is_paused = True
        for window in self.windows.all():
            window.setUpdatesEnabled(False)
            _layout_of(window).setEnabled(False)
        try:
            yield
        finally:
            for window in self.windows.all():
                _layout_of(window).setEnabled(True)
                _layout_of(window).activate()
            self._mark.is_paused = False
            self._finish()
        if had_keyboard and last is self.panels.last and last is not None and not last.isHidden():
            self.panels.show_dock(last)

    def _finish(self) -> None:
        if not self._window.isVisible():  # the start: nobody waits, and nothing is painted yet
            self._paint()
            return
        for dock in self.panels.unopened():
            self._turns.add(partial(self._open, dock))
        self._turns.add(self._paint)

    def _open(self, dock: PanelDock) -> None:
        if dock in self.panels.unopened():  # it may have been closed meanwhile
            self.panels.open(dock)

    def _paint(self) -> None:
        for window in self.windows.all():
            window.setUpdatesEnabled(True)
        for dock in self.panels.docks.values():
            if dock.isFloating():  # Qt stilled it as a part of the window, and leaves it so
                dock.setUpdatesEnabled(True)

    def _forget_room(self) -> None:
        """What was divided by hand, or anew, is meant so at every scale."""
        for window in self.windows.all():
            room = room_of(window)
            if room is not None:
                room.forget()

    # -- keeping ---------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Everything that the next start puts back; the older form is a part of it."""
        first = self.panels.links.find("a")
        groups = self.panels.links.save(own=False)
        return {
            **self.layout_of_windows.capture(),
            "desk": groups.get("a", {}) if first is not None else {},
            "groups": groups,
            "active": self._desk.group,
            "layouts": self.book.to_json(),
        }

    def restore_state(self, stored: dict[str, Any]) -> bool:
        """Put it back at the start; False when the docks could not be, and the first layout
        stands instead."""
        problem = self.book.take_json(stored.get("layouts"))
        if "layouts" not in stored:
            self.book.is_modified = True  # of a version that knew no layouts
        groups = stored.get("groups")
        for group, shown in (groups if isinstance(groups, dict) else {}).items():
            if group in "abcd":
                self.panels.links.take(group, shown)
        self.panels.links.take("a", stored.get("desk"))
        is_read = self._apply(stored, at_start=True)
        if not is_read:
            self.book.current, self.book.is_modified = workspaces.DAY, False
            self._begin_anew(workspaces.DAY)
        elif problem:
            self._desk.notify(Severity.WARNING, problem)
        active = self.panels.links.find(str(stored.get("active")))
        if active is not None:
            self._desk.core.activate(active)
        self._list_layouts()
        return is_read

    def begin(self) -> None:
        """From now on what the trader moves is noticed. The main window is shown by now, and the
        others come in front of it."""
        self.layout_of_windows.tidy()
        for dock in self.panels.docks.values():
            if dock.isFloating() and not dock.isHidden():
                dock.raise_()  # shown before its window was, it lies behind it
        self._list_layouts()
        self._settle()
        self._mark.start()

    def rest(self) -> None:
        """The program is closing: no panel is made any more, and nothing looked at."""
        self._mark.stop()
        self._turns.clear()

    def end(self) -> None:
        """Close the further windows; the program ends."""
        self.rest()
        self.windows.end_all()

    # -- what was changed ------------------------------------------------------------------

    def _on_changed(self) -> None:
        self._mark.watch()
        self._mark.look_soon()
        self._raise_toasts()

    def _on_mark(self) -> None:
        self._raise_toasts()  # there may be room now, or none any more
        self.changed.emit()

    def _raise_toasts(self, _change: object = None) -> None:
        for window in self.windows.all():
            window.toasts.raise_all()

    def _clear_toasts(self) -> None:
        for window in self.windows.all():
            window.toasts.clear()

    def _settle(self) -> None:
        """What stands now is what the layout says."""
        self._mark.settle()
        self._turns.add(self._mark.settle_looks)
        shown = [dock for dock in self.panels.present().values() if not dock.isHidden()]
        if shown and not any(dock.group == self._desk.group for dock in shown):
            self._desk.core.activate(self.panels.links.desk(shown[0].group))
        self.changed.emit()

    def _list_layouts(self) -> None:
        names = self.book.names()
        commands = self._desk.commands
        listed = [command for command in commands if is_layout_command(command)]
        wanted = layout_commands(names)
        if [command.title for command in listed] != [command.title for command in wanted]:

            def relist(registry: CommandRegistry) -> None:
                registry.remove([command.id for command in listed])
                registry.add(wanted)

            self._desk.core.change_commands(relist)
        self.changed.emit()

    def _beside(self, kind: str) -> PanelDock:
        """Next to which panel one more of its kind opens."""
        if kind not in MULTIPLE:
            raise UserError(f"there is only one {kind}")
        alike = [dock for dock in self.panels.of_kind(kind) if not dock.isHidden()]
        if self.panels.last in alike:
            return self.panels.last
        return alike[-1] if alike else self.panels.focused()

    def _on_menu(self, dock: PanelDock, at: QPoint, is_links: bool) -> None:
        show_menu(self, dock, at, only_links=is_links)


def _layout_of(window: QMainWindow) -> QLayout:
    """What Qt places bars and docks with; every main window has one."""
    # Not layout(): PySide takes all items below it for children of what it hands out, and they are
    # gone for Python with it, those of the bars in every panel too.
    layout = window.findChild(QLayout, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert isinstance(layout, QLayout)
    return layout
