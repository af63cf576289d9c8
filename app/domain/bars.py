"""Bars in columns: what history, charts and analytics pass around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.market import Bar

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BarSeries:
    """Equal-length columns, oldest first: `start_s` in UTC epoch seconds, the rest float64."""

    start_s: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.start_s)

    def bar(self, index: int) -> Bar:
        """One row as a value."""
        return Bar(
            int(self.start_s[index]),
            float(self.open[index]),
            float(self.high[index]),
            float(self.low[index]),
            float(self.close[index]),
            float(self.volume[index]),
        )

    def between(self, start_s: int, end_s: int) -> BarSeries:
        """The bars whose start lies in [start_s, end_s); a view, not a copy."""
        low, high = np.searchsorted(self.start_s, [start_s, end_s])
        return self[int(low) : int(high)]

    def __getitem__(self, rows: slice) -> BarSeries:
        return BarSeries(
            self.start_s[rows],
            self.open[rows],
            self.high[rows],
            self.low[rows],
            self.close[rows],
            self.volume[rows],
        )


def empty_bars() -> BarSeries:
    """No bars."""
    return bars_of([])


def bars_of(bars: list[Bar]) -> BarSeries:
    """Columns from single bars."""
    return BarSeries(
        np.array([b.start_s for b in bars], dtype=np.int64),
        np.array([b.open for b in bars], dtype=np.float64),
        np.array([b.high for b in bars], dtype=np.float64),
        np.array([b.low for b in bars], dtype=np.float64),
        np.array([b.close for b in bars], dtype=np.float64),
        np.array([b.volume for b in bars], dtype=np.float64),
    )


def aggregate(series: BarSeries, starts_s: NDArray[np.int64]) -> BarSeries:
    """Gather rows into longer bars: `starts_s` names for each row the bar it belongs to.

    Both are ascending. A row may be a single trade (open = high = low = close).
    """
    if not len(series):
        return series
    firsts = np.flatnonzero(np.diff(starts_s, prepend=starts_s[0] - 1))
    lasts = np.concatenate([firsts[1:], [len(series)]]) - 1
    return BarSeries(
        starts_s[firsts],
        series.open[firsts],
        np.maximum.reduceat(series.high, firsts),
        np.minimum.reduceat(series.low, firsts),
        series.close[lasts],
        np.add.reduceat(series.volume, firsts),
    )
