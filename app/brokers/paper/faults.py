"""Switches that make the broker misbehave on purpose, for drills and tests."""

from __future__ import annotations

from typing import Any

from app.base.errors import BrokerError, Outcome
from app.domain.ids import ClientOrderId
from app.domain.order_types import OrderStatus
from app.domain.reports import BrokerReport, ExecutionReport, OrderReport

# name -> what it does, for the menu. Counted ones happen to the next `count` orders or fills.
COUNTED = {
    "drop_ack": "do not tell that an order was accepted",
    "lose_answer": "accept an order and let the call fail without an answer",
    "duplicate_fill": "report a fill twice",
    "reorder": "report the first fill before the acceptance",
    "reject": "reject an order",
}
SWITCHED = {
    "mute_feed": "send no quotes and no trades",
    "delay": "answer so many milliseconds later",
}
ALWAYS = -1
_USUAL_DELAY_MS = 1000
_ACKS = (OrderStatus.WORKING, OrderStatus.HELD)


class Faults:
    """Which faults are armed. Belongs to the adapter's loop."""

    def __init__(self) -> None:
        self._left = dict.fromkeys(COUNTED, 0)
        self.is_muted = False
        self.delay_s = 0.0
        self._acknowledged: set[ClientOrderId] = set()
        self._held_back: dict[ClientOrderId, BrokerReport] = {}

    def set(self, name: str, *, on: bool | None = None, count: int | None = None) -> None:
        """Arm or disarm one fault. Raises BrokerError for a name nobody knows."""
        if count is not None and count < 0:
            raise BrokerError(f"a fault's count cannot be {count}", Outcome.NOT_SENT)
        is_on = bool(count) if count is not None else on is not False
        if name in COUNTED:
            self._left[name] = count if count is not None else (ALWAYS if is_on else 0)
        elif name == "mute_feed":
            self.is_muted = is_on
        elif name == "delay":
            self.delay_s = (_USUAL_DELAY_MS if count is None and is_on else count or 0) / 1000.0
        else:
            known = ", ".join([*COUNTED, *SWITCHED, "disconnect"])
            raise BrokerError(f"no fault is called {name!r}; known are {known}", Outcome.NOT_SENT)

    def take(self, name: str) -> bool:
        """Whether a counted fault strikes now; each strike uses one up."""
        if not self._left[name]:
            return False
        if self._left[name] != ALWAYS:
            self._left[name] -= 1
        return True

    def state(self) -> dict[str, Any]:
        """What is armed: how often yet, True for always, or milliseconds."""
        counted = {name: True if left == ALWAYS else left for name, left in self._left.items()}
        return {**counted, "mute_feed": self.is_muted, "delay": round(self.delay_s * 1000)}

    def bend(self, report: BrokerReport) -> list[BrokerReport]:
        """What is really sent when `report` should be."""
        if isinstance(report, ExecutionReport):
            return self._bend_fill(report)
        if isinstance(report, OrderReport) and report.client_order_id is not None:
            return self._bend_order(report, report.client_order_id)
        return [report]

    def _bend_fill(self, report: ExecutionReport) -> list[BrokerReport]:
        sent: list[BrokerReport] = [report]
        if self.take("duplicate_fill"):
            sent.append(report)
        owner = report.execution.client_order_id
        if owner is not None and owner in self._held_back:
            sent.append(self._held_back.pop(owner))
        return sent

    def _bend_order(self, report: OrderReport, order_id: ClientOrderId) -> list[BrokerReport]:
        if report.status in _ACKS and order_id not in self._acknowledged:
            self._acknowledged.add(order_id)
            if self.take("drop_ack"):
                return []
            if self.take("reorder"):
                self._held_back[order_id] = report
                return []
            return [report]
        if report.status.is_closed:
            self._acknowledged.discard(order_id)
            held = self._held_back.pop(order_id, None)
            return [report] if held is None else [held, report]
        return [report]
