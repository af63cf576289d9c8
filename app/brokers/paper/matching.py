"""What trades when the market moves: prints meet resting orders, quotes meet takers.

A print fills what rests at its price or better for us, up to the print's size and at the resting
order's own limit; the side that crossed decides which of our orders it can have met. A quote is
taken by market orders and marketable limits up to its size, until the next quote comes. Stops are
elected by trades (by the quote where nobody records trades). Auction orders fill whole at the first
or last price of regular hours, because a recording does not tell an auction's depth.
"""

from __future__ import annotations

from decimal import Decimal

from app.brokers.paper.flow import OrderFlow, trail
from app.brokers.paper.ledger import Ledger
from app.brokers.paper.market_state import MarketState
from app.brokers.paper.open_orders import OpenOrders
from app.brokers.paper.paper_order import PaperOrder
from app.brokers.paper.tick import Tick
from app.brokers.paper.unit import Unit
from app.domain.ids import ClientOrderId
from app.domain.order_types import OrderStatus, OrderType, Side, TimeInForce

S = OrderStatus
ZERO = Decimal(0)


class Matching:
    """Finds trades for open orders and hands them to the flow. Not thread-safe."""

    def __init__(
        self, flow: OrderFlow, orders: OpenOrders, ledger: Ledger, slippage_ticks: int
    ) -> None:
        self._flow, self._orders, self._ledger = flow, orders, ledger
        self._slippage_ticks = slippage_ticks
        self.drifted: dict[ClientOrderId, PaperOrder] = {}

    def on_print(self, unit: Unit, market: MarketState, tick: Tick) -> None:
        """A trade happened at the quote that stood until now."""
        price = Decimal(repr(tick.price))
        left = market.instrument.round_quantity(Decimal(repr(tick.size)))
        for order in _by_price(self._orders.of(market.key)):
            if not _is_eligible(order, market) or order.waits_for_trigger:
                continue
            if order.tif is TimeInForce.OPG:
                self.auction(unit, order, market, price, "the opening")
            elif left > 0 and _is_hit(order, price, tick.aggressor):
                left -= self._trade(unit, order, left, order.limit_price or price, market, "maker")

    def elect(self, unit: Unit, market: MarketState, buy_at: Decimal, sell_at: Decimal) -> None:
        """Trigger stops: `buy_at` is the price that buys look at, `sell_at` the one for sales."""
        for order in self._orders.of(market.key):
            if not (order.is_matchable and order.waits_for_trigger):
                continue
            if not market.is_open_for(order.request.outside_hours):
                continue
            price = buy_at if order.side is Side.BUY else sell_at
            if order.kind is OrderType.TRAILING_STOP:
                before = order.stop_price
                trail(order, price)
                if order.stop_price != before:
                    self.drifted[order.id] = order
            stop = order.stop_price
            if stop is not None and (price - stop) * order.side.sign >= 0:
                self._flow.trigger(unit, order)

    def on_quote(self, unit: Unit, market: MarketState) -> None:
        """A new quote stands."""
        for order in _by_price(self._orders.of(market.key)):
            self._meet(unit, order, market)
        market.reopened = False

    def on_new(self, unit: Unit, order: PaperOrder, market: MarketState) -> None:
        """An order has just begun to work: it takes what stands; IOC and FOK end here."""
        is_whole = order.tif is not TimeInForce.FOK or self._could_fill(order, market)
        if is_whole and not order.waits_for_trigger:
            self._meet(unit, order, market, is_new=True)
        if order.tif in (TimeInForce.IOC, TimeInForce.FOK) and order.status.is_open:
            what = "all of it" if order.tif is TimeInForce.FOK else "more of it"
            self._flow.close(unit, order, S.CANCELED, f"{what} could not be had at once")

    def auction(
        self, unit: Unit, order: PaperOrder, market: MarketState, price: Decimal, which: str
    ) -> None:
        """Fill an order at the auction's price, or end it where its limit forbids."""
        if _is_marketable(order, price):
            self._trade(unit, order, order.leaves, price, market, "taker")
        if order.status.is_open:
            reason = f"{which} was at {price}, beyond its limit"
            self._flow.close(unit, order, S.CANCELED, reason)

    def _meet(
        self, unit: Unit, order: PaperOrder, market: MarketState, *, is_new: bool = False
    ) -> None:
        """Let one order take what it can of the quote."""
        if not _is_eligible(order, market) or order.waits_for_trigger or order.is_auction:
            return
        price = market.price_for(order.side)
        if price is None:
            return
        was_resting = order.has_rested and not is_new and not market.reopened
        order.has_rested = True
        if not _is_marketable(order, price):
            return
        available = market.available(order.side)
        quantity = order.leaves if available is None else min(order.leaves, available)
        if quantity <= 0:
            return
        if order.limit_price is None:
            price = self._slipped(order, price)
        elif was_resting:
            # The market came to us: it trades at our price, not at a better one.
            price = order.limit_price
        liquidity = "maker" if was_resting and order.limit_price is not None else "taker"
        taken = self._trade(unit, order, quantity, price, market, liquidity)
        market.take(order.side, taken)

    def _trade(
        self,
        unit: Unit,
        order: PaperOrder,
        most: Decimal,
        price: Decimal,
        market: MarketState,
        liquidity: str,
    ) -> Decimal:
        """Fill up to `most`; the units that traded."""
        quantity = min(order.leaves, most)
        if order.request.reduce_only:
            held = max(ZERO, -self._ledger.quantity(order.key) * order.side.sign)
            quantity = min(quantity, held)
            if not held:
                reason = "reduce-only: there is no position left to close"
                self._flow.close(unit, order, S.CANCELED, reason)
                return ZERO
        if quantity <= 0:
            return ZERO
        self._flow.fill(unit, order, quantity, price, market, liquidity)
        return quantity

    def _could_fill(self, order: PaperOrder, market: MarketState) -> bool:
        price, available = market.price_for(order.side), market.available(order.side)
        if price is None or not _is_marketable(order, price):
            return False
        return available is None or available >= order.leaves

    def _slipped(self, order: PaperOrder, price: Decimal) -> Decimal:
        tick = order.instrument.tick_size
        slipped = price + order.side.sign * self._slippage_ticks * tick
        return max(tick, slipped)


def _is_eligible(order: PaperOrder, market: MarketState) -> bool:
    return order.is_matchable and market.is_open_for(order.request.outside_hours)


def _is_marketable(order: PaperOrder, price: Decimal) -> bool:
    return order.limit_price is None or (order.limit_price - price) * order.side.sign >= 0


def _is_hit(order: PaperOrder, price: Decimal, aggressor: int) -> bool:
    """Whether a print can have met this resting order."""
    if order.limit_price is None or not order.has_rested or order.is_auction:
        return False
    through = (order.limit_price - price) * order.side.sign
    # At our price only one who crossed towards us trades with us; beyond it anybody would have.
    return through > 0 or (through == 0 and aggressor != order.side.sign)


def _by_price(orders: list[PaperOrder]) -> list[PaperOrder]:
    """Market orders first, then the better price, then who came first."""
    if len(orders) < 2:
        return orders

    def rank(order: PaperOrder) -> tuple[bool, Decimal, int]:
        limit = order.limit_price
        return (
            limit is not None,
            ZERO if limit is None else -limit * order.side.sign,
            order.priority,
        )

    return sorted(orders, key=rank)
