"""Bars come back as they went in, gaps are what was never fetched, sources never mix."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import StoreError
from app.domain.bars import BarSeries, bars_of, empty_bars
from app.domain.ids import InstrumentKey
from app.domain.market import Bar, Timeframe
from app.store.history import History

SPY, ES = InstrumentKey("SEC|SPY|USD"), InstrumentKey("FUT|ES|USD")
M1 = Timeframe.M1


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path / "history.db")
    yield history
    history.close()


def series(*starts: int, close: float = 1.5) -> BarSeries:
    return bars_of([Bar(start, 1.0, 2.0, 0.5, close, 100.0) for start in starts])


def test_bars_come_back_exactly(history: History) -> None:
    bars = bars_of(
        [
            Bar(0, 0.1, 1e9, 5e-324, 1 / 3, float("nan")),
            Bar(60, 1.0, 2.0, 0.5, 1.5, 0.0),
            Bar(2**40, -1.0, 2.0, 0.5, 1.5, 7.0),
        ]
    )
    history.put("paper", SPY, M1, bars, (0, 2**41))
    back = history.get("paper", SPY, M1, 0, 2**41)
    for column in ("start_s", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(back, column), getattr(bars, column))
        assert getattr(back, column).dtype == getattr(bars, column).dtype


def test_a_part_can_be_asked_for(history: History) -> None:
    history.put("paper", SPY, M1, series(0, 60, 120, 180), (0, 240))
    assert history.get("paper", SPY, M1, 60, 180).start_s.tolist() == [60, 120]
    assert len(history.get("paper", SPY, M1, 240, 600)) == 0


def test_sources_instruments_and_timeframes_never_mix(history: History) -> None:
    history.put("paper", SPY, M1, series(0), (0, 60))
    for source, key, timeframe in (
        ("ib", SPY, M1),
        ("paper", ES, M1),
        ("paper", SPY, Timeframe.M5),
    ):
        assert len(history.get(source, key, timeframe, 0, 60)) == 0
        assert history.gaps(source, key, timeframe, 0, 60) == [(0, 60)]
    history.put("ib", ES, Timeframe.MO1, empty_bars(), (0, 60))
    assert history.series() == [("ib", ES, Timeframe.MO1), ("paper", SPY, M1)]


def test_a_newer_answer_replaces_the_whole_span(history: History) -> None:
    history.put("paper", SPY, M1, series(0, 60, 120), (0, 180))
    history.put("paper", SPY, M1, series(60, close=9.0), (60, 180))
    back = history.get("paper", SPY, M1, 0, 180)
    assert (back.start_s.tolist(), back.close.tolist()) == ([0, 60], [1.5, 9.0])


def test_bars_outside_of_what_is_covered_are_left_out(history: History) -> None:
    history.put("paper", SPY, M1, series(0, 60, 120), (60, 120))
    assert history.get("paper", SPY, M1, 0, 999).start_s.tolist() == [60]
    history.put("paper", SPY, M1, series(0), (60, 60))
    history.put("paper", SPY, M1, series(0), (120, 0))
    assert history.gaps("paper", SPY, M1, 0, 180) == [(0, 60), (120, 180)]


def test_no_bars_in_a_span_is_an_answer_too(history: History) -> None:
    history.put("paper", SPY, M1, empty_bars(), (0, 600))
    assert history.gaps("paper", SPY, M1, 0, 600) == []


_spans = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted).map(tuple)


@settings(max_examples=40)  # each writes files
@given(st.lists(_spans, max_size=12), _spans)
def test_gaps_are_exactly_what_was_never_put(
    puts: list[tuple[int, int]], asked: tuple[int, int]
) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder) / "history.db")
        covered: set[int] = set()
        for start, end in puts:
            history.put("paper", SPY, M1, empty_bars(), (start, end))
            covered |= set(range(start, end))
        gaps = history.gaps("paper", SPY, M1, *asked)
        history.close()
    missing = [second for start, end in gaps for second in range(start, end)]
    assert missing == [second for second in range(*asked) if second not in covered]
    assert all(a[1] < b[0] for a, b in itertools.pairwise(gaps))


def test_it_is_there_after_a_restart_and_readable_beside_the_window(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    writer = History(file)
    writer.put("paper", SPY, M1, series(0, 60), (0, 120))
    reader = History(file, read_only=True)
    assert len(reader.get("paper", SPY, M1, 0, 120)) == 2
    with pytest.raises(StoreError, match="readonly"):
        reader.put("paper", SPY, M1, series(0), (0, 60))
    reader.close()
    writer.close()
    again = History(file)
    assert len(again.get("paper", SPY, M1, 0, 120)) == 2
    again.close()


def test_a_failed_put_leaves_what_was(history: History) -> None:
    history.put("paper", SPY, M1, series(0, 60), (0, 120))
    (pages,) = history._connection.execute("PRAGMA page_count").fetchone()
    history._connection.execute(f"PRAGMA max_page_count={pages}")
    many = series(*range(0, 600_000, 60))
    with pytest.raises(StoreError, match="full"):
        history.put("paper", SPY, M1, many, (0, 600_000))
    assert history.get("paper", SPY, M1, 0, 600_000).start_s.tolist() == [0, 60]
    assert history.gaps("paper", SPY, M1, 0, 180) == [(120, 180)]
    history._connection.execute("PRAGMA max_page_count=1000000")
    history.put("paper", SPY, M1, many, (0, 600_000))
    assert len(history.get("paper", SPY, M1, 0, 600_000)) == 10_000


def test_damage_is_told_with_the_way_on(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    file.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="the bars are fetched from the brokers again"):
        History(file)
    assert file.read_bytes() == b"not a database" * 100


def test_a_closed_history_says_so(history: History) -> None:
    history.close()
    with pytest.raises(StoreError, match="is closed"):
        history.get("paper", SPY, M1, 0, 1)


def test_a_frame_is_indexed_by_utc_time(history: History) -> None:
    history.put("paper", SPY, M1, series(1_710_253_800, 1_710_253_860), (0, 2_000_000_000))
    frame = history.to_frame("paper", SPY, M1, 0, 2_000_000_000)
    assert list(frame.columns) == ["open", "high", "low", "close", "volume"]
    assert frame.index[0].isoformat() == "2024-03-12T14:30:00+00:00"
    assert math.isclose(frame["close"].iloc[1], 1.5)
    assert history.to_frame("ib", SPY, M1, 0, 9).empty


def test_importing_the_store_brings_no_heavy_package_along() -> None:
    modules = ("history", "journal", "settings", "layouts", "codec", "migrations")
    program = (
        f"import sys, {', '.join(f'app.store.{name}' for name in modules)}, app.base.log,"
        " app.base.paths; print([m for m in ('pandas', 'keyring', 'pyarrow',"
        " 'platformdirs', 'PySide6') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_clearing_forgets_all_and_gives_the_space_back(history: History, tmp_path: Path) -> None:
    history.put("paper", SPY, M1, series(*range(0, 600_000, 60)), (0, 600_000))
    [file] = tmp_path.rglob("*.db")
    history.clear()
    assert history.series() == []
    assert history.gaps("paper", SPY, M1, 0, 60) == [(0, 60)]
    assert file.stat().st_size < 50_000, "ten thousand bars take much more"
    history.put("paper", SPY, M1, series(0), (0, 60))
    assert len(history.series()) == 1
