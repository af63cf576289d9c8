"""Python's cycle collector, kept to the GUI thread.

The collector runs in whichever thread happens to allocate. When that is a broker's thread, it may
destroy a QObject there whose timers belong to the GUI thread, and the program dies of it. So the
automatic runs are switched off while there is a window, and a timer makes them up here.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 250
# The oldest generation is the only one that costs more than a blink: seldom, and never early.
_FULL_EVERY = 240


class GuiGarbage(QObject):
    """Collects garbage in the GUI thread until `stop`. Make it in that thread, once."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        self._rounds = 0
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """One round: what is young whenever there is enough of it, everything once a minute."""
        self._rounds += 1
        young, middle, _ = gc.get_count()
        young_limit, middle_limit, _ = gc.get_threshold()
        if self._rounds % _FULL_EVERY == 0:
            gc.collect()
        elif middle > middle_limit:
            gc.collect(1)
        elif young > young_limit:
            gc.collect(0)

    def stop(self) -> None:
        """Leave collecting to Python again, with nothing of ours left to collect elsewhere."""
        self._timer.stop()
        gc.unfreeze()
        gc.collect()
        if self._was_enabled:
            gc.enable()

    @staticmethod
    def settle() -> None:
        """Take what start-up made out of the collector's sight: it stays for good anyway."""
        gc.collect()
        gc.freeze()
