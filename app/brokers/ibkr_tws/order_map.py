"""Orders in our words and in those of TWS: literal tables, both ways. No SDK, no I/O, any thread.

Sources: TWS API, "Available Orders", "Order Status" and "Placing Orders"
(interactivebrokers.github.io/tws-api/available_orders.html, .../order_submission.html).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.order_types import OrderStatus, OrderType, Side, TimeInForce
from app.domain.request import OrderRequest

S = OrderStatus
_UNSET = Decimal("1e300")  # TWS writes "not told" as the largest double, 1.797e308

_TYPE_WORDS: dict[OrderType, str] = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
}
# Orders for the close have types of their own; for the opening it is the time in force.
_CLOSE_WORDS: dict[OrderType, str] = {OrderType.MARKET: "MOC", OrderType.LIMIT: "LOC"}
_TIF_WORDS: dict[TimeInForce, str] = {
    TimeInForce.DAY: "DAY",
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
    TimeInForce.OPG: "OPG",
    TimeInForce.CLS: "DAY",
}
_AUCTION_TYPES = frozenset(_CLOSE_WORDS)

_TYPES: dict[str, OrderType] = {
    **{word: kind for kind, word in _TYPE_WORDS.items()},
    **{word: kind for kind, word in _CLOSE_WORDS.items()},
}
# What we do not send but others do: shown as the nearest of ours, with its own name beside it.
_NEAREST: dict[str, OrderType] = {
    "TRAIL LIMIT": OrderType.TRAILING_STOP,
    "STP PRT": OrderType.STOP,
    "MIT": OrderType.STOP,
    "LIT": OrderType.STOP_LIMIT,
    "MTL": OrderType.MARKET,
    "MKT PRT": OrderType.MARKET,
    "REL": OrderType.LIMIT,
    "MIDPRICE": OrderType.LIMIT,
    "PEG MID": OrderType.LIMIT,
    "PEG MKT": OrderType.LIMIT,
    "PEG BEST": OrderType.LIMIT,
}
_TIFS: dict[str, TimeInForce] = {
    "DAY": TimeInForce.DAY,
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "OPG": TimeInForce.OPG,
}
# PendingSubmit and PendingCancel are mostly a client's own word for "asked, not answered".
STATUSES: dict[str, OrderStatus] = {
    "ApiPending": S.PENDING_NEW,
    "PendingSubmit": S.PENDING_NEW,
    "PreSubmitted": S.WORKING,  # kept by IBKR: stops, children, out of hours
    "Submitted": S.WORKING,
    "PendingCancel": S.PENDING_CANCEL,
    "Cancelled": S.CANCELED,
    "ApiCancelled": S.CANCELED,
    "Filled": S.FILLED,
    "Inactive": S.SUSPENDED,  # refused, or kept: no shares to sell short, a closed market
}
DONE_WORDS = frozenset({"Cancelled", "ApiCancelled", "Filled"})
_OVER_OR_KEPT = frozenset({S.CANCELED, S.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order asks for as TWS tells it. `note` names what our words have no room for."""

    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    outside_hours: bool = False
    note: str = ""


def decimal_of(value: Any) -> Decimal | None:
    """A number from the wire, exactly as it was written; None where TWS means "not told".

    Raises ValueError for what is no number.
    """
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value).strip())
    except ArithmeticError:
        raise ValueError(f"{value!r} is no number") from None
    if not number.is_finite() or abs(number) > _UNSET:
        return None
    return Decimal(int(number)) if number == int(number) else number


def price_text(value: Decimal) -> str:
    """A price or a quantity for the wire: every digit, no exponent."""
    return format(value, "f")


def order_fields(request: OrderRequest) -> dict[str, Any]:
    """The fields of the SDK's Order that say what `request` asks for; identity is not among them.

    Raises ValueError for what TWS has no word for.
    """
    kind, tif = request.order_type, request.time_in_force
    word = _TYPE_WORDS[kind]
    if tif in (TimeInForce.CLS, TimeInForce.OPG) and kind not in _AUCTION_TYPES:
        raise ValueError(f"TWS takes no {kind.value} order for an auction")
    if tif is TimeInForce.CLS:
        word = _CLOSE_WORDS[kind]
    fields: dict[str, Any] = {
        "action": "BUY" if request.side is Side.BUY else "SELL",
        "totalQuantity": price_text(request.quantity),
        "orderType": word,
        "tif": _TIF_WORDS[tif],
        "outsideRth": request.outside_hours,
        "account": request.account_id,
        "orderRef": request.client_order_id,
    }
    if request.oco_group:
        # 2: what one of the group trades is taken off the others, one routed at a time.
        fields |= {"ocaGroup": request.oco_group, "ocaType": 2}
    return fields | _prices(request)


def _prices(request: OrderRequest) -> dict[str, str]:
    told = {
        "lmtPrice": request.limit_price,
        "auxPrice": request.stop_price if request.trail_amount is None else request.trail_amount,
        "trailingPercent": request.trail_percent,
    }
    return {name: price_text(value) for name, value in told.items() if value is not None}


def terms_of(order: Any) -> Terms:
    """What the SDK's Order of an openOrder or completedOrder message asks for.

    Raises ValueError where the side is no side.
    """
    word, tif = order.orderType.strip().upper(), order.tif.strip().upper()
    limit, aux = decimal_of(order.lmtPrice), decimal_of(order.auxPrice)
    kind = _TYPES.get(word) or _NEAREST.get(word)
    notes = [] if word in _TYPES else [f"a {word or 'nameless'} order"]
    if kind is None:
        kind = OrderType.LIMIT if limit else OrderType.MARKET
    is_trailing = kind is OrderType.TRAILING_STOP
    percent = decimal_of(order.trailingPercent) if is_trailing else None
    time_in_force = TimeInForce.CLS if word in _CLOSE_WORDS.values() else _TIFS.get(tif or "DAY")
    if time_in_force is None:
        until = f" until {order.goodTillDate}" if order.goodTillDate else ""
        notes.append(f"time in force {tif}{until}")
        time_in_force = TimeInForce.GTC if tif == "GTD" else TimeInForce.DAY
    return Terms(
        side=_side(order.action),
        order_type=kind,
        quantity=_quantity(order),
        limit_price=limit if kind.has_limit else None,
        stop_price=_stop(order, kind, aux),
        trail_amount=aux if is_trailing and not percent else None,
        trail_percent=percent or None,
        time_in_force=time_in_force,
        outside_hours=bool(order.outsideRth),
        note=" with ".join(notes),
    )


def _side(action: str) -> Side:
    sides = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL, "SLONG": Side.SELL}
    try:
        return sides[action.strip().upper()]
    except KeyError:
        raise ValueError(f"{action!r} is no side of an order") from None


def _quantity(order: Any) -> Decimal:
    """Finished orders may be listed with a total of zero and only what was filled."""
    return decimal_of(order.totalQuantity) or decimal_of(order.filledQuantity) or Decimal(0)


def _stop(order: Any, kind: OrderType, aux: Decimal | None) -> Decimal | None:
    if kind is OrderType.TRAILING_STOP:
        return decimal_of(order.trailStopPrice) or None
    return aux if kind.has_stop else None


def status_of(word: str, *, is_waiting: bool = False, is_refused: bool = False) -> OrderStatus:
    """Our word for TWS's; UNKNOWN for one that is not in the table.

    `is_waiting`: a child whose parent has not traded. `is_refused`: an error has proved that what
    is now over or kept back was refused.
    """
    status = STATUSES.get(word, S.UNKNOWN)
    if is_refused and status in _OVER_OR_KEPT:
        return S.REJECTED
    if is_waiting and word == "PreSubmitted":
        return S.HELD
    return status
