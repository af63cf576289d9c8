"""The order ticket without its widgets: what has been entered, and the orders that it makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from app.base.errors import UserError
from app.domain.capabilities import Capabilities
from app.domain.groups import bracket
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.order_types import OrderType, Origin, Side, TimeInForce
from app.domain.request import OrderRequest


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

    def requests(
        self,
        connection_id: ConnectionId,
        account_id: AccountId,
        instrument: Instrument,
        *,
        stale_quote_ok: bool = False,
    ) -> list[OrderRequest]:
        """The orders of this draft, entry first. Raises UserError with every problem found."""
        if self.quantity is None:
            raise UserError("enter a quantity")
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
        if not self.has_bracket:
            return [entry]
        if self.target_price is None or self.protective_stop is None:
            raise UserError("a bracket needs a target price and a stop price")
        return list(bracket(entry, self.target_price, self.protective_stop))


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
    words.append(_TYPE_WORDS[request.order_type])
    decimals = request.instrument.price_decimals
    prices = (request.stop_price, request.limit_price, request.trail_amount)
    words += [format(price, f".{decimals}f") for price in prices if price is not None]
    if request.trail_percent is not None:
        words.append(f"{request.trail_percent.normalize():f} %")
    words.append(request.time_in_force.value.upper())
    return " ".join(words)


_TYPE_WORDS = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
}
