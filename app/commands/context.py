"""What a command sees of the running program. The desk of `app.ui` fulfils it; tests may too."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.commands.arming import Arming
from app.domain.ids import AccountId, ConnectionId, MarketKey
from app.domain.instrument import Instrument
from app.domain.reports import Severity
from app.domain.sizing import SizePreset

if TYPE_CHECKING:
    from app.commands.arrangement import Arrangement
    from app.commands.dry_run import DryRun
    from app.commands.flatten_report import FlattenReport
    from app.commands.journal import TradeJournal
    from app.commands.keymap import Keymap
    from app.commands.order_focus import OrderFocus
    from app.commands.staging import Staging
    from app.commands.tables import TableActs
    from app.commands.ticket import TicketDraft
    from app.commands.undo import UndoStack
    from app.domain.events import PositionView
    from app.domain.order import Order
    from app.engine.engine import Engine
    from app.store.settings import SettingsStore
    from app.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Selection:
    """Where an order would go: connection, account and instrument; None is "not chosen"."""

    connection_id: ConnectionId | None = None
    account_id: AccountId | None = None
    instrument: Instrument | None = None

    @property
    def market_key(self) -> MarketKey | None:
        """The key of its quotes."""
        if self.connection_id is None or self.instrument is None:
            return None
        return (self.connection_id, self.instrument.key)


class Shell(Protocol):
    """What commands may ask of the window. GUI thread."""

    def show_panel(self, panel_id: str) -> None:
        """Open the panel if it is closed, raise it and give it the keyboard."""
        ...

    def toggle_panel(self, panel_id: str) -> None:
        """Close an open panel, open a closed one."""
        ...

    def is_panel_open(self, panel_id: str) -> bool:
        """Whether the panel is open, be it behind another tab."""
        ...

    def reopen_panel(self) -> bool:
        """Bring back the panel that was closed last; False when there is none."""
        ...

    def search_symbol(self) -> None:
        """Put the keyboard into the symbol search."""
        ...

    @property
    def arrangement(self) -> Arrangement:
        """Panels, windows and layouts."""
        ...

    def set_theme(self, name: str) -> None:
        """Switch to the theme called `name` and remember it."""
        ...

    def toggle_full_screen(self) -> None:
        """Into full screen and back."""
        ...

    def show_dialog(self, name: str) -> None:
        """Open one of the window's own dialogs by name."""
        ...

    def open_folder(self, path: Path) -> None:
        """Show a folder in the desktop's file browser."""
        ...

    async def export(self, what: str, path: Path) -> None:
        """Write "orders" or "executions" as CSV. Raises StoreError with the reason."""
        ...

    def request_exit(self) -> None:
        """Close the program; asks first where positions or orders are open."""
        ...

    async def confirm(
        self,
        title: str,
        question: str,
        lines: Sequence[str],
        accept: str,
        *,
        where: Sequence[ConnectionId] = (),
        opens: bool = False,
    ) -> bool:
        """Ask once, without blocking; `lines` list what it is about, `accept` names the deed.

        With the connections `where` it happens, it says above all whether real money is meant.
        What `opens` or enlarges a position takes no yes that waited while the program stood still.
        """
        ...

    async def ask_text(self, title: str, label: str, text: str) -> str | None:
        """One line of text, `text` at first; None when it was called off."""
        ...

    def show_flatten_report(self, report: FlattenReport) -> None:
        """What becomes of each order and position, kept up to date until all of it is final."""
        ...

    async def in_vault(self, work: Callable[[], Any]) -> Any:
        """Run `work` on the vault off this thread; asks for the passphrase where it is locked."""
        ...

    async def choose_file(
        self, title: str, file_filter: str, *, suggested_name: str = ""
    ) -> Path | None:
        """A file to open, or with `suggested_name` one to write; None when it was called off."""
        ...

    def table(self) -> TableActs | None:
        """The table that has the keyboard, or had it last and is in sight; None without one."""
        ...

    def chosen_orders(self) -> Sequence[Order]:
        """The orders selected in the Orders table, from the top."""
        ...

    def chosen_positions(self) -> Sequence[PositionView]:
        """The positions selected in the Positions table, from the top."""
        ...

    def show_order_detail(self, order: Order) -> None:
        """Open everything about one order beside the Orders table."""
        ...

    def change_order(self, order: Order) -> None:
        """Open the form for new terms of an order."""
        ...


class CommandContext(Protocol):
    """The desk as commands see it. GUI thread."""

    @property
    def engine(self) -> Engine: ...

    @property
    def arming(self) -> Arming: ...

    @property
    def keymap(self) -> Keymap: ...

    @property
    def shell(self) -> Shell: ...

    @property
    def vault(self) -> Vault: ...

    @property
    def settings_store(self) -> SettingsStore: ...

    @property
    def selection(self) -> Selection: ...

    @property
    def size_choice(self) -> SizePreset:
        """By what the next order is sized: units, money, a share or money at risk. What that is
        in units is told by `next_size.quantity`, anew at every press.
        """
        ...

    @property
    def size_problem(self) -> str:
        """Why what stands in the ticket's size is none; empty where it is one."""
        ...

    @property
    def undo(self) -> UndoStack: ...

    @property
    def home(self) -> Path: ...

    @property
    def journal(self) -> TradeJournal: ...

    @property
    def staging(self) -> Staging: ...

    @property
    def dry_run(self) -> DryRun: ...

    @property
    def order_focus(self) -> OrderFocus: ...

    @property
    def draft(self) -> TicketDraft:
        """What the ticket holds."""
        ...

    def choose_size(self, choice: SizePreset) -> None:
        """By what the next order is sized from now on."""
        ...

    def fill_ticket(self, draft: TicketDraft) -> None:
        """Write an order into the ticket."""
        ...

    def show_order(self, order: Order) -> None:
        """Choose its instrument, and its row in Orders."""
        ...

    def save_setting(self, section: str, key: str, value: Any) -> bool:
        """Save one setting and let it hold at once; False when it could not be, and was said."""
        ...

    def select(
        self,
        *,
        instrument: Instrument | None,
        connection_id: ConnectionId | None,
        account_id: AccountId | None,
    ) -> None:
        """Choose what panels show and keys trade. Another account disarms."""
        ...

    def notify(self, severity: Severity, text: str) -> None:
        """A sentence for the status bar; a warning or an error also as a toast."""
        ...

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> object:
        """Run `work` in the background; its failure is shown, never lost."""
        ...


Run = Callable[[CommandContext], Coroutine[Any, Any, object] | None]
Availability = Callable[[CommandContext], str | None]
