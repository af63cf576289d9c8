"""New terms for a live order: quantity and the prices that its type has."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from app.domain.events import OrderChanged
from app.domain.order import Order
from app.domain.order_types import OrderType
from app.domain.request import OrderChange
from app.ui import format as fmt
from app.ui import theme
from app.ui.bridge import EngineBridge
from app.ui.models.orders import change_words, side_word, status_words, type_word
from app.ui.panels.ticket_style import ticket_sheet
from app.ui.widgets.enter_guard import EnterGuard
from app.ui.widgets.number_edit import NumberEdit

_CHANGE = "Change Order"
_PERCENT_STEP = Decimal("0.01")


class ModifyOrderDialog(QDialog):
    """Asks for new terms and hands them to `change_asked`; open it with `open()`.

    Only fields that were changed are asked for. It follows the order while it is open: fills are
    shown, and an order that has closed cannot be changed any more.
    """

    change_asked = Signal(object, object)  # ClientOrderId, OrderChange

    def __init__(
        self, order: Order, bridge: EngineBridge, *, is_paper: bool | None, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("modify_order")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setStyleSheet(ticket_sheet())
        self.guard = EnterGuard(self)
        self._order = order
        mode = "PAPER" if is_paper else "LIVE"
        self.setWindowTitle(f"Change {mode} order")
        self._fields: dict[str, NumberEdit] = {}
        self._shown: dict[str, Decimal | None] = {}
        layout = QVBoxLayout(self)
        layout.addWidget(self._badge(mode))
        self._heading = QLabel(self)
        self._heading.setWordWrap(True)
        layout.addWidget(self._heading)
        layout.addLayout(self._form())
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.message)
        layout.addWidget(self._buttons())
        self.setMinimumWidth(theme.px(380))
        bridge.order_changed.connect(self._on_order_changed)
        self._follow(order)

    def field(self, name: str) -> NumberEdit:
        """The field of a term: quantity, limit_price, stop_price, trail_amount, trail_percent."""
        return self._fields[name]

    def change(self) -> OrderChange:
        """What the fields ask for beyond what stood when it was opened."""
        asked = {
            name: edit.value()
            for name, edit in self._fields.items()
            if edit.value() is not None and edit.value() != self._shown[name]
        }
        return OrderChange(**asked)

    def problems(self) -> list[str]:
        """Why this cannot be asked for; empty when it can."""
        if self._order.status.is_closed:
            return [
                f"the order is {status_words(self._order.status)}: it can't be changed any more"
            ]
        empty = [n.replace("_", " ") for n, edit in self._fields.items() if edit.value() is None]
        if empty:
            return [f"enter a {empty[0]}"]
        change = self.change()
        terms = {name: getattr(change, name) for name in self._fields}
        wanted = replace(
            self._order.request,
            quantity=self._order.quantity,
            limit_price=self._order.limit_price,
            stop_price=self._order.stop_price,
            trail_amount=self._order.trail_amount,
            trail_percent=self._order.trail_percent,
        )
        found = replace(wanted, **{n: v for n, v in terms.items() if v is not None}).problems()
        if change.quantity is not None and change.quantity <= self._order.cum_quantity:
            filled = fmt.quantity(self._order.request.instrument, self._order.cum_quantity)
            found.append(f"quantity must be more than the {filled} already filled")
        return found

    def _badge(self, mode: str) -> QLabel:
        badge = QLabel(f"{mode} — {self._order.request.account_id}", self)
        badge.setObjectName("mode-badge")
        badge.setProperty("mode", mode.lower())
        badge.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return badge

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        order, instrument = self._order, self._order.request.instrument
        kind = order.request.order_type
        step, digits = instrument.quantity_step, instrument.quantity_decimals
        self._add(form, "Quantity", "quantity", order.quantity, step, digits)
        tick, decimals = instrument.tick_size, instrument.price_decimals
        if kind.has_limit:
            self._add(form, "Limit price", "limit_price", order.limit_price, tick, decimals)
        if kind.has_stop:
            self._add(form, "Stop price", "stop_price", order.stop_price, tick, decimals)
        if kind is OrderType.TRAILING_STOP and order.trail_percent is not None:
            percent = order.trail_percent
            self._add(form, "Trail (%)", "trail_percent", percent, _PERCENT_STEP, 2)
        elif kind is OrderType.TRAILING_STOP:
            self._add(form, "Trail", "trail_amount", order.trail_amount, tick, decimals)
        return form

    def _add(
        self,
        form: QFormLayout,
        title: str,
        name: str,
        value: Decimal | None,
        step: Decimal,
        decimals: int,
    ) -> None:
        edit = NumberEdit(title, self)
        edit.setObjectName(name)
        edit.set_step(step, decimals)
        edit.set_value(value)
        edit.value_changed.connect(self._check)
        edit.refused.connect(self._say)
        self._fields[name], self._shown[name] = edit, edit.value()
        form.addRow(title, edit)

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(self)
        self.send = box.addButton(_CHANGE, QDialogButtonBox.ButtonRole.AcceptRole)
        self.send.setDefault(True)
        box.addButton(QDialogButtonBox.StandardButton.Cancel).setText("Keep As It Is")
        box.accepted.connect(self._ask)
        box.rejected.connect(self.reject)
        return box

    def _ask(self) -> None:
        if self.problems() or self.change() == OrderChange():
            self._check()
            return
        self.change_asked.emit(self._order.client_order_id, self.change())
        self.accept()

    def _check(self, _value: object = None) -> None:
        problems, change = self.problems(), self.change()
        self.send.setEnabled(not problems and change != OrderChange())
        if problems:
            self._say("; ".join(problems))
        elif change == OrderChange():
            self._say("Nothing is changed yet.")
        else:
            self._say(f"Changes {change_words(self._order, change)}.")

    def _say(self, text: str) -> None:
        self.message.setText(text)

    def _on_order_changed(self, event: OrderChanged) -> None:
        if event.order.client_order_id == self._order.client_order_id:
            self._follow(event.order)

    def _follow(self, order: Order) -> None:
        self._order = order
        request = order.request
        quantity = fmt.quantity(request.instrument, order.quantity)
        filled = fmt.quantity(request.instrument, order.cum_quantity)
        self._heading.setText(
            f"{side_word(request.side)} {quantity} {request.instrument.symbol}"
            f" {type_word(request.order_type).lower()}, {status_words(order.status).lower()},"
            f" {filled} filled, at {request.connection_id}"
        )
        self._check()
