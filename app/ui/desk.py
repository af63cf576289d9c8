"""The desk: what every panel is given, and the context in which commands run. GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.errors import MoorgateError
from app.base.paths import Paths
from app.commands.arming import Arming
from app.commands.catalog import list_connections
from app.commands.context import Selection, Shell
from app.commands.keymap import Keymap
from app.commands.registry import CommandRegistry
from app.domain.events import ConnectionChanged, ConnectionRemoved
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.reports import Severity
from app.engine.engine import Engine
from app.engine.health import ConnectionState
from app.store.settings import Settings, SettingsStore
from app.store.vault import Vault
from app.ui.aio import Tasks
from app.ui.bridge import EngineBridge
from app.ui.format import use_zone

__all__ = ["Desk", "Message", "Selection"]

log = logging.getLogger("moorgate.desk")

IDLE_CHECK_MS = 5_000
_DOWN = {
    ConnectionState.RECONNECTING.value: Severity.WARNING,
    ConnectionState.FAILED.value: Severity.ERROR,
}


class _Keep(Enum):
    KEEP = "keep"


KEEP = _Keep.KEEP


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for the trader."""

    severity: Severity
    text: str


class Desk(QObject):
    """One selection, one size, one arming state, shared by every panel of the window.

    `noticed` carries a `Message`; `armed_changed` the state and its reason; `price_picked` a
    Decimal that was clicked on; `order_focused` the Order under the cursor in the Orders table;
    `commands_changed` says that there are other commands or keys than before; `settings_changed`
    carries the Settings that hold from now on.
    """

    selection_changed = Signal(object)
    size_changed = Signal(object)
    price_picked = Signal(object)
    order_focused = Signal(object)
    noticed = Signal(object)
    armed_changed = Signal(bool, str)
    commands_changed = Signal()
    settings_changed = Signal(object)

    def __init__(
        self,
        engine: Engine,
        bridge: EngineBridge,
        commands: CommandRegistry,
        settings_store: SettingsStore,
        paths: Paths,
        tasks: Tasks,
        parent: QObject | None = None,
        *,
        vault: Vault,
    ) -> None:
        super().__init__(parent)
        settings = engine.settings
        self.engine, self.bridge, self.commands = engine, bridge, commands
        self.settings_store, self.paths, self.vault = settings_store, paths, vault
        self.keymap = Keymap(commands, settings.keys)
        self.arming = Arming(engine.clock, settings.general.idle_disarm_minutes)
        self.arming.listen(self._on_arming)
        self._tasks = tasks
        self._shell: Shell | None = None
        self._selection = Selection()
        self._size = settings.trading.default_quantity
        self._states: dict[ConnectionId, str] = {}
        self._told_down: dict[ConnectionId, str] = {}  # the state in which it was said to be down
        self._idle = QTimer(self)
        self._idle.setInterval(IDLE_CHECK_MS)
        self._idle.timeout.connect(self.arming.check_idle)
        bridge.connection_changed.connect(self._on_connection)
        bridge.connection_added.connect(self._list_connections)
        bridge.connection_removed.connect(self._on_removed)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.engine.settings

    @property
    def shell(self) -> Shell:
        """The window. Raises RuntimeError before there is one."""
        if self._shell is None:
            raise RuntimeError("the desk has no window yet")
        return self._shell

    def set_shell(self, shell: Shell) -> None:
        """Tell the desk its window."""
        self._shell = shell

    @property
    def home(self) -> Path:
        """The folder of the program's data."""
        return self.paths.home

    @property
    def selection(self) -> Selection:
        """Connection, account and instrument that panels show and keys trade."""
        return self._selection

    def select(
        self,
        *,
        instrument: Instrument | _Keep | None = KEEP,
        connection_id: ConnectionId | _Keep | None = KEEP,
        account_id: AccountId | _Keep | None = KEEP,
    ) -> None:
        """Change what is chosen; what is not named stays. Another account disarms.

        A new connection without an account takes that connection's first one; a connection that
        does not exist is no connection.
        """
        old = self._selection
        chosen = old.connection_id if isinstance(connection_id, _Keep) else connection_id
        if chosen not in self.engine.connections.ids():
            chosen = None
        account = old.account_id if isinstance(account_id, _Keep) else account_id
        if isinstance(account_id, _Keep) and chosen != old.connection_id:
            account = self._first_account(chosen)
        new = Selection(
            chosen, account, old.instrument if isinstance(instrument, _Keep) else instrument
        )
        if new == old:
            return
        self._selection = new
        had_account = old.connection_id is not None and old.account_id is not None
        if had_account and (new.connection_id, new.account_id) != (
            old.connection_id,
            old.account_id,
        ):
            self.arming.disarm("another account was chosen")
        self.selection_changed.emit(new)

    @property
    def size(self) -> Decimal:
        """Quantity of the next order, in units."""
        return self._size

    @size.setter
    def size(self, size: Decimal) -> None:
        self.set_size(size)

    def set_size(self, size: Decimal) -> None:
        """Choose the quantity of the next order; ignored unless it is more than zero."""
        if size == self._size or not size.is_finite() or size <= 0:
            return
        self._size = size
        self.size_changed.emit(size)

    def run(self, command_id: str) -> None:
        """Run a command; why it cannot run is shown in the status bar."""
        self.commands.run(command_id, self)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> object:
        """Run `work` in the background; what it raises on purpose is shown as a sentence."""
        return self._tasks.spawn(self._told(work), name)

    def notify(self, severity: Severity, text: str) -> None:
        """A sentence for the status bar and the log, loud ones also as a toast."""
        log.info("%s", text)
        self.noticed.emit(Message(severity, text))

    def save_setting(self, section: str, key: str, value: Any) -> bool:
        """Save one setting and let it hold at once; False when it could not be, which is said."""
        return self.save_settings(lambda: self.settings_store.save_value(section, key, value))

    def save_settings(self, write: Callable[[], Settings]) -> bool:
        """Let what `write` saved hold at once; False when it could not be saved, which is said.

        `write` calls the settings store, which blocks for one small file.
        """
        try:
            saved = write()
        except MoorgateError as error:
            self.notify(Severity.ERROR, str(error))
            return False
        self.engine.apply_settings(saved)
        self.arming.idle_s = saved.general.idle_disarm_minutes * 60.0
        use_zone(saved.general.timezone)
        self.settings_changed.emit(saved)
        return True

    async def _told(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await work
        except MoorgateError as error:
            self.notify(Severity.ERROR, str(error))
            return None

    def _first_account(self, connection_id: ConnectionId | None) -> AccountId | None:
        if connection_id is None:
            return None
        accounts = self.engine.connections.accounts(connection_id)
        return next((report.account_id for report in accounts), None)

    def _on_arming(self, is_armed: bool, reason: str) -> None:
        if is_armed:
            self._idle.start()
        else:
            self._idle.stop()
        self.armed_changed.emit(is_armed, reason)

    def _on_connection(self, event: ConnectionChanged) -> None:
        old = self._states.get(event.connection_id)
        self._states[event.connection_id] = event.state
        if event.state == old:
            return
        ready, again = ConnectionState.READY.value, ConnectionState.RECONNECTING.value
        if old == ready:
            self.arming.disarm(f"{event.connection_id} is {event.state}")
        elif event.state == ready:
            if old == again:
                self.arming.disarm(f"{event.connection_id} was connected anew")
            self._adopt(event.connection_id)
        self._tell_line(event)

    def _tell_line(self, event: ConnectionChanged) -> None:
        """Say once that a connection is lost or cannot be had, and once that it is back.

        The log has it already, with every attempt in between.
        """
        name, state = event.connection_id, event.state
        told = self._told_down.get(name)
        if state in _DOWN and state != told:
            self._told_down[name] = state
            word = "not connected" if state == ConnectionState.FAILED.value else state
            text = f"{name} is {word}: {event.text}".rstrip(": ")
            self.noticed.emit(Message(_DOWN[state], text))
        elif state == ConnectionState.READY.value and told is not None:
            self.noticed.emit(Message(Severity.INFO, f"{name} is connected again"))
        if state in (ConnectionState.READY.value, ConnectionState.OFFLINE.value):
            self._told_down.pop(name, None)

    def _on_removed(self, event: ConnectionRemoved) -> None:
        self._states.pop(event.connection_id, None)
        self._told_down.pop(event.connection_id, None)
        if self._selection.connection_id == event.connection_id:
            self.select(instrument=None, connection_id=None, account_id=None)
        self._list_connections()

    def _list_connections(self, _event: object = None) -> None:
        """Commands, keys and menus for the connections that there are now."""
        list_connections(self.commands, self.engine.connections.ids())
        self.keymap = Keymap(self.commands, self.engine.settings.keys)
        self.commands_changed.emit()

    def _adopt(self, connection_id: ConnectionId) -> None:
        """Complete the selection from a connection that has become ready."""
        chosen = self._selection
        if chosen.connection_id is None:
            self.select(connection_id=connection_id)
        elif chosen.connection_id == connection_id and chosen.account_id is None:
            self.select(account_id=self._first_account(connection_id))
