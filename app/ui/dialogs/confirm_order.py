"""The last look before an order leaves: account, side, size, symbol, type, price, value."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from app.commands.ticket import describe
from app.domain.order_types import OrderType
from app.domain.request import OrderRequest
from app.ui import format as fmt
from app.ui import theme
from app.ui.panels.ticket_style import ticket_sheet
from app.ui.widgets.enter_guard import EnterGuard
from app.ui.widgets.send_button import SendButton

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_TYPES = {
    OrderType.MARKET: "Market",
    OrderType.LIMIT: "Limit",
    OrderType.STOP: "Stop",
    OrderType.STOP_LIMIT: "Stop limit",
    OrderType.TRAILING_STOP: "Trailing stop",
}


class ConfirmOrderDialog(QDialog):
    """Asks once; Enter sends, Esc drops. Open it with `open()`, never `exec()`.

    `facts` are pairs of a label and a text, in the order shown. A key that is still held down from
    before, or the second click of a double-click, confirms nothing. Unless `is_armed`, keys and
    clicks count only once the hands have rested for a moment: nobody who types or clicks on
    without looking sends an order.

    Signals:
        confirmed(object, bool): the requests as they were shown, and whether they were called
            paper.
    """

    confirmed = Signal(object, bool)

    def __init__(
        self,
        requests: Sequence[OrderRequest],
        facts: Sequence[tuple[str, str]],
        *,
        is_paper: bool,
        is_armed: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("confirm-order")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setStyleSheet(ticket_sheet())
        self.setMinimumWidth(theme.px(360))
        mode = "PAPER" if is_paper else "LIVE"
        self.setWindowTitle(f"Confirm {mode} order")
        layout = QVBoxLayout(self)
        badge = QLabel(f"{mode} — {requests[0].account_id}")
        badge.setObjectName("mode-badge")
        badge.setProperty("mode", mode.lower())
        badge.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(badge)
        for request in requests:
            line = QLabel(describe(request))
            line.setObjectName("order-line")
            line.setProperty("side", request.side.value)
            line.setWordWrap(True)
            line.setIndent(0)
            layout.addWidget(line)
        self.entry = requests[0]
        self._facts: dict[str, QLabel] = {}
        layout.addLayout(self._form(facts))
        layout.addWidget(self._buttons(requests[0]))
        self.guard = None if is_armed else EnterGuard(self, quiet=self.send_button)
        self.accepted.connect(lambda: self.confirmed.emit(requests, is_paper))

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Figures that came since it was opened, each in its own place."""
        for name, text in facts:
            self._facts[name].setText(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ENTER and event.isAutoRepeat():
            event.accept()
            return
        super().keyPressEvent(event)

    def _buttons(self, entry: OrderRequest) -> QDialogButtonBox:
        box = QDialogButtonBox()
        self.send_button = send = SendButton(
            f"{entry.side.value.capitalize()} {entry.quantity.normalize():f}"
            f" {entry.instrument.symbol}",
            is_sudden=True,
        )
        send.setObjectName("confirm-send")
        send.setDefault(True)
        send.setProperty("side", entry.side.value)
        box.addButton(send, QDialogButtonBox.ButtonRole.AcceptRole)
        box.addButton(QDialogButtonBox.StandardButton.Cancel)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        return box

    def _form(self, facts: Sequence[tuple[str, str]]) -> QFormLayout:
        form = QFormLayout()
        for name, text in facts:
            value = QLabel(text)
            value.setObjectName("fact")
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            form.addRow(name, value)
            self._facts[name] = value
        return form


def order_facts(request: OrderRequest) -> list[tuple[str, str]]:
    """Where an order goes and what it is, one by one: nothing is left to be inferred."""
    instrument = request.instrument
    name = instrument.description
    named = [("Instrument", name)] if name not in ("", instrument.symbol) else []
    return [
        ("Account", request.account_id),
        ("Connection", request.connection_id),
        ("Side", request.side.value.capitalize()),
        ("Quantity", fmt.quantity(instrument, request.quantity)),
        ("Symbol", instrument.symbol),
        *named,
        ("Type", _TYPES[request.order_type]),
        *((name, fmt.price(instrument, price)) for name, price in _prices(request)),
        ("Time in force", request.time_in_force.value.upper()),
        ("Outside regular hours", "yes" if request.outside_hours else "no"),
    ]


def special_facts(request: OrderRequest) -> list[tuple[str, str]]:
    """What only some orders are, said last."""
    return [("Without a fresh quote", "yes")] if request.stale_quote_ok else []


def _prices(request: OrderRequest) -> list[tuple[str, Decimal]]:
    named = (
        ("Stop price", request.stop_price),
        ("Limit price", request.limit_price),
        ("Trail", request.trail_amount),
        ("Trail in percent", request.trail_percent),
    )
    return [(name, price) for name, price in named if price is not None]
