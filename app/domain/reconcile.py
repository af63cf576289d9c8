"""From what a broker claims to what happened: pure functions, used for its stream and for queries.

A stream may be late or repeat itself, so a claim that goes backwards is ignored there. A snapshot
was asked for and is authoritative about everything that was settled before the question.
"""

from __future__ import annotations

import uuid
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.domain import order_events as ev
from app.domain.execution import Execution
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus, OrderType, Origin
from app.domain.reports import Known, OrderReport, Snapshot, Unavailable
from app.domain.request import OrderRequest

S = OrderStatus
_AT_REST = frozenset({S.WORKING, S.PARTIALLY_FILLED})


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a snapshot changed. Trading may open only when `is_complete`."""

    connection_id: ConnectionId
    at: datetime
    events: tuple[ev.OrderEvent, ...]
    findings: tuple[str, ...]
    unavailable: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Orders, executions and positions were all read."""
        return not self.unavailable


def external_id(report: OrderReport | Execution) -> ClientOrderId:
    """The same id for the same foreign order at every reading."""
    if report.client_order_id is not None:
        return report.client_order_id
    name = report.perm_id or report.broker_order_id or getattr(report, "exec_id", "")
    seed = f"moorgate:{report.connection_id}:{report.account_id}:{name}"
    return ClientOrderId("ext" + uuid.uuid5(uuid.NAMESPACE_OID, seed).hex)


def adopt(report: OrderReport) -> list[ev.OrderEvent]:
    """The life of an order that another program entered, as far as its report tells."""
    request = OrderRequest(
        connection_id=report.connection_id,
        account_id=report.account_id,
        instrument=report.instrument,
        side=report.side,
        order_type=report.order_type,
        quantity=report.quantity,
        limit_price=report.limit_price,
        stop_price=report.stop_price,
        trail_amount=report.trail_amount,
        trail_percent=report.trail_percent,
        time_in_force=report.time_in_force,
        outside_hours=report.outside_hours,
        parent_id=report.parent_id,
        oco_group=report.oco_group,
        origin=Origin.EXTERNAL,
        client_order_id=external_id(report),
    )
    born = ev.OrderInitialized(
        client_order_id=request.client_order_id,
        at=report.at,
        request=request,
        broker_order_id=report.broker_order_id,
        reconciliation=True,
    )
    return [born, _accepted(request.client_order_id, report, reconciliation=True)]


def adopt_execution(execution: Execution) -> list[ev.OrderEvent]:
    """A foreign order of which nothing but a fill is listed any more."""
    request = OrderRequest(
        connection_id=execution.connection_id,
        account_id=execution.account_id,
        instrument=execution.instrument,
        side=execution.side,
        order_type=OrderType.MARKET,
        quantity=execution.quantity,
        origin=Origin.EXTERNAL,
        client_order_id=external_id(execution),
    )
    return [
        ev.OrderInitialized(
            client_order_id=request.client_order_id,
            at=execution.at,
            request=request,
            broker_order_id=execution.broker_order_id,
            reconciliation=True,
        ),
        fill_event(request.client_order_id, execution, reconciliation=True),
    ]


def fill_event(
    owner: ClientOrderId, execution: Execution, *, reconciliation: bool = False
) -> ev.OrderFilled:
    """The fill of `owner`."""
    return ev.OrderFilled(
        client_order_id=owner,
        at=execution.at,
        execution=execution,
        reconciliation=reconciliation,
    )


def events_for_report(
    order: Order, report: OrderReport, *, authoritative: bool = False
) -> list[ev.OrderEvent]:
    """What `report` says that `order` does not know yet; fills come from executions alone."""
    own_id = order.client_order_id
    if order.status.is_closed:
        return _revival(order, report) if authoritative else []
    if report.status in (S.CANCELED, S.EXPIRED, S.REJECTED, S.FILLED):
        return _closing(order, report, authoritative)
    if report.status in _AT_REST:
        return _at_rest(order, report, authoritative)
    if report.status is S.HELD:
        return [_held(own_id, report, authoritative)] if order.status is not S.HELD else []
    if report.status is S.TRIGGERED:
        if order.status in (S.TRIGGERED, S.PARTIALLY_FILLED):
            return []
        return [
            ev.OrderTriggered(client_order_id=own_id, at=report.at, reconciliation=authoritative)
        ]
    if report.status is S.SUSPENDED:
        if order.status is S.SUSPENDED:
            return []
        return [
            ev.OrderSuspended(
                client_order_id=own_id,
                at=report.at,
                reason=report.reason,
                reconciliation=authoritative,
            )
        ]
    if report.status in (S.PENDING_NEW, S.PENDING_REPLACE, S.PENDING_CANCEL):
        return []
    return [_unresolved(order, report, f"the broker says {report.word or report.status.value!r}")]


def _closing(order: Order, report: OrderReport, authoritative: bool) -> list[ev.OrderEvent]:
    own_id, at, reason = order.client_order_id, report.at, report.reason
    missing = report.cum_quantity - order.cum_quantity
    if authoritative and missing > 0:
        text = (
            f"the broker says {report.status.value} with {report.cum_quantity} filled,"
            f" executions are known for {order.cum_quantity}"
        )
        return [_unresolved(order, report, text)]
    if report.status is S.FILLED:
        return []  # the executions say so, or will
    if report.status is S.CANCELED:
        kind: type[ev.OrderCanceled | ev.OrderExpired | ev.OrderRejected] = ev.OrderCanceled
    elif report.status is S.EXPIRED:
        kind = ev.OrderExpired
    else:
        kind = ev.OrderRejected
    return [kind(client_order_id=own_id, at=at, reason=reason, reconciliation=authoritative)]


def _at_rest(order: Order, report: OrderReport, authoritative: bool) -> list[ev.OrderEvent]:
    own_id = order.client_order_id
    events: list[ev.OrderEvent] = []
    if order.status in (S.PENDING_NEW, S.HELD, S.SUSPENDED, S.TRIGGERED, S.UNKNOWN, S.DRAFT) or (
        report.broker_order_id is not None and report.broker_order_id not in order.broker_order_ids
    ):
        events.append(_accepted(own_id, report, reconciliation=authoritative))
    if _terms(report) != _terms(order) and (
        order.status is not S.PENDING_REPLACE or _terms(report) == _wanted(order) or authoritative
    ):
        events.append(_replaced(own_id, report, authoritative))
    elif order.status is S.PENDING_REPLACE and (authoritative or _terms(report) == _wanted(order)):
        events.append(
            _replaced(own_id, report, authoritative)
            if _terms(report) == _wanted(order)
            else ev.OrderReplaceRejected(
                client_order_id=own_id,
                at=report.at,
                reason="the broker still lists the old terms",
                reconciliation=True,
            )
        )
    if order.status is S.PENDING_CANCEL and authoritative:
        events.append(
            ev.OrderCancelRejected(
                client_order_id=own_id,
                at=report.at,
                reason="the broker still lists it as working",
                reconciliation=True,
            )
        )
    return events


def _revival(order: Order, report: OrderReport) -> list[ev.OrderEvent]:
    """A fresh query lists as live what we took for dead: the query wins, loudly."""
    if report.status.is_closed or order.status is S.FILLED or not report.status.is_open:
        return []
    status = S.WORKING if report.status in IN_PROGRESS else report.status
    return [
        ev.OrderResolved(
            client_order_id=order.client_order_id,
            at=report.at,
            status=status,
            evidence=f"listed as {report.status.value} by the broker though taken for"
            f" {order.status.value} here",
            broker_order_id=report.broker_order_id,
            perm_id=report.perm_id,
            reconciliation=True,
        )
    ]


IN_PROGRESS = frozenset(
    {S.PENDING_NEW, S.PENDING_REPLACE, S.PENDING_CANCEL, S.PARTIALLY_FILLED, S.WORKING}
)


def _terms(of: Order | OrderReport) -> tuple[Decimal | None, ...]:
    # A trailing stop's trigger moves by itself and an election clears it: it is no term of ours.
    is_trailing = (
        of.order_type if isinstance(of, OrderReport) else of.request.order_type
    ) is OrderType.TRAILING_STOP
    stop = None if is_trailing else of.stop_price
    return (of.quantity, of.limit_price, stop, of.trail_amount, of.trail_percent)


def _wanted(order: Order) -> tuple[Decimal | None, ...]:
    change = order.pending_change
    if change is None:
        return _terms(order)
    asked = (
        change.quantity,
        change.limit_price,
        change.stop_price,
        change.trail_amount,
        change.trail_percent,
    )
    return tuple(
        new if new is not None else old for new, old in zip(asked, _terms(order), strict=True)
    )


def _accepted(
    own_id: ClientOrderId, report: OrderReport, *, reconciliation: bool
) -> ev.OrderAccepted:
    return ev.OrderAccepted(
        client_order_id=own_id,
        at=report.at,
        broker_order_id=report.broker_order_id,
        perm_id=report.perm_id,
        reconciliation=reconciliation,
    )


def _held(own_id: ClientOrderId, report: OrderReport, reconciliation: bool) -> ev.OrderHeld:
    return ev.OrderHeld(
        client_order_id=own_id,
        at=report.at,
        broker_order_id=report.broker_order_id,
        perm_id=report.perm_id,
        reconciliation=reconciliation,
    )


def _replaced(own_id: ClientOrderId, report: OrderReport, reconciliation: bool) -> ev.OrderReplaced:
    return ev.OrderReplaced(
        client_order_id=own_id,
        at=report.at,
        quantity=report.quantity,
        limit_price=report.limit_price,
        stop_price=report.stop_price,
        trail_amount=report.trail_amount,
        trail_percent=report.trail_percent,
        broker_order_id=report.broker_order_id,
        reconciliation=reconciliation,
    )


def _unresolved(order: Order, report: OrderReport, reason: str) -> ev.OrderUnresolved:
    return ev.OrderUnresolved(client_order_id=order.client_order_id, at=report.at, reason=reason)


@dataclass
class _Run:
    """One reconciliation under way: a scratch book takes the events as they are found."""

    book: OrderBook
    connection_id: ConnectionId
    recent: Set[ClientOrderId]
    now: datetime
    events: list[ev.OrderEvent] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    seen: set[ClientOrderId] = field(default_factory=set)

    def take(self, events: list[ev.OrderEvent], finding: str) -> None:
        for event in events:
            before = self.book.get(event.client_order_id)
            if self.book.apply(event) is not before:
                self.events.append(event)
                self.findings.append(finding or type(event).__name__)


def reconcile(
    book: OrderBook,
    connection_id: ConnectionId,
    snapshot: Snapshot,
    recent: Set[ClientOrderId],
    now: datetime,
) -> Reconciliation:
    """Compare our book with a whole snapshot of one connection; `book` is left as it was.

    `recent` are the orders that moved after the question was sent: the stream knows better.
    """
    parts = {
        "accounts": snapshot.accounts,
        "orders": snapshot.orders,
        "executions": snapshot.executions,
        "positions": snapshot.positions,
    }
    unavailable = tuple(f"{n}: {p.reason}" for n, p in parts.items() if isinstance(p, Unavailable))
    run = _Run(book.copy(), connection_id, recent, now)
    reports = snapshot.orders.value if isinstance(snapshot.orders, Known) else ()
    _adopt_foreign(run, reports)
    if isinstance(snapshot.executions, Known):
        _book_fills(run, snapshot.executions.value)
    _compare(run, reports, is_final=isinstance(snapshot.executions, Known))
    if isinstance(snapshot.orders, Known) and isinstance(snapshot.executions, Known):
        _judge_absent(run, snapshot.is_complete_since)
    return Reconciliation(connection_id, now, tuple(run.events), tuple(run.findings), unavailable)


def _find(run: _Run, report: OrderReport) -> Order | None:
    return run.book.find(
        run.connection_id,
        report.client_order_id,
        report.broker_order_id,
        report.perm_id,
        report.instrument,
        report.side,
    )


def _adopt_foreign(run: _Run, reports: tuple[OrderReport, ...]) -> None:
    for report in reports:
        if _find(run, report) is None:
            run.take(adopt(report), f"found an order of another program: {_name(report)}")


def _book_fills(run: _Run, executions: tuple[Execution, ...]) -> None:
    for execution in executions:
        owner = run.book.owner_of(execution)
        text = (
            f"recovered a fill: {execution.side.value} {execution.quantity}"
            f" {execution.instrument.symbol} at {execution.price}"
        )
        if owner is None:
            run.take(adopt_execution(execution), text)
        else:
            event = fill_event(owner.client_order_id, execution, reconciliation=True)
            run.take([event], text)


def _compare(run: _Run, reports: tuple[OrderReport, ...], *, is_final: bool) -> None:
    for report in reports:
        order = _find(run, report)
        if order is None:
            continue
        run.seen.add(order.client_order_id)
        if order.client_order_id in run.recent:
            continue
        was = order.status.value
        events = events_for_report(order, report, authoritative=is_final)
        run.take(events, f"{_name(report)}: {was} here, {report.status.value} at the broker")


def _judge_absent(run: _Run, complete_since: datetime | None) -> None:
    """Orders that we hold for open and the broker does not list."""
    for order in run.book.of_connection(run.connection_id):
        if not order.status.is_open or order.client_order_id in run.seen:
            continue
        if order.client_order_id in run.recent:
            continue
        was_heard_of = bool(order.broker_order_ids or order.fills)
        in_reach = complete_since is not None and order.created_at >= complete_since
        what = f"{order.request.side.value} {order.quantity} {order.request.instrument.symbol}"
        if in_reach and not was_heard_of:
            reason = "it never reached the broker, whose list is complete and lacks it"
            event: ev.OrderEvent = ev.OrderRejected(
                client_order_id=order.client_order_id,
                at=run.now,
                reason=reason,
                reconciliation=True,
            )
        elif order.status is S.UNKNOWN:
            continue
        else:
            reason = "the broker no longer lists it"
            event = ev.OrderUnresolved(
                client_order_id=order.client_order_id,
                at=run.now,
                reason=reason,
                reconciliation=True,
            )
        run.take([event], f"{what}: {reason}")


def _name(report: OrderReport) -> str:
    return f"{report.side.value} {report.quantity} {report.instrument.symbol}"
