"""What becomes of one order, and of those that belong to it: groups, parents, children."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from app.brokers.paper.fees import FeeSchedule
from app.brokers.paper.ledger import Ledger
from app.brokers.paper.market_state import MarketState
from app.brokers.paper.open_orders import OpenOrders
from app.brokers.paper.paper_order import PaperOrder
from app.brokers.paper.rows import Fill
from app.brokers.paper.store import Account
from app.brokers.paper.unit import Unit
from app.domain.execution import Execution
from app.domain.ids import ExecId, InstrumentKey
from app.domain.order_types import OrderStatus, Side
from app.domain.reports import ExecutionReport

S = OrderStatus
ZERO = Decimal(0)


class OrderFlow:
    """Moves orders from state to state inside of a unit. Not thread-safe.

    `market` finds the state of an instrument, `refusal` says why a released child may not work.
    """

    def __init__(
        self,
        *,
        account: Account,
        orders: OpenOrders,
        ledger: Ledger,
        fees: FeeSchedule,
        market: Callable[[InstrumentKey], MarketState | None],
        refusal: Callable[[PaperOrder], str | None],
        last_execution: int,
        last_priority: int,
    ) -> None:
        self._account = account
        self._orders, self._ledger, self._fees = orders, ledger, fees
        self._market, self._refusal = market, refusal
        self._executions, self._priority = last_execution, last_priority
        self.released: list[PaperOrder] = []

    def accept(self, unit: Unit, order: PaperOrder) -> None:
        """It works from now on, or waits for its parent."""
        parent = self._orders.get(order.request.parent_id)
        if parent is not None:
            # Exits work as soon as the entry has traded, everything else when it is done.
            if not (parent.filled and order.is_exit_of(parent)):
                order.status = S.HELD
                unit.tell(order)
                return
            self._scale(order, parent)
        self.release(unit, order)

    def release(self, unit: Unit, order: PaperOrder) -> None:
        """Let it meet the market."""
        order.status = S.WORKING
        order.priority = self.next_priority()
        market = self._market(order.key)
        if market is not None:
            assign_session(order, market)
            if order.trail_amount is not None or order.trail_percent is not None:
                trail(order, market.mark())
        unit.tell(order)
        self.released.append(order)

    def next_priority(self) -> int:
        """Behind everything else at the same price."""
        self._priority += 1
        return self._priority

    def close(self, unit: Unit, order: PaperOrder, status: OrderStatus, reason: str) -> None:
        """It ends without (further) trading; who depends on it is told."""
        order.status, order.reason = status, reason
        self._orders.discard(order)
        unit.tell(order)
        for child in self._orders.children(order):
            if not order.filled:
                self.close(unit, child, S.CANCELED, "the order it waited for ended without a fill")
            elif child.status is S.HELD:
                self._scale(child, order)
                self._release_child(unit, child)

    def trigger(self, unit: Unit, order: PaperOrder) -> None:
        """A stop is elected."""
        order.is_triggered, order.has_rested = True, False
        order.status = S.TRIGGERED
        unit.tell(order)

    def fill(
        self,
        unit: Unit,
        order: PaperOrder,
        quantity: Decimal,
        price: Decimal,
        market: MarketState,
        liquidity: str,
    ) -> None:
        """Book one execution with everything that follows from it."""
        execution = self._executed(unit.at, order, quantity, price, liquidity, market.now)
        position = self._ledger.book(execution)
        unit.changes.fills.append(Fill(self._executions, execution, market.now))
        unit.changes.positions[order.key] = position
        order.filled += quantity
        order.value += abs(order.instrument.notional(price, quantity))
        order.fees += execution.fee or ZERO
        order.status = S.FILLED if order.filled >= order.quantity else S.PARTIALLY_FILLED
        order.reason = ""
        unit.add(ExecutionReport(execution))
        unit.tell(order)
        if order.status is S.FILLED:
            self._orders.discard(order)
        self._end_entry(unit, order)
        self._reduce_rivals(unit, order, quantity)
        self._follow(unit, order)

    def _executed(
        self,
        at: datetime,
        order: PaperOrder,
        quantity: Decimal,
        price: Decimal,
        liquidity: str,
        market_at: datetime,
    ) -> Execution:
        self._executions += 1
        instrument = order.instrument
        value = order.value + abs(instrument.notional(price, quantity))
        due = self._fees.rule(instrument).total(instrument, order.filled + quantity, value)
        # What the order owes so far less what it has paid: the minimum is paid once.
        fee = max(ZERO, due - order.fees)
        return Execution(
            connection_id=order.request.connection_id,
            account_id=self._account.account_id,
            exec_id=ExecId(f"{self._account.token}-E{self._executions}"),
            client_order_id=order.id,
            broker_order_id=order.broker_order_id,
            instrument=order.instrument,
            side=order.side,
            quantity=quantity,
            price=price,
            at=at,
            fee=fee,
            fee_currency=order.instrument.currency,
            liquidity=liquidity,
            perm_id=str(order.broker_order_id),
            market_at=market_at,
        )

    def _end_entry(self, unit: Unit, exit_order: PaperOrder) -> None:
        """Once an exit trades, nobody wants the rest of the entry."""
        parent = self._orders.get(exit_order.request.parent_id)
        if parent is not None and exit_order.is_exit_of(parent):
            self.close(unit, parent, S.CANCELED, "one of its exits has traded")

    def _reduce_rivals(self, unit: Unit, order: PaperOrder, quantity: Decimal) -> None:
        for rival in self._orders.rivals(order):
            rival.oco_filled += quantity
            if order.status is S.FILLED or rival.quantity - quantity <= rival.filled:
                self.close(unit, rival, S.CANCELED, "another order of its group has traded")
            else:
                rival.quantity -= quantity
                unit.tell(rival)

    def _follow(self, unit: Unit, parent: PaperOrder) -> None:
        is_done = parent.status.is_closed
        for child in self._orders.children(parent):
            if not (is_done or child.is_exit_of(parent)):
                continue
            before = child.quantity
            self._scale(child, parent)
            if child.status is S.HELD:
                self._release_child(unit, child)
            elif child.quantity != before:
                unit.tell(child)

    def _scale(self, child: PaperOrder, parent: PaperOrder) -> None:
        """The child's share of what its parent has filled, less what its rivals have traded."""
        if not child.follows:
            return
        share = child.request.quantity * parent.filled / parent.request.quantity
        quantity = child.instrument.round_quantity(share) - child.oco_filled
        child.quantity = max(child.filled, quantity)

    def _release_child(self, unit: Unit, child: PaperOrder) -> None:
        if child.quantity < child.instrument.min_quantity:
            if self._orders.get(child.request.parent_id) is None:
                self.close(unit, child, S.CANCELED, "its share of what was filled is too small")
            return
        refused = self._refusal(child)
        if refused is not None:
            self.close(unit, child, S.REJECTED, refused)
        else:
            self.release(unit, child)


def assign_session(order: PaperOrder, market: MarketState) -> None:
    """The trading day a DAY order is good for: this one, or the next when the market is closed."""
    outside = order.request.outside_hours
    if market.is_open_for(outside):
        order.session, order.was_open = market.session, True
    else:
        opening = market.sessions.next_open(market.now, outside)
        order.session, order.was_open = market.sessions.session_date(opening), False


def trail(order: PaperOrder, price: Decimal | None) -> None:
    """Draw a trailing stop after a price; it never moves back."""
    if price is None:
        return
    is_sell = order.side is Side.SELL
    if order.extreme is None:
        order.extreme = price
    else:
        order.extreme = max(order.extreme, price) if is_sell else min(order.extreme, price)
    sign = -1 if is_sell else 1
    if order.trail_amount is not None:
        stop = order.extreme + sign * order.trail_amount
    else:
        stop = order.extreme * (1 + sign * (order.trail_percent or ZERO) / 100)
    order.stop_price = order.instrument.round_price(stop, up=not is_sell)
