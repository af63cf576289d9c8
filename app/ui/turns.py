"""Work in pieces, each in a turn of the event loop of its own. GUI thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

# Whoever waits in asyncio is woken by one timer and goes on with the next: two rounds of timers.
_ROUNDS_BETWEEN = 2


class Turns(QObject):
    """Does pieces of work in their order; whatever else waits is done between two of them."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pieces: deque[Callable[[], object]] = deque()
        self._rounds = 0  # to let pass before the next piece
        self._next = QTimer(self, singleShot=True, interval=0)
        self._next.timeout.connect(self._step)

    def __len__(self) -> int:
        return len(self._pieces)

    def add(self, piece: Callable[[], object]) -> None:
        """Do this when all before it is done."""
        self._pieces.append(piece)
        if not self._next.isActive():
            self._wait()

    def clear(self) -> None:
        """Forget what is not done yet."""
        self._pieces.clear()
        self._next.stop()

    def _wait(self) -> None:
        self._rounds = _ROUNDS_BETWEEN
        self._next.start()

    def _step(self) -> None:
        if self._rounds:
            self._rounds -= 1
            self._next.start()
            return
        piece = self._pieces.popleft()
        if self._pieces:
            self._wait()
        piece()
