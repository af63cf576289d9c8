"""The order ticket on a desk of its own, worked by mouse and keyboard as a trader does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QGroupBox,
    QLabel,
    QPushButton,
    QWidget,
)

from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_types import OrderType, TimeInForce
from app.domain.risk_limits import RiskLimits
from app.ui.dialogs.confirm_order import ConfirmOrderDialog
from app.ui.panels.ticket import TicketPanel
from app.ui.widgets.enter_guard import QUIET_S
from app.ui.widgets.number_edit import NumberEdit
from tests.ui.find import child
from tests.ui.table_desk import LEFT, PAPER, TableDesk

K = Qt.Key
NONE = Qt.KeyboardModifier.NoModifier


class TicketDesk:
    """A ticket, connected to the paper account and standing at one instrument's market."""

    def __init__(self, desk: TableDesk, symbol: str | None = "INDA") -> None:
        self.table, self.desk, self.engine = desk, desk.desk, desk.engine
        self.panel = desk.panel(TicketPanel, 300, 800)
        if symbol is not None:
            self.choose(symbol)

    # -- the desk ------------------------------------------------------------------------------

    def choose(self, symbol: str) -> Instrument:
        """Select an instrument that has a quote."""
        instrument = self.table.quoted(symbol)
        self.act(lambda: self.desk.select(instrument=instrument, connection_id=PAPER))
        return instrument

    def replay(self, verb: str, **arguments: Any) -> None:
        """One command of the transport: pause, play, step."""
        self.table.replay(verb, **arguments)

    def settle(self, *, confirm: bool | None = None, **limits: Any) -> None:
        """Other settings: whether orders are confirmed, and risk limits."""
        settings = self.engine.settings
        trading = settings.trading
        if confirm is not None:
            trading = replace(trading, confirm_orders=confirm)
        if confirm is False:
            self.desk.arming.arm()  # without a question the ticket sends only then
        risk: RiskLimits = replace(settings.risk, **limits)
        self.engine.apply_settings(replace(settings, trading=trading, risk=risk))

    def orders(self) -> list[Order]:
        return list(self.engine.orders.book)

    def until(self, holds: Callable[[], object]) -> None:
        self.table.until(holds)

    def act(self, deed: Callable[[], object]) -> None:
        """Do it while the loop runs, as everything in the program happens."""

        async def done() -> None:
            deed()
            await asyncio.sleep(0)

        self.table.do(done())

    # -- what is seen --------------------------------------------------------------------------

    def edit(self, name: str) -> NumberEdit:
        """quantity, limit, stop, trail, bracket-target or bracket-stop."""
        return child(self.panel, NumberEdit, f"ticket-{name}")

    def button(self, name: str) -> QPushButton:
        return child(self.panel, QPushButton, f"ticket-{name}")

    def combo(self, name: str) -> QComboBox:
        return child(self.panel, QComboBox, f"ticket-{name}")

    def text(self, name: str) -> str:
        return child(self.panel, QLabel, f"ticket-{name}").text()

    @property
    def message(self) -> str:
        return self.text("message")

    @property
    def is_problem(self) -> bool:
        """Whether the message is shown as one."""
        return child(self.panel, QLabel, "ticket-message").property("problem") is True

    def dialogs(self) -> list[ConfirmOrderDialog]:
        return [d for d in self.panel.findChildren(ConfirmOrderDialog) if d.isVisible()]

    def dialog(self) -> ConfirmOrderDialog:
        """The one that is open, past the moment in which it takes no answer."""
        self.until(lambda: len(self.dialogs()) == 1)
        self.table.rest(QUIET_S + 0.05)
        return self.dialogs()[0]

    def dialog_texts(self) -> list[str]:
        return [label.text() for label in self.dialog().findChildren(QLabel)]

    def bid(self) -> Decimal:
        return self._quoted("bid")

    def ask(self) -> Decimal:
        return self._quoted("ask")

    # -- what is done --------------------------------------------------------------------------

    def click(self, widget: QWidget) -> None:
        assert widget.isVisible()
        self.act(lambda: QTest.mouseClick(widget, LEFT))

    def focus(self, widget: QWidget) -> None:
        """Give it the keyboard, of which the panel's window must have hold."""
        self.act(self.panel.activateWindow)
        self.act(widget.setFocus)
        self.until(widget.hasFocus)

    def double_click(self, widget: QWidget) -> None:
        """Two clicks as a mouse sends them."""

        def twice() -> None:
            QTest.mouseClick(widget, LEFT)
            QTest.mouseDClick(widget, LEFT)
            QTest.mouseRelease(widget, LEFT)

        self.act(twice)

    def press(self, widget: QWidget, key: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
        self.act(lambda: QTest.keyClick(widget, key, held))

    def hold(self, widget: QWidget, key: Qt.Key, repetitions: int) -> None:
        """What the keyboard sends while a key stays down, after the first press."""

        def repeat() -> None:
            for _ in range(repetitions):
                event = QKeyEvent(QKeyEvent.Type.KeyPress, key, NONE, "", autorep=True)
                QApplication.sendEvent(QApplication.focusWidget() or widget, event)

        self.act(repeat)

    def enter(self, name: str, text: str) -> None:
        """Type into a field in place of what is there."""
        edit = self.edit(name)

        def typed() -> None:
            edit.setFocus()
            edit.selectAll()
            QTest.keyClicks(edit, text)

        self.act(typed)

    def pick(self, name: str, value: OrderType | TimeInForce | str) -> None:
        """Choose in a list, by its value or its text."""
        combo = self.combo(name)
        rows = range(combo.count())
        found = [i for i in rows if value in (combo.itemData(i), combo.itemText(i))]
        assert found, f"{value} is not offered"
        self.act(lambda: combo.setCurrentIndex(found[0]))

    def tick(self, box: QAbstractButton | QGroupBox, *, on: bool = True) -> None:
        self.act(lambda: box.setChecked(on))

    def write_limit(self, price: Decimal | str, quantity: str = "10") -> None:
        """A limit order, ready to be sent."""
        self.pick("type", OrderType.LIMIT)
        self.enter("quantity", quantity)
        self.enter("limit", str(price))

    def low(self) -> Decimal:
        """A limit at which a buy order waits."""
        instrument = self.desk.selection.instrument
        assert instrument is not None
        return instrument.round_price(self.bid() * Decimal("0.98"))

    def confirm(self) -> None:
        """Press the button of the confirmation."""
        dialog = self.dialog()
        self.click(child(dialog, QPushButton, "confirm-send"))
        self.until(lambda: not self.dialogs())

    def sent(self, count: int = 1) -> list[Order]:
        """Wait for this many orders in the book, and no more."""
        self.until(lambda: len(self.orders()) >= count)
        self.table.rest(0.1)
        orders = self.orders()
        assert len(orders) == count, [order.request for order in orders]
        return orders

    def _quoted(self, side: str) -> Decimal:
        selection = self.desk.selection
        assert selection.market_key is not None
        assert selection.instrument is not None
        quote = self.engine.market.quote(selection.market_key)
        return selection.instrument.round_price(Decimal(repr(getattr(quote, side))))


@pytest.fixture
def ticket(table_desk: TableDesk) -> TicketDesk:
    """At INDA's market, which stands still."""
    table_desk.start()
    made = TicketDesk(table_desk)
    made.replay("pause")
    table_desk.rest(0.05)
    return made
