"""The tables of journal.db and the checksum that runs through its events."""

from __future__ import annotations

import sqlite3
import zlib

from app.store.migrations import Schema


def _version_1(connection: sqlite3.Connection) -> None:
    """Events in order, the audit trail, and small durable state."""
    connection.execute(
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, recorded_at TEXT NOT NULL,"
        " kind TEXT NOT NULL, connection_id TEXT NOT NULL, client_order_id TEXT NOT NULL,"
        " payload TEXT NOT NULL, chain INTEGER NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE audit (seq INTEGER PRIMARY KEY, recorded_at TEXT NOT NULL,"
        " kind TEXT NOT NULL, connection_id TEXT NOT NULL, text TEXT NOT NULL,"
        " fields TEXT NOT NULL)"
    )
    connection.execute("CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL)")


def _version_2(connection: sqlite3.Connection) -> None:
    """What the trader wrote: every version of every note, the newest counts."""
    connection.execute(
        "CREATE TABLE notes (seq INTEGER PRIMARY KEY, recorded_at TEXT NOT NULL,"
        " subject TEXT NOT NULL, note TEXT NOT NULL)"
    )


JOURNAL = Schema(
    title="order journal",
    application_id=0x4D4F474A,  # "MOGJ"
    migrations=(_version_1, _version_2),
    remedy=(
        "Restore it from a backup, or move it aside together with its -wal and -shm files: Moorgate"
        " then starts a new one and reads orders, fills and positions from the brokers again"
    ),
)


def chained(before: int, *columns: str | int) -> int:
    """The checksum of one event: over its columns and the checksum of the event before it.

    A changed, missing or swapped row breaks it. CRC-32 finds damage, not forgery.
    """
    text = "\x1f".join(map(str, columns))
    return zlib.crc32(text.encode("utf-8", "surrogatepass"), before)
