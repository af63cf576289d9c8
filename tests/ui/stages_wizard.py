"""The way to a broker, page by page: through TWS with all well and with nothing listening."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from PySide6.QtWidgets import QWidget

from app.brokers.ibkr_tws import ports
from app.brokers.ibkr_tws import setup as tws_setup
from tests.doubles.tws.peer import TwsPeer
from tests.ui.shell.conftest import Driver
from tests.ui.stages_acting import Act, Stage, stays
from tests.ui.wizard.pages import DOWN, ESC, Pages

_peers: list[TwsPeer] = []
_open: list[Pages] = []
STEPS = ("way", "find", "settings", "account", "permissions", "limits", "name")


@contextmanager
def _tws() -> Iterator[None]:
    """A TWS at the only port that is looked at."""
    usual, setup = dict(ports.DEFAULT_PORTS), tws_setup.TwsSetup
    quick = partial(setup, dialog_patience_s=1.0, data_patience_s=0.5)
    try:
        with TwsPeer() as peer:
            _peers.append(peer)
            ports.DEFAULT_PORTS.clear()
            ports.DEFAULT_PORTS[peer.port] = ports.PortMeaning("TWS", "paper")
            setattr(tws_setup, "TwsSetup", quick)  # noqa: B010 - mypy forbids to assign a class
            yield
    finally:
        setattr(tws_setup, "TwsSetup", setup)  # noqa: B010 - as above
        ports.DEFAULT_PORTS.clear()
        ports.DEFAULT_PORTS.update(usual)
        _peers.clear()
        _open.clear()


def _begin(driver: Driver) -> QWidget:
    _open.append(Pages(driver, command="connections.new"))
    return _open[-1].dialog


def _on(_driver: Driver) -> QWidget:
    _open[-1].on()
    return _open[-1].dialog


def _leave(_driver: Driver) -> None:
    pages = _open.pop()
    pages.press(ESC)
    if pages.wizard.is_touched:
        pages.agree()
    pages.until_closed()


def _edit(driver: Driver) -> QWidget:
    _open.append(Pages(driver, command="connections.edit_paper"))
    return _open[-1].dialog


def _nothing_listens(driver: Driver) -> QWidget:
    _peers[0].stop()
    _begin(driver)
    _open[-1].on(2)
    return _open[-1].dialog


def _paper(driver: Driver) -> QWidget:
    pages = Pages(driver, command="connections.new")
    _open.append(pages)
    while pages.view.chosen != "Paper account":
        pages.press(DOWN)
    pages.on()
    return pages.dialog


def _asks(_driver: Driver) -> QWidget:
    """Called off in the middle: it asks whether to."""
    _open[-1].press(ESC)
    return _open[-1].question()


def _agreed(_driver: Driver) -> None:
    pages = _open.pop()
    pages.agree()
    pages.until_closed()


WIZARD = Act(
    (
        Stage("wizard-broker", _begin, stays),
        *(Stage(f"wizard-{name}", _on, stays) for name in STEPS),
        Stage("wizard-finish", _on, _leave),
        Stage("wizard-paper", _paper, stays),
        Stage("wizard-cancel", _asks, _agreed),
        Stage("connection-edit", _edit, _leave),
        Stage("wizard-nothing-listens", _nothing_listens, _leave),
    ),
    around=_tws,
)
