"""The one way of an order to a broker: checked, journaled, sent once, watched until answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from app.base.bus import EventBus
from app.base.clock import Clock
from app.base.errors import BrokerError, MoorgateError, Outcome
from app.brokers.base import Broker
from app.domain import order_events as ev
from app.domain.events import NoticeRaised
from app.domain.ids import AccountId, ClientOrderId, ConnectionId, InstrumentKey
from app.domain.order import Order
from app.domain.order_types import OrderStatus, Side
from app.domain.reconcile import Reconciliation
from app.domain.reports import BrokerReport, Severity
from app.domain.request import OrderChange, OrderRequest
from app.domain.verdict import Verdict
from app.engine.answers import Answers
from app.engine.in_flight import POLL_S
from app.engine.intake import Intake
from app.engine.order_checks import Refused, check_change, check_requests
from app.engine.ports import CallPort, ConnectionPort, RefusalPort, RiskPort
from app.engine.reconciler import Reconciler
from app.engine.recorder import Recorder

log = logging.getLogger("moorgate.orders")
S = OrderStatus
T = TypeVar("T")

ANSWER_TIMEOUT_S = 5.0
MISSING_FILL_S = 2.0
CALL_TIMEOUT_S = 10.0
JOURNAL_TIMEOUT_S = 10.0
# A key press stands still this long for a disk that is slow; nobody can see that.
LEAVE_WITHIN_S = 0.01
# A cancel waits this long for its order to be handed over, so that it does not overtake it.
SUBMIT_FIRST_S = 2.0
_GIVEN_UP = BrokerError("Moorgate stopped waiting before the answer came")
_STOPPED = "Moorgate stopped before it was sent"
_GROUP_CANCELED = "its group was canceled before it was sent"


class _Submit(NamedTuple):
    """An order on its way out."""

    call: CallPort[None]
    task: asyncio.Task[list[Order]]


class OrderService:
    """Submit, modify, cancel and resolve orders of every connection. Engine's loop only.

    Nothing is sent before it is on disk, and nothing is sent twice: an id that the book knows
    never goes out again, whatever became of it. Canceling the task that called changes nothing:
    what has begun is finished, and its outcome recorded. Refusals are answers, never exceptions.
    """

    def __init__(
        self,
        recorder: Recorder,
        risk: RiskPort,
        connections: ConnectionPort,
        reconciler: Reconciler,
        bus: EventBus,
        clock: Clock,
        *,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        missing_fill_s: float = MISSING_FILL_S,
        call_timeout_s: float = CALL_TIMEOUT_S,
        journal_timeout_s: float = JOURNAL_TIMEOUT_S,
        poll_s: float = POLL_S,
    ) -> None:
        self.book = recorder.book
        self._recorder, self._risk, self._connections = recorder, risk, connections
        self._reconciler, self._bus, self._clock = reconciler, bus, clock
        self._call_timeout_s, self._journal_timeout_s = call_timeout_s, journal_timeout_s
        self.answers = Answers(
            recorder,
            reconciler,
            bus,
            clock,
            answer_timeout_s=answer_timeout_s,
            missing_fill_s=missing_fill_s,
            poll_s=poll_s,
        )
        self._intake = Intake(recorder, bus, clock, self.answers.doubt)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._submits: dict[ClientOrderId, _Submit] = {}
        # Of one order there may be two: one that is answered already, and the next one.
        self._changes: set[tuple[ClientOrderId, CallPort[None]]] = set()
        # When orders of this run were on disk and on their way; the journal does not keep it.
        self.handed_at: dict[ClientOrderId, datetime] = {}

    def order(self, own_id: ClientOrderId) -> Order:
        """The order as it now is; for ids that are known to be in the book."""
        order = self.book.get(own_id)
        assert order is not None, f"there is no order {own_id}"
        return order

    # -- submit ----------------------------------------------------------------------------------

    def submit(self, requests: Sequence[OrderRequest]) -> asyncio.Future[list[Order]]:
        """Send one order, or one group with its entry first; answers the orders as they now are.

        It is checked and on its way to the disk, and from there to the broker, when this returns;
        the future only tells how far it came. What is refused comes back Denied with the rule and
        is journaled too. An id that was submitted before is never sent again: its order comes
        back as it is.
        """
        known = [order for r in requests if (order := self.book.get(r.client_order_id))]
        if known or not requests:
            for order in known:
                self._notice(Severity.WARNING, f"{_what(order)} was submitted before: not sent")
            return _at_once(known)
        refusal = self.refusal(requests)
        if refusal is not None:
            return _at_once(self._deny_new(requests, refusal))
        where, sent = requests[0].connection_id, list[Order]()
        try:
            call = self._connections.prepare(where, lambda broker: broker.submit(sent))
        except BrokerError as error:
            return _at_once(self._deny_new(requests, Refused("not sent", str(error))))
        for request in requests:
            self._risk.note_sent(request)
        now = self._clock.now()
        own_ids = [request.client_order_id for request in requests]

        def leave(orders: list[Order]) -> None:
            sent.extend(orders)
            self.handed_at.update(dict.fromkeys(own_ids, self._clock.now()))
            call.hand_over()

        # Under way from here on: what waits for the disk is on no broker's list either.
        under_way = ExitStack()
        under_way.enter_context(self._reconciler.calls.of(own_ids))
        submitted = [ev.OrderSubmitted(client_order_id=own_id, at=now) for own_id in own_ids]
        committed = self._recorder.record([*_births(requests, now), *submitted], leave)
        work = self._send(own_ids, committed, call, under_way, self._settle_submit)
        task = self._begin(self._orders_of(own_ids, work), "submit")
        self._submits.update(dict.fromkeys(own_ids, _Submit(call, task)))
        task.add_done_callback(lambda _: [self._submits.pop(own_id) for own_id in own_ids])
        return asyncio.shield(task)

    def let_leave(self) -> None:
        """Stand still for some milliseconds, until what was asked for last has left for its
        broker. It leaves without this too, but later where a window draws in this thread.
        """
        self._recorder.let_leave(LEAVE_WITHIN_S)

    def refusal(self, requests: Sequence[OrderRequest]) -> RefusalPort | None:
        """Why `submit` would deny these now, None when it would send them. Changes nothing."""
        connection_id = requests[0].connection_id
        try:
            can = self._connections.capabilities(connection_id)
            closed = self._closed(connection_id)
        except MoorgateError as error:
            return Refused("connection", str(error))
        return check_requests(requests, can, self._today()) or closed or self._risk.check(requests)

    def _closed(self, connection_id: ConnectionId) -> Refused | None:
        """Why nothing new may be sent there at all."""
        if self._connections.config(connection_id).read_only:
            return Refused("read-only", f"{connection_id} is read-only by its settings")
        if reason := self._connections.is_trading_open(connection_id):
            return Refused("trading closed", reason)
        if not self._recorder.is_storage_ok:
            reason = "the order journal cannot be written: free disk space; cancels still work"
            return Refused("storage", reason)
        return None

    def _deny_new(self, requests: Sequence[OrderRequest], refusal: RefusalPort) -> list[Order]:
        distinct = list({request.client_order_id: request for request in requests}.values())
        own_ids = [request.client_order_id for request in distinct]
        births = _births(distinct, self._clock.now())
        self._recorder.record([*births, *self._denials(own_ids, refusal)])
        log.info("denied by %s: %s", refusal.rule, refusal.reason)
        return [self.order(own_id) for own_id in own_ids]

    def _denials(
        self, own_ids: Sequence[ClientOrderId], refusal: RefusalPort
    ) -> list[ev.OrderDenied]:
        return [
            ev.OrderDenied(
                client_order_id=own_id,
                at=self._clock.now(),
                rule=refusal.rule,
                reason=refusal.reason,
                limit=refusal.limit,
                actual=refusal.actual,
            )
            for own_id in own_ids
        ]

    async def _orders_of(
        self, own_ids: Sequence[ClientOrderId], work: Awaitable[BrokerError | None]
    ) -> list[Order]:
        await work
        return [self.order(own_id) for own_id in own_ids]

    async def _send(
        self,
        own_ids: Sequence[ClientOrderId],
        committed: asyncio.Future[None],
        call: CallPort[None],
        under_way: ExitStack,
        settle: Callable[[Sequence[ClientOrderId], BrokerError], None],
    ) -> BrokerError | None:
        """Follow what leaves as soon as it is on disk; `settle` hears of a failure, which is also
        the answer.
        """
        with under_way:
            failure: BrokerError | None = _GIVEN_UP
            try:
                not_stored = await self._not_stored(committed)
                if not_stored is None or not call.abandon(not_stored):
                    for own_id in own_ids:
                        self.answers.expect(self.order(own_id))
                answer = call.result(self._call_timeout_s)
                failure = await self._failure(answer, self.order(own_ids[0]).request.connection_id)
            finally:
                if failure is _GIVEN_UP and call.abandon(_STOPPED):
                    failure = BrokerError(_STOPPED, Outcome.NOT_SENT)
                if failure is not None:
                    settle(own_ids, failure)
        return failure

    def _settle_submit(self, own_ids: Sequence[ClientOrderId], failure: BrokerError) -> None:
        """What a failed call proves, for the orders of which the broker has not spoken."""
        for own_id in own_ids:
            order = self.order(own_id)
            was_heard_of = order.broker_order_ids or order.perm_id or order.fills
            if was_heard_of or order.status.is_closed:
                log.info("%s failed after its order was heard of: %s", own_id, failure)
            elif failure.outcome is Outcome.NOT_SENT:
                self._end_unsent(order, str(failure))
            elif failure.outcome is Outcome.REJECTED:
                now, reason = self._clock.now(), str(failure)
                event = ev.OrderRejected(client_order_id=own_id, at=now, reason=reason)
                self._recorder.record([event])
            elif order.status is S.PENDING_NEW:
                self.answers.lose(own_id, str(failure))

    def _end_unsent(self, order: Order, reason: str) -> None:
        """It is proved that the order never left: canceled if that was asked for, else denied."""
        own_id = order.client_order_id
        self.handed_at.pop(own_id, None)  # the disk had it and let it go, but nobody took it
        if order.status is S.PENDING_CANCEL:
            now, canceled = self._clock.now(), "canceled before it was sent"
            event = ev.OrderCanceled(client_order_id=own_id, at=now, reason=canceled)
            self._recorder.record([event])
        else:
            self._recorder.record(self._denials([own_id], Refused("not sent", reason)))

    # -- modify ----------------------------------------------------------------------------------

    def modify(self, own_id: ClientOrderId, change: OrderChange) -> asyncio.Future[Verdict]:
        """Ask for new terms, checked and on their way to the disk when this returns. The verdict
        says whether the request went out, not what came of it.
        """
        order = self.book.get(own_id)
        if order is None:
            return _at_once(Verdict(False, f"there is no order {own_id}"))
        if change == OrderChange():
            return _at_once(Verdict(True, "nothing was changed", order))
        refusal = self._change_refusal(order, change)
        if refusal is not None:
            text = f"not changed: {refusal.reason} [{refusal.rule}]"
            return _at_once(Verdict(False, text, order))
        try:
            call, leave = self._prepared(order, lambda broker, now: broker.modify(now, change))
        except BrokerError as error:
            return _at_once(Verdict(False, f"not changed: {error}", order))
        under_way = ExitStack()
        under_way.enter_context(self._reconciler.calls.of([own_id]))
        now = self._clock.now()
        event = ev.OrderReplaceRequested(client_order_id=own_id, at=now, change=change)
        committed = self._recorder.record([event], leave)
        self._changes.add((own_id, call))
        sending = self._send([own_id], committed, call, under_way, self._settle_change)
        task = self._begin(self._change_verdict(own_id, sending), "modify")
        task.add_done_callback(lambda _: self._changes.discard((own_id, call)))
        return asyncio.shield(task)

    def _change_refusal(self, order: Order, change: OrderChange) -> RefusalPort | None:
        connection_id = order.request.connection_id
        try:
            can = self._connections.capabilities(connection_id)
            closed = self._closed(connection_id)
        except MoorgateError as error:
            return Refused("connection", str(error))
        return (
            check_change(order, change, can, self._today())
            or closed
            or self._risk.check_change(order, change)
        )

    async def _change_verdict(
        self, own_id: ClientOrderId, sending: Awaitable[BrokerError | None]
    ) -> Verdict:
        failure = await sending
        if failure is None:
            return Verdict(True, "the change was sent", self.order(own_id))
        hedge = ", as far as is known" if failure.outcome is Outcome.UNKNOWN else ""
        return Verdict(False, f"not changed{hedge}: {failure}", self.order(own_id))

    def _settle_change(self, own_ids: Sequence[ClientOrderId], failure: BrokerError) -> None:
        [own_id] = own_ids
        if failure.outcome is Outcome.NOT_SENT:
            self._refuse_change(own_id, f"not sent: {failure}")
        elif failure.outcome is Outcome.REJECTED:
            self._refuse_change(own_id, str(failure))
        elif self.order(own_id).status is S.PENDING_REPLACE:
            self.answers.lose(own_id, f"nobody knows whether its change arrived: {failure}")

    def _keep_overtaken_changes(self) -> None:
        """What has not left yet, of an order that has ended or is being canceled now, stays."""
        for own_id, call in self._changes:
            if (status := self.order(own_id).status) is not S.PENDING_REPLACE:
                call.abandon(f"it became {status.value} first")

    def _refuse_change(self, own_id: ClientOrderId, reason: str) -> None:
        if self.order(own_id).pending_change is not None:
            now = self._clock.now()
            event = ev.OrderReplaceRejected(client_order_id=own_id, at=now, reason=reason)
            self._recorder.record([event])

    # -- cancel ----------------------------------------------------------------------------------

    def cancel(self, own_id: ClientOrderId) -> asyncio.Future[Verdict]:
        """Ask for a cancel; allowed whatever the order's state, as often as the trader presses.

        It reduces risk, so it goes out even while trading is closed or the journal is not written.
        What was not handed over yet when this is called is never sent.
        """
        order = self.book.get(own_id)
        if order is None:
            return _at_once(Verdict(False, f"there is no order {own_id}"))
        if not order.status.is_open:
            text = f"it is {order.status.value}: nothing to cancel"
            return _at_once(Verdict(True, text, order))
        if self._is_read_only(order.request.connection_id):
            where = order.request.connection_id
            text = f"not canceled: {where} is read-only by its settings"
            return _at_once(Verdict(False, text, order))
        try:
            call, leave = self._prepared(order, lambda broker, now: broker.cancel(now))
        except BrokerError as error:
            return _at_once(Verdict(False, f"not canceled: {error}", order))
        leaving = self._submits.get(own_id)
        if leaving is not None:
            leaving.call.abandon(_GROUP_CANCELED)
        under_way = ExitStack()
        under_way.enter_context(self._reconciler.calls.of([own_id]))
        event = ev.OrderCancelRequested(client_order_id=own_id, at=self._clock.now())
        committed = self._recorder.record([event], leave if leaving is None else None)
        self._keep_overtaken_changes()
        send = self._send_cancel(own_id, committed, call, leave, under_way)
        return asyncio.shield(self._begin(send, "cancel"))

    def cancel_many(
        self,
        *,
        connection_id: ConnectionId | None = None,
        account_id: AccountId | None = None,
        instrument_key: InstrumentKey | None = None,
        side: Side | None = None,
    ) -> asyncio.Future[list[Verdict]]:
        """Cancel every open order that fits what is given; one verdict each, oldest first."""
        chosen = [
            order
            for order in self.book.open_orders()
            if connection_id in (None, order.request.connection_id)
            and account_id in (None, order.request.account_id)
            and instrument_key in (None, order.request.instrument.key)
            and side in (None, order.request.side)
        ]
        asked = [self.cancel(order.client_order_id) for order in chosen]

        async def answers() -> list[Verdict]:
            return [await one for one in asked]

        return asyncio.shield(self._begin(answers(), "cancel many"))

    async def _send_cancel(
        self,
        own_id: ClientOrderId,
        committed: asyncio.Future[None],
        call: CallPort[None],
        leave: Callable[[list[Order]], None],
        under_way: ExitStack,
    ) -> Verdict:
        with under_way:
            unwritten = "the journal cannot be written"
            if self._recorder.is_storage_ok:
                unwritten = await self._not_stored(committed) or ""
            if submit := self._submits.get(own_id):
                await asyncio.wait([submit.task], timeout=SUBMIT_FIRST_S)
            order = self.order(own_id)
            if order.status.is_closed and call.abandon("there is nothing to cancel any more"):
                return Verdict(True, f"it is {order.status.value}: nothing to cancel", order)
            self.answers.expect(order)
            leave([order])  # unless it has left already, when its intent was on disk
            answer = call.result(self._call_timeout_s)
            failure = await self._failure(answer, order.request.connection_id)
        after = self.order(own_id)
        if failure is None:
            extra = f"; it is not in the journal yet: {unwritten}" if unwritten else ""
            return Verdict(True, f"the cancel was sent{extra}", after)
        if failure.outcome is Outcome.UNKNOWN:
            return Verdict(False, f"nobody knows whether the cancel arrived: {failure}", after)
        self._refuse_cancel(own_id, failure)
        after = self.order(own_id)
        return Verdict(False, f"not canceled: {failure}; it is {after.status.value}", after)

    def _refuse_cancel(self, own_id: ClientOrderId, failure: BrokerError) -> None:
        if self.order(own_id).status is S.PENDING_CANCEL:
            is_sent = failure.outcome is not Outcome.NOT_SENT
            reason = str(failure) if is_sent else f"not sent: {failure}"
            now = self._clock.now()
            event = ev.OrderCancelRejected(client_order_id=own_id, at=now, reason=reason)
            self._recorder.record([event])

    # -- hear and resolve ------------------------------------------------------------------------

    def on_reports(self, connection_id: ConnectionId, reports: Sequence[BrokerReport]) -> None:
        """What the connection's stream said, in order. Kinds that are no order's are left alone."""
        self._intake.take(connection_id, reports)
        self._keep_overtaken_changes()

    async def cancel_at_broker(self, connection_id: ConnectionId) -> Verdict:
        """Ask for a cancel of every order of the login there, those of other programs included.

        It is one request for all: what became of each order comes with the broker's reports.
        """
        if not self._connections.capabilities(connection_id).global_cancel:
            return Verdict(False, f"{connection_id} has no cancel for everything at once")
        try:
            await self._connections.call(connection_id, lambda b: b.cancel_everything())
        except BrokerError as failure:
            if failure.outcome is Outcome.UNKNOWN:
                return Verdict(False, f"nobody knows whether the cancel arrived: {failure}")
            return Verdict(False, f"nothing was canceled: {failure}")
        return Verdict(True, f"{connection_id} was asked to cancel every order of the login")

    async def reread(self, connection_id: ConnectionId) -> str:
        """Bring every order of a connection into line with the broker; why it failed, else ""."""
        result = await self._reconciler.reconcile(connection_id)
        return _unread(result)

    async def resolve(self, own_id: ClientOrderId) -> Verdict:
        """Ask the broker what it holds and bring the order into line; the verdict says what is so.

        Other orders of the connection are brought into line by the same answer.
        """
        order = self.book.get(own_id)
        if order is None:
            return Verdict(False, f"there is no order {own_id}")
        result = await self._reconciler.reconcile(order.request.connection_id)
        order = self.order(own_id)
        status = order.status.value
        if unread := _unread(result):
            return Verdict(False, f"still {status}: the broker could not be read ({unread})", order)
        if order.status is S.UNKNOWN or order.status.is_in_flight:
            why = f" ({order.reason})" if order.reason else ""
            return Verdict(False, f"still {status}{why}; ask again in a moment", order)
        why = f": {order.reason}" if order.reason else ""
        return Verdict(True, f"it is {status}{why}", order)

    async def write_off(self, own_id: ClientOrderId, evidence: str) -> Verdict:
        """The trader's own word that an Unknown order is dead, for brokers that forget orders.

        `evidence` is kept in the journal. Fills that turn up later are booked all the same, and a
        query that lists the order as live brings it back.
        """
        order = self.book.get(own_id)
        if order is None:
            return Verdict(False, f"there is no order {own_id}")
        if order.status is not S.UNKNOWN:
            return Verdict(False, f"it is {order.status.value}: only Unknown is written off", order)
        if own_id in self._reconciler.calls.unsettled():
            why = "a request of it was on its way just now: ask the broker again in a moment"
            return Verdict(False, f"still Unknown, {why}", order)
        event = ev.OrderResolved(
            client_order_id=own_id,
            at=self._clock.now(),
            status=S.CANCELED,
            evidence=f"written off by hand: {evidence}",
        )
        self._recorder.record([event])
        return Verdict(True, "written off as Canceled", self.order(own_id))

    async def stop(self, timeout_s: float = 5.0) -> None:
        """Let what is under way finish for `timeout_s`, then give it up: what is not answered is
        Unknown. Ends the watch."""
        await self.answers.stop()
        tasks = tuple(self._tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # -- inside ----------------------------------------------------------------------------------

    def _prepared(
        self, order: Order, ask: Callable[[Broker, Order], Awaitable[None]]
    ) -> tuple[CallPort[None], Callable[[list[Order]], None]]:
        """A request about an order, and what lets it leave from any thread, with the order as it
        is then. Raises BrokerError where nobody can be asked.
        """
        newest, where = [order], order.request.connection_id
        call = self._connections.prepare(where, lambda broker: ask(broker, newest[-1]))

        def leave(orders: list[Order]) -> None:
            newest.extend(orders)
            call.hand_over()

        return call, leave

    async def _not_stored(self, committed: asyncio.Future[None]) -> str | None:
        """Waits for the disk; None when it is there, else why not."""
        done, _ = await asyncio.wait([committed], timeout=self._journal_timeout_s)
        if not done:
            return f"the journal did not confirm within {self._journal_timeout_s:g} s"
        error = committed.exception()
        return None if error is None else str(error)

    async def _failure(
        self, asked: Awaitable[None], connection_id: ConnectionId
    ) -> BrokerError | None:
        """The failure of a call, if any; whatever is no proof comes back as Unknown."""
        try:
            await asked
        except BrokerError as error:
            return error
        except TimeoutError:
            return BrokerError(f"{connection_id} did not answer in time")
        except Exception as error:
            log.exception("a call to %s failed in an unforeseen way", connection_id)
            return BrokerError(f"{type(error).__name__}: {error}")
        return None

    def _begin(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """A task of our own, so that whoever asked may go away without breaking it off."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _is_read_only(self, connection_id: ConnectionId) -> bool:
        try:
            return self._connections.config(connection_id).read_only
        except MoorgateError:
            return False  # no such connection any more: the call will say so

    def _today(self) -> date:
        # Where the day ends last: nothing may expire early anywhere.
        return (self._clock.now() - timedelta(hours=12)).date()

    def _notice(self, severity: Severity, text: str) -> None:
        self._bus.publish(NoticeRaised(severity, "orders", text, self._clock.now()))


def _at_once(value: T) -> asyncio.Future[T]:
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


def _births(requests: Sequence[OrderRequest], now: datetime) -> list[ev.OrderInitialized]:
    return [
        ev.OrderInitialized(client_order_id=r.client_order_id, at=now, request=r) for r in requests
    ]


def _what(order: Order) -> str:
    request = order.request
    return f"{request.side.value} {order.quantity} {request.instrument.symbol}"


def _unread(result: Reconciliation) -> str:
    """Which parts that orders depend on the broker did not tell, in words."""
    lacking = [part for part in result.unavailable if part.startswith(("orders", "executions"))]
    return "; ".join(lacking)
