"""The blotter: every order, working first, and beside it everything about the selected one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QLabel, QSplitter, QToolButton, QWidget

from app.commands import order_rows
from app.commands.changes import change_from_form, only_lowers
from app.commands.context import Selection
from app.domain.events import ConnectionChanged, OrderChanged
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.order import Order
from app.domain.order_types import OrderStatus, Origin
from app.domain.reports import Severity
from app.domain.request import OrderChange
from app.engine.health import ConnectionState
from app.ui import format as fmt
from app.ui import theme
from app.ui.desk import Desk
from app.ui.dialogs.modify_order import ModifyOrderDialog
from app.ui.models.order_groups import order_groupings
from app.ui.models.orders import RESOLVE, OrderRow, in_blotter_order, order_columns
from app.ui.models.table import RowModel
from app.ui.order_detail.drawer import LEAST_WIDTH, OrderDrawer
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
_DRAWER_WIDTH, _WIDEST_DRAWER = 560, 2000
_NARROW, _LOW = 760, 240  # a panel that holds rows or a detail, at a scale of 100 %


class OrdersPanel(TablePanel):
    """Shows `engine.orders.book` and acts on it. A double-click never cancels. GUI thread."""

    panel_id = "orders"
    title = "Orders"
    icon_name = "orders"
    menu_commands = (
        "orders.show_detail",
        "trading.change_selected_order",
        "trading.cancel_selected_orders",
        None,
        "orders.ask_broker_again",
        "orders.write_off",
    )

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        model = RowModel(order_columns(), natural=in_blotter_order, resort_ms=_RESORT_MS)
        super().__init__(model, desk=desk, name="Orders", empty_text=_EMPTY["today"], parent=parent)
        self.use_groupings(order_groupings(self._mode))
        self._filter = "today"
        self._drawer_width = _DRAWER_WIDTH
        self._was_open = False
        self._build()
        self._connect()
        self.show_only("today")
        self.reload()

    # -- what it offers ------------------------------------------------------------------------

    def show_only(self, which: str) -> None:
        """Show "working", "all" or "today"."""
        self._filter = which
        self._filters[which].setChecked(True)
        self.set_empty_text(_EMPTY[which])
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

    def selected(self) -> list[OrderRow]:
        """The selected rows, from the top."""
        return self.table.selected_rows()

    def cancel(self, rows: Sequence[OrderRow]) -> None:
        """Cancel every open order among these; asks first where clicks are asked about."""
        orders = [row.order for row in rows]
        work = order_rows.cancel_orders(self._desk, orders, by_click=True)
        self._desk.spawn(work, "cancel orders")

    def modify(self, order: Order) -> None:
        """Open the form for new terms, or say why it can't be changed."""
        why = order_rows.why_not_changed(self._desk, order)
        if why:
            self._desk.notify(Severity.WARNING, why)
            return
        is_paper = self._desk.engine.connections.is_paper(order.request.connection_id)
        dialog = ModifyOrderDialog(order, self._desk.bridge, is_paper=is_paper, parent=self)
        dialog.change_asked.connect(self._on_change_asked)
        dialog.open()

    def resolve(self, rows: Sequence[OrderRow]) -> None:
        """Ask the broker what became of the Unknown ones among these."""
        work = order_rows.ask_again(self._desk, [row.order for row in rows])
        self._desk.spawn(work, "resolve order")

    def show_detail(self, order: Order) -> None:
        """Open everything about one order; where it is open already, go into it."""
        if self.drawer.isVisible() and self.drawer.order_id == order.client_order_id:
            self.drawer.take_focus()
            return
        self.drawer.show_order(order)
        if self.drawer.isHidden():
            self.drawer.be_alone(self._is_small)  # first: it must not ask for more room
            self.drawer.show()
            self._share_room()

    def first_focus(self) -> QWidget:
        """Where the keyboard goes when the panel is chosen."""
        return self.drawer.front() if self.table.isHidden() else self.table

    def focus_rows(self) -> None:
        self.first_focus().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def hide_detail(self) -> bool:
        """Close it and give the keyboard back to the rows; False when it was not open."""
        if self.drawer.isHidden():
            return False
        self._note_width()
        self.drawer.hide()
        self._share_room()
        self.focus_rows()
        return True

    def place_of(self, row: OrderRow) -> Selection:
        request = row.order.request
        return Selection(request.connection_id, request.account_id, request.instrument)

    def hidden_words(self, rows: list[OrderRow]) -> str:
        unknown = sum(row.order.status is OrderStatus.UNKNOWN for row in rows)
        working = sum(row.order.status.is_open for row in rows) - unknown
        words = [f"{working} working"] if working else []
        words += [f"{unknown} Unknown"] if unknown else []
        if not words:
            return ""
        return f"{' and '.join(words)} order{'' if working + unknown == 1 else 's'} hidden"

    def save_state(self) -> dict[str, Any]:
        self._note_width()
        more = {"filter": self._filter, "detail_width": self._drawer_width}
        return {**super().save_state(), **more}

    def restore_state(self, state: dict[str, Any]) -> None:
        super().restore_state(state)
        if (which := state.get("filter")) in _TITLES:
            self.show_only(str(which))
        width = state.get("detail_width")
        if isinstance(width, int) and LEAST_WIDTH <= width <= _WIDEST_DRAWER:
            self._drawer_width = width

    def on_second(self) -> None:
        self.follow_day()
        # The journal is read after the window is up, and nobody announces old orders.
        if len(self._desk.engine.orders.book) != len(self.model):
            self.reload()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()
        if self._filter == "today":
            self.model.refilter()  # the day may have changed

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    @property
    def _is_low(self) -> bool:
        return self.height() < theme.px(_LOW)

    @property
    def _is_small(self) -> bool:
        """Whether there is no room for rows and detail."""
        return self._is_low or self.width() < theme.px(_NARROW)

    def _share_room(self) -> None:
        """In a small panel the detail has all the room.

        The keys for the next and the previous order go on working; Esc leads back to the rows.
        """
        is_open = not self.drawer.isHidden()
        hides_rows = is_open and self._is_small
        was_alone, had_focus = self.table.isHidden(), self.table.hasFocus()
        self.drawer.be_alone(hides_rows)
        self.table.setHidden(hides_rows)
        self.bar_box.setHidden(hides_rows and self._is_low)
        if hides_rows and had_focus:
            self.drawer.take_focus()
        if is_open and not hides_rows and (was_alone or not self._was_open):
            self._split_by_width()
        self._was_open = is_open

    def _split_by_width(self) -> None:
        whole = self._split.width()
        width = max(LEAST_WIDTH, min(self._drawer_width, whole - whole // 3))
        self._split.setSizes([max(1, whole - width), width])

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
        self.add_filter_button()
        self._history = self.add_command_button("orders.show_detail", "Detail")
        self._modify = self.add_command_button("trading.change_selected_order", "Change…")
        self._cancel_button = self.add_command_button("trading.cancel_selected_orders", "Cancel")
        self._cancel_button.clicked.disconnect()  # a click asks where the key does not
        self._cancel_button.clicked.connect(lambda: self.cancel(self.selected()))
        self._resolve_button = self.add_command_button("orders.ask_broker_again", "Resolve")
        self.drawer = OrderDrawer(self._desk, self)
        self.drawer.hide()
        self._split = QSplitter(Qt.Orientation.Horizontal, self)
        self._split.setChildrenCollapsible(False)
        self.box.replaceWidget(self.table, self._split)
        self._split.addWidget(self.table)
        self._split.addWidget(self.drawer)
        self._split.setStretchFactor(0, 1)
        self.box.setStretchFactor(self._split, 1)
        self._show_abilities()

    def _connect(self) -> None:
        bridge = self._desk.bridge
        bridge.order_changed.connect(self._on_order_changed)
        bridge.reconciled.connect(self._on_news)
        bridge.connection_changed.connect(self._on_connection)
        self.drawer.closed.connect(self.hide_detail)
        self.table.row_chosen.connect(self._on_chosen)
        self.table.row_activated.connect(self._on_activated)
        self.table.delete_pressed.connect(self._on_delete)
        self.table.action_clicked.connect(self._on_action)
        self.table.misaimed.connect(self._on_misaimed)
        self._desk.order_focused.connect(self._on_focused)
        self.table.selectionModel().selectionChanged.connect(self._on_selection)
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
        can_change = one is not None and not order_rows.why_not_changed(self._desk, one)
        self._modify.setEnabled(can_change)
        self._cancel_button.setEnabled(any(row.order.status.is_open for row in rows))
        self._resolve_button.setEnabled(any(row.action == RESOLVE for row in rows))
        self._history.setEnabled(one is not None)

    # -- the trader's hand -----------------------------------------------------------------------

    def _on_chosen(self, row: OrderRow) -> None:
        self._desk.order_focused.emit(row.order)

    def _on_focused(self, order: Order) -> None:
        """Somebody else, such as the key for the next order, has chosen one."""
        current = self.table.current_row()
        if current is None or current.order.client_order_id != order.client_order_id:
            self.table.select_key(order.client_order_id)

    def _on_activated(self, row: OrderRow) -> None:
        self.show_detail(row.order)

    def _on_selection(self) -> None:
        """The detail follows the selection."""
        self._show_abilities()
        rows = self.selected()
        if len(rows) == 1 and self.drawer.isVisible():
            self.drawer.show_order(rows[0].order)

    def _on_delete(self, rows: list[OrderRow]) -> None:
        """Del is pressed by mistake too easily to cancel."""
        key = self._desk.keymap.text_of("trading.cancel_selected_orders")
        if rows:
            how = f"{key} cancels" if key else "the button Cancel cancels"
            self._desk.notify(Severity.INFO, f"Del cancels nothing: {how} the selected orders")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        has_filter = bool(self.filter.text)
        if event.key() == Qt.Key.Key_Escape and not has_filter and self.hide_detail():
            return
        super().keyPressEvent(event)

    def _on_action(self, _column_id: str, row: OrderRow) -> None:
        if row.action == RESOLVE:
            self.resolve([row])
        else:
            self.cancel([row])

    def _on_misaimed(self) -> None:
        self._desk.notify(
            Severity.WARNING, "The rows moved under the pointer: nothing was canceled. Click again."
        )

    # -- the engine ----------------------------------------------------------------------------

    def _on_change_asked(self, own_id: ClientOrderId, change: OrderChange) -> None:
        order = self._desk.engine.orders.book.get(own_id)
        is_harmless = order is not None and only_lowers(self._desk, order, change)
        if not is_harmless and (why := self._desk.core.input_age.refusal("Change Order")):
            self._desk.notify(Severity.WARNING, why)
            return
        self._desk.spawn(change_from_form(self._desk, own_id, change), "change order")

    def _mode(self, connection_id: ConnectionId) -> str:
        connections = self._desk.engine.connections
        is_known = connection_id in connections.ids()
        is_paper = connections.is_paper(connection_id) if is_known else None
        return "UNKNOWN" if is_paper is None else "PAPER" if is_paper else "LIVE"

    def _note_width(self) -> None:
        if not (self.drawer.isHidden() or self.table.isHidden()):
            self._drawer_width = max(LEAST_WIDTH, self.drawer.width())

    def _is_of_today(self, row: OrderRow) -> bool:
        """Whether it was entered or changed today in the trader's zone, or may still trade."""
        if not row.order.status.is_closed:
            return True
        today = fmt.in_zone(self._desk.engine.clock.now()).date()
        return fmt.in_zone(row.order.updated_at).date() == today
