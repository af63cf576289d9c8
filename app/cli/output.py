"""How the command line talks: results on standard output, trouble on standard error."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from pathlib import Path

from app.base.errors import StoreError
from app.base.paths import atomic_write

Cell = str | int | float | None
Row = dict[str, Cell]


class Exit(IntEnum):
    """What scripts may rely on."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NO_CONNECTION = 3


def say(text: str) -> None:
    """One line of result, out at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """One line of trouble."""
    if sys.stderr is not None:  # a Windows program without a console has none
        sys.stderr.write(f"moorgate: {text}\n")
        sys.stderr.flush()


def stop_talking() -> None:
    """The reader of our output has left: what is said from now on goes nowhere."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Columns side by side for people; an unknown value is a dash."""
    cells = [[_shown(row[name]) for name in columns] for row in rows]
    heads = [name.upper().replace("_", " ") for name in columns]
    widths = [max(len(line[n]) for line in [heads, *cells]) for n in range(len(columns))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in [heads, *cells]
    ]
    return "\n".join(lines)


def as_csv(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """RFC 4180 with a heading; an unknown value is an empty field."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def as_json(rows: Iterable[Row]) -> str:
    """One array, one record a line; an unknown value is null."""
    lines = [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows]
    return "[" + ",".join(f"\n  {line}" for line in lines) + "\n]\n"


def write(text: str, output: Path | None) -> None:
    """To standard output, or to a file that is replaced whole or not at all.

    Raises StoreError when the file cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    if output.is_dir():
        raise StoreError(f"{output} is a folder; name a file with --output")
    atomic_write(output, text, mode=0o644)


def _shown(cell: Cell) -> str:
    return "—" if cell is None or cell == "" else str(cell)
