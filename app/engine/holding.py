"""One instrument in one account: the broker's word, our fills since, and what they earned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.domain.booked import TradeRecord
from app.domain.events import PositionView
from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId, ExecId
from app.domain.instrument import Instrument
from app.domain.position import CostMethod, Ledger, Lot, exact_sum
from app.domain.reports import ProfitReport
from app.domain.session import trading_day

# A broker tells a fill and the position that it makes one after the other, in either order. What
# of the position no fill explains by then was not ours.
EXPLAIN_WITHIN_S = 10.0
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The broker held something else than our fills make, and profit starts from there.

    Fills up to `at` are before it; of those at that very moment the ones in `ids`.
    """

    lot: Lot
    at: datetime | None
    ids: frozenset[ExecId]

    def is_after(self, execution: Execution) -> bool:
        """Whether the anchor already holds that fill."""
        if self.at is None or execution.at > self.at:
            return False
        return execution.at < self.at or execution.exec_id in self.ids

    def to_json(self) -> dict[str, Any]:
        """For the journal's small state."""
        return {
            "quantity": str(self.lot.quantity),
            "cost": None if self.lot.cost is None else str(self.lot.cost),
            "at": None if self.at is None else self.at.isoformat(),
            "ids": sorted(self.ids),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Anchor:
        """What to_json wrote."""
        cost, at = stored["cost"], stored["at"]
        return cls(
            Lot(Decimal(stored["quantity"]), None if cost is None else Decimal(cost)),
            None if at is None else datetime.fromisoformat(at),
            frozenset(stored["ids"]),
        )


class _Word:
    """The broker's last word on a quantity, and the fills that came after it was heard."""

    def __init__(self, quantity: Decimal, heard_s: float, unexplained: Decimal = _ZERO) -> None:
        self.quantity, self.heard_s = quantity, heard_s
        # What it holds beyond all fills known then: fills that are still on their way to us.
        self.unexplained = unexplained
        self.since: list[tuple[datetime, ExecId, Decimal]] = []

    @property
    def expected(self) -> Decimal:
        """What all fills known now make of it."""
        return self.quantity - self.unexplained + self._total

    @property
    def shown(self) -> Decimal:
        """The word and the fills it cannot hold.

        A broker's word holds all fills up to some moment. If the first so and so many fills are
        just what was unexplained, it held those and the rest comes on top; until then it stands.
        """
        total = _ZERO
        for _, _, quantity in [(None, None, _ZERO), *sorted(self.since)]:
            total += quantity
            if total == self.unexplained:
                return self.expected
        return self.quantity

    def is_overdue(self, now_s: float) -> bool:
        """Whether nobody explained it in time: then it was traded elsewhere."""
        return bool(self.unexplained) and now_s - self.heard_s > EXPLAIN_WITHIN_S

    @property
    def _total(self) -> Decimal:
        return sum((quantity for _, _, quantity in self.since), _ZERO)


class Holding:
    """Position and profit of one instrument in one account. Engine's loop only."""

    def __init__(
        self,
        connection_id: ConnectionId,
        account_id: AccountId,
        instrument: Instrument,
        method: CostMethod,
    ) -> None:
        self.connection_id, self.account_id = connection_id, account_id
        self.instrument = instrument
        self.verified_at: datetime | None = None
        self.is_verified = False
        self.broker_profit: ProfitReport | None = None
        self._method = method
        self._word: _Word | None = None
        self._broker_average: Decimal | None = None
        self._fills: dict[ExecId, Execution] = {}
        self._computed = _ZERO  # asked for with every quote: never summed up anew
        self._anchors: list[Anchor] = []
        self._ledgers = [self._new_ledger(None)]

    # ---- what is known ----

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """Where the broker's word took the place of our fills; kept over a restart."""
        return tuple(self._anchors)

    @property
    def computed_quantity(self) -> Decimal:
        """What our fills alone make."""
        return self._computed

    @property
    def quantity(self) -> Decimal:
        """Signed units: the broker's word and our fills since, or our fills alone."""
        return self.computed_quantity if self._word is None else self._word.shown

    def realized_on(self, day: date) -> Decimal | None:
        """Profit of a trading day less fees in the instrument's currency; None if not known."""
        total = _ZERO
        for ledger in self._ledgers:
            amount = ledger.realized_on(day)
            if amount is None:
                return None
            total += amount
        return total

    @property
    def record(self) -> TradeRecord:
        """What each fill did; the same figures that everything above sums up."""
        stretches = tuple(ledger.booked for ledger in self._ledgers)
        return TradeRecord(self.connection_id, self.account_id, self.instrument, stretches)

    def foreign_fees_on(self, day: date) -> dict[str, Decimal]:
        """Fees of a trading day in other currencies."""
        fees: dict[str, Decimal] = {}
        for ledger in self._ledgers:
            for currency, fee in ledger.foreign_fees_on(day).items():
                fees[currency] = fees.get(currency, _ZERO) + fee
        return fees

    def day_of(self, at: datetime) -> date:
        """The trading day of a moment in the instrument's market."""
        return trading_day(self.instrument.session, at)

    def view(self, mark: Decimal | None, now: datetime) -> PositionView:
        """The position as shown."""
        quantity = self.quantity
        average = self._average_price(quantity)
        return PositionView(
            connection_id=self.connection_id,
            account_id=self.account_id,
            instrument=self.instrument,
            quantity=quantity,
            average_price=average,
            mark=mark,
            unrealized=self._unrealized(quantity, average, mark),
            realized=exact_sum(ledger.realized for ledger in self._ledgers),
            verified_at=self.verified_at,
            is_verified=self.is_verified,
            computed_quantity=self.computed_quantity,
            realized_today=self.realized_on(self.day_of(now)),
            broker_profit=self.broker_profit,
            fees=self._fees(),
            is_realized_known=all(ledger.is_realized_known for ledger in self._ledgers),
        )

    # ---- what comes in ----

    def add(self, execution: Execution, now_s: float) -> bool:
        """One fill or a correction of one; False when it is known already."""
        known = self._fills.get(execution.exec_id)
        if known is not None and not execution.supersedes(known):
            return False
        self._settle(now_s)
        self._fills[execution.exec_id] = execution
        self._ledger_of(execution).add(execution)
        before = _ZERO if known is None else known.signed_quantity
        change = execution.signed_quantity - before
        self._computed += change
        if self._word is not None and change:
            self._word.since.append((execution.at, execution.exec_id, change))
        return True

    def restore(self, executions: Iterable[Execution], anchors: Iterable[Anchor]) -> None:
        """Everything on record, after a restart: nothing of it is verified."""
        self._anchors = list(anchors)
        self._fills = {}
        for execution in executions:
            known = self._fills.get(execution.exec_id)
            if known is None or execution.supersedes(known):
                self._fills[execution.exec_id] = execution
        self._computed = sum((fill.signed_quantity for fill in self._fills.values()), _ZERO)
        self.use(self._method)

    def use(self, method: CostMethod) -> None:
        """Compute profit by another method, from the first fill on."""
        self._method = method
        openings = [None, *(anchor.lot for anchor in self._anchors)]
        self._ledgers = [self._new_ledger(lot) for lot in openings]
        parts: dict[int, list[Execution]] = {}
        for execution in self._fills.values():
            parts.setdefault(self._part_of(execution), []).append(execution)
        for part, executions in parts.items():
            self._ledgers[part].extend(executions)

    def hear(
        self,
        quantity: Decimal,
        average: Decimal | None,
        at: datetime,
        now_s: float,
        *,
        is_whole: bool,
    ) -> None:
        """The broker's word; where it differs from our fills, `anchors` grows.

        `is_whole` is an answer that was read together with all fills; a word from the stream may
        be ahead of its fill or behind.
        """
        self._settle(now_s)
        self.verified_at, self.is_verified = at, True
        self._broker_average = average
        unexplained = _ZERO
        if not is_whole:
            # Without an earlier word nothing but our fills can be expected: a position's first
            # fill is told here before it is on disk and counted.
            known = self.computed_quantity if self._word is None else self._word.expected
            unexplained = quantity - known
        self._word = _Word(quantity, now_s, unexplained)
        if not unexplained:
            self._anchor(quantity, average)

    # ---- inside ----

    def _settle(self, now_s: float) -> None:
        """A word that no fill explained in time stands as it is."""
        if self._word is not None and self._word.is_overdue(now_s):
            shown = self._word.shown
            average = self._broker_average if self._is_as_told(shown) else None
            self._word = _Word(shown, self._word.heard_s)
            self._anchor(shown, average)

    def _anchor(self, quantity: Decimal, average: Decimal | None) -> None:
        """Start profit from what the broker says, where our fills make something else."""
        if quantity == self._ledgers[-1].quantity:
            return
        cost = None if average is None else average * quantity * self.instrument.multiplier
        if not quantity:
            cost = _ZERO
        at = max((fill.at for fill in self._fills.values()), default=None)
        ids = frozenset(fill.exec_id for fill in self._fills.values() if fill.at == at)
        self._anchors.append(Anchor(Lot(quantity, cost), at, ids))
        self._ledgers.append(self._new_ledger(self._anchors[-1].lot))

    def _ledger_of(self, execution: Execution) -> Ledger:
        """The stretch between two anchors that a fill belongs to."""
        for ledger in self._ledgers:
            if execution in ledger:
                return ledger
        return self._ledgers[self._part_of(execution)]

    def _part_of(self, execution: Execution) -> int:
        return sum(not anchor.is_after(execution) for anchor in self._anchors)

    def _new_ledger(self, opening: Lot | None) -> Ledger:
        return Ledger(self.instrument.multiplier, self._method, self.day_of, opening)

    def _fees(self) -> tuple[tuple[str, Decimal], ...]:
        currencies = sorted({currency for ledger in self._ledgers for currency in ledger.fees})
        paid = [
            (c, exact_sum(ledger.fees.get(c, _ZERO) for ledger in self._ledgers))
            for c in currencies
        ]
        return tuple((currency, fee) for currency, fee in paid if fee)

    def _average_price(self, quantity: Decimal) -> Decimal | None:
        if not quantity:
            return None
        ledger = self._ledgers[-1]
        if ledger.quantity == quantity and ledger.average_price is not None:
            return ledger.average_price
        return self._broker_average if self._is_as_told(quantity) else None

    def _is_as_told(self, quantity: Decimal) -> bool:
        return self._word is not None and self._word.quantity == quantity

    def _unrealized(
        self, quantity: Decimal, average: Decimal | None, mark: Decimal | None
    ) -> Decimal | None:
        if not quantity:
            return _ZERO
        if mark is None or average is None:
            return None
        ledger = self._ledgers[-1]
        if ledger.quantity == quantity and ledger.cost is not None:
            return ledger.unrealized(mark)
        return (mark - average) * quantity * self.instrument.multiplier
