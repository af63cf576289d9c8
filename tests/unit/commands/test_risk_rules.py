from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from app.base.errors import UserError
from app.commands.risk_rules import loosened, problems, read, read_sense, written
from app.domain.risk_limits import RiskLimits
from app.store.settings import NO_LIMITS

ON = RiskLimits(
    max_order_value=Decimal(1000),
    max_open_orders=5,
    duplicate_window_s=2.0,
    banned=("AMC", "GME"),
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"max_order_value": Decimal(1500)}, "1\u202f000 in instrument currency → 1\u202f500"),
        ({"max_order_value": None}, "instrument currency → off"),
        ({"max_open_orders": 6}, "5 orders → 6 orders"),
        ({"duplicate_window_s": 1.0}, "2 seconds → 1 second"),
        ({"duplicate_window_s": None}, "2 seconds → off"),
        ({"banned": ("AMC",)}, "May be traded again: GME"),
    ],
)
def test_what_lets_more_through_is_named(change: dict[str, object], said: str) -> None:
    [line] = loosened(ON, replace(ON, **change))  # type: ignore[arg-type]  # fields by name
    assert said in line


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"max_order_value": Decimal(999)},
        {"max_open_orders": 1},
        {"duplicate_window_s": 3.0},
        {"max_daily_loss": Decimal(100)},
        {"banned": ("AMC", "GME", "BBBY")},
    ],
)
def test_what_is_stricter_or_the_same_is_not(change: dict[str, object]) -> None:
    assert loosened(ON, replace(ON, **change)) == []  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("text", ["1e91e9", "1e16", "1e999999999", "1e-99999"])
def test_what_nobody_can_mean_is_refused(text: str) -> None:
    rules = {**written(ON), "max_order_value": (True, text)}
    with pytest.raises(UserError, match="Largest order value"):
        read(rules, "")


def test_a_first_limit_loosens_nothing() -> None:
    assert loosened(NO_LIMITS, ON) == []


def test_what_makes_no_sense_is_named_by_field_and_leaves_what_held() -> None:
    rules = {**written(ON), "max_order_value": (True, "lots"), "max_open_orders": (True, "3")}
    assert problems(written(ON)) == {}
    assert list(problems(rules)) == ["max_order_value"]
    assert read_sense(rules, "AMC GME", ON) == replace(ON, max_open_orders=3)
