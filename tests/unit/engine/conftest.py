"""What the tests of several parts of the engine begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.engine import live_bars
from app.store.history import History
from tests.doubles.books import Books, Shelf
from tests.doubles.chart import Screen
from tests.doubles.clock import FakeClock
from tests.doubles.gate import Gate
from tests.doubles.loop import LoopRunner


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """An empty one."""
    made = History(tmp_path / "history.db")
    yield made
    made.close()


@pytest.fixture
def gate(clock: FakeClock, history: History) -> Gate:
    """The risk gate, and orders that come to it."""
    return Gate(clock, history)


@pytest.fixture
def shelf() -> Shelf:
    """What is on disk."""
    return Shelf()


@pytest.fixture
def books(clock: FakeClock, history: History, shelf: Shelf) -> Books:
    """The portfolio with what it hears of."""
    return Books(clock, history, shelf)


@pytest.fixture
def screen(
    clock: FakeClock, tmp_path: Path, run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Screen]:
    """Charts of a market; what they ask for again comes at once."""
    monkeypatch.setattr(live_bars, "_SETTLE_S", 0.0)
    made = Screen(clock, tmp_path)
    yield made
    run(made.market.stop())
    made.history.close()
