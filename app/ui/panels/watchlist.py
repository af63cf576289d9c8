"""The watchlist: live quotes of chosen symbols; a row chosen here is what the desk trades."""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import shiboken6
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app.base.errors import BrokerError, StoreError, UserError
from app.commands.context import Selection
from app.domain.events import ConnectionChanged, QuotesFlushed
from app.domain.ids import ConnectionId, MarketKey
from app.domain.instrument import Instrument
from app.domain.market import Quote
from app.engine.connections import ConnectionState
from app.engine.market_data import Subscription
from app.store import codec
from app.ui import motion, theme
from app.ui.desk import Desk
from app.ui.icons import icon
from app.ui.models.table import RowModel
from app.ui.models.watchlist import WatchColumns, WatchRow
from app.ui.widgets.symbol_search import SymbolSearch
from app.ui.widgets.table_panel import TablePanel

_FRAME_MS = 33  # quotes are read by eye: thirty times a second is plenty
_FLASH_MS = 250
_STALE_AFTER_S = 10.0
_EMPTY = "No symbols yet. Type one into the field above (Ctrl+K) and press Enter to watch it."


class WatchlistPanel(TablePanel):
    """Holds a subscription for every row, and lets go of it with the row. GUI thread."""

    panel_id = "watchlist"
    title = "Watchlist"
    icon_name = "watchlist"
    menu_commands = ("table.remove_rows", "view.undo")

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        stale_after_s = desk.engine.settings.risk.quote_max_age_s or _STALE_AFTER_S
        columns = WatchColumns(desk.engine.clock.monotonic, stale_after_s, self._trouble)
        model = RowModel(columns.columns(), frame_ms=_FRAME_MS)
        super().__init__(model, desk=desk, name="Watchlist", empty_text=_EMPTY, parent=parent)
        self._subscriptions: dict[MarketKey, Subscription] = {}
        self._is_seeded = False
        self._flashing: set[MarketKey] = set()
        self._build()
        self._flash_end = QTimer(self)
        self._flash_end.setSingleShot(True)
        self._flash_end.setInterval(_FLASH_MS)
        self._flash_end.timeout.connect(self._end_flashes)
        self._connect()

    # -- what it offers ------------------------------------------------------------------------

    def focus_search(self) -> None:
        """Put the keyboard into the symbol field."""
        self.search.setFocus()
        self.search.selectAll()

    def add(self, connection_id: ConnectionId, instrument: Instrument) -> WatchRow:
        """Watch a symbol; one that is there already stays as it is."""
        self._is_seeded = True
        key = (connection_id, instrument.key)
        row: WatchRow | None = self.model.get(key)
        if row is None:
            market = self._desk.engine.market
            self._subscriptions[key] = market.subscribe(connection_id, instrument)
            row = WatchRow(connection_id, instrument, market.quote(key))
            self.model.upsert(key, row)
        return row

    def remove(self, rows: Sequence[WatchRow]) -> None:
        """Watch these no longer; undo brings them back."""
        if not rows:
            return
        order = [row.key for row in self.model.all_rows()]
        for row in rows:
            self._drop(row.key)
        names = ", ".join(row.instrument.symbol for row in rows)
        panel = weakref.ref(self)

        def bring_back() -> bool:
            it = panel()
            return it is not None and shiboken6.isValid(it) and it.bring_back(rows, order)

        self._desk.undo.push(f"Removed {names} from the watchlist", bring_back)

    def bring_back(self, rows: Sequence[WatchRow], order: Sequence[MarketKey]) -> bool:
        """Watch these again, where they stood; False when all of them are watched already."""
        gone = [row for row in rows if self.model.get(row.key) is None]
        for row in gone:
            self.add(row.connection_id, row.instrument)
        self.model.place(order)
        return bool(gone)

    def can_remove(self) -> bool:
        return bool(self.table.selected_rows())

    def remove_rows(self) -> None:
        self.remove(self.table.selected_rows())

    def place_of(self, row: WatchRow) -> Selection:
        selection = self._desk.selection
        account = selection.account_id if row.connection_id == selection.connection_id else None
        return Selection(row.connection_id, account, row.instrument)

    def save_state(self) -> dict[str, Any]:
        symbols = [
            {"connection": row.connection_id, "instrument": codec.encode(row.instrument)}
            for row in self.model.all_rows()
        ]
        return {**super().save_state(), "symbols": symbols, "seeded": self._is_seeded}

    def save_looks(self) -> dict[str, Any]:
        """The same without the symbols, which may be many and belong to no layout."""
        return super().save_state()

    def restore_state(self, state: dict[str, Any]) -> None:
        super().restore_state(state)
        self._is_seeded = state.get("seeded") is True
        symbols = state.get("symbols")
        kept = [_kept(entry) for entry in symbols] if isinstance(symbols, list) else []
        wanted = [pair for pair in kept if pair is not None]
        for key in set(self._subscriptions) - {(c, i.key) for c, i in wanted}:
            self._drop(key)
        for connection_id, instrument in wanted:
            self._desk.engine.instruments.remember(instrument)
            self.add(connection_id, instrument)
        self.model.flush()
        self._show_selection(self._desk.selection)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._seed_from_ready()

    # -- set-up --------------------------------------------------------------------------------

    def _build(self) -> None:
        self.search = SymbolSearch(self._find, self._desk.spawn, self)
        self.search.setObjectName("watchlist_search")
        self.search.setPlaceholderText("Add symbol… (Ctrl+K)")
        self.search.setToolTip("Type a symbol or a name; Enter adds it (Ctrl+K)")
        theme.follow(self.search, lambda: self.search.setMinimumWidth(theme.px(90)))
        self.bar.addWidget(self.search, 1)
        self._remove = self.add_button("Remove", "Remove the selected symbols (Del)")
        self._remove.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._remove.clicked.connect(self.remove_rows)
        self._dress()
        theme.changed.connect(self._dress)

    def _dress(self) -> None:
        self._remove.setIcon(icon("remove"))

    def _connect(self) -> None:
        bridge = self._desk.bridge
        bridge.quotes_flushed.connect(self._on_quotes)
        bridge.connection_changed.connect(self._on_connection)
        self._desk.selection_changed.connect(self._show_selection)
        self.search.picked.connect(self._on_picked)
        self.table.row_chosen.connect(self._on_chosen)
        self.table.cell_clicked.connect(self._on_cell_clicked)
        self.table.delete_pressed.connect(self.remove)
        subscriptions = self._subscriptions
        self.destroyed.connect(lambda: _release(subscriptions))

    # -- quotes --------------------------------------------------------------------------------

    def _on_quotes(self, event: QuotesFlushed) -> None:
        model = self.model
        for key, quote in event.quotes.items():
            row: WatchRow | None = model.get(key)
            if row is None:
                continue
            moved = 0
            if row.quote is not None and not motion.is_reduced():
                moved = _direction(row.quote.last, quote.last)
            if moved:
                self._flashing.add(key)
            flash = moved or row.flash
            model.upsert(key, WatchRow(row.connection_id, row.instrument, quote, flash))
        if self._flashing and not self._flash_end.isActive():
            self._flash_end.start()

    def _end_flashes(self) -> None:
        for key in self._flashing:
            row: WatchRow | None = self.model.get(key)
            if row is not None and row.flash:
                self.model.upsert(key, WatchRow(row.connection_id, row.instrument, row.quote))
        self._flashing.clear()

    # -- the desk's choice ---------------------------------------------------------------------

    def _on_chosen(self, row: WatchRow) -> None:
        self._desk.select(instrument=row.instrument, connection_id=row.connection_id)

    def _on_cell_clicked(self, column_id: str, row: WatchRow) -> None:
        price = _clicked_price(column_id, row)
        if price is not None:
            self._desk.price_picked.emit(price)

    def _show_selection(self, selection: Selection) -> None:
        self.table.select_key(selection.market_key)

    # -- symbols -------------------------------------------------------------------------------

    def _connection(self) -> ConnectionId:
        """Where symbols are looked up. Raises UserError when there is no connection."""
        chosen = self._desk.selection.connection_id
        ids = self._desk.engine.connections.ids()
        if chosen is not None and chosen in ids:
            return chosen
        if not ids:
            raise UserError(
                "There is no connection to search at. Add one with Connections > New Connection…"
            )
        return ids[0]

    async def _find(self, text: str) -> Sequence[Instrument]:
        connection_id = self._connection()
        if not text:
            return self._desk.engine.instruments.all()
        try:
            return await self._desk.engine.instruments.search(connection_id, text)
        except BrokerError as error:
            raise BrokerError(f"Search at {connection_id} gave no answer: {error}") from error

    def _on_picked(self, instrument: Instrument) -> None:
        row = self.add(self._connection(), instrument)
        self.model.flush()
        self._desk.select(instrument=row.instrument, connection_id=row.connection_id)
        self.table.select_key(row.key)
        self.table.setFocus()

    def _trouble(self, key: MarketKey) -> str:
        subscription = self._subscriptions.get(key)
        return "" if subscription is None else subscription.trouble

    def _drop(self, key: MarketKey) -> None:
        subscription = self._subscriptions.pop(key, None)
        if subscription is not None:
            subscription.close()
        self.model.remove(key)

    # -- a first start -------------------------------------------------------------------------

    def _on_connection(self, event: ConnectionChanged) -> None:
        if event.state == ConnectionState.READY.value:
            self._seed(event.connection_id)

    def _seed_from_ready(self) -> None:
        connections = self._desk.engine.connections
        for connection_id in connections.ids():
            if connections.state(connection_id) is ConnectionState.READY:
                self._seed(connection_id)

    def _seed(self, connection_id: ConnectionId) -> None:
        """Fill the list of a first start with everything the paper connection has."""
        if self._is_seeded or not self._desk.engine.connections.is_paper(connection_id):
            return
        self._is_seeded = True
        self._desk.spawn(self._add_all(connection_id), "first watchlist")

    async def _add_all(self, connection_id: ConnectionId) -> None:
        try:
            found = await self._desk.engine.connections.call(
                connection_id, lambda broker: broker.search("")
            )
        except BrokerError:
            self._is_seeded = False  # tried again when the connection is ready anew
            raise
        if not isValid(self):  # it was closed for good meanwhile
            return
        self._is_seeded = bool(found)  # an empty market is no first list
        for instrument in found:
            self._desk.engine.instruments.remember(instrument)
            self.add(connection_id, instrument)
        self.model.flush()
        if found and self._desk.selection.instrument is None:
            self._desk.select(connection_id=connection_id, instrument=found[0])


def _release(subscriptions: dict[MarketKey, Subscription]) -> None:
    for subscription in subscriptions.values():
        subscription.close()
    subscriptions.clear()


def _kept(entry: Any) -> tuple[ConnectionId, Instrument] | None:
    """One stored symbol; None where it cannot be read any more."""
    if not isinstance(entry, dict) or not isinstance(entry.get("connection"), str):
        return None
    try:
        instrument = codec.decode(Instrument, entry.get("instrument"))
    except (StoreError, ValueError):
        return None
    return ConnectionId(entry["connection"]), instrument


def _direction(before: float, after: float) -> int:
    if math.isnan(before) or math.isnan(after):
        return 0
    return (after > before) - (after < before)


def _clicked_price(column_id: str, row: WatchRow) -> Decimal | None:
    """The price under the pointer, on the tick; None where there is none."""
    quote: Quote | None = row.quote
    if quote is None or column_id not in {"bid", "ask", "last"}:
        return None
    value: float = getattr(quote, column_id)
    if not math.isfinite(value) or value <= 0:
        return None
    return row.instrument.round_price(Decimal(repr(value)))
