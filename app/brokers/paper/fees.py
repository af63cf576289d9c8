"""Commissions: per unit with a minimum an order, per cent of the value, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from app.base.errors import UserError
from app.domain.instrument import AssetClass, Instrument

ZERO = Decimal(0)
MODELS = ("per_share", "percent", "none")
_CENT = Decimal("0.0001")
OVERRIDE_FORM = "asset:per_share:amount[:minimum], asset:percent:rate or asset:none"


@dataclass(frozen=True, slots=True)
class FeeRule:
    """`model` is "per_share", "percent" or "none"; `rate` is money a unit, or per cent."""

    model: str
    rate: Decimal = ZERO
    minimum: Decimal = ZERO

    def total(self, instrument: Instrument, quantity: Decimal, value: Decimal) -> Decimal:
        """What an order costs that has traded `quantity` units for `value` of money."""
        if self.model == "none" or not quantity:
            return ZERO
        raw = value * self.rate / 100 if self.model == "percent" else quantity * self.rate
        return max(self.minimum, raw).quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """The rule of every asset class."""

    default: FeeRule
    overrides: Mapping[AssetClass, FeeRule]

    def rule(self, instrument: Instrument) -> FeeRule:
        """The rule that an instrument trades under."""
        return self.overrides.get(instrument.asset_class, self.default)

    def for_order(self, instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
        """The commission of a whole order filled at `price`, in the instrument's currency."""
        value = abs(instrument.notional(price, quantity))
        return self.rule(instrument).total(instrument, quantity, value)


def parse_overrides(texts: Sequence[str]) -> dict[AssetClass, FeeRule]:
    """Fee rules by asset class. Raises UserError for a text that cannot be read."""
    return dict(_override(str(text)) for text in texts)


def _override(text: str) -> tuple[AssetClass, FeeRule]:
    asset, _, rest = text.partition(":")
    model, *numbers = [part.strip() for part in rest.split(":")]
    try:
        amounts = [Decimal(number) for number in numbers]
        is_odd = any(not amount.is_finite() or amount < 0 for amount in amounts)
        if model in MODELS and len(amounts) <= 2 and not is_odd:
            return AssetClass(asset.strip()), FeeRule(model, *amounts)
    except (ValueError, InvalidOperation):
        pass
    raise UserError(f"fee override {text!r} cannot be read; allowed: {OVERRIDE_FORM}")
