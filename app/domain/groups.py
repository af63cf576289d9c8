"""Orders that belong together: bracket, one-cancels-other, one-triggers-other."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from app.base.errors import UserError
from app.domain.ids import new_client_order_id
from app.domain.order_types import OrderType, Side, TimeInForce
from app.domain.request import OrderRequest

# An exit outlives its entry, so it takes the entry's time in force only where that lasts.
_LASTING = frozenset({TimeInForce.DAY, TimeInForce.GTC})


def bracket(
    entry: OrderRequest,
    target_price: Decimal,
    stop_price: Decimal,
    time_in_force: TimeInForce | None = None,
) -> list[OrderRequest]:
    """Entry, target (limit) and stop, in the order of sending; the exits cancel one another.

    `time_in_force` is that of both exits: by default the entry's own if it lasts, else DAY. Prices
    are per unit in the instrument's currency. Raises UserError where target or stop lies on the
    wrong side of the entry; ticks and steps are checked where every order is.
    """
    problems = _bracket_problems(entry, target_price, stop_price)
    if problems:
        raise UserError("no bracket was made: " + "; ".join(problems))
    default = entry.time_in_force if entry.time_in_force in _LASTING else TimeInForce.DAY
    target = replace(
        entry,
        side=entry.side.opposite,
        order_type=OrderType.LIMIT,
        limit_price=target_price,
        stop_price=None,
        trail_amount=None,
        trail_percent=None,
        time_in_force=time_in_force or default,
        stale_quote_ok=False,
        parent_id=entry.client_order_id,
        oco_group=_new_group(),
        client_order_id=new_client_order_id(),
    )
    stop = replace(
        target,
        order_type=OrderType.STOP,
        limit_price=None,
        stop_price=stop_price,
        client_order_id=new_client_order_id(),
    )
    return [entry, target, stop]


def oco(first: OrderRequest, second: OrderRequest) -> list[OrderRequest]:
    """Two orders of which the first to trade cancels the other.

    Raises UserError where they are of two accounts or instruments, or one would trade at once.
    """
    _require_kinship([first, second], "OCO")
    if OrderType.MARKET in (first.order_type, second.order_type):
        raise UserError("no OCO was made: a market order trades at once and leaves no choice")
    group = _new_group()
    return [replace(first, oco_group=group), replace(second, oco_group=group)]


def oto(parent: OrderRequest, *children: OrderRequest) -> list[OrderRequest]:
    """A parent, and orders that stay held until it has traded.

    Raises UserError without children or where they are of another connection or account.
    """
    if not children:
        raise UserError("no OTO was made: it needs an order to trigger")
    _require_kinship([parent, *children], "OTO", same_instrument=False)
    return [parent, *(replace(child, parent_id=parent.client_order_id) for child in children)]


def _bracket_problems(entry: OrderRequest, target: Decimal, stop: Decimal) -> list[str]:
    named = {"target": target, "stop": stop}
    found = [
        f"the {name} price must be more than zero, was {price}"
        for name, price in named.items()
        if not price.is_finite() or price <= 0
    ]
    if found:
        return found
    sign = entry.side.sign
    above, below = ("above", "below") if entry.side is Side.BUY else ("below", "above")
    for reference in (entry.limit_price, entry.stop_price):
        if reference is None or not reference.is_finite():
            continue
        if (target - reference) * sign <= 0:
            found.append(f"the target {target} must lie {above} the entry at {reference}")
        if (stop - reference) * sign >= 0:
            found.append(f"the stop {stop} must lie {below} the entry at {reference}")
    if not found and (target - stop) * sign <= 0:
        found.append(f"the target {target} must lie {above} the stop {stop}")
    return found


def _require_kinship(
    requests: Sequence[OrderRequest], kind: str, *, same_instrument: bool = True
) -> None:
    first = requests[0]
    for other in requests[1:]:
        place = (other.connection_id, other.account_id)
        if place != (first.connection_id, first.account_id):
            raise UserError(f"no {kind} was made: its orders must be of one account")
        if same_instrument and other.instrument.key != first.instrument.key:
            raise UserError(f"no {kind} was made: its orders must be of one instrument")


def _new_group() -> str:
    return uuid.uuid4().hex
