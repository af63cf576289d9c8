"""What is checked before an order or a change is journaled; the risk gate comes after this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.capabilities import Capabilities
from app.domain.order import Order, changed_request
from app.domain.order_types import OrderStatus
from app.domain.request import OrderChange, OrderRequest

S = OrderStatus


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal of ours: the rule, the sentence for the trader, limit and actual value."""

    rule: str
    reason: str
    limit: str = ""
    actual: str = ""


def check_requests(
    requests: Sequence[OrderRequest], can: Capabilities, today: date
) -> Refused | None:
    """Whether each order makes sense, they make a group, and the connection can do them.

    `today` is the date where the day ends last, so that nothing expires early anywhere.
    """
    for request in requests:
        if problems := request.problems():
            return Refused("order", f"{_title(request)}: " + "; ".join(problems))
        if refused := _check_ability(request, can) or _check_expiry(request, can, today):
            return refused
    return _check_group(requests, can)


def check_change(
    order: Order, change: OrderChange, can: Capabilities, today: date
) -> Refused | None:
    """Whether the order may get these terms now."""
    status, text = order.status, order.status.value
    if status is S.PENDING_REPLACE:
        return Refused("state", "a change is on its way already; wait for its answer")
    if status is S.PENDING_CANCEL:
        return Refused("state", "it is being canceled")
    if status is S.UNKNOWN:
        return Refused("state", "nobody knows what became of it: use Resolve or Cancel first")
    if not status.is_open or status is S.PENDING_NEW:
        return Refused("state", f"it is {text}: there is nothing to change")
    if not can.modify:
        return Refused("capability", "this connection cannot change orders: cancel and send anew")
    changed = changed_request(order, change)
    if problems := changed.problems():
        return Refused("order", "; ".join(problems))
    if changed.quantity <= order.cum_quantity:
        filled = str(order.cum_quantity)
        reason = f"{filled} are filled already: cancel the rest instead"
        return Refused("order", reason, filled, str(changed.quantity))
    return _check_expiry(changed, can, today)


def _check_expiry(request: OrderRequest, can: Capabilities, today: date) -> Refused | None:
    # A replay has its own date, which only its broker knows.
    if can.replay or not request.instrument.is_expired(today):
        return None
    symbol, expiry = request.instrument.symbol, request.instrument.expiry
    reason = f"{symbol} expired on {expiry}: choose a later month"
    return Refused("expired", reason, str(expiry), str(today))


def _check_ability(request: OrderRequest, can: Capabilities) -> Refused | None:
    kind, tif = request.order_type, request.time_in_force
    asset = request.instrument.asset_class
    if not can.allows(asset, kind, tif):
        what = f"{kind.value} {tif.value} orders in {asset.value}"
        return Refused("capability", f"this connection takes no {what}")
    if request.outside_hours and not can.outside_hours:
        return Refused("capability", "this connection takes no orders for outside trading hours")
    if request.quantity % 1 and not can.fractional:
        reason = f"this connection takes whole quantities only, not {request.quantity}"
        return Refused("capability", reason, "1", str(request.quantity))
    return None


def _check_group(requests: Sequence[OrderRequest], can: Capabilities) -> Refused | None:
    own_ids = [request.client_order_id for request in requests]
    if len(set(own_ids)) < len(own_ids):
        return Refused("group", "two orders of the group share one id")
    if len({(r.connection_id, r.account_id) for r in requests}) > 1:
        return Refused("group", "the orders of a group must be of one account")
    for at, request in enumerate(requests):
        if request.parent_id is not None and request.parent_id not in own_ids[:at]:
            return Refused("group", "an order that waits for another must be sent together with it")
    if any(request.parent_id for request in requests) and not can.bracket:
        return Refused("capability", "this connection holds no orders that wait for another")
    has_rivals = any(request.oco_group and not request.parent_id for request in requests)
    if has_rivals and not can.oco:
        return Refused("capability", "this connection has no one-cancels-other orders")
    if len(requests) > 1 and not all(r.parent_id or r.oco_group for r in requests[1:]):
        return Refused("group", "orders that have nothing to do with one another go one by one")
    return None


def _title(request: OrderRequest) -> str:
    return f"{request.side.value} {request.instrument.symbol}"
