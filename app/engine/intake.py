"""What a broker's stream says, turned into events; and when to ask whether it said everything."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from app.base.bus import EventBus
from app.base.clock import Clock
from app.domain import order_events as ev
from app.domain.claims import (
    adopt,
    adopt_execution,
    events_for_report,
    fill_events,
    lacks_executions,
    locate,
)
from app.domain.events import NoticeRaised
from app.domain.execution import Execution
from app.domain.ids import ConnectionId
from app.domain.order import Order
from app.domain.order_types import OrderStatus
from app.domain.reports import (
    BrokerReport,
    CancelRefused,
    ExecutionReport,
    OrderReport,
    ReplaceRefused,
    Severity,
)
from app.engine.recorder import Recorder

log = logging.getLogger("moorgate.orders")
S = OrderStatus


class Intake:
    """Hears order and execution reports of every connection, on the engine's loop.

    `doubt(order, claim)` is called where a claim does not fit what we know: whoever watches asks
    the broker, unless what the claim lacks comes by itself.
    """

    def __init__(
        self,
        recorder: Recorder,
        bus: EventBus,
        clock: Clock,
        doubt: Callable[[Order, OrderReport | None], None],
    ) -> None:
        self._recorder, self._book = recorder, recorder.book
        self._bus, self._clock, self._doubt = bus, clock, doubt

    def take(self, connection_id: ConnectionId, reports: Sequence[BrokerReport]) -> None:
        """In order; a report that cannot be taken is logged and announced and stops no other."""
        for report in reports:
            try:
                self._take(report)
            except Exception as error:
                log.exception("%s of %s", type(report).__name__, connection_id)
                text = (
                    f"{connection_id}: a {type(report).__name__} could not be understood"
                    f" ({error}). Use Resolve on its order to ask the broker"
                )
                notice = NoticeRaised(Severity.ERROR, connection_id, text, self._clock.now())
                self._bus.publish(notice)

    def _take(self, report: BrokerReport) -> None:
        if isinstance(report, OrderReport):
            self._on_order(report)
        elif isinstance(report, ExecutionReport):
            self._on_execution(report.execution)
        elif isinstance(report, CancelRefused):
            self._on_cancel_refused(report)
        elif isinstance(report, ReplaceRefused):
            self._on_replace_refused(report)

    def _on_order(self, report: OrderReport) -> None:
        order = locate(self._book, report)
        if order is None:
            if report.status.is_closed:
                return  # a foreign order that ended unseen; its fills come by themselves
            born = adopt(report, self._book)
            self._recorder.record(born)
            order = self._book.get(born[0].client_order_id)
            assert order is not None
        was_closed = order.status.is_closed
        self._recorder.record(events_for_report(order, report))
        order = self._book.get(order.client_order_id) or order
        if order.status is S.REJECTED and not was_closed:
            self._notice(order, f"was rejected: {order.reason or 'no reason given'}")
        looks_alive = was_closed and order.status is not S.FILLED and report.status.is_open
        if looks_alive or lacks_executions(order, report):
            self._doubt(order, report)

    def _on_execution(self, execution: Execution) -> None:
        owner = locate(self._book, execution)
        if owner is None:
            self._recorder.record(adopt_execution(execution, self._book))
            return
        self._recorder.record(fill_events(owner, execution))
        order = self._book.get(owner.client_order_id) or owner
        if order.status is S.UNKNOWN:
            self._doubt(order, None)

    def _on_cancel_refused(self, report: CancelRefused) -> None:
        order = self._book.get(report.client_order_id)
        if order is None or order.status is not S.PENDING_CANCEL:
            return  # late: what was to be canceled is settled
        event = ev.OrderCancelRejected(
            client_order_id=order.client_order_id, at=report.at, reason=report.reason
        )
        self._on_refusal(order, event, f"was not canceled: {report.reason}")

    def _on_replace_refused(self, report: ReplaceRefused) -> None:
        order = self._book.get(report.client_order_id)
        if order is None or order.pending_change is None:
            return
        event = ev.OrderReplaceRejected(
            client_order_id=order.client_order_id, at=report.at, reason=report.reason
        )
        self._on_refusal(order, event, f"was not changed: {report.reason}")

    def _on_refusal(self, order: Order, event: ev.OrderEvent, text: str) -> None:
        self._recorder.record([event])
        self._notice(order, text)
        after = self._book.get(order.client_order_id) or order
        if after.status is S.UNKNOWN or after.status.is_in_flight:
            self._doubt(after, None)

    def _notice(self, order: Order, text: str) -> None:
        request = order.request
        what = f"{request.side.value} {order.quantity} {request.instrument.symbol}"
        notice = NoticeRaised(
            Severity.WARNING, request.connection_id, f"{what} {text}", self._clock.now()
        )
        self._bus.publish(notice)
