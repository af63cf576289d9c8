"""The bridge: a signal for every event, each event carried once, in the GUI thread."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from inspect import getmembers, isclass

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QApplication

from app.base.bus import EventBus
from app.domain import events
from app.domain.reports import Severity
from app.ui.bridge import EngineBridge

# Parts of events, not events.
VIEWS = {"PositionView", "AccountView"}


def event_names() -> set[str]:
    found = {
        name for name, kind in getmembers(events, isclass) if kind.__module__ == events.__name__
    }
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in found - VIEWS}


def signal_names() -> set[str]:
    return {name for name, value in vars(EngineBridge).items() if isinstance(value, Signal)}


def test_signals_and_events_match_by_name() -> None:
    assert signal_names() == event_names()


def test_every_event_reaches_its_signal_and_no_other(qapp: QApplication) -> None:
    bus = EventBus()
    bridge = EngineBridge(bus)
    heard: list[tuple[str, object]] = []
    for name in signal_names():
        signal: SignalInstance = getattr(bridge, name)
        signal.connect(lambda event, name=name: heard.append((name, event)))
    notice = events.NoticeRaised(
        Severity.INFO, "test", "hello", datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
    )
    full = events.StorageFailed("disk full")
    bus.publish(notice)
    bus.publish(full)
    assert heard == [("notice_raised", notice), ("storage_failed", full)]
    bridge.close()
    bus.publish(notice)
    assert len(heard) == 2


def test_it_lives_in_the_gui_thread(qapp: QApplication) -> None:
    assert EngineBridge(EventBus()).thread() is qapp.thread()
    refused: list[str] = []

    def elsewhere() -> None:
        try:
            EngineBridge(EventBus())
        except RuntimeError as error:
            refused.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert refused == ["the bridge must be made in the GUI thread"]
