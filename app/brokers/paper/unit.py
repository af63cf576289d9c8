"""One event at the broker: what it changes, and what is told of it once that is on disk."""

from __future__ import annotations

from datetime import datetime

from app.brokers.paper.paper_order import PaperOrder
from app.brokers.paper.store import Changes
from app.domain.reports import BrokerReport


class Unit:
    """Collects changes and the reports they cause; `at` is the wall time of all of them."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.changes = Changes()
        self.reports: list[BrokerReport] = []

    def touch(self, order: PaperOrder) -> None:
        """Its new state belongs to this unit; nothing is told."""
        order.updated_at = self.at
        self.changes.orders[order.id] = order

    def tell(self, order: PaperOrder) -> None:
        """Its new state belongs to this unit and is reported as it is now."""
        self.touch(order)
        self.reports.append(order.report(self.at))

    def add(self, report: BrokerReport) -> None:
        """Report something else."""
        self.reports.append(report)
