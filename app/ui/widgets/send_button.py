"""A button behind which money is: every press of it must have been meant."""

from __future__ import annotations

import time

from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QPushButton

# A click this soon after the button appeared was aimed at what had been there before.
AIM_GRACE_S = 0.3


class SendButton(QPushButton):
    """Takes one click of several in a row and one press of a held key. GUI thread.

    With `is_sudden` it appears where the pointer may already be, and takes no click at once.
    """

    def __init__(self, text: str = "", *, is_sudden: bool = False) -> None:
        super().__init__(text)
        self._is_sudden = is_sudden
        self._shown_s, self._clicked_ms = 0.0, 0

    def begin(self) -> None:
        """Count as having appeared now: a press of before means nothing any more."""
        self._shown_s = time.monotonic()
        self.setDown(False)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.begin()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        is_early = self._is_sudden and time.monotonic() - self._shown_s < AIM_GRACE_S
        if self._is_one_more(event) or is_early:
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._is_one_more(event)
        event.accept()

    def _is_one_more(self, event: QMouseEvent) -> bool:
        """Whether it follows so soon after the last that it belongs to it: a hurried hand clicks
        three times, and the third is no double-click any more.
        """
        before_ms, self._clicked_ms = self._clicked_ms, event.timestamp()
        soon_ms = QGuiApplication.styleHints().mouseDoubleClickInterval()
        return before_ms > 0 and 0 <= self._clicked_ms - before_ms <= soon_ms

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            event.accept()
            return
        super().keyPressEvent(event)
