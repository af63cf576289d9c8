"""The desk of one link group: what every panel is given, and the context in which commands run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.commands.context import Selection, Shell
from app.commands.keymap import Keymap
from app.commands.ticket import TicketDraft
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.reports import Severity
from app.store.settings import Settings
from app.ui.desk_core import KEEP, DeskCore, Keep, Message

__all__ = ["Desk", "Message", "Selection"]

FIRST_GROUP = "a"


class Desk(QObject):
    """One selection and one size, shared by the panels of a link group. GUI thread.

    What is the program's, such as arming, keys and settings, is the same object through every
    Desk: it lives in `core`, whose signals are offered here too. `price_picked` carries a Decimal
    that was clicked on; `order_focused` the Order under the cursor in the Orders table;
    `ticket_filled` a TicketDraft for the group's ticket. The size belongs to the group, because it
    belongs to what the group trades.
    """

    selection_changed = Signal(object)
    size_changed = Signal(object)
    price_picked = Signal(object)
    order_focused = Signal(object)
    ticket_filled = Signal(object)

    def __init__(
        self, core: DeskCore, group: str = FIRST_GROUP, parent: QObject | None = None
    ) -> None:
        super().__init__(parent or core)
        self.core, self._group = core, group
        self.engine, self.bridge, self.commands = core.engine, core.bridge, core.commands
        self.settings_store, self.paths, self.vault = core.settings_store, core.paths, core.vault
        self.arming, self.undo = core.arming, core.undo
        self.journal = core.journal
        self.noticed, self.armed_changed = core.noticed, core.armed_changed
        self.commands_changed = core.commands_changed
        self.settings_changed = core.settings_changed
        trade = core.trade
        self.staging, self.dry_run = trade.staging, trade.dry_run
        self.order_focus = trade.order_focus
        self.staging_changed, self.dry_run_changed = trade.staging_changed, trade.dry_run_changed
        self.focus_changed = trade.focus_changed
        self._draft, self._size_source = TicketDraft(), ""
        self.order_focused.connect(self._on_order_focused)
        self._selection = Selection()
        self._size = core.settings.trading.default_quantity
        self._join()

    def _join(self) -> None:
        self.core.add(self)

    @property
    def group(self) -> str:
        """The link group: a letter, or the name of a single panel that is linked to none."""
        return self._group

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.engine.settings

    @property
    def keymap(self) -> Keymap:
        """Which key runs which command."""
        return self.core.keymap

    @keymap.setter
    def keymap(self, keymap: Keymap) -> None:
        self.core.keymap = keymap

    @property
    def shell(self) -> Shell:
        """The window. Raises RuntimeError before there is one."""
        return self.core.shell

    def set_shell(self, shell: Shell) -> None:
        """Tell the desk its window."""
        self.core.set_shell(shell)

    @property
    def home(self) -> Path:
        """The folder of the program's data."""
        return self.paths.home

    @property
    def selection(self) -> Selection:
        """Connection, account and instrument that panels show and keys trade."""
        return self._selection

    @property
    def account(self) -> tuple[ConnectionId | None, AccountId | None]:
        """Where an order of this group would go."""
        return self.selection.connection_id, self.selection.account_id

    def select(
        self,
        *,
        instrument: Instrument | Keep | None = KEEP,
        connection_id: ConnectionId | Keep | None = KEEP,
        account_id: AccountId | Keep | None = KEEP,
    ) -> None:
        """Change what is chosen; what is not named stays. Another account disarms.

        A new connection without an account takes that connection's first one; a connection that
        does not exist is no connection.
        """
        old, account_before = self._selection, self.account
        chosen = old.connection_id if isinstance(connection_id, Keep) else connection_id
        if chosen not in self.engine.connections.ids():
            chosen = None
        account = old.account_id if isinstance(account_id, Keep) else account_id
        if isinstance(account_id, Keep) and chosen != old.connection_id:
            account = self._first_account(chosen)
        new = Selection(
            chosen, account, old.instrument if isinstance(instrument, Keep) else instrument
        )
        if new == old:
            return
        self._selection = new
        if new.market_key != old.market_key:
            self._forget_market()
        if self.core.active is self:  # another group's account matters once that one is active
            self.core.note_account(account_before, self.account)
        self.selection_changed.emit(new)
        self.staging.check()

    def _forget_market(self) -> None:
        """Prices, and sizes made of them, mean nothing in another instrument."""
        self._draft = self._draft.without_prices()  # a ticket that is open does so itself
        self._size_source = ""  # the units stay, but they are no longer so much money
        if self.core.active is self:
            self.core.lose_focus_elsewhere(self)

    @property
    def size(self) -> Decimal:
        """Quantity of the next order, in units."""
        return self._size

    @size.setter
    def size(self, size: Decimal) -> None:
        self.set_size(size)

    @property
    def size_source(self) -> str:
        """The preset that the size was made of, empty for a size in units."""
        return self._size_source

    def set_size(self, size: Decimal, source: str = "") -> None:
        """Choose the quantity of the next order; ignored unless it is more than zero."""
        if not size.is_finite() or size <= 0:
            return
        self._size_source = source
        if size != self._size:
            self._size = size
            self.size_changed.emit(size)

    @property
    def draft(self) -> TicketDraft:
        """What the group's ticket holds; the ticket writes it down here."""
        return self._draft

    def note_draft(self, draft: TicketDraft) -> None:
        """For the ticket: what it holds now."""
        self._draft = draft

    def fill_ticket(self, draft: TicketDraft) -> None:
        """Write an order into the group's ticket."""
        self._draft = draft
        self.ticket_filled.emit(draft)

    def show_order(self, order: Order) -> None:
        """Choose its instrument, and its row in Orders."""
        self.select(instrument=order.request.instrument)
        self.order_focused.emit(order)

    def run(self, command_id: str) -> None:
        """Run a command; why it cannot run is shown in the status bar."""
        self.commands.run(command_id, self)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> object:
        """Run `work` in the background; what it raises on purpose is shown as a sentence."""
        return self.core.spawn(work, name)

    def notify(self, severity: Severity, text: str) -> None:
        """A sentence for the status bar and the log, loud ones also as a toast."""
        self.core.notify(severity, text)

    def save_setting(self, section: str, key: str, value: Any) -> bool:
        """Save one setting and let it hold at once; False when it could not be, which is said."""
        return self.core.save_setting(section, key, value)

    def save_settings(self, write: Callable[[], Settings]) -> bool:
        """Let what `write` saved hold at once; False when it could not be saved, which is said."""
        return self.core.save_settings(write)

    def adopt(self, connection_id: ConnectionId) -> None:
        """Complete the selection from a connection that has become ready."""
        chosen = self._selection
        if chosen.connection_id is None:
            self.select(connection_id=connection_id)
        elif chosen.connection_id == connection_id and chosen.account_id is None:
            self.select(account_id=self._first_account(connection_id))

    def abandon(self, connection_id: ConnectionId) -> None:
        """Choose nothing of a connection that is gone."""
        if self._selection.connection_id == connection_id:
            self.select(instrument=None, connection_id=None, account_id=None)

    def _on_order_focused(self, order: object) -> None:
        if isinstance(order, Order):
            self.order_focus.set(order.client_order_id)

    def _first_account(self, connection_id: ConnectionId | None) -> AccountId | None:
        if connection_id is None:
            return None
        accounts = self.engine.connections.accounts(connection_id)
        return next((report.account_id for report in accounts), None)
