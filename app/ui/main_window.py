"""The main window: docks, tool bars, status bar, toasts. Small on purpose."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QTabBar, QWidget

from app.domain.events import NoticeRaised, StorageFailed
from app.domain.reports import Severity
from app.ui import window_state, workspaces
from app.ui.desk import Desk, Message
from app.ui.dialogs.symbol_entry import SymbolEntryDialog
from app.ui.dock import Failed
from app.ui.dock_window import DockWindow
from app.ui.frame import Banner, Mode
from app.ui.hud import HudStrip
from app.ui.notify import ToastStack
from app.ui.panel_set import PanelSet
from app.ui.panels import PANELS, PanelSpec
from app.ui.replay_bar import ReplayBar
from app.ui.status_bar import StatusBar

_KEPT_FREE = ("ticket", "orders", "positions")  # a toast there would lie on a button to press now


class MainWindow(DockWindow):
    """Where every panel begins. `close_asked` says that the trader wants to leave.

    `docks` are the docks of all windows.
    """

    close_asked = Signal()

    def __init__(
        self, desk: Desk, on_failure: Failed, panels: tuple[PanelSpec, ...] = PANELS
    ) -> None:
        super().__init__(desk, "main_window")
        self._may_close = False
        self.panels = PanelSet(desk, on_failure, self, panels)
        self.docks = self.panels.docks
        self.banner = Banner(self)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.banner)
        self.addToolBarBreak(Qt.ToolBarArea.TopToolBarArea)
        self.hud = HudStrip(desk, self)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.hud)
        self.addToolBarBreak(Qt.ToolBarArea.TopToolBarArea)
        self.replay_bar = ReplayBar(desk, self)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.replay_bar)
        self.status = StatusBar(desk, self)
        self.setStatusBar(self.status)
        self.toasts = ToastStack(self, self._kept_free, lambda: desk.settings.notifications)
        for dock in self.docks.values():
            dock.visibilityChanged.connect(self.toasts.raise_all)
        self.panels.raised.connect(self.toasts.raise_all)
        self.arrange(workspaces.DAY)
        self.resize(window_state.fitting_size())
        desk.noticed.connect(self._on_message)
        desk.bridge.notice_raised.connect(self._on_notice)
        desk.bridge.storage_failed.connect(self._on_storage_failed)
        self._show_mode()

    def arrange(self, name: str) -> None:
        """Put the panels of this window as a layout that comes with the program has them."""
        tree = workspaces.shipped(name, tuple(self.panels.specs.values()))
        workspaces.arrange(self, self.panels.in_window(self), tree)

    def share_space(self, name: str = workspaces.DAY) -> None:
        """The sizes of such a layout; takes effect once the window is shown."""
        tree = workspaces.shipped(name, tuple(self.panels.specs.values()))
        workspaces.share(self, self.panels.in_window(self), tree)

    def is_panel_open(self, panel_id: str) -> bool:
        """Whether it is open, be it behind another tab."""
        return self.panels.is_open(panel_id)

    def show_mode(self, mode: Mode, where: str) -> None:
        super().show_mode(mode, where)
        self.status.show_mode(mode, f"Orders go to {where}")

    def search_symbol(self) -> None:
        """Put the keyboard into the symbol search of the active group's watchlist.

        A group that shows none is asked in a small window of its own.
        """
        group = self._desk.core.active
        for dock in self.panels.of_kind("watchlist"):
            focus_search = getattr(dock.panel, "focus_search", None)
            if dock.desk is group and not dock.isHidden() and focus_search is not None:
                self.panels.show_dock(dock)
                focus_search()
                return
        SymbolEntryDialog(group, QApplication.activeWindow() or self).open()

    def allow_close(self) -> None:
        """From now on closing is closing."""
        self._may_close = True
        self.status.stop()
        self.replay_bar.stop()
        self.hud.stop()
        self.toasts.clear()
        self.panels.stop()

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

    def _kept_free(self) -> list[QRect]:
        """Where no toast may lie: on what orders are sent and ended with, and on the bars."""
        rects = [self.status.geometry(), self.menuBar().geometry(), self.hud.geometry()]
        docks: list[QWidget] = [d for kind in _KEPT_FREE for d in self.panels.of_kind(kind)]
        tabs = self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        for part in [*docks, *tabs]:
            if part.isVisible():  # docked or floating, and not behind another tab
                top_left = self.mapFromGlobal(part.mapToGlobal(part.rect().topLeft()))
                rects.append(QRect(top_left, part.size()))
        return rects
