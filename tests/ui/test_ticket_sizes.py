"""The ticket's size buttons: named as in the settings, and what they mean is told at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from app.domain.order_types import OrderType
from app.domain.sizing import parse_size
from app.ui import format as fmt
from tests.ui.table_desk import TableDesk, begin, table_desk
from tests.ui.ticket_desk import TicketDesk

__all__ = ["begin", "table_desk"]  # fixtures
K = Qt.Key


@pytest.fixture
def ticket(table_desk: TableDesk) -> TicketDesk:
    """At INDA's market, which stands still, with a preset of each kind."""
    table_desk.start()
    ticket = TicketDesk(table_desk)
    ticket.replay("pause")
    table_desk.rest(0.05)
    offer(ticket, "25", "$5000", "10%", "risk $50", "$1")
    return ticket


def offer(ticket: TicketDesk, *presets: str) -> None:
    settings = ticket.engine.settings
    trading = replace(settings.trading, size_presets=tuple(map(parse_size, presets)))
    changed = replace(settings, trading=trading)
    ticket.engine.apply_settings(changed)
    ticket.act(lambda: ticket.desk.settings_changed.emit(changed))
    ticket.table.rest()


def tip(ticket: TicketDesk, number: int) -> str:
    button = ticket.button(f"preset-{number}")
    event = QHelpEvent(QEvent.Type.ToolTip, QPoint(1, 1), button.mapToGlobal(QPoint(1, 1)))
    ticket.act(lambda: QApplication.sendEvent(button, event))
    return button.toolTip()


def names(ticket: TicketDesk) -> list[str]:
    buttons = ticket.panel.findChildren(QPushButton)
    return [b.text() for b in buttons if b.objectName().startswith("ticket-preset-")]


def test_they_are_called_as_in_the_settings_and_follow_them(ticket: TicketDesk) -> None:
    assert names(ticket) == ["25", "$5000", "10%", "risk $50", "$1"]
    offer(ticket, "7")
    assert names(ticket) == ["7"]
    ticket.click(ticket.button("preset-1"))
    assert ticket.edit("quantity").value() == 7


def test_a_click_writes_the_resolved_quantity(ticket: TicketDesk) -> None:
    ticket.click(ticket.button("preset-2"))
    assert ticket.edit("quantity").value() == 5000 // ticket.ask() == ticket.desk.size
    ticket.enter("quantity", "")
    ticket.click(ticket.button("preset-2"))
    assert ticket.edit("quantity").value() == 5000 // ticket.ask()


def test_the_tool_tip_tells_the_quantity_or_why_there_is_none(ticket: TicketDesk) -> None:
    assert tip(ticket, 1) == "Quantity 25 (Ctrl+1)"
    assert tip(ticket, 2) == f"$5000: Quantity {5000 // ticket.ask():f} (Ctrl+2)"
    assert "INDA, the least is 1" in tip(ticket, 5)


def test_risk_is_measured_by_the_tickets_own_stop(ticket: TicketDesk) -> None:
    ticket.write_limit("53.00")
    ticket.tick(ticket.panel._form.bracket)
    ticket.enter("bracket-stop", "52.50")
    assert tip(ticket, 4) == "risk $50: Quantity 100 (Ctrl+4)"
    ticket.click(ticket.button("preset-4"))
    assert ticket.edit("quantity").value() == Decimal(100)


def test_a_size_that_cannot_be_had_changes_nothing(ticket: TicketDesk) -> None:
    before = ticket.desk.size
    ticket.click(ticket.button("preset-5"))
    assert ticket.desk.size == before == ticket.edit("quantity").value()


def units_of(ticket: TicketDesk, amount: str) -> Decimal:
    """What so much money means at this market."""
    instrument = ticket.desk.selection.instrument
    assert instrument is not None
    return instrument.round_quantity(Decimal(amount) / ticket.ask())


def test_a_size_of_money_goes_along_to_another_instrument(ticket: TicketDesk) -> None:
    ticket.click(ticket.button("preset-2"))
    for symbol in ("BTC-PERP", "INDA"):
        ticket.choose(symbol)
        ticket.until(lambda: ticket.edit("quantity").value() == units_of(ticket, "5000"))
        assert ticket.button("preset-2").property("chosen") is True
    ticket.write_limit(ticket.low(), "30")
    assert ticket.button("preset-2").property("chosen") is False
    ticket.choose("BTC-PERP")
    assert ticket.edit("quantity").value() == 30  # by hand: so many units it is


def test_where_nobody_can_tell_it_the_field_is_empty_and_the_ticket_says_why(
    ticket: TicketDesk,
) -> None:
    ticket.click(ticket.button("preset-2"))
    ticket.pick("type", OrderType.MARKET)
    assert ticket.button("send").isEnabled()
    settings = ticket.engine.settings
    strict = replace(settings, risk=replace(settings.risk, quote_max_age_s=0.000001))
    ticket.engine.apply_settings(strict)
    ticket.act(lambda: ticket.desk.settings_changed.emit(strict))
    assert ticket.edit("quantity").text() == ""
    assert ticket.message.startswith("$5000: the quote of INDA is")
    assert not ticket.button("send").isEnabled()
    ticket.act(ticket.panel.send)
    assert ticket.dialogs() == []
    ticket.engine.apply_settings(settings)
    ticket.until(lambda: ticket.edit("quantity").value() == units_of(ticket, "5000"))
    assert ticket.button("send").isEnabled()


def test_it_follows_the_market_but_not_under_a_hand_that_edits_it(ticket: TicketDesk) -> None:
    offer(ticket, "$500000")
    ticket.click(ticket.button("preset-1"))
    before = ticket.edit("quantity").value()
    line = ticket.edit("quantity").lineEdit()
    ticket.focus(ticket.edit("quantity"))
    ticket.act(lambda: line.setCursorPosition(1))
    ticket.replay("step", seconds=300.0)
    ticket.until(lambda: units_of(ticket, "500000") != before)
    ticket.act(ticket.panel._on_clock)
    assert ticket.edit("quantity").value() == before
    ticket.act(line.selectAll)
    ticket.act(ticket.panel._on_clock)
    assert ticket.edit("quantity").value() == units_of(ticket, "500000")
    assert line.selectedText() == line.text()  # what is typed next comes in its place


def test_the_broker_is_asked_gently_while_the_market_moves_the_size(ticket: TicketDesk) -> None:
    offer(ticket, "$500000")
    ticket.settle(max_order_value=None)
    ticket.pick("type", OrderType.MARKET)
    ticket.click(ticket.button("preset-1"))
    ticket.until(lambda: ticket.text("margin") != fmt.UNKNOWN)
    before, fresh = ticket.edit("quantity").value(), ticket.text("margin")
    assert before is not None
    ticket.replay("step", seconds=300.0)
    ticket.until(lambda: units_of(ticket, "500000") != before)
    ticket.act(ticket.panel._on_clock)
    instrument = ticket.desk.selection.instrument
    assert instrument is not None
    was_for = f"for {fmt.quantity(instrument, before)}"
    assert ticket.text("margin") == f"{fresh} {was_for}"
    estimate = ticket.panel._estimate
    assert estimate._timer.remainingTime() > 1_000
    ticket.act(ticket.panel.send)
    [dialog] = ticket.dialogs()
    assert dict(estimate.facts(dialog.entry))["Margin"].endswith(was_for)
    ticket.until(lambda: "for" not in dict(estimate.facts(dialog.entry))["Margin"])
    shown = [label.text() for label in dialog.findChildren(QLabel, "fact")]
    assert "for" not in shown[-1]
    assert shown[-1] == ticket.text("margin")


def test_money_at_risk_follows_stop_side_and_type(ticket: TicketDesk) -> None:
    ticket.write_limit("53.00")
    ticket.click(ticket.button("preset-4"))
    assert ticket.edit("quantity").value() == 250  # over twenty ticks
    ticket.tick(ticket.panel._form.bracket)
    for stop, means in (("52.50", 100), ("52.00", 50), ("53.50", None), ("52.80", 250)):
        ticket.enter("bracket-stop", stop)
        assert ticket.edit("quantity").value() == means, stop
    ticket.enter("bracket-stop", "52.50")
    ticket.enter("limit", "52.70")
    assert ticket.edit("quantity").value() == 250
    ticket.click(ticket.button("sell"))
    assert ticket.edit("quantity").value() is None
    assert "must lie above the entry" in ticket.message
    ticket.enter("bracket-stop", "52.95")
    assert ticket.edit("quantity").value() == 200


@pytest.mark.parametrize("typed", ["10x", "", ".", "0"])
def test_nonsense_in_the_field_is_no_size_and_stands_as_it_was_typed(
    ticket: TicketDesk, typed: str
) -> None:
    ticket.enter("quantity", "40")
    ticket.enter("quantity", typed or "7")
    if not typed:
        ticket.press(ticket.edit("quantity"), K.Key_Backspace)
    assert ticket.desk.size_problem == (typed or "the field is empty")
    ticket.act(ticket.panel._on_clock)
    assert ticket.edit("quantity").text() == typed
    ticket.act(lambda: ticket.desk.run("trading.buy_market"))
    assert ticket.orders() == []
    ticket.enter("quantity", "12")
    assert (ticket.desk.size_problem, ticket.desk.size) == ("", Decimal(12))


def test_a_second_ticket_of_the_group_shows_no_size_either(ticket: TicketDesk) -> None:
    other = TicketDesk(ticket.table, symbol=None)
    ticket.enter("quantity", "40")
    assert other.edit("quantity").value() == 40
    ticket.enter("quantity", "4o")
    assert other.edit("quantity").value() is None
    ticket.click(ticket.button("preset-1"))
    assert other.edit("quantity").value() == ticket.edit("quantity").value() == 25
