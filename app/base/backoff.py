"""How long to wait before the next attempt: exponential, with jitter, bounded."""

from __future__ import annotations

import random

# So many attempts are made at short delays: about five minutes, longer than a broker's software
# takes to restart. Who waits for an order's fate shall not wait for a pause to end as well.
EAGER_ATTEMPTS, EAGER_CAP_S = 150, 2.0


class Backoff:
    """Delays 0.5 s, 1 s, 2 s, 2 s ..., after EAGER_ATTEMPTS `cap_s`.

    Each lies within ±25 %; `reset` after real success.
    """

    def __init__(self, first_s: float = 0.5, cap_s: float = 30.0, seed: int | None = None) -> None:
        self._first_s, self._cap_s = first_s, cap_s
        self._attempt = 0
        self._random = random.Random(seed)

    def next_delay_s(self) -> float:
        """The delay before the coming attempt; each call counts as one failure."""
        delay = min(self._cap_s, self._first_s * 2.0 ** min(self._attempt, 30))
        if self._attempt < EAGER_ATTEMPTS:
            delay = min(delay, max(EAGER_CAP_S, self._first_s))
        self._attempt += 1
        return float(delay * self._random.uniform(0.75, 1.25))

    def reset(self) -> None:
        """Begin again from the first delay."""
        self._attempt = 0
