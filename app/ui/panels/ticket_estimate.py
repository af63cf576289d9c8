"""What the order being written would cost: value at once, fees and margin from the broker."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget
from shiboken6 import isValid

from app.base.errors import BrokerError, MoorgateError
from app.brokers.base import Preview
from app.domain.order_types import Side
from app.domain.request import OrderRequest
from app.ui import format as fmt
from app.ui import theme
from app.ui.desk import Desk

_DELAY_MS = 250
_GENTLE_MS = 5_000
_ROWS = ("Value", "Fees", "Margin")


class TicketEstimate(QWidget):
    """Three figures about one order. What is not known is a dash. GUI thread.

    The value follows the quote; the broker is asked once for every order that is written, and
    never more often than four times a second. While only the size drifts with the market it is
    asked every five seconds; until it answers, its figures say for which size they were told.

    Signals:
        warned(str): what the broker would say against the order; empty when nothing.
        told(int): the broker's figures of that `number` are here.
    """

    warned = Signal(str)
    told = Signal(int)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._entry: OrderRequest | None = None
        self._number = 0
        self._told: tuple[Preview, OrderRequest] | None = None  # and for what it was told
        self._asked = QElapsedTimer()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(1)
        self._figures: dict[str, QLabel] = {}
        for row, name in enumerate(_ROWS):
            figure = QLabel(fmt.UNKNOWN)
            figure.setObjectName(f"ticket-{name.lower()}")
            figure.setAlignment(Qt.AlignmentFlag.AlignRight)
            figure.setFont(theme.number_font())
            figure.setAccessibleName(f"Estimated {name.lower()}")
            grid.addWidget(QLabel(name), row, 0)
            grid.addWidget(figure, row, 1)
            self._figures[name] = figure
        self._timer = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._timer.timeout.connect(self._ask)

    @property
    def number(self) -> int:
        """Which order is estimated; another one has another number."""
        return self._number

    def follow(self, entry: OrderRequest | None, *, is_drifting: bool = False) -> None:
        """Estimate this order from now on; None when there is none.

        It `is_drifting` when it is the one of before, but for a size that the market has changed.
        """
        self._entry = entry
        if not is_drifting or entry is None:
            self._number += 1
            self._told = None
            self._asked.invalidate()
        self._show()
        if entry is None:
            self._timer.stop()
        elif not self._asked.isValid():
            self._timer.start(_DELAY_MS)
        elif not self._timer.isActive():
            self._timer.start(max(_DELAY_MS, _GENTLE_MS - self._asked.elapsed()))

    def hurry(self) -> None:
        """The order is about to be decided on: ask now for the size that it has now."""
        if self._entry is not None and self._told is not None and self._for(self._entry):
            self._timer.start(0)

    def refresh(self) -> None:
        """The quote has moved."""
        if self._entry is not None:
            self._write("Value", self._value_text(self._entry))

    def value(self, entry: OrderRequest) -> Decimal | None:
        """What it is worth: at its own price, else where it would trade now."""
        price = entry.limit_price or entry.stop_price
        if price is None:
            key = (entry.connection_id, entry.instrument.key)
            quote = self._desk.engine.market.quote(key)
            if quote is None:
                return None
            now = quote.ask if entry.side is Side.BUY else quote.bid
            if not fmt.is_known(now):
                return None
            price = Decimal(repr(now))
        return entry.instrument.notional(price, entry.quantity)

    def facts(self, entry: OrderRequest) -> list[tuple[str, str]]:
        """The figures for a last look at this order."""
        return [("Estimated value", self._value_text(entry)), *self._figures_of(entry)]

    def _ask(self) -> None:
        entry, engine = self._entry, self._desk.engine
        if entry is None or not engine.connections.capabilities(entry.connection_id).preview:
            return
        if engine.connections.is_trading_open(entry.connection_id) is None:
            self._asked.start()
            self._desk.spawn(self._ask_broker(entry, self._number), "ticket.preview")

    async def _ask_broker(self, entry: OrderRequest, number: int) -> None:
        try:
            preview = await self._desk.engine.connections.call(
                entry.connection_id, lambda broker: broker.preview(entry)
            )
        except (BrokerError, MoorgateError):
            return  # only an estimate is missing: the order's own path reports failures
        if isValid(self) and number == self._number:  # its ticket may be gone meanwhile
            self._told = preview, entry
            self._show()
            self.told.emit(number)

    def _show(self) -> None:
        entry, told = self._entry, self._told
        self._write("Value", fmt.UNKNOWN if entry is None else self._value_text(entry))
        for name, text in self._figures_of(entry):
            self._write(name, text)
        warning = "" if told is None else told[0].text
        size = self._for(entry)
        self.warned.emit(f"{warning} (asked{size})" if warning and size else warning)

    def _figures_of(self, entry: OrderRequest | None) -> list[tuple[str, str]]:
        """What the broker told of this order; of another size of it, it says which."""
        if entry is None or self._told is None:
            return [(name, fmt.UNKNOWN) for name in _ROWS[1:]]
        preview, currency = self._told[0], self._account_currency(entry)
        known, size = (preview.commission, preview.initial_margin), self._for(entry)
        texts = (fmt.money(one, currency) + (size if one is not None else "") for one in known)
        return list(zip(_ROWS[1:], texts, strict=True))

    def _for(self, entry: OrderRequest | None) -> str:
        """For which size the broker's figures are, where this order has another one."""
        if self._told is None or entry is None or self._told[1].quantity == entry.quantity:
            return ""
        asked = self._told[1]
        return f" for {fmt.quantity(asked.instrument, asked.quantity)}"

    def _write(self, name: str, text: str) -> None:
        if self._figures[name].text() != text:
            self._figures[name].setText(text)

    def _value_text(self, entry: OrderRequest) -> str:
        return fmt.money(self.value(entry), entry.instrument.currency)

    def _account_currency(self, entry: OrderRequest) -> str:
        accounts = self._desk.engine.connections.accounts(entry.connection_id)
        mine = (a.base_currency for a in accounts if a.account_id == entry.account_id)
        return next(mine, "")
