"""A button behind which money is: every press of it must have been meant."""

from __future__ import annotations

import time

from PySide6.QtGui import QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QPushButton

# A click this soon after the button appeared was aimed at what had been there before.
AIM_GRACE_S = 0.3


class SendButton(QPushButton):
    """Takes one click of a double-click and one press of a held key. GUI thread.

    With `is_sudden` it appears where the pointer may already be, and takes no click at once.
    """

    def __init__(self, text: str = "", *, is_sudden: bool = False) -> None:
        super().__init__(text)
        self._is_sudden = is_sudden
        self._shown_s = 0.0

    def begin(self) -> None:
        """Count as having appeared now: a press of before means nothing any more."""
        self._shown_s = time.monotonic()
        self.setDown(False)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.begin()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._is_sudden and time.monotonic() - self._shown_s < AIM_GRACE_S:
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            event.accept()
            return
        super().keyPressEvent(event)
