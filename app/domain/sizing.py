"""Sizes that a key chooses: so many units, money, a share of buying power, or money at risk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

_FORM = re.compile(
    r"(?i)(?P<risk>risk\s*)?(?P<money>\$\s*)?(?P<amount>\d{1,15}(\.\d{1,8})?)\s*(?P<share>%)?"
)


class SizeKind(Enum):
    """What the figure of a preset counts."""

    UNITS = "units"
    MONEY = "money"  # in the instrument's currency
    BUYING_POWER = "percent of buying power"
    RISK = "money at risk"  # in the instrument's currency, lost if the stop is hit


@dataclass(frozen=True, slots=True)
class SizePreset:
    """One size that a key chooses; written as `100`, `$5000`, `10%` or `risk $50`."""

    kind: SizeKind
    amount: Decimal

    def __str__(self) -> str:
        plain = f"{self.amount.normalize():f}"
        return {
            SizeKind.UNITS: plain,
            SizeKind.MONEY: f"${plain}",
            SizeKind.BUYING_POWER: f"{plain}%",
            SizeKind.RISK: f"risk ${plain}",
        }[self.kind]


def parse_size(text: str) -> SizePreset:
    """`text` as a preset. Raises ValueError for any other form, for zero and for more than 100 %.

    The sign $ stands for the instrument's own currency, whichever that is.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no size")
    has = {name for name in ("risk", "money", "share") if found[name]}
    kinds = {
        frozenset[str](): SizeKind.UNITS,
        frozenset({"money"}): SizeKind.MONEY,
        frozenset({"share"}): SizeKind.BUYING_POWER,
        frozenset({"risk"}): SizeKind.RISK,
        frozenset({"risk", "money"}): SizeKind.RISK,
    }
    kind, amount = kinds.get(frozenset(has)), Decimal(found["amount"])
    if kind is None or amount <= 0 or (kind is SizeKind.BUYING_POWER and amount > 100):
        raise ValueError(f"{text!r} is no size")
    return SizePreset(kind, amount)


def units(amount: Decimal | int) -> SizePreset:
    """A preset of so many units."""
    return SizePreset(SizeKind.UNITS, Decimal(amount))
