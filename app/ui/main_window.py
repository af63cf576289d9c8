"""The main window: docks, tool bars, status bar. Small on purpose."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication

from app.domain.events import NoticeRaised, StorageFailed
from app.domain.reports import Severity
from app.ui import window_state, workspaces
from app.ui.desk import Desk, Message
from app.ui.dialogs.symbol_entry import SymbolEntryDialog
from app.ui.dock import Failed
from app.ui.dock_window import DockWindow
from app.ui.frame import Banner, Mode
from app.ui.hud import HudStrip
from app.ui.panel_set import PanelSet
from app.ui.panels import PANELS, PanelSpec
from app.ui.replay_bar import ReplayBar
from app.ui.status_bar import StatusBar


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

    def window_in_use(self) -> DockWindow:
        """Where the trader looks: the window with the keyboard, or the one that a dialog or a
        floating panel with the keyboard belongs to."""
        at = QApplication.activeWindow()
        while at is not None and not isinstance(at, DockWindow):
            at = at.parentWidget()
        return at or self

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

    def _on_notice(self, event: NoticeRaised) -> None:
        text = f"{event.source}: {event.text}" if event.source else event.text
        if self.banner.text and self._desk.engine.recorder.is_storage_ok:
            self.banner.clear()
        self._toast(event.severity, text)

    def _on_message(self, message: Message) -> None:
        self._toast(message.severity, message.text)

    def _toast(self, severity: Severity, text: str) -> None:
        if severity is not Severity.INFO:
            self.window_in_use().toasts.show(severity, text)

    def _on_storage_failed(self, event: StorageFailed) -> None:
        self.banner.show_alarm(f"THE JOURNAL CANNOT BE WRITTEN. {event.text}")
