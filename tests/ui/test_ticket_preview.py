"""The broker's figures reach a confirmation that was opened before them, and no other one."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel

from app.ui import format as fmt
from tests.ui.table_desk import begin, table_desk
from tests.ui.ticket_desk import K, TicketDesk, ticket

__all__ = ["begin", "table_desk", "ticket"]  # fixtures


def facts(ticket: TicketDesk) -> list[str]:
    """What the open confirmation tells of the order."""
    [dialog] = ticket.dialogs()
    found = [label.text() for label in dialog.findChildren(QLabel, "fact")]
    return [text.replace("\u202f", "") for text in found]


def ask(ticket: TicketDesk) -> None:
    """Enter, before the broker was asked."""
    ticket.write_limit("50.00", "100")
    ticket.press(ticket.edit("limit"), K.Key_Return)
    ticket.until(lambda: len(ticket.dialogs()) == 1)


def test_figures_that_come_late_are_written_into_the_question(ticket: TicketDesk) -> None:
    ask(ticket)
    assert facts(ticket)[-2:] == [fmt.UNKNOWN] * 2
    ticket.until(lambda: facts(ticket)[-2:] == ["1.00USD", "1250.00USD"])


def test_figures_of_another_order_are_not(ticket: TicketDesk) -> None:
    ask(ticket)
    ticket.edit("quantity").set_value(ticket.desk.size * 2)  # as a key might, behind the question
    ticket.act(ticket.panel._on_form_changed)
    ticket.until(lambda: ticket.text("margin") != fmt.UNKNOWN)
    assert facts(ticket)[-2:] == [fmt.UNKNOWN] * 2
