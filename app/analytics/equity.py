"""The curve of what was earned, and how far below its best it fell.

Float64 throughout, times in UTC epoch seconds: for drawing; sums that count are Decimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_POINTS = 1200  # more than a plot has pixels to show


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Profit after fees, added up, beginning with nothing; it holds until the next point.

    `peak` is the highest value so far, never below zero, and `equity - peak` the drawdown, never
    above zero. `deepest` is the index of the deepest drawdown.
    """

    times_s: Floats
    equity: Floats
    peak: Floats

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def drawdown(self) -> Floats:
        """How far below the peak, zero or negative, money."""
        drawdown: Floats = self.equity - self.peak
        return drawdown

    @property
    def deepest(self) -> int | None:
        """Where the deepest drawdown is, None where there is none."""
        if not len(self):
            return None
        at = int(np.argmin(self.drawdown))
        return at if self.drawdown[at] < 0 else None

    def drawdown_percent(self, at: int) -> float | None:
        """The drawdown of a point in percent of the peak; None where nothing was ever earned."""
        peak = float(self.peak[at])
        return float(self.drawdown[at]) / peak * 100 if peak > 0 else None

    def at(self, moment_s: float) -> int | None:
        """The point that holds at a moment; the first before that, None in an empty curve."""
        if not len(self):
            return None
        return max(0, int(np.searchsorted(self.times_s, moment_s, side="right")) - 1)

    def with_now(self, now_s: float, unrealized: float) -> Curve:
        """One more point: what is open, as if it were closed now."""
        last, peak = (float(self.equity[-1]), float(self.peak[-1])) if len(self) else (0.0, 0.0)
        value = last + unrealized
        at_s = max(now_s, float(self.times_s[-1])) if len(self) else now_s
        return Curve(
            np.append(self.times_s, at_s),
            np.append(self.equity, value),
            np.append(self.peak, max(peak, value)),
        )


def curve_of(flows: Iterable[tuple[Sequence[float], Sequence[float], float]]) -> Curve:
    """The curve of (times in seconds, amounts, factor) in any order; points of a moment are one."""
    parts = [
        (np.asarray(times, dtype=np.float64), np.asarray(amounts, dtype=np.float64) * factor)
        for times, amounts, factor in flows
        if len(times)
    ]
    if not parts:
        nothing = np.empty(0, dtype=np.float64)
        return Curve(nothing, nothing, nothing)
    times = np.concatenate([part[0] for part in parts])
    amounts = np.concatenate([part[1] for part in parts])
    order = np.argsort(times, kind="stable")
    times, equity = times[order], np.cumsum(amounts[order])
    last_of_moment = np.append(np.diff(times) > 0, True)
    times, equity = times[last_of_moment], equity[last_of_moment]
    return Curve(times, equity, np.maximum(np.maximum.accumulate(equity), 0.0))


def thinned(curve: Curve, most: int = MOST_POINTS) -> Curve:
    """At most about `most` points that look the same: every high, low and drawdown stays."""
    count = len(curve)
    if count <= most:
        return curve
    size = -(-count * 5 // most)
    drawdown = curve.drawdown
    kept = {0, count - 1}
    for first in range(0, count, size):
        span = slice(first, first + size)
        chunk = curve.equity[span]
        kept |= {
            *(first, first + len(chunk) - 1, first + int(np.argmin(chunk))),
            *(first + int(np.argmax(chunk)), first + int(np.argmin(drawdown[span]))),
        }
    places = np.array(sorted(kept))
    return Curve(curve.times_s[places], curve.equity[places], curve.peak[places])
