"""The order ticket without its widgets: what has been entered, and the orders that it makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from app.base.errors import UserError
from app.domain.capabilities import Capabilities
from app.domain.groups import bracket
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order import Order, changed_request
from app.domain.order_types import OrderStatus, OrderType, Origin, Side, TimeInForce
from app.domain.reports import Severity
from app.domain.request import OrderChange, OrderRequest

_FAILED = (OrderStatus.DENIED, OrderStatus.REJECTED)
_WORDS = {
    OrderStatus.HELD: "held by the broker",
    OrderStatus.PENDING_NEW: "sent",
    OrderStatus.PENDING_CANCEL: "cancel sent",
    OrderStatus.PENDING_REPLACE: "change sent",
}


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """What the fields hold; None is an empty field. Prices in the instrument's currency."""

    side: Side = Side.BUY
    order_type: OrderType = OrderType.LIMIT
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    trail_is_percent: bool = False
    time_in_force: TimeInForce = TimeInForce.DAY
    outside_hours: bool = False
    has_bracket: bool = False
    target_price: Decimal | None = None
    protective_stop: Decimal | None = None

    def fitted(self, instrument: Instrument, capabilities: Capabilities) -> TicketDraft:
        """The same draft with every choice that this connection cannot do replaced."""
        types = offered_types(instrument, capabilities)
        kind = self.order_type if self.order_type in types else types[0]
        tifs = offered_times(kind, capabilities)
        return replace(
            self,
            order_type=kind,
            time_in_force=self.time_in_force if self.time_in_force in tifs else tifs[0],
            outside_hours=self.outside_hours and capabilities.outside_hours,
            has_bracket=self.has_bracket and capabilities.bracket,
        )

    def without_prices(self) -> TicketDraft:
        """The same draft for another instrument, whose prices have nothing to do with these."""
        return replace(
            self,
            limit_price=None,
            stop_price=None,
            trail=None,
            target_price=None,
            protective_stop=None,
        )

    def missing(self) -> str:
        """What is still to be entered, in words; empty when every field is filled."""
        kind = self.order_type
        wanted = [
            ("a quantity", self.quantity, True),
            ("a stop price", self.stop_price, kind.has_stop),
            ("a limit price", self.limit_price, kind.has_limit),
            ("a trailing offset", self.trail, kind is OrderType.TRAILING_STOP),
            ("the bracket's target", self.target_price, self.has_bracket),
            ("the bracket's stop", self.protective_stop, self.has_bracket),
        ]
        empty = [words for words, value, is_wanted in wanted if is_wanted and value is None]
        return f"Enter {' and '.join(empty)}" if empty else ""

    def requests(
        self,
        connection_id: ConnectionId,
        account_id: AccountId,
        instrument: Instrument,
        *,
        stale_quote_ok: bool = False,
    ) -> list[OrderRequest]:
        """The orders of this draft, entry first. Raises UserError with every problem found."""
        if missing := self.missing():
            raise UserError(missing)
        assert self.quantity is not None  # nothing is missing
        is_trailing = self.order_type is OrderType.TRAILING_STOP
        entry = OrderRequest(
            connection_id=connection_id,
            account_id=account_id,
            instrument=instrument,
            side=self.side,
            order_type=self.order_type,
            quantity=self.quantity,
            limit_price=self.limit_price if self.order_type.has_limit else None,
            stop_price=self.stop_price if self.order_type.has_stop else None,
            trail_amount=self.trail if is_trailing and not self.trail_is_percent else None,
            trail_percent=self.trail if is_trailing and self.trail_is_percent else None,
            time_in_force=self.time_in_force,
            outside_hours=self.outside_hours,
            stale_quote_ok=stale_quote_ok,
            origin=Origin.TICKET,
        )
        if problems := entry.problems():
            raise UserError("; ".join(problems))
        if not self.has_bracket or self.target_price is None or self.protective_stop is None:
            return [entry]
        legs = bracket(entry, self.target_price, self.protective_stop)
        found = [f"{name}: {p}" for name, leg in _named(legs) for p in leg.problems()]
        if found:
            raise UserError("; ".join(found))
        return legs


def offered_types(instrument: Instrument, capabilities: Capabilities) -> list[OrderType]:
    """The order types this connection takes for this instrument, in the field's usual order."""
    allowed = capabilities.order_types.get(instrument.asset_class, frozenset())
    return [kind for kind in OrderType if kind in allowed] or [OrderType.LIMIT]


def offered_times(kind: OrderType, capabilities: Capabilities) -> list[TimeInForce]:
    """The times in force this connection takes for this order type."""
    allowed = capabilities.times_in_force.get(kind, frozenset())
    return [tif for tif in TimeInForce if tif in allowed] or [TimeInForce.DAY]


def describe(request: OrderRequest) -> str:
    """One line as a trader says it: BUY 100 INDA LMT 44.65 DAY."""
    words = [request.side.value.upper(), f"{request.quantity.normalize():f}"]
    words.append(request.instrument.symbol)
    for word, price in _terms(request):
        words += [word] if price is None else [word, plain_price(request, price)]
    if request.trail_percent is not None:
        words.append(f"{request.trail_percent.normalize():f} %")
    words.append(request.time_in_force.value.upper())
    return " ".join(words)


def became(order: Order) -> tuple[Severity, str]:
    """What has become of an order, in one sentence with its present terms, and how loud."""
    what, status = describe(changed_request(order, OrderChange())), order.status
    if status is OrderStatus.UNKNOWN:
        return Severity.ERROR, f"Unknown: {what}: {order.reason}. Resolve it in Orders."
    if status in _FAILED:
        return Severity.WARNING, f"{status.words}: {what}: {order.reason}"
    word = _WORDS.get(status, status.words.lower())
    if order.average_price is not None:
        decimals = order.request.instrument.price_decimals
        filled = f"{order.cum_quantity.normalize():f} of {order.quantity.normalize():f}"
        word = f"{filled} filled at {order.average_price:.{decimals}f}"
        word += "" if status is not OrderStatus.CANCELED else ", the rest canceled"
    reason = f": {order.reason}" if order.reason and status.is_closed else ""
    return Severity.INFO, f"{what}: {word}{reason}"


def is_told(order: Order) -> bool:
    """Whether the engine itself tells the trader of it: an order that nobody knows about."""
    return order.status is OrderStatus.UNKNOWN


def _terms(request: OrderRequest) -> list[tuple[str, Decimal | None]]:
    kind = request.order_type
    if kind is OrderType.MARKET:
        return [("MKT", None)]
    if kind is OrderType.TRAILING_STOP:
        return [("TRAIL", request.trail_amount)]
    named = [("STP", request.stop_price), ("LMT", request.limit_price)]
    return [(word, price) for word, price in named if price is not None]


def plain_price(request: OrderRequest, price: Decimal) -> str:
    """With the tick's decimals; a price off the tick keeps its own."""
    exponent = int(price.normalize().as_tuple().exponent)
    return f"{price:.{max(request.instrument.price_decimals, -exponent)}f}"


def _named(legs: list[OrderRequest]) -> list[tuple[str, OrderRequest]]:
    return list(zip(("target", "stop"), legs[1:], strict=True))
