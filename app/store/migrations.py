"""Opening a database of ours: refused when newer, foreign or damaged, else brought up to date.

The schema version is PRAGMA user_version. Before anything is written the file is looked at through
a read-only connection, which neither checkpoints nor rolls back what a crash left behind.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.base.errors import StoreError

Migration = Callable[[sqlite3.Connection], None]
_MAGIC = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Schema:
    """One kind of database file.

    `migrations[n]` brings version n to n + 1. `application_id` tells our files from others.
    `remedy` says how to go on without the file; `check_pages` reads every page at each opening.
    """

    title: str
    application_id: int
    migrations: Sequence[Migration]
    remedy: str
    check_pages: bool = True

    @property
    def version(self) -> int:
        """The newest version, the one this program works with."""
        return len(self.migrations)


def open_writable(path: Path, schema: Schema, patience_s: float = 5) -> sqlite3.Connection:
    """A connection for writing, WAL and synchronous=FULL, at the newest version.

    `patience_s` is how long it waits for another program that holds the file.

    It may be used from any one thread at a time. Raises StoreError, with the file as it was, when
    it is damaged, foreign, newer, or cannot be written.
    """
    inspect_file(path, schema, patience_s, is_alone=True)
    try:
        _create_private(path)
        connection = sqlite3.connect(
            path, timeout=patience_s, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise unreadable(path, schema, error) from error
    try:
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
        connection.execute("PRAGMA synchronous=FULL")
        _migrate(connection, schema)
    except sqlite3.Error as error:
        connection.close()
        raise unreadable(path, schema, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def open_readable(path: Path, schema: Schema) -> sqlite3.Connection:
    """A read-only connection, also beside a writer in another process.

    Raises StoreError when there is no such file, or it is damaged, foreign, newer or older.
    """
    version = inspect_file(path, schema)
    if version == 0:
        raise StoreError(f"there is no {schema.title} at {path} yet; start Moorgate once")
    if version < schema.version:
        raise StoreError(
            f"the {schema.title} {path} is from an older Moorgate (version {version}, this one"
            f" needs {schema.version}); start the window once, it brings the file up to date"
        )
    return connect_read_only(path)


def inspect_file(
    path: Path, schema: Schema, patience_s: float = 5, *, is_alone: bool = False
) -> int:
    """The version of the file, 0 for one that is still to be made; writes nothing into it.

    With `is_alone`, the promise that no other program writes it now, it leaves no trace at all.
    Raises StoreError for a file that this program must not touch.
    """
    try:
        if _size(path) == 0:
            if _size(_log_of(path)) > 0:
                what = f"it is empty although {_log_of(path).name} holds its changes"
                raise _damaged(path, schema, what)
            return 0
        with path.open("rb") as stream:
            magic = stream.read(len(_MAGIC))
        if magic != _MAGIC:
            raise _damaged(path, schema, "it does not begin as a database does")
        with closing(connect_read_only(path, patience_s, is_alone=is_alone)) as connection:
            return _inspect(connection, path, schema)
    except (OSError, sqlite3.Error) as error:
        raise unreadable(path, schema, error) from error


def connect_read_only(
    path: Path, patience_s: float = 5, *, is_alone: bool = False
) -> sqlite3.Connection:
    """A read-only connection without any check of the file. Raises sqlite3.Error."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    if not _size(_log_of(path)) and (is_alone or not _is_writable(path.parent)):
        # Nobody writes: no need for the index that readers and writers share, which would be left
        # behind, or could not be made in a folder that is read-only.
        address += "&immutable=1"
    return sqlite3.connect(address, uri=True, timeout=patience_s, check_same_thread=False)


def unreadable(path: Path, schema: Schema, error: Exception) -> StoreError:
    """The error for what SQLite could not do: the system's fault, or the file's own."""
    # Its subclasses are about the system (OperationalError) or our own mistakes.
    if type(error) is sqlite3.DatabaseError:
        return _damaged(path, schema, str(error))
    return StoreError(
        f"the {schema.title} {path} cannot be used ({error}); nothing was changed. Check"
        " free space and permissions of its folder, then start again"
    )


def _inspect(connection: sqlite3.Connection, path: Path, schema: Schema) -> int:
    version = int(_pragma(connection, "user_version"))
    application = int(_pragma(connection, "application_id"))
    tables = int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
    if version == 0 and application == 0 and tables == 0:
        return 0  # made, but never filled: the first start was cut off
    if application != schema.application_id:
        raise StoreError(
            f"{path} is a database of another program, not a {schema.title} of Moorgate; it was"
            " left as it is. Move it away, or start with another --home"
        )
    if version > schema.version:
        raise StoreError(
            f"the {schema.title} {path} was written by a newer Moorgate (version {version}, this"
            f" one knows {schema.version}); it was left as it is. Start the newer Moorgate, or"
            " start this one with another --home"
        )
    if schema.check_pages and (verdict := _pragma(connection, "quick_check(1)")) != "ok":
        raise _damaged(path, schema, str(verdict))
    return version


def _migrate(connection: sqlite3.Connection, schema: Schema) -> None:
    """Every missing step and the version it leads to are one transaction."""
    # Taken even when there is nothing to do: it fails at once where the file cannot be written.
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(_pragma(connection, "user_version"))
        if version < schema.version:
            for step in schema.migrations[version:]:
                step(connection)
            connection.execute(f"PRAGMA application_id={schema.application_id}")
            connection.execute(f"PRAGMA user_version={schema.version}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _create_private(path: Path) -> None:
    """Make the file ourselves: SQLite would let the whole group read it."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _pragma(connection: sqlite3.Connection, name: str) -> int | str:
    answer: int | str = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return answer


def _damaged(path: Path, schema: Schema, what: str) -> StoreError:
    return StoreError(
        f"the {schema.title} {path} is damaged ({what}); it was left as it is. {schema.remedy}"
    )
