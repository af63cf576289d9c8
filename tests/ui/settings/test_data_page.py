"""Settings > Data: where the files are, how large, written out and cleared off the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton

from app.domain.bars import BarSeries
from app.domain.ids import InstrumentKey
from app.domain.market import Timeframe
from app.ui.settings.data_page import DataPage
from app.ui.shell import WindowShell
from tests.ui.find import child
from tests.ui.settings.opened import Opened

Open = Callable[[str], Opened]


class Data:
    def __init__(self, at: Opened) -> None:
        self.at = at
        page = at.dialog.page("data")
        assert isinstance(page, DataPage)
        self.page = page
        at.driver.until(lambda: self.page.findChild(QLabel, "size_journal") is not None)

    def press(self, name: str) -> None:
        self.at.driver._on_loop(child(self.page, QPushButton, f"data_{name}").click)

    def size(self, name: str) -> str:
        return child(self.page, QLabel, f"size_{name}").text()


@pytest.fixture
def data(opened: Open) -> Data:
    return Data(opened("data"))


def test_it_says_where_the_files_are_and_how_large(data: Data) -> None:
    assert child(data.page, QLabel, "data_home").text() == str(data.at.driver.desk.home)
    for name in ("settings", "journal", "history", "logs"):
        assert data.size(name).split()[-1] in ("bytes", "kB", "MB"), name


def test_clearing_the_bar_history_asks_and_empties_it(data: Data) -> None:
    history = data.at.driver.engine.history
    ones = np.ones(1)
    bars = BarSeries(np.array([60], dtype=np.int64), ones, ones, ones, ones, ones)
    key = InstrumentKey("INDA")
    history.put("paper", key, Timeframe.M1, bars, (0, 120))
    assert history.series()
    data.press("clear")
    data.at.answer(yes=False)
    assert history.series()
    data.at.driver.until(lambda: not data.page._is_busy)
    data.press("clear")
    data.at.answer(yes=True)
    data.at.driver.until(lambda: data.page.said() == "The bar history is empty.")
    assert history.series() == []


def test_an_export_shows_that_it_is_under_way_and_where_it_went(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for what in ("orders", "executions", "audit"):
        target = tmp_path / f"{what}.csv"

        async def choose(*_: object, to: Path = target, **__: object) -> Path:
            return to

        monkeypatch.setattr(WindowShell, "choose_file", choose)
        data.press(what)
        assert not child(data.page, QProgressBar).isHidden()
        assert not child(data.page, QPushButton, "data_clear").isEnabled()
        told = f"Exported: {target}"
        data.at.driver.until(lambda told=told: data.page.said() == told, 60)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        assert child(data.page, QProgressBar).isHidden()
        assert target.read_text().splitlines()[0].count(",") > 3


def test_an_export_that_cannot_be_written_says_why(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def choose(*_: object, **__: object) -> Path:
        return tmp_path / "no such folder" / "out.csv"

    monkeypatch.setattr(WindowShell, "choose_file", choose)
    data.press("orders")
    data.at.driver.until(lambda: "not exported" in data.page.said(), 60)
