"""From one claim of a broker to what happened: pure functions.

A stream may be late or repeat itself, so a claim that goes backwards is ignored there. A query was
asked for: its claims are authoritative about everything that was settled before the question.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from app.domain import order_events as ev
from app.domain.execution import Execution
from app.domain.ids import ClientOrderId
from app.domain.order import NAMELESS_PREFIX, Order, changed_request
from app.domain.order_book import OrderBook
from app.domain.order_types import IN_FLIGHT, OrderStatus, OrderType, Origin
from app.domain.reports import OrderReport
from app.domain.request import OrderRequest

S = OrderStatus
_STANDING = frozenset({S.HELD, S.WORKING, S.PARTIALLY_FILLED, S.TRIGGERED, S.SUSPENDED})
# Nothing is known of the broker's side yet, or no longer.
_UNHEARD = frozenset({S.DRAFT, S.PENDING_NEW, S.UNKNOWN})
_ENDINGS: dict[OrderStatus, type[ev.OrderCanceled | ev.OrderExpired | ev.OrderRejected]] = {
    S.CANCELED: ev.OrderCanceled,
    S.EXPIRED: ev.OrderExpired,
    S.REJECTED: ev.OrderRejected,
}
# How far along an order is: a stream never moves it back. Suspended comes and goes.
_PROGRESS = {S.HELD: 0, S.WORKING: 1, S.TRIGGERED: 2, S.PARTIALLY_FILLED: 3}
_Terms = tuple[Decimal | None, ...]


def external_id(claim: OrderReport | Execution, book: OrderBook | None = None) -> ClientOrderId:
    """The id under which a foreign order is adopted: the same at every reading of the same book.

    An id that `book` uses already belongs to another order, whose broker number was reused.
    """
    given = claim.client_order_id
    if given and given.isprintable() and (book is None or book.get(given) is None):
        return given
    seed = f"moorgate:{claim.connection_id}:{claim.account_id}:{_name(claim)}"
    turn = 0
    while True:
        unique = f"{seed}:{turn}" if turn else seed
        own_id = ClientOrderId(NAMELESS_PREFIX + uuid.uuid5(uuid.NAMESPACE_OID, unique).hex)
        if book is None or book.get(own_id) is None:
            return own_id
        turn += 1


def locate(book: OrderBook, claim: OrderReport | Execution) -> Order | None:
    """The order that a claim speaks of, None for one that was never heard of."""
    if isinstance(claim, Execution):
        return book.owner_of(claim)
    order = book.find(
        claim.connection_id,
        claim.client_order_id,
        claim.broker_order_id,
        claim.perm_id,
        claim.instrument,
        claim.side,
        claim.account_id,
    )
    if order is None:
        is_nameless = not (claim.client_order_id or _name(claim))
        return book.get(external_id(claim)) if is_nameless else None
    return None if _is_reused_number(order, claim) else order


def adopt(report: OrderReport, book: OrderBook | None = None) -> list[ev.OrderEvent]:
    """The birth of an order that another program entered; its report tells the rest."""
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
        client_order_id=external_id(report, book),
    )
    own_id = request.client_order_id
    born = ev.OrderInitialized(
        client_order_id=own_id,
        at=report.at,
        request=request,
        broker_order_id=report.broker_order_id,
        reconciliation=True,
    )
    is_held = report.status is S.HELD
    return [born, _held(own_id, report, True) if is_held else _accepted(own_id, report, True)]


def adopt_execution(execution: Execution, book: OrderBook | None = None) -> list[ev.OrderEvent]:
    """A foreign order of which nothing but a fill is listed; it grows with further ones.

    A fill that was taken back before it was heard of makes none.
    """
    if not execution.quantity:
        return []
    request = OrderRequest(
        connection_id=execution.connection_id,
        account_id=execution.account_id,
        instrument=execution.instrument,
        side=execution.side,
        order_type=OrderType.MARKET,
        quantity=execution.quantity,
        origin=Origin.EXTERNAL,
        client_order_id=external_id(execution, book),
    )
    born = ev.OrderInitialized(
        client_order_id=request.client_order_id,
        at=execution.at,
        request=request,
        broker_order_id=execution.broker_order_id,
        reconciliation=True,
    )
    return [born, fill_event(request.client_order_id, execution, reconciliation=True)]


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


def fill_events(
    order: Order, execution: Execution, *, reconciliation: bool = False
) -> list[ev.OrderEvent]:
    """The fill of `order`; one of another program grows when it trades more than was told."""
    fill = fill_event(order.client_order_id, execution, reconciliation=reconciliation)
    known = next((f for f in order.fills if f.exec_id == execution.exec_id), None)
    before = Decimal(0) if known is None else known.quantity
    total = order.cum_quantity - before + execution.quantity
    is_news = known is None or execution.supersedes(known)
    if order.request.origin is not Origin.EXTERNAL or total <= order.quantity or not is_news:
        return [fill]
    if order.status.is_closed and order.status is not S.FILLED:
        return [fill]
    grown = ev.OrderReplaced(
        client_order_id=order.client_order_id,
        at=execution.at,
        quantity=total,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        trail_amount=order.trail_amount,
        trail_percent=order.trail_percent,
        reconciliation=True,
    )
    return [grown, fill]


def events_for_report(
    order: Order, report: OrderReport, *, authoritative: bool = False
) -> list[ev.OrderEvent]:
    """What `report` says that `order` does not know yet; fills come from executions alone."""
    if not authoritative and report.broker_order_id in order.broker_order_ids[:-1]:
        return []  # about the predecessor that a change has replaced
    if order.status.is_closed:
        return _after_close(order, report, authoritative)
    if report.status is S.FILLED or report.status in _ENDINGS:
        return _ending(order, report, authoritative)
    if report.status in _STANDING:
        return _standing(order, report, authoritative)
    if report.status in IN_FLIGHT:
        return _noticed(order, report, authoritative)
    return _unresolved(order, report, f"the broker says {report.word or report.status.value!r}")


def lacks_executions(order: Order, report: OrderReport) -> bool:
    """Whether the broker counts more as filled than executions are known for."""
    complete = report.status is S.FILLED and order.cum_quantity < report.quantity
    return complete or report.cum_quantity > order.cum_quantity


def _ending(order: Order, report: OrderReport, authoritative: bool) -> list[ev.OrderEvent]:
    if authoritative and lacks_executions(order, report):
        return _unresolved(order, report, _lacking(order, report))
    if report.status is not S.FILLED:
        own_id, reason = order.client_order_id, report.reason
        end = _ENDINGS[report.status](
            client_order_id=own_id, at=report.at, reason=reason, reconciliation=authoritative
        )
        if report.status is S.REJECTED or not _is_new_name(order, report):
            return [end]
        # Its late fills may carry nothing but the number that is told here first.
        return [_accepted(own_id, report, authoritative), end]
    if lacks_executions(order, report):
        return []  # on their way; whoever listens asks if they do not come
    return [_replaced(order, report, authoritative)]  # it was cut to what had traded


def ending_terms(order: Order, report: OrderReport) -> list[ev.OrderEvent]:
    """The terms a finished order had in the end, where a change of them was under way here.

    Asked for before its last fills are booked: they close it, and nothing changes it then.
    """
    is_over = report.status.is_closed and not order.status.is_closed
    if not is_over or order.pending_change is None or _terms(report) == _terms(order):
        return []
    return [_replaced(order, report, True)]


def _lacking(order: Order, report: OrderReport) -> str:
    said = max(report.cum_quantity, report.quantity if report.status is S.FILLED else Decimal(0))
    return (
        f"the broker says {report.status.value} with {said} filled,"
        f" executions are known for {order.cum_quantity}"
    )


def _standing(order: Order, report: OrderReport, authoritative: bool) -> list[ev.OrderEvent]:
    is_in_doubt = order.status is S.UNKNOWN and order.pending_change is not None
    if is_in_doubt and not authoritative and _terms(report) != _wanted(order):
        return []  # may have been said before the change arrived: proves nothing
    events = _status_events(order, report, authoritative)
    events += _terms_events(order, report, authoritative)
    if order.status is S.PENDING_CANCEL and authoritative:
        refused = ev.OrderCancelRejected(
            client_order_id=order.client_order_id,
            at=report.at,
            reason=f"the broker still lists it as {report.status.value}",
            reconciliation=True,
        )
        events.append(refused)
    return events


def _status_events(order: Order, report: OrderReport, authoritative: bool) -> list[ev.OrderEvent]:
    own_id = order.client_order_id
    is_waiting = order.status in (S.PENDING_REPLACE, S.PENDING_CANCEL)
    here = order.resume_status if is_waiting else order.status
    there = S.WORKING if report.status is S.PARTIALLY_FILLED else report.status
    moves = _moves(here, there, authoritative)
    if is_waiting and there is S.SUSPENDED and not authoritative:
        moves = False  # the request's own answer is still to come
    is_named = _is_new_name(order, report)
    if not moves and not is_named:
        return []
    stands = there if moves else here
    if stands is S.HELD:
        return [_held(own_id, report, authoritative)]
    events: list[ev.OrderEvent] = []
    if is_named or stands not in (S.TRIGGERED, S.SUSPENDED):
        events.append(_accepted(own_id, report, authoritative))
    if stands is S.TRIGGERED:
        events.append(
            ev.OrderTriggered(client_order_id=own_id, at=report.at, reconciliation=authoritative)
        )
    if stands is S.SUSPENDED:
        paused = ev.OrderSuspended(
            client_order_id=own_id,
            at=report.at,
            reason=report.reason,
            reconciliation=authoritative,
        )
        events.append(paused)
    return events


def _moves(here: OrderStatus, there: OrderStatus, authoritative: bool) -> bool:
    """Whether the claim brings the order from `here` to `there`."""
    if here in _UNHEARD:
        return True
    if S.SUSPENDED in (here, there):
        return here is not there
    if authoritative:
        return here not in (there, S.PARTIALLY_FILLED)
    return _PROGRESS[there] > _PROGRESS[here]


def _is_new_name(order: Order, report: OrderReport) -> bool:
    number = report.broker_order_id
    is_new_number = number is not None and number not in order.broker_order_ids
    return is_new_number or (bool(report.perm_id) and not order.perm_id)


def _terms_events(order: Order, report: OrderReport, authoritative: bool) -> list[ev.OrderEvent]:
    said, change = _terms(report), order.pending_change
    if change is not None and said == _wanted(order):
        return [_replaced(order, report, authoritative)]
    if said != _terms(order):
        is_late = report.at < order.updated_at and order.status not in _UNHEARD
        if authoritative or (change is None and not is_late):
            return [_replaced(order, report, authoritative)]
        return []
    if change is None or not authoritative:
        return []
    refused = ev.OrderReplaceRejected(
        client_order_id=order.client_order_id,
        at=report.at,
        reason="the broker still lists the old terms",
        reconciliation=True,
    )
    return [refused]


def _noticed(order: Order, report: OrderReport, authoritative: bool) -> list[ev.OrderEvent]:
    """The broker has it and is still at work on a request."""
    events: list[ev.OrderEvent] = []
    if order.status in _UNHEARD and (authoritative or _is_new_name(order, report)):
        notice = _held if report.status is S.PENDING_NEW else _accepted
        events.append(notice(order.client_order_id, report, authoritative))
    if authoritative and _has_news(order, report):
        events.append(_replaced(order, report, authoritative))
    return events


def _has_news(order: Order, report: OrderReport) -> bool:
    """Whether these are other terms than stood. A change may be what the broker is at work on:
    beside one only its own terms prove anything."""
    if order.pending_change is None:
        return _terms(report) != _terms(order)
    return _terms(report) == _wanted(order)


def _after_close(order: Order, report: OrderReport, authoritative: bool) -> list[ev.OrderEvent]:
    """A query may list as live what we took for dead: the query wins, loudly."""
    if order.status is S.FILLED:
        is_larger = report.quantity > order.quantity and report.status in _STANDING
        is_guess = order.request.origin is Origin.EXTERNAL and report.at >= order.updated_at
        if is_larger and (authoritative or is_guess):
            return [_replaced(order, report, authoritative)]
    if not authoritative:
        return []
    if order.status is not S.FILLED and report.status in _STANDING | IN_FLIGHT:
        return _revived(order, report)
    if lacks_executions(order, report):
        return _unresolved(order, report, _lacking(order, report))
    if report.status.is_closed or order.status is S.FILLED:
        return []
    return _unresolved(order, report, f"the broker says {report.word or report.status.value!r}")


def _revived(order: Order, report: OrderReport) -> list[ev.OrderEvent]:
    revived = ev.OrderResolved(
        client_order_id=order.client_order_id,
        at=report.at,
        status=S.WORKING if report.status in IN_FLIGHT else report.status,
        evidence=f"listed as {report.status.value} by the broker though taken for"
        f" {order.status.value} here",
        broker_order_id=report.broker_order_id,
        perm_id=report.perm_id,
        reconciliation=True,
    )
    is_changed = _terms(report) != _terms(order)
    return [revived, _replaced(order, report, True)] if is_changed else [revived]


def _is_reused_number(order: Order, report: OrderReport) -> bool:
    """A dead order of ours and a live claim share nothing but the broker's number."""
    if not order.status.is_closed or report.status.is_closed:
        return False
    is_named = report.client_order_id is not None or bool(report.perm_id)
    if is_named or order.request.origin is Origin.EXTERNAL:
        return False
    return (report.order_type, report.quantity) != (order.request.order_type, order.quantity)


def _name(claim: OrderReport | Execution) -> str:
    last = claim.exec_id if isinstance(claim, Execution) else ""
    return claim.perm_id or claim.broker_order_id or last


def _terms(of: Order | OrderReport) -> _Terms:
    kind = of.order_type if isinstance(of, OrderReport) else of.request.order_type
    # A trailing stop's trigger moves by itself: it is no term of ours.
    stop = None if kind is OrderType.TRAILING_STOP else of.stop_price
    return (of.quantity, of.limit_price, stop, of.trail_amount, of.trail_percent)


def _wanted(order: Order) -> _Terms:
    """The terms that the pending change makes."""
    assert order.pending_change is not None
    asked = changed_request(order, order.pending_change)
    stop = None if asked.order_type is OrderType.TRAILING_STOP else asked.stop_price
    return (asked.quantity, asked.limit_price, stop, asked.trail_amount, asked.trail_percent)


def _accepted(own_id: ClientOrderId, report: OrderReport, reconciliation: bool) -> ev.OrderAccepted:
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


def _replaced(order: Order, report: OrderReport, reconciliation: bool) -> ev.OrderReplaced:
    return ev.OrderReplaced(
        client_order_id=order.client_order_id,
        at=report.at,
        quantity=report.quantity,
        limit_price=report.limit_price,
        stop_price=report.stop_price,
        trail_amount=report.trail_amount,
        trail_percent=report.trail_percent,
        broker_order_id=report.broker_order_id,
        reconciliation=reconciliation,
    )


def _unresolved(order: Order, report: OrderReport, reason: str) -> list[ev.OrderEvent]:
    if order.status is S.UNKNOWN and order.reason == reason:
        return []
    own_id = order.client_order_id
    return [ev.OrderUnresolved(client_order_id=own_id, at=report.at, reason=reason)]
