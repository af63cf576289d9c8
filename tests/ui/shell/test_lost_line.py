"""A line that breaks is told once, in words, and so is its return."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.domain import events
from app.domain.order import Order
from app.domain.order_types import OrderType, Side, TimeInForce
from app.domain.reports import Health, Severity
from app.domain.request import OrderRequest
from app.ui.desk import Message
from app.ui.models.orders import order_columns
from app.ui.panels.orders import OrdersPanel
from tests.ui.shell.conftest import PAPER, Driver

LOST = "TWS ended the connection"


def tell(driver: Driver, *told: tuple[str, str]) -> list[Message]:
    """Let the connection go through these states; what the trader was shown meanwhile."""
    driver.messages.clear()
    for state, text in told:
        is_open = state == "ready"
        change = events.ConnectionChanged(PAPER, state, Health(), is_open, True, text)
        driver.engine.bus.publish(change)
    return list(driver.messages)


def test_a_lost_line_and_its_return_are_told_once(driver: Driver) -> None:
    assert tell(driver, ("connecting", ""), ("reconciling", ""), ("ready", "")) == []
    lost = Message(Severity.WARNING, f"paper is reconnecting: {LOST}")
    again = ("reconnecting", "nothing listens; next attempt in 2 s")
    assert tell(driver, ("reconnecting", LOST), ("connecting", ""), again) == [lost]
    assert [toast.text for toast in driver.window.toasts.toasts()] == [lost.text]
    assert tell(driver, ("connecting", ""), ("reconciling", ""), ("ready", "")) == [
        Message(Severity.INFO, "paper is connected again")
    ]
    assert tell(driver, ("reconnecting", LOST)) == [lost]


def test_a_line_that_gives_up_is_an_error(driver: Driver) -> None:
    failed = tell(driver, ("connecting", ""), ("failed", "client id 17 is in use"))
    assert failed == [Message(Severity.ERROR, "paper is not connected: client id 17 is in use")]


@pytest.mark.parametrize("way", [[("offline", "")], [("ready", ""), ("offline", "")]])
def test_what_the_trader_ends_himself_is_not_told(
    driver: Driver, way: list[tuple[str, str]]
) -> None:
    assert tell(driver, *way) == []
    tell(driver, ("reconnecting", LOST), ("offline", ""))
    assert tell(driver, ("connecting", ""), ("ready", "")) == []


def test_an_order_whose_broker_cannot_be_asked_says_so(driver: Driver) -> None:
    driver.connect()
    orders = driver.window.docks["orders"].panel
    assert isinstance(orders, OrdersPanel)
    order = driver.do(driver.engine.orders.submit([resting(driver)]))[0]
    driver.until(lambda: status_of(orders, order) == "Working")
    driver.do(driver.engine.connections.disconnect(PAPER))
    driver.until(lambda: status_of(orders, order) == "⚠ Working, unverified")
    driver.connect()
    driver.until(lambda: status_of(orders, order) == "Working")


def resting(driver: Driver) -> OrderRequest:
    """A buy limit well below the market of the selected instrument."""
    selection = driver.desk.selection
    instrument, account_id = selection.instrument, selection.account_id
    assert instrument is not None
    assert account_id is not None
    quote = driver.engine.market.quote((PAPER, instrument.key))
    assert quote is not None
    return OrderRequest(
        connection_id=PAPER,
        account_id=account_id,
        instrument=instrument,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=instrument.min_quantity,
        limit_price=instrument.round_price(Decimal(repr(quote.bid * 0.95))),
        time_in_force=TimeInForce.GTC,
    )


def status_of(orders: OrdersPanel, order: Order) -> str:
    """What the Orders table says of it."""
    row = orders.model.get(order.client_order_id)
    column = next(column for column in order_columns() if column.id == "status")
    return "" if row is None else column.text(row)
