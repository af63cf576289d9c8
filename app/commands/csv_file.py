"""What a table shows, as a CSV file that a spreadsheet opens without harm. Any thread."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.base.errors import StoreError

# A cell that begins so is taken for a formula and run (OWASP, "CSV Injection").
_RISKY = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to be written: `read` answers the values of a row, one for each of `titles`.

    `read` is called in the thread that writes; rows never change.
    """

    title: str
    titles: tuple[str, ...]
    rows: Sequence[Any]
    read: Callable[[Any], Sequence[Any]]
    hidden: int = 0  # rows that a filter keeps out

    def lines(self) -> Iterator[list[str]]:
        """Titles and rows as text."""
        yield [cell_text(title) for title in self.titles]
        for row in self.rows:
            yield [cell_text(value) for value in self.read(row)]


def cell_text(value: Any) -> str:
    """One value: numbers in full, moments as ISO 8601 in UTC, nothing for None.

    Words that a spreadsheet would run are led by an apostrophe; numbers are left alone.
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_RISKY) else text


def write_csv(sheet: Sheet, path: Path) -> None:
    """Write the whole file or leave what was there. Blocks. Raises StoreError with the reason."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\r\n").writerows(sheet.lines())
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise StoreError(
            f"{path} cannot be written ({error.strerror or error}): choose another place"
        ) from error
