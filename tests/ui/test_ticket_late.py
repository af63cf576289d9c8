"""A click on the ticket that waited while the program stood still sends nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF
from PySide6.QtGui import QMouseEvent

from tests.ui.table_desk import LEFT, NONE, begin, table_desk
from tests.ui.ticket_desk import TicketDesk, ticket

__all__ = ["begin", "table_desk", "ticket"]  # fixtures


def test_what_was_clicked_while_the_window_stood_still_is_not_sent(ticket: TicketDesk) -> None:
    ticket.settle(confirm=False)
    ticket.write_limit(ticket.low())
    ages = ticket.desk.core.input_age
    ages.are_clicks_timed = True

    def clicked(ago_s: float, deed: Callable[[], None] = ticket.panel.send) -> None:
        release = QMouseEvent(
            QEvent.Type.MouseButtonRelease, QPointF(), QPointF(), LEFT, LEFT, NONE
        )
        release.setTimestamp(round((ticket.engine.clock.monotonic() - ago_s) * 1000))
        ages.take(release)
        deed()

    ticket.settle(confirm=True)
    ticket.act(lambda: clicked(0.0))  # read at once: asks
    dialog = ticket.dialog()
    ticket.act(lambda: clicked(6.0, dialog.accept))
    assert "clicked 6 seconds ago" in ticket.message
    ticket.settle(confirm=False)
    ticket.act(lambda: clicked(9.0))
    assert "clicked 9 seconds ago" in ticket.message
    assert ticket.is_problem
    assert ticket.orders() == []
    ticket.act(lambda: clicked(0.0))
    ticket.sent(1)
