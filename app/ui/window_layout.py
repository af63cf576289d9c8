"""Reads off how all panels stand in all windows, and puts them back so. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar

from app.commands.link_groups import FIRST, is_group, is_own
from app.ui import window_state
from app.ui.dock import PanelDock
from app.ui.panel_set import PanelSet
from app.ui.windows import ExtraWindow, WindowSet

State = dict[str, Any]
# What a panel holds besides its looks. It is the trader's, not the layout's.
_OWN_DATA = ("symbols", "seeded")


class WindowLayout:
    """Captures and applies arrangements. An arrangement is plain JSON:

    geometry, docks   of the main window (Qt's own words, base64)
    panels            panel id -> its own state; names every panel there was
    links             panel id -> group, where it is not the first
    extra             the panels that came on top: id and kind
    windows           the further windows: number, panels, geometry, docks
    own               what panels that are linked to none show
    """

    def __init__(self, panels: PanelSet, windows: WindowSet) -> None:
        self._panels, self._windows = panels, windows
        self.unread: list[str] = []  # the further windows that `apply` could not put back

    def capture(self) -> State:
        """How everything stands now."""
        present = list(self._panels.present().values())
        return {
            **window_state.capture(self._windows.main),
            **self._panels.save_state(),
            "windows": self._windows.save_state(present),
            "own": self._panels.links.save(own=True),
        }

    def apply(self, state: State, *, at_start: bool) -> bool:
        """Put everything so; False when the docks of the main window could not be read.

        A further window whose docks could not be read ends, its panels come to their like in the
        main one, and `unread` names it.

        What is unknown in it is left out; panels that it does not know come to their like. Only at
        the start do the windows that stand already take their places from it, and panels what they
        hold, such as the symbols of a watchlist; later new panels are left to be opened.
        """
        self.take_extra(state.get("extra"))
        old_windows = list(self._windows.extra)
        self._take_windows(state.get("windows"))
        self._take_links(state)
        self._take_panels(state.get("panels"), with_data=at_start)
        windows = [(self._windows.main, state)]
        windows += [(w, stored) for w, stored in self._stored_windows(state) if w is not None]
        is_read, self.unread = True, []
        for window, stored in windows:
            with_place = at_start or window not in (*old_windows, self._windows.main)
            if with_place and not window_state.restore_geometry(window, stored):
                self._windows.place(window)
            if window_state.restore_docks(window, stored):
                continue
            if not isinstance(window, ExtraWindow):
                is_read = False
            elif window in self._windows.extra:  # else it was named twice
                self._bring_home(window)
        self._place_new(state.get("panels"))
        for dock in self._panels.docks.values():
            if dock.isFloating():
                window_state.rescue(dock)
        if not at_start:
            self.tidy()
        return is_read

    def _bring_home(self, window: ExtraWindow) -> None:
        self.unread.append(self._windows.title(window))
        for dock in self._panels.in_window(window):
            self._windows.move(dock, self._windows.main)
            self.put_home(dock)
        self._windows.end(window)

    def tidy(self) -> None:
        """Further windows are shown while a panel stands in them, and say so when none does."""
        for window in self._windows.extra:
            docks = self._panels.in_window(window)
            window.show_hint(all(dock.isHidden() or dock.isFloating() for dock in docks))
            window.show()

    def put_home(self, dock: PanelDock) -> None:
        """Behind its like in the window it has come to; beside all others where there is none."""
        alike = self._alike(dock)
        if alike and not dock.isHidden():
            dock.window_of.tabifyDockWidget(alike[-1], dock)

    def gather(self) -> None:
        """Bring every panel into the main window and end the others; for a layout that begins anew.

        Extra panels end; who removes them keeps a `capture` for an undo.
        """
        self.take_extra([])
        self._take_windows([])
        for dock in self._panels.docks.values():
            self._relink(dock, FIRST)

    def take_extra(self, stored: object) -> None:
        """Have exactly these extra panels."""
        wanted: dict[str, str] = {}
        for entry in stored if isinstance(stored, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("id"), str):
                wanted[entry["id"]] = str(entry.get("kind"))
        for name, dock in tuple(self._panels.docks.items()):
            if dock.spec.kind and (name not in wanted or self._panels.is_gone(dock)):
                self._panels.drop(dock)
        for name, kind in wanted.items():
            if name not in self._panels.docks:
                self._add(name, kind)

    def _add(self, name: str, kind: str) -> None:
        try:
            dock = self._panels.add(kind, name)
        except KeyError:
            return  # a kind of another version, or one too many
        self._windows.main.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)

    def _take_windows(self, stored: object) -> None:
        """Have exactly these further windows, and each panel in its own."""
        entries = _window_entries(stored)
        homes = {
            name: entry["number"] for entry in entries for name in entry["panels"]
        }  # fmt: skip
        have = {window.number: window for window in self._windows.extra}
        for entry in entries:
            if entry["number"] not in have:
                have[entry["number"]] = self._windows.add(entry["number"])
        for name, dock in self._panels.docks.items():
            number = homes.get(name)
            home = self._windows.main if number is None else have[number]
            self._windows.move(dock, home)
        wanted = {entry["number"] for entry in entries}
        for window in tuple(self._windows.extra):
            if window.number not in wanted:
                self._windows.end(window)

    def _stored_windows(self, state: State) -> list[tuple[ExtraWindow | None, State]]:
        have = {window.number: window for window in self._windows.extra}
        entries = _window_entries(state.get("windows"))
        return [(have.get(entry["number"]), entry) for entry in entries]

    def _take_links(self, state: State) -> None:
        links, own = state.get("links"), state.get("own")
        groups = links if isinstance(links, dict) else {}
        for name, dock in self._panels.docks.items():
            group = groups.get(name, FIRST)
            if not is_group(group):
                group = FIRST
            is_new = self._panels.links.find(group) is None
            self._relink(dock, group)
            if is_own(group) and is_new and isinstance(own, dict):
                self._panels.links.take(group, own.get(group))

    def _relink(self, dock: PanelDock, group: str) -> None:
        before = dock.group
        if before != group:
            dock.link(group, self._panels.links.desk(group, like=dock.desk))
            self._panels.left(before)

    def _take_panels(self, stored: object, *, with_data: bool) -> None:
        for name, dock in self._panels.docks.items():
            state = stored.get(name) if isinstance(stored, dict) else None
            if isinstance(state, dict):
                if dock.desk is not None and not with_data:
                    now = dock.save_state()
                    state = {**state, **{key: now[key] for key in _OWN_DATA if key in now}}
                dock.restore_state(state)
            if with_data:
                self._panels.open(dock)

    def _place_new(self, known: object) -> None:
        """Panels that the arrangement has never heard of open behind their like."""
        if not isinstance(known, dict):
            return
        new: dict[tuple[QMainWindow, str], list[PanelDock]] = {}
        for name, dock in self._panels.docks.items():
            if name not in known:
                new.setdefault((dock.window_of, dock.spec.place), []).append(dock)
        for docks in new.values():
            alike = [one for one in self._alike(docks[0]) if one.spec.id in known]
            self._place_behind(docks, alike)

    def _alike(self, dock: PanelDock) -> list[PanelDock]:
        """The docked panels of its window that a first start puts into the same place."""
        return [
            other
            for other in self._panels.in_window(dock.window_of)
            if other is not dock
            and other.spec.place == dock.spec.place
            and not other.isHidden()
            and not other.isFloating()
        ]

    @staticmethod
    def _place_behind(docks: Sequence[PanelDock], alike: list[PanelDock]) -> None:
        """Where most of its like stand behind one another; what is in front stays there."""
        if not alike:
            return
        window = docks[0].window_of
        groups: dict[PanelDock, list[QDockWidget]] = {
            one: [one, *window.tabifiedDockWidgets(one)] for one in alike
        }
        peer = max(alike, key=lambda one: sum(other in alike for other in groups[one]))
        front = _in_front(groups[peer], window)
        last = groups[peer][-1]
        for dock in docks:
            window.tabifyDockWidget(last, dock)
            dock.show()
            last = dock
        front.raise_()


def _in_front(docks: list[QDockWidget], window: QMainWindow) -> QDockWidget:
    """Which of these tabs is chosen; that is known before the window is shown."""
    by_title = {dock.windowTitle(): dock for dock in docks}
    for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if {bar.tabText(at) for at in range(bar.count())} == set(by_title):
            return by_title.get(bar.tabText(bar.currentIndex()), docks[0])
    return docks[0]


def _window_entries(stored: object) -> list[State]:
    return [entry for entry in stored if _is_window(entry)] if isinstance(stored, list) else []


def _is_window(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("number"), int)
        and 2 <= entry["number"] < 100
        and isinstance(entry.get("panels"), list)
        and all(isinstance(name, str) for name in entry["panels"])
    )
