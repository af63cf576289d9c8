"""Texts and numbers that stand for moments, read into UTC epoch seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KNOWN_FORMS = "ISO 8601, YYYYMMDD HHMMSS[mmm], or epoch seconds, ms, us or ns"
_ISO = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)?$")
_ZONED = re.compile(r"\d{4}-\d{2}-\d{2}[T ][\d:.]+ ?(Z|UTC|[+-]\d{2}:?\d{2})$")
_COMPACT = re.compile(r"(\d{8})[ T_-]?(\d{4,6})?(\d{3})?$")
# The number of digits before the point tells the unit of an epoch time from 1973 to 5138.
_EPOCH = re.compile(r"(\d{9,11}|\d{12,14}|\d{15,17}|\d{18,20})(\.\d+)?$")
_EPOCH_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (float("inf"), 1e9))


def looks_like_time(text: str) -> bool:
    """Whether one cell can be read as a moment."""
    text = text.strip()
    return bool(_ISO.match(text) or _ZONED.match(text) or _is_compact(text) or _EPOCH.match(text))


def to_epoch_s(cells: Sequence[str], zone: str = "UTC") -> Floats:
    """UTC epoch seconds of every cell; the first cell decides the form of all.

    Times without a zone of their own are taken to be in `zone`. Raises ValueError when a cell
    does not follow the form of the first.
    """
    first = cells[0].strip()
    if _is_compact(first):
        return _localized(_iso(_compact(cells)), zone)
    if _EPOCH.match(first):
        return _epoch(np.array(cells, dtype=np.float64))
    if _ZONED.match(first):
        return _zoned(cells, first)
    if "/" in first or "." in first[:10]:
        cells = [c[:10].replace("/", "-").replace(".", "-") + c[10:] for c in cells]
    return _localized(_iso(cells), zone)


def epoch_numbers(values: Floats) -> Floats:
    """Epoch seconds of numbers in s, ms, us or ns; the size of the first decides."""
    return _epoch(values)


def _is_compact(text: str) -> bool:
    match = _COMPACT.match(text)
    return match is not None and match[1][:2] in ("19", "20") and "01" <= match[1][4:6] <= "12"


def _compact(cells: Sequence[str]) -> list[str]:
    found = []
    for cell in cells:
        match = _COMPACT.match(cell.strip())
        if match is None:
            raise ValueError(cell)
        day, time, milliseconds = match[1], (match[2] or "").ljust(6, "0"), match[3] or "000"
        found.append(
            f"{day[:4]}-{day[4:6]}-{day[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}.{milliseconds}"
        )
    return found


def _iso(cells: Sequence[str]) -> Floats:
    # Microseconds are the finest that float seconds can hold today.
    moments = np.array([cell.strip() for cell in cells], dtype="datetime64[us]")
    if np.isnat(moments).any():
        raise ValueError("a time is missing")
    return np.asarray(moments.astype(np.int64) / 1e6, dtype=np.float64)


def _epoch(values: Floats) -> Floats:
    divisor = next(unit for limit, unit in _EPOCH_UNITS if abs(values[0]) < limit)
    return np.asarray(values / divisor, dtype=np.float64)


def _zoned(cells: Sequence[str], first: str) -> Floats:
    suffix = next((s for s in ("+00:00", "Z", " UTC", "UTC", "+0000") if first.endswith(s)), "")
    if suffix and all(cell.rstrip().endswith(suffix) for cell in cells):
        return _iso([cell.rstrip()[: -len(suffix)] for cell in cells])
    return np.array([datetime.fromisoformat(c.strip()).timestamp() for c in cells], np.float64)


def _localized(local_s: Floats, zone: str) -> Floats:
    """From a zone's own wall time to UTC; offsets change on the quarter hour at the finest."""
    if zone.upper() == "UTC":
        return local_s
    info = ZoneInfo(zone)
    quarters, where = np.unique(local_s // 900.0, return_inverse=True)
    offsets = np.array([_offset_s(info, quarter * 900.0) for quarter in quarters])
    return np.asarray(local_s - offsets[where], dtype=np.float64)


def _offset_s(info: ZoneInfo, local_s: float) -> float:
    local = datetime.fromtimestamp(local_s, UTC).replace(tzinfo=info)
    offset = local.utcoffset()
    return 0.0 if offset is None else offset.total_seconds()
