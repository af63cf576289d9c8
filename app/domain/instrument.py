"""What is traded, and the identity under which positions at several brokers net."""

from __future__ import annotations

import re
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
    `underlying` is the root of a future or an option ("ES", "AAPL"): brokers spell the contract's
    own symbol in many ways, so contracts net by root and terms. `quantity_step` below 1 means the
    instrument trades in fractions. `session` names a calendar of `domain.session`.

    Raises ValueError where symbol, currency, tick, steps, multiplier or strike cannot be meant.
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
        if not self.symbol.strip() or not self.currency.strip():
            raise ValueError("an instrument needs a symbol and a currency")
        for name in ("tick_size", "quantity_step", "min_quantity", "multiplier", "strike"):
            value = getattr(self, name)
            if value is not None and (not value.is_finite() or value <= 0):
                raise ValueError(f"{self.symbol}: {name} must be more than zero, was {value}")

    @property
    def key(self) -> InstrumentKey:
        """The identity that nets across brokers."""
        parts = [_FAMILY[self.asset_class], self._name, self.currency.strip().upper()]
        if self.market.strip():
            parts.append(self.market.strip().upper())
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
    def _name(self) -> str:
        """The symbol as every broker would mean it."""
        if self.underlying and self._is_named_by_terms:
            return _spelled(self.underlying)
        if self.asset_class in (AssetClass.FOREX, AssetClass.CRYPTO):
            return self._pair_base
        return _spelled(self.symbol)

    @property
    def _pair_base(self) -> str:
        """EUR, EURUSD, EUR.USD and BTC, BTC/USD, BTC-USD: the currency is in the key anyway."""
        symbol, currency = _spelled(self.symbol), self.currency.strip().upper()
        if self.asset_class is AssetClass.FOREX and len(symbol) == 6:
            return symbol.removesuffix(currency)
        # Run together, CRVUSD may be a pair or a coin of its own: only a separator tells.
        return symbol.removesuffix(f".{currency}")

    @property
    def _is_named_by_terms(self) -> bool:
        if self.asset_class is AssetClass.FUTURE:
            return self.expiry is not None
        return self.asset_class is AssetClass.OPTION and None not in (
            self.expiry,
            self.strike,
            self.right,
        )

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


def _spelled(symbol: str) -> str:
    """Share classes and pairs are written BRK.B, BRK B, BRK/B or BRK-B; "|" parts the key."""
    return re.sub(r"[\s./_:|-]+", ".", symbol.strip().upper())


def _decimals(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _quantized(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-_decimals(step)))
