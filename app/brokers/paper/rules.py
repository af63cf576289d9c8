"""What the embedded broker rejects, as a real one would. Each refusal names rule and values."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from decimal import Decimal

from app.brokers.paper.abilities import CAPABILITIES
from app.brokers.paper.market_state import MarketState
from app.brokers.paper.paper_order import PaperOrder
from app.domain.ids import AccountId, ClientOrderId, InstrumentKey
from app.domain.order_types import OrderStatus, OrderType, TimeInForce
from app.domain.request import OrderChange, OrderRequest

# Farther from the market than this is taken for a slip of the hand.
FARTHEST = Decimal("0.5")
_AUCTION_SESSIONS = ("us-equity",)
_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)
_AUCTION = (TimeInForce.OPG, TimeInForce.CLS)


class Rules:
    """Refusals that need no money; see funds.FundsCheck for those. `today` is the wall date."""

    def __init__(
        self,
        account_id: AccountId,
        market: Callable[[InstrumentKey], MarketState | None],
        parent_status: Callable[[ClientOrderId], OrderStatus | None],
        today: Callable[[], date],
    ) -> None:
        self._account_id, self._market = account_id, market
        self._parent_status, self._today = parent_status, today

    def refusal(self, request: OrderRequest, group: Collection[ClientOrderId]) -> str | None:
        """Why this order is not taken, None when it is. `group` are the ids sent with it."""
        if request.account_id != self._account_id:
            return f"there is no account {request.account_id!r} here, only {self._account_id!r}"
        instrument = request.instrument
        market = self._market(instrument.key)
        if market is None:
            if instrument.is_expired(self._today()):
                return f"{instrument.symbol} expired on {instrument.expiry}"
            return f"unknown symbol {instrument.symbol!r}: the present market data has none"
        if market.instrument.is_expired(market.session):
            return f"{instrument.symbol} expired on {market.instrument.expiry}"
        # Ticks and steps are the market's own, whatever the order carries.
        problems = replace(request, instrument=market.instrument).problems()
        if problems:
            return "; ".join(problems)
        kind, tif = request.order_type, request.time_in_force
        if not CAPABILITIES.allows(instrument.asset_class, kind, tif):
            return f"{kind.value} orders with {tif.value} are not supported"
        return (
            self._parent_refusal(request, group)
            or self._hours_refusal(request, market)
            or distance_refusal(request.limit_price, request.stop_price, market)
        )

    def change_refusal(self, order: PaperOrder, change: OrderChange) -> str | None:
        """Why these new terms are not taken."""
        if order.status.is_closed or order.status is OrderStatus.PENDING_NEW:
            return f"the order is {order.status.value} and cannot be changed"
        if change.quantity is not None and change.quantity <= order.filled:
            return (
                f"{order.filled} are filled already, so {change.quantity} cannot be its quantity;"
                " cancel the rest instead"
            )
        asked = changed(order, change)
        if asked.order_type is OrderType.STOP_LIMIT and order.is_triggered and change.stop_price:
            return "its stop has been elected and cannot be moved any more"
        problems = asked.problems()
        if problems:
            return "; ".join(problems)
        market = self._market(order.key)
        if market is None:
            return None
        return distance_refusal(change.limit_price, change.stop_price, market)

    def _parent_refusal(
        self, request: OrderRequest, group: Collection[ClientOrderId]
    ) -> str | None:
        parent = request.parent_id
        if parent is None or parent in group:
            return None
        status = self._parent_status(parent)
        if status is None:
            return "the order it waits for is not known"
        if status.is_closed and status is not OrderStatus.FILLED:
            return f"the order it waits for is {status.value}"
        return None

    def _hours_refusal(self, request: OrderRequest, market: MarketState) -> str | None:
        tif = request.time_in_force
        if tif in _AUCTION:
            if market.instrument.session not in _AUCTION_SESSIONS:
                return f"{market.instrument.symbol} has no opening or closing auction"
            if tif is TimeInForce.OPG and market.is_regular:
                return "the market is open: an order for the opening comes too late"
            return None
        if request.parent_id is not None or market.is_open_for(request.outside_hours):
            return None
        if request.order_type is OrderType.MARKET or tif in _AT_ONCE:
            hint = ", and outside of regular hours only orders marked so" * market.is_extended
            return f"the market is closed: it takes orders that can wait{hint}"
        return None


def distance_refusal(
    limit: Decimal | None, stop: Decimal | None, market: MarketState
) -> str | None:
    """A price that nobody can mean."""
    mark = market.mark()
    if mark is None:
        return None
    for name, price in (("limit", limit), ("stop", stop)):
        if price is not None and abs(price - mark) > mark * FARTHEST:
            return f"{name} price {price} is more than 50 % away from the last price {mark}"
    return None


def changed(order: PaperOrder, change: OrderChange) -> OrderRequest:
    """The order as it would be asked for with its new terms."""
    is_trailing = order.kind is OrderType.TRAILING_STOP
    stop = None if is_trailing else order.stop_price

    def term(new: Decimal | None, old: Decimal | None) -> Decimal | None:
        return old if new is None else new

    return replace(
        order.request,
        quantity=order.quantity if change.quantity is None else change.quantity,
        limit_price=term(change.limit_price, order.limit_price),
        stop_price=term(change.stop_price, stop),
        trail_amount=term(change.trail_amount, order.trail_amount),
        trail_percent=term(change.trail_percent, order.trail_percent),
    )
