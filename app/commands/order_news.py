"""What became of an order after the sentence of its key: fills, and its end."""

from __future__ import annotations

from decimal import Decimal

from app.commands.ticket import became
from app.domain.ids import ClientOrderId
from app.domain.order import Order
from app.domain.order_types import Origin
from app.domain.reports import Severity


class OrderNews:
    """Tells each fill and each end once, of orders that this program sent. GUI thread.

    Without it the last word about an order stays "working" or "sent" while it is filled already.
    Refusals and Unknown orders are told, loudly, by others.
    """

    def __init__(self) -> None:
        self._known: dict[ClientOrderId, tuple[Decimal, bool]] = {}  # filled, and whether over

    def hear(self, order: Order) -> str | None:
        """The sentence about a changed order; None where nothing of it is news."""
        now = (order.cum_quantity, order.status.is_closed)
        before = self._known.get(order.client_order_id, (Decimal(0), False))
        self._known[order.client_order_id] = now
        if now == before or order.request.origin is Origin.EXTERNAL:
            return None
        severity, text = became(order)
        return text if severity is Severity.INFO else None
