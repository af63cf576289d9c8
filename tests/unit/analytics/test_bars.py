"""Bars: the vectorised ways agree with the plain ones."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.bars import BarBuilder, BarColumns, cleaned, joined, merged, resample
from app.domain.bars import BarSeries, bars_of, empty_bars
from app.domain.market import Bar, Timeframe
from app.domain.session import SessionCalendar, calendar

EQUITY = calendar("us-equity")
OPEN_S = int(datetime(2024, 3, 8, 14, 30, tzinfo=UTC).timestamp())  # Friday, 09:30 in New York
NAMES = st.sampled_from(["always", "us-equity", "cme-globex", "forex"])
FRAMES = st.sampled_from(list(Timeframe))
PRICES = st.floats(0.01, 1000, allow_nan=False)
SIZES = st.integers(0, 1000).map(float)
# Close together and far apart: weekends, changes of the clock and of the year lie between.
STEPS = st.one_of(st.integers(0, 90), st.integers(0, 7200), st.integers(0, 500_000))


@st.composite
def trades(draw: st.DrawFn) -> list[tuple[float, float, int]]:
    """Price, size and moment of trades in the order of time."""
    at_s = draw(st.integers(1_700_000_000, 1_730_000_000))
    made = []
    for price, size, step in draw(st.lists(st.tuples(PRICES, SIZES, STEPS), max_size=40)):
        at_s += step
        made.append((price, size, at_s))
    return made


def plainly(rows: list[Bar], timeframe: Timeframe, market: SessionCalendar) -> list[Bar]:
    """Longer bars the slow and obvious way."""
    found: list[Bar] = []
    for row in rows:
        start_s = market.bar_start_s(row.start_s, timeframe)
        if found and found[-1].start_s == start_s:
            last = found[-1]
            high, low = max(last.high, row.high), min(last.low, row.low)
            volume = last.volume + row.volume
            found[-1] = Bar(start_s, last.open, high, low, row.close, volume)
        else:
            found.append(Bar(start_s, row.open, row.high, row.low, row.close, row.volume))
    return found


def rows(series: BarSeries) -> list[Bar]:
    return [series.bar(row) for row in range(len(series))]


@given(made=trades(), timeframe=FRAMES, name=NAMES)
def test_resampling_is_what_a_plain_loop_makes(
    made: list[tuple[float, float, int]], timeframe: Timeframe, name: str
) -> None:
    market = calendar(name)
    ticks = [Bar(at_s, p, p, p, p, size) for p, size, at_s in made]
    assert rows(resample(bars_of(ticks), timeframe, market)) == plainly(ticks, timeframe, market)


@given(made=trades(), timeframe=FRAMES, name=NAMES)
def test_bars_built_from_trades_are_those_gathered_from_history(
    made: list[tuple[float, float, int]], timeframe: Timeframe, name: str
) -> None:
    market = calendar(name)
    builder, built = BarBuilder(timeframe, market), []
    for price, size, at_s in made:
        if done := builder.add(price, size, at_s):
            built.append(done)
    built += [builder.bar] if builder.bar else []
    ticks = [Bar(at_s, p, p, p, p, size) for p, size, at_s in made]
    assert built == plainly(ticks, timeframe, market)
    assert builder.late == 0


@given(made=trades(), name=NAMES)
def test_bars_of_bars_are_bars(made: list[tuple[float, float, int]], name: str) -> None:
    market = calendar(name)
    ticks = bars_of([Bar(at_s, p, p, p, p, size) for p, size, at_s in made])
    minutes = resample(ticks, Timeframe.M1, market)
    for timeframe in (Timeframe.M5, Timeframe.H1, Timeframe.D1, Timeframe.W1, Timeframe.MO1):
        direct, stepwise = (resample(s, timeframe, market) for s in (ticks, minutes))
        assert [b.start_s for b in rows(direct)] == [b.start_s for b in rows(stepwise)]
        np.testing.assert_array_equal(direct.high, stepwise.high)
        np.testing.assert_array_equal(direct.close, stepwise.close)


def test_no_bar_straddles_the_opening() -> None:
    before, after = OPEN_S - 60, OPEN_S
    series = bars_of([Bar(s, 1, 1, 1, 1, 1) for s in (before, after)])
    assert resample(series, Timeframe.H1, EQUITY).start_s.tolist() == [OPEN_S - 1800, OPEN_S]


def test_a_late_trade_changes_no_finished_bar() -> None:
    builder = BarBuilder(Timeframe.M1, EQUITY)
    assert builder.add(10, 1, OPEN_S + 59.9) is None
    assert builder.add(11, 1, OPEN_S + 60) == Bar(OPEN_S, 10, 10, 10, 10, 1)
    assert builder.add(99, 1, OPEN_S + 59) is None
    assert builder.late == 1
    assert builder.bar == Bar(OPEN_S + 60, 11, 11, 11, 11, 1)


# ---- what brokers send ----


def test_impossible_rows_are_left_out_and_counted() -> None:
    nan, inf = math.nan, math.inf
    good = [Bar(0, 10, 11, 9, 10, 5), Bar(60, 10, 10, 10, 10, nan)]
    bad = [
        Bar(1, nan, 11, 9, 10, 5),
        Bar(2, 10, inf, 9, 10, 5),
        Bar(3, 10, 11, 0, 10, 5),
        Bar(4, 10, 9.5, 9, 9.5, 5),  # the high lies below the open
        Bar(5, 10, 11, 10.5, 10.5, 5),  # the low lies above the open
        Bar(6, 10, 11, 9, 10, -1),
        Bar(7, 10, 11, 9, 10, inf),
    ]
    series, dropped = cleaned(bars_of([*bad, *good]))
    assert (series.start_s.tolist(), dropped) == ([0, 60], len(bad))
    assert cleaned(empty_bars())[1] == 0


@given(starts=st.lists(st.integers(0, 20), max_size=30))
def test_a_broker_s_order_and_repetition_do_not_matter(starts: list[int]) -> None:
    made = [Bar(s, 10, 11, 9, 10, float(row)) for row, s in enumerate(starts)]
    series, dropped = cleaned(bars_of(made))
    assert dropped == 0
    assert {b.start_s: b.volume for b in rows(series)} == {b.start_s: b.volume for b in made}
    assert series.start_s.tolist() == sorted(set(starts))


@given(older=st.sets(st.integers(0, 20)), newer=st.sets(st.integers(0, 20)))
def test_where_both_have_a_bar_the_newer_stands(older: set[int], newer: set[int]) -> None:
    def made(starts: set[int], volume: float) -> BarSeries:
        return bars_of([Bar(s, 1, 1, 1, 1, volume) for s in sorted(starts)])

    both = merged(made(older, 1.0), made(newer, 2.0))
    found = {b.start_s: b.volume for b in rows(both)}
    assert found == {s: 2.0 if s in newer else 1.0 for s in older | newer}
    assert both.start_s.tolist() == sorted(found)


def test_joined_is_one_after_the_other() -> None:
    first, second = (bars_of([Bar(s, 1, 1, 1, 1, 1)]) for s in (60, 0))
    assert joined(first, second).start_s.tolist() == [60, 0]


# ---- columns that grow ----


@given(made=trades(), known=st.integers(0, 40))
def test_growing_columns_hold_what_a_plain_loop_makes(
    made: list[tuple[float, float, int]], known: int
) -> None:
    market = calendar("always")
    columns = BarColumns()
    past = [Bar(at_s, p, p, p, p, size) for p, size, at_s in made[:known]]
    columns.replace(bars_of(plainly(past, Timeframe.M5, market)))
    for price, size, at_s in made[known:]:
        row = columns.fold(market.bar_start_s(at_s, Timeframe.M5), price, size)
        assert row == len(columns) - 1
    ticks = [Bar(at_s, p, p, p, p, size) for p, size, at_s in made]
    assert rows(columns.series) == plainly(ticks, Timeframe.M5, market)
    assert columns.last_start_s == (columns.series.start_s[-1] if len(columns) else None)


def test_columns_grow_beyond_their_first_size() -> None:
    columns = BarColumns()
    for start in range(5000):
        columns.put(Bar(start, 1, 2, 0.5, 1.5, float(start)))
    assert len(columns) == 5000
    np.testing.assert_array_equal(columns.series.volume, np.arange(5000.0))


def test_a_late_trade_reaches_its_own_bar_but_not_its_close() -> None:
    columns = BarColumns()
    for start in (0, 60, 120):
        columns.put(Bar(start, 10, 10, 10, 10, 1))
    assert columns.fold(60, 12, 5) == 1
    assert columns.fold(0, 8, 2) == 0
    assert columns.fold(30, 99, 1) is None  # no bar of ours begins there
    assert columns.series.bar(1) == Bar(60, 10, 12, 10, 10, 6)
    assert columns.series.bar(0) == Bar(0, 10, 10, 8, 10, 3)
    assert len(columns) == 3


def test_a_known_bar_can_be_put_right() -> None:
    columns = BarColumns()
    for start in (0, 60):
        columns.put(Bar(start, 10, 10, 10, 10, 1))
    better = Bar(0, 10, 15, 5, 11, 100)
    assert columns.put(better) == 0
    assert columns.put(Bar(30, 1, 1, 1, 1, 1)) is None
    assert columns.series.bar(0) == better


@pytest.mark.parametrize(("end_s", "left"), [(0, 0), (60, 1), (61, 2), (1000, 3)])
def test_what_lies_ahead_can_be_cut_off(end_s: int, left: int) -> None:
    columns = BarColumns()
    for start in (0, 60, 120):
        columns.put(Bar(start, 10, 10, 10, 10, 1))
    assert columns.truncate(end_s) == 3 - left
    assert len(columns) == left
    assert columns.fold(500, 1, 1) == left
