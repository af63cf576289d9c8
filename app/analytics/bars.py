"""Bars from trades, longer bars from shorter ones, and the columns a live chart grows in.

Pure functions and single-threaded builders. Times are UTC epoch seconds, prices and volumes
float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.domain.bars import BarSeries, aggregate
from app.domain.market import Bar, Timeframe
from app.domain.session import SessionCalendar

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("start_s", "open", "high", "low", "close", "volume")
_FIRST_CAPACITY = 1024


def resample(series: BarSeries, timeframe: Timeframe, calendar: SessionCalendar) -> BarSeries:
    """Gather bars into longer ones that begin where `calendar` says; vectorised.

    `series` is ascending and its bars are no longer than `timeframe`. A bar counts to the longer
    bar in which it begins.
    """
    return aggregate(series, calendar.bar_starts_s(series.start_s, timeframe))


def cleaned(series: BarSeries) -> tuple[BarSeries, int]:
    """Ascending, each start once (the later row wins), without rows that cannot be true.

    The second value counts the rows left out: prices that are not finite or not above zero, a high
    below or a low above another price, a negative volume. A volume that is not known (NaN) stays.
    """
    if not len(series):
        return series, 0
    prices = np.stack([series.open, series.high, series.low, series.close])
    with np.errstate(invalid="ignore"):
        is_true = (
            np.isfinite(prices).all(axis=0)
            & (prices > 0).all(axis=0)
            & (series.high >= prices.max(axis=0))
            & (series.low <= prices.min(axis=0))
            & ~(series.volume < 0)
            & ~np.isinf(series.volume)
        )
    rows = np.flatnonzero(is_true)
    rows = rows[np.argsort(series.start_s[rows], kind="stable")]
    starts = series.start_s[rows]
    is_last = np.ones(len(rows), dtype=bool)
    is_last[:-1] = starts[1:] != starts[:-1]
    return _rows(series, rows[is_last]), int(len(series) - is_true.sum())


def merged(older: BarSeries, newer: BarSeries) -> BarSeries:
    """Both together, ascending; where a bar is in both, that of `newer` stands."""
    if not len(older) or not len(newer):
        return newer if len(newer) else older
    if older.start_s[-1] < newer.start_s[0]:
        return joined(older, newer)
    both = joined(older, newer)
    order = np.argsort(both.start_s, kind="stable")
    starts = both.start_s[order]
    is_last = np.append(starts[1:] != starts[:-1], True)
    return _rows(both, order[is_last])


def joined(first: BarSeries, second: BarSeries) -> BarSeries:
    """The rows of `second` behind those of `first`."""
    return BarSeries(
        *(np.concatenate([getattr(first, name), getattr(second, name)]) for name in _COLUMNS)
    )


def frame(series: BarSeries) -> pd.DataFrame:
    """The bars as a pandas DataFrame: open, high, low, close, volume over a UTC time index.

    The numbers are shared with `series`, not copied, where pandas allows it. pandas is imported
    by the first call, which takes a moment.
    """
    import pandas as pd

    starts = pd.DatetimeIndex(series.start_s.astype("datetime64[s]"), name="start")
    columns = {name: getattr(series, name) for name in _COLUMNS[1:]}
    return pd.DataFrame(columns, index=starts.tz_localize("UTC"))


def _rows(series: BarSeries, rows: NDArray[np.int64]) -> BarSeries:
    return BarSeries(*(getattr(series, name)[rows] for name in _COLUMNS))


class BarBuilder:
    """Bars from trades in the market's sessions."""

    def __init__(self, timeframe: Timeframe, calendar: SessionCalendar) -> None:
        self.timeframe, self.calendar = timeframe, calendar
        self.bar: Bar | None = None
        self.late = 0

    def add(self, price: float, size: float, at_s: float) -> Bar | None:
        """Count one trade in; the bar that it completed, if any, else None.

        `bar` is the one under way. A trade of a bar that was completed already changes nothing
        and is counted in `late`.
        """
        start_s = self.calendar.bar_start_s(at_s, self.timeframe)
        bar = self.bar
        if bar is None or start_s > bar.start_s:
            self.bar = Bar(start_s, price, price, price, price, size)
            return bar
        if start_s < bar.start_s:
            self.late += 1
            return None
        high, low = max(bar.high, price), min(bar.low, price)
        self.bar = Bar(start_s, bar.open, high, low, price, bar.volume + size)
        return None


class BarColumns:
    """Bars that grow at the end at no cost: columns whose capacity doubles."""

    def __init__(self) -> None:
        self._count = 0
        self._starts = np.empty(_FIRST_CAPACITY, dtype=np.int64)
        self._values = np.empty((5, _FIRST_CAPACITY), dtype=np.float64)

    def __len__(self) -> int:
        return self._count

    @property
    def series(self) -> BarSeries:
        """A view of everything: the last rows change under it, later rows are not in it."""
        n, values = self._count, self._values
        return BarSeries(
            self._starts[:n],
            values[0, :n],
            values[1, :n],
            values[2, :n],
            values[3, :n],
            values[4, :n],
        )

    @property
    def last_start_s(self) -> int | None:
        """Where the last bar begins."""
        return int(self._starts[self._count - 1]) if self._count else None

    def replace(self, series: BarSeries) -> None:
        """Forget everything and begin with a copy of `series`."""
        self._count = len(series)
        capacity = max(_FIRST_CAPACITY, self._count)
        self._starts = np.empty(capacity, dtype=np.int64)
        self._values = np.empty((5, capacity), dtype=np.float64)
        self._starts[: self._count] = series.start_s
        for row, name in enumerate(_COLUMNS[1:]):
            self._values[row, : self._count] = getattr(series, name)

    def truncate(self, end_s: int) -> int:
        """Drop every bar that begins at `end_s` or later; answers how many were dropped."""
        kept = int(np.searchsorted(self._starts[: self._count], end_s))
        dropped, self._count = self._count - kept, kept
        return dropped

    def put(self, bar: Bar) -> int | None:
        """Set the bar that begins there, or append it; its row, None where neither is possible."""
        last_s = self.last_start_s
        if last_s is None or bar.start_s > last_s:
            row = self._append(bar.start_s)
        else:
            row = self._find(bar.start_s)
            if row < 0:
                return None
        self._values[:, row] = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        return row

    def fold(self, start_s: int, price: float, size: float) -> int | None:
        """Count a trade into the bar that begins at `start_s`; the row it changed.

        A new bar is only made at the end. A late trade changes high, low and volume of its bar,
        not the close; None where its bar is not there.
        """
        last_s = self.last_start_s
        if last_s is None or start_s > last_s:
            return self.put(Bar(start_s, price, price, price, price, size))
        row = self._count - 1 if start_s == last_s else self._find(start_s)
        if row < 0:
            return None
        _, high, low, close, volume = self._values
        high[row] = max(high[row], price)
        low[row] = min(low[row], price)
        if start_s == last_s:
            close[row] = price
        volume[row] += size
        return row

    def _find(self, start_s: int) -> int:
        starts = self._starts[: self._count]
        row = int(np.searchsorted(starts, start_s))
        return row if row < self._count and starts[row] == start_s else -1

    def _append(self, start_s: int) -> int:
        if self._count == len(self._starts):
            self._starts = np.concatenate([self._starts, np.empty_like(self._starts)])
            self._values = np.concatenate([self._values, np.empty_like(self._values)], axis=1)
        self._starts[self._count] = start_s
        self._count += 1
        return self._count - 1
