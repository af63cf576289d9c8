"""Engine events as Qt signals, one for each event class; nothing is translated or dropped."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal

from app.base.bus import EventBus
from app.domain import events


class EngineBridge(QObject):
    """Carries every event of `domain.events` from the bus to widgets.

    Made in the GUI thread; the bus speaks on the engine's thread, which is the same. Connect only
    methods of QObjects, so that a widget's end is also the end of its connection.
    """

    order_changed = Signal(object)
    execution_booked = Signal(object)
    position_changed = Signal(object)
    account_changed = Signal(object)
    connection_changed = Signal(object)
    connection_added = Signal(object)
    connection_removed = Signal(object)
    reconciled = Signal(object)
    quotes_flushed = Signal(object)
    depth_flushed = Signal(object)
    progress_made = Signal(object)
    notice_raised = Signal(object)
    risk_changed = Signal(object)
    storage_failed = Signal(object)
    instrument_found = Signal(object)
    note_saved = Signal(object)

    def __init__(self, bus: EventBus, parent: QObject | None = None) -> None:
        app = QCoreApplication.instance()
        if app is None or app.thread() is not QThread.currentThread():
            raise RuntimeError("the bridge must be made in the GUI thread")
        super().__init__(parent)
        self._unsubscribe: list[Callable[[], None]] = [
            bus.subscribe(events.OrderChanged, self.order_changed.emit),
            bus.subscribe(events.ExecutionBooked, self.execution_booked.emit),
            bus.subscribe(events.PositionChanged, self.position_changed.emit),
            bus.subscribe(events.AccountChanged, self.account_changed.emit),
            bus.subscribe(events.ConnectionChanged, self.connection_changed.emit),
            bus.subscribe(events.ConnectionAdded, self.connection_added.emit),
            bus.subscribe(events.ConnectionRemoved, self.connection_removed.emit),
            bus.subscribe(events.Reconciled, self.reconciled.emit),
            bus.subscribe(events.QuotesFlushed, self.quotes_flushed.emit),
            bus.subscribe(events.DepthFlushed, self.depth_flushed.emit),
            bus.subscribe(events.ProgressMade, self.progress_made.emit),
            bus.subscribe(events.NoticeRaised, self.notice_raised.emit),
            bus.subscribe(events.RiskChanged, self.risk_changed.emit),
            bus.subscribe(events.StorageFailed, self.storage_failed.emit),
            bus.subscribe(events.InstrumentFound, self.instrument_found.emit),
            bus.subscribe(events.NoteSaved, self.note_saved.emit),
        ]

    def close(self) -> None:
        """Hear nothing more; for the end of the window."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
