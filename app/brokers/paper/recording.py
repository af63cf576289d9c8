"""What a file of market data holds once it has been read: bars or ticks, in columns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.bars import BarSeries

Floats = NDArray[np.float64]
# A longer silence in a recording is a closed market, and a replay may jump over it.
GAP_S = 300.0


@dataclass(frozen=True, slots=True)
class TickColumns:
    """Quotes and trades by time, equal-length columns, oldest first.

    `at_s` is UTC epoch seconds. NaN stands where a row has no quote or no trade; `aggressor` is
    +1 where the buyer crossed, -1 where the seller did, 0 where nobody knows.
    """

    at_s: Floats
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    price: Floats
    size: Floats
    aggressor: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.at_s)

    def middle(self) -> Floats:
        """The trade's price, or the middle of the quote where there was no trade."""
        return np.where(np.isnan(self.price), (self.bid + self.ask) / 2.0, self.price)


@dataclass(frozen=True, slots=True)
class Recording:
    """One instrument's recorded market: either `bars` of `bar_s` seconds each, or `ticks`.

    `tick_size` and `quantity_step` are read off the numbers: the coarsest grid they stand on.
    """

    path: Path
    symbol: str
    tick_size: Decimal
    quantity_step: Decimal
    bars: BarSeries | None = None
    ticks: TickColumns | None = None
    bar_s: int = 0

    @property
    def times_s(self) -> Floats:
        """The moment of every row, ascending."""
        if self.bars is not None:
            return self.bars.start_s.astype(np.float64)
        assert self.ticks is not None
        return self.ticks.at_s

    @property
    def first_s(self) -> float:
        """The moment of the first row."""
        return float(self.times_s[0])

    @property
    def last_s(self) -> float:
        """The moment of the last row."""
        return float(self.times_s[-1])

    def __len__(self) -> int:
        return len(self.bars) if self.bars is not None else len(self.ticks or ())


def grid_of(values: Floats, *, steps: tuple[int, ...], least_share: float) -> Decimal:
    """The coarsest of 1, 0.1, 0.01 ... (times `steps`) that `least_share` of `values` stand on."""
    sample = values[np.isfinite(values)][:20_000]
    if not len(sample):
        return Decimal(1)
    for decimals in range(9):
        for step in steps:
            grid = Decimal(step).scaleb(-decimals)
            if grid > 1:
                continue
            scaled = sample / float(grid)
            if np.mean(np.abs(scaled - np.round(scaled)) < 1e-4) >= least_share:
                return grid.normalize() if grid < 1 else Decimal(1)
    return Decimal(1).scaleb(-8)


def price_grid(values: Floats) -> Decimal:
    """A likely tick size: sub-tick prints, which dark venues make, are left out of account."""
    return grid_of(values, steps=(10, 5), least_share=0.99)


def size_grid(values: Floats) -> Decimal:
    """The step that every recorded size is a multiple of."""
    return grid_of(values, steps=(10,), least_share=1.0)
