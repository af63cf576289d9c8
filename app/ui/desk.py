"""The desk of one link group: what every panel is given, and the context in which commands run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.commands.context import Selection, Shell
from app.commands.keymap import Keymap
from app.commands.next_size import quantity_or_none
from app.commands.ticket import TicketDraft
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.reports import Severity
from app.domain.sizing import SizeKind, SizePreset, units
from app.engine.feeds import Subscription
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
        self._draft, self._size_problem = TicketDraft(), ""
        self.order_focused.connect(self._on_order_focused)
        self._selection = Selection()
        self._size_choice = units(core.settings.trading.default_quantity)
        self._quotes: Subscription | None = None
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
            self._follow_quotes()
        if self.core.active is self:  # another group's account matters once that one is active
            self.core.note_account(account_before, self.account)
        self.selection_changed.emit(new)
        self.staging.check()

    def leave(self) -> None:
        """The group ends: nobody wants its quotes any more."""
        if self._quotes is not None:
            self._quotes.close()
            self._quotes = None

    def _follow_quotes(self) -> None:
        """What keys and ticket trade has a quote, be there a chart or a watchlist of it or not."""
        before, chosen = self._quotes, self._selection
        self._quotes = None
        if chosen.connection_id is not None and chosen.instrument is not None:
            market = self.engine.market
            self._quotes = market.subscribe(chosen.connection_id, chosen.instrument)
        if before is not None:
            before.close()  # after the new wish, which may be for the same

    def _forget_market(self) -> None:
        """Prices mean nothing in another instrument. A size of money is other units there."""
        self._draft = self._draft.without_prices()  # a ticket that is open does so itself
        if self.core.active is self:
            self.core.lose_focus_elsewhere(self)

    @property
    def size(self) -> Decimal:
        """Units that were chosen, or that the chosen money means now: 0 while nobody can tell.

        For showing it; what is sent asks `next_size.quantity`, which says why.
        """
        if self.size_choice.kind is SizeKind.UNITS:
            return self.size_choice.amount
        return quantity_or_none(self) or Decimal(0)

    @property
    def size_choice(self) -> SizePreset:
        """By what the next order is sized: units, money, a share or money at risk."""
        return self._size_choice

    @property
    def size_problem(self) -> str:
        """Why what stands in the ticket's size is none; empty where it is one."""
        return self._size_problem

    def choose_size(self, choice: SizePreset) -> None:
        """By what the next order is sized from now on; ends a problem with it."""
        if (choice, "") != (self._size_choice, self._size_problem):
            self._size_choice, self._size_problem = choice, ""
            self.size_changed.emit(self.size)

    def refuse_size(self, problem: str) -> None:
        """For the ticket: what stands there is no size, so that no key may send the last one."""
        if problem != self._size_problem:
            self._size_problem = problem
            self.size_changed.emit(self.size)

    def set_size(self, size: Decimal) -> None:
        """So many units from now on; ignored unless it is more than zero."""
        if size.is_finite() and size > 0:
            self.choose_size(units(size))

    @property
    def draft(self) -> TicketDraft:
        """What the group's ticket holds; the ticket writes it down here."""
        return self._draft

    def note_draft(self, draft: TicketDraft) -> None:
        """For the ticket: what it holds now. Money at risk is other units with another stop."""
        is_other = replace(draft, quantity=None) != replace(self._draft, quantity=None)
        self._draft = draft
        if is_other and self._size_choice.kind is SizeKind.RISK:
            self.size_changed.emit(self.size)

    def fill_ticket(self, draft: TicketDraft) -> None:
        """Write an order into the group's ticket."""
        self._draft = draft
        self.ticket_filled.emit(draft)

    def show_order(self, order: Order) -> None:
        """Choose its instrument, and its row in Orders."""
        self.select(instrument=order.request.instrument)
        self.order_focused.emit(order)

    def run(self, command_id: str) -> None:
        """Run a command; why it cannot run is shown in the status bar.

        What can open a position does not run by a press or click that waited too long.
        """
        command = self.commands.get(command_id)
        if command.increases_risk and (why := self.core.input_age.refusal(command.title)):
            self.notify(Severity.WARNING, why)
            return
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
