"""The watch over Qt objects that outlive their test, and the loop on Qt."""

from __future__ import annotations

import asyncio
import gc

import pytest
from PySide6.QtCore import QThread, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.conftest import LoopGuard, QtWatch


def test_timer_thread_and_window_are_found(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = QtWatch(monkeypatch)
    timer, thread, window = QTimer(), QThread(), QWidget()
    window.setObjectName("forgotten")
    timer.start(1000)
    thread.start()
    left = watch.left()
    assert any(leak.startswith("QTimer started at") and __file__ in leak for leak in left)
    assert any(leak.startswith("QThread started at") for leak in left)
    assert any("QWidget 'forgotten'" in leak for leak in left)
    window.deleteLater()
    assert watch.left() == []


def test_what_qtbot_closes_is_no_leak(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = QtWatch(monkeypatch)
    window = QWidget()
    qtbot.addWidget(window)
    QTimer(window).start(1000)
    window.close()
    window.deleteLater()
    assert watch.left() == []


def test_unreachable_windows_are_no_leak(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = QtWatch(monkeypatch)
    window = QWidget()
    window.setProperty("cycle", 1)
    holder: list[object] = [window]
    holder.append(holder)
    del window, holder
    assert watch.left() == []
    gc.collect()


def test_the_loop_turns_with_qt(qloop: asyncio.AbstractEventLoop, qtbot: QtBot) -> None:
    ticked = asyncio.Event()
    timer = QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(ticked.set)
    timer.start(1)

    async def wait_for_the_timer() -> int:
        await ticked.wait()
        return await asyncio.to_thread(len, "done")

    assert qloop.run_until_complete(wait_for_the_timer()) == 4


def test_a_test_that_waits_for_ever_is_thrown_out(qloop: asyncio.AbstractEventLoop) -> None:
    guard = LoopGuard(0.05)
    never = qloop.create_future()
    with pytest.raises(RuntimeError, match="stopped before Future completed"):
        qloop.run_until_complete(never)
    guard.stop()
    assert guard.has_fired
    never.cancel()
