"""The watch over what brokers owe us: an answer to a request, the fills behind a claim."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from app.base.bus import EventBus
from app.base.clock import Clock
from app.domain import order_events as ev
from app.domain.claims import lacks_executions
from app.domain.events import NoticeRaised, Reconciled
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.order import Order
from app.domain.order_types import OrderStatus
from app.domain.reports import OrderReport, Severity
from app.engine.in_flight import POLL_S, SETTLING_S, Watch
from app.engine.reconciler import Reconciler
from app.engine.recorder import Recorder

S = OrderStatus
# An order that is still Unknown after a question is asked about again: so often within seconds,
# then now and then. A list that did not tell may have been incomplete, or too early.
SOON, LATER_S = 5, 30.0
# Of accounts, orders, executions and positions: where none could be read there is no line, and
# everything is read anyway when it is back.
_ALL_PARTS = 4


class Answers:
    """Asks the broker by one snapshot where an answer or a fill is overdue. Engine's loop only.

    A request that is still unanswered after that makes its order Unknown.
    """

    def __init__(
        self,
        recorder: Recorder,
        reconciler: Reconciler,
        bus: EventBus,
        clock: Clock,
        *,
        answer_timeout_s: float,
        missing_fill_s: float,
        poll_s: float = POLL_S,
    ) -> None:
        self._recorder, self._book = recorder, recorder.book
        self._reconciler, self._bus, self._clock = reconciler, bus, clock
        self._answer_timeout_s, self._missing_fill_s = answer_timeout_s, missing_fill_s
        self._answer_by: dict[ClientOrderId, float] = {}
        self._claims: dict[ClientOrderId, OrderReport] = {}
        self._asked: dict[ClientOrderId, int] = {}
        bus.subscribe(Reconciled, self._on_reconciled)
        self.watch = Watch(clock, self._check, poll_s)

    def expect(self, order: Order) -> None:
        """A request of this order goes out now; an answer is due from now on."""
        own_id, connection_id = order.client_order_id, order.request.connection_id
        self._answer_by[own_id] = self._clock.monotonic() + self._answer_timeout_s
        self.watch.add(connection_id, own_id, self._answer_timeout_s)

    def doubt(self, order: Order, claim: OrderReport | None) -> None:
        """The broker said something that does not fit; ask unless it is explained shortly."""
        if claim is not None:
            self._claims[order.client_order_id] = claim
        self.watch.add(order.request.connection_id, order.client_order_id, self._missing_fill_s)

    def lose(self, own_id: ClientOrderId, reason: str) -> None:
        """The order becomes Unknown, in words; the broker is asked once things have settled."""
        order = self._book.get(own_id)
        if order is None or order.status.is_closed or order.status is S.UNKNOWN:
            return
        event = ev.OrderUnresolved(client_order_id=own_id, at=self._clock.now(), reason=reason)
        self._recorder.record([event])
        request = order.request
        text = (
            f"{request.side.value} {order.quantity} {request.instrument.symbol} is Unknown:"
            f" {reason}. It may be live. It will not be sent again; use Resolve to ask the broker"
        )
        notice = NoticeRaised(Severity.ERROR, request.connection_id, text, self._clock.now())
        self._bus.publish(notice)
        self.watch.add(request.connection_id, own_id, SETTLING_S)

    async def stop(self) -> None:
        """Watch nothing any more."""
        await self.watch.stop()

    def _on_reconciled(self, event: Reconciled) -> None:
        result, asked = event.result, dict[ClientOrderId, int]()
        for order in self._book.open_orders():
            own_id = order.client_order_id
            if order.status is not S.UNKNOWN:
                continue
            asked[own_id] = self._asked.get(own_id, 0)
            is_here = order.request.connection_id == result.connection_id
            if is_here and len(result.unavailable) < _ALL_PARTS:
                asked[own_id] += 1
                delay_s = SETTLING_S if asked[own_id] <= SOON else LATER_S
                self.watch.add(result.connection_id, own_id, delay_s)
        self._asked = asked

    async def _check(
        self, connection_id: ConnectionId, due: AbstractSet[ClientOrderId]
    ) -> dict[ClientOrderId, float]:
        asked = {own_id for own_id in due if self._is_open_question(own_id)}
        if not asked:
            return {}
        result = await self._reconciler.reconcile(connection_id)
        unread = "; ".join(result.unavailable)
        unsettled = self._reconciler.calls.unsettled()
        now = self._clock.monotonic()
        again: dict[ClientOrderId, float] = {}
        for own_id in asked:
            order = self._book.get(own_id)
            assert order is not None
            left_s = self._answer_by.get(own_id, now) - now
            if order.status.is_in_flight and left_s > 0:
                again[own_id] = left_s
            elif order.status.is_in_flight:
                detail = (
                    f"the connection could not be read ({unread})"
                    if unread
                    else "its list does not tell"
                )
                self.lose(own_id, f"no answer within {self._answer_timeout_s:g} s; {detail}")
            elif order.status is S.UNKNOWN and own_id in unsettled and not unread:
                again[own_id] = SETTLING_S
        return again

    def _is_open_question(self, own_id: ClientOrderId) -> bool:
        order = self._book.get(own_id)
        claim = self._claims.pop(own_id, None)
        if order is None:
            return False
        if order.status.is_in_flight or order.status is S.UNKNOWN:
            return True
        if claim is None:
            return False
        looks_alive = order.status.is_closed and order.status is not S.FILLED
        return lacks_executions(order, claim) or (looks_alive and claim.status.is_open)
