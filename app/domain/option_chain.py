"""What options are listed on an underlying, without asking for each contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.domain.instrument import Instrument


@dataclass(frozen=True, slots=True)
class OptionChain:
    """One trading class at one exchange.

    Not every strike is listed for every expiry: a combination may turn out not to exist.
    `expiries` and `strikes` ascend; strikes are in the currency of the underlying.
    """

    underlying: Instrument
    exchange: str
    trading_class: str
    multiplier: Decimal
    expiries: tuple[date, ...]
    strikes: tuple[Decimal, ...]
