"""The second click of a double-click must not hit what lies behind a window that the first closed.

GUI thread.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF
from PySide6.QtGui import QGuiApplication, QMouseEvent

_NEAR_PX = 8.0
_PRESSES = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)


class SecondClick:
    """Is told the presses of all windows, in the order in which they were made."""

    def __init__(self) -> None:
        self._window: object = None  # where the first of them went
        self._at, self._at_ms = QPointF(), 0

    def is_astray(self, window: object, event: QMouseEvent) -> bool:
        """Whether a press comes so soon, and so close, after one in another window that it was
        meant for that one; so are those that follow it as soon.
        """
        if event.type() not in _PRESSES:
            return False
        apart_ms = event.timestamp() - self._at_ms
        far = event.globalPosition() - self._at
        is_same_place = max(abs(far.x()), abs(far.y())) <= _NEAR_PX
        is_soon = 0 <= apart_ms <= QGuiApplication.styleHints().mouseDoubleClickInterval()
        is_astray = self._window not in (None, window) and is_soon and is_same_place
        if not is_astray:
            self._window = window
        self._at, self._at_ms = event.globalPosition(), event.timestamp()
        return is_astray
