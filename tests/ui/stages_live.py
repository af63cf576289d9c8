"""Real money: the frame, the badges, the ticket and every question before something is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.engine.health import ConnectionState
from app.ui.panels.watchlist import WatchlistPanel
from tests.doubles import live_broker
from tests.doubles.live_broker import LIVE, only_live
from tests.ui.shell.conftest import ALT, CTRL, SHIFT, Driver
from tests.ui.stages_acting import Act, Stage, asked, opens, panel, run
from tests.ui.stages_day import _dock, _float, confirm

K = Qt.Key


@contextmanager
def _known() -> Iterator[None]:
    live_broker.install()
    try:
        yield
    finally:
        live_broker.remove()


def _connected(driver: Driver) -> QWidget:
    """Connected to a live account for the first time: no symbol is watched yet."""
    driver.do(driver.engine.connections.connect(LIVE))
    driver.until(lambda: driver.engine.connections.state(LIVE) is ConnectionState.READY)
    return driver.window


def _live(driver: Driver) -> QWidget:
    """With a position and an order."""
    watchlist = driver.window.docks["watchlist"].panel
    assert isinstance(watchlist, WatchlistPanel)
    [instrument, *_] = driver.do(driver.engine.instruments.search(LIVE, "INDA"))
    driver._on_loop(lambda: watchlist.add(LIVE, instrument))
    driver._on_loop(lambda: driver.desk.select(instrument=instrument, connection_id=LIVE))
    driver.until(driver._has_quote)
    driver.window.setFocus()
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.press(K.Key_B, CTRL | ALT)
    driver.press(K.Key_J, CTRL | ALT)
    driver.until(lambda: len(driver.orders()) == 2)
    driver.until(lambda: any(view.quantity for view in driver.engine.portfolio.positions()))
    return driver.window


LIVE_ACT = Act(
    (
        Stage("live-connected", _connected),
        Stage("live", _live),
        Stage("live-positions", panel("positions")),
        Stage("live-floating", _float, _dock),
        Stage("live-confirm-order", asked(confirm)),
        Stage("live-flatten", asked(run("trading.flatten_everything"))),
        Stage("live-exit", asked(run("file.exit_program"))),
        Stage("live-connections", opens("settings:connections")),
    ),
    choose=only_live,
    around=_known,
)
