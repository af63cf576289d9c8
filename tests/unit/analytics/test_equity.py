"""The curve of profit: peaks, drawdowns, points of one moment, and fewer points that look alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.equity import Curve, curve_of, thinned

AMOUNTS = st.lists(
    st.floats(-1000, 1000, allow_nan=False).map(lambda value: round(value, 2)), max_size=400
)


def of(*amounts: float, step_s: float = 10.0) -> Curve:
    return curve_of([([at * step_s for at in range(len(amounts))], list(amounts), 1.0)])


def test_nothing_makes_no_curve() -> None:
    for curve in (curve_of([]), curve_of([([], [], 1.0)])):
        assert (len(curve), curve.deepest, curve.at(5)) == (0, None, None)


def test_the_drawdown_is_from_the_highest_so_far_and_never_above_nothing() -> None:
    curve = of(100, -30, 50, -90, 10)
    assert list(curve.equity) == [100, 70, 120, 30, 40]
    assert list(curve.drawdown) == [0, -30, 0, -90, -80]
    assert curve.deepest == 3
    assert curve.drawdown_percent(3) == pytest.approx(-75)


def test_below_nothing_there_is_money_but_no_percent() -> None:
    curve = of(-10, -5)
    assert curve.deepest == 1
    assert curve.drawdown[1] == -15
    assert curve.drawdown_percent(1) is None


def test_a_curve_that_only_rises_has_no_deepest_point() -> None:
    assert of(1, 2, 3).deepest is None


def test_what_happens_at_one_moment_is_one_point() -> None:
    curve = curve_of([([0, 10, 10], [5, 10, -4], 1.0), ([10], [2], 0.5)])
    assert list(curve.times_s) == [0, 10]
    assert list(curve.equity) == [5, 12]


def test_parts_in_any_order_make_one_curve() -> None:
    curve = curve_of([([30, 10], [1, 2], 1.0), ([20], [4], 2.0)])
    assert list(curve.times_s) == [10, 20, 30]
    assert list(curve.equity) == [2, 10, 11]


def test_the_point_that_holds_at_a_moment() -> None:
    curve = of(1, 2, 3)
    assert [curve.at(moment) for moment in (-5, 0, 9, 10, 25, 999)] == [0, 0, 0, 1, 2, 2]


def test_what_is_open_is_the_last_point() -> None:
    curve = of(100, -30).with_now(100, 45)
    assert list(curve.equity) == [100, 70, 115]
    assert list(curve.peak) == [100, 100, 115]
    lost = of(100, -30).with_now(100, -45)
    assert lost.deepest == 2
    assert lost.drawdown[2] == -75
    only = curve_of([]).with_now(100, -5)
    assert (list(only.equity), list(only.drawdown), only.deepest) == ([-5], [-5], 0)


def test_a_clock_that_goes_back_does_not_bend_the_curve() -> None:
    assert list(of(1, 2).with_now(3, 0).times_s) == [0, 10, 10]


@given(amounts=AMOUNTS, most=st.integers(10, 100))
def test_fewer_points_keep_highs_lows_and_drawdowns(amounts: list[float], most: int) -> None:
    curve = of(*amounts)
    thin = thinned(curve, most)
    assert len(thin) <= max(most + 5, 10)
    if not len(curve):
        assert len(thin) == 0
        return
    for mine, theirs in ((thin.equity, curve.equity), (thin.drawdown, curve.drawdown)):
        assert mine.min() == theirs.min()
        assert mine.max() == theirs.max()
        assert (mine[0], mine[-1]) == (theirs[0], theirs[-1])
    assert np.all(np.diff(thin.times_s) > 0)
    places = np.searchsorted(curve.times_s, thin.times_s)
    assert np.array_equal(curve.equity[places], thin.equity)
