"""What makes no sense on its own is refused with a sentence for each reason."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.domain.ids import AccountId
from app.domain.order_types import OrderType
from tests.doubles.orders import SPY, request

D = Decimal


def test_sound_requests_have_no_problems() -> None:
    assert request().problems() == []
    assert request(order_type=OrderType.MARKET).problems() == []
    stop_limit = request(order_type=OrderType.STOP_LIMIT, stop_price=D("9.5"))
    assert stop_limit.problems() == []
    trailing: dict[str, Any] = {"order_type": OrderType.TRAILING_STOP, "limit_price": None}
    assert request(**trailing, trail_amount=D("0.25")).problems() == []
    assert request(**trailing, trail_percent=D("1.5")).problems() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"account_id": AccountId("")}, "no account"),
        ({"quantity": D(0)}, "more than zero, was 0"),
        ({"quantity": D(-5)}, "more than zero, was -5"),
        ({"quantity": D("NaN")}, "more than zero, was NaN"),
        ({"quantity": D("1e30")}, "must not be more than"),
        ({"quantity": D("1.5")}, "multiple of 1, was 1.5"),
        ({"quantity": D(1), "instrument": replace(SPY, min_quantity=D(10))}, "at least 10, was 1"),
        ({"limit_price": None}, "limit order needs a limit price"),
        ({"stop_price": D(9)}, "limit order takes no stop price"),
        ({"limit_price": D(0)}, "limit price must be more than zero"),
        ({"limit_price": D("-1")}, "limit price must be more than zero"),
        ({"limit_price": D("Infinity")}, "limit price must be more than zero"),
        ({"limit_price": D("1e40")}, "limit price must not be more than"),
        ({"limit_price": D("10.001")}, "limit price must be a multiple of 0.01"),
        ({"order_type": OrderType.STOP, "limit_price": None}, "stop order needs a stop price"),
        ({"trail_amount": D(1)}, "only a trailing stop"),
    ],
)
def test_each_problem_is_named(changes: dict[str, Any], problem: str) -> None:
    problems = request(**changes).problems()
    assert len(problems) == 1
    assert problem in problems[0]


@pytest.mark.parametrize(
    ("offsets", "problem"),
    [
        ({}, "either an amount or a percentage"),
        ({"trail_amount": D(1), "trail_percent": D(1)}, "either an amount or a percentage"),
        ({"trail_amount": D(0)}, "more than zero, was 0"),
        ({"trail_percent": D("NaN")}, "more than zero, was NaN"),
        ({"trail_percent": D(100)}, "below 100, was 100"),
        ({"trail_amount": D("0.001")}, "trailing amount must be a multiple of 0.01"),
    ],
)
def test_trailing_offsets(offsets: dict[str, Decimal], problem: str) -> None:
    trailing = request(order_type=OrderType.TRAILING_STOP, limit_price=None, **offsets)
    assert [problem in text for text in trailing.problems()] == [True]


def test_several_problems_are_all_told() -> None:
    assert len(request(quantity=D(0), limit_price=D(0), trail_amount=D(1)).problems()) == 3
