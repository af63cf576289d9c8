"""Tables in the whole window: keys reach the right one, and a start finds them as they were."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.request import OrderRequest
from app.ui.panels.orders import OrdersPanel
from app.ui.panels.positions import PositionsPanel
from app.ui.panels.watchlist import WatchlistPanel
from tests.ui.shell.conftest import ALT, CTRL, SHIFT, Driver

P = TypeVar("P", bound=QWidget)


def _panel(driver: Driver, panel_id: str, kind: type[P]) -> P:
    driver.desk.shell.show_panel(panel_id)
    found = driver.window.docks[panel_id].panel
    assert isinstance(found, kind)
    driver.until(found.isVisible)
    return found


def _resting(driver: Driver) -> OrdersPanel:
    """The Orders panel with one bid far below the market."""
    driver.connect()
    selection = driver.desk.selection
    assert selection.connection_id is not None
    assert selection.account_id is not None
    assert selection.instrument is not None
    quote = driver.engine.market.quote((selection.connection_id, selection.instrument.key))
    assert quote is not None
    low = selection.instrument.round_price(Decimal(repr(quote.bid)) * Decimal("0.97"))
    request = OrderRequest(
        selection.connection_id, selection.account_id, selection.instrument, Side.BUY,
        OrderType.LIMIT, Decimal(1), limit_price=low,
    )  # fmt: skip
    driver.do(driver.engine.orders.submit([request]))
    driver.until(lambda: driver.orders()[0].status is OrderStatus.WORKING)
    panel = _panel(driver, "orders", OrdersPanel)
    driver.until(lambda: panel.model.rowCount() == 1)
    return panel


def _has_keyboard(panel: OrdersPanel) -> bool:
    """The table, or in a small panel the detail that stands in its place."""
    return panel.table.hasFocus() or panel.drawer.events_table.hasFocus()


def test_an_order_is_looked_at_filtered_and_canceled_by_keys(driver: Driver) -> None:
    panel = _resting(driver)
    driver.press(Qt.Key.Key_4, ALT)
    driver.until(panel.table.hasFocus)
    driver.press(Qt.Key.Key_Down)
    driver.press(Qt.Key.Key_Return)
    driver.until(lambda: panel.drawer.isVisible() and panel.drawer.events.rowCount() == 3)
    driver.press(Qt.Key.Key_F, CTRL)
    driver.until(panel.filter.field.hasFocus)
    driver.write("zz")
    driver.until(lambda: panel.model.rowCount() == 0)
    assert panel.filter.hidden_words.text() == "⚠ 1 working order hidden"
    driver.press(Qt.Key.Key_Escape)
    driver.until(lambda: panel.model.rowCount() == 1 and _has_keyboard(panel))
    assert panel.drawer.isVisible()
    driver.press(Qt.Key.Key_Escape)
    driver.until(panel.drawer.isHidden)
    panel.table.select_key(driver.orders()[0].client_order_id)
    driver.press(Qt.Key.Key_Delete)
    driver.until(lambda: any("Del cancels nothing" in text for text in driver.said()))
    assert driver.orders()[0].status is OrderStatus.WORKING
    driver.press(Qt.Key.Key_F4, SHIFT)
    driver.until(lambda: driver.orders()[0].status is OrderStatus.CANCELED)


def test_a_removed_symbol_comes_back_by_the_undo_key(driver: Driver) -> None:
    driver.connect()
    panel = _panel(driver, "watchlist", WatchlistPanel)
    driver.until(lambda: panel.model.rowCount() >= 3)
    order = [row.key for row in panel.model.all_rows()]
    panel.table.setFocus()
    panel.table.select_key(order[0])
    driver.press(Qt.Key.Key_Delete)
    driver.until(lambda: panel.model.rowCount() == len(order) - 1)
    driver.press(Qt.Key.Key_Z, CTRL)
    driver.until(lambda: [row.key for row in panel.model.all_rows()] == order)


def test_columns_order_sorting_and_groups_are_found_again(start: Callable[[], Driver]) -> None:
    first = start()
    orders = _panel(first, "orders", OrdersPanel)
    header = orders.table.horizontalHeader()
    header.moveSection(header.visualIndex(orders.model.column_index("symbol")), 0)
    header.resizeSection(orders.model.column_index("symbol"), 177)
    orders.table.setColumnHidden(orders.model.column_index("tif"), True)
    orders.table.columns.sort_beside(1)
    orders.group_by("symbol")
    _panel(first, "positions", PositionsPanel).group_by("account")
    kept = orders.save_state()
    again = start()
    orders = _panel(again, "orders", OrdersPanel)
    assert orders.save_state() == kept
    assert orders.table.isColumnHidden(orders.model.column_index("tif"))
    assert orders.table.columnWidth(orders.model.column_index("symbol")) == 177
    assert orders.table.horizontalHeader().logicalIndex(0) == orders.model.column_index("symbol")
    assert orders.model.sorted_by == ("symbol", False)
    assert orders.grouped_by == "symbol"
    assert _panel(again, "positions", PositionsPanel).grouped_by == "account"
