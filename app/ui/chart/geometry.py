"""From bars to device pixels, vectorised: no Python loop ever runs over bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.ui.chart.columns import BarColumns

Floats = NDArray[np.float64]
# Share of the plot's height that the volume columns may take, from the bottom.
VOLUME_SHARE = 0.16


@dataclass(frozen=True, slots=True)
class Mapping:
    """data -> device pixels: x_px = x * x_scale + x_shift, the same for y (y grows downward)."""

    x_scale: float
    x_shift: float
    y_scale: float
    y_shift: float
    height: float


@dataclass(frozen=True, slots=True)
class Shapes:
    """What is drawn: wicks as (n, 4) x1 y1 x2 y2, bodies and volumes as (n, 4) x y w h.

    `rising` tells for each column which of the two colours it takes.
    """

    wicks: Floats
    bodies: Floats
    volumes: Floats
    rising: NDArray[np.bool_]


def visible_range(columns: BarColumns, left: float, right: float) -> tuple[int, int]:
    """The index range [first, last) of bars that touch the view."""
    first = max(0, int(np.floor(left - 0.5)))
    return first, min(len(columns), int(np.ceil(right + 0.5)) + 1)


def shapes(columns: BarColumns, first: int, last: int, mapping: Mapping) -> Shapes:
    """Geometry of the bars in [first, last); more bars than pixels are merged per pixel column."""
    x = np.arange(first, last, dtype=np.float64)
    o, h, low, c, v = (
        column[first:last]
        for column in (columns.open, columns.high, columns.low, columns.close, columns.volume)
    )
    if mapping.x_scale < 1.0 and len(x) > 1:
        x, o, h, low, c, v = _merged(x, o, h, low, c, v, mapping)
    centre = np.floor(x * mapping.x_scale + mapping.x_shift) + 0.5
    y_open, y_high, y_low, y_close = (
        np.round(p * mapping.y_scale + mapping.y_shift) for p in (o, h, low, c)
    )
    width = _body_width(mapping.x_scale)
    left = centre - width / 2
    top = np.minimum(y_open, y_close)
    body_height = np.maximum(1.0, np.abs(y_open - y_close))
    wicks = np.column_stack([centre, y_high, centre, np.maximum(y_low, y_high + 1)])
    bodies = np.column_stack([left, top, np.full_like(left, width), body_height])
    return Shapes(wicks, bodies, _volumes(left, v, width, mapping.height), c >= o)


def _body_width(pixels_a_bar: float) -> float:
    width = np.floor(pixels_a_bar * 0.72)
    return float(max(1.0, width - (width + 1) % 2))  # odd, so that the wick is in the middle


def _volumes(left: Floats, volume: Floats, width: float, height: float) -> Floats:
    highest = float(np.nanmax(volume)) if len(volume) else 0.0
    scale = height * VOLUME_SHARE / highest if highest > 0 else 0.0
    tall = np.round(np.nan_to_num(volume) * scale)
    return np.column_stack([left, height - tall, np.full_like(left, width), tall])


def _merged(
    x: Floats, o: Floats, h: Floats, low: Floats, c: Floats, v: Floats, mapping: Mapping
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """One bar a pixel column: first open, highest high, lowest low, last close, summed volume."""
    pixel = np.floor(x * mapping.x_scale + mapping.x_shift)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(pixel)) + 1])
    ends = np.concatenate([starts[1:], [len(x)]]) - 1
    return (
        x[starts],
        o[starts],
        np.maximum.reduceat(h, starts),
        np.minimum.reduceat(low, starts),
        c[ends],
        np.add.reduceat(v, starts),
    )
