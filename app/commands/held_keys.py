"""Which keys are down, so that no press counts twice and none counts that began elsewhere."""

from __future__ import annotations

LOST_MS = 1_200  # longer than any keyboard waits between repetitions


class HeldKeys:
    """Follows the keys while the program has the keyboard. GUI thread.

    A key that stays down is one press, whatever window the rest of it reaches and however the
    window system marks the repetitions; X11 sends one as a release and a press of the same
    moment. Modifiers are ours from when they go down here; whatever else is held is strange. An
    event tells of modifiers what was so when it happened, which may be long ago and elsewhere, so
    nothing that is asked of the keyboard now can prove where they went down.

    A release may get lost while the keyboard goes from one window of the program to another. So a
    key of which nothing was heard for LOST_MS counts as let go: else its next press would be dead.

    Keys are the driver's numbers, 0 for presses that no keyboard sent; of these only the window
    system's own mark is known. Modifiers are bits, times milliseconds of the events.
    """

    def __init__(self) -> None:
        self._down: dict[int, int] = {}  # when each was heard of last
        self._released_ms: dict[int, int] = {}
        self._ours = 0

    def lose(self) -> None:
        """The keyboard went to another program, or comes from one: nothing held now is ours."""
        self._down.clear()
        self._released_ms.clear()
        self._ours = 0

    def see(self, held: int) -> None:
        """An event told which modifiers are down before it: the others are no longer ours."""
        self._ours &= held

    def begin(self, modifier: int) -> None:
        """A modifier went down here."""
        self._ours |= modifier

    def press(self, key: int, at_ms: int, *, is_repeat: bool) -> bool:
        """A key went down; whether that is a press of its own."""
        if not key:
            return not is_repeat
        heard_ms = self._down.get(key)
        is_down = heard_ms is not None and at_ms - heard_ms <= LOST_MS
        self._down[key] = at_ms
        return not is_repeat and not is_down and self._released_ms.get(key) != at_ms

    def release(self, key: int, at_ms: int) -> None:
        """A key went up, or the window system says so between two repetitions."""
        if key:
            self._down.pop(key, None)
            self._released_ms[key] = at_ms

    def is_strange(self, held: int) -> bool:
        """Whether one of these modifiers did not go down here."""
        return bool(held & ~self._ours)
