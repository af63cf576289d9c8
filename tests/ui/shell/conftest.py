"""A whole window on a real engine with the embedded paper broker, not connected until asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.base import log as base_log
from app.base.paths import Paths
from app.bootstrap import build
from app.domain.ids import ConnectionId
from app.domain.order import Order
from app.engine.engine import Engine
from app.engine.health import ConnectionState
from app.store.settings import Settings
from app.ui.app import Session, WindowOptions, make_application
from app.ui.desk import Desk, Message
from app.ui.main_window import MainWindow
from tests.doubles.loop import PATIENCE_S

W = TypeVar("W", bound=QWidget)
PAPER = ConnectionId("paper")
NONE = Qt.KeyboardModifier.NoModifier
CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def by_hand(settings: Settings) -> Settings:
    """The settings of a first start, but nothing connects by itself."""
    offline = tuple(replace(one, autoconnect=False) for one in settings.connections)
    return replace(settings, connections=offline)


class Driver:
    """One run of the program, driven as a person would: by keys, clicks and waiting."""

    def __init__(
        self, app: QApplication, home: Paths, choose: Callable[[Settings], Settings] = by_hand
    ) -> None:
        self.app, self._services = app, build(home, choose)
        make_application(self._services.settings)
        self.session = Session(app, self._services, WindowOptions())
        self.messages: list[Message] = []
        self._has_ended = False
        self.desk.noticed.connect(self.messages.append)
        self._mark_running()
        self.session.open()
        self.until(lambda: self.app.focusWindow() is not None)
        self.until(lambda: self.window.docks["chart"].panel is not None)

    @property
    def desk(self) -> Desk:
        return self.session.desk

    @property
    def window(self) -> MainWindow:
        return self.session.window

    @property
    def engine(self) -> Engine:
        return self.desk.engine

    def do(self, work: Awaitable[Any]) -> Any:
        """Wait for something on the loop of the window.

        Not run_until_complete: that one ends with a round of Qt events without a running loop.
        """
        task = asyncio.ensure_future(work, loop=self.session.loop)
        task.add_done_callback(lambda _: self.session.loop.stop())
        while not task.done():
            self._turn()
        return task.result()

    def until(self, holds: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        """Let the program run until `holds()`."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < deadline, f"never came true; said so far: {self.said()}"
            self.do(asyncio.sleep(0.005))

    def press(
        self, key: Qt.Key, held: Qt.KeyboardModifier = NONE, into: QWidget | None = None
    ) -> None:
        """Press and release a key in the focused window, as the window system would."""
        window = (into or self.window).window().windowHandle()
        assert window is not None
        self._on_loop(lambda: QTest.keyClick(window, key, held))

    def write(self, text: str) -> None:
        """Type plain characters into whatever has the keyboard."""

        def send() -> None:
            for character in text:
                key = Qt.Key(ord(character.upper()))
                for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
                    event = QKeyEvent(kind, key, NONE, character)
                    QApplication.sendEvent(self.window.windowHandle(), event)

        self._on_loop(send)

    def hold(self, key: Qt.Key, held: Qt.KeyboardModifier, repetitions: int) -> None:
        """What the keyboard sends while a key stays down, after the first press."""
        window = self.window.windowHandle()

        def repeat() -> None:
            for _ in range(repetitions):
                event = QKeyEvent(QKeyEvent.Type.KeyPress, key, held, "", autorep=True)
                QApplication.sendEvent(window, event)

        self._on_loop(repeat)

    def connect(self) -> None:
        """Connect the paper account and wait for a quote of the first instrument."""
        self.do(self.engine.connections.connect(PAPER))
        self.until(lambda: self.engine.connections.state(PAPER) is ConnectionState.READY)
        self.until(lambda: self.desk.selection.market_key is not None)
        self.until(self._has_quote)

    def child(self, kind: type[W], name: str) -> W:
        """The widget of the window with this name."""
        found = self.window.findChild(kind, name)
        assert isinstance(found, kind), f"there is no {kind.__name__} {name!r}"
        return found

    def said(self) -> list[str]:
        """Every sentence the trader was shown."""
        return [message.text for message in self.messages]

    def orders(self) -> list[Order]:
        """Every order there is, oldest first."""
        return list(self.engine.orders.book)

    def end(self) -> None:
        """Close as the trader would who has nothing open."""
        if self._has_ended:
            return
        self._has_ended = True
        self.session.close()
        while not self.session.is_over:
            self._turn()
        asyncio.events._set_running_loop(None)
        self.session.end()
        self._services.close()
        base_log.shut_down()

    def _turn(self) -> None:
        self.session.loop.run_forever()
        self._mark_running()

    def _mark_running(self) -> None:
        """The program's loop always runs; here it also counts as running between the waits.

        pytest-qt handles Qt events between the phases of a test, and with them asyncio's.
        """
        asyncio.events._set_running_loop(self.session.loop)

    def _on_loop(self, act: Callable[[], object]) -> None:
        """Act while the loop runs, as everything in the program does, but inside no task."""
        done: list[object] = []
        self.session.loop.call_soon(lambda: done.append(act()))
        self.until(lambda: done)

    def _has_quote(self) -> bool:
        key = self.desk.selection.market_key
        return key is not None and self.engine.market.quote(key) is not None


@pytest.fixture
def start(qapp: QApplication, qtbot: QtBot, home: Paths) -> Iterator[Callable[[], Driver]]:
    """Starts the program on the home of this test; what still runs at the end is ended."""
    running: list[Driver] = []

    def begin() -> Driver:
        if running:
            running.pop().end()
        running.append(Driver(qapp, home))
        return running[-1]

    yield begin
    while running:
        running.pop().end()


@pytest.fixture
def driver(start: Callable[[], Driver]) -> Driver:
    """The program, started."""
    return start()
