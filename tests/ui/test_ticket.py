"""The ticket on the real engine with the paper broker: what is written is what is sent, once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QGroupBox, QPushButton, QWidget

from app.domain.events import NoticeRaised
from app.domain.order_types import OrderStatus, OrderType, Origin, Side, TimeInForce
from app.domain.risk_limits import TradingState
from app.ui import theme
from app.ui.desk import Message
from tests.ui.find import child
from tests.ui.table_desk import PAPER, TableDesk, begin, table_desk
from tests.ui.ticket_desk import K, TicketDesk, ticket

__all__ = ["begin", "table_desk", "ticket"]  # fixtures


# -- writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_a_click_on_a_side_of_the_quote_is_the_limit_price(ticket: TicketDesk, side: str) -> None:
    expected = ticket.bid() if side == "bid" else ticket.ask()
    ticket.click(ticket.button(side))
    assert ticket.edit("limit").value() == expected
    assert f"LMT {expected} DAY" in ticket.button("send").text()


def test_a_picked_price_goes_where_the_type_wants_one(ticket: TicketDesk) -> None:
    ticket.pick("type", OrderType.MARKET)
    ticket.click(ticket.button("ask"))
    assert ticket.combo("type").currentData() is OrderType.LIMIT
    ticket.pick("type", OrderType.STOP)
    ticket.click(ticket.button("bid"))
    assert ticket.edit("stop").value() == ticket.bid()
    ticket.pick("type", OrderType.TRAILING_STOP)
    ticket.click(ticket.button("bid"))
    assert ticket.combo("type").currentData() is OrderType.TRAILING_STOP
    assert "takes no price" in ticket.message


def test_a_price_off_the_tick_is_rounded_before_anything_else(ticket: TicketDesk) -> None:
    ticket.enter("quantity", "10")
    ticket.enter("limit", "53.017")
    assert not ticket.button("send").isEnabled()
    assert "multiple of 0.01" in ticket.message
    ticket.press(ticket.edit("limit"), K.Key_Return)
    assert ticket.edit("limit").value() == Decimal("53.02")
    assert "rounded to 53.02" in ticket.message
    assert ticket.dialogs() == []
    ticket.press(ticket.edit("limit"), K.Key_Return)
    assert "BUY 10 INDA LMT 53.02 DAY" in ticket.dialog_texts()


def test_a_quantity_is_never_rounded_up(ticket: TicketDesk) -> None:
    ticket.enter("quantity", "7.9")
    ticket.press(ticket.edit("quantity"), K.Key_Tab)
    assert ticket.edit("quantity").value() == 7
    ticket.enter("quantity", "0.4")
    ticket.enter("limit", "53")
    assert ticket.edit("quantity").value() == Decimal("0.4")
    assert "multiple of 1" in ticket.message


def test_fractions_are_typed_as_they_come(ticket: TicketDesk) -> None:
    ticket.choose("BTC-PERP")
    ticket.enter("quantity", "1.25")
    assert ticket.edit("quantity").text() == "1.25"
    assert ticket.desk.size == Decimal("1.25")
    ticket.enter("quantity", "0.05")
    assert ticket.edit("quantity").text() == "0.05"


def test_size_is_the_desks_and_presets_choose_it(ticket: TicketDesk) -> None:
    ticket.click(ticket.button("preset-4"))
    assert ticket.desk.size == ticket.edit("quantity").value() == 100
    ticket.act(lambda: ticket.desk.set_size(Decimal(25)))
    assert ticket.edit("quantity").value() == 25


@pytest.mark.parametrize(("typed", "hint"), [("x", "only digits"), (",", "use a point")])
def test_letters_are_refused_in_words(ticket: TicketDesk, typed: str, hint: str) -> None:
    ticket.enter("limit", typed)
    assert hint in ticket.message
    assert ticket.edit("limit").value() is None


def test_nothing_and_zero_are_no_price(ticket: TicketDesk) -> None:
    ticket.enter("quantity", "10")
    assert ticket.message == "Enter a limit price"
    assert not ticket.is_problem
    ticket.enter("limit", "0")
    assert "more than zero" in ticket.message
    assert not ticket.button("send").isEnabled()


def test_sides_differ_by_word_and_colour(ticket: TicketDesk) -> None:
    ticket.write_limit(ticket.low())
    send = ticket.button("send")
    colours = {}
    for side in ("buy", "sell"):
        ticket.click(ticket.button(side))
        assert send.text().startswith(side.upper())
        colours[side] = send.grab().toImage().pixelColor(6, send.height() // 2).name()
    assert colours == {side: theme.color(side).name() for side in ("buy", "sell")}


def test_stepping_by_keys_begins_at_the_market(ticket: TicketDesk) -> None:
    limit = ticket.edit("limit")
    ticket.press(limit, K.Key_Up)
    assert limit.value() == ticket.bid()
    ticket.press(limit, K.Key_Up)
    assert limit.value() == ticket.bid() + Decimal("0.01")
    ticket.enter("limit", "")
    ticket.press(limit, K.Key_Backspace)
    ticket.click(ticket.button("sell"))
    ticket.press(limit, K.Key_Down)
    assert limit.value() == ticket.ask()


def test_only_what_the_connection_can_do_is_offered(ticket: TicketDesk) -> None:
    can = ticket.engine.connections.capabilities(PAPER)
    kinds = ticket.combo("type")
    assert {kinds.itemData(i) for i in range(kinds.count())} == set(OrderType)
    for kind in OrderType:
        ticket.pick("type", kind)
        tifs = ticket.combo("tif")
        offered = {tifs.itemData(i) for i in range(tifs.count())}
        assert offered == can.times_in_force[kind]
        assert ticket.edit("limit").isVisible() is kind.has_limit
        assert ticket.edit("stop").isVisible() is kind.has_stop
        assert ticket.edit("trail").isVisible() is (kind is OrderType.TRAILING_STOP)


# -- another instrument ---------------------------------------------------------------------------


def test_prices_never_stay_for_another_instrument(ticket: TicketDesk) -> None:
    ticket.enter("quantity", "10")
    bracket = child(ticket.panel, QGroupBox, "ticket-bracket")
    ticket.tick(bracket)
    ticket.enter("bracket-target", "60")
    ticket.enter("bracket-stop", "50")
    ticket.pick("type", OrderType.STOP_LIMIT)
    ticket.enter("limit", "54.00")
    ticket.enter("stop", "54.10")
    assert ticket.button("send").isEnabled()
    ticket.choose("BTC-PERP")
    names = ("limit", "stop", "trail", "bracket-target", "bracket-stop")
    assert [ticket.edit(name).value() for name in names] == [None] * 5
    assert [ticket.edit(name).text() for name in names] == [""] * 5
    assert ticket.combo("type").currentData() is OrderType.STOP_LIMIT
    assert ticket.edit("quantity").value() == 10
    assert not ticket.button("send").isEnabled()
    ticket.press(ticket.edit("limit"), K.Key_Return)
    assert ticket.orders() == []


def test_a_size_that_another_instrument_does_not_trade_stays_and_is_refused(
    ticket: TicketDesk,
) -> None:
    ticket.choose("BTC-PERP")
    ticket.enter("quantity", "0.5")
    ticket.choose("INDA")
    ticket.click(ticket.button("bid"))
    assert ticket.edit("quantity").value() == Decimal("0.5")
    assert "multiple of 1" in ticket.message


def test_news_of_the_connection_leaves_what_is_written_alone(ticket: TicketDesk) -> None:
    ticket.enter("quantity", "12")
    ticket.enter("limit", "53.")
    ticket.act(lambda: ticket.panel._on_connection_changed(None))
    assert ticket.edit("limit").text() == "53."


# -- sending ------------------------------------------------------------------------------------


def test_a_limit_order_is_confirmed_and_works(ticket: TicketDesk) -> None:
    price = ticket.low()
    ticket.write_limit(price)
    ticket.click(ticket.button("send"))
    texts = ticket.dialog_texts()
    account = ticket.table.account
    assert f"PAPER — {account}" in texts
    assert f"BUY 10 INDA LMT {price} DAY" in texts
    value = f"{10 * price:.2f}"
    assert any(value in text and "USD" in text for text in texts)
    assert {PAPER, account, "iShares MSCI India ETF", "DAY"} <= set(texts)
    assert ticket.orders() == []
    ticket.confirm()
    [order] = ticket.sent()
    assert order.request.side is Side.BUY
    assert order.request.quantity == 10
    assert (order.request.limit_price, order.request.origin) == (price, Origin.TICKET)
    ticket.until(lambda: ticket.orders()[0].status is OrderStatus.WORKING)
    ticket.until(lambda: ticket.message == f"BUY 10 INDA LMT {price} DAY: working")
    assert not ticket.is_problem


def test_esc_in_the_confirmation_sends_nothing(ticket: TicketDesk) -> None:
    ticket.write_limit(ticket.low())
    ticket.click(ticket.button("send"))
    ticket.press(ticket.dialog(), K.Key_Escape)
    ticket.until(lambda: not ticket.dialogs())
    ticket.table.rest(0.1)
    assert ticket.orders() == []
    ticket.click(ticket.button("send"))
    ticket.confirm()
    ticket.sent()


def test_without_confirmation_it_goes_at_once(ticket: TicketDesk) -> None:
    ticket.settle(confirm=False)
    ticket.write_limit(ticket.low())
    ticket.press(ticket.edit("limit"), K.Key_Return)
    ticket.sent()
    assert ticket.dialogs() == []


def test_a_double_click_sends_one_order(ticket: TicketDesk) -> None:
    ticket.settle(confirm=False, duplicate_window_s=None)
    ticket.write_limit(ticket.low())
    ticket.double_click(ticket.button("send"))
    ticket.sent()


def test_a_held_enter_key_sends_one_order_and_confirms_none(ticket: TicketDesk) -> None:
    ticket.settle(duplicate_window_s=None)
    ticket.write_limit(ticket.low())
    ticket.press(ticket.edit("limit"), K.Key_Return)
    dialog = ticket.dialog()
    ticket.hold(child(dialog, QPushButton, "confirm-send"), K.Key_Return, 20)
    ticket.hold(dialog, K.Key_Return, 20)
    assert ticket.dialogs() == [dialog]
    assert ticket.orders() == []
    ticket.settle(confirm=False)
    ticket.press(dialog, K.Key_Escape)
    ticket.until(lambda: not ticket.dialogs())
    ticket.press(ticket.edit("limit"), K.Key_Return)
    for widget in (ticket.edit("limit"), ticket.button("send"), ticket.panel):
        ticket.hold(widget, K.Key_Return, 20)
    ticket.sent()


def test_a_double_click_on_send_does_not_run_into_the_confirmation(ticket: TicketDesk) -> None:
    ticket.write_limit(ticket.low())
    ticket.click(ticket.button("send"))
    ticket.until(ticket.dialogs)
    send = child(ticket.dialogs()[0], QPushButton, "confirm-send")
    ticket.click(send)
    ticket.table.rest(0.1)
    assert ticket.orders() == []
    assert len(ticket.dialogs()) == 1
    ticket.confirm()
    ticket.sent()


def test_sending_twice_while_the_question_stands_asks_once(ticket: TicketDesk) -> None:
    ticket.write_limit(ticket.low())
    ticket.act(ticket.panel.send)
    ticket.act(ticket.panel.send)
    assert len(ticket.dialogs()) == 1


def test_what_was_shown_is_sent_whatever_is_chosen_meanwhile(ticket: TicketDesk) -> None:
    price = ticket.low()
    ticket.write_limit(price)
    ticket.click(ticket.button("send"))
    ticket.dialog()
    ticket.choose("BTC-PERP")
    ticket.act(lambda: ticket.desk.set_size(Decimal(77)))
    assert f"BUY 10 INDA LMT {price} DAY" in ticket.dialog_texts()
    ticket.confirm()
    [order] = ticket.sent()
    assert order.request.instrument.symbol == "INDA"
    assert order.request.quantity == 10
    assert order.request.limit_price == price


def test_a_market_order_fills_and_says_so(ticket: TicketDesk) -> None:
    ticket.settle(confirm=False)
    ticket.enter("quantity", "3")
    ticket.pick("type", OrderType.MARKET)
    ticket.press(ticket.edit("quantity"), K.Key_Enter)
    ticket.until(lambda: ticket.orders() and ticket.orders()[0].status is OrderStatus.FILLED)
    ticket.until(lambda: "3 of 3 filled at" in ticket.message)


def test_a_bracket_is_three_orders_of_which_two_wait(ticket: TicketDesk) -> None:
    price = ticket.low()
    ticket.write_limit(price, "5")
    bracket = child(ticket.panel, QGroupBox, "ticket-bracket")
    ticket.tick(bracket)
    assert ticket.message == "Enter the bracket's target and the bracket's stop"
    ticket.enter("bracket-target", str(price + 1))
    ticket.enter("bracket-stop", str(price + 2))
    assert "must lie below" in ticket.message
    ticket.enter("bracket-stop", str(price - 1))
    ticket.click(ticket.button("send"))
    lines = [text for text in ticket.dialog_texts() if " INDA " in text and "5" in text]
    assert len([line for line in lines if line.startswith(("BUY", "SELL"))]) == 3
    ticket.confirm()
    entry, target, stop = ticket.sent(3)
    ticket.until(lambda: [o.status.value for o in ticket.orders()] == ["Working", "Held", "Held"])
    assert target.request.parent_id == stop.request.parent_id == entry.client_order_id
    assert (target.limit_price, stop.stop_price) == (price + 1, price - 1)
    ticket.tick(bracket, on=False)
    ticket.settle(confirm=False, duplicate_window_s=None)
    ticket.press(ticket.edit("limit"), K.Key_Return)
    ticket.sent(4)


@pytest.mark.parametrize(
    ("unit", "field"), [("amount", "trail_amount"), ("percent", "trail_percent")]
)
def test_a_trailing_stop_trails_by_an_amount_or_per_cent(
    ticket: TicketDesk, unit: str, field: str
) -> None:
    ticket.click(ticket.button("sell"))
    ticket.pick("type", OrderType.TRAILING_STOP)
    ticket.enter("quantity", "4")
    ticket.enter("trail", "9")
    ticket.pick("trail-unit", "percent")
    assert ticket.edit("trail").value() is None
    ticket.pick("trail-unit", unit)
    ticket.enter("trail", "0.5")
    ticket.settle(confirm=False)
    ticket.press(ticket.edit("trail"), K.Key_Return)
    [order] = ticket.sent()
    assert getattr(order.request, field) == Decimal("0.5")
    ticket.until(lambda: ticket.orders()[0].status is OrderStatus.WORKING)


def test_conditions_travel_with_the_order(ticket: TicketDesk) -> None:
    ticket.write_limit(ticket.low())
    ticket.pick("tif", TimeInForce.GTC)
    ticket.tick(child(ticket.panel, QCheckBox, "ticket-outside-hours"))
    ticket.settle(confirm=False)
    ticket.press(ticket.combo("tif"), K.Key_Return)
    [order] = ticket.sent()
    assert order.request.time_in_force is TimeInForce.GTC
    assert order.request.outside_hours


# -- what it costs ------------------------------------------------------------------------------


def test_value_fees_and_margin_are_estimated(ticket: TicketDesk) -> None:
    ticket.write_limit("50.00", "100")
    ticket.until(lambda: ticket.text("margin") != "—")
    assert ticket.text("value").replace("\u202f", "") == "5000.00USD"
    assert ticket.text("fees").replace("\u202f", "") == "1.00USD"
    assert ticket.text("margin").replace("\u202f", "") == "1250.00USD"
    ticket.enter("limit", "")
    ticket.press(ticket.edit("limit"), K.Key_Backspace)
    assert [ticket.text(name) for name in ("value", "fees", "margin")] == ["—"] * 3


def test_the_value_of_a_market_order_follows_the_quote(ticket: TicketDesk) -> None:
    ticket.enter("quantity", "10")
    ticket.pick("type", OrderType.MARKET)
    ticket.replay("step", seconds=600)

    def shown_value() -> str:
        return ticket.text("value").replace("\u202f", "")

    ticket.until(lambda: shown_value() == f"{10 * ticket.ask():.2f}USD")


def test_what_the_broker_would_refuse_is_said_beforehand(ticket: TicketDesk) -> None:
    ticket.settle(max_order_value=None)
    ticket.write_limit(ticket.low(), "90000")
    ticket.until(lambda: "would be rejected" in ticket.message)
    assert not ticket.is_problem


# -- refusals -----------------------------------------------------------------------------------


def test_no_instrument(table_desk: TableDesk) -> None:
    table_desk.start()
    ticket = TicketDesk(table_desk, None)
    assert not ticket.button("send").isEnabled()
    assert ticket.button("send").text() == "No instrument"
    ticket.press(ticket.panel, K.Key_Return)
    assert ticket.message == "Choose an instrument first"


def test_no_quantity(ticket: TicketDesk) -> None:
    ticket.enter("limit", "53")
    ticket.enter("quantity", "")
    ticket.press(ticket.edit("quantity"), K.Key_Backspace)
    assert ticket.message == "Enter a quantity"
    ticket.press(ticket.edit("quantity"), K.Key_Return)
    assert ticket.is_problem
    assert ticket.orders() == []


def test_a_broken_limit_is_named_with_rule_and_figures(ticket: TicketDesk) -> None:
    ticket.settle(max_order_quantity=Decimal(5))
    ticket.write_limit(ticket.low())
    ticket.press(ticket.edit("limit"), K.Key_Return)
    assert "order quantity 10" in ticket.message
    assert "5 may be. Limits: Tools > Risk Limits" in ticket.message
    assert ticket.is_problem
    assert ticket.dialogs() == []
    assert not ticket.button("override").isVisible()


def test_a_halted_desk(ticket: TicketDesk) -> None:
    ticket.act(lambda: ticket.engine.risk.set_state(TradingState.HALTED, "the test"))
    ticket.write_limit(ticket.low())
    ticket.press(ticket.edit("limit"), K.Key_Return)
    assert "halted" in ticket.message
    assert "Risk Limits" not in ticket.message
    assert ticket.orders() == []


def test_not_connected(ticket: TicketDesk) -> None:
    ticket.write_limit(ticket.low())
    ticket.table.do(ticket.engine.connections.disconnect(PAPER))
    ticket.until(lambda: "offline" in ticket.message)
    assert ticket.is_problem
    assert not ticket.button("send").isEnabled()
    ticket.press(ticket.edit("limit"), K.Key_Return)
    assert ticket.orders() == []
    ticket.table.do(ticket.engine.connections.connect(PAPER))
    ticket.until(ticket.button("send").isEnabled)
    assert ticket.edit("limit").value() == ticket.low()


def test_an_order_that_works_does_not_hide_that_nothing_can_be_sent(ticket: TicketDesk) -> None:
    ticket.settle(confirm=False)
    ticket.write_limit(ticket.low())
    ticket.click(ticket.button("send"))
    ticket.until(lambda: ticket.message.endswith("working"))
    ticket.table.do(ticket.engine.connections.disconnect(PAPER))
    ticket.until(lambda: "offline" in ticket.message)
    assert ticket.is_problem


def test_disconnected_while_the_question_stands(ticket: TicketDesk) -> None:
    ticket.write_limit(ticket.low())
    ticket.click(ticket.button("send"))
    ticket.dialog()
    ticket.table.do(ticket.engine.connections.disconnect(PAPER))
    ticket.confirm()
    ticket.table.rest(0.1)
    assert ticket.orders() == []
    assert "offline" in ticket.message
    assert ticket.is_problem


def test_an_account_that_turned_out_to_be_another_kind_is_not_traded(ticket: TicketDesk) -> None:
    ticket.write_limit(ticket.low())
    requests = ticket.panel._requests()
    ticket.act(lambda: ticket.panel._on_confirmed(requests, False))
    assert "changed between live and paper: nothing was sent" in ticket.message
    assert ticket.orders() == []


def test_a_market_order_on_an_old_quote_needs_a_word_of_its_own(ticket: TicketDesk) -> None:
    ticket.settle(quote_max_age_s=0.2)
    ticket.enter("quantity", "2")
    ticket.pick("type", OrderType.MARKET)
    ticket.table.rest(0.3)
    ticket.act(ticket.panel._show_quote)
    assert "old" in ticket.button("ask").text()
    override = ticket.button("override")
    assert not override.isVisible()
    ticket.press(ticket.edit("quantity"), K.Key_Return)
    assert "not older than 0.2 s" in ticket.message
    assert override.isVisible()
    ticket.click(override)
    assert ticket.dialogs() == []  # it had only just appeared under the pointer
    ticket.table.rest(0.4)
    ticket.click(override)
    assert "Without a fresh quote" in ticket.dialog_texts()
    ticket.confirm()
    [order] = ticket.sent()
    assert order.request.stale_quote_ok
    ticket.enter("quantity", "3")
    assert not override.isVisible()


def test_a_refusal_of_the_broker_that_comes_later_is_told(ticket: TicketDesk) -> None:
    notices: list[NoticeRaised] = []
    ticket.engine.bus.subscribe(NoticeRaised, notices.append)
    ticket.table.fault("reject", count=1)
    ticket.settle(confirm=False)
    ticket.write_limit(ticket.low())
    ticket.press(ticket.edit("limit"), K.Key_Return)
    ticket.until(lambda: ticket.orders() and ticket.orders()[0].status is OrderStatus.REJECTED)
    ticket.until(lambda: ticket.message.startswith("Rejected: BUY 10 INDA"))
    assert ticket.is_problem
    assert [n.text for n in notices if "buy 10 INDA was rejected: " in n.text]


def test_an_order_without_an_answer_is_unknown_and_loud(ticket: TicketDesk) -> None:
    ticket.table.fault("lose_answer", count=1)
    ticket.table.fault("drop_ack", count=1)
    notices: list[Message] = []
    ticket.desk.noticed.connect(notices.append)
    ticket.settle(confirm=False)
    ticket.write_limit(ticket.low())
    ticket.press(ticket.edit("limit"), K.Key_Return)
    ticket.until(ticket.orders)
    ticket.until(lambda: ticket.message.startswith("Unknown: BUY 10 INDA"))
    assert [n.text for n in notices if n.text.startswith("Unknown")] == [], "the engine told it"
    assert "Resolve it in Orders" in ticket.message
    assert ticket.is_problem
    ticket.sent()


# -- by keyboard --------------------------------------------------------------------------------


def focus_chain(ticket: TicketDesk) -> list[str]:
    """The names of what Tab reaches, from the account on."""
    names: list[str] = []
    first: QWidget = ticket.combo("account")
    ticket.focus(first)
    while len(names) < 40:
        widget = QApplication.focusWidget()
        assert widget is not None
        name = widget.objectName()
        if names and name == names[0]:
            break
        names.append(name)
        ticket.press(widget, K.Key_Tab)
    return names


def test_tab_goes_from_top_to_bottom(ticket: TicketDesk) -> None:
    ticket.write_limit(ticket.low())
    chain = focus_chain(ticket)
    expected = ["ticket-account", "ticket-bid", "ticket-ask", "ticket-buy", "ticket-quantity"]
    expected += [f"ticket-preset-{n}" for n in range(1, 6)]
    expected += ["ticket-type", "ticket-limit", "ticket-tif", "ticket-outside-hours"]
    expected += ["ticket-bracket", "ticket-send"]
    assert chain == expected


@pytest.mark.parametrize(
    "name", ["quantity", "limit", "type", "tif", "outside-hours", "buy", "send"]
)
def test_enter_sends_from_anywhere(ticket: TicketDesk, name: str) -> None:
    ticket.settle(confirm=False)
    ticket.write_limit(ticket.low())
    widget = child(ticket.panel, QWidget, f"ticket-{name}")
    ticket.act(widget.setFocus)
    ticket.press(widget, K.Key_Return)
    ticket.sent()


def test_a_whole_order_by_keyboard(ticket: TicketDesk) -> None:
    ticket.focus(ticket.button("buy"))

    def key(key_: Qt.Key) -> None:
        widget = QApplication.focusWidget()
        assert widget is not None
        ticket.press(widget, key_)

    key(K.Key_Right)
    key(K.Key_Tab)
    assert QApplication.focusWidget() is ticket.edit("quantity")
    ticket.enter("quantity", "6")
    for _ in range(7):
        key(K.Key_Tab)
    assert QApplication.focusWidget() is ticket.edit("limit")
    key(K.Key_Up)
    key(K.Key_Up)
    key(K.Key_Return)
    ticket.press(ticket.dialog(), K.Key_Return)
    [order] = ticket.sent()
    assert order.request.side is Side.SELL
    assert order.request.quantity == 6
    assert order.request.limit_price == ticket.ask() + Decimal("0.01")
