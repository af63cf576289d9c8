"""Ticks from a bar: a seeded walk through open, high, low and close with the bar's volume."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from app.brokers.paper.recording import Floats, TickColumns
from app.domain.market import Bar

MOST_TICKS = 60
USUAL_TICKS = 20  # of a bar with the recording's mean volume
_WIDE_SPREAD_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class PathSpec:
    """What the bars of one recording have in common. `mean_volume` is that of a bar, in units."""

    seed: int
    salt: int  # tells instruments with the same seed apart
    bar_s: int
    tick_size: Decimal
    quantity_step: Decimal
    mean_volume: float


def ticks_of_bar(bar: Bar, spec: PathSpec) -> TickColumns:
    """The trades and quotes inside of one bar, the same at every call.

    The first trade is at the open, the last at the close, high and low are both reached, nothing
    lies beyond them, and the sizes add up to the volume.
    """
    random = np.random.default_rng((spec.seed, spec.salt, bar.start_s & 0xFFFF_FFFF))
    anchors = _anchors(bar, random)
    units, scale = _units(bar.volume, spec.quantity_step, len(anchors))
    count = _count(units, bar.volume, spec.mean_volume, len(anchors))
    prices = _walk(bar, anchors, count, float(spec.tick_size), random)
    at_s = bar.start_s + np.round(np.sort(random.random(count)) * (spec.bar_s - 0.01), 3)
    sizes = _sizes(units, scale, count, random)
    sizes[-1] += bar.volume - _exact_sum(units, scale)
    aggressor = _aggressor(prices, bar.open, random)
    bid, ask = _quotes(prices, aggressor, spec.tick_size, random)
    usual = max(2.0 * spec.mean_volume / USUAL_TICKS, float(spec.quantity_step))
    return TickColumns(
        at_s,
        bid,
        ask,
        quote_sizes(usual, spec.quantity_step, count, random),
        quote_sizes(usual, spec.quantity_step, count, random),
        prices,
        sizes,
        aggressor,
    )


def quote_sizes(usual: float, step: Decimal, count: int, random: np.random.Generator) -> Floats:
    """Sizes at bid or ask around `usual`, whole steps and at least one."""
    units = np.maximum(1, np.round(usual * random.lognormal(0.0, 0.6, count) / float(step)))
    return _scaled(units.astype(np.int64), step)


def _anchors(bar: Bar, random: np.random.Generator) -> list[float]:
    """The turning points in order. A rising bar has more often been at its low first."""
    low_first = random.random() < (0.7 if bar.close >= bar.open else 0.3)
    turns = [bar.low, bar.high] if low_first else [bar.high, bar.low]
    path = [bar.open]
    for price in (*turns, bar.close):
        if price != path[-1]:
            path.append(price)
    return path


def _units(volume: float, step: Decimal, least: int) -> tuple[int, Decimal]:
    """The volume as a whole number of units, and the unit: finer where the bar holds too few."""
    if volume <= 0:
        return 0, step
    unit = step
    while int(volume / float(unit) + 1e-9) < least:
        unit /= 10
    return int(volume / float(unit) + 1e-9), unit


def _count(units: int, volume: float, mean_volume: float, least: int) -> int:
    if units == 0:
        return max(least, 4)
    wanted = USUAL_TICKS * np.sqrt(volume / mean_volume) if mean_volume > 0 else 4
    return max(least, min(units, int(np.clip(np.round(wanted), 4, MOST_TICKS))))


def _walk(
    bar: Bar, anchors: list[float], count: int, tick: float, random: np.random.Generator
) -> Floats:
    """Anchors at random places, between them a bent and bounded line on whole ticks."""
    if len(anchors) == 1:
        return np.full(count, bar.open)
    inner = random.choice(np.arange(1, count - 1), len(anchors) - 2, replace=False)
    places = np.concatenate([[0], np.sort(inner), [count - 1]]).astype(np.int64)
    line = np.interp(np.arange(count), places, anchors)
    noise = random.normal(0.0, 0.12 * (bar.high - bar.low), count)
    prices = np.clip(np.round((line + noise) / tick) * tick, bar.low, bar.high)
    prices = np.round(prices, 8)
    prices[places] = anchors
    return np.asarray(prices, dtype=np.float64)


def _sizes(units: int, unit: Decimal, count: int, random: np.random.Generator) -> Floats:
    if units == 0:
        return np.zeros(count)
    weights = random.exponential(1.0, count)
    shares = random.multinomial(units - count, weights / weights.sum()) + 1
    return _scaled(shares, unit)


def _scaled(units: NDArray[np.int64], unit: Decimal) -> Floats:
    """Units as floats that print as clean decimals: dividing by ten to the n rounds correctly."""
    numerator, denominator = unit.as_integer_ratio()
    return np.asarray(units * numerator / denominator, dtype=np.float64)


def _exact_sum(units: int, unit: Decimal) -> float:
    return float(units * unit)


def _aggressor(prices: Floats, opened: float, random: np.random.Generator) -> NDArray[np.int8]:
    """The tick rule: up is a buyer, down a seller; an unchanged price is anybody's guess."""
    steps = np.sign(np.diff(prices, prepend=opened))
    guesses = np.where(random.random(len(prices)) < 0.5, 1, -1)
    return np.where(steps == 0, guesses, steps).astype(np.int8)


def _quotes(
    prices: Floats, aggressor: NDArray[np.int8], tick_size: Decimal, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """The quote after each trade: a buyer took the ask, a seller the bid; one or two ticks wide."""
    tick = float(tick_size)
    ticks = prices / tick
    wide = 1.0 + (random.random(len(prices)) < _WIDE_SPREAD_SHARE)
    ask_ticks = np.where(aggressor > 0, np.ceil(ticks - 1e-6), np.floor(ticks + 1e-6) + wide)
    bid_ticks = np.maximum(1.0, np.where(aggressor > 0, ask_ticks - wide, np.floor(ticks + 1e-6)))
    ask_ticks = np.maximum(ask_ticks, bid_ticks + 1.0)
    return _on_grid(bid_ticks, tick_size), _on_grid(ask_ticks, tick_size)


def _on_grid(ticks: Floats, tick_size: Decimal) -> Floats:
    numerator, denominator = tick_size.as_integer_ratio()
    return np.asarray(ticks * numerator / denominator, dtype=np.float64)
