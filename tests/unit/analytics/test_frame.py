"""Bars as a pandas DataFrame."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

from app.analytics.bars import frame
from app.domain.bars import bars_of, empty_bars
from app.domain.market import Bar

START_S = int(datetime(2026, 3, 20, 13, 30, tzinfo=UTC).timestamp())


def test_columns_over_a_utc_index() -> None:
    series = bars_of([Bar(START_S, 1.0, 3.0, 0.5, 2.0, 10.0), Bar(START_S + 60, 2, 4, 1, 3, 20)])
    found = frame(series)
    assert list(found.columns) == ["open", "high", "low", "close", "volume"]
    assert str(found.index.dtype) == "datetime64[s, UTC]"
    assert found.index[0] == datetime(2026, 3, 20, 13, 30, tzinfo=UTC)
    assert found.index.name == "start"
    assert found.loc["2026-03-20 13:31", "close"] == 3.0
    assert found["volume"].sum() == 30.0
    hours = found.resample("1h").agg({"high": "max", "volume": "sum"})
    assert hours["high"].tolist() == [4.0]


def test_no_bars_are_an_empty_frame() -> None:
    found = frame(empty_bars())
    assert len(found) == 0
    assert str(found.index.dtype) == "datetime64[s, UTC]"


def test_pandas_is_loaded_only_when_it_is_needed() -> None:
    code = "import sys, app.analytics.bars; sys.exit('pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
