"""How old a press is when it is read: keys and clicks wait while the program stands still."""

from __future__ import annotations

from app.base.clock import Clock

LATE_S = 2.0
_DRIFT = 0.001  # the clocks of two computers part by less
_NO_STALL_S = 60.0  # the program counts as having slept after half of it, and is not armed then
_SAME_S, _APART_S = 0.25, 1.0


def late_words(deed: str, age_s: float, *, is_click: bool = False) -> str:
    """Why a press or click that is `age_s` seconds old does not do `deed`, the title of a command.

    Prices and positions are others by now: what can open or enlarge a position is pressed anew.
    """
    pressed = "clicked" if is_click else "pressed"
    again = "click" if is_click else "press"
    return (
        f"{deed}: it was {pressed} {age_s:.0f} seconds ago, while the window stood still."
        f" Nothing was sent: {again} again if you still want to"
    )


class KeyAge:
    """Compares the window system's time of a press or click with the time at which it is read.

    The two clocks begin anywhere. What lay between them when a press was read soonest is what
    lies between the clocks; whatever more a press takes, it has waited. When the window system's
    clock was set, two presses with some time between them are late by the same: then it is that.
    GUI thread.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._least_s: float | None = None
        self._read_s = 0.0
        self._late: tuple[float, float] | None = None  # of the last late one: apart, read at

    def of(self, at_ms: int) -> float:
        """Seconds since a press, `at_ms` in the window system's milliseconds; 0 for none."""
        if not at_ms:
            return 0.0
        now_s = self._clock.monotonic()
        apart_s = now_s - at_ms / 1000
        least_s = apart_s
        if self._least_s is not None:
            least_s = min(apart_s, self._least_s + (now_s - self._read_s) * _DRIFT)
        age_s = apart_s - least_s
        if age_s > _NO_STALL_S or (age_s > LATE_S and self._is_set_anew(apart_s, now_s)):
            least_s, age_s = apart_s, 0.0
        self._late = (apart_s, now_s) if age_s > LATE_S else None
        self._least_s, self._read_s = least_s, now_s
        return age_s

    def _is_set_anew(self, apart_s: float, now_s: float) -> bool:
        if self._late is None:
            return False
        before_s, read_s = self._late
        return now_s - read_s > _APART_S and abs(apart_s - before_s) < _SAME_S
