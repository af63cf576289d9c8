"""The further windows of the program, on whichever screen. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QLabel, QMainWindow

from app.ui import theme, window_state
from app.ui.desk import Desk
from app.ui.dock import PanelDock
from app.ui.dock_window import DockWindow
from app.ui.hud import HudStrip
from app.ui.late_menus import LateMenus
from app.ui.note_line import MessageLabel

_SIZE = QSize(900, 640)
_STEP_PX = 40


class ExtraWindow(DockWindow):
    """One more window of docks, with the heads-up strip that says what a key would do.

    Its status bar has what was said last; lights and clock are in the main window.
    """

    closing = Signal(object)

    def __init__(self, desk: Desk, number: int) -> None:
        title = f"Window {number} · Moorgate"
        super().__init__(desk, f"window-{number}", title, LateMenus)
        self.number = number
        self._hint = QLabel("Move a panel here: the menu ⋯ of its title, or Ctrl+Shift+M", self)
        self._hint.setObjectName("window_hint")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self.setCentralWidget(self._hint)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addWidget(MessageLabel(desk, "window_message", self), 1)
        self.hud = HudStrip(desk, self)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.hud)
        theme.changed.connect(self._dress)
        self._dress()
        self._show_mode()

    def show_hint(self, is_empty: bool) -> None:
        """An empty window says what it is for."""
        self._hint.setVisible(is_empty)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()  # it is put away once its panels have left it
        self.closing.emit(self)

    def _dress(self) -> None:
        self._hint.setStyleSheet(f"color: {theme.color('muted').name()};")


class WindowSet(QObject):
    """The windows there are, and which panels stand in which.

    `asked_to_close` carries an ExtraWindow that the trader wants closed; `moved` says that one
    stands elsewhere, `escaped` that Esc was pressed in one.
    """

    asked_to_close = Signal(object)
    moved = Signal()
    escaped = Signal()

    def __init__(self, desk: Desk, main: DockWindow) -> None:
        super().__init__(main)
        main.moved.connect(self.moved)
        main.escaped.connect(self.escaped)
        self._desk, self.main = desk, main
        self.extra: list[ExtraWindow] = []

    def all(self) -> list[DockWindow]:
        """The main window, then the others in the order of their numbers."""
        return [self.main, *self.extra]

    def title(self, window: QMainWindow) -> str:
        """What menus call it."""
        return f"Window {window.number}" if isinstance(window, ExtraWindow) else "Main Window"

    def add(self, number: int | None = None) -> ExtraWindow:
        """One more window, not yet shown."""
        taken = {window.number for window in self.extra}
        if number is None or number in taken:
            number = next(n for n in range(2, 100) if n not in taken)
        window = ExtraWindow(self._desk, number)
        window.closing.connect(self.asked_to_close)
        window.moved.connect(self.moved)
        window.escaped.connect(self.escaped)
        self.extra = sorted([*self.extra, window], key=lambda one: one.number)
        return window

    def place(self, window: QMainWindow) -> None:
        """Where a window stands that stood nowhere yet: the main one where there is room, another
        on another screen where there is one, else beside it.
        """
        if not isinstance(window, ExtraWindow):
            window.resize(window_state.fitting_size())
            window_state.rescue(window)
            return
        home = self.main.screen()
        other = next((one for one in QGuiApplication.screens() if one is not home), None)
        window.resize(_SIZE.boundedTo(window_state.fitting_size()))
        if other is not None:
            window.move(other.availableGeometry().topLeft())
        else:
            step = _STEP_PX * (window.number - 1)
            window.move(self.main.pos().x() + step, self.main.pos().y() + step)
        window_state.rescue(window)

    def move(self, dock: PanelDock, window: QMainWindow) -> None:
        """Dock a panel in another window."""
        before = dock.window_of
        if before is window:
            return
        is_hidden = dock.isHidden()
        if dock.isFloating():
            dock.setFloating(False)
        before.removeDockWidget(dock)
        window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
        dock.setVisible(not is_hidden)

    def end(self, window: ExtraWindow) -> None:
        """Put away a window that no panel stands in any more."""
        self.extra.remove(window)
        window.hud.stop()
        window.toasts.clear()
        window.hide()
        window.deleteLater()

    def end_all(self) -> None:
        """The program is closing."""
        for window in tuple(self.extra):
            self.end(window)

    def save_state(self, docks: Sequence[PanelDock]) -> list[dict[str, Any]]:
        """Where each further window stands, and what stands in it."""
        return [
            {
                "number": window.number,
                "panels": [dock.spec.id for dock in docks if dock.window_of is window],
                **window_state.capture(window),
            }
            for window in self.extra
        ]
