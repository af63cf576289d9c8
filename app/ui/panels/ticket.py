"""The order ticket: the market, the order being written, what it costs, and the button."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.base.errors import UserError
from app.commands import next_size, sizes
from app.commands.context import Selection
from app.commands.dry_run import PREFIX
from app.commands.running import as_command
from app.commands.sending import submit
from app.commands.staging import draft_of
from app.commands.ticket import TicketDraft, became, describe, is_told
from app.domain.events import OrderChanged, QuotesFlushed
from app.domain.ids import ClientOrderId, ConnectionId, MarketKey
from app.domain.order import Order
from app.domain.reports import Severity
from app.domain.request import OrderRequest
from app.domain.sizing import SizeKind
from app.store.settings import Settings
from app.ui import theme
from app.ui.desk import Desk
from app.ui.dialogs.confirm_order import ConfirmOrderDialog, order_facts, special_facts
from app.ui.panels.ticket_estimate import TicketEstimate
from app.ui.panels.ticket_form import TicketForm
from app.ui.panels.ticket_sizes import SizeButtons
from app.ui.panels.ticket_style import set_state, ticket_sheet
from app.ui.widgets.quote_buttons import QuoteButtons
from app.ui.widgets.send_button import SendButton
from app.ui.widgets.snug_scroll import SnugScroll

_WIDTH = 268  # below this, prices and buttons would be cut
_LOOK_MS = 1000
_STALE_AFTER_S = 10.0
# Rules of the gate that say themselves what to do; all others are figures that may be edited.
_NO_SETTING = ("trading state", "expired", "quote", "duplicate", "reduce only")
ARM_FIRST = (
    "Without a question the ticket sends only while trading is armed: Trade > Arm Trading Keys, or"
    " let it ask again in Settings > Confirmations"
)
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class TicketPanel(QWidget):
    """Writes one order for the desk's selection and sends it through the engine. GUI thread.

    What is shown in the confirmation is what is sent, whatever is chosen meanwhile.
    """

    panel_id = "ticket"
    title = "Order Ticket"
    icon_name = "ticket"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ticket-panel")
        theme.follow(self, lambda: self.setMinimumWidth(theme.px(_WIDTH)))
        self._desk = desk
        self._market_key: MarketKey | None = None
        self._is_sending = False
        self._dialog: ConfirmOrderDialog | None = None
        self._asked_number = 0  # the estimate that belongs to what the dialog asks about
        self._sent_ids: tuple[ClientOrderId, ...] = ()
        self._news = ("", False)  # what became of the last try, and whether it is a problem
        self._hint = self._warning = ""  # what is missing, and what the broker would object to
        self._size_hint = ""  # why nobody can tell the units of the chosen size
        self._is_following = False  # of these the size, because it means other units now
        self._is_drifting = False  # which nobody chose: the market has moved
        self._is_taking = False  # the fields are being filled by the program, not by hand
        self._build()
        self._clock = QTimer(self, interval=_LOOK_MS)
        self._clock.timeout.connect(self._on_clock)
        self._connect()
        self._begin()

    def save_state(self) -> dict[str, Any]:
        """Nothing of an order outlives the window: a forgotten price is a trap."""
        return {}

    def restore_state(self, state: dict[str, Any]) -> None:
        """See save_state."""

    def first_focus(self) -> QWidget:
        """Where the keyboard goes when the panel is called: the size, once one can be entered."""
        return self._form.quantity if self._form.isEnabled() else self._account

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ENTER:
            event.accept()
            if not event.isAutoRepeat():
                self.send()
            return
        super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._on_clock()
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def send(self, *, stale_quote_ok: bool = False) -> None:
        """Check what is written, ask when asking is on, and hand it to the engine.

        One order at a time: while one is being confirmed or sent, this does nothing.
        """
        if self._is_sending or self._dialog is not None or self._is_late():
            return
        if self._is_staged():
            self._desk.staging.drop("the ticket sends it", keep_ticket=True)
        try:
            requests = self._requests(stale_quote_ok=stale_quote_ok)
        except UserError as error:
            self._tell(str(error), is_problem=True)
            return
        if self._is_refused(requests):
            return
        if self._desk.settings.trading.confirm_orders:
            self._ask(requests)
        elif self._desk.arming.is_armed or self._desk.dry_run.is_on:
            self._submit(requests)
        else:
            self._tell(ARM_FIRST, is_problem=True)

    # -- set-up --------------------------------------------------------------------------------

    def _build(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 6, 8, 4)
        self._mode = self._label("mode-badge", column)
        self._mode.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._symbol = self._label("ticket-symbol", column)
        self._symbol.setWordWrap(True)
        self._account = QComboBox()
        self._account.setObjectName("ticket-account")
        self._account.setAccessibleName("Account")
        column.addWidget(self._account)
        self._quotes = QuoteButtons()
        column.addWidget(self._quotes)
        self._sizes = SizeButtons(self._size_words)
        self._sizes.show_presets(self._desk.settings.trading.size_presets)
        self._form = TicketForm(self._sizes, self._quotes.price)
        column.addWidget(self._form)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(SnugScroll(body))
        outer.addWidget(self._build_foot())
        outer.addStretch(1)

    def _build_foot(self) -> QWidget:
        """What never scrolls. Words come below the button, so that it never moves under a hand."""
        foot = QWidget()
        column = QVBoxLayout(foot)
        column.setContentsMargins(8, 4, 8, 8)
        self._estimate = TicketEstimate(self._desk)
        column.addWidget(self._estimate)
        self._send = SendButton()
        self._send.setObjectName("ticket-send")
        theme.follow(self._send, lambda: self._send.setMinimumHeight(theme.px(40)))
        self._send.setToolTip("Send this order (Enter)")
        column.addWidget(self._send)
        self._message = self._label("ticket-message", column)
        self._message.setWordWrap(True)
        self._override = SendButton("Send without a fresh quote", is_sudden=True)
        self._override.setObjectName("ticket-override")
        self._override.hide()
        column.addWidget(self._override)
        return foot

    def _label(self, name: str, column: QVBoxLayout) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        column.addWidget(label)
        return label

    def _connect(self) -> None:
        theme.changed.connect(self._restyle)
        self._restyle()
        desk, bridge = self._desk, self._desk.bridge
        desk.selection_changed.connect(self._on_selection_changed)
        desk.size_changed.connect(self._show_size)
        desk.ticket_filled.connect(self._on_filled)
        desk.staging_changed.connect(self._show_send)
        desk.dry_run_changed.connect(self._show_send)
        desk.settings_changed.connect(self._on_settings_changed)
        desk.price_picked.connect(self._on_price_picked)
        bridge.quotes_flushed.connect(self._on_quotes_flushed)
        bridge.connection_changed.connect(self._on_connection_changed)
        bridge.connection_removed.connect(self._on_connection_changed)
        bridge.account_changed.connect(self._list_accounts)
        bridge.order_changed.connect(self._on_order_changed)
        self._account.activated.connect(self._on_account_chosen)
        self._quotes.picked.connect(self._on_quote_clicked)
        self._sizes.chosen.connect(self._on_size_chosen)
        self._form.changed.connect(self._on_form_changed)
        self._form.refused.connect(self._on_refused)
        self._form.quantity.value_changed.connect(self._on_quantity_changed)
        self._form.quantity.lineEdit().textEdited.connect(self._on_quantity_typed)
        self._estimate.warned.connect(self._on_warned)
        self._estimate.told.connect(self._on_estimate)
        self._send.clicked.connect(self._on_send_clicked)
        self._override.clicked.connect(self._on_override_clicked)

    def _restyle(self) -> None:
        self.setStyleSheet(ticket_sheet())

    def _begin(self) -> None:
        """Empty but for what is chosen; an order that is staged already is written down."""
        self._is_taking = True
        try:
            self._on_selection_changed(self._desk.selection)
        finally:
            self._is_taking = False
        staged = self._desk.staging.staged
        if staged is not None and self._is_staged():
            self._on_filled(draft_of(staged))
        self._show_size()

    # -- what is chosen ------------------------------------------------------------------------

    def _on_selection_changed(self, selection: Selection) -> None:
        if selection.market_key != self._market_key:
            self._market_key = selection.market_key
            self._form.forget_prices()
        self._offer(selection)
        self._list_accounts()
        self._show_quote()
        self._show_size()
        self._on_form_changed()

    def _on_connection_changed(self, _event: object) -> None:
        self._offer(self._desk.selection)
        self._list_accounts()
        self._show_send()

    def _offer(self, selection: Selection) -> None:
        instrument, connection_id = selection.instrument, selection.connection_id
        self._form.setEnabled(instrument is not None)
        if instrument is None or connection_id is None:
            self._symbol.setText("Choose an instrument in the watchlist or press Ctrl+K")
            return
        name = instrument.description if instrument.description != instrument.symbol else ""
        self._symbol.setText(f"<b>{html.escape(instrument.symbol)}</b> {html.escape(name)}")
        self._form.offer(instrument, self._desk.engine.connections.capabilities(connection_id))

    def _list_accounts(self, _event: object = None) -> None:
        engine, selection = self._desk.engine, self._desk.selection
        rows = [
            (ConnectionId(c), account.account_id)
            for c in engine.connections.ids()
            for account in engine.connections.accounts(c)
        ]
        if rows != [self._account.itemData(i) for i in range(self._account.count())]:
            self._account.clear()
            for connection_id, account_id in rows:
                text = f"{connection_id} · {account_id}"
                self._account.addItem(text, (connection_id, account_id))
        missing = "Choose an account" if rows else "No account is connected"
        self._account.setPlaceholderText(missing)
        current = (selection.connection_id, selection.account_id)
        self._account.setCurrentIndex(rows.index(current) if current in rows else -1)
        is_paper = self._is_paper(selection.connection_id)
        words = {True: "PAPER", False: "LIVE", None: "NOT CONNECTED"}
        self._mode.setText(words[is_paper])
        set_state(self._mode, "mode", {True: "paper", False: "live", None: "off"}[is_paper])

    def _is_paper(self, connection_id: ConnectionId | None) -> bool | None:
        connections = self._desk.engine.connections
        known = connection_id is not None and connection_id in connections.ids()
        return connections.is_paper(connection_id) if known and connection_id else None

    def _on_account_chosen(self, index: int) -> None:
        connection_id, account_id = self._account.itemData(index)
        self._desk.select(connection_id=connection_id, account_id=account_id)

    # -- the market ----------------------------------------------------------------------------

    def _on_quotes_flushed(self, flushed: QuotesFlushed) -> None:
        if self._market_key is not None and self._market_key in flushed.quotes:
            self._show_quote()
            if self._size_hint:
                self._follow_market()

    def _on_clock(self) -> None:
        self._show_quote()
        self._follow_market()

    def _show_quote(self) -> None:
        market, selection = self._desk.engine.market, self._desk.selection
        key, quote, old_s = selection.market_key, None, None
        if key is not None and selection.connection_id is not None:
            quote, age_s = market.quote(key), market.age_s(key)
            limit_s = self._desk.engine.risk.limits(selection.connection_id).quote_max_age_s
            if age_s is not None and age_s > (limit_s or _STALE_AFTER_S):
                old_s = age_s
        self._quotes.show_quote(selection.instrument, quote, old_s)
        self._estimate.refresh()

    def _on_quote_clicked(self, price: Decimal) -> None:
        """The keyboard goes to the size: Enter is the second and last step."""
        self._on_price_picked(price)
        self.first_focus().setFocus(Qt.FocusReason.MouseFocusReason)

    def _on_price_picked(self, price: Decimal) -> None:
        instrument = self._desk.selection.instrument
        if instrument is not None:
            self._form.take_price(instrument.round_price(price))

    # -- what is written -----------------------------------------------------------------------

    def _on_settings_changed(self, settings: Settings) -> None:
        self._sizes.show_presets(settings.trading.size_presets)
        self._show_size()

    def _on_size_chosen(self, number: int) -> None:
        self._desk.run(f"trading.set_size_{number}")

    def _size_words(self, number: int) -> str:
        """What a preset means at this moment, for its tool tip."""
        preset = sizes.preset_of(self._desk, number)
        key = self._desk.keymap.text_of(f"trading.set_size_{number}")
        if preset is None:
            return ""
        try:
            means = f"Quantity {next_size.resolve(preset, self._desk).normalize():f}"
        except UserError as error:
            means = f"Not now: {error}"
        text = means if preset.kind is SizeKind.UNITS else f"{preset}: {means}"
        return f"{text} ({key})" if key else text

    def _on_filled(self, draft: TicketDraft) -> None:
        """A key has written an order: it stands here as it would be sent."""
        self._is_taking = True
        try:
            self._form.fill(draft)
        finally:
            self._is_taking = False
        self._show_size()

    def _show_size(self, _size: object = None) -> None:
        """The units that the chosen size means now; empty while nobody can tell. What was typed
        stands as it was typed, and so does the size of a staged order.
        """
        if self._is_taking or self._is_staged():
            return
        desk, now = self._desk, self._form.quantity.value()
        self._sizes.show_chosen(None if desk.size_problem else desk.size_choice)
        hint_before, self._size_hint = self._size_hint, ""
        size: Decimal | None = None
        if desk.size_problem:
            size = None if now else now  # the nonsense stands where it is, "0" of "0.5" too
        else:
            try:
                is_plain = desk.size_choice.kind is SizeKind.UNITS
                size = desk.size_choice.amount if is_plain else next_size.quantity(desk)
            except UserError as error:
                name, why = str(desk.size_choice), str(error)
                self._size_hint = why if why.startswith(name) else f"{name}: {why}"
        if size != now:
            self._write_size(size)
        elif self._size_hint != hint_before:
            self._show_send()

    def _write_size(self, size: Decimal | None) -> None:
        edit = self._form.quantity
        self._is_taking = self._is_following = True
        try:
            edit.set_value(size)
        finally:
            self._is_taking = self._is_following = False
        if edit.hasFocus():
            edit.selectAll()  # what is typed next comes in its place

    def _follow_market(self) -> None:
        """A size of money is other units when the market has moved; not while it is edited."""
        line = self._form.quantity.lineEdit()
        is_edited = line.hasFocus() and line.selectedText() != line.text()
        if self._desk.size_choice.kind is not SizeKind.UNITS and not is_edited:
            self._is_drifting = True
            try:
                self._show_size()
            finally:
                self._is_drifting = False

    def _is_staged(self) -> bool:
        """Whether what is written here is what Enter would send from anywhere."""
        return self._desk.staging.is_in(self._desk)

    def _on_quantity_changed(self, size: Decimal | None) -> None:
        if size is not None and not self._is_taking:
            self._desk.set_size(size)

    def _on_quantity_typed(self, text: str) -> None:
        """By hand it is a size in units, or none: then no key may send the one of before."""
        size = self._form.quantity.value()
        if size is None or size <= 0:
            self._desk.refuse_size(text.strip() or "the field is empty")
        else:
            self._desk.set_size(size)

    def _on_refused(self, text: str) -> None:
        self._tell(text, is_problem=True)

    def _on_warned(self, text: str) -> None:
        self._warning = text
        self._show_message()

    def _on_estimate(self, number: int) -> None:
        """Bring the broker's figures into a question that was asked before they came."""
        if self._dialog is not None and number == self._asked_number:
            self._dialog.show_facts(self._estimate.facts(self._dialog.entry))

    def _on_form_changed(self) -> None:
        self._desk.note_draft(self._form.draft())
        if not self._is_taking and self._is_staged():
            why = "the ticket was changed by hand: send it from there"
            self._desk.staging.drop(why, keep_ticket=True)
        if not self._is_following:
            self._news = ("", False)
            self._override.hide()
        self._estimate.follow(self._show_send(), is_drifting=self._is_drifting)

    def _show_send(self, _event: object = None) -> OrderRequest | None:
        """Bring the button and the words up to date; the order that it would send."""
        draft, symbol = self._form.draft(), self._desk.selection.instrument
        entry: OrderRequest | None = None
        text = f"{draft.side.value.upper()} {symbol.symbol}" if symbol else "No instrument"
        self._hint = ""
        try:
            entry = self._requests()[0]
            text = describe(entry)
        except UserError as error:
            self._hint = self._size_hint or str(error)
        set_state(self._send, "side", draft.side.value)
        set_state(self._send, "staged", self._is_staged())
        self._send.setText(f"{PREFIX}\n{text}" if self._desk.dry_run.is_on else text)
        is_ready = entry is not None and self._closed_reason() is None
        self._send.setEnabled(is_ready and not self._is_sending)
        self._show_message()
        return entry

    def _show_message(self) -> None:
        """Bad news first, then why nothing can be sent, then other news, then what is missing."""
        closed = self._closed_reason() if self._desk.selection.instrument else None
        text, is_problem = self._news
        if self._is_staged() and not is_problem:
            text = "Staged: Enter sends it from anywhere, Esc drops it, arrows adjust it"
        if not text or (closed and not is_problem):
            text, is_problem = closed or self._hint or self._warning, bool(closed)
        self._message.setText(text)
        set_state(self._message, "problem", is_problem)

    def _closed_reason(self) -> str | None:
        connection_id = self._desk.selection.connection_id
        if connection_id is None:
            return "No connection is chosen"
        return self._desk.engine.connections.is_trading_open(connection_id)

    def _requests(self, *, stale_quote_ok: bool = False) -> list[OrderRequest]:
        selection = self._desk.selection
        if selection.instrument is None or selection.connection_id is None:
            raise UserError("Choose an instrument first")
        if selection.account_id is None:
            raise UserError("No account yet: the connection has not told its accounts")
        return self._form.draft().requests(
            selection.connection_id,
            selection.account_id,
            selection.instrument,
            stale_quote_ok=stale_quote_ok,
        )

    # -- sending -------------------------------------------------------------------------------

    def _on_send_clicked(self) -> None:
        self.send()

    def _on_override_clicked(self) -> None:
        self.send(stale_quote_ok=True)

    def _is_late(self) -> bool:
        """Whether what asks for it now had to wait; says so, and nothing is sent."""
        if why := self._desk.core.input_age.refusal("The order"):
            self._tell(why, is_problem=True)
        return bool(why)

    def _is_refused(self, requests: Sequence[OrderRequest]) -> bool:
        """Whether these may not go out now; says why."""
        engine, first = self._desk.engine, requests[0]
        if reason := engine.connections.is_trading_open(first.connection_id):
            self._tell(reason, is_problem=True)
            return True
        refusal = engine.risk.check(requests)
        self._override.setVisible(refusal is not None and refusal.rule == "quote")
        if refusal is not None:
            where = "" if refusal.rule in _NO_SETTING else ". Limits: Tools > Risk Limits"
            self._tell(f"{refusal.reason}{where}", is_problem=True)
        return refusal is not None

    def _ask(self, requests: Sequence[OrderRequest]) -> None:
        entry = requests[0]
        facts = [*order_facts(entry), *self._estimate.facts(entry), *special_facts(entry)]
        if self._desk.dry_run.is_on:
            facts.append((PREFIX, "nothing is sent"))
        # Whatever is not proved to be paper is called live.
        is_paper = self._is_paper(entry.connection_id) is True
        self._dialog = ConfirmOrderDialog(
            requests,
            facts,
            is_paper=is_paper,
            is_armed=self._desk.arming.is_armed,
            parent=self,
        )
        self._asked_number = self._estimate.number
        self._estimate.hurry()
        self._dialog.confirmed.connect(self._on_confirmed)
        self._dialog.finished.connect(self._on_dialog_finished)
        self._dialog.open()

    def _on_confirmed(self, requests: Sequence[OrderRequest], was_paper: bool) -> None:
        if self._is_late():
            return
        if (self._is_paper(requests[0].connection_id) is True) is not was_paper:
            text = f"{requests[0].connection_id} changed between live and paper: nothing was sent"
            self._tell(text, is_problem=True)
        elif not self._is_refused(requests):
            self._submit(requests)

    def _on_dialog_finished(self) -> None:
        self._dialog = None

    def _submit(self, requests: Sequence[OrderRequest]) -> None:
        self._is_sending = True
        self._sent_ids = tuple(request.client_order_id for request in requests)
        self._send.setEnabled(False)
        with as_command("trading.send_ticket"):
            self._desk.spawn(self._sent(submit(self._desk, requests)), "ticket.submit")

    async def _sent(self, sent: Awaitable[list[Order]]) -> None:
        try:
            orders = await sent
        finally:
            self._is_sending = False
            if isValid(self):  # it may be closed, or in another group, while the order goes out
                self._show_send()
        text, severity = f"{PREFIX}: nothing was sent", Severity.INFO
        for order in orders[:1]:
            severity, text = became(order)
            if not is_told(order):
                self._desk.notify(severity, text)
        if isValid(self):
            self._tell(text, is_problem=severity is not Severity.INFO)

    def _on_order_changed(self, event: OrderChanged) -> None:
        """Follow what was sent: a broker's refusal comes later than its receipt."""
        order = event.order
        if order.client_order_id not in self._sent_ids or self._is_sending:
            return
        severity, text = became(order)
        is_problem = severity is not Severity.INFO
        if is_problem or order.client_order_id == self._sent_ids[0]:
            self._tell(text, is_problem=is_problem)  # of a group the rest only when it goes wrong

    def _tell(self, text: str, *, is_problem: bool) -> None:
        self._news = (text, is_problem)
        self._show_message()
