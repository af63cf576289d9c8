"""Leaving: asked about what is open, stopped in order, never stuck."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app.base.paths import Paths
from app.store.journal import Journal
from app.ui import app as window_app
from app.ui.dialogs.confirm import ConfirmDialog
from tests.ui.open_rows import open_rows
from tests.ui.shell.conftest import ALT, CTRL, SHIFT, Driver

K = Qt.Key


def asked(driver: Driver) -> list[ConfirmDialog]:
    return driver.window.findChildren(ConfirmDialog)


def work_an_order(driver: Driver) -> None:
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.press(K.Key_B, CTRL | ALT)
    driver.until(lambda: any(view.quantity for view in driver.engine.portfolio.positions()))


def test_with_something_open_it_asks_and_cancel_stays(driver: Driver) -> None:
    work_an_order(driver)
    driver.window.close()
    driver.until(lambda: asked(driver))
    driver.window.close()  # impatience opens no second question
    [dialog] = asked(driver)
    assert open_rows(dialog)[0].startswith("Position long")
    assert dialog.cancel_button.isDefault()
    dialog.cancel_button.click()
    driver.until(lambda: not asked(driver))
    assert driver.window.isVisible()
    assert not driver.session._is_closing


class Painted(QObject):
    """Notes the texts of labels at the moment they are painted."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and isinstance(watched, QLabel):
            self.texts.append(watched.text())
        return False


def test_a_large_journal_is_said_to_be_read_and_with_nothing_open_it_just_ends(
    start: Callable[[], Driver], qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_app, "LARGE_JOURNAL_BYTES", 1)
    seen = Painted()
    qapp.installEventFilter(seen)
    driver = start()
    qapp.removeEventFilter(seen)
    assert any(text.startswith("Reading the journal (") for text in seen.texts)
    driver.until(lambda: driver.window.findChild(QLabel, "reading_journal") is None)
    stopped: list[bool] = []
    driver.window.close()
    driver.until(lambda: driver.session._is_closing)
    stopped.append(asked(driver) == [])
    assert stopped == [True]


def test_a_confirmed_exit_ends_and_the_journal_can_be_opened_again(
    driver: Driver, home: Paths
) -> None:
    work_an_order(driver)
    driver.press(K.Key_Q, CTRL)
    driver.until(lambda: asked(driver))
    asked(driver)[0].accept_button.click()
    driver.until(lambda: driver.session._is_closing)
    driver.end()
    journal = Journal(home.journal_file, driver.engine.clock)
    try:
        assert len(list(journal.read_order_events())) >= 3
    finally:
        journal.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_without_a_question(
    driver: Driver, number: signal.Signals
) -> None:
    work_an_order(driver)
    os.kill(os.getpid(), number)
    driver.until(lambda: driver.session._is_closing)
    assert asked(driver) == []


def test_a_stop_that_hangs_is_shown_and_bounded(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(window_app, "SLOW_CLOSE_MS", 10)
    monkeypatch.setattr(window_app, "STOP_TIMEOUT_S", 0.3)
    stop = driver.engine.stop

    async def hang() -> Any:
        await stop()
        await asyncio.sleep(60)

    monkeypatch.setattr(driver.engine, "stop", hang)
    driver.session.close()
    driver.until(lambda: driver.window.findChild(QLabel, "closing") is not None)
    driver.until(lambda: driver.session._exit_code == 1)
    assert "the engine did not end within 0.3 s" in capsys.readouterr().err


def test_closing_right_after_a_key_press_leaves_nothing_unawaited(driver: Driver) -> None:
    driver.connect()
    command = "view.save_layout_as"  # asks for a name

    def run_and_close() -> None:
        QTest.keyClick(driver.window.windowHandle(), K.Key_S, CTRL | SHIFT)
        driver.session.close()
        driver.desk.run(command)

    driver._on_loop(run_and_close)
    driver.until(lambda: driver.session.is_over)
    driver.desk.run(command)  # dropped: nobody would end it
    driver.end()
    gc.collect()  # a coroutine that nobody awaited would warn now, and fail this test
