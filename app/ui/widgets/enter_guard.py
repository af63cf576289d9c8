"""A dialog that pops up under busy hands must not take their Enter or click for an answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QDialog, QWidget

GUARD_S = 0.25
# Hands that rest so long have seen what they are asked.
QUIET_S = 0.3
_DECIDING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class EnterGuard(QObject):
    """Swallows Enter and Space in the first moment of `dialog`, and while they are held down.

    With `quiet` (a button) also clicks on that one, and the moment begins anew with every key and
    click: the answer counts once the hands have rested. Esc always works. GUI thread; `now` counts
    seconds and never goes back.
    """

    def __init__(
        self,
        dialog: QDialog,
        now: Callable[[], float] = time.monotonic,
        *,
        quiet: QAbstractButton | None = None,
    ) -> None:
        super().__init__(dialog)
        self.now = now
        self._dialog, self._quiet = dialog, quiet
        self._wait_s = GUARD_S if quiet is None else QUIET_S
        self._since_s = now()
        dialog.installEventFilter(self)

    @property
    def is_over(self) -> bool:
        """Whether an answer counts now."""
        return self.now() - self._since_s >= self._wait_s

    def begin(self) -> None:
        """Its first moment is now: something else is asked than before."""
        self._since_s = self.now()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind is QEvent.Type.Show and watched is self._dialog:
            self.begin()
            for widget in self._dialog.findChildren(QWidget):
                widget.installEventFilter(self)  # a second time it only moves to the front
        elif kind is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._judged(event.key() in _DECIDING, is_repeat=event.isAutoRepeat())
        elif kind is QEvent.Type.MouseButtonPress and self._quiet is not None:
            return self._judged(watched is self._quiet, is_repeat=False)
        return False

    def _judged(self, is_deciding: bool, *, is_repeat: bool) -> bool:
        """Whether this input is swallowed; what does not count restarts the rest of the hands."""
        is_early = is_repeat or not self.is_over
        if self._quiet is not None and (is_early or not is_deciding):
            self._since_s = self.now()
        return is_deciding and is_early
