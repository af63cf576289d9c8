"""When orders are executed: quotes and prints against what they ask for.

Market orders take the quote; limit orders fill when the market crosses them; stops are triggered
by the last price, or by the quote beyond them, and then are market or limit orders.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from tests.doubles.tws.order_messages import tell_error, tell_order
from tests.doubles.tws.records import Quote, TwsOrder
from tests.doubles.tws.wire import number

if TYPE_CHECKING:
    from tests.doubles.tws.desk import Desk
    from tests.doubles.tws.world import World

AUCTION = ("MOC", "LOC")
STOPS = ("STP", "STP LMT", "TRAIL", "TRAIL LIMIT")
TOUCHED = ("MIT", "LIT")
LIMITED = ("LMT", "STP LMT", "TRAIL LIMIT", "LOC", "LIT")


class Matching:
    """Watches the market for the working orders of each contract."""

    def __init__(self, world: World, desk: Desk) -> None:
        self.world = world
        self.desk = desk
        self._live: dict[int, dict[int, TwsOrder]] = defaultdict(dict)  # by conId, by permId
        world.on_quote.append(lambda con_id, quote: self._look(con_id, None))
        world.on_print.append(lambda con_id, price, size: self._look(con_id, price))

    def prepare(self, order: TwsOrder) -> None:
        """Give an order that was let go, or changed, the status it has until something happens."""
        parent = self.desk.parent(order)
        held = []
        if parent is not None and not parent.is_done:
            held.append("child")
        if order.kind in (*STOPS, *TOUCHED) and not order.is_triggered:
            held.append("trigger")
        order.why_held = ",".join(held)
        waits = held or order.kind in AUCTION or order.terms["tif"] == "OPG"
        order.status = "PreSubmitted" if waits or self._is_too_early(order) else "Submitted"
        self._live[order.contract.con_id][order.perm_id] = order

    def warn(self, order: TwsOrder) -> None:
        """Tell the client of an order that has to wait for the market to open."""
        if not self._is_too_early(order):
            return
        contract = order.contract
        text = (
            f"Order Message:\n{order.action} {order.quantity} {contract.symbol}"
            f" {contract.exchange}\nWarning: Your order will not be placed at the exchange until"
            f" 09:30:00 {self.world.zone}."
        )
        tell_error(self.world, order, 399, text)

    def forget(self, order: TwsOrder) -> None:
        """It is done."""
        self._live[order.contract.con_id].pop(order.perm_id, None)

    def consider(self, order: TwsOrder, printed: Decimal | None = None) -> None:
        """Trigger it and fill it, if the market is there."""
        quote = self.world.quotes.get(order.contract.con_id)
        if order.is_done or order.is_staged or self._is_too_early(order):
            return
        if quote is not None and not quote.is_halted:
            if order.status == "PreSubmitted" and order.why_held == "trigger":
                self._trigger(order, quote, printed)
            price = self._price(order, quote, printed) if order.status == "Submitted" else None
            if price is not None:
                self.desk.execute(order, price)
        if order.terms["tif"] in ("IOC", "FOK") and order.status == "Submitted":
            self.desk.cancel(order, "The order could not be filled at once")

    def open_market(self) -> None:
        """Regular hours begin: what had to wait is let go."""
        self.world.is_open = True
        for order in [o for orders in self._live.values() for o in orders.values()]:
            before = order.status
            self.prepare(order)
            if order.status != before:
                tell_order(self.world, order)
            self.consider(order)

    def auction(self, con_id: int, price: Decimal, kinds: tuple[str, ...] = AUCTION) -> None:
        """The close (or with tif OPG the opening): fills what can trade, cancels the rest."""
        for order in tuple(self._live[con_id].values()):
            if order.kind not in kinds and order.terms["tif"] not in kinds:
                continue
            limit = order.limit if order.kind in LIMITED else None
            if limit is None or (price <= limit if order.is_buy else price >= limit):
                self.desk.execute(order, price)
            else:
                self.desk.cancel(order, "The auction traded beyond the limit")

    def _is_too_early(self, order: TwsOrder) -> bool:
        return not self.world.is_open and order.terms.get("outsideRth") != "1"

    def _look(self, con_id: int, printed: Decimal | None) -> None:
        for order in tuple(self._live[con_id].values()) if con_id in self._live else ():
            self.consider(order, printed)

    def _price(self, order: TwsOrder, quote: Quote, printed: Decimal | None) -> Decimal | None:
        there = quote.ask if order.is_buy else quote.bid
        if order.kind not in LIMITED:
            return there
        limit = order.limit
        if limit is None:
            return None
        if there is not None and (there <= limit if order.is_buy else there >= limit):
            return there
        if printed is not None and (printed < limit if order.is_buy else printed > limit):
            return limit
        return None

    def _trigger(self, order: TwsOrder, quote: Quote, printed: Decimal | None) -> None:
        # A stop to buy is triggered by a market that rises to it: by the bid or a print there.
        near = quote.bid if order.is_buy else quote.ask
        rising = order.is_buy != (order.kind in TOUCHED)
        if order.kind.startswith("TRAIL"):
            self._trail(order, printed if printed is not None else near)
        stop = order.stop if order.kind.startswith("TRAIL") else order.aux
        seen = [price for price in (near, printed) if price is not None]
        if stop is None or not any(p >= stop if rising else p <= stop for p in seen):
            return
        order.is_triggered, order.why_held, order.status = True, "", "Submitted"
        if order.kind == "TRAIL LIMIT":
            offset = number(order.terms.get("lmtPriceOffset", "")) or Decimal(0)
            limit = stop + offset if order.is_buy else stop - offset
            order.terms["lmtPrice"] = str(limit)
        tell_order(self.world, order)

    def _trail(self, order: TwsOrder, reference: Decimal | None) -> None:
        given = number(order.terms.get("trailStopPrice", ""))
        if order.stop is None:
            order.stop = given
        if reference is None:
            return
        percent = number(order.terms.get("trailingPercent", ""))
        distance = order.aux or Decimal(0) if percent is None else reference * percent / 100
        tick = order.contract.min_tick
        if order.is_buy:
            at = ((reference + distance) / tick).to_integral_value(ROUND_CEILING) * tick
            order.stop = at if order.stop is None else min(order.stop, at)
        else:
            at = ((reference - distance) / tick).to_integral_value(ROUND_FLOOR) * tick
            order.stop = at if order.stop is None else max(order.stop, at)
