"""Every panel of the program in its dock, whichever window it stands in. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from app.commands.link_groups import FIRST, is_group, own_group
from app.ui.desk import Desk
from app.ui.dock import Failed, PanelDock
from app.ui.links import Links
from app.ui.panels import MULTIPLE, PanelSpec

MOST_OF_A_KIND = 9


class PanelSet(QObject):
    """Makes docks, opens their panels with the Desk of their group, and knows where the keyboard
    was last: that panel's group is the active one.

    `changed` says that the trader opened, closed, moved or linked a panel, `raised` that one came
    to the front, `escaped` that Esc was pressed in one that floats; `menu_asked` carries a dock,
    the place for its menu, and whether it is the one of the link groups.
    """

    changed = Signal()
    raised = Signal()
    escaped = Signal()
    menu_asked = Signal(object, QPoint, bool)

    def __init__(
        self, desk: Desk, on_failure: Failed, window: QMainWindow, specs: Sequence[PanelSpec]
    ) -> None:
        super().__init__(window)
        self._core, self._on_failure, self._window = desk.core, on_failure, window
        self.links = Links(desk.core)
        self.specs = {spec.id: spec for spec in specs}
        self.docks: dict[str, PanelDock] = {}
        self.last: PanelDock | None = None  # where the keyboard was last
        self._closed: list[str] = []
        self._opened: set[bool] = set()  # which panels were asked for yet: late ones or others
        for spec in specs:
            self._make(spec, FIRST)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus)

    # -- what there is ---------------------------------------------------------------------

    def of_kind(self, kind: str) -> list[PanelDock]:
        """The docks of a kind, the first one first; closed extra ones are left out."""
        docks = [dock for dock in self.docks.values() if kind in (dock.spec.id, dock.spec.kind)]
        return [dock for dock in docks if not self.is_gone(dock)]

    def is_gone(self, dock: PanelDock) -> bool:
        """Whether it is an extra panel that was closed, and only waits to be brought back."""
        return bool(dock.spec.kind) and dock.isHidden() and dock.desk is None

    def present(self) -> dict[str, PanelDock]:
        """Every dock but the extra ones that were closed."""
        return {name: dock for name, dock in self.docks.items() if not self.is_gone(dock)}

    def in_window(self, window: QMainWindow) -> list[PanelDock]:
        """The docks of one window."""
        return [dock for dock in self.docks.values() if dock.window_of is window]

    def focused(self) -> PanelDock:
        """The panel that a command is meant for: where the keyboard was last, else the first."""
        if self.last is not None and not self.last.isHidden():
            return self.last
        return next(iter(self.docks.values()))

    # -- opening and closing ---------------------------------------------------------------

    def open_panels(self, *, late: bool) -> None:
        """Make the panels that are wanted before (or only after) the first paint."""
        self._opened.add(late)
        for dock in self.docks.values():
            if dock.spec.is_late is late and not self.is_gone(dock):
                self.open(dock)

    def unopened(self) -> list[PanelDock]:
        """The docks whose panels are still to be made."""
        return [dock for dock in self.present().values() if dock.desk is None]

    def open(self, dock: PanelDock) -> None:
        """Make the panel of a dock, unless it is too early for it."""
        if dock.spec.is_late in self._opened:
            dock.open_panel(self.links.desk(dock.group))

    def add(self, kind: str, dock_id: str = "", group: str = FIRST) -> PanelDock:
        """A dock of one more panel of a kind; not yet in any place. Raises KeyError for an unknown
        kind or when there are too many."""
        spec = self.specs[kind]
        if kind not in MULTIPLE:
            raise KeyError(kind)
        free = [n for n in range(2, MOST_OF_A_KIND + 1) if f"{kind}-{n}" not in self.docks]
        if not dock_id:
            gone = [n for n in range(2, MOST_OF_A_KIND + 1) if n not in free
                    and self.is_gone(self.docks[f"{kind}-{n}"])]  # fmt: skip
            if not free and gone:
                self.drop(self.docks[f"{kind}-{gone[0]}"])
                free = gone
            dock_id = f"{kind}-{free[0]}"
        elif dock_id not in {f"{kind}-{n}" for n in free}:
            raise KeyError(dock_id)
        return self._make(spec.another(int(dock_id.rpartition("-")[2])), group)

    def drop(self, dock: PanelDock) -> None:
        """End an extra panel for good."""
        dock.closed.disconnect(self._on_closed)
        self.docks.pop(dock.spec.id)
        self._closed = [name for name in self._closed if name != dock.spec.id]
        if self.last is dock:
            self.last = None
        group = dock.group
        dock.shut_panel()
        dock.window_of.removeDockWidget(dock)
        dock.setObjectName("")  # until it is gone, Qt would take it for the next of its name
        dock.deleteLater()
        self.left(group)

    def show(self, panel_id: str) -> None:
        """Open, raise and give it the keyboard.

        Of several panels of a kind the next one when the keyboard is in one of them already, else
        the one of the active group.
        """
        self.show_dock(self._meant(panel_id))

    def show_dock(self, dock: PanelDock) -> None:
        """Open, raise and give it the keyboard."""
        self.open(dock)
        dock.show()
        dock.raise_()
        self.raised.emit()
        if dock.isFloating() or dock.window() is not QApplication.activeWindow():
            dock.activateWindow()
        if dock.panel is not None:
            _focus_into(dock.panel)

    def toggle(self, panel_id: str) -> None:
        """Close an open panel, open and raise a closed one."""
        if self.is_open(panel_id):
            self.docks[panel_id].close()
        else:
            self.show_dock(self.docks[panel_id])
            self.changed.emit()

    def is_open(self, panel_id: str) -> bool:
        """Whether it is open, be it behind another tab."""
        return not self.docks[panel_id].isHidden()

    def reopen(self) -> bool:
        """Bring back the one that was closed last."""
        while self._closed:
            if self._bring_back(self._closed[-1]):
                return True
        return False

    # -- link groups -----------------------------------------------------------------------

    def link(self, dock: PanelDock, group: str | None) -> None:
        """Put a panel into a group; None gives it one of its own."""
        group = own_group(dock.spec.id) if group is None else group
        before = dock.group
        if group == before or not is_group(group):
            return
        desk = self.links.desk(group, like=dock.desk)
        dock.link(group, desk)
        if self.last is dock:
            self._core.activate(desk)
        self.left(before)
        self.changed.emit()

    def left(self, group: str) -> None:
        """A panel is in this group no longer. That of a single panel ends with it, unless a layout
        has put another one into it.
        """
        if not any(dock.group == group for dock in self.docks.values()):
            self.links.leave(group)

    # -- keeping ---------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Each panel's own arrangement, its group, and which panels are extra ones."""
        present = self.present()
        return {
            "panels": {name: dock.save_state() for name, dock in present.items()},
            "links": {name: dock.group for name, dock in present.items() if dock.group != FIRST},
            "extra": [
                {"id": name, "kind": dock.spec.kind}
                for name, dock in present.items()
                if dock.spec.kind
            ],
        }

    def stop(self) -> None:
        """Follow the keyboard no longer."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.disconnect(self._on_focus)

    # -- inside ----------------------------------------------------------------------------

    def _make(self, spec: PanelSpec, group: str) -> PanelDock:
        dock = PanelDock(spec, self._on_failure, self._window, group)
        self.docks[spec.id] = dock
        dock.closed.connect(self._on_closed)
        dock.escaped.connect(self.escaped)
        dock.menu_asked.connect(self._on_menu)
        dock.head.pressed.connect(self._on_pressed)
        dock.visibilityChanged.connect(self._on_visibility)
        return dock

    def _meant(self, panel_id: str) -> PanelDock:
        docks = self.of_kind(panel_id)
        open_ones = [dock for dock in docks if not dock.isHidden()]
        if self.last in open_ones and len(open_ones) > 1:
            last = self.last
            if last.has_keyboard:
                return open_ones[(open_ones.index(last) + 1) % len(open_ones)]
            return last
        active = self._core.active.group
        return next((dock for dock in open_ones if dock.group == active), docks[0])

    def _on_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        dock = _dock_of(new)
        if dock is None or self.docks.get(dock.spec.id) is not dock:
            return
        if dock is not self.last:
            if self.last is not None:
                self.last.head.show_active(False)
            self.last = dock
            dock.head.show_active(True)
        if dock.desk is not None:
            self._core.activate(dock.desk)

    def _on_visibility(self, is_visible: bool) -> None:
        dock = self.sender()
        if not is_visible and isinstance(dock, PanelDock) and dock.has_keyboard:
            QTimer.singleShot(0, dock, lambda: self._leave_covered(dock))

    def _leave_covered(self, dock: PanelDock) -> None:
        """A panel behind another tab must not hear keys: an Enter in a ticket would send."""
        if not dock.has_keyboard or not dock.visibleRegion().isEmpty():
            return
        window = dock.window_of
        for other in window.tabifiedDockWidgets(dock):
            if isinstance(other, PanelDock) and not other.visibleRegion().isEmpty():
                self.show_dock(other)
                return
        window.setFocus()

    def _on_pressed(self) -> None:
        head = self.sender()
        dock = _dock_of(head if isinstance(head, QWidget) else None)
        if dock is not None and dock.panel is not None and not dock.has_keyboard:
            _focus_into(dock.panel)

    def _on_menu(self, at: QPoint, is_links: bool) -> None:
        self.menu_asked.emit(self.sender(), at, is_links)

    def _on_closed(self, panel_id: str) -> None:
        dock = self.docks[panel_id]
        self._closed.append(panel_id)
        if dock.spec.kind:
            # Later, because it may be a button of the panel that closed it.
            QTimer.singleShot(0, dock, lambda: dock.shut_panel() if dock.isHidden() else None)
        self._core.undo.push(f"Closed {dock.spec.title}", lambda: self._bring_back(panel_id))
        self.changed.emit()

    def _bring_back(self, panel_id: str) -> bool:
        """Where it stood, as it was; False when it is open already."""
        self._closed = [name for name in self._closed if name != panel_id]
        dock = self.docks.get(panel_id)
        if dock is None or not dock.isHidden():
            return False
        self.show_dock(dock)
        self.changed.emit()
        return True


def _dock_of(widget: QWidget | None) -> PanelDock | None:
    while widget is not None and not isinstance(widget, PanelDock):
        widget = widget.parentWidget()
    return widget


@runtime_checkable
class _Focused(Protocol):
    """A panel that says where the keyboard goes. A focus proxy would break the ring of Tab."""

    def first_focus(self) -> QWidget: ...


def _focus_into(panel: QWidget) -> None:
    """The panel's own choice of where the keyboard goes, else its first field."""
    if isinstance(panel, _Focused):
        panel.first_focus().setFocus(Qt.FocusReason.ShortcutFocusReason)
        return
    if panel.focusPolicy() is not Qt.FocusPolicy.NoFocus or panel.focusProxy() is not None:
        panel.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return
    for child in panel.findChildren(QWidget):
        if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisibleTo(panel):
            child.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return
