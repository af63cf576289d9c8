"""Opening a file of bars or ticks: CSV, plain or gzip, or Parquet. Refused whole or taken whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.base.errors import UserError
from app.brokers.paper.checks import check
from app.brokers.paper.columns import BAR_ROLES, Roles, roles_by_content, roles_by_name
from app.brokers.paper.parquet import read_parquet
from app.brokers.paper.recording import Floats, Recording, TickColumns, price_grid, size_grid
from app.brokers.paper.table import NOTHING_LOADED, Table, read_text, refusal
from app.brokers.paper.timestamps import KNOWN_FORMS, to_epoch_s
from app.domain.bars import BarSeries

_WORD_ROLES = ("side", "buyer_maker", "symbol")
_TEXT_ROLES = ("time", "clock", *_WORD_ROLES)
_BUYS, _SELLS = ("b", "buy", "bid", "1", "+1"), ("s", "sell", "ask", "-1")


def open_recording(path: Path, zone: str = "UTC") -> Recording:
    """Read `path` and check every row. Blocking: call it in a thread of its own.

    `zone` is the IANA zone of times that name none. Raises UserError with file, line and what is
    wrong; nothing is taken of a file with a single bad row.
    """
    if path.name.lower().endswith((".parquet", ".pq")):
        at_s, numbers, texts = read_parquet(path, zone)
        check(path, at_s, numbers, lambda row: f"row {row + 1}")
    else:
        table = Table(path, read_text(path))
        at_s, numbers, texts = _read_table(table, zone)
        check(path, at_s, numbers, table.line_of)
    symbols = set(texts.get("symbol", ()))
    if len(symbols) > 1:
        raise UserError(
            f"{path.name}: holds {len(symbols)} symbols ({', '.join(sorted(symbols)[:3])} ...);"
            f" one file is one instrument, so split it first. {NOTHING_LOADED}"
        )
    symbol = next(iter(symbols), "") or path.name.split(".")[0].split("_")[0]
    return _recording(path, symbol.replace("/", "").upper(), at_s, numbers, texts)


def _read_table(table: Table, zone: str) -> tuple[Floats, dict[str, Floats], dict[str, list[str]]]:
    roles = _roles(table)
    if roles is None:
        found = ", ".join(table.names or table.row(0))[:120]
        raise UserError(
            f"{table.path.name}: found no time with open, high, low, close, with bid, ask or with"
            f" price among the columns ({found}). {NOTHING_LOADED}"
        )
    wanted = [role for role in roles if role not in _TEXT_ROLES]
    columns = table.numbers([roles[role] for role in wanted])
    numbers = {role: np.ascontiguousarray(columns[:, i]) for i, role in enumerate(wanted)}
    texts: dict[str, list[str]] = {
        role: table.texts(roles[role]) for role in _WORD_ROLES if role in roles
    }
    return _times(table, roles, zone), numbers, texts


def _roles(table: Table) -> Roles | None:
    first_row = table.row(0)
    if table.names is not None:
        return roles_by_name(table.names, first_row)
    if len(first_row) < 3:
        return None
    return roles_by_content(first_row, table.numbers(range(1, len(first_row)), rows=200))


def _times(table: Table, roles: Roles, zone: str) -> Floats:
    cells = table.texts(roles["time"])
    if "clock" in roles:
        clock = table.texts(roles["clock"])
        cells = [f"{day} {time}" for day, time in zip(cells, clock, strict=True)]
    try:
        return to_epoch_s(cells, zone)
    except (ValueError, OverflowError):
        raise _bad_time(table, cells) from None


def _bad_time(table: Table, cells: Sequence[str]) -> UserError:
    for row, cell in enumerate(cells):
        try:
            to_epoch_s([cells[0], cell])
        except (ValueError, OverflowError):
            what = f"{cell!r} is no time that can be read; known are {KNOWN_FORMS}"
            return refusal(table.path, table.line_of(row), what)
    return refusal(table.path, table.line_of(0), "the times cannot be read")


def _recording(
    path: Path,
    symbol: str,
    at_s: Floats,
    numbers: Mapping[str, Floats],
    texts: Mapping[str, Sequence[str]],
) -> Recording:
    if "open" in numbers:
        o, h, low, c = (numbers[role] for role in BAR_ROLES)
        volume = numbers.get("volume", np.zeros(len(at_s)))
        bars = BarSeries(at_s.astype(np.int64), o, h, low, c, volume)
        tick, step = price_grid(np.concatenate([o, h, low, c])), size_grid(volume[volume > 0])
        return Recording(path, symbol, tick, step, bars=bars, bar_s=_bar_s(bars))
    empty = np.full(len(at_s), np.nan)
    bid, ask = numbers.get("bid", empty), numbers.get("ask", empty)
    bid_size, ask_size = numbers.get("bid_size", empty), numbers.get("ask_size", empty)
    price, size = numbers.get("price", empty), numbers.get("size", empty)
    aggressor = _aggressor(texts, len(at_s))
    ticks = TickColumns(at_s, bid, ask, bid_size, ask_size, price, size, aggressor)
    tick = price_grid(np.concatenate([price, bid, ask]))
    step = size_grid(np.concatenate([size, bid_size, ask_size]))
    return Recording(path, symbol, tick, step, ticks=ticks)


def _bar_s(bars: BarSeries) -> int:
    """The length of a bar: the commonest distance between two, a minute for a single one."""
    if len(bars) < 2:
        return 60
    steps, counts = np.unique(np.diff(bars.start_s), return_counts=True)
    return max(1, int(steps[np.argmax(counts)]))


def _aggressor(texts: Mapping[str, Sequence[str]], length: int) -> NDArray[np.int8]:
    if "buyer_maker" in texts:
        # The buyer was resting, so the seller crossed.
        signs = [-1 if _is_true(cell) else 1 for cell in texts["buyer_maker"]]
    elif "side" in texts:
        signs = [_sign(cell.strip().lower()) for cell in texts["side"]]
    else:
        signs = [0] * length
    return np.array(signs, dtype=np.int8)


def _is_true(cell: str) -> bool:
    return cell.strip().lower() in ("true", "1", "t", "yes")


def _sign(word: str) -> int:
    return 1 if word in _BUYS else -1 if word in _SELLS else 0
