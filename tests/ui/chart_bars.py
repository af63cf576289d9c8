"""Bars for the chart tests: a random walk that looks like a market, the same every time."""

from __future__ import annotations

import numpy as np

from app.domain.bars import BarSeries

START_S = 1_700_000_040


def walk(count: int, *, step_s: int = 60, start_s: int = START_S) -> BarSeries:
    """`count` bars without a gap."""
    random = np.random.default_rng(7)
    close = 100 + np.cumsum(random.normal(0, 0.05, count))
    opened = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(opened, close) + random.random(count) * 0.05
    low = np.minimum(opened, close) - random.random(count) * 0.05
    times = start_s + step_s * np.arange(count, dtype=np.int64)
    return BarSeries(times, opened, high, low, close, random.integers(1, 500, count).astype(float))


def extended(series: BarSeries) -> BarSeries:
    """The same with one bar more at the end."""
    last = series.bar(-1)
    more = walk(1, start_s=last.start_s + int(series.start_s[1] - series.start_s[0]))
    columns = ("start_s", "open", "high", "low", "close", "volume")
    return BarSeries(*(np.append(getattr(series, c), getattr(more, c)) for c in columns))
