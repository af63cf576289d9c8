from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.ui.chart.columns import BarColumns
from app.ui.chart.geometry import VOLUME_SHARE, Mapping, shapes, visible_range
from tests.ui.chart_bars import START_S, extended, walk


def filled(count: int) -> BarColumns:
    columns = BarColumns()
    columns.reset(walk(count))
    return columns


def test_columns_take_over_the_rows_that_changed() -> None:
    columns = filled(3)
    series = extended(walk(3))
    series.high[2] = 999.0
    assert columns.update(series, 2) == 1
    assert len(columns) == 4
    assert columns.bar(2).high == 999.0
    assert columns.bar(3) == series.bar(3)
    assert columns.whole_extent() == (columns.low.min(), 999.0)


def test_columns_keep_every_bar_while_they_grow() -> None:
    columns = BarColumns()
    series = walk(5000)
    for count in range(1, 5001):
        columns.update(series[:count], count - 1)
    assert len(columns) == 5000
    np.testing.assert_array_equal(columns.close, series.close)
    np.testing.assert_array_equal(columns.times, series.start_s)


def test_index_at_finds_the_bar_that_holds_the_moment() -> None:
    columns = filled(10)
    assert columns.index_at(START_S + 60 * 4 + 59) == 4
    assert columns.index_at(START_S - 100) == 0
    assert columns.index_at(START_S + 60 * 100) == 9


def test_extent_is_that_of_the_range_asked_for() -> None:
    columns = filled(100)
    low, high = columns.extent(10, 20) or (0.0, 0.0)
    assert (low, high) == (columns.low[10:20].min(), columns.high[10:20].max())
    assert columns.extent(200, 300) is None


def test_visible_range_covers_bars_that_are_cut_by_the_edge() -> None:
    columns = filled(100)
    assert visible_range(columns, 9.8, 20.2) == (9, 22)
    assert visible_range(columns, -50, 500) == (0, 100)


def test_a_body_spans_open_to_close_and_its_wick_low_to_high() -> None:
    columns = filled(4)
    drawn = shapes(columns, 0, 4, Mapping(10.0, 0.0, -100.0, 20_000.0, 400.0))
    for row in range(4):
        bar = columns.bar(row)
        x, y, width, height = drawn.bodies[row]
        assert x + width / 2 == drawn.wicks[row][0] == 10 * row + 0.5
        assert y == round(20_000 - 100 * max(bar.open, bar.close))
        assert abs(height - 100 * abs(bar.open - bar.close)) <= 1.0
        assert drawn.wicks[row][1] == round(20_000 - 100 * bar.high)
        assert bool(drawn.rising[row]) == (bar.close >= bar.open)
    assert drawn.volumes[:, 3].max() == round(400 * VOLUME_SHARE)


@given(st.integers(2, 4000), st.floats(0.001, 0.99))
def test_merging_to_pixels_loses_no_extreme_and_no_volume(count: int, scale: float) -> None:
    columns = filled(count)
    drawn = shapes(columns, 0, count, Mapping(scale, 0.0, -1000.0, 0.0, 400.0))
    assert len(drawn.wicks) <= int(count * scale) + 1
    assert drawn.wicks[:, 1].min() == round(-1000 * columns.high.max())
    lowest = drawn.wicks[:, 3].max()
    assert lowest >= round(-1000 * columns.low.min())
    assert np.unique(drawn.wicks[:, 0]).size == len(drawn.wicks)
