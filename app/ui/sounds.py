"""Which events are heard: a fill, a refusal, a lost line, as the settings say. GUI thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from PySide6.QtCore import QObject

from app.base.clock import Clock
from app.domain.events import ConnectionChanged, ExecutionBooked, OrderChanged
from app.domain.ids import ConnectionId, ExecId
from app.domain.order_events import OrderDenied, OrderRejected
from app.engine.health import ConnectionState
from app.store.settings import NotificationSettings
from app.ui.bridge import EngineBridge

FILL, REJECT, DISCONNECT = "fill", "reject", "disconnect"
# One sound for what comes closer together than this, and again if it goes on for that long.
QUIET_S, STILL_GOING_S = 1.0, 5.0
NEWS_S = 60.0  # an older fill is no news: it comes from a list that was read
_REMEMBERED = 1000
_LOST = (ConnectionState.RECONNECTING.value, ConnectionState.FAILED.value)


class Player(Protocol):
    """What plays a sound; `sound_player.SoundPlayer` is one."""

    def play(self, name: str, volume_percent: int) -> bool:
        """Begin to play it; False where nothing can be heard."""
        ...


class Sounds(QObject):
    """Rings for what happens now; what is read from a broker at connecting is silent.

    `settings()` says what is wanted at the moment, `is_ready()` whether a connection was compared
    with its broker and takes orders.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        clock: Clock,
        settings: Callable[[], NotificationSettings],
        is_ready: Callable[[ConnectionId], bool],
        player: Player,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._clock, self._settings, self._is_ready = clock, settings, is_ready
        self._player = player
        self._rang: dict[str, float] = {}
        self._heard: dict[str, float] = {}
        self._states: dict[ConnectionId, str] = {}
        self._fills: OrderedDict[tuple[ConnectionId, ExecId], None] = OrderedDict()
        bridge.execution_booked.connect(self._on_execution)
        bridge.order_changed.connect(self._on_order)
        bridge.connection_changed.connect(self._on_connection)
        bridge.connection_removed.connect(self._on_removed)

    def ring(self, kind: str) -> bool:
        """Play a sound of this kind unless it is switched off or was heard just now."""
        settings = self._settings()
        if not settings.sounds or not _is_wanted(settings, kind):
            return False
        now = self._clock.monotonic()
        before, rang = self._heard.get(kind), self._rang.get(kind)
        self._heard[kind] = now
        is_burst = before is not None and now - before < QUIET_S
        if is_burst and rang is not None and now - rang < STILL_GOING_S:
            return False
        self._rang[kind] = now
        return self._player.play(kind, settings.volume_percent)

    def _on_execution(self, event: ExecutionBooked) -> None:
        fill = event.execution
        key = (fill.connection_id, fill.exec_id)
        is_known = key in self._fills
        self._fills[key] = None
        while len(self._fills) > _REMEMBERED:
            self._fills.popitem(last=False)
        is_news = fill.revision == 0 and not is_known and self._is_news(fill.at)
        if is_news and self._is_ready(fill.connection_id):
            self.ring(FILL)

    def _on_order(self, event: OrderChanged) -> None:
        told = event.event
        is_refusal = isinstance(told, OrderDenied | OrderRejected) and not told.reconciliation
        if is_refusal and self._is_news(told.at):
            self.ring(REJECT)

    def _on_connection(self, event: ConnectionChanged) -> None:
        before = self._states.get(event.connection_id)
        self._states[event.connection_id] = event.state
        if before == ConnectionState.READY.value and event.state in _LOST:
            self.ring(DISCONNECT)

    def _on_removed(self, event: object) -> None:
        self._states.pop(getattr(event, "connection_id", ConnectionId("")), None)

    def _is_news(self, at: datetime) -> bool:
        return (self._clock.now() - at).total_seconds() < NEWS_S


def _is_wanted(settings: NotificationSettings, kind: str) -> bool:
    return {
        FILL: settings.sound_on_fill,
        REJECT: settings.sound_on_reject,
        DISCONNECT: settings.sound_on_disconnect,
    }[kind]
