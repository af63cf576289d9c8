"""Puts the program together: home, settings, log, journal, engine, and then the window or not."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.base import log as base_log
from app.base.clock import Clock, SystemClock
from app.base.errors import MoorgateError, UserError
from app.base.paths import Paths, resources_dir
from app.brokers import registry
from app.engine.engine import Engine
from app.store.history import History
from app.store.journal import Journal
from app.store.settings import Settings, SettingsStore
from app.store.vault import Vault

# While a broker's thread computes, the window waits this long for its turn instead of 5 ms:
# measured to bring the window's worst delay under load from 80 ms and more to 13 ms.
SWITCH_INTERVAL_S = 0.0005


def open_settings(paths: Paths) -> SettingsStore:
    """The door to this home's settings, which knows the brokers' own fields."""
    return SettingsStore(paths.settings_file, registry.broker_info, registry.broker_ids)


@dataclass
class Services:
    """What the program is made of, window or not. `close` when the engine has stopped."""

    paths: Paths
    settings_store: SettingsStore
    settings: Settings
    clock: Clock
    journal: Journal
    history: History
    engine: Engine
    vault: Vault

    def close(self) -> None:
        """Write what waits and let the next terminal into this home."""
        self.journal.close()
        self.history.close()
        base_log.shut_down()


def build(
    paths: Paths, choose: Callable[[Settings], Settings] = lambda settings: settings
) -> Services:
    """Everything below the window, not started yet. `choose` may narrow the settings down.

    Raises SettingsError for a wrong settings.toml, and StoreError for a home that another
    Moorgate works on or whose files cannot be used; nothing is left open then.
    """
    base_log.configure(paths.log_file)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    store = open_settings(paths)
    settings = choose(store.load())
    clock = SystemClock()
    with contextlib.ExitStack() as opened:
        journal = opened.enter_context(Journal(paths.journal_file, clock))
        history = opened.enter_context(contextlib.closing(History(paths.history_file)))
        vault = Vault(paths, os.environ)
        engine = Engine.create(
            settings, paths, clock, journal, history, vault.read, resources_dir()
        )
        services = Services(paths, store, settings, clock, journal, history, engine, vault)
        opened.pop_all()  # from here on Services.close closes them
    return services


def open_window(paths: Paths, screenshot: Path | None = None) -> int:
    """Run the window until it is closed; the exit code. Main thread.

    Raises UserError where no window can be opened, and what `build` raises.
    """
    _require_display(screenshot is not None)
    try:
        from app.ui.app import WindowOptions, run_window
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("app."):
            raise
        raise UserError(
            f"the window needs the package {error.name!r}, which is not installed: run pip install"
            " moorgate again. The command line (moorgate selfcheck, export) works without it"
        ) from error
    from app.ui.startup_error import has_screen, is_anybody_watching, show_startup_error

    try:
        services = build(paths)
    except MoorgateError as error:
        if has_screen() and not is_anybody_watching():
            show_startup_error(str(error))
        raise
    try:
        return run_window(services, WindowOptions(screenshot=screenshot))
    finally:
        services.close()


def _require_display(is_picture: bool) -> None:
    """Qt would abort the whole process with a core dump; say it in words instead."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return
    if is_picture:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        return
    raise UserError(
        "there is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set)."
        " Use moorgate selfcheck, or moorgate run --screenshot FILE for a picture of the window"
    )
