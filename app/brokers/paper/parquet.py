"""Parquet files of bars or ticks. pyarrow is imported here and nowhere else, when one is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from app.base.errors import UserError
from app.brokers.paper.columns import roles_by_name
from app.brokers.paper.recording import Floats
from app.brokers.paper.table import NOTHING_LOADED, refusal
from app.brokers.paper.timestamps import epoch_numbers, to_epoch_s

_TEXT_ROLES = ("side", "buyer_maker", "symbol")


def read_parquet(path: Path, zone: str) -> tuple[Floats, dict[str, Floats], dict[str, list[str]]]:
    """UTC epoch seconds, numbers by role, texts by role. Raises UserError in words."""
    table = _load(path)
    if table.num_rows == 0:
        raise UserError(f"{path.name}: the file holds no rows. {NOTHING_LOADED}")
    names = list(table.column_names)
    first = [str(table.column(i)[0].as_py()) for i in range(len(names))]
    roles = roles_by_name(names, first)
    if roles is None:
        raise UserError(
            f"{path.name}: no market data among the columns {', '.join(names)}. {NOTHING_LOADED}"
        )
    at_s = _times(path, table.column(roles["time"]), zone)
    numbers = {
        role: _numbers(path, names[index], table.column(index))
        for role, index in roles.items()
        if role not in (*_TEXT_ROLES, "time", "clock")
    }
    texts = {
        role: [str(value) for value in table.column(roles[role]).to_pylist()]
        for role in _TEXT_ROLES
        if role in roles
    }
    return at_s, numbers, texts


def _load(path: Path) -> Any:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise UserError(
            f"{path.name}: reading Parquet needs the package pyarrow: install it with"
            f" pip install 'moorgate[parquet]', or save the data as CSV. {NOTHING_LOADED}"
        ) from None
    try:
        return parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError(
            f"{path.name}: no readable Parquet file ({error}). {NOTHING_LOADED}"
        ) from error


def _times(path: Path, column: Any, zone: str) -> Floats:
    import pyarrow

    kind = column.type
    if column.null_count:
        raise refusal(path, "time column", "a time is missing")
    if pyarrow.types.is_timestamp(kind) or pyarrow.types.is_date(kind):
        cells = column.cast(pyarrow.timestamp("us", tz=getattr(kind, "tz", None)))
        whole = np.asarray(cells.cast(pyarrow.int64()).to_numpy(), dtype=np.int64)
        seconds = np.asarray(whole / 1e6, dtype=np.float64)
        if getattr(kind, "tz", None) is not None or zone.upper() == "UTC":
            return seconds
        return to_epoch_s([str(np.datetime64(int(us), "us")) for us in whole], zone)
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind):
        return epoch_numbers(np.asarray(column.to_numpy(), dtype=np.float64))
    try:
        return to_epoch_s([str(value) for value in column.to_pylist()], zone)
    except ValueError as error:
        raise refusal(path, "time column", f"unreadable time ({error})") from None


def _numbers(path: Path, name: str, column: Any) -> Floats:
    import pyarrow

    try:
        values = np.asarray(column.cast(pyarrow.float64()).to_numpy(), dtype=np.float64)
    except pyarrow.ArrowException as error:
        raise refusal(path, f"column {name!r}", f"no numbers ({error})") from None
    bad = ~np.isfinite(values)
    if bad.any():
        raise refusal(path, f"row {int(np.argmax(bad)) + 1}", f"{name!r} is missing or no number")
    return values
