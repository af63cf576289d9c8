"""The rules of a set of risk limits as a person reads and writes them. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from app.base.errors import UserError
from app.domain.risk_limits import RiskLimits

# What a new live connection begins with: small enough that a slip of the hand stays small.
CAUTIOUS = RiskLimits(
    max_order_value=Decimal(10_000),
    price_collar_percent=Decimal(2),
    quote_max_age_s=5.0,
    max_position_value=Decimal(25_000),
    max_open_orders=20,
    max_daily_loss=Decimal(500),
    max_orders_per_minute=30,
    duplicate_window_s=1.0,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit: the field of RiskLimits, how it is called, its unit and the type of its value."""

    field: str
    title: str
    unit: str
    kind: type


RULES = (
    Rule("max_order_quantity", "Largest order", "units", Decimal),
    Rule("max_order_value", "Largest order value", "instrument currency", Decimal),
    Rule("price_collar_percent", "Price at most this far from the market", "%", Decimal),
    Rule("quote_max_age_s", "Oldest quote that counts as fresh", "seconds", float),
    Rule("max_position_quantity", "Largest position", "units", Decimal),
    Rule("max_position_value", "Largest position value", "instrument currency", Decimal),
    Rule("max_open_orders", "Open orders at most", "orders", int),
    Rule("max_daily_loss", "Daily loss at most", "account currency", Decimal),
    Rule("max_orders_per_minute", "Orders a minute at most", "orders", int),
    Rule("duplicate_window_s", "Same order again only after", "seconds", float),
)
_DIGITS = 15  # on either side of the point: more is a slip of the hand
Written = Mapping[str, tuple[bool, str]]


def written(limits: RiskLimits) -> dict[str, tuple[bool, str]]:
    """(is on, text) of every rule."""
    values = {rule.field: getattr(limits, rule.field) for rule in RULES}
    return {name: (value is not None, limit_text(value)) for name, value in values.items()}


def read(rules: Written, banned: str) -> RiskLimits:
    """The limits that were written. Raises UserError naming the rule that makes no sense."""
    values: dict[str, Any] = {}
    for rule in RULES:
        is_on, text = rules[rule.field]
        values[rule.field] = _value(rule, text) if is_on else None
    symbols = banned.replace(",", " ").upper().split()
    return RiskLimits(**values, banned=tuple(dict.fromkeys(symbols)))


def problems(rules: Written) -> dict[str, str]:
    """What makes no sense, by the field of its rule."""
    found: dict[str, str] = {}
    for rule in RULES:
        is_on, text = rules[rule.field]
        try:
            _ = _value(rule, text) if is_on else None
        except UserError as error:
            found[rule.field] = str(error)
    return found


def read_sense(rules: Written, banned: str, held: RiskLimits) -> RiskLimits:
    """What was written where it makes sense, and elsewhere what holds: a slip in one field must
    not keep a stricter limit in another from holding."""
    kept = written(held)
    wrong = problems(rules)
    return read({name: kept[name] if name in wrong else rules[name] for name in rules}, banned)


def in_words(limits: RiskLimits) -> list[tuple[str, str]]:
    """Every limit that is on, as (title, value with its unit)."""
    values = [(rule, getattr(limits, rule.field)) for rule in RULES]
    lines = [(rule.title, _said(rule, value)) for rule, value in values if value is not None]
    return lines + ([("Never trade", " ".join(limits.banned))] if limits.banned else [])


def loosened(before: RiskLimits, after: RiskLimits) -> list[str]:
    """Every limit that lets more through than before, in words: what it was and what it will be."""
    lines = []
    for rule in RULES:
        old, new = getattr(before, rule.field), getattr(after, rule.field)
        if old is None or old == new:
            continue
        # Of the window in which an order counts as doubled the longer one is the stricter.
        is_stricter = new is not None and (new > old) is (rule.field == "duplicate_window_s")
        if not is_stricter:
            lines.append(f"{rule.title}: {_said(rule, old)} → {_said(rule, new)}")
    freed = [symbol for symbol in before.banned if symbol not in after.banned]
    return lines + ([f"May be traded again: {' '.join(freed)}"] if freed else [])


def limit_text(value: Decimal | float | None) -> str:
    """A limit's value for its field; empty for one that is off."""
    if value is None:
        return ""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else f"{value:g}"


def _said(rule: Rule, value: Decimal | float | None) -> str:
    """A limit with its unit: 250 000 in instrument currency, 1 second, 5 %."""
    if value is None:
        return "off"
    unit = rule.unit.removesuffix("s") if value == 1 else rule.unit
    between = " in " if unit.endswith("currency") else " "
    # Grouped as the window does it, by a narrow space that does not break.
    return f"{Decimal(limit_text(value)):,f}".replace(",", "\u202f") + f"{between}{unit}"


def _value(rule: Rule, text: str) -> Decimal | float | int:
    if not text.strip():
        raise UserError(f"{rule.title}: enter a value, or untick it to switch it off")
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise UserError(f"{rule.title}: {text!r} is not a number") from None
    if not value.is_finite() or value <= 0:
        raise UserError(f"{rule.title}: must be more than zero, was {text}; untick to switch off")
    if not -_DIGITS <= value.adjusted() <= _DIGITS:
        raise UserError(f"{rule.title}: {text} has more than {_DIGITS} digits")
    if rule.kind is int and value != value.to_integral_value():
        raise UserError(f"{rule.title}: must be a whole number, was {text}")
    return value if rule.kind is Decimal else int(value) if rule.kind is int else float(value)
