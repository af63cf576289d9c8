"""The fields of the order ticket: they hold a TicketDraft and show only what a connection does."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.commands.ticket import TicketDraft, offered_times, offered_types
from app.domain.capabilities import Capabilities
from app.domain.instrument import Instrument
from app.domain.order_types import OrderType, Side, TimeInForce
from app.ui.widgets.number_edit import NumberEdit

TYPE_TITLES = {
    OrderType.MARKET: "Market",
    OrderType.LIMIT: "Limit",
    OrderType.STOP: "Stop",
    OrderType.STOP_LIMIT: "Stop limit",
    OrderType.TRAILING_STOP: "Trailing stop",
}


class TicketForm(QWidget):
    """Side, size, type, prices and conditions of one order. GUI thread.

    `market` answers the price of "bid" or "ask", None while it is not known: stepping in an empty
    price field begins there. `sizes` are buttons for the quantity, put beside it.

    Signals:
        changed(): any field has another value.
        refused(str): why something typed was not taken.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(
        self,
        sizes: QWidget,
        market: Callable[[str], Decimal | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._is_filling = False
        self._market = market
        self._capabilities = Capabilities()
        self._offered: tuple[Instrument, Capabilities] | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._build_side()
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._layout.addLayout(self._form)
        self.quantity = self._number("Quantity", "ticket-quantity", rounds_down=True)
        self._form.addRow(sizes)
        self._type = self._combo("Type", "ticket-type")
        self.limit_price = self._number("Limit price", "ticket-limit")
        self.stop_price = self._number("Stop price", "ticket-stop")
        self._build_trail()
        self._tif = self._combo("Time in force", "ticket-tif")
        self._outside = self._check("Outside regular hours", "ticket-outside-hours")
        self._form.addRow("", self._outside)
        self._build_bracket()
        self._type.currentIndexChanged.connect(self._on_type_changed)
        self.limit_price.step_from = lambda: self._market(self._resting_side())
        self.stop_price.step_from = lambda: self._market(self._crossing_side())
        for edit in (self.target_price, self.protective_stop):
            edit.step_from = self._entry_price
        self.quantity.set_step(Decimal(1), 0)  # until an instrument says otherwise
        self._show_fields()

    def draft(self) -> TicketDraft:
        """What the fields hold now."""
        return TicketDraft(
            side=Side.BUY if self._buy.isChecked() else Side.SELL,
            order_type=self._type.currentData() or OrderType.LIMIT,
            quantity=self.quantity.value(),
            limit_price=self.limit_price.value(),
            stop_price=self.stop_price.value(),
            trail=self.trail.value(),
            trail_is_percent=self._trail_unit.currentIndex() == 1,
            time_in_force=self._tif.currentData() or TimeInForce.DAY,
            outside_hours=self._outside.isChecked(),
            has_bracket=self.bracket.isChecked() and self.bracket.isVisibleTo(self),
            target_price=self.target_price.value(),
            protective_stop=self.protective_stop.value(),
        )

    def fill(self, draft: TicketDraft) -> None:
        """Put a draft into the fields; `offer` must have been called before."""
        self._is_filling = True
        try:
            (self._buy if draft.side is Side.BUY else self._sell).setChecked(True)
            self._select(self._type, draft.order_type)
            self._select(self._tif, draft.time_in_force)
            self._trail_unit.setCurrentIndex(1 if draft.trail_is_percent else 0)
            if draft.quantity != self.quantity.value():
                self.quantity.set_value(draft.quantity)  # else what was typed stands as it was
            for edit, value in (
                (self.limit_price, draft.limit_price),
                (self.stop_price, draft.stop_price),
                (self.trail, draft.trail),
                (self.target_price, draft.target_price),
                (self.protective_stop, draft.protective_stop),
            ):
                edit.set_value(value)
            self._outside.setChecked(draft.outside_hours)
            self.bracket.setChecked(draft.has_bracket)
        finally:
            self._is_filling = False
        self._show_fields()
        self.changed.emit()

    def offer(self, instrument: Instrument, capabilities: Capabilities) -> None:
        """Offer what this connection can do with this instrument, and step by its tick and lot.

        What is written stays, unless the connection cannot do it; see `forget_prices`.
        """
        if self._offered == (instrument, capabilities):
            return
        draft = self.draft().fitted(instrument, capabilities)
        self._offered, self._capabilities = (instrument, capabilities), capabilities
        self._refill(
            self._type, [(TYPE_TITLES[k], k) for k in offered_types(instrument, capabilities)]
        )
        self._offer_times(draft.order_type)
        self._outside.setVisible(capabilities.outside_hours)
        self.bracket.setVisible(capabilities.bracket)
        self.quantity.set_step(instrument.quantity_step, instrument.quantity_decimals)
        for edit in (self.limit_price, self.stop_price, self.target_price, self.protective_stop):
            edit.set_step(instrument.tick_size, instrument.price_decimals)
        self._tick = (instrument.tick_size, instrument.price_decimals)
        self._show_trail_step()
        self.fill(draft)

    def forget_prices(self) -> None:
        """Empty every price: they belong to an instrument that is no longer chosen."""
        self.fill(self.draft().without_prices())

    def set_side(self, side: Side) -> None:
        """Choose Buy or Sell."""
        (self._buy if side is Side.BUY else self._sell).setChecked(True)

    def take_price(self, price: Decimal) -> None:
        """A clicked price goes where the order's type wants one; a market order becomes a limit."""
        kind = self._type.currentData()
        if kind is OrderType.TRAILING_STOP:
            self.refused.emit("A trailing stop follows the market: it takes no price")
            return
        if kind is OrderType.STOP:
            self.stop_price.set_value(price)
            return
        if kind is OrderType.MARKET:
            self._select(self._type, OrderType.LIMIT)
        self.limit_price.set_value(price)

    def _build_side(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(0)
        self._sides = QButtonGroup(self)
        self._buy, self._sell = (self._side_button(side, row) for side in Side)
        self._buy.setChecked(True)
        self._sides.buttonToggled.connect(lambda _, on: self._emit() if on else None)
        self._layout.addLayout(row)

    def _side_button(self, side: Side, row: QHBoxLayout) -> QPushButton:
        button = QPushButton(side.value.upper())
        button.setObjectName(f"ticket-{side.value}")
        button.setProperty("side", side.value)
        button.setCheckable(True)
        button.setAccessibleName(f"{side.value} side")
        self._sides.addButton(button)
        row.addWidget(button)
        return button

    def _build_trail(self) -> None:
        self.trail = NumberEdit("Trailing offset", self)
        self.trail.setObjectName("ticket-trail")
        self._trail_unit = QComboBox()
        self._trail_unit.setObjectName("ticket-trail-unit")
        self._trail_unit.addItems(["amount", "percent"])
        self._trail_unit.setAccessibleName("Trailing offset unit")
        self._trail_row = QWidget()
        row = QHBoxLayout(self._trail_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.trail, 1)
        row.addWidget(self._trail_unit)
        self._form.addRow("Trail by", self._trail_row)
        self._listen(self.trail)
        self._trail_unit.currentIndexChanged.connect(self._on_trail_unit_changed)
        self._tick = (Decimal("0.01"), 2)

    def _build_bracket(self) -> None:
        self.bracket = QGroupBox("Bracket")
        self.bracket.setObjectName("ticket-bracket")
        self.bracket.setCheckable(True)
        self.bracket.setChecked(False)
        self.bracket.setToolTip("Send a target and a stop that wait for the entry to fill")
        form = QFormLayout(self.bracket)
        self.target_price = NumberEdit("Target price", self)
        self.protective_stop = NumberEdit("Protective stop", self)
        for name, edit in (("Target", self.target_price), ("Stop", self.protective_stop)):
            edit.setObjectName(f"ticket-bracket-{name.lower()}")
            form.addRow(QLabel(name), edit)
            self._listen(edit)
        self.bracket.toggled.connect(self._emit)
        self._layout.addWidget(self.bracket)

    def _number(self, name: str, object_name: str, *, rounds_down: bool = False) -> NumberEdit:
        edit = NumberEdit(name, self, rounds_down=rounds_down)
        edit.setObjectName(object_name)
        self._form.addRow(name, edit)
        self._listen(edit)
        return edit

    def _listen(self, edit: NumberEdit) -> None:
        edit.value_changed.connect(self._emit)
        edit.refused.connect(self.refused)

    def _combo(self, name: str, object_name: str) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName(object_name)
        combo.setAccessibleName(name)
        combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        combo.currentIndexChanged.connect(self._emit)
        self._form.addRow(name, combo)
        return combo

    def _check(self, text: str, object_name: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setObjectName(object_name)
        box.toggled.connect(self._emit)
        return box

    def _refill(self, combo: QComboBox, rows: list[tuple[str, object]]) -> None:
        was_filling, self._is_filling = self._is_filling, True
        try:
            kept = combo.currentData()
            combo.clear()
            for title, value in rows:
                combo.addItem(title, value)
            self._select(combo, kept)
        finally:
            self._is_filling = was_filling

    def _select(self, combo: QComboBox, value: object) -> None:
        for index in range(combo.count()):
            if combo.itemData(index) is value:
                combo.setCurrentIndex(index)

    def _offer_times(self, kind: OrderType) -> None:
        times = offered_times(kind, self._capabilities)
        self._refill(self._tif, [(tif.value.upper(), tif) for tif in times])

    def _on_type_changed(self) -> None:
        kind = self._type.currentData()
        if kind is not None:
            self._offer_times(kind)
            self._show_fields()

    def _show_fields(self) -> None:
        kind = self._type.currentData() or OrderType.LIMIT
        shown: list[tuple[QWidget, bool]] = [
            (self.limit_price, kind.has_limit),
            (self.stop_price, kind.has_stop),
            (self._trail_row, kind is OrderType.TRAILING_STOP),
        ]
        for widget, is_shown in shown:
            self._form.setRowVisible(widget, is_shown)

    def _on_trail_unit_changed(self) -> None:
        if not self._is_filling:
            self.trail.set_value(None)  # half a dollar is not half a per cent
        self._show_trail_step()
        self._emit()

    def _show_trail_step(self) -> None:
        step, decimals = (Decimal("0.1"), 1) if self._trail_unit.currentIndex() else self._tick
        self.trail.set_step(step, decimals)

    def _resting_side(self) -> str:
        """The side of the quote at which an order waits."""
        return "bid" if self._buy.isChecked() else "ask"

    def _crossing_side(self) -> str:
        return "ask" if self._buy.isChecked() else "bid"

    def _entry_price(self) -> Decimal | None:
        draft = self.draft()
        kind = draft.order_type
        price = draft.limit_price if kind.has_limit else draft.stop_price if kind.has_stop else None
        return self._market(self._crossing_side()) if price is None else price

    def _emit(self, *_: object) -> None:
        if not self._is_filling:
            self.changed.emit()
