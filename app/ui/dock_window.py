"""A window of docks: what the main window and every further one have in common. GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMoveEvent
from PySide6.QtWidgets import QMainWindow, QTabBar, QTabWidget, QToolBar, QWidget

from app.commands.heads_up import NOWHERE
from app.commands.link_groups import FIRST, title_of
from app.ui import theme, window_state
from app.ui.actions import MenuBuilder
from app.ui.desk import Desk
from app.ui.dock import PanelDock
from app.ui.frame import Frame, Mode, mode_of
from app.ui.icons import app_icon
from app.ui.notify import ToastStack
from app.ui.scale_room import ScaleRoom
from app.ui.tab_order import step
from app.ui.window_tabs import window_stops

# No GroupedDragging: with it Qt (6.11.3) ends the program when tabs are dropped at random places.
_OPTIONS = QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks
_KEPT_FREE = ("ticket", "orders", "positions")  # a toast there would lie on a button to press now
_SETTLED_MS = 50  # after a change of the looks


class DockWindow(QMainWindow):
    """Menus, docks, toasts, and a frame and a title that tell LIVE from PAPER.

    They speak of the active link group, in every window the same. `moved` says that the window
    stands elsewhere, `escaped` that Esc was pressed and nothing in it had a use for it.
    """

    moved = Signal()
    escaped = Signal()

    def __init__(
        self,
        desk: Desk,
        name: str,
        title: str = "Moorgate",
        menus: type[MenuBuilder] = MenuBuilder,
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self._desk, self._title = desk, title
        self.setWindowIcon(app_icon())
        self.setDockOptions(_OPTIONS)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.menuBar().setObjectName("menu_bar")
        self.menus = menus(desk, self.menuBar())
        self.frame = Frame(self)
        self.toasts = ToastStack(self, self._kept_free, lambda: desk.settings.notifications)
        theme.changed.connect(self._keep_size)
        self.room = ScaleRoom(self, window_state.STATE_VERSION)
        bridge = desk.bridge
        desk.selection_changed.connect(self._show_mode)
        desk.core.active_changed.connect(self._show_mode)
        bridge.connection_changed.connect(self._show_mode)
        bridge.connection_removed.connect(self._show_mode)
        bridge.account_changed.connect(self._show_mode)

    def show_mode(self, mode: Mode, where: str) -> None:
        """Take the colour of the mode; `where` says in words where orders go."""
        self.frame.set_mode(mode)
        selection, group = self._desk.selection, self._desk.group
        symbol = selection.instrument.symbol if selection.instrument else ""
        link = "" if group == FIRST else title_of(group)
        parts = [part for part in (mode.title, symbol, where, link, self._title) if part]
        self.setWindowTitle(" · ".join(parts))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        super().keyPressEvent(event)

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.moved.emit()

    def focusNextPrevChild(self, is_next: bool) -> bool:
        """Tab: from bar to panel to tabs as they are seen, never behind another tab."""
        here: object = self.focusWidget()
        # Qt asks so, too, while one goes that had it: to look into all then ended the program.
        if not isinstance(here, QWidget) or not here.isVisible():
            return super().focusNextPrevChild(is_next)
        return step(window_stops(self), is_next=is_next)

    def _kept_free(self) -> list[QRect]:
        """Where no toast may lie: on what orders are sent and ended with, and on the bars."""
        near = Qt.FindChildOption.FindDirectChildrenOnly
        docks = self.findChildren(PanelDock, options=near)
        parts: list[QWidget] = [
            self.menuBar(),
            self.statusBar(),
            *self.findChildren(QToolBar, options=near),
            *self.findChildren(QTabBar, options=near),
            *(dock for dock in docks if (dock.spec.kind or dock.spec.id) in _KEPT_FREE),
        ]
        return [
            QRect(self.mapFromGlobal(part.mapToGlobal(part.rect().topLeft())), part.size())
            for part in parts
            if part.isVisible()  # docked or floating, and not behind another tab
        ]

    def _keep_size(self) -> None:
        """Stay as large as it was: bars that shrink a moment later make a window grow at first."""
        if not self.isMaximized() and not self.isFullScreen():
            size = self.size()
            QTimer.singleShot(_SETTLED_MS, self, lambda: self.resize(size))

    def _show_mode(self, _event: object = None) -> None:
        selection = self._desk.selection
        chosen = selection.connection_id
        connections = self._desk.engine.connections
        is_paper = connections.is_paper(chosen) if chosen in connections.ids() else None
        where = f"{selection.account_id or 'no account'} at {chosen}" if chosen else NOWHERE
        self.show_mode(mode_of(is_paper), where)
