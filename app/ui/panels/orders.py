"""The blotter: every order, working first, with cancel, change, resolve and history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QLabel, QMenu, QToolButton, QWidget

from app.commands.exits import tell
from app.domain.events import ConnectionChanged, OrderChanged
from app.domain.ids import ClientOrderId
from app.domain.order import Order
from app.domain.order_types import OrderStatus, Origin
from app.domain.reports import Severity
from app.domain.request import OrderChange
from app.engine.health import ConnectionState
from app.ui import format as fmt
from app.ui import theme
from app.ui.desk import Desk
from app.ui.dialogs.modify_order import ModifyOrderDialog
from app.ui.dialogs.order_history import OrderHistoryDialog
from app.ui.models.orders import RESOLVE, OrderRow, in_blotter_order, order_columns
from app.ui.models.table import RowModel
from app.ui.widgets.table_panel import TablePanel

_EMPTY = {
    "working": "No working orders. Write one in the ticket, or choose All for the finished ones.",
    "all": "No orders yet. Choose a symbol in the watchlist and write an order in the ticket.",
    "today": "No orders today. Write one in the ticket, or choose All to see earlier ones.",
}
_TITLES = {"working": "Working", "all": "All", "today": "Today"}
_TIPS = {
    "working": "Orders that may still trade, Unknown ones included",
    "all": "Every order in the journal",
    "today": "Orders entered or changed today",
}
_RESORT_MS = 400


class OrdersPanel(TablePanel):
    """Shows `engine.orders.book` and acts on it. A double-click never cancels. GUI thread."""

    panel_id = "orders"
    title = "Orders"
    icon_name = "orders"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        model = RowModel(order_columns(), natural=in_blotter_order, resort_ms=_RESORT_MS)
        super().__init__(model, name="Orders", empty_text=_EMPTY["today"], parent=parent)
        self._desk = desk
        self._filter = "today"
        self._build()
        self._connect()
        self.show_only("today")
        self.reload()

    # -- what it offers ------------------------------------------------------------------------

    def show_only(self, which: str) -> None:
        """Show "working", "all" or "today"."""
        self._filter = which
        self._filters[which].setChecked(True)
        self.table.set_empty_text(_EMPTY[which])
        accepts: dict[str, Callable[[OrderRow], bool] | None] = {
            "working": lambda row: not row.order.status.is_closed,
            "today": self._is_of_today,
            "all": None,
        }
        self.model.set_filter(accepts[which])

    def reload(self) -> None:
        """Take over what the book holds and this table does not; changes are told by events."""
        for order in self._desk.engine.orders.book:
            if self.model.get(order.client_order_id) is None:
                self._put(order)
        self.model.flush()

    def cancel(self, rows: Sequence[OrderRow]) -> None:
        """Ask for the cancel of every open order among these."""
        own_ids = [row.order.client_order_id for row in rows if row.order.status.is_open]
        if own_ids:
            self._desk.spawn(self._cancel(own_ids), "cancel orders")
        elif rows:
            self._desk.notify(Severity.INFO, "Cancel: none of these orders is open")

    def modify(self, row: OrderRow) -> None:
        """Open the form for new terms, or say why it can't be changed."""
        order = row.order
        why = self._why_not_modified(order)
        if why:
            self._desk.notify(Severity.WARNING, why)
            return
        is_paper = self._desk.engine.connections.is_paper(order.request.connection_id)
        dialog = ModifyOrderDialog(order, self._desk.bridge, is_paper=is_paper, parent=self)
        dialog.change_asked.connect(self._on_change_asked)
        dialog.open()

    def resolve(self, rows: Sequence[OrderRow]) -> None:
        """Ask the broker what became of the Unknown ones among these."""
        for row in rows:
            if row.order.status is OrderStatus.UNKNOWN:
                self._desk.spawn(self._resolve(row.order), "resolve order")

    def show_history(self, row: OrderRow) -> None:
        """Open the whole life of one order."""
        OrderHistoryDialog(row.order, self._desk, self).open()

    def save_state(self) -> dict[str, Any]:
        return {**super().save_state(), "filter": self._filter}

    def restore_state(self, state: dict[str, Any]) -> None:
        super().restore_state(state)
        if (which := state.get("filter")) in _TITLES:
            self.show_only(str(which))

    def on_second(self) -> None:
        # The journal is read after the window is up, and nobody announces old orders.
        if len(self._desk.engine.orders.book) != len(self.model):
            self.reload()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()
        if self._filter == "today":
            self.model.refilter()  # the day may have changed

    # -- set-up --------------------------------------------------------------------------------

    def _build(self) -> None:
        group = QButtonGroup(self)
        self._filters: dict[str, QToolButton] = {}
        for which, title in _TITLES.items():
            button = self.add_button(title, _TIPS[which])
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, which=which: self.show_only(which))
            group.addButton(button)
            self._filters[which] = button
        self._count = QLabel(self)
        self.bar.addSpacing(8)
        self.bar.addWidget(self._count)
        self.bar.addStretch(1)
        self._modify = self.add_button(
            "Change…", "Change the selected order (Enter or double-click)"
        )
        self._cancel_button = self.add_button("Cancel", "Cancel the selected orders (Del)")
        self._resolve_button = self.add_button("Resolve", "Ask the broker about Unknown orders")
        self._history = self.add_button("History", "Every event of the selected order")
        self.table.fill_menu = self._fill_menu
        self._show_abilities()

    def _connect(self) -> None:
        bridge = self._desk.bridge
        bridge.order_changed.connect(self._on_order_changed)
        bridge.reconciled.connect(self._on_news)
        bridge.connection_changed.connect(self._on_connection)
        self._modify.clicked.connect(self._modify_selected)
        self._cancel_button.clicked.connect(self._cancel_selected)
        self._resolve_button.clicked.connect(self._resolve_selected)
        self._history.clicked.connect(self._history_selected)
        self.table.row_chosen.connect(self._on_chosen)
        self.table.row_activated.connect(self._on_activated)
        self.table.delete_pressed.connect(self.cancel)
        self.table.action_clicked.connect(self._on_action)
        self.table.misaimed.connect(self._on_misaimed)
        self.table.selectionModel().selectionChanged.connect(self._show_abilities)
        self.model.flushed.connect(self._on_flushed)
        theme.changed.connect(self._show_count)

    # -- news ----------------------------------------------------------------------------------

    def _put(self, order: Order) -> None:
        parent = self._desk.engine.orders.book.get(order.request.parent_id)
        row = OrderRow(order, parent, self._foreign(order), self._doubt(order))
        self.model.upsert(order.client_order_id, row)

    def _doubt(self, order: Order) -> str:
        """Why an open order may stand otherwise than it is shown; empty while its line is good."""
        connections, where = self._desk.engine.connections, order.request.connection_id
        if not order.status.is_open:
            return ""
        if where not in connections.ids():
            return f"the connection {where} was removed"
        state = connections.state(where)
        return "" if state is ConnectionState.READY else f"{where} is {state.value}"

    def _foreign(self, order: Order) -> str:
        """What may be done here to an order of another program."""
        connections, where = self._desk.engine.connections, order.request.connection_id
        if order.request.origin is not Origin.EXTERNAL or where not in connections.ids():
            return ""
        return connections.capabilities(where).foreign_orders

    def _on_order_changed(self, event: OrderChanged) -> None:
        self._put(event.order)

    def _on_news(self, _event: object) -> None:
        self.reload()

    def _on_connection(self, event: ConnectionChanged) -> None:
        """What stands open there may be good again, or no longer."""
        self.reload()
        for order in self._desk.engine.orders.book.open_orders():
            if order.request.connection_id == event.connection_id:
                self._put(order)

    def _on_flushed(self) -> None:
        self._show_count()
        self._show_abilities()

    def _show_count(self) -> None:
        orders = [row.order for row in self.model.all_rows()]
        unknown = sum(order.status is OrderStatus.UNKNOWN for order in orders)
        working = sum(order.status.is_open for order in orders) - unknown
        words = f"{fmt.number(working)} working"
        if unknown:
            words += f", ⚠ {fmt.number(unknown)} Unknown: resolve"
        self._count.setText(words)
        color = theme.color("alarm" if unknown else "muted").name()
        self._count.setStyleSheet(f"color: {color}")

    def _show_abilities(self) -> None:
        rows: list[OrderRow] = self.table.selected_rows()
        one = rows[0].order if len(rows) == 1 else None
        self._modify.setEnabled(one is not None and not self._why_not_modified(one))
        self._cancel_button.setEnabled(any(row.order.status.is_open for row in rows))
        self._resolve_button.setEnabled(any(row.action == RESOLVE for row in rows))
        self._history.setEnabled(one is not None)

    # -- the trader's hand -----------------------------------------------------------------------

    def _on_chosen(self, row: OrderRow) -> None:
        self._desk.order_focused.emit(row.order)

    def _on_activated(self, row: OrderRow) -> None:
        if self._why_not_modified(row.order):
            self.show_history(row)
        else:
            self.modify(row)

    def _on_action(self, _column_id: str, row: OrderRow) -> None:
        if row.action == RESOLVE:
            self.resolve([row])
        else:
            self.cancel([row])

    def _on_misaimed(self) -> None:
        self._desk.notify(
            Severity.WARNING, "The rows moved under the pointer: nothing was canceled. Click again."
        )

    def _fill_menu(self, menu: QMenu, rows: list[OrderRow]) -> None:
        for text, button, run in (
            ("Change…\tEnter", self._modify, self._modify_selected),
            ("Cancel\tDel", self._cancel_button, self._cancel_selected),
            ("Resolve", self._resolve_button, self._resolve_selected),
            ("History", self._history, self._history_selected),
        ):
            menu.addAction(text, run).setEnabled(button.isEnabled())
        show = menu.addAction("Show instrument on the desk", self._show_instrument)
        show.setEnabled(len(rows) == 1)

    def _selected(self) -> list[OrderRow]:
        return self.table.selected_rows()

    def _modify_selected(self) -> None:
        if rows := self._selected():
            self.modify(rows[0])

    def _cancel_selected(self) -> None:
        self.cancel(self._selected())

    def _resolve_selected(self) -> None:
        self.resolve(self._selected())

    def _history_selected(self) -> None:
        if rows := self._selected():
            self.show_history(rows[0])

    def _show_instrument(self) -> None:
        if rows := self._selected():
            request = rows[0].order.request
            self._desk.select(
                instrument=request.instrument,
                connection_id=request.connection_id,
                account_id=request.account_id,
            )

    # -- the engine ----------------------------------------------------------------------------

    def _why_not_modified(self, order: Order) -> str:
        symbol = order.request.instrument.symbol
        if order.status.is_closed:
            return f"The {symbol} order is {order.status.value}: it can't be changed any more"
        if order.status is OrderStatus.UNKNOWN:
            return f"Nobody knows what became of the {symbol} order: resolve it first"
        if order.status is OrderStatus.PENDING_CANCEL:
            return f"A cancel of the {symbol} order is on its way"
        if not self._desk.engine.connections.capabilities(order.request.connection_id).modify:
            return f"{order.request.connection_id} cannot change orders: cancel it and enter anew"
        return ""

    def _on_change_asked(self, own_id: ClientOrderId, change: OrderChange) -> None:
        self._desk.spawn(self._send_change(own_id, change), "change order")

    async def _send_change(self, own_id: ClientOrderId, change: OrderChange) -> None:
        tell(self._desk, "Change", [await self._desk.engine.orders.modify(own_id, change)], "")

    async def _cancel(self, own_ids: Sequence[ClientOrderId]) -> None:
        orders = self._desk.engine.orders
        verdicts = await asyncio.gather(*(orders.cancel(own_id) for own_id in own_ids))
        tell(self._desk, "Cancel", verdicts, "")

    async def _resolve(self, order: Order) -> None:
        verdict = await self._desk.engine.orders.resolve(order.client_order_id)
        tell(self._desk, f"Resolve {order.request.instrument.symbol}", [verdict], "")

    def _is_of_today(self, row: OrderRow) -> bool:
        """Whether it was entered or changed today in the trader's zone, or may still trade."""
        if not row.order.status.is_closed:
            return True
        today = fmt.in_zone(self._desk.engine.clock.now()).date()
        return fmt.in_zone(row.order.updated_at).date() == today
