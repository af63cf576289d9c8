"""The window: docks, tool bars, status bar, and which mode it is in. Small on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QMainWindow, QTabBar, QTabWidget, QWidget

from app.domain.events import NoticeRaised, StorageFailed
from app.domain.reports import Severity
from app.ui import window_state
from app.ui.actions import MenuBuilder
from app.ui.desk import Desk, Message
from app.ui.dock import PanelDock
from app.ui.frame import STRIP_PX, Banner, Frame, mode_of
from app.ui.icons import app_icon
from app.ui.notify import ToastStack
from app.ui.panels import PANELS, PanelSpec
from app.ui.replay_bar import ReplayBar
from app.ui.status_bar import StatusBar

Failed = Callable[[BaseException, str], None]

_OPTIONS = (
    QMainWindow.DockOption.AllowNestedDocks
    | QMainWindow.DockOption.AllowTabbedDocks
    | QMainWindow.DockOption.GroupedDragging
)
PLACES = ("left", "center", "right", "bottom")
# Shares of the window that a first start gives to left, centre, right; top, bottom.
_KEPT_FREE = ("ticket", "orders", "positions")  # a toast there would lie on a button to press now
_COLUMNS, _ROWS = (250, 860, 290), (660, 240)


class MainWindow(QMainWindow):
    """Holds one dock for each panel. `close_asked` says that the trader wants to leave."""

    close_asked = Signal()

    def __init__(
        self, desk: Desk, on_failure: Failed, panels: tuple[PanelSpec, ...] = PANELS
    ) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self._desk = desk
        self._may_close = False
        self._closed_panels: list[str] = []
        self.setWindowIcon(app_icon())
        self.setDockOptions(_OPTIONS)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setContentsMargins(STRIP_PX, STRIP_PX, STRIP_PX, STRIP_PX)
        self.docks = {spec.id: PanelDock(spec, on_failure, self) for spec in panels}
        for dock in self.docks.values():
            dock.closed.connect(self._on_panel_closed)
        self.banner = Banner(self)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.banner)
        self.addToolBarBreak(Qt.ToolBarArea.TopToolBarArea)
        self.replay_bar = ReplayBar(desk, self)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.replay_bar)
        self.status = StatusBar(desk, self)
        self.setStatusBar(self.status)
        self.menuBar().setObjectName("menu_bar")
        self.menus = MenuBuilder(desk, self.menuBar())
        self.frame = Frame(self)
        self.toasts = ToastStack(self, self._kept_free)
        for dock in self.docks.values():
            dock.visibilityChanged.connect(self.toasts.raise_all)
        self.arrange_default()
        self.resize(window_state.fitting_size())
        self._connect()
        self._show_mode()

    def open_panels(self, *, late: bool) -> None:
        """Make the panels that are wanted before (or only after) the first paint."""
        for dock in self.docks.values():
            if dock.spec.is_late is late:
                dock.open_panel(self._desk)

    def arrange_default(self) -> None:
        """Watchlist and chart above the tabs of tables, Orders in front; the ticket beside all.

        The ticket takes the whole height, so that its button is in sight on small screens too.
        """
        for dock in self.docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        side, below = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        left, center, right, bottom = (self._placed(place) for place in PLACES)
        first = (left + center + bottom + right)[0]
        self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, first)
        for docks, orientation in ((right, side), (bottom, below), (center, side)):
            if docks and docks[0] is not first:
                self.splitDockWidget(first, docks[0], orientation)
        for docks in (left, center, right, bottom):
            for dock in docks[1:]:
                self.tabifyDockWidget(docks[0], dock)
        for dock in self.docks.values():
            dock.show()
        for docks in (left, center, right, bottom):
            if docks:
                docks[0].raise_()
        self.share_space()

    def share_space(self) -> None:
        """The sizes of the default arrangement; takes effect once the window is shown."""
        left, center, right, bottom = (self._placed(place)[:1] for place in PLACES)
        row = left + center + right
        self.resizeDocks(row, list(_COLUMNS[: len(row)]), Qt.Orientation.Horizontal)
        if center and bottom:
            self.resizeDocks(center + bottom, list(_ROWS), Qt.Orientation.Vertical)

    def _placed(self, place: str) -> list[PanelDock]:
        return [dock for dock in self.docks.values() if dock.spec.place == place]

    def show_panel(self, panel_id: str) -> None:
        """Open, raise and give it the keyboard."""
        dock = self.docks[panel_id]
        dock.show()
        dock.raise_()
        if dock.isFloating():
            dock.activateWindow()
        panel = dock.panel
        if panel is not None:
            _focus_into(panel)

    def toggle_panel(self, panel_id: str) -> None:
        """Close an open panel, open and raise a closed one."""
        dock = self.docks[panel_id]
        if self.is_panel_open(panel_id):
            dock.close()
        else:
            self.show_panel(panel_id)

    def is_panel_open(self, panel_id: str) -> bool:
        """Whether it is open, be it behind another tab."""
        return not self.docks[panel_id].isHidden()

    def reopen_panel(self) -> bool:
        """Bring back the one that was closed last."""
        while self._closed_panels:
            panel_id = self._closed_panels.pop()
            if not self.is_panel_open(panel_id):
                self.show_panel(panel_id)
                return True
        return False

    def search_symbol(self) -> None:
        """Put the keyboard into the watchlist's symbol search."""
        self.show_panel("watchlist")
        focus_search = getattr(self.docks["watchlist"].panel, "focus_search", None)
        if focus_search is not None:
            focus_search()

    def save_state(self) -> dict[str, Any]:
        """Everything about the window that the next start puts back."""
        panels = {panel_id: dock.save_state() for panel_id, dock in self.docks.items()}
        return {**window_state.capture(self), "panels": panels}

    def restore_state(self, state: dict[str, Any]) -> bool:
        """Put it back; False when the docks could not be and the default stands instead."""
        panels = state.get("panels")
        if isinstance(panels, dict):
            for panel_id, dock in self.docks.items():
                if isinstance(stored := panels.get(panel_id), dict):
                    dock.restore_state(stored)
        if window_state.restore(self, state):
            for dock in self.docks.values():
                if dock.isFloating():
                    window_state.rescue(dock)
            return True
        self.arrange_default()
        return False

    def allow_close(self) -> None:
        """From now on closing is closing."""
        self._may_close = True
        self.status.stop()
        self.replay_bar.stop()
        self.toasts.clear()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
        else:
            event.ignore()
            self.close_asked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.toasts.clear()
        super().keyPressEvent(event)

    def _connect(self) -> None:
        desk, bridge = self._desk, self._desk.bridge
        desk.selection_changed.connect(self._show_mode)
        desk.noticed.connect(self._on_message)
        bridge.connection_changed.connect(self._show_mode)
        bridge.connection_removed.connect(self._show_mode)
        bridge.account_changed.connect(self._show_mode)
        bridge.notice_raised.connect(self._on_notice)
        bridge.storage_failed.connect(self._on_storage_failed)

    def _show_mode(self, _event: object = None) -> None:
        selection = self._desk.selection
        chosen = selection.connection_id
        connections = self._desk.engine.connections
        is_paper = connections.is_paper(chosen) if chosen in connections.ids() else None
        mode = mode_of(is_paper)
        where = f"{selection.account_id or 'no account'} at {chosen or 'no connection'}"
        self.frame.set_mode(mode)
        self.status.show_mode(mode, f"Orders go to {where}")
        symbol = selection.instrument.symbol if selection.instrument else ""
        parts = [part for part in (mode.title, symbol, where, "Moorgate") if part]
        self.setWindowTitle(" · ".join(parts))

    def _on_notice(self, event: NoticeRaised) -> None:
        text = f"{event.source}: {event.text}" if event.source else event.text
        self.status.show_message(Message(event.severity, text))
        if self.banner.text and self._desk.engine.recorder.is_storage_ok:
            self.banner.clear()
        self._toast(event.severity, text)

    def _on_message(self, message: Message) -> None:
        self._toast(message.severity, message.text)

    def _toast(self, severity: Severity, text: str) -> None:
        if severity is not Severity.INFO:
            self.toasts.show(severity, text)

    def _on_storage_failed(self, event: StorageFailed) -> None:
        self.banner.show_alarm(f"THE JOURNAL CANNOT BE WRITTEN. {event.text}")

    def _on_panel_closed(self, panel_id: str) -> None:
        self._closed_panels.append(panel_id)

    def _kept_free(self) -> list[QRect]:
        """Where no toast may lie: on what orders are sent and ended with, and on the bars."""
        rects = [self.status.geometry(), self.menuBar().geometry()]
        docks: list[QWidget] = [self.docks[name] for name in _KEPT_FREE if name in self.docks]
        tabs = self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        for part in [*docks, *tabs]:
            if part.isVisible():  # docked or floating, and not behind another tab
                top_left = self.mapFromGlobal(part.mapToGlobal(part.rect().topLeft()))
                rects.append(QRect(top_left, part.size()))
        return rects


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
