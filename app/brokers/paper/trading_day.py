"""What happens when a market's session begins, changes its phase or ends."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from app.brokers.paper.flow import OrderFlow, assign_session
from app.brokers.paper.ledger import Ledger, is_margined
from app.brokers.paper.market_state import MarketState
from app.brokers.paper.matching import Matching
from app.brokers.paper.open_orders import OpenOrders
from app.brokers.paper.paper_order import PaperOrder
from app.brokers.paper.store import Settlement
from app.brokers.paper.unit import Unit
from app.domain.order_types import OrderStatus, TimeInForce

S = OrderStatus
_DAILY = (TimeInForce.DAY, TimeInForce.OPG, TimeInForce.CLS)


class TradingDay:
    """Closing auctions, the end of DAY orders, the daily settlement of futures."""

    def __init__(
        self, flow: OrderFlow, matching: Matching, orders: OpenOrders, ledger: Ledger
    ) -> None:
        self._flow, self._matching = flow, matching
        self._orders, self._ledger = orders, ledger

    def turn(self, unit: Unit, market: MarketState, at_s: float) -> None:
        """Move the market's clock and do what the new moment brings."""
        was_regular, session = market.is_regular, market.session
        last = market.mark()
        if not market.refresh(at_s):
            return
        is_new_session = session not in (market.session, date.min)
        if was_regular and (is_new_session or not market.is_regular) and last is not None:
            self._closing_auction(unit, market, last)
        for order in self._orders.of(market.key):
            self._end_of_day(unit, order, market)
        if is_new_session and last is not None:
            self._settle(unit, market, last)

    def moved(self, unit: Unit, market: MarketState, *, is_jump: bool) -> None:
        """The market stands elsewhere: DAY orders of another day end.

        Without `is_jump` it probably stands where it stood, and trailing stops keep their place.
        """
        for order in self._orders.of(market.key):
            if not order.is_matchable:
                continue
            session = order.session
            assign_session(order, market)
            if is_jump or session != order.session:
                order.extreme = None
            if order.tif in _DAILY and session != order.session:
                order.session = session
                reason = "the replay was moved to another trading day"
                self._flow.close(unit, order, S.EXPIRED, reason)

    def _closing_auction(self, unit: Unit, market: MarketState, price: Decimal) -> None:
        for order in self._orders.of(market.key):
            if order.is_matchable and order.tif is TimeInForce.CLS:
                self._matching.auction(unit, order, market, price, "the close")

    def _end_of_day(self, unit: Unit, order: PaperOrder, market: MarketState) -> None:
        if not order.is_matchable or order.tif not in _DAILY:
            return
        is_open = market.is_open_for(order.request.outside_hours)
        is_over = market.session > order.session
        if market.session == order.session:
            is_over = order.was_open and not is_open
            order.was_open = order.was_open or is_open
        if is_over:
            self._flow.close(unit, order, S.EXPIRED, "its trading day has ended")

    def _settle(self, unit: Unit, market: MarketState, price: Decimal) -> None:
        """Variation of the day that has ended becomes cash."""
        position = self._ledger.positions.get(market.key)
        if position is None or not position.quantity or not is_margined(market.instrument):
            return
        amount = self._ledger.settle(position, price)
        key, currency = market.key, market.instrument.currency
        unit.changes.settlements.append(Settlement(key, price, amount, currency, unit.at))
        unit.changes.positions[key] = position
