"""Bars that were fetched once, and which stretches of time they cover."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from app.base.errors import StoreError
from app.domain.bars import BarSeries, Floats
from app.domain.ids import InstrumentKey
from app.domain.market import Timeframe
from app.store.migrations import Schema, open_readable, open_writable, unreadable

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
Span = tuple[int, int]


def _version_1(connection: sqlite3.Connection) -> None:
    """Series by name, bars and covered spans by series."""
    connection.execute(
        "CREATE TABLE series (id INTEGER PRIMARY KEY, source TEXT NOT NULL,"
        " instrument TEXT NOT NULL, timeframe TEXT NOT NULL,"
        " UNIQUE (source, instrument, timeframe))"
    )
    connection.execute(
        "CREATE TABLE bars (series INTEGER NOT NULL, start_s INTEGER NOT NULL, open REAL,"
        " high REAL, low REAL, close REAL, volume REAL, PRIMARY KEY (series, start_s))"
        " WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE covered (series INTEGER NOT NULL, start_s INTEGER NOT NULL,"
        " end_s INTEGER NOT NULL, PRIMARY KEY (series, start_s)) WITHOUT ROWID"
    )


HISTORY = Schema(
    title="bar history",
    application_id=0x4D4F4748,  # "MOGH"
    migrations=(_version_1,),
    remedy=(
        "Move it aside together with its -wal and -shm files: the bars are fetched from the brokers"
        " again as charts need them"
    ),
    check_pages=False,  # it may be large, and everything in it can be had again
)


class History:
    """Bars by source (a connection id: replay never mixes with live), instrument and timeframe.

    Times are UTC epoch seconds, spans are [start, end). Any thread; calls block, so the engine
    makes them through asyncio.to_thread. Every method raises StoreError when the file fails.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open or create `path`; `read_only` for exports beside an open window."""
        self._path = path
        opened = open_readable if read_only else open_writable
        self._connection = opened(path, HISTORY)
        self._lock = threading.Lock()

    def put(
        self,
        source: str,
        key: InstrumentKey,
        timeframe: Timeframe,
        bars: BarSeries,
        covered: Span,
    ) -> None:
        """Keep what a broker answered for the span `covered`: it replaces everything in it.

        Bars outside of the span are left out. All or nothing.
        """
        start_s, end_s = covered
        if start_s >= end_s:
            return
        inside = bars.between(start_s, end_s)

        def write(connection: sqlite3.Connection) -> None:
            series = _series_id(connection, source, key, timeframe, create=True)
            connection.execute(
                "DELETE FROM bars WHERE series = ? AND start_s >= ? AND start_s < ?",
                (series, start_s, end_s),
            )
            columns = (inside.open, inside.high, inside.low, inside.close, inside.volume)
            connection.executemany(
                "INSERT OR REPLACE INTO bars VALUES (?,?,?,?,?,?,?)",
                zip(
                    [series] * len(inside),
                    inside.start_s.tolist(),
                    *(column.tolist() for column in columns),
                    strict=True,
                ),
            )
            _cover(connection, series, start_s, end_s)

        self._run(lambda connection: _in_transaction(connection, write))

    def get(
        self, source: str, key: InstrumentKey, timeframe: Timeframe, start_s: int, end_s: int
    ) -> BarSeries:
        """The stored bars that start in [start_s, end_s), oldest first."""
        rows = self._run(
            lambda connection: connection.execute(
                "SELECT start_s, open, high, low, close, volume FROM bars"
                " WHERE series = ? AND start_s >= ? AND start_s < ? ORDER BY start_s",
                (_series_id(connection, source, key, timeframe), start_s, end_s),
            ).fetchall()
        )
        columns = list(zip(*rows, strict=True)) or [()] * 6

        def floats(column: int) -> Floats:
            # NULL is how SQLite keeps NaN; numpy reads None as NaN again.
            return np.array(columns[column], dtype=np.float64)

        starts = np.array(columns[0], dtype=np.int64)
        return BarSeries(starts, floats(1), floats(2), floats(3), floats(4), floats(5))

    def gaps(
        self, source: str, key: InstrumentKey, timeframe: Timeframe, start_s: int, end_s: int
    ) -> list[Span]:
        """The parts of [start_s, end_s) that were never put, oldest first."""
        spans = self._run(
            lambda connection: connection.execute(
                "SELECT start_s, end_s FROM covered WHERE series = ? AND end_s > ? AND start_s < ?"
                " ORDER BY start_s",
                (_series_id(connection, source, key, timeframe), start_s, end_s),
            ).fetchall()
        )
        found: list[Span] = []
        at = start_s
        for covered_from, covered_to in spans:
            if covered_from > at:
                found.append((at, covered_from))
            at = max(at, covered_to)
        if at < end_s:
            found.append((at, end_s))
        return found

    def clear(self) -> None:
        """Forget all bars and give their space back to the disk; charts fetch anew."""

        def write(connection: sqlite3.Connection) -> None:
            for table in ("bars", "covered", "series"):
                connection.execute(f"DELETE FROM {table}")

        def run(connection: sqlite3.Connection) -> None:
            _in_transaction(connection, write)
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        self._run(run)

    def series(self) -> list[tuple[str, InstrumentKey, Timeframe]]:
        """Everything that is stored, sorted: what an export can choose from."""
        rows = self._run(
            lambda connection: connection.execute(
                "SELECT source, instrument, timeframe FROM series"
            ).fetchall()
        )
        known = [(source, InstrumentKey(key), Timeframe(word)) for source, key, word in rows]
        return sorted(known, key=lambda s: (s[0], s[1], s[2].seconds))

    def to_frame(
        self, source: str, key: InstrumentKey, timeframe: Timeframe, start_s: int, end_s: int
    ) -> pd.DataFrame:
        """The same as `get`, as a frame indexed by UTC time. Imports pandas."""
        import pandas as pd

        bars = self.get(source, key, timeframe, start_s, end_s)
        index = pd.to_datetime(bars.start_s, unit="s", utc=True).rename("start")
        names = ("open", "high", "low", "close", "volume")
        return pd.DataFrame({name: getattr(bars, name) for name in names}, index=index)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                return work(self._connection)
            except sqlite3.ProgrammingError as error:
                raise StoreError(f"the bar history {self._path} is closed") from error
            except sqlite3.Error as error:
                raise unreadable(self._path, HISTORY, error) from error


def _in_transaction(
    connection: sqlite3.Connection, write: Callable[[sqlite3.Connection], None]
) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        write(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _series_id(
    connection: sqlite3.Connection,
    source: str,
    key: InstrumentKey,
    timeframe: Timeframe,
    *,
    create: bool = False,
) -> int:
    """The number of a series; 0, which none has, when there is none and none is to be made."""
    name = (source, key, timeframe.value)
    if create:
        connection.execute(
            "INSERT OR IGNORE INTO series (source, instrument, timeframe) VALUES (?,?,?)", name
        )
    row = connection.execute(
        "SELECT id FROM series WHERE source = ? AND instrument = ? AND timeframe = ?", name
    ).fetchone()
    return int(row[0]) if row else 0


def _cover(connection: sqlite3.Connection, series: int, start_s: int, end_s: int) -> None:
    """Add a span; spans that touch become one."""
    touching = "series = ? AND start_s <= ? AND end_s >= ?"
    place = (series, end_s, start_s)
    least, most = connection.execute(
        f"SELECT min(start_s), max(end_s) FROM covered WHERE {touching}", place
    ).fetchone()
    connection.execute(f"DELETE FROM covered WHERE {touching}", place)
    span = (start_s, end_s) if least is None else (min(start_s, least), max(end_s, most))
    connection.execute("INSERT INTO covered VALUES (?,?,?)", (series, *span))
