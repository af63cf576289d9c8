"""What market data must obey before a single row of it is replayed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.brokers.paper.recording import Floats
from app.brokers.paper.table import refusal

Where = Callable[[int], "int | str"]
Numbers = dict[str, Floats]
_PRICES = ("open", "high", "low", "close", "bid", "ask", "price")
_SIZES = ("volume", "bid_size", "ask_size", "size")


def check(path: Path, at_s: Floats, numbers: Numbers, where: Where) -> None:
    """Raises UserError with the first row that breaks a rule; `where` names a row."""
    _check_times(path, at_s, "open" in numbers, where)
    for role in _PRICES:
        if role in numbers:
            bad = ~(numbers[role] > 0) & ~np.isnan(numbers[role])
            _refuse(path, bad, where, partial(_not_positive, role, numbers[role]))
    for role in _SIZES:
        if role in numbers:
            _refuse(path, numbers[role] < 0, where, partial(_negative, role))
    if "open" in numbers:
        _check_range(path, numbers, where)
    if "bid" in numbers:
        _refuse(
            path,
            numbers["bid"] > numbers["ask"],
            where,
            lambda row: f"bid {numbers['bid'][row]:g} above ask {numbers['ask'][row]:g}",
        )


def _check_times(path: Path, at_s: Floats, is_bars: bool, where: Where) -> None:
    # 1900 to 2200: outside of it the unit of the time was misread.
    odd = (at_s < -2_208_988_800) | (at_s > 7_258_118_400)
    _refuse(path, odd, where, lambda _row: "the time lies outside of the years 1900 to 2200")
    steps = np.diff(at_s)
    bad = np.concatenate([[False], steps <= 0 if is_bars else steps < 0])
    rule = "two bars at one time" if is_bars else "time runs backwards"

    def what(row: int) -> str:
        return rule if is_bars and at_s[row] == at_s[row - 1] else "time runs backwards"

    _refuse(path, bad, where, what)


def _check_range(path: Path, numbers: Numbers, where: Where) -> None:
    high, low = numbers["high"], numbers["low"]
    _refuse(path, high < low, where, lambda row: f"high {high[row]:g} below low {low[row]:g}")
    for role in ("open", "close"):
        price = numbers[role]
        outside = (price > high) | (price < low)
        _refuse(
            path,
            outside,
            where,
            partial(_outside, role, numbers),
        )


def _not_positive(role: str, values: Floats, row: int) -> str:
    return f"the {role} price must be more than zero, was {values[row]:g}"


def _negative(role: str, _row: int) -> str:
    return f"the {role} is negative"


def _outside(role: str, numbers: Numbers, row: int) -> str:
    price, low, high = (numbers[name][row] for name in (role, "low", "high"))
    return f"{role} {price:g} outside of {low:g} to {high:g}"


def _refuse(path: Path, bad: NDArray[np.bool_], where: Where, what: Callable[[int], str]) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise refusal(path, where(row), what(row))
