"""Positions and profit from executions: first in first out, or at average cost.

All money is Decimal in the instrument's currency and exact: costs that do not divide evenly are
cut at 18 decimals and the rest stays with what is left, so that nothing is lost or made. Hence

    realized + quantity x mark x multiplier - cost = what the fills paid and were paid, less fees

holds to the last digit, and both methods agree whenever the position is flat. A ledger belongs to
one thread.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal, localcontext
from enum import Enum

from app.domain.booked import Booked, paid_fee
from app.domain.execution import Execution
from app.domain.ids import ExecId

_EXACT = Context(prec=80)
_SMALLEST = Decimal("1e-18")
_ZERO = Decimal(0)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum to the last digit, however many there are."""
    with localcontext(_EXACT):
        return sum(amounts, _ZERO)


class CostMethod(Enum):
    """Which units a closing trade is taken to close."""

    FIFO = "fifo"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True)
class Lot:
    """Units held, signed, and what they cost in all (signed too); None where nobody told."""

    quantity: Decimal
    cost: Decimal | None


class Ledger:
    """One instrument in one account: feed it executions, in any order, as often as they come.

    `day_of` names the trading day of a moment. `opening` is what was held before the first
    execution, for positions that are older than our records.
    """

    def __init__(
        self,
        multiplier: Decimal,
        method: CostMethod,
        day_of: Callable[[datetime], date],
        opening: Lot | None = None,
    ) -> None:
        self._multiplier, self._method, self._day_of = multiplier, method, day_of
        self._opening = opening
        self._executions: dict[ExecId, Execution] = {}
        self._newest: tuple[datetime, ExecId] | None = None
        self._known_totals: tuple[Decimal, Decimal | None] | None = None
        self._known_realized: Decimal | None = None
        self._clear()

    def add(self, execution: Execution) -> bool:
        """Book a fill, or a correction of one; False when it changes nothing."""
        known = self._executions.get(execution.exec_id)
        if known is not None and not execution.supersedes(known):
            return False
        self._executions[execution.exec_id] = execution
        place = (execution.at, execution.exec_id)
        if known is None and (self._newest is None or place > self._newest):
            self._newest = place
            with localcontext(_EXACT):
                self._book(execution)
        else:
            self._recompute()
        return True

    def extend(self, executions: Iterable[Execution]) -> None:
        """Book many at once, for a restart."""
        for execution in executions:
            known = self._executions.get(execution.exec_id)
            if known is None or execution.supersedes(known):
                self._executions[execution.exec_id] = execution
        self._recompute()

    def __contains__(self, execution: Execution) -> bool:
        return execution.exec_id in self._executions

    @property
    def executions(self) -> list[Execution]:
        """The distinct executions in their newest revision, by time."""
        return sorted(self._executions.values(), key=lambda e: (e.at, e.exec_id))

    @property
    def quantity(self) -> Decimal:
        """Units held, signed."""
        return self._totals()[0]

    @property
    def cost(self) -> Decimal | None:
        """What the units held cost, signed like `quantity`; None where a part is not known."""
        return self._totals()[1]

    @property
    def average_price(self) -> Decimal | None:
        """Average cost of a unit; None when flat or not known."""
        quantity, cost = self.quantity, self.cost
        if not quantity or cost is None:
            return None
        return cost / (quantity * self._multiplier)

    @property
    def realized(self) -> Decimal:
        """Profit of what was closed, less every fee paid in the instrument's currency."""
        if self._known_realized is None:  # kept, because every new mark asks for it
            self._known_realized = exact_sum(self._realized.values())
        return self._known_realized

    @property
    def fees(self) -> Mapping[str, Decimal]:
        """Every fee that was told, by the currency in which it was paid."""
        return self._fees

    @property
    def booked(self) -> Sequence[Booked]:
        """What each fill did, by time; see `TradeRecord` for how it grows."""
        return self._booked

    @property
    def is_realized_known(self) -> bool:
        """False when something was closed of which nobody told the cost."""
        return not self._unknown_days

    def realized_on(self, day: date) -> Decimal | None:
        """`realized` of one trading day; None where a part of it is not known."""
        return None if day in self._unknown_days else self._realized.get(day, _ZERO)

    def foreign_fees_on(self, day: date) -> Mapping[str, Decimal]:
        """Fees of one trading day in other currencies, which `realized` cannot hold."""
        return {c: fee for (d, c), fee in self._foreign_fees.items() if d == day}

    def unrealized(self, mark: Decimal) -> Decimal | None:
        """Profit of what is held at `mark`; None where its cost is not known."""
        cost = self.cost
        if cost is None:
            return None
        with localcontext(_EXACT):
            return self.quantity * mark * self._multiplier - cost

    def _totals(self) -> tuple[Decimal, Decimal | None]:
        """Quantity and cost; kept, because every new mark asks for them."""
        if self._known_totals is None:
            with localcontext(_EXACT):
                costs = [lot.cost for lot in self._lots if lot.cost is not None]
                cost = sum(costs, _ZERO) if len(costs) == len(self._lots) else None
                self._known_totals = (sum((lot.quantity for lot in self._lots), _ZERO), cost)
        return self._known_totals

    def _clear(self) -> None:
        self._known_totals = self._known_realized = None
        self._lots: deque[Lot] = deque()
        self._held = _ZERO
        self._booked: list[Booked] = []
        if self._opening is not None and self._opening.quantity:
            self._lots.append(self._opening)
            self._held = self._opening.quantity
        self._realized: defaultdict[date, Decimal] = defaultdict(Decimal)
        self._foreign_fees: defaultdict[tuple[date, str], Decimal] = defaultdict(Decimal)
        self._fees: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._unknown_days: set[date] = set()

    def _recompute(self) -> None:
        """A correction, or a fill that came late: the whole life again, in the order of time."""
        self._clear()
        ordered = self.executions
        with localcontext(_EXACT):
            for execution in ordered:
                self._book(execution)
        self._newest = (ordered[-1].at, ordered[-1].exec_id) if ordered else None

    def _book(self, execution: Execution) -> None:
        """One more fill, the newest. The caller computes exactly."""
        self._known_totals = self._known_realized = None
        day = self._day_of(execution.at)
        self._pay_fee(execution, day)
        left = units = execution.signed_quantity
        unit = execution.price * self._multiplier
        profit, is_known = _ZERO, True
        while left and self._lots and (self._lots[0].quantity > 0) != (left > 0):
            closed, made = self._close(left, unit)
            left += closed
            profit += made or _ZERO
            is_known = is_known and made is not None
        if left:
            self._open(Lot(left, left * unit))
        self._realized[day] += profit
        if not is_known:
            self._unknown_days.add(day)
        self._held += units
        closed_units = abs(units) - abs(left)
        self._booked.append(Booked(execution, day, closed_units, profit, self._held, is_known))

    def _pay_fee(self, execution: Execution, day: date) -> None:
        paid = paid_fee(execution)
        if paid is None:
            return
        currency, fee = paid
        self._fees[currency] += fee
        if currency == execution.instrument.currency.upper():
            self._realized[day] -= fee
        else:
            self._foreign_fees[day, currency] += fee

    def _close(self, left: Decimal, unit: Decimal) -> tuple[Decimal, Decimal | None]:
        """Close what `left` can of the first lot: its signed units, and the profit if known."""
        lot = self._lots.popleft()
        closed = lot.quantity if abs(lot.quantity) <= abs(left) else -left
        cost = cost_left = None
        if lot.cost is not None:
            cost = lot.cost
            if closed != lot.quantity:
                cost = (lot.cost * closed / lot.quantity).quantize(_SMALLEST)
            cost_left = lot.cost - cost
        if closed != lot.quantity:
            self._lots.appendleft(Lot(lot.quantity - closed, cost_left))
        return closed, None if cost is None else closed * unit - cost

    def _open(self, lot: Lot) -> None:
        if self._method is CostMethod.AVERAGE and self._lots:
            held = self._lots.pop()
            cost = None if held.cost is None or lot.cost is None else held.cost + lot.cost
            lot = Lot(held.quantity + lot.quantity, cost)
        self._lots.append(lot)
