"""Bid and ask as two large buttons: they show the market and a click takes its price."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.domain.instrument import Instrument
from app.domain.market import Quote
from app.ui import format as fmt


class QuoteButtons(QWidget):
    """The two sides of one instrument's market. GUI thread.

    Signals:
        picked(object): the Decimal price of the side that was clicked.
    """

    picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._instrument: Instrument | None = None
        self._prices: dict[str, Decimal | None] = {"bid": None, "ask": None}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self._buttons = {side: self._button(side, row) for side in ("bid", "ask")}
        self.show_quote(None, None)

    def show_quote(self, instrument: Instrument | None, quote: Quote | None) -> None:
        """Show the market of `instrument`; without a quote both sides are unknown."""
        self._instrument = instrument
        self._show("bid", quote.bid if quote else None, quote.bid_size if quote else None)
        self._show("ask", quote.ask if quote else None, quote.ask_size if quote else None)

    def price(self, side: str) -> Decimal | None:
        """The price of "bid" or "ask" as shown, None when unknown."""
        return self._prices[side]

    def _button(self, side: str, row: QHBoxLayout) -> QPushButton:
        button = QPushButton()
        button.setObjectName(f"ticket-{side}")
        button.setProperty("quoteSide", side)
        button.setMinimumHeight(46)
        button.setToolTip(f"Take the {side} as the price")
        button.setFocusPolicy(self.focusPolicy())
        button.clicked.connect(lambda: self._on_clicked(side))
        row.addWidget(button)
        return button

    def _show(self, side: str, price: float | None, size: float | None) -> None:
        instrument = self._instrument
        is_known = instrument is not None and fmt.is_known(price)
        word = side.upper()
        if instrument is None or not is_known or price is None:
            self._prices[side], text = None, f"{word}\n{fmt.UNKNOWN}"
        else:
            self._prices[side] = instrument.round_price(Decimal(repr(price)))
            shown = fmt.price(instrument, price)
            text = f"{word}  {shown}\n{fmt.quantity(instrument, size)}"
        button = self._buttons[side]
        if button.text() != text:
            button.setText(text)
            button.setAccessibleName(text.replace("\n", ", size "))
            button.setEnabled(is_known)

    def _on_clicked(self, side: str) -> None:
        price = self._prices[side]
        if price is not None:
            self.picked.emit(price)
