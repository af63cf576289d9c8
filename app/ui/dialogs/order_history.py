"""The whole event history of one order, with Resolve while it is Unknown."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from app.base.errors import StoreError
from app.commands.exits import tell
from app.domain.events import OrderChanged
from app.domain.order import Order
from app.domain.order_events import OrderEvent
from app.domain.order_types import OrderStatus
from app.ui import format as fmt
from app.ui.desk import Desk
from app.ui.models.order_history import history_columns, history_rows, read_history
from app.ui.models.orders import side_word, status_words, type_word
from app.ui.models.table import RowModel
from app.ui.widgets.table_view import TableView

_EMPTY = "Reading the journal…"


class OrderHistoryDialog(QDialog):
    """Reads the journal in the background and follows the order while it is open. GUI thread."""

    def __init__(self, order: Order, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("order_history")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Order history: {order.request.instrument.symbol}")
        self._order, self._desk = order, desk
        self.model = RowModel(history_columns(), parent=self)
        self.table = TableView(self.model, name="Order history", empty_text=_EMPTY, parent=self)
        self._heading = QLabel(self)
        self._heading.setWordWrap(True)
        self._heading.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.resolve_button = box.addButton("Resolve", QDialogButtonBox.ButtonRole.ActionRole)
        self.resolve_button.setToolTip("Ask the broker what became of this order")
        self.resolve_button.clicked.connect(self._resolve)
        box.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self._heading)
        layout.addWidget(self.table, 1)
        layout.addWidget(box)
        self.resize(860, 420)
        desk.bridge.order_changed.connect(self._on_order_changed)
        self._follow(order)
        self._load()

    def _load(self) -> None:
        self._desk.spawn(self._read(), "order history")

    async def _read(self) -> None:
        journal, own_id = self._desk.paths.journal_file, self._order.client_order_id
        try:
            events = await asyncio.to_thread(read_history, journal, own_id)
        except StoreError as error:
            self.table.set_empty_text(str(error))
            return
        self._show(events)

    def _show(self, events: list[OrderEvent]) -> None:
        rows = history_rows(events, self._order.request.instrument)
        self.table.set_empty_text("The journal holds nothing of this order.")
        self.model.replace_all({row.number: row for row in rows})
        self.table.scrollToBottom()

    def _on_order_changed(self, event: OrderChanged) -> None:
        if event.order.client_order_id == self._order.client_order_id:
            self._follow(event.order)
            self._load()

    def _follow(self, order: Order) -> None:
        self._order = order
        request = order.request
        quantity = fmt.quantity(request.instrument, order.quantity)
        self._heading.setText(
            f"{side_word(request.side)} {quantity} {request.instrument.symbol}"
            f" {type_word(request.order_type).lower()}, {status_words(order.status).lower()}."
            f" Account {request.account_id} at {request.connection_id}."
            f" Our id {order.client_order_id},"
            f" the broker's {order.broker_order_id or fmt.UNKNOWN}."
        )
        self.resolve_button.setEnabled(order.status is OrderStatus.UNKNOWN)

    def _resolve(self) -> None:
        self._desk.spawn(self._ask_broker(), "resolve order")

    async def _ask_broker(self) -> None:
        verdict = await self._desk.engine.orders.resolve(self._order.client_order_id)
        tell(self._desk, "Resolve", [verdict], "")
