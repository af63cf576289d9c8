"""What a position or an order ties up, and what may still be bought.

Shares and funds in a margin account: 25 % in regular hours (4:1), 50 % outside of them and
overnight (2:1), the US day-trading scheme of FINRA rule 4210(f)(8)(B) and Regulation T. Futures:
the contract's own margin where the market names one, else 5 % and 4 % of the value. Everything
else is paid in full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from app.brokers.paper.ledger import Ledger, PaperPosition, is_margined
from app.brokers.paper.manifest import ContractMargin
from app.domain.ids import InstrumentKey
from app.domain.instrument import AssetClass, Instrument

ZERO = Decimal(0)
_SHARES = (AssetClass.EQUITY, AssetClass.ETF)
_INTRADAY, _OVERNIGHT = Decimal("0.25"), Decimal("0.5")
_FUTURE_INITIAL, _FUTURE_MAINTENANCE = Decimal("0.05"), Decimal("0.04")


@dataclass(frozen=True, slots=True)
class Requirement:
    """Money tied up, in the instrument's currency."""

    initial: Decimal
    maintenance: Decimal


@dataclass(frozen=True, slots=True)
class Funds:
    """One currency of the account. None where a position cannot be valued."""

    cash: Decimal
    net_liquidation: Decimal | None
    initial: Decimal
    maintenance: Decimal
    available: Decimal


class MarginRules:
    """The scheme of one account. `mark` values an instrument, `is_regular` tells its hours."""

    def __init__(
        self,
        *,
        is_margin: bool,
        contract: Callable[[InstrumentKey], ContractMargin | None],
        mark: Callable[[InstrumentKey], Decimal | None],
        is_regular: Callable[[InstrumentKey], bool],
    ) -> None:
        self._is_margin, self._contract = is_margin, contract
        self._mark, self._is_regular = mark, is_regular

    def requirement(self, instrument: Instrument, quantity: Decimal, price: Decimal) -> Requirement:
        """What `quantity` units tie up."""
        value = abs(instrument.notional(price, quantity))
        if is_margined(instrument):
            margin = self._contract(instrument.key)
            if margin is not None:
                size = abs(quantity)
                return Requirement(margin.initial * size, margin.maintenance * size)
            return Requirement(value * _FUTURE_INITIAL, value * _FUTURE_MAINTENANCE)
        if self._is_margin and instrument.asset_class in _SHARES:
            rate = _INTRADAY if self._is_regular(instrument.key) else _OVERNIGHT
            return Requirement(value * rate, value * _INTRADAY)
        return Requirement(value, value)

    def funds(self, ledger: Ledger, currency: str, reserved: Decimal) -> Funds:
        """What one currency of the account holds and has left; `reserved` by working orders."""
        cash = ledger.cash.get(currency, ZERO)
        net: Decimal | None = cash
        initial = maintenance = losses = margined = ZERO
        for key, position in ledger.positions.items():
            instrument = position.instrument
            if instrument.currency != currency or not position.quantity:
                continue
            mark = self._mark(key)
            net = None if net is None or mark is None else net + _worth(position, mark)
            # Without a price the position is held at its cost.
            price = mark if mark is not None else abs(position.average_price or ZERO)
            need = self.requirement(instrument, position.quantity, price)
            initial, maintenance = initial + need.initial, maintenance + need.maintenance
            if is_margined(instrument):
                margined += need.initial
                losses += min(ZERO, position.unsettled(price))
        if self._is_margin:
            equity = net if net is not None else cash
            return Funds(cash, net, initial, maintenance, equity - initial - reserved)
        return Funds(cash, net, margined, margined, cash - margined + losses - reserved)

    @property
    def lends(self) -> bool:
        """Whether shares may be bought for more than the account holds."""
        return self._is_margin


def _worth(position: PaperPosition, mark: Decimal) -> Decimal:
    if is_margined(position.instrument):
        return position.unsettled(mark)
    return position.instrument.notional(mark, position.quantity)
