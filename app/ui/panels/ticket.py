"""The order ticket: the market, the order being written, what it costs, and the button."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.base.errors import BrokerError, MoorgateError, UserError
from app.brokers.base import Preview
from app.commands.context import Selection
from app.commands.entries import outcome
from app.commands.ticket import describe
from app.domain.events import QuotesFlushed
from app.domain.ids import ConnectionId
from app.domain.order_types import Side
from app.domain.reports import Severity
from app.domain.request import OrderRequest
from app.ui import format as fmt
from app.ui import theme
from app.ui.desk import Desk
from app.ui.dialogs.confirm_order import ConfirmOrderDialog
from app.ui.panels.ticket_form import TicketForm
from app.ui.panels.ticket_style import ticket_sheet
from app.ui.widgets.quote_buttons import QuoteButtons

_ESTIMATE_DELAY_MS = 250
_WIDTH = 268  # below this, prices and buttons would be cut


class TicketPanel(QWidget):
    """Writes one order for the desk's selection and sends it through the engine. GUI thread."""

    panel_id = "ticket"
    title = "Order Ticket"
    icon_name = "ticket"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ticket-panel")
        self.setMinimumWidth(_WIDTH)
        self._desk = desk
        self._is_sending = False
        self._estimate_number = 0
        self._build()
        self._estimate_timer = QTimer(self, singleShot=True, interval=_ESTIMATE_DELAY_MS)
        self._estimate_timer.timeout.connect(self._estimate)
        self._connect()
        self._on_selection_changed(desk.selection)

    def save_state(self) -> dict[str, Any]:
        """Nothing of an order outlives the window: a forgotten price is a trap."""
        return {}

    def restore_state(self, state: dict[str, Any]) -> None:
        """See save_state."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.send()
            return
        super().keyPressEvent(event)

    def send(self, *, stale_quote_ok: bool = False) -> None:
        """Check what is written, ask when asking is on, and hand it to the engine."""
        if self._is_sending:
            return
        try:
            requests = self._requests(stale_quote_ok=stale_quote_ok)
        except UserError as error:
            self._say(str(error), is_problem=True)
            return
        refusal = self._desk.engine.risk.check(requests)
        if refusal is not None:
            self._say(f"{refusal.reason}", is_problem=True)
            self._override.setVisible(refusal.rule == "quote" and not stale_quote_ok)
            return
        self._override.hide()
        if not self._desk.settings.trading.confirm_orders:
            self._submit(requests)
            return
        dialog = ConfirmOrderDialog(
            requests,
            self._facts(requests[0]),
            is_paper=self._is_paper(),
            on_confirmed=lambda: self._submit(requests),
            parent=self,
        )
        dialog.open()

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(scroll)
        body = QWidget()
        scroll.setWidget(body)
        column = QVBoxLayout(body)
        self._mode = self._label("mode-badge", column, Qt.AlignmentFlag.AlignCenter)
        self._symbol = self._label("ticket-symbol", column)
        self._symbol.setWordWrap(True)
        self._account = QComboBox()
        self._account.setObjectName("ticket-account")
        self._account.setAccessibleName("Account")
        column.addWidget(self._account)
        self._quotes = QuoteButtons()
        column.addWidget(self._quotes)
        self._form = TicketForm(self._desk.settings.trading.size_presets)
        self._form.quantity.set_value(self._desk.size)
        column.addWidget(self._form)
        self._cost = self._label("ticket-estimate", column)
        self._message = self._label("ticket-message", column)
        self._message.setWordWrap(True)
        self._override = QPushButton("Send without a fresh quote")
        self._override.setObjectName("ticket-override")
        self._override.hide()
        column.addWidget(self._override)
        self._send = QPushButton()
        self._send.setObjectName("ticket-send")
        self._send.setMinimumHeight(40)
        self._send.setToolTip("Send this order (Enter)")
        column.addWidget(self._send)
        column.addStretch(1)

    def _label(
        self,
        name: str,
        column: QVBoxLayout,
        alignment: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setAlignment(alignment)
        column.addWidget(label)
        return label

    def _restyle(self) -> None:
        self.setStyleSheet(ticket_sheet())

    def _connect(self) -> None:
        theme.changed.connect(self._restyle)
        self._restyle()
        desk, bridge = self._desk, self._desk.bridge
        desk.selection_changed.connect(self._on_selection_changed)
        desk.size_changed.connect(self._form.quantity.set_value)
        desk.price_picked.connect(self._on_price_picked)
        bridge.quotes_flushed.connect(self._on_quotes_flushed)
        bridge.connection_changed.connect(lambda _: self._on_selection_changed(desk.selection))
        bridge.account_changed.connect(lambda _: self._list_accounts())
        self._account.activated.connect(self._on_account_chosen)
        self._quotes.picked.connect(self._on_price_picked)
        self._form.changed.connect(self._on_form_changed)
        self._form.refused.connect(lambda text: self._say(text, is_problem=True))
        self._form.quantity.value_changed.connect(self._on_quantity_changed)
        self._send.clicked.connect(self._on_send_clicked)
        self._override.clicked.connect(lambda: self.send(stale_quote_ok=True))

    def _on_send_clicked(self) -> None:
        self.send()

    def _on_selection_changed(self, selection: Selection) -> None:
        instrument, connection_id = selection.instrument, selection.connection_id
        self._list_accounts()
        if instrument is None or connection_id is None:
            self._symbol.setText("Choose an instrument in the watchlist or press Ctrl+K")
            self._quotes.show_quote(None, None)
            self._send.setEnabled(False)
            self._send.setText("No instrument")
            return
        name = instrument.description
        self._symbol.setText(
            f"<b>{instrument.symbol}</b> {name if name != instrument.symbol else ''}"
        )
        self._symbol.setToolTip(name)
        self._form.offer(instrument, self._desk.engine.connections.capabilities(connection_id))
        self._show_quote()
        self._on_form_changed()

    def _on_quotes_flushed(self, flushed: QuotesFlushed) -> None:
        key = self._desk.selection.market_key
        if key is not None and key in flushed.quotes:
            self._show_quote()

    def _show_quote(self) -> None:
        key = self._desk.selection.market_key
        quote = self._desk.engine.market.quote(key) if key is not None else None
        self._quotes.show_quote(self._desk.selection.instrument, quote)

    def _on_price_picked(self, price: Decimal) -> None:
        instrument = self._desk.selection.instrument
        if instrument is not None:
            self._form.take_price(instrument.round_price(price))

    def _on_quantity_changed(self, quantity: Decimal | None) -> None:
        if quantity is not None and quantity != self._desk.size:
            self._desk.set_size(quantity)

    def _on_form_changed(self) -> None:
        self._override.hide()
        try:
            requests = self._requests()
        except UserError as error:
            self._say(str(error), is_problem=False)
            self._show_send(None)
            self._show_cost(None)
            return
        self._say("", is_problem=False)
        self._show_send(requests[0])
        self._show_cost(None)
        self._estimate_timer.start()

    def _show_send(self, entry: OrderRequest | None) -> None:
        draft = self._form.draft()
        self._send.setProperty("side", draft.side.value)
        self._send.style().polish(self._send)
        if entry is not None:
            self._send.setText(describe(entry))
        else:
            instrument = self._desk.selection.instrument
            symbol = instrument.symbol if instrument else ""
            self._send.setText(f"{draft.side.value.upper()} {symbol}")
        reason = self._closed_reason()
        self._send.setEnabled(entry is not None and reason is None and not self._is_sending)
        if reason is not None:
            self._say(reason, is_problem=True)

    def _closed_reason(self) -> str | None:
        connection_id = self._desk.selection.connection_id
        if connection_id is None:
            return "no connection is chosen"
        return self._desk.engine.connections.is_trading_open(connection_id)

    def _requests(self, *, stale_quote_ok: bool = False) -> list[OrderRequest]:
        selection = self._desk.selection
        if selection.instrument is None or selection.connection_id is None:
            raise UserError("choose an instrument first")
        if selection.account_id is None:
            raise UserError("no account yet: the connection has not told its accounts")
        return self._form.draft().requests(
            selection.connection_id,
            selection.account_id,
            selection.instrument,
            stale_quote_ok=stale_quote_ok,
        )

    def _submit(self, requests: Sequence[OrderRequest]) -> None:
        self._is_sending = True
        self._send.setEnabled(False)
        self._desk.spawn(self._sent(requests), "ticket.submit")

    async def _sent(self, requests: Sequence[OrderRequest]) -> None:
        try:
            orders = await self._desk.engine.orders.submit(requests)
        finally:
            self._is_sending = False
            self._on_form_changed()
        for order in orders:
            severity, text = outcome(order)
            self._desk.notify(severity, text)
            self._say(text, is_problem=severity is not Severity.INFO)

    def _estimate(self) -> None:
        """Cost, fees and margin, from the broker when it tells, else the value alone."""
        try:
            entry = self._requests()[0]
        except UserError:
            return
        self._estimate_number += 1
        capabilities = self._desk.engine.connections.capabilities(entry.connection_id)
        if capabilities.preview and self._closed_reason() is None:
            self._desk.spawn(self._ask_preview(entry, self._estimate_number), "ticket.preview")
        else:
            self._show_cost(entry)

    async def _ask_preview(self, entry: OrderRequest, number: int) -> None:
        try:
            preview = await self._desk.engine.connections.call(
                entry.connection_id, lambda broker: broker.preview(entry)
            )
        except (BrokerError, MoorgateError):
            preview = None  # only an estimate is missing: the order's own path reports failures
        if number == self._estimate_number:
            self._show_cost(entry, preview)

    def _show_cost(self, entry: OrderRequest | None, preview: Preview | None = None) -> None:
        currency = "" if entry is None else entry.instrument.currency
        value = None if entry is None else self._value(entry)
        fees = None if preview is None else preview.commission
        margin = None if preview is None else preview.initial_margin
        self._cost.setText(
            f"Value {fmt.money(value, currency)}<br>Fees {fmt.money(fees, currency)}"
            f" · Margin {fmt.money(margin, currency)}"
        )

    def _value(self, entry: OrderRequest) -> Decimal | None:
        price = entry.limit_price or entry.stop_price
        if price is None:
            price = self._quotes.price("ask" if entry.side is Side.BUY else "bid")
        return None if price is None else entry.instrument.notional(price, entry.quantity)

    def _facts(self, entry: OrderRequest) -> list[tuple[str, str]]:
        value = fmt.money(self._value(entry), entry.instrument.currency)
        return [
            ("Connection", entry.connection_id),
            ("Account", entry.account_id),
            ("Instrument", entry.instrument.description or entry.instrument.symbol),
            ("Time in force", entry.time_in_force.value.upper()),
            ("Outside regular hours", "yes" if entry.outside_hours else "no"),
            ("Estimated value", value),
        ]

    def _is_paper(self) -> bool:
        connection_id = self._desk.selection.connection_id
        if connection_id is None:
            return False
        return self._desk.engine.connections.is_paper(connection_id) is True

    def _list_accounts(self) -> None:
        engine, selection = self._desk.engine, self._desk.selection
        rows = [
            (ConnectionId(c), account.account_id)
            for c in engine.connections.ids()
            for account in engine.connections.accounts(c)
        ]
        shown = [self._account.itemData(i) for i in range(self._account.count())]
        if rows != shown:
            self._account.clear()
            for connection_id, account_id in rows:
                self._account.addItem(
                    f"{connection_id} · {account_id}", (connection_id, account_id)
                )
        current = (selection.connection_id, selection.account_id)
        if current in rows:
            self._account.setCurrentIndex(rows.index(current))
        self._account.setPlaceholderText("No account is connected")
        self._show_mode()

    def _show_mode(self) -> None:
        is_paper = self._is_paper()
        is_known = bool(self._account.count())
        self._mode.setText(("PAPER" if is_paper else "LIVE") if is_known else "NOT CONNECTED")
        self._mode.setProperty("mode", ("paper" if is_paper else "live") if is_known else "off")
        self._mode.style().polish(self._mode)

    def _on_account_chosen(self, index: int) -> None:
        connection_id, account_id = self._account.itemData(index)
        self._desk.select(connection_id=connection_id, account_id=account_id)

    def _say(self, text: str, *, is_problem: bool) -> None:
        self._message.setText(text)
        self._message.setProperty("problem", is_problem)
        self._message.style().polish(self._message)
