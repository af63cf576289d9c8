"""Changing an order in a form, and reading its life."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.base.bus import EventBus
from app.domain import order_events as ev
from app.domain.events import OrderChanged
from app.domain.execution import Execution
from app.domain.ids import AccountId, BrokerOrderId, ClientOrderId, ConnectionId, ExecId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order import Order, replay
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.request import OrderChange, OrderRequest
from app.ui import format as fmt
from app.ui.bridge import EngineBridge
from app.ui.dialogs.modify_order import ModifyOrderDialog
from app.ui.models.order_history import event_detail, event_words, history_rows
from tests.ui.find import child

AT = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
ES = Instrument("ESH4", AssetClass.FUTURE, "USD", tick_size=Decimal("0.25"))
OWN = ClientOrderId("own-1")
PAPER, ACCOUNT = ConnectionId("paper"), AccountId("PA-1")


def _request(**terms: Any) -> OrderRequest:
    stands: dict[str, Any] = {
        "order_type": OrderType.STOP_LIMIT,
        "quantity": Decimal(5),
        "limit_price": Decimal("5100.25"),
        "stop_price": Decimal("5100"),
        **terms,
    }
    return OrderRequest(PAPER, ACCOUNT, ES, Side.BUY, client_order_id=OWN, **stands)


def _fill(quantity: str, exec_id: str = "e1") -> Execution:
    number = BrokerOrderId("77")
    return Execution(
        PAPER, ACCOUNT, ExecId(exec_id), OWN, number, ES, Side.BUY, Decimal(quantity),
        Decimal("5100.25"), AT,
    )  # fmt: skip


def _life(request: OrderRequest, *more: ev.OrderEvent) -> list[ev.OrderEvent]:
    return [
        ev.OrderInitialized(client_order_id=OWN, at=AT, request=request),
        ev.OrderSubmitted(client_order_id=OWN, at=AT + timedelta(milliseconds=2)),
        ev.OrderAccepted(
            client_order_id=OWN,
            at=AT + timedelta(milliseconds=45),
            broker_order_id=BrokerOrderId("77"),
        ),
        *more,
    ]


class Form:
    def __init__(self, qtbot: QtBot, order: Order) -> None:
        self.parent = QWidget()
        qtbot.addWidget(self.parent)
        self.bus = EventBus()
        self.bridge = EngineBridge(self.bus, self.parent)
        self.dialog = ModifyOrderDialog(order, self.bridge, is_paper=True, parent=self.parent)
        self.asked: list[tuple[ClientOrderId, OrderChange]] = []
        self.dialog.change_asked.connect(lambda own, change: self.asked.append((own, change)))
        self.dialog.open()
        self.dialog.guard.now = lambda: math.inf  # its first moment is over

    def put(self, name: str, text: str) -> None:
        self.dialog.field(name).lineEdit().setText(text)
        self.dialog.field(name).lineEdit().textEdited.emit(text)


@pytest.fixture
def form(qtbot: QtBot, qapp: QApplication) -> Iterator[Form]:
    made = Form(qtbot, replay(_life(_request())))
    yield made
    made.bridge.close()


def test_only_what_was_changed_is_asked_for(qtbot: QtBot, form: Form) -> None:
    assert not form.dialog.send.isEnabled()
    form.put("limit_price", "5101")
    assert form.dialog.message.text() == "Changes limit 5\u202f100.25 to 5\u202f101.00."
    qtbot.keyClick(form.dialog, Qt.Key.Key_Return)
    assert form.asked == [(OWN, OrderChange(limit_price=Decimal("5101")))]


def test_a_form_has_the_prices_of_its_type_only(qtbot: QtBot, form: Form) -> None:
    assert list(form.dialog._fields) == ["quantity", "limit_price", "stop_price"]
    badge = child(form.dialog, QLabel, "mode-badge")
    assert badge.text() == "PAPER — PA-1"
    trailing = _request(
        order_type=OrderType.TRAILING_STOP,
        limit_price=None,
        stop_price=None,
        trail_percent=Decimal("1.5"),
    )
    other = Form(qtbot, replay(_life(trailing)))
    assert list(other.dialog._fields) == ["quantity", "trail_percent"]
    other.put("trail_percent", "2")
    assert other.dialog.change() == OrderChange(trail_percent=Decimal(2))
    other.bridge.close()


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("limit_price", "", "enter a limit price"),
        ("limit_price", "5100.10", "limit price must be a multiple of 0.25"),
        ("quantity", "2.5", "quantity must be a multiple of 1"),
    ],
)
def test_what_makes_no_sense_is_named_and_not_sent(
    qtbot: QtBot, form: Form, name: str, text: str, problem: str
) -> None:
    form.put(name, text)
    assert problem in form.dialog.message.text()
    assert not form.dialog.send.isEnabled()
    form.dialog._ask()
    assert form.asked == []


def test_letters_are_refused_with_a_reason(qtbot: QtBot, form: Form) -> None:
    qtbot.keyClicks(form.dialog.field("limit_price"), "x")
    assert "only digits" in form.dialog.message.text()


def test_it_follows_fills_and_the_end_of_the_order(qtbot: QtBot, form: Form) -> None:
    filled = ev.OrderFilled(client_order_id=OWN, at=AT, execution=_fill("3"))
    order = replay(_life(_request(), filled))
    form.bus.publish(OrderChanged(order, filled))
    form.put("quantity", "3")
    assert "more than the 3 already filled" in form.dialog.message.text()
    form.put("quantity", "4")
    assert form.dialog.send.isEnabled()
    form.bus.publish(OrderChanged(replace(order, status=OrderStatus.CANCELED), filled))
    assert not form.dialog.send.isEnabled()
    assert "can't be changed any more" in form.dialog.message.text()


def test_another_orders_news_do_not_touch_it(form: Form) -> None:
    form.put("quantity", "4")
    other = replace(replay(_life(_request())), status=OrderStatus.CANCELED)
    request = replace(other.request, client_order_id=ClientOrderId("other"))
    event = ev.OrderCanceled(client_order_id=ClientOrderId("other"), at=AT)
    form.bus.publish(OrderChanged(replace(other, request=request), event))
    assert form.dialog.send.isEnabled()


def test_a_life_reads_with_the_time_between_its_events() -> None:
    fmt.use_zone("UTC")
    life = _life(
        _request(),
        ev.OrderReplaceRequested(
            client_order_id=OWN,
            at=AT + timedelta(seconds=2),
            change=OrderChange(limit_price=Decimal("5101")),
        ),
        ev.OrderFilled(client_order_id=OWN, at=AT + timedelta(seconds=3), execution=_fill("3")),
        ev.OrderUnresolved(client_order_id=OWN, at=AT + timedelta(seconds=9), reason="no answer"),
        ev.OrderResolved(
            client_order_id=OWN,
            at=AT + timedelta(seconds=10),
            status=OrderStatus.CANCELED,
            evidence="the broker lists it as canceled",
            reconciliation=True,
        ),
    )
    rows = history_rows(life, ES)
    assert [row.since_s for row in rows] == pytest.approx(
        [None, 0.002, 0.043, 1.955, 1.0, 6.0, 1.0]
    )
    assert [event_words(row.event) for row in rows] == [
        "Initialized", "Submitted", "Accepted", "Replace requested", "Filled", "Unresolved",
        "Resolved",
    ]  # fmt: skip
    details = [event_detail(row.event, ES) for row in rows]
    assert details[0] == "ticket, DAY"
    assert details[2] == "broker's number 77"
    assert details[3] == "limit price 5\u202f101.00"
    assert details[4].startswith("3 at 5\u202f100.25, e1")
    assert details[5] == "no answer"
    assert details[6] == "Canceled: the broker lists it as canceled; found out afterwards"
    denied = ev.OrderDenied(
        client_order_id=OWN, at=AT, rule="collar", reason="too far", limit="5 %", actual="9 %"
    )
    assert event_detail(denied, ES) == "rule collar; limit 5 %, was 9 %; too far"
