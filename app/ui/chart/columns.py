"""The bars a chart holds: numpy columns that grow by doubling, so a tick costs the same always."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.bars import BarSeries, empty_bars
from app.domain.market import Bar

_FIRST_CAPACITY = 1024


class BarColumns:
    """Bars in arrival order, addressed by index. GUI thread only.

    Row layout of `_prices`: open, high, low, close, volume (float64). Times are UTC epoch seconds.
    """

    def __init__(self) -> None:
        self._times: NDArray[np.int64] = np.zeros(_FIRST_CAPACITY, dtype=np.int64)
        self._prices: NDArray[np.float64] = np.zeros((5, _FIRST_CAPACITY), dtype=np.float64)
        self._count = 0
        self._extent = (float("inf"), float("-inf"))

    def __len__(self) -> int:
        return self._count

    @property
    def times(self) -> NDArray[np.int64]:
        """Opening moments, a view."""
        return self._times[: self._count]

    @property
    def open(self) -> NDArray[np.float64]:
        """A view; so are the next four."""
        return self._prices[0, : self._count]

    @property
    def high(self) -> NDArray[np.float64]:
        """Highs."""
        return self._prices[1, : self._count]

    @property
    def low(self) -> NDArray[np.float64]:
        """Lows."""
        return self._prices[2, : self._count]

    @property
    def close(self) -> NDArray[np.float64]:
        """Closes."""
        return self._prices[3, : self._count]

    @property
    def volume(self) -> NDArray[np.float64]:
        """Volumes in units."""
        return self._prices[4, : self._count]

    def reset(self, series: BarSeries | None = None) -> None:
        """Hold `series` and nothing else."""
        series = empty_bars() if series is None else series
        self._count = len(series)
        capacity = max(_FIRST_CAPACITY, 1 << max(0, self._count).bit_length())
        self._times = np.zeros(capacity, dtype=np.int64)
        self._prices = np.zeros((5, capacity), dtype=np.float64)
        self._times[: self._count] = series.start_s
        columns = (series.open, series.high, series.low, series.close, series.volume)
        for row, column in enumerate(columns):
            self._prices[row, : self._count] = column
        self._extent = self.extent(0, self._count) or (float("inf"), float("-inf"))

    def update(self, series: BarSeries, first_row: int) -> int:
        """Take over the rows of `series` from `first_row` on; answers how many were added.

        `series` is the whole series, of which the rows before `first_row` are known already.
        """
        count = len(series)
        added = count - self._count
        self._grow(count)
        self._count = count
        rows = slice(first_row, count)
        self._times[rows] = series.start_s[rows]
        columns = (series.open, series.high, series.low, series.close, series.volume)
        for row, column in enumerate(columns):
            self._prices[row, rows] = column[rows]
        extent = self.extent(first_row, count)
        if extent is not None:
            low, high = self._extent
            self._extent = (min(low, extent[0]), max(high, extent[1]))
        return added

    def bar(self, index: int) -> Bar:
        """One row as a value."""
        row = (float(v) for v in self._prices[:, index])
        return Bar(int(self._times[index]), *row)

    def index_at(self, at_s: float) -> float:
        """The index of the bar that holds this moment; fractional never, clipped to the ends."""
        found = int(np.searchsorted(self.times, at_s, side="right")) - 1
        return float(min(max(found, 0), max(0, self._count - 1)))

    def whole_extent(self) -> tuple[float, float] | None:
        """Lowest low and highest high ever held since `reset`, kept up to date tick by tick."""
        return self._extent if self._count else None

    def extent(self, first: int, last: int) -> tuple[float, float] | None:
        """Lowest low and highest high of the bars in [first, last), None without any."""
        first, last = max(0, first), min(self._count, last)
        if last <= first:
            return None
        return float(self.low[first:last].min()), float(self.high[first:last].max())

    def _grow(self, count: int) -> None:
        while count > len(self._times):
            self._times = np.concatenate([self._times, np.zeros_like(self._times)])
            self._prices = np.concatenate([self._prices, np.zeros_like(self._prices)], axis=1)
