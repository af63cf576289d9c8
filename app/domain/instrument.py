"""What is traded, and the identity under which positions at several brokers net."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from enum import Enum

from app.domain.ids import InstrumentKey


class AssetClass(Enum):
    """What kind of thing an instrument is."""

    EQUITY = "equity"
    ETF = "etf"
    FUTURE = "future"
    OPTION = "option"
    FOREX = "forex"
    CRYPTO = "crypto"


class OptionRight(Enum):
    """The right an option gives."""

    CALL = "call"
    PUT = "put"


# Brokers disagree on whether a fund is a share, so both net under one family.
_FAMILY = {
    AssetClass.EQUITY: "SEC",
    AssetClass.ETF: "SEC",
    AssetClass.FUTURE: "FUT",
    AssetClass.OPTION: "OPT",
    AssetClass.FOREX: "FX",
    AssetClass.CRYPTO: "CRYPTO",
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable thing as one broker describes it; `key` is the same at every broker.

    `market` names a venue only where venues do not net: the exchange of a future or of a crypto
    perpetual, NSE or BSE in India. For a US share it stays empty, whatever the routing exchange.
    `quantity_step` below 1 means the instrument trades in fractions. `session` names a calendar
    of `domain.session`.
    """

    symbol: str
    asset_class: AssetClass
    currency: str
    description: str = ""
    exchange: str = ""
    market: str = ""
    tick_size: Decimal = Decimal("0.01")
    quantity_step: Decimal = Decimal(1)
    min_quantity: Decimal = Decimal(1)
    multiplier: Decimal = Decimal(1)
    expiry: date | None = None
    strike: Decimal | None = None
    right: OptionRight | None = None
    underlying: str = ""
    session: str = "always"

    def __post_init__(self) -> None:
        if self.tick_size <= 0 or self.quantity_step <= 0 or self.multiplier <= 0:
            raise ValueError(f"{self.symbol}: tick, quantity step and multiplier must be positive")

    @property
    def key(self) -> InstrumentKey:
        """The identity that nets across brokers."""
        parts = [_FAMILY[self.asset_class], self.symbol.upper(), self.currency.upper()]
        if self.market:
            parts.append(self.market.upper())
        if self.expiry is not None:
            parts.append(self.expiry.isoformat())
        if self.strike is not None:
            parts.append(format(self.strike.normalize(), "f"))
        if self.right is not None:
            parts.append(self.right.value[0].upper())
        if self.multiplier != 1:
            parts.append("x" + format(self.multiplier.normalize(), "f"))
        return InstrumentKey("|".join(parts))

    @property
    def price_decimals(self) -> int:
        """How many decimals a price is shown with (units: digits)."""
        return _decimals(self.tick_size)

    @property
    def quantity_decimals(self) -> int:
        """How many decimals a quantity is shown with (units: digits)."""
        return _decimals(self.quantity_step)

    def is_on_tick(self, price: Decimal) -> bool:
        """Whether `price` is a whole number of ticks."""
        return price % self.tick_size == 0

    def is_on_step(self, quantity: Decimal) -> bool:
        """Whether `quantity` is a whole number of steps."""
        return quantity % self.quantity_step == 0

    def round_price(self, price: Decimal, *, up: bool | None = None) -> Decimal:
        """The nearest tick; `up` True or False forces the direction."""
        rounding = {None: ROUND_HALF_EVEN, True: ROUND_CEILING, False: ROUND_FLOOR}[up]
        ticks = (price / self.tick_size).to_integral_value(rounding)
        return _quantized(ticks * self.tick_size, self.tick_size)

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """The largest whole number of steps that is not more than `quantity`."""
        steps = (quantity / self.quantity_step).to_integral_value(ROUND_DOWN)
        return _quantized(steps * self.quantity_step, self.quantity_step)

    def notional(self, price: Decimal, quantity: Decimal) -> Decimal:
        """Value of `quantity` at `price` in the instrument's currency."""
        return price * quantity * self.multiplier

    def is_expired(self, on: date) -> bool:
        """Whether the last trading day lies before `on`."""
        return self.expiry is not None and self.expiry < on


def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _quantized(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-_decimals(step)))
