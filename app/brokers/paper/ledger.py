"""Cash by currency and positions by instrument: what fills, fees and settlements make of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.domain.execution import Execution
from app.domain.ids import InstrumentKey
from app.domain.instrument import AssetClass, Instrument

ZERO = Decimal(0)
_EXACT = Decimal("1e-12")


@dataclass(slots=True)
class PaperPosition:
    """One netted position. `quantity` is signed.

    `cost` is the signed sum of price times quantity of what is open, `settled` the same at the
    price of the last daily settlement (futures). Sums instead of averages keep closing exact: what
    a part takes with it is missing from the rest. `realized` is profit before fees.
    """

    instrument: Instrument
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    settled: Decimal = ZERO
    realized: Decimal = ZERO

    @property
    def average_price(self) -> Decimal | None:
        """Average price of what is open, None when flat."""
        return self.cost / self.quantity if self.quantity else None

    def unsettled(self, mark: Decimal) -> Decimal:
        """Profit of a future since the last settlement, in its currency."""
        return (mark * self.quantity - self.settled) * self.instrument.multiplier


def is_margined(instrument: Instrument) -> bool:
    """Whether only a margin is put up and profit is settled in cash every day."""
    return instrument.asset_class is AssetClass.FUTURE


class Ledger:
    """Books fills. Money is in the instrument's currency; nothing is ever converted."""

    def __init__(self) -> None:
        self.cash: dict[str, Decimal] = {}
        self.positions: dict[InstrumentKey, PaperPosition] = {}

    def quantity(self, key: InstrumentKey) -> Decimal:
        """Signed units held."""
        position = self.positions.get(key)
        return ZERO if position is None else position.quantity

    def add_cash(self, currency: str, amount: Decimal) -> None:
        """Deposit, fee or settlement."""
        self.cash[currency] = self.cash.get(currency, ZERO) + amount

    def book(self, execution: Execution) -> PaperPosition:
        """One fill: position, cash and fee."""
        instrument = execution.instrument
        position = self.positions.setdefault(instrument.key, PaperPosition(instrument))
        signed = execution.signed_quantity
        closed = ZERO
        if position.quantity * signed < 0:
            closed = min(abs(signed), abs(position.quantity)).copy_sign(signed)
        variation = self._close(position, closed, execution.price)
        opened = signed - closed
        position.quantity += opened
        position.cost += execution.price * opened
        position.settled += execution.price * opened
        if is_margined(instrument):
            self.add_cash(instrument.currency, variation * instrument.multiplier)
        else:
            self.add_cash(instrument.currency, -instrument.notional(execution.price, signed))
        self.add_cash(instrument.currency, -(execution.fee or ZERO))
        return position

    def settle(self, position: PaperPosition, mark: Decimal) -> Decimal:
        """Daily settlement of a future: its profit since the last one becomes cash."""
        amount = position.unsettled(mark)
        position.settled = mark * position.quantity
        self.add_cash(position.instrument.currency, amount)
        return amount

    def _close(self, position: PaperPosition, signed: Decimal, price: Decimal) -> Decimal:
        """Take `signed` units off; the variation since the last settlement, a unit's worth each."""
        if not signed:
            return ZERO
        cost = _share(position.cost, signed, position.quantity)
        settled = _share(position.settled, signed, position.quantity)
        position.realized += (-price * signed - cost) * position.instrument.multiplier
        position.quantity += signed
        position.cost -= cost
        position.settled -= settled
        return -price * signed - settled


def _share(total: Decimal, closed: Decimal, quantity: Decimal) -> Decimal:
    """The part of a sum that goes with the units closed; all of it with the last of them."""
    if closed == -quantity:
        return total
    return (total * -closed / quantity).quantize(_EXACT)
