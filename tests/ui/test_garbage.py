from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from app.ui.garbage import GuiGarbage


@pytest.fixture
def garbage(qtbot: QtBot) -> Iterator[GuiGarbage]:
    gc.enable()  # as in a program that has no window yet
    garbage = GuiGarbage()
    yield garbage
    garbage.stop()
    gc.disable()


class Knot(QObject):
    """A QObject that only the cycle collector can free, with a timer of the GUI thread."""

    def __init__(self, died_in: list[int]) -> None:
        super().__init__()
        self.me = self
        self.timer = QTimer(self)
        self.timer.start(100_000)
        weakref.finalize(self, lambda: died_in.append(threading.get_ident()))


def churn() -> list[list[int]]:
    """Allocate as a busy broker thread does, enough for many automatic collections."""
    return [[number] for number in range(20_000)]


def test_no_other_thread_ever_destroys_a_qobject(garbage: GuiGarbage, qtbot: QtBot) -> None:
    died_in: list[int] = []
    Knot(died_in)
    busy = threading.Thread(target=churn)
    busy.start()
    busy.join()
    assert died_in == []
    gc.collect()
    assert died_in == [threading.get_ident()]


def test_young_garbage_goes_within_a_moment(garbage: GuiGarbage, qtbot: QtBot) -> None:
    died_in: list[int] = []
    Knot(died_in)
    kept = churn()
    qtbot.waitUntil(lambda: died_in == [threading.get_ident()], timeout=30_000)
    assert len(kept) == 20_000


def test_python_collects_by_itself_again_afterwards(qtbot: QtBot) -> None:
    gc.enable()
    garbage = GuiGarbage()
    assert not gc.isenabled()
    garbage.stop()
    assert gc.isenabled()
    gc.disable()
