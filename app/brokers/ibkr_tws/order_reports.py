"""What an order at TWS is in our words. No I/O, any thread."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from app.brokers.ibkr_tws.order_map import STATUSES, Terms, decimal_of, status_of, terms_of
from app.brokers.ibkr_tws.order_table import Entry
from app.domain.ids import AccountId, ClientOrderId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order_types import OrderStatus
from app.domain.reports import OrderReport

S = OrderStatus
_REASONED = frozenset({S.CANCELED, S.REJECTED, S.SUSPENDED})
_LIVE_WORDS = frozenset({"PreSubmitted", "Submitted"})
_ASKED_WORDS = frozenset({"", "ApiPending", "PendingSubmit"})


def hear_order(entry: Entry, contract: Any, order: Any) -> None:
    """Take what an openOrder message says. Raises ValueError for what cannot be understood."""
    terms = terms_of(order)
    entry.terms, entry.told, entry.contract = terms, order, contract
    entry.account_id = AccountId(order.account)
    entry.parent_id, entry.oca_group = order.parentId, order.ocaGroup
    if entry.wanted is not None and same_terms(terms, entry.wanted):
        entry.wanted = None


def hear_word(entry: Entry, word: str) -> None:
    """Take a status word."""
    entry.word, entry.is_heard = word, True
    if word in _LIVE_WORDS:
        entry.is_refused = False
    if word not in _ASKED_WORDS:
        entry.is_acked = True
    if entry.is_done:
        entry.wanted, entry.is_canceling = None, False


def hear_finished(entry: Entry, contract: Any, order: Any, state: Any) -> None:
    """Take what a completedOrder message says: it has no number, and its total may be left out.

    Raises ValueError for what cannot be understood.
    """
    terms = terms_of(order)
    if entry.terms is None or decimal_of(order.totalQuantity):
        entry.terms = terms
    if entry.contract is None:
        entry.contract = contract
    entry.account_id = AccountId(order.account)
    entry.oca_group = entry.oca_group or order.ocaGroup
    entry.filled = max(entry.filled, decimal_of(order.filledQuantity) or Decimal(0))
    entry.reason = entry.reason or state.completedStatus
    hear_word(entry, state.status)
    if state.status == "Inactive":
        entry.is_refused = True  # it is over: what is over and never traded was refused


def same_terms(told: Terms, wanted: Terms) -> bool:
    """Whether TWS tells the terms that were asked for; a trailing stop's trigger is none."""
    return _asked(told) == _asked(wanted)


def _asked(terms: Terms) -> tuple[Decimal | None, ...]:
    stop = terms.stop_price if terms.order_type.has_stop else None
    amounts = (terms.trail_amount, terms.trail_percent)
    return (terms.quantity, terms.limit_price, stop, *amounts)


def is_waiting(entry: Entry, parent: Entry | None, *, is_parent_filled: bool) -> bool:
    """Whether a child is kept back until its parent has traded.

    TWS says so in whyHeld ("child", "child,trigger", "trigger"), which comes with orderStatus only.
    """
    if not entry.parent_id or is_parent_filled:
        return False
    if entry.why_held:
        return "child" in entry.why_held.lower()
    return parent is not None


def report_of(
    entry: Entry,
    instrument: Instrument,
    connection_id: ConnectionId,
    parent: ClientOrderId | None,
    at: datetime,
    *,
    waits: bool,
) -> OrderReport:
    """The order as it now stands; its terms must be known."""
    terms = entry.terms
    assert terms is not None
    status = _status(entry, waits)
    reason = entry.reason if status in _REASONED else terms.note
    if status is S.SUSPENDED and not reason:
        reason = f"TWS keeps it back: {entry.why_held or 'no reason given'}"
    return OrderReport(
        connection_id=connection_id,
        account_id=entry.account_id,
        client_order_id=entry.ref,
        broker_order_id=entry.number,
        instrument=instrument,
        side=terms.side,
        order_type=terms.order_type,
        quantity=terms.quantity,
        status=status,
        at=at,
        cum_quantity=entry.filled,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        trail_amount=terms.trail_amount,
        trail_percent=terms.trail_percent,
        time_in_force=terms.time_in_force,
        outside_hours=terms.outside_hours,
        parent_id=parent,
        oco_group=entry.oca_group,
        perm_id=str(entry.perm_id) if entry.perm_id else "",
        reason=reason,
        word="" if entry.word in STATUSES else entry.word,
    )


def _status(entry: Entry, waits: bool) -> OrderStatus:
    if entry.is_refused and entry.word in _ASKED_WORDS:
        return S.REJECTED
    return status_of(entry.word, is_waiting=waits, is_refused=entry.is_refused)
