"""The ticket's size buttons: named as in the settings, and what they mean is told at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QPushButton

from app.domain.sizing import parse_size
from tests.ui.table_desk import TableDesk, begin, table_desk
from tests.ui.ticket_desk import TicketDesk

__all__ = ["begin", "table_desk"]  # fixtures


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
