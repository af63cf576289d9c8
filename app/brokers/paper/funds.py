"""Whether an order can be paid for, counting what every other working order may still cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.brokers.paper.fees import FeeSchedule
from app.brokers.paper.ledger import Ledger, is_margined
from app.brokers.paper.margin import Funds, MarginRules
from app.brokers.paper.market_state import MarketState
from app.brokers.paper.open_orders import OpenOrders
from app.brokers.paper.paper_order import PaperOrder
from app.domain.ids import InstrumentKey
from app.domain.instrument import Instrument
from app.domain.order_types import Side

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What matters of an order for its cost."""

    instrument: Instrument
    side: Side
    quantity: Decimal
    price: Decimal | None
    group: str


class FundsCheck:
    """The account's purse. Not thread-safe."""

    def __init__(
        self,
        *,
        orders: OpenOrders,
        ledger: Ledger,
        margin: MarginRules,
        fees: FeeSchedule,
        markets: Mapping[InstrumentKey, MarketState],
        allow_short: bool,
    ) -> None:
        self._orders, self._ledger, self._margin = orders, ledger, margin
        self._fees, self.markets, self._allow_short = fees, markets, allow_short

    def refusal(self, order: PaperOrder) -> str | None:
        """Why the account cannot carry this order on top of everything that works already."""
        if order.request.reduce_only:
            return None  # held to it when it trades
        terms = self._terms(order, max(ZERO, order.quantity - order.filled))
        others = [self._terms(o, o.leaves) for o in self._orders.exposed() if o is not order]
        opening = self._openings([*others, terms])[-1]
        if not opening:
            return None
        if order.side is Side.SELL and not is_margined(order.instrument):
            refused = self._short_refusal(order)
            if refused is not None:
                return refused
        if terms.price is None:
            return f"no price of {order.instrument.symbol} is known yet to tell what it would cost"
        currency = order.instrument.currency
        need = self._cost(terms, opening)
        available = self._margin.funds(self._ledger, currency, self._reserved(currency, others))
        if need <= available.available:
            return None
        return (
            f"insufficient buying power: it needs {need:,.2f} {currency}, available are"
            f" {available.available:,.2f} {currency}"
        )

    def of_currency(self, currency: str) -> Funds:
        """What one currency of the account holds and has left."""
        others = [self._terms(o, o.leaves) for o in self._orders.exposed()]
        return self._margin.funds(self._ledger, currency, self._reserved(currency, others))

    def reference_price(self, order: PaperOrder) -> Decimal | None:
        """The price at which an order's cost is reckoned."""
        if order.limit_price is not None:
            return order.limit_price
        if order.waits_for_trigger and order.stop_price is not None:
            return order.stop_price
        market = self.markets.get(order.key)
        return None if market is None else market.price_for(order.side) or market.mark()

    def _short_refusal(self, order: PaperOrder) -> str | None:
        symbol = order.instrument.symbol
        held = max(ZERO, self._ledger.quantity(order.key))
        text = f"it would sell {symbol} short ({held:f} held, less what other orders sell)"
        if not self._margin.lends:
            return f"{text}: a cash account cannot"
        return None if self._allow_short else f"{text}: short selling is switched off"

    def _reserved(self, currency: str, others: list[_Terms]) -> Decimal:
        return sum(
            (
                self._cost(terms, opening)
                for terms, opening in zip(others, self._openings(others), strict=True)
                if opening and terms.instrument.currency == currency
            ),
            ZERO,
        )

    def _openings(self, all_terms: Iterable[_Terms]) -> list[Decimal]:
        """How much of each order would open or add to a position, those before it filled first.

        Of orders that cancel one another only the first counts.
        """
        closable: dict[tuple[InstrumentKey, Side], Decimal] = {}
        groups: set[tuple[str, Side]] = set()
        found = []
        for terms in all_terms:
            place = (terms.instrument.key, terms.side)
            if place not in closable:
                held = self._ledger.quantity(place[0])
                closable[place] = max(ZERO, -held * terms.side.sign)
            group = (terms.group, terms.side)
            if terms.group and group in groups:
                found.append(ZERO)
                continue
            groups.add(group)
            covered = min(terms.quantity, closable[place])
            closable[place] -= covered
            found.append(terms.quantity - covered)
        return found

    def _cost(self, terms: _Terms, quantity: Decimal) -> Decimal:
        price = terms.price or ZERO
        need = self._margin.requirement(terms.instrument, quantity, price).initial
        return need + self._fees.for_order(terms.instrument, quantity, price)

    def _terms(self, order: PaperOrder, quantity: Decimal) -> _Terms:
        price = self.reference_price(order)
        return _Terms(order.instrument, order.side, quantity, price, order.request.oco_group)
