"""What one currency is worth in another, as far as anybody said."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.domain.ids import ConnectionId


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of the second currency for one of the first, and who says so."""

    value: Decimal
    source: str


class Rates:
    """Conversion rates: set by hand, or heard as currency quotes. Engine's loop only.

    A `scope` keeps the rates of a replay to the connection that plays it: what euros cost years
    ago says nothing of a live account.
    """

    def __init__(self) -> None:
        self._rates: dict[tuple[ConnectionId | None, str, str], Rate] = {}

    def set(
        self,
        base: str,
        quoted: str,
        value: Decimal,
        source: str,
        scope: ConnectionId | None = None,
    ) -> None:
        """One `base` costs `value` of `quoted`. Raises ValueError unless it is above zero."""
        if not value.is_finite() or value <= 0:
            raise ValueError(f"a rate must be more than zero, {base}/{quoted} was {value}")
        base, quoted = base.upper(), quoted.upper()
        self._rates[scope, base, quoted] = Rate(value, source)
        self._rates[scope, quoted, base] = Rate(1 / value, source)

    def find(self, base: str, quoted: str, scope: ConnectionId | None = None) -> Rate | None:
        """The rate, directly or over one currency between; None when nobody knows it."""
        base, quoted = base.upper(), quoted.upper()
        if base == quoted:
            return Rate(Decimal(1), "")
        if direct := self._direct(base, quoted, scope):
            return direct
        steps = sorted({c for s, b, c in self._rates if b == base and s in (None, scope)})
        for between in steps:
            first = self._direct(base, between, scope)
            second = self._direct(between, quoted, scope)
            if first and second:
                return Rate(first.value * second.value, f"{first.source}, {second.source}")
        return None

    def convert(
        self, amount: Decimal, base: str, quoted: str, scope: ConnectionId | None = None
    ) -> Decimal | None:
        """`amount` of `base` in `quoted`; None when the rate is not known; zero needs none."""
        if not amount:
            return amount
        rate = self.find(base, quoted, scope)
        return None if rate is None else amount * rate.value

    def _direct(self, base: str, quoted: str, scope: ConnectionId | None) -> Rate | None:
        own = self._rates.get((scope, base, quoted))
        return own or self._rates.get((None, base, quoted))
