"""What fills did to a position, one by one: the raw material of a trade journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument

_ZERO = Decimal(0)


def paid_fee(execution: Execution) -> tuple[str, Decimal] | None:
    """The fee and its currency; the instrument's own where none is named. None while not told."""
    if execution.fee is None:
        return None
    return execution.fee_currency.upper() or execution.instrument.currency.upper(), execution.fee


@dataclass(frozen=True, slots=True, eq=False)
class Booked:
    """What one fill did to its position; money in the instrument's currency.

    It closed `closed` units (never negative), which made `profit` before fees, as far as the cost
    of what they closed is known: where a part is not, `is_known` is False. `held` is the signed
    quantity behind it and `day` its trading day.
    """

    execution: Execution
    day: date
    closed: Decimal
    profit: Decimal
    held: Decimal
    is_known: bool = True

    @property
    def held_before(self) -> Decimal:
        """The signed quantity in front of it."""
        return self.held - self.execution.signed_quantity

    @property
    def own_fee(self) -> Decimal:
        """Its fee as far as it was paid in the instrument's currency."""
        paid = paid_fee(self.execution)
        is_own = paid is not None and paid[0] == self.execution.instrument.currency.upper()
        return paid[1] if paid is not None and is_own else _ZERO


@dataclass(frozen=True, slots=True, eq=False)
class TradeRecord:
    """Every fill of one instrument in one account as the books have it.

    `stretches` are the times between two points where the broker's word took the place of our
    books; in each the fills are in the order of time. One grows at its end only: a correction, a
    late fill or another cost method brings another object in its place, so that a reader which
    remembers the object and how far it was need not read it again. Reading is for any thread.
    """

    connection_id: ConnectionId
    account_id: AccountId
    instrument: Instrument
    stretches: tuple[Sequence[Booked], ...]
