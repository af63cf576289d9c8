"""Whether trading keys are live. Off at start; anything surprising switches them off again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.base.clock import Clock

log = logging.getLogger("moorgate.arming")

Listener = Callable[[bool, str], None]

GAP_S = 30.0


class Arming:
    """Gates what can increase risk, and nothing else. GUI thread.

    It disarms on reconnect, on an account switch and after `idle_minutes` without a key or click
    (0 switches the idle rule off), and when the computer has slept: then wall time runs ahead of
    the monotonic clock, or nothing ran here for longer than `GAP_S`. Listeners are called with
    the new state and its reason.
    """

    def __init__(self, clock: Clock, idle_minutes: float = 15.0) -> None:
        self._clock = clock
        self.idle_s = idle_minutes * 60.0
        self._is_armed = False
        self._last_input = self._last_beat = clock.monotonic()
        self._offset_s = self._wall_ahead_s()
        self._listeners: list[Listener] = []
        self.reason = "off at start"

    @property
    def is_armed(self) -> bool:
        """Whether entry keys send orders; the idle rule is applied at this very moment too."""
        self.check_idle()
        return self._is_armed

    def listen(self, listener: Listener) -> None:
        """Call `listener(is_armed, reason)` at every change."""
        self._listeners.append(listener)

    def arm(self) -> None:
        """Make the entry keys live."""
        self._last_input = self._last_beat = self._clock.monotonic()
        self._offset_s = self._wall_ahead_s()
        self._change(True, "armed by the trader")

    def disarm(self, reason: str) -> None:
        """Make them dead, and say why."""
        self._change(False, reason)

    def note_input(self) -> None:
        """The trader pressed a key or a button: the idle time starts again."""
        self.check_idle()
        self._last_input = self._clock.monotonic()

    def beat(self) -> None:
        """Called every few seconds while armed: notices where it was not."""
        silent_s = self._clock.monotonic() - self._last_beat
        self._last_beat = self._clock.monotonic()
        if self._is_armed and silent_s > GAP_S:
            self.disarm(f"the program stood still for {silent_s:.0f} seconds")
        self.check_idle()

    def check_idle(self) -> None:
        """Disarm when nobody touched the program for too long, or the computer has slept."""
        if not self._is_armed:
            return
        if abs(self._wall_ahead_s() - self._offset_s) > GAP_S:
            self.disarm("the computer slept, or its clock was set")
        elif 0 < self.idle_s <= self._clock.monotonic() - self._last_input:
            self.disarm(f"no key or click for {self.idle_s / 60:g} minutes")

    def _wall_ahead_s(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    def _change(self, is_armed: bool, reason: str) -> None:
        if is_armed is self._is_armed:
            return
        self._is_armed, self.reason = is_armed, reason
        log.info("%s: %s", "armed" if is_armed else "disarmed", reason)
        for listener in tuple(self._listeners):
            listener(is_armed, reason)
