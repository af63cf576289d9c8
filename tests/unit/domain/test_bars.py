"""Bars in columns."""

from __future__ import annotations

import numpy as np

from app.domain.bars import BarSeries, aggregate, bars_of, empty_bars
from app.domain.market import Bar


def bars(*starts: int) -> BarSeries:
    return bars_of([Bar(s, 1.0 + s, 3.0 + s, 0.5 + s, 2.0 + s, 10.0) for s in starts])


def test_rows_come_back_as_they_went_in() -> None:
    series = bars(60, 120)
    assert len(series) == 2
    assert series.bar(1) == Bar(120, 121.0, 123.0, 120.5, 122.0, 10.0)
    assert series.bar(-1) == series.bar(1)


def test_between_holds_the_begin_and_not_the_end() -> None:
    series = bars(0, 60, 120, 180)
    assert series.between(60, 180).start_s.tolist() == [60, 120]
    assert not len(series.between(200, 300))


def test_a_slice_is_a_view() -> None:
    series = bars(0, 60, 120)
    part = series[1:]
    part.close[0] = 99.0
    assert series.close[1] == 99.0


def test_nothing_has_the_right_types() -> None:
    series = empty_bars()
    assert not len(series)
    assert series.start_s.dtype == np.int64
    assert series.open.dtype == np.float64
    assert aggregate(series, series.start_s) is series


def test_rows_are_gathered_by_the_bar_they_belong_to() -> None:
    gathered = aggregate(bars(0, 60, 120), np.array([0, 0, 120]))
    assert gathered.bar(0) == Bar(0, 1.0, 63.0, 0.5, 62.0, 20.0)
    assert gathered.bar(1) == bars(120).bar(0)
