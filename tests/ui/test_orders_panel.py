"""The blotter on the real engine with the paper broker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QToolButton

from app.domain import order_events as ev
from app.domain.ids import new_client_order_id
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Origin, Side
from app.domain.request import OrderRequest
from app.ui.dialogs.modify_order import ModifyOrderDialog
from app.ui.panels.orders import OrdersPanel
from tests.doubles.clock import FakeClock
from tests.ui.find import child
from tests.ui.table_desk import (
    PAPER,
    TableDesk,
    begin,
    cell,
    table_desk,
    texts,
)

__all__ = ["begin", "table_desk"]  # fixtures


@pytest.fixture
def desk(table_desk: TableDesk) -> TableDesk:
    table_desk.start()
    return table_desk


def _sent(desk: TableDesk) -> Order:
    return desk.resting(desk.quoted("INDA"), quantity=Decimal(10))


def _button(panel: OrdersPanel, text: str) -> QToolButton:
    return next(b for b in panel.findChildren(QToolButton) if b.text() == text)


def test_an_order_appears_and_its_button_cancels_it(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    order = _sent(desk)
    desk.until(lambda: texts(panel, "status") == ["Working"])
    assert texts(panel, "symbol") == ["INDA"]
    assert texts(panel, "quantity") == ["10"]
    desk.click(panel, order.client_order_id, "action")
    desk.until(lambda: texts(panel, "status") == ["Canceled"])
    assert desk.window.asked == []
    assert texts(panel, "action") == [""]
    desk.until(lambda: any(text.startswith("Cancel: ") for text in desk.said()))


def test_the_key_cancels_what_is_selected_and_delete_nothing(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    instrument = desk.quoted("INDA")
    first = desk.resting(instrument, quantity=Decimal(10))
    second = desk.resting(instrument, quantity=Decimal(20))
    desk.until(lambda: panel.model.rowCount() == 2)
    panel.table.select_key(first.client_order_id)
    desk.press(panel.table, Qt.Key.Key_Delete)
    desk.rest(0.05)
    assert desk.said()[-1] == "Del cancels nothing: Shift+F4 cancels the selected orders"
    assert desk.now(first).status is OrderStatus.WORKING
    desk.act(lambda: desk.desk.run("trading.cancel_selected_orders"))
    desk.until(lambda: desk.now(first).status is OrderStatus.CANCELED)
    assert desk.now(second).status is OrderStatus.WORKING
    desk.until(lambda: texts(panel, "quantity") == ["20", "10"])


def test_a_double_click_opens_the_detail_and_never_cancels(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    order = _sent(desk)
    desk.until(lambda: panel.model.rowCount() == 1)
    desk.double_click(panel, order.client_order_id, "symbol")
    desk.rest(0.05)
    assert panel.drawer.isVisible()
    assert panel.drawer.order_id == order.client_order_id
    assert desk.now(order).status is OrderStatus.WORKING


def test_an_order_is_changed_in_a_form(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    order = _sent(desk)
    desk.until(lambda: panel.model.rowCount() == 1)
    panel.table.select_key(order.client_order_id)
    desk.act(lambda: desk.desk.run("trading.change_selected_order"))
    dialog = child(panel, ModifyOrderDialog)
    assert desk.now(order).status is OrderStatus.WORKING
    edit = dialog.field("quantity")
    edit.set_value(Decimal(7))
    desk.act(dialog.send.click)
    desk.until(lambda: texts(panel, "quantity") == ["7"])
    assert desk.now(order).quantity == 7
    assert desk.now(order).limit_price == order.limit_price


def test_unknown_is_counted_resolved_by_its_button_and_never_sent_again(
    desk: TableDesk,
) -> None:
    panel = desk.panel(OrdersPanel)
    order = _sent(desk)
    lost = ev.OrderUnresolved(
        client_order_id=order.client_order_id,
        at=desk.engine.clock.now(),
        reason="the answer was lost",
    )
    desk.record(lost)
    desk.until(lambda: texts(panel, "status") == ["⚠ Unknown"])
    assert any(label.startswith("0 working, ⚠ 1 Unknown") for label in _labels(panel))
    panel.table.select_key(order.client_order_id)
    assert _button(panel, "Resolve").isEnabled()
    assert not _button(panel, "Change…").isEnabled()
    desk.click(panel, order.client_order_id, "action")
    desk.until(lambda: texts(panel, "status") == ["Working"])
    assert len(desk.engine.orders.book) == 1


def _labels(panel: OrdersPanel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel)]


def test_filters_choose_what_is_shown_and_are_kept(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    instrument = desk.quoted("INDA")
    kept = desk.resting(instrument, quantity=Decimal(10))
    gone = desk.resting(instrument, quantity=Decimal(20))
    desk.do(desk.engine.orders.cancel(gone.client_order_id))
    desk.until(lambda: sorted(texts(panel, "status")) == ["Canceled", "Working"])
    panel.show_only("working")
    assert texts(panel, "quantity") == ["10"]
    state = panel.save_state()
    other = desk.panel(OrdersPanel)
    other.restore_state(state)
    assert texts(other, "quantity") == ["10"]
    other.restore_state({"filter": "nonsense", "table": 3})
    assert texts(other, "quantity") == ["10"]
    assert kept.client_order_id in {row.order.client_order_id for row in other.model.all_rows()}


def test_today_leaves_out_what_finished_before(
    desk: TableDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = desk.panel(OrdersPanel)
    clock_now = desk.engine.clock.now()
    instrument = desk.instrument("INDA")
    for name, age in (("old", timedelta(days=3)), ("new", timedelta(0))):
        request = OrderRequest(
            PAPER,
            desk.account,
            instrument,
            Side.BUY,
            OrderType.MARKET,
            Decimal(len(name) + age.days),
        )
        own, at = request.client_order_id, clock_now - age
        desk.record(
            ev.OrderInitialized(client_order_id=own, at=at, request=request),
            ev.OrderDenied(client_order_id=own, at=at, rule="size", reason="too large"),
        )
    assert texts(panel, "quantity") == ["3"]
    panel.show_only("all")
    assert texts(panel, "quantity") == ["3", "6"]
    panel.show_only("today")
    panel.on_second()
    assert texts(panel, "quantity") == ["3"]
    monkeypatch.setattr(desk.engine, "clock", FakeClock(clock_now + timedelta(days=1)))
    panel.on_second()  # past midnight, and nobody has touched it
    assert texts(panel, "quantity") == []


def test_a_group_stands_together_under_its_parent(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    instrument = desk.quoted("INDA")
    entry = desk.resting(instrument, quantity=Decimal(10))
    parent = entry.client_order_id
    at = entry.created_at + timedelta(milliseconds=1)
    child_request = replace(
        entry.request,
        side=Side.SELL,
        parent_id=parent,
        client_order_id=new_client_order_id(),
        oco_group="g",
    )
    own = child_request.client_order_id
    desk.record(
        ev.OrderInitialized(client_order_id=own, at=at, request=child_request),
        ev.OrderSubmitted(client_order_id=own, at=at),
        ev.OrderHeld(client_order_id=own, at=at),
    )
    desk.until(lambda: texts(panel, "symbol") == ["INDA", "└ INDA"])
    tip = panel.model.index(1, panel.model.column_index("symbol")).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("waits for: Buy 10 INDA")


def test_orders_of_the_journal_appear_without_a_connection(
    begin: Callable[[], TableDesk],
) -> None:
    first = begin()
    first.start()
    order = first.resting(first.quoted("INDA"), quantity=Decimal(10))
    second = begin()
    panel = second.panel(OrdersPanel)
    assert texts(panel, "status") == []
    second.start(connect=False)
    panel.on_second()
    assert texts(panel, "order_id") == [order.client_order_id]


def test_the_row_under_the_cursor_is_told_to_the_desk(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    order = _sent(desk)
    focused: list[Order] = []
    desk.desk.order_focused.connect(focused.append)
    desk.until(lambda: panel.model.rowCount() == 1)
    desk.click(panel, order.client_order_id, "symbol")
    assert [seen.client_order_id for seen in focused] == [order.client_order_id]


def test_the_menu_is_made_of_commands_and_shows_their_keys(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    order = _sent(desk)
    desk.until(lambda: panel.model.rowCount() == 1)
    panel.table.select_key(order.client_order_id)
    menu = panel.table.make_menu()
    actions = {action.text(): action for action in menu.actions() if action.text()}
    assert list(actions)[:6] == [
        "Order Detail\tCtrl+I",
        "Change Order…\tF2",
        "Cancel Selected Orders\tShift+F4",
        "Ask the Broker Again",
        "Write Off…",
        "Show Instrument on the Desk",
    ]
    assert not actions["Write Off…"].isEnabled()
    assert "none of these orders is Unknown" in actions["Write Off…"].toolTip()
    actions["Show Instrument on the Desk"].trigger()
    assert desk.desk.selection.instrument == order.request.instrument
    desk.act(actions["Cancel Selected Orders\tShift+F4"].trigger)
    desk.until(lambda: desk.now(order).status is OrderStatus.CANCELED)
    menu.deleteLater()


def test_a_click_that_missed_its_row_is_told(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    panel.table.misaimed.emit()
    assert "nothing was canceled" in desk.said()[-1]


def test_canceling_what_is_finished_says_so(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    order = _sent(desk)
    desk.do(desk.engine.orders.cancel(order.client_order_id))
    desk.until(lambda: texts(panel, "status") == ["Canceled"])
    panel.cancel(list(panel.model.all_rows()))
    desk.until(desk.said)
    assert desk.said()[-1] == "Cancel: none of these orders is open"


def test_external_orders_are_shown_as_such(desk: TableDesk) -> None:
    panel = desk.panel(OrdersPanel)
    instrument = desk.instrument("INDA")
    request = OrderRequest(
        PAPER,
        desk.account,
        instrument,
        Side.SELL,
        OrderType.LIMIT,
        Decimal(5),
        limit_price=Decimal(60),
        origin=Origin.EXTERNAL,
    )
    own, at = request.client_order_id, desk.engine.clock.now()
    desk.record(
        ev.OrderInitialized(client_order_id=own, at=at, request=request),
        ev.OrderAccepted(client_order_id=own, at=at),
    )
    assert texts(panel, "origin") == ["external"]
    assert texts(panel, "action") == ["Cancel"]
    assert cell(panel, own, "action") is not None
