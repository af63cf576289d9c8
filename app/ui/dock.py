"""The frame around one panel: opens it late, survives its failure, tells when it is closed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDockWidget, QLabel, QWidget

from app.ui.desk import Desk
from app.ui.panels import Panel, PanelSpec
from app.ui.window_state import rescue

log = logging.getLogger("moorgate.window")

Failed = Callable[[BaseException, str], None]


class PanelDock(QDockWidget):
    """A dock whose panel is made on `open_panel`; `closed` carries the panel's id.

    A panel that cannot be made leaves a sentence in its place and goes to the crash path: the
    rest of the window works on.
    """

    closed = Signal(str)

    def __init__(self, spec: PanelSpec, on_failure: Failed, parent: QWidget) -> None:
        super().__init__(spec.title, parent)
        self.spec = spec
        self._on_failure = on_failure
        self._state: dict[str, Any] = {}
        self._is_open = False
        self.setObjectName(spec.id)
        self.setWidget(_sentence("Opening…", self))
        self.topLevelChanged.connect(self._on_floating)

    @property
    def panel(self) -> QWidget | None:
        """The panel, None before it is made or when it failed."""
        return self.widget() if self._is_open else None

    def open_panel(self, desk: Desk) -> None:
        """Make the panel, once."""
        if self._is_open:
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
        self._is_open = True

    def save_state(self) -> dict[str, Any]:
        """The panel's own arrangement; the stored one while it is not made."""
        if not self._is_open:
            return self._state
        try:
            return cast(Panel, self.widget()).save_state()
        except Exception as error:  # noqa: BLE001 - the other panels are still saved
            self._on_failure(error, f"saving panel {self.spec.title!r}")
            return self._state

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take the arrangement now, or when the panel is made."""
        self._state = state
        if self._is_open:
            cast(Panel, self.widget()).restore_state(state)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        if event.isAccepted():
            self.closed.emit(self.spec.id)

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
            old.deleteLater()


def _sentence(text: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    label.setObjectName("panel_sentence")
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label
