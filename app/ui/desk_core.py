"""What all link groups share: engine, commands, keys, arming, notices, settings. GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.errors import MoorgateError
from app.base.paths import Paths
from app.commands import running
from app.commands.arming import Arming
from app.commands.catalog import list_connections
from app.commands.context import Shell
from app.commands.journal import TradeJournal
from app.commands.keymap import Keymap
from app.commands.order_news import OrderNews
from app.commands.registry import CommandRegistry
from app.commands.told import Told
from app.commands.undo import UndoStack
from app.domain.events import ConnectionChanged, ConnectionRemoved, OrderChanged
from app.domain.ids import ConnectionId
from app.domain.reports import Severity
from app.engine.engine import Engine
from app.engine.health import ConnectionState
from app.store.settings import Settings, SettingsStore
from app.store.vault import Vault
from app.ui.aio import Tasks
from app.ui.bridge import EngineBridge
from app.ui.format import use_zone
from app.ui.input_age import InputAge
from app.ui.off_thread import off_thread
from app.ui.trade_state import TradeState

if TYPE_CHECKING:
    from app.ui.desk import Desk

log = logging.getLogger("moorgate.desk")

IDLE_CHECK_MS = 5_000
ARMING = "trading.arm_keys"  # whose sentence it is, whatever disarmed
_DOWN = {
    ConnectionState.RECONNECTING.value: Severity.WARNING,
    ConnectionState.FAILED.value: Severity.ERROR,
}


class Keep(Enum):
    """Says of an argument that its value stays."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for the trader; `command_id` is the command that says it, empty for none."""

    severity: Severity
    text: str
    command_id: str = ""


class DeskCore(QObject):
    """One for the program; every `Desk` of a link group stands on it.

    `noticed` carries a `Message`; `order_news` a sentence on what became of an order since it was
    last spoken of; `armed_changed` the state and its reason; `commands_changed`
    says that there are other commands or keys than before; `settings_changed` carries the
    Settings that hold from now on; `active_changed` the Desk whose group the trader works in.
    """

    noticed = Signal(object)
    order_news = Signal(str)
    armed_changed = Signal(bool, str)
    commands_changed = Signal()
    settings_changed = Signal(object)
    active_changed = Signal(object)

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
        self.input_age = InputAge(engine.clock, self)
        self.trade = TradeState(engine, bridge, self.arming, self)
        self.undo = UndoStack(self.notify, lambda: self.keymap.text_of("view.undo"))
        self.journal = TradeJournal(engine, off_thread, self.undo, self.spawn)
        self.desks: list[Desk] = []
        self._active: Desk | None = None
        self._tasks = tasks
        self._shell: Shell | None = None
        self._states: dict[ConnectionId, str] = {}
        self._told_down: dict[ConnectionId, str] = {}  # the state in which it was said to be down
        self._idle = QTimer(self)
        self._idle.setInterval(IDLE_CHECK_MS)
        self._idle.timeout.connect(self.arming.beat)
        bridge.connection_changed.connect(self._on_connection)
        bridge.connection_added.connect(self._list_connections)
        self._order_news = OrderNews()
        bridge.order_changed.connect(self._on_order)
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
    def active(self) -> Desk:
        """The Desk of the group the trader works in. Raises RuntimeError before there is one."""
        if self._active is None:
            raise RuntimeError("there is no desk yet")
        return self._active

    def add(self, desk: Desk) -> None:
        """A group's Desk comes in; the first one is active."""
        self.desks.append(desk)
        if self._active is None:
            self._active = desk

    def remove(self, desk: Desk) -> None:
        """A group ends; was it the active one, the first takes over."""
        self.trade.staging.forget(desk, "its link group was closed")
        self.desks.remove(desk)
        desk.leave()
        if self._active is desk and self.desks:
            self.activate(self.desks[0])

    def activate(self, desk: Desk) -> None:
        """From now on commands and keys work on this group; another account disarms."""
        before = self._active
        if desk is before:
            return
        self._active = desk
        if before is not None:
            self.note_account(before.account, desk.account)
        self.lose_focus_elsewhere(desk)
        self.active_changed.emit(desk)

    def lose_focus_elsewhere(self, desk: Desk) -> None:
        """Price keys must not move an order of an instrument that the trader has turned from."""
        focus, instrument = self.trade.order_focus, desk.selection.instrument
        order = self.engine.orders.book.get(focus.own_id)
        if order is None or instrument is None:
            return
        if order.request.instrument.key != instrument.key:
            focus.set(None)

    def note_account(self, before: tuple[Any, Any], after: tuple[Any, Any]) -> None:
        """Keys that are armed for one account are not armed for another."""
        if after != before:
            self.arming.disarm("another account was chosen")

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> object:
        """Run `work` in the background; what it raises on purpose is shown as a sentence."""
        return self._tasks.spawn(Told(work, self._tell), name)

    def notify(self, severity: Severity, text: str) -> None:
        """A sentence for the status bar and the log, loud ones also as a toast."""
        log.info("%s", text)
        self.noticed.emit(Message(severity, text, running.current()))

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
        keys_before = self.engine.settings.keys
        self.engine.apply_settings(saved)
        if saved.keys != keys_before:
            self.change_commands(lambda _: None)
        self.arming.idle_s = saved.general.idle_disarm_minutes * 60.0
        self.trade.staging.check()  # staged mode may be off now
        use_zone(saved.general.timezone)
        self.settings_changed.emit(saved)
        return True

    def change_commands(self, change: Callable[[CommandRegistry], None]) -> None:
        """Add or remove commands; keys and menus follow."""
        change(self.commands)
        labels = self.keymap.labels
        self.keymap = Keymap(self.commands, self.engine.settings.keys, labels)
        self.commands_changed.emit()

    def _tell(self, error: MoorgateError) -> None:
        self.notify(Severity.ERROR, str(error))

    def _on_arming(self, is_armed: bool, reason: str) -> None:
        if is_armed:
            self._idle.start()
        else:
            self._idle.stop()
        self.armed_changed.emit(is_armed, reason)
        text = "Armed" if is_armed else f"Disarmed: {reason.removeprefix('disarmed ')}"
        self.noticed.emit(Message(Severity.INFO, text, ARMING))

    def _on_order(self, event: OrderChanged) -> None:
        if text := self._order_news.hear(event.order):
            self.order_news.emit(text)

    def _on_connection(self, event: ConnectionChanged) -> None:
        old = self._states.get(event.connection_id)
        self._states[event.connection_id] = event.state
        if event.state == old:
            return
        ready, again = ConnectionState.READY.value, ConnectionState.RECONNECTING.value
        if old == ready:
            self.arming.disarm(f"{event.connection_id} was interrupted")
        elif event.state == ready:
            if old == again:
                self.arming.disarm(f"{event.connection_id} was connected anew")
            for desk in tuple(self.desks):
                desk.adopt(event.connection_id)
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
        for desk in tuple(self.desks):
            desk.abandon(event.connection_id)
        self._list_connections()

    def _list_connections(self, _event: object = None) -> None:
        """Commands, keys and menus for the connections that there are now."""
        ids = self.engine.connections.ids()
        self.change_commands(lambda commands: list_connections(commands, ids))
