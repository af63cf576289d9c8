"""The window's whole life: dress, paint, start the engine, run, and end in order. GUI thread."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QLabel

from app import __version__
from app.base import log as base_log
from app.base.errors import MoorgateError
from app.base.paths import Paths
from app.base.redaction import redact
from app.commands.catalog import all_commands
from app.commands.data_files import size_text
from app.commands.layout_book import LAST
from app.domain.ids import ConnectionId
from app.domain.reports import Severity
from app.engine.engine import Engine
from app.engine.health import ConnectionState
from app.store.journal import Journal
from app.store.layouts import Layouts
from app.store.settings import Settings, SettingsStore
from app.store.vault import Vault
from app.ui import format as fmt
from app.ui import motion, theme, window_state
from app.ui.active_desk import ActiveDesk
from app.ui.aio import SignalWatch, Tasks, bounded, make_loop
from app.ui.arranger import Arranger
from app.ui.bridge import EngineBridge
from app.ui.crash import CrashPath
from app.ui.desk import Desk
from app.ui.desk_core import DeskCore
from app.ui.garbage import GuiGarbage
from app.ui.icons import app_icon
from app.ui.keys import KeyFilter
from app.ui.main_window import MainWindow
from app.ui.panels import PANELS
from app.ui.screen_lock import ScreenLock
from app.ui.shell import WindowShell
from app.ui.sound_player import SoundPlayer
from app.ui.sounds import Sounds
from app.ui.vault_start import VaultStart

STOP_TIMEOUT_S, CANCEL_TIMEOUT_S = 10.0, 2.0
SLOW_CLOSE_MS, SAVE_DELAY_MS = 400, 2_000
LARGE_JOURNAL_BYTES = 2_000_000  # beyond it, reading takes a while in which the window stands still
SCREENSHOT_WAIT_S, SCREENSHOT_SETTLE_S = 20.0, 1.5
BENCH_VARIABLE = "MOORGATE_BENCH"


class Services(Protocol):
    """What the program is made of before there is a window; bootstrap builds it."""

    @property
    def settings_store(self) -> SettingsStore: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def paths(self) -> Paths: ...

    @property
    def engine(self) -> Engine: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def vault(self) -> Vault: ...


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """`screenshot`: save a picture of the window once chart and quotes are up, and end."""

    screenshot: Path | None = None


def run_window(services: Services, options: WindowOptions) -> int:
    """Show the window until the trader closes it; the exit code. Main thread only."""
    app = make_application(services.settings)
    session = Session(app, services, options)
    return session.run()


def make_application(settings: Settings) -> QApplication:
    """The QApplication in the trader's theme, or the one that exists already."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("Moorgate")
    app.setApplicationDisplayName("Moorgate")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("moorgate")
    app.setQuitOnLastWindowClosed(False)  # the end goes through Session.close
    app.setWindowIcon(app_icon())
    motion.use(settings.general.reduced_motion)
    theme.use(settings.general)
    fmt.use_zone(settings.general.timezone)
    return app


class FirstPaint(QObject):
    """Tells once when a window has been painted for the first time."""

    painted = Signal()

    def __init__(self, window: QObject) -> None:
        super().__init__(window)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self.painted.emit)
        return False


class Session(QObject):
    """One run of the window. Everything that must end is ended in `end`, in order."""

    def __init__(self, app: QApplication, services: Services, options: WindowOptions) -> None:
        super().__init__()
        self._app, self._services, self._options = app, services, options
        self._exit_code = 0
        self._is_closing = False
        self.is_over = False  # the engine has stopped, or had its time to
        engine, paths = services.engine, services.paths
        self.garbage = GuiGarbage(self)
        self.loop = make_loop(app)
        self.crash = CrashPath(redact, _recent_lines, self)
        engine.bus.on_failure = self._on_listener_failure
        self.tasks = Tasks(self.loop, self.crash.take)
        self.layouts = Layouts(paths.layouts_dir)
        commands = all_commands(
            [(spec.id, spec.title) for spec in PANELS], list(engine.connections.ids())
        )
        self.bridge = EngineBridge(engine.bus, self)
        self.core = DeskCore(
            engine,
            self.bridge,
            commands,
            services.settings_store,
            paths,
            self.tasks,
            self,
            vault=services.vault,
        )
        Desk(self.core)
        self.desk = ActiveDesk(self.core)
        self.window = MainWindow(self.desk, self.crash.take)
        self.arranger = Arranger(self.desk, self.window, self.layouts)
        self.shell = WindowShell(self.desk, self.window, self.arranger, self.close)
        self.keys = KeyFilter(self.desk, app)
        self.lock = ScreenLock(self.desk)
        self.crash.reported.connect(self.shell.show_crash)
        self.desk.armed_changed.connect(self._on_arming)
        self.desk.settings_changed.connect(self._on_settings)
        self.sounds = Sounds(
            self.bridge,
            engine.clock,
            lambda: engine.settings.notifications,
            self._is_ready,
            SoundPlayer(paths.sounds_dir, is_silent=app.platformName() == "offscreen"),
            self,
        )
        self._signals = SignalWatch(self._on_signal, self)
        self._saver = QTimer(self, singleShot=True, interval=SAVE_DELAY_MS)
        self._saver.timeout.connect(self.save)

    def run(self) -> int:
        """Show the window and turn the loop until the trader leaves; the exit code."""
        self.open()
        try:
            self.loop.run_forever()
        finally:
            self.end()
        return self._exit_code

    def open(self) -> None:
        """Put everything where it stood and show the window; the first paint starts the engine."""
        stored = self._stored_layout()
        self.window.panels.open_panels(late=False)
        self._restore(stored)
        if self._options.screenshot is not None:
            self.window.resize(window_state.DEFAULT_SIZE)  # a picture needs no screen to fit on
        self.crash.install(self.loop)
        first = FirstPaint(self.window)
        first.painted.connect(self._on_painted)
        self.window.show()
        if not stored:
            self.window.share_space()
        self.window.setFocus()

    def close(self) -> None:
        """Save, stop the engine, end the loop; asks nothing. Safe to call twice."""
        if not self._is_closing:
            self._is_closing = True
            self.tasks.spawn(self._close(), "closing")

    def save(self) -> None:
        """Write down the arrangement and what is chosen."""
        try:
            self.layouts.save(LAST, self.arranger.save_state())
        except MoorgateError as error:
            self.desk.notify(Severity.WARNING, f"The layout is not saved: {error}")
        except Exception as error:  # noqa: BLE001 - it must not keep the engine from stopping
            self.crash.take(error, "saving the layout")

    def _save_soon(self, _change: object = None) -> None:
        if not self._is_closing:
            self._saver.start()

    async def _close(self) -> None:
        try:
            self._saver.stop()
            self.save()
            self.arranger.rest()
            self.keys.stop()
            self.lock.stop()
            self.desk.arming.disarm("the program is closing")
            self.window.setEnabled(False)
            await self.shell.end()
            await self._stop_engine()
            await self.tasks.cancel_all(CANCEL_TIMEOUT_S)
        finally:
            self.is_over = True
            self.loop.stop()

    async def _stop_engine(self) -> None:
        slow = QTimer(self, singleShot=True, interval=SLOW_CLOSE_MS)
        slow.timeout.connect(self._say_closing)
        slow.start()
        problem = await bounded(self.desk.engine.stop(), STOP_TIMEOUT_S, "the engine")
        if problem is not None:
            self._exit_code = 1
            sys.stderr.write(f"moorgate: {problem}; the journal holds every order\n")
        slow.stop()

    def end(self) -> None:
        """Let go of window, hooks and loop, in this order; after it nothing of the session runs."""
        self._signals.close()
        self.bridge.close()
        self.arranger.end()
        self.window.allow_close()
        self.window.close()
        self.window.deleteLater()
        self.crash.uninstall()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        self.loop.close()
        asyncio.set_event_loop(None)
        self.garbage.stop()

    def _on_painted(self) -> None:
        _bench("painted")
        self.window.panels.open_panels(late=True)
        self.tasks.spawn(self._start(), "starting")
        QTimer.singleShot(0, self, self._on_interactive)

    def _on_interactive(self) -> None:
        _bench("interactive")
        self.garbage.settle()
        self.window.status.start()
        self.keys.labels.ask()
        self.lock.start()
        for signal_ in (self.desk.selection_changed, self.desk.size_changed):
            signal_.connect(self._save_soon)
        self.core.active_changed.connect(self._save_soon)
        self.arranger.changed.connect(self._save_soon)
        self.arranger.begin()
        if self._options.screenshot is not None:
            self.tasks.spawn(self._take_screenshot(self._options.screenshot), "screenshot")

    async def _start(self) -> None:
        reading = self._say_reading()
        try:
            await self.desk.engine.start(autoconnect=False)
        except MoorgateError as error:
            self.desk.notify(Severity.ERROR, str(error))
            return
        finally:
            if reading is not None:
                reading.deleteLater()
        somebody = self._options.screenshot is None
        await VaultStart(self.desk, self.window).connect_all(ask=somebody)

    async def _take_screenshot(self, path: Path) -> None:
        alive = asyncio.Event()

        def look(_event: object) -> None:
            if self._is_alive():
                alive.set()

        self.bridge.quotes_flushed.connect(look)
        with contextlib.suppress(TimeoutError):  # then the picture shows what there is
            await asyncio.wait_for(alive.wait(), SCREENSHOT_WAIT_S)
        self.bridge.quotes_flushed.disconnect(look)
        await asyncio.sleep(SCREENSHOT_SETTLE_S)
        if not self.window.grab().save(str(path), "PNG"):
            self._exit_code = 1
            sys.stderr.write(f"moorgate: the picture cannot be written to {path}\n")
        self.close()

    def _is_alive(self) -> bool:
        key = self.desk.selection.market_key
        return key is not None and self.desk.engine.market.quote(key) is not None

    def _stored_layout(self) -> dict[str, Any]:
        self.layouts.sweep()
        try:
            return self.layouts.load(LAST) or {}
        except MoorgateError as error:
            self.desk.notify(Severity.WARNING, f"{error} The default layout is shown.")
            return {}

    def _restore(self, stored: dict[str, Any]) -> None:
        if not stored:
            return
        if not self.arranger.restore_state(stored):
            self.layouts.keep(LAST)
            self.desk.notify(
                Severity.WARNING,
                "The last arrangement cannot be read: this is the default one. What it was is kept"
                f" as {LAST}.kept in {self._services.paths.layouts_dir}",
            )

    def _on_signal(self, number: int) -> None:
        """Asked to end by the system: in order, but without a question nobody may answer."""
        self.desk.notify(Severity.INFO, f"Closing on {signal.Signals(number).name}")
        self.close()

    def _on_arming(self, is_armed: bool, reason: str) -> None:
        self._services.journal.audit("armed" if is_armed else "disarmed", reason)

    def _on_settings(self, settings: Settings) -> None:
        motion.use(settings.general.reduced_motion)
        theme.use(settings.general)

    def _is_ready(self, connection_id: ConnectionId) -> bool:
        connections = self.desk.engine.connections
        is_there = connection_id in connections.ids()
        return is_there and connections.state(connection_id) is ConnectionState.READY

    def _on_listener_failure(self, error: BaseException) -> None:
        self.crash.take(error, "a listener of the engine")

    def _say_closing(self) -> None:
        self._say_in_middle("closing", "Closing: waiting for the brokers and the journal…")

    def _say_reading(self) -> QLabel | None:
        size_bytes = self._services.paths.journal_file.stat().st_size
        if size_bytes < LARGE_JOURNAL_BYTES:
            return None
        text = f"Reading the journal ({size_text(size_bytes)}): the window answers after it…"
        label = self._say_in_middle("reading_journal", text)
        label.repaint()  # at once: nothing is painted while it is read
        return label

    def _say_in_middle(self, name: str, text: str) -> QLabel:
        label = QLabel(text, self.window)
        label.setObjectName(name)
        label.setStyleSheet(
            f"background: {theme.color('toast').name()}; color: {theme.color('text').name()};"
            " padding: 18px 30px; border-radius: 6px;"
        )
        label.adjustSize()
        label.move(self.window.rect().center() - label.rect().center())
        label.show()
        return label


def _recent_lines(count: int) -> list[str]:
    return [
        f"{line.at.isoformat(timespec='milliseconds')} {line.level_name} {line.topic}: {line.text}"
        for line in base_log.ring().records[-count:]
    ]


def _bench(moment: str) -> None:
    """A line for the start-up benchmark, only where it asks for it."""
    if os.environ.get(BENCH_VARIABLE):
        sys.stdout.write(f"moorgate {moment}\n")
        sys.stdout.flush()
