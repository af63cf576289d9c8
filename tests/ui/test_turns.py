"""Work in pieces: in order, one a turn, and what waits is done in between."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from pytestqt.qtbot import QtBot

from app.ui.turns import Turns


class _Waiting(QObject):
    """Notes when an event that was posted arrives."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self._seen = seen

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.User:
            self._seen.append("event")
        return super().event(event)


def test_one_piece_a_turn_and_events_between(qtbot: QtBot) -> None:
    seen: list[str] = []
    waiting = _Waiting(seen)
    turns = Turns(waiting)

    def first() -> None:
        seen.append("first")
        QCoreApplication.postEvent(waiting, QEvent(QEvent.Type.User))

    turns.add(first)
    turns.add(lambda: seen.append("second"))
    assert seen == []
    qtbot.waitUntil(lambda: not len(turns))
    assert seen == ["first", "event", "second"]


def test_whoever_is_woken_by_one_timer_and_goes_on_with_the_next_comes_between(
    qtbot: QtBot,
) -> None:
    """As asyncio does; else two pieces would hold up what brokers tell as one long one."""
    seen: list[str] = []
    owner = QObject()
    woken = QTimer(owner, singleShot=True, interval=0)
    goes_on = QTimer(owner, singleShot=True, interval=0)
    woken.timeout.connect(goes_on.start)
    goes_on.timeout.connect(lambda: seen.append("goes on"))
    turns = Turns(owner)
    turns.add(woken.start)
    turns.add(lambda: seen.append("second"))
    qtbot.waitUntil(lambda: not len(turns))
    assert seen == ["goes on", "second"]


def test_what_is_cleared_is_not_done_and_a_piece_that_fails_stops_no_other(
    qtbot: QtBot,
) -> None:
    seen: list[str] = []
    owner = QObject()
    turns = Turns(owner)
    turns.add(lambda: seen.append("forgotten"))
    turns.clear()
    turns.add(lambda: int("none"))
    turns.add(lambda: seen.append("after"))
    with qtbot.captureExceptions() as failures:
        qtbot.waitUntil(lambda: not len(turns))
    assert [kind for kind, _, _ in failures] == [ValueError]
    assert seen == ["after"]
