"""Staged order, dry run and focused order of the whole program, as Qt signals. GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.commands.arming import Arming
from app.commands.dry_run import DryRun
from app.commands.order_focus import OrderFocus
from app.commands.staging import Staging
from app.engine.engine import Engine
from app.ui.bridge import EngineBridge

CHECK_MS = 1_000


class TradeState(QObject):
    """One for the program. It ends a staged order where staging itself cannot see the reason.

    Signals:
        staging_changed(): another order is staged, or none any more.
        dry_run_changed(bool): the dry run was switched.
        focus_changed(): another order is focused.
    """

    staging_changed = Signal()
    dry_run_changed = Signal(bool)
    focus_changed = Signal()

    def __init__(
        self, engine: Engine, bridge: EngineBridge, arming: Arming, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.staging, self.dry_run = Staging(engine.clock), DryRun()
        self.order_focus = OrderFocus()
        self._clock = QTimer(self, interval=CHECK_MS)  # runs only while something is staged
        self._clock.timeout.connect(self._check)
        self.staging.listen(self._on_staging)
        self.dry_run.listen(self.dry_run_changed.emit)
        self.order_focus.listen(self.focus_changed.emit)
        arming.listen(self._on_arming)
        bridge.connection_changed.connect(self._check)
        bridge.connection_removed.connect(self._check)

    def _on_staging(self) -> None:
        if self.staging.staged is None:
            self._clock.stop()
        else:
            self._clock.start()
        self.staging_changed.emit()

    def _on_arming(self, is_armed: bool, reason: str) -> None:
        if not is_armed:
            self.staging.drop(f"disarmed: {reason}")

    def _check(self, _event: object = None) -> None:
        self.staging.check()
