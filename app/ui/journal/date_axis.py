"""Moments below the profit curve, in the trader's zone, as many as there is room for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyqtgraph as pg

from app.ui import format as fmt

_DAY_S = 86_400
_LABEL_PX = 74
_STEPS_S = (
    *(60, 300, 900, 3600, 4 * 3600, _DAY_S, 2 * _DAY_S, 7 * _DAY_S, 14 * _DAY_S),
    *(28 * _DAY_S, 91 * _DAY_S, 182 * _DAY_S, 365 * _DAY_S, 5 * 365 * _DAY_S),
)


class DateAxis(pg.AxisItem):
    """UTC epoch seconds on the bottom: hours within days, days within years. GUI thread."""

    def __init__(self) -> None:
        super().__init__(orientation="bottom")
        self.enableAutoSIPrefix(False)

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, Any]]:
        room = max(1, int(size // _LABEL_PX))
        step = next((s for s in _STEPS_S if (high - low) / s <= room), _STEPS_S[-1])
        offset = _offset_s(low)
        first = np.ceil((low + offset) / step) * step - offset
        return [(float(step), [float(at) for at in np.arange(first, high, step)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        texts: list[str] = []
        year = None
        for value in values:
            moment = fmt.in_zone(datetime.fromtimestamp(value, UTC))
            if spacing < _DAY_S and (moment.hour or moment.minute):
                texts.append(f"{moment:%H:%M}")
                continue
            is_new_year = year is not None and moment.year != year
            year = moment.year
            texts.append(f"{moment.day} {moment:%b %y}" if is_new_year else _day(moment))
        return texts


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}"


def _offset_s(at_s: float) -> float:
    offset = fmt.in_zone(datetime.fromtimestamp(at_s, UTC)).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()
