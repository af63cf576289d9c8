"""The drawer beside the Orders table: a whole life, and what to do about an Unknown order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QToolButton

from app.domain import order_events as ev
from app.domain.order import Order
from app.domain.order_types import OrderStatus
from app.ui import format as fmt
from app.ui.models.order_history import Recorded
from app.ui.order_detail.drawer import OrderDrawer
from app.ui.order_detail.facts import facts, heading, known_of, standing
from app.ui.order_detail.steps import latency, steps
from app.ui.panels.orders import _DRAWER_WIDTH, OrdersPanel
from tests.doubles.clock import START
from tests.doubles.orders import (
    OWN,
    SPY,
    accepted,
    fill,
    filled,
    life,
    request,
    submitted,
)
from tests.ui.table_desk import TableDesk, begin, table_desk, texts

__all__ = ["begin", "table_desk"]  # fixtures


@pytest.fixture
def desk(table_desk: TableDesk) -> TableDesk:
    table_desk.start()
    return table_desk


def _opened(desk: TableDesk) -> tuple[OrdersPanel, Order]:
    panel = desk.panel(OrdersPanel)
    order = desk.resting(desk.quoted("INDA"), quantity=Decimal(10))
    desk.until(lambda: panel.model.rowCount() == 1)
    panel.table.select_key(order.client_order_id)
    desk.act(panel.focus_rows)
    desk.press(panel.table, Qt.Key.Key_Return)
    desk.until(lambda: _events(panel.drawer))
    return panel, order


def _events(drawer: OrderDrawer) -> list[str]:
    at = drawer.events.column_index("event")
    return [drawer.events.index(row, at).data() for row in range(drawer.events.rowCount())]


def _lose(desk: TableDesk, order: Order) -> None:
    reason = "no answer within 5 s"
    at = desk.engine.clock.now()
    desk.record(ev.OrderUnresolved(client_order_id=order.client_order_id, at=at, reason=reason))


def test_enter_opens_it_and_escape_gives_the_keyboard_back(desk: TableDesk) -> None:
    panel, _ = _opened(desk)
    desk.until(lambda: _events(panel.drawer) == ["Initialized", "Submitted", "Accepted"])
    assert panel.drawer.heading.text().startswith("Buy 10 INDA, limit ")
    desk.until(lambda: "Working" in panel.drawer.standing.text())
    assert panel.drawer.mode.text() == "PAPER"
    assert panel.table.hasFocus()
    desk.press(panel.table, Qt.Key.Key_Return)
    focused = QApplication.focusWidget()
    assert focused is not None
    assert panel.drawer.isAncestorOf(focused)
    desk.press(panel.drawer.events_table, Qt.Key.Key_Escape)
    assert panel.drawer.isHidden()
    assert panel.table.hasFocus()
    desk.act(lambda: desk.desk.run("orders.show_detail"))
    assert panel.drawer.isVisible()
    desk.press(panel.table, Qt.Key.Key_Escape)
    assert panel.drawer.isHidden()


def test_it_follows_the_selection_and_the_order(desk: TableDesk) -> None:
    panel, order = _opened(desk)
    other = desk.resting(desk.quoted("INDA"), quantity=Decimal(20))
    desk.until(lambda: panel.model.rowCount() == 2)
    panel.table.select_key(other.client_order_id)
    assert panel.drawer.order_id == other.client_order_id
    assert panel.drawer.heading.text().startswith("Buy 20 INDA")
    desk.until(lambda: len(_events(panel.drawer)) == 3)
    desk.do(desk.engine.orders.cancel(other.client_order_id))
    desk.until(lambda: _events(panel.drawer)[-2:] == ["Cancel requested", "Canceled"])
    assert "Canceled" in panel.drawer.standing.text()
    names = [panel.drawer.steps.row_at(n).name for n in range(panel.drawer.steps.rowCount())]
    assert names[:2] == ["Asked for", "Given to the journal"]
    assert "On disk, handed over" in names
    assert names[-1] == "Cancel answered: canceled"
    assert desk.now(order).status is OrderStatus.WORKING


def test_numbers_are_copied_by_their_buttons(desk: TableDesk) -> None:
    panel, order = _opened(desk)
    buttons = {b.accessibleName(): b for b in panel.drawer.facts.findChildren(QToolButton)}
    desk.act(buttons["Copy Our id"].click)
    assert QGuiApplication.clipboard().text() == order.client_order_id
    assert desk.said()[-1] == "Copied our id"
    assert "Copy Broker's number" in buttons


def test_an_unknown_order_is_asked_about_again(desk: TableDesk) -> None:
    panel, order = _opened(desk)
    assert not panel.drawer.pages.isTabVisible(0)
    _lose(desk, order)
    desk.until(lambda: panel.drawer.unknown.isVisible())
    # The journal is read again a moment after the event.
    accepted = "The broker had accepted it as number"
    desk.until(lambda: accepted in panel.drawer.unknown.known.text())
    known = panel.drawer.unknown.known.text()
    assert "no answer within 5 s" in known
    assert "0 of 10 are known to be filled" in known
    desk.act(panel.drawer.unknown.ask_button.click)
    desk.until(lambda: not panel.drawer.pages.isTabVisible(0))
    assert panel.drawer.pages.currentWidget() is panel.drawer.events_table
    assert desk.now(order).status is OrderStatus.WORKING
    desk.until(lambda: any(text.startswith("Resolve INDA") for text in desk.said()))


def test_writing_off_asks_first_and_keeps_the_reason_in_the_journal(desk: TableDesk) -> None:
    panel, order = _opened(desk)
    _lose(desk, order)
    desk.until(lambda: panel.drawer.unknown.isVisible())
    desk.window.says_yes = False
    desk.act(panel.drawer.unknown.off_button.click)
    desk.until(lambda: "called off, the order stays Unknown" in (desk.said() or [""])[-1])
    assert desk.now(order).status is OrderStatus.UNKNOWN
    question, lines = desk.window.asked[0]
    assert "That is your word, not the broker's" in question
    assert "10 INDA" in lines[0]
    desk.window.says_yes = True
    calls = desk.engine.reconciler.calls
    desk.until(lambda: order.client_order_id not in calls.unsettled())
    panel.drawer.unknown.evidence.setText("phoned the broker")
    desk.act(panel.drawer.unknown.off_button.click)
    desk.until(lambda: desk.now(order).status is OrderStatus.CANCELED)
    assert desk.now(order).reason == "written off by hand: phoned the broker"
    desk.until(lambda: _events(panel.drawer)[-1] == "Resolved")
    assert not panel.drawer.pages.isTabVisible(0)


def test_the_width_is_kept_and_the_detail_is_closed_at_a_start(desk: TableDesk) -> None:
    panel, _ = _opened(desk)
    panel._split.setSizes([700, 500])
    state = panel.save_state()
    assert state["detail_width"] == panel.drawer.width()
    other = desk.panel(OrdersPanel)
    other.restore_state({**state, "group_by": "symbol"})
    assert other.drawer.isHidden()
    assert other._drawer_width == panel.drawer.width()
    assert other.grouped_by == "symbol"
    other.restore_state({"detail_width": 9, "group_by": 4})
    assert other._drawer_width == panel.drawer.width()


def test_in_a_small_panel_it_has_all_the_room_and_its_first_line_beside_the_tabs(
    desk: TableDesk,
) -> None:
    panel, order = _opened(desk)
    assert panel.drawer.head.parent() is panel.drawer
    assert panel.table.isVisible()
    desk.act(lambda: panel.resize(985, 140))  # what Day leaves of a window of 1280 by 800
    desk.until(lambda: panel.drawer.head.parent() is not panel.drawer)
    assert panel.table.isHidden()
    assert panel.bar_box.isHidden()
    assert _has_keyboard(panel.drawer)
    assert "Working" in panel.drawer.standing.text()
    desk.until(lambda: panel.drawer.events_table.viewport().height() >= 3 * _row_height(panel))
    # Another order is chosen by its key, and shown.
    other = desk.resting(desk.quoted("INDA"), quantity=Decimal(20))
    desk.until(lambda: panel.model.get(other.client_order_id) is not None)
    desk.act(lambda: desk.desk.order_focused.emit(other))
    assert panel.drawer.order_id == other.client_order_id
    assert panel.selected()[0].order.client_order_id == other.client_order_id
    panel.focus_rows()
    assert _has_keyboard(panel.drawer)
    desk.press(panel.drawer.events_table, Qt.Key.Key_Escape)
    assert panel.table.hasFocus()
    assert panel.bar_box.isVisible()
    assert panel.save_state()["detail_width"] == _DRAWER_WIDTH
    # Opened in a small panel and made larger: beside the rows again.
    desk.act(lambda: panel.show_detail(order))
    assert _has_keyboard(panel.drawer)
    desk.act(lambda: panel.resize(1280, 400))
    desk.until(lambda: panel.drawer.head.parent() is panel.drawer)
    assert panel.table.isVisible()
    assert panel.table.width() > panel.drawer.width() == _DRAWER_WIDTH


def _has_keyboard(drawer: OrderDrawer) -> bool:
    focused = QApplication.focusWidget()
    return focused is not None and drawer.isAncestorOf(focused)


def _row_height(panel: OrdersPanel) -> int:
    return panel.drawer.events_table.verticalHeader().defaultSectionSize()


def test_without_a_journal_it_says_so(desk: TableDesk) -> None:
    panel, order = _opened(desk)
    desk.desk.paths.journal_file.rename(desk.desk.paths.journal_file.with_suffix(".away"))
    panel.hide_detail()
    drawer = OrderDrawer(desk.desk, panel)
    desk.act(lambda: drawer.show_order(order))
    desk.until(lambda: "Reading" not in drawer.events_table.empty_text)
    assert "journal" in drawer.events_table.empty_text
    assert _events(drawer) == []
    desk.desk.paths.journal_file.with_suffix(".away").rename(desk.desk.paths.journal_file)


# -- times and words, without a window -------------------------------------------------------------


def _recorded(*events: ev.OrderEvent) -> list[Recorded]:
    return [Recorded(event, event.at + timedelta(milliseconds=1)) for event in events]


def _born() -> ev.OrderInitialized:
    return ev.OrderInitialized(client_order_id=OWN, at=START, request=request())


def _at(ms: float) -> datetime:
    return START + timedelta(milliseconds=ms)


def test_steps_are_timed_from_what_they_wait_for() -> None:
    events: list[ev.OrderEvent] = [
        _born(),
        ev.OrderSubmitted(client_order_id=OWN, at=START),
        ev.OrderAccepted(client_order_id=OWN, at=_at(45)),
        ev.OrderFilled(client_order_id=OWN, at=_at(1300), execution=fill("1", exec_id="a")),
        ev.OrderCancelRequested(client_order_id=OWN, at=_at(2000)),
        ev.OrderFilled(client_order_id=OWN, at=_at(2010), execution=fill("9", exec_id="b")),
    ]
    found = [(step.name, latency(step.took_s), step.since) for step in
             steps(_recorded(*events), _at(3))]  # fmt: skip
    assert found == [
        ("Asked for", "", ""),
        ("Given to the journal", "1.0\u202fms", "asked for"),
        ("On disk, handed over", "3.0\u202fms", "asked for"),
        ("Broker's answer: accepted", "42\u202fms", "handed over"),
        ("First fill", "1.3\u202fs", "asked for"),
        ("Cancel asked for", "", ""),
        ("Last of 2 fills", "2.0\u202fs", "asked for"),
        ("Cancel answered: filled", "10\u202fms", "cancel asked for"),
    ]


def test_steps_without_a_beginning_or_an_answer_claim_nothing() -> None:
    assert steps([], None) == []
    assert steps(_recorded(ev.OrderAccepted(client_order_id=OWN, at=START)), None) == []
    denied = ev.OrderDenied(client_order_id=OWN, at=_at(0.4), rule="size", reason="too large")
    names = [step.name for step in steps(_recorded(_born(), denied), None)]
    assert names == ["Asked for", "Denied here, not sent", "Given to the journal"]
    change = ev.OrderReplaceRequested(client_order_id=OWN, at=_at(5), change=Any)  # type: ignore[arg-type] # what is asked for does not matter here
    names = [step.name for step in steps(_recorded(_born(), change), None)]
    assert names[-1] == "Change asked for"
    late = ev.OrderAccepted(client_order_id=OWN, at=_at(9), reconciliation=True)
    assert "Broker" not in "".join(s.name for s in steps(_recorded(_born(), late), None))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.00042, "0.42 ms"), (0.0073, "7.3 ms"), (0.0434, "43 ms"), (2.4, "2.4 s"),
     (185, "3:05"), (-1, "—")],
)  # fmt: skip
def test_short_spans_keep_their_digits(seconds: float | None, text: str) -> None:
    assert latency(seconds) == text.replace(" ", "\u202f")


def test_an_order_reads_in_words() -> None:
    order = life(submitted(), accepted(), filled("4"))
    assert heading(order).startswith(f"Buy 100 {SPY.symbol}, ")
    assert "4 filled at" in standing(order)
    assert "96 left" in standing(order)
    names = {fact.name: fact.text for fact in facts(order)}
    assert names["Our id"] == OWN
    lost = ev.OrderUnresolved(client_order_id=OWN, at=START, reason="the line broke")
    order = life(submitted(), lost)
    assert "The broker never confirmed it." in known_of(order, _recorded(_born()))
    assert {fact.name: fact.copied for fact in facts(order)}["Broker's number"] == ""


def test_times_are_shown_in_the_traders_zone_and_in_utc(desk: TableDesk) -> None:
    panel, _ = _opened(desk)
    fmt.use_zone("Asia/Kolkata")
    panel.drawer.events.touch()
    row = panel.drawer.events.row_at(0)
    at = row.event.at
    columns = panel.drawer.events.columns
    shown = {column.id: column.text(row) for column in columns}
    assert shown["time"] == f"{at + timedelta(hours=5, minutes=30):%H:%M:%S}.{at:%f}"[:12]
    assert shown["utc"] == f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{at:%f}"[:23] + "Z"
    assert texts(panel, "status") == ["Working"]
