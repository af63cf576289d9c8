"""The frame around one panel: opens it late, survives its failure, tells when it is closed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, cast

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel, QMainWindow, QWidget

from app.commands.link_groups import FIRST
from app.ui.desk import Desk
from app.ui.dock_mode import DockMode
from app.ui.dock_title import DockTitle
from app.ui.panels import Panel, PanelSpec
from app.ui.window_state import rescue

log = logging.getLogger("moorgate.window")

# Follows the window or the day, or is the trader's data.
_FLEETING = ("symbols", "seeded", "folded", "split", "detail_width")

Failed = Callable[[BaseException, str], None]


class PanelDock(QDockWidget):
    """A dock whose panel is made on `open_panel` with the Desk of its link group.

    `closed` carries the panel's id; `escaped` says that Esc was pressed and nothing in it had a use
    for it while it floats; `menu_asked` the place on the screen, and whether it is the
    menu of the link groups. A panel that cannot be made leaves a sentence in its place and goes to
    the crash path: the rest of the window works on.
    """

    closed = Signal(str)
    resized = Signal()
    escaped = Signal()
    menu_asked = Signal(QPoint, bool)

    def __init__(
        self, spec: PanelSpec, on_failure: Failed, parent: QWidget, group: str = FIRST
    ) -> None:
        super().__init__(spec.title, parent)
        self.spec, self.group = spec, group
        self._on_failure = on_failure
        self._state: dict[str, Any] = {}
        self._desk: Desk | None = None
        self.setObjectName(spec.id)
        self.head = DockTitle(spec.title, self)
        self.head.show_group(group)
        self.head.menu_asked.connect(self.menu_asked)
        self.head.float_asked.connect(self._toggle_floating)
        self.head.close_asked.connect(self.close)
        self.setTitleBarWidget(self.head)
        self._mode = DockMode(self, self.head)
        self.setWidget(_sentence("Opening…", self))
        self.topLevelChanged.connect(self._on_floating)

    @property
    def panel(self) -> QWidget | None:
        """The panel, None before it is made or when it failed."""
        return self.widget() if self._desk is not None else None

    @property
    def desk(self) -> Desk | None:
        """The Desk that the panel works on, None before it is made."""
        return self._desk

    @property
    def window_of(self) -> QMainWindow:
        """The window it belongs to, be it docked there or floating above it."""
        parent = self.parentWidget()
        while parent is not None and not isinstance(parent, QMainWindow):
            parent = parent.parentWidget()
        if parent is None:
            raise RuntimeError(f"the dock {self.objectName()} is in no window")
        return parent

    @property
    def has_keyboard(self) -> bool:
        """Whether the keyboard is in the panel."""
        focused = QApplication.focusWidget()
        return focused is not None and self.isAncestorOf(focused)

    def open_panel(self, desk: Desk) -> None:
        """Make the panel, once."""
        if self._desk is not None:
            return
        try:
            panel = self.spec.create(desk, self)
            if self._state:
                cast(Panel, panel).restore_state(self._state)
        except Exception as error:  # noqa: BLE001 - one broken panel must not take the window along
            self._on_failure(error, f"panel {self.spec.title!r}")
            self._replace(_sentence(f"{self.spec.title} could not be opened: {error}", self))
            return
        panel.setObjectName(panel.objectName() or f"{self.spec.id}_panel")
        self._replace(panel)
        self.setFocusProxy(panel)
        self._desk = desk
        self._mode.watch(desk)

    def shut_panel(self) -> None:
        """Let go of the panel; its arrangement is kept for the next `open_panel`."""
        self._state = self.save_state()
        if self._desk is not None:
            self._desk = None
            self._mode.watch(None)
            self._replace(_sentence("Opening…", self))

    def link(self, group: str, desk: Desk) -> None:
        """Put the panel into another group: it is made anew there, arranged as it was."""
        self.group = group
        self.head.show_group(group)
        if self._desk is None or self._desk is desk:
            return
        had_keyboard = self.has_keyboard
        self.shut_panel()
        self.open_panel(desk)
        if had_keyboard and self.panel is not None:
            self.panel.setFocus()

    def save_state(self) -> dict[str, Any]:
        """The panel's own arrangement; the stored one while it is not made."""
        if self._desk is None:
            return self._state
        try:
            return cast(Panel, self.widget()).save_state()
        except Exception as error:  # noqa: BLE001 - the other panels are still saved
            self._on_failure(error, f"saving panel {self.spec.title!r}")
            return self._state

    def looks(self) -> dict[str, Any]:
        """The part of `save_state` that only changes when the trader changes it on purpose."""
        save = getattr(self.panel, "save_looks", self.save_state)
        return {key: value for key, value in save().items() if key not in _FLEETING}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take the arrangement now, or when the panel is made."""
        self._state = state
        if self._desk is not None:
            try:
                cast(Panel, self.widget()).restore_state(state)
            except Exception as error:  # noqa: BLE001 - the other panels are still arranged
                self._on_failure(error, f"arranging panel {self.spec.title!r}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isFloating():
            self.escaped.emit()
        super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.has_keyboard:  # Qt would pass it on to any panel, be it of another group
            self.window_of.setFocus()
        super().closeEvent(event)
        if event.isAccepted():
            self.closed.emit(self.spec.id)

    def _toggle_floating(self) -> None:
        self.setFloating(not self.isFloating())

    def _on_floating(self, is_floating: bool) -> None:
        """A dock that floats from behind another tab appears wherever it last was, or nowhere."""
        if is_floating:
            QTimer.singleShot(0, self, self._rescue)

    def _rescue(self) -> None:
        rescue(self)

    def _replace(self, panel: QWidget) -> None:
        old = self.widget()
        self.setWidget(panel)
        if old is not None:
            old.hide()
            old.deleteLater()


def _sentence(text: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    label.setObjectName("panel_sentence")
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label
