"""Bid and ask as two large buttons: they show the market and a click takes its price."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.domain.instrument import Instrument
from app.domain.market import DataKind, Quote
from app.ui import format as fmt
from app.ui import theme

SIDES = ("bid", "ask")
# Kinds of data that look like a market and cannot be traded on as one.
_NOT_LIVE = {DataKind.DELAYED: "DELAYED", DataKind.FROZEN: "FROZEN"}


class QuoteButtons(QWidget):
    """The two sides of one instrument's market. GUI thread.

    Signals:
        picked(object): the Decimal price of the side that was clicked.
    """

    picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prices: dict[str, Decimal | None] = dict.fromkeys(SIDES)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self._buttons = {side: self._button(side, row) for side in SIDES}
        self.show_quote(None, None)

    def show_quote(
        self, instrument: Instrument | None, quote: Quote | None, old_s: float | None = None
    ) -> None:
        """Show the market of `instrument`; without a quote both sides are unknown.

        `old_s` is the age in seconds of a quote that is no longer fresh: it is shown in place of
        the sizes, and the prices fade.
        """
        word = "" if quote is None else _NOT_LIVE.get(quote.kind, "")
        for side in SIDES:
            price = getattr(quote, side) if quote is not None else None
            size = getattr(quote, f"{side}_size") if quote is not None else None
            self._show(side, instrument, price, size, old_s, word)

    def price(self, side: str) -> Decimal | None:
        """The price of "bid" or "ask" as shown, None when unknown."""
        return self._prices[side]

    def _button(self, side: str, row: QHBoxLayout) -> QPushButton:
        button = QPushButton()
        button.setObjectName(f"ticket-{side}")
        theme.follow(button, lambda: button.setMinimumHeight(theme.px(46)))
        button.setToolTip(f"Take the {side} as the price")
        # By keyboard too, but a click leaves the keyboard in the field that is being written.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self._on_clicked(side))
        row.addWidget(button)
        return button

    def _show(
        self,
        side: str,
        instrument: Instrument | None,
        price: float | None,
        size: float | None,
        old_s: float | None,
        word: str,
    ) -> None:
        button, text = self._buttons[side], f"{side.upper()}\n{fmt.UNKNOWN}"
        self._prices[side] = None
        if instrument is not None and price is not None and fmt.is_known(price):
            self._prices[side] = instrument.round_price(Decimal(repr(price)))
            below = fmt.quantity(instrument, size) if old_s is None else f"{fmt.age(old_s)} old"
            below = f"{below}  {word}".rstrip()
            text = f"{side.upper()}  {fmt.price(instrument, price)}\n{below}"
        button.setEnabled(self._prices[side] is not None)
        if button.property("old") is not (old_s is not None):
            button.setProperty("old", old_s is not None)
            button.style().unpolish(button)
            button.style().polish(button)
        if button.text() != text:
            button.setText(text)
            button.setAccessibleName(text.replace("\n", ", "))

    def _on_clicked(self, side: str) -> None:
        price = self._prices[side]
        if price is not None:
            self.picked.emit(price)
