"""Our book against a whole snapshot of one connection: a pure function."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.base.errors import OrderStateError
from app.domain import order_events as ev
from app.domain.claims import (
    adopt,
    adopt_execution,
    ending_terms,
    events_for_report,
    external_id,
    fill_event,
    fill_events,
    lacks_executions,
    locate,
)
from app.domain.execution import Execution
from app.domain.ids import ClientOrderId, ConnectionId
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus, Origin
from app.domain.reports import Known, OrderReport, Snapshot, Unavailable
from app.domain.request import OrderRequest

__all__ = [
    "Reconciliation",
    "adopt",
    "adopt_execution",
    "events_for_report",
    "external_id",
    "fill_event",
    "reconcile",
]
_NONE: frozenset[ClientOrderId] = frozenset()


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
        """Accounts, orders, executions and positions were all read."""
        return not self.unavailable


@dataclass
class _Run:
    """One reconciliation under way: a scratch book takes the events as they are found."""

    book: OrderBook
    connection_id: ConnectionId
    recent: Set[ClientOrderId]
    unsettled: Set[ClientOrderId]
    now: datetime
    events: list[ev.OrderEvent] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def take(self, events: Sequence[ev.OrderEvent], finding: str) -> None:
        """Move the scratch book; the finding is told once, if anything moved."""
        moved = False
        for event in events:
            before = self.book.get(event.client_order_id)
            try:
                after = self.book.apply(event)
            except OrderStateError as error:
                self.findings.append(f"{finding}: cannot be applied, {error}")
                return
            if after is not before:
                self.events.append(event)
                moved = True
        if moved:
            self.findings.append(finding)


def reconcile(
    book: OrderBook,
    connection_id: ConnectionId,
    snapshot: Snapshot,
    recent: Set[ClientOrderId],
    now: datetime,
    unsettled: Set[ClientOrderId] = _NONE,
) -> Reconciliation:
    """Compare our book with a whole snapshot of one connection; `book` is left as it was.

    `recent` are the orders that moved after the question was sent: the stream knows better.
    `unsettled` are those with a request that may still be on its way: what is listed of them is
    heard like a stream, and what is not listed proves nothing.
    """
    parts = {
        "accounts": snapshot.accounts,
        "orders": snapshot.orders,
        "executions": snapshot.executions,
        "positions": snapshot.positions,
    }
    unavailable = tuple(f"{n}: {p.reason}" for n, p in parts.items() if isinstance(p, Unavailable))
    run = _Run(book.copy(), connection_id, recent, unsettled, now)
    reports = snapshot.orders.value if isinstance(snapshot.orders, Known) else ()
    executions = snapshot.executions.value if isinstance(snapshot.executions, Known) else ()
    is_final = isinstance(snapshot.executions, Known)
    _adopt_foreign(run, reports, executions)
    if is_final:
        _take_ending_terms(run, reports)
    _book_fills(run, executions)
    seen = _compare(run, reports, is_final=is_final)
    if is_final and isinstance(snapshot.orders, Known):
        _judge_absent(run, seen, snapshot)
    return Reconciliation(connection_id, now, tuple(run.events), tuple(run.findings), unavailable)


def _adopt_foreign(
    run: _Run, reports: Sequence[OrderReport], executions: Sequence[Execution]
) -> None:
    """Orders of other programs: all live ones, finished ones if their fills can be told too."""
    for report in reports:
        if locate(run.book, report) is not None:
            continue
        fills = sum((e.quantity for e in executions if _is_of(e, report)), Decimal(0))
        is_told = 0 < report.cum_quantity <= fills
        if report.status.is_open or is_told:
            text = f"found an order of another program: {_what(report)}"
            run.take(adopt(report, run.book), text)


def _is_of(execution: Execution, report: OrderReport) -> bool:
    if execution.perm_id and report.perm_id:
        return execution.perm_id == report.perm_id
    if execution.client_order_id is not None and report.client_order_id is not None:
        return execution.client_order_id == report.client_order_id
    return (
        report.broker_order_id is not None
        and execution.broker_order_id == report.broker_order_id
        and execution.instrument.key == report.instrument.key
        and execution.side is report.side
    )


def _take_ending_terms(run: _Run, reports: Sequence[OrderReport]) -> None:
    """A change that arrived although nobody heard so, on orders that are over by now."""
    for report in reports:
        order = locate(run.book, report)
        if order is None or order.client_order_id in run.recent | run.unsettled:
            continue
        run.take(ending_terms(order, report), f"{_what(report)}: its change had arrived")


def _book_fills(run: _Run, executions: Sequence[Execution]) -> None:
    for execution in executions:
        text = (
            f"recovered a fill: {execution.side.value} {execution.quantity}"
            f" {execution.instrument.symbol} at {execution.price}"
        )
        owner = locate(run.book, execution)
        if owner is None:
            run.take(adopt_execution(execution, run.book), text)
        else:
            run.take(fill_events(owner, execution, reconciliation=True), text)


def _compare(run: _Run, reports: Sequence[OrderReport], *, is_final: bool) -> set[ClientOrderId]:
    """Take what is listed; answers which of our orders are."""
    chosen: dict[ClientOrderId, tuple[Order, OrderReport]] = {}
    for report in reports:
        order = locate(run.book, report)
        if order is None:
            continue
        _, rival = chosen.get(order.client_order_id, (order, report))
        if _age(order, rival) <= _age(order, report):
            chosen[order.client_order_id] = (order, report)
    for own_id, (order, report) in chosen.items():
        if own_id in run.recent:
            continue
        is_authoritative = is_final and own_id not in run.unsettled
        events = events_for_report(order, report, authoritative=is_authoritative)
        here, there = order.status.value, report.status.value
        run.take(events, f"{_what(report)}: {here} here, {there} at the broker")
        if is_authoritative:
            _tell_missing(run, run.book.get(own_id) or order, report)
    return set(chosen)


def _age(order: Order, report: OrderReport) -> tuple[int, datetime]:
    """Which of two listings of one order is newer: a changed order may have a new number."""
    numbers = order.broker_order_ids
    number = report.broker_order_id
    return (numbers.index(number) if number in numbers else len(numbers), report.at)


def _tell_missing(run: _Run, order: Order, report: OrderReport) -> None:
    # Where that makes the order Unknown, its reason tells it.
    if order.status is not OrderStatus.UNKNOWN and lacks_executions(order, report):
        run.findings.append(
            f"{_what(report)}: the broker counts {report.cum_quantity} as filled,"
            f" executions are known for {order.cum_quantity}"
        )


def _judge_absent(run: _Run, seen: Set[ClientOrderId], snapshot: Snapshot) -> None:
    """Orders that we hold for open and the broker does not list."""
    skipped = seen | run.recent | run.unsettled
    orders = run.book.of_connection(run.connection_id)
    for at, order in enumerate(orders):
        if not order.status.is_open or order.client_order_id in skipped:
            continue
        was_heard_of = bool(order.broker_order_ids or order.perm_id or order.fills)
        since = snapshot.is_complete_since
        in_reach = since is not None and order.created_at >= since
        has_twin = not snapshot.carries_client_ids and any(
            _may_be(order, later) for later in orders[at + 1 :]
        )
        own_id, now = order.client_order_id, run.now
        if in_reach and not was_heard_of and not has_twin:
            reason = "it never reached the broker, whose list is complete and lacks it"
            event: ev.OrderEvent = ev.OrderRejected(
                client_order_id=own_id, at=now, reason=reason, reconciliation=True
            )
        elif order.status is OrderStatus.UNKNOWN:
            continue
        else:
            reason = (
                "the broker lists one like it without our number: it may be this one"
                if has_twin and not was_heard_of
                else "the broker does not list it"
            )
            event = ev.OrderUnresolved(
                client_order_id=own_id, at=now, reason=reason, reconciliation=True
            )
        run.take([event], f"{_what(order.request)}: {reason}")


def _may_be(order: Order, later: Order) -> bool:
    """Whether a foreign order, found after we lost sight of ours, may be ours without its name."""
    ours, theirs = order.request, later.request
    return (
        theirs.origin is Origin.EXTERNAL
        and later.is_nameless
        and theirs.account_id == ours.account_id
        and theirs.instrument.key == ours.instrument.key
        and theirs.side is ours.side
        and theirs.quantity == ours.quantity
    )


def _what(order: OrderReport | OrderRequest) -> str:
    return f"{order.side.value} {order.quantity} {order.instrument.symbol}"
