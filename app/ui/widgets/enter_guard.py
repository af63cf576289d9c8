"""A dialog that pops up under typing hands must not take their Enter for an answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QWidget

GUARD_S = 0.25
_DECIDING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class EnterGuard(QObject):
    """Swallows Enter and Space in the first moment of `dialog`, and while they are held down.

    Esc always works. GUI thread; `now` counts seconds and never goes back.
    """

    def __init__(self, dialog: QDialog, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(dialog)
        self.now = now
        self._dialog = dialog
        self._shown_s = now()
        dialog.installEventFilter(self)

    @property
    def is_over(self) -> bool:
        """Whether Enter counts by now."""
        return self.now() - self._shown_s >= GUARD_S

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind is QEvent.Type.Show and watched is self._dialog:
            self._shown_s = self.now()
            for widget in self._dialog.findChildren(QWidget):
                widget.installEventFilter(self)  # a second time it only moves to the front
        elif kind is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            is_meant = self.is_over and not event.isAutoRepeat()
            return event.key() in _DECIDING and not is_meant
        return False
