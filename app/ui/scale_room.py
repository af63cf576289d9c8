"""Gives panels back the room they had before everything was drawn larger. GUI thread.

Large text needs room: a panel that is drawn larger pushes its neighbours aside, and Qt leaves them
there when the text shrinks again.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QByteArray, QObject, QTimer, Signal
from PySide6.QtWidgets import QMainWindow

from app.ui import theme

_SETTLED_MS = 80  # after a change of the scale; the window has its old size again by then


class ScaleRoom(QObject):
    """Keeps how the docks of `window` were divided by hand while the scale changes.

    `wanted` is that division in Qt's words (`version` as for saveState), empty where what stands
    now is what is wanted. `anew` divides a layout that comes with the program, which needs no
    keeping: its shares are reckoned anew. Whoever divides the room by hand calls `forget`.
    `settled` says that all have their room after a change of the scale.
    """

    settled = Signal()

    def __init__(self, window: QMainWindow, version: int) -> None:
        super().__init__(window)
        self._window, self._version = window, version
        self.wanted = QByteArray()
        self.anew: Callable[[], None] | None = None
        self._soon = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._soon.timeout.connect(self._put_back)
        self._is_changing = False
        theme.scale_changing.connect(self._keep)
        theme.changed.connect(self._after)

    def forget(self) -> None:
        """What stands now is what is wanted, at this scale and every other."""
        self.wanted, self.anew = QByteArray(), None
        self._soon.stop()

    def _keep(self) -> None:
        if self.wanted.isEmpty():
            self.wanted = self._window.saveState(self._version)
        self._is_changing = True

    def _after(self) -> None:
        if self._is_changing:
            self._is_changing = False
            self._soon.start()

    def _put_back(self) -> None:
        if self.anew is not None:
            self.anew()
        elif self._window.saveState(self._version) != self.wanted:
            self._window.restoreState(self.wanted, self._version)
        self.settled.emit()


def room_of(window: QMainWindow) -> ScaleRoom | None:
    """That of a window, None for one that keeps none."""
    found: ScaleRoom | None = window.findChild(ScaleRoom)
    return found
