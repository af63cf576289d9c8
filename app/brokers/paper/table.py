"""A delimited text file as lines, with every complaint naming file and line."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.base.errors import UserError
from app.brokers.paper.columns import is_header
from app.brokers.paper.recording import Floats

_DELIMITERS = (",", ";", "\t", "|")
NOTHING_LOADED = "Nothing was loaded; what was replayed before goes on."


def refusal(path: Path, where: int | str, what: str) -> UserError:
    """The error for a file that cannot be used; `where` is a line number or a word like "row 3"."""
    place = f"{path.name}:{where}" if isinstance(where, int) else f"{path.name}, {where}"
    return UserError(f"{place}: {what}. {NOTHING_LOADED}")


def read_text(path: Path) -> str:
    """The whole text of a file, unpacked when it is gzip. Raises UserError, saying what is odd."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}. {NOTHING_LOADED}") from error
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except EOFError:
            raise UserError(
                f"{path.name}: the gzip file ends too early, so it was cut off while it was copied"
                f" or downloaded; get it again. {NOTHING_LOADED}"
            ) from None
        except (OSError, zlib.error) as error:
            raise UserError(f"{path.name}: damaged gzip file ({error}). {NOTHING_LOADED}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(
            f"{path.name}: this is no text; a CSV (also .gz) or a Parquet file is wanted."
            f" {NOTHING_LOADED}"
        ) from None
    if not text.strip():
        raise UserError(f"{path.name}: the file is empty. {NOTHING_LOADED}")
    return text


class Table:
    """Rows of one CSV text. Numbers are read in bulk; only a complaint walks line by line."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        lines = text.splitlines()
        self._lines = lines if "" not in lines else [line for line in lines if line.strip()]
        self._all_lines = lines
        self.delimiter = _delimiter(self._lines[0])
        self._is_quoted = '"' in text
        first = self.cells(0)
        self.names = first if is_header(first) else None
        self._first = 1 if self.names is not None else 0
        if len(self) == 0:
            raise UserError(f"{path.name}: there is a header and no data. {NOTHING_LOADED}")

    def __len__(self) -> int:
        return len(self._lines) - self._first

    def cells(self, line_index: int) -> list[str]:
        """The cells of one non-empty line, the header included."""
        return next(csv.reader([self._lines[line_index]], delimiter=self.delimiter))

    def row(self, row: int) -> list[str]:
        """The cells of one row of data."""
        return self.cells(self._first + row)

    def line_of(self, row: int) -> int:
        """The 1-based line of the file that row stands on."""
        numbers = [n for n, line in enumerate(self._all_lines, 1) if line.strip()]
        return numbers[self._first + row]

    def name_of(self, column: int) -> str:
        """What to call a column in a message."""
        name = self.names[column] if self.names is not None else ""
        return repr(name) if name else f"column {column + 1}"

    def texts(self, column: int) -> list[str]:
        """One column as it stands. Raises UserError for a row that is too short."""
        lines = self._lines[self._first :]
        try:
            if self._is_quoted:
                return [row[column] for row in csv.reader(lines, delimiter=self.delimiter)]
            if column == 0:
                return [line.partition(self.delimiter)[0] for line in lines]
            return [line.split(self.delimiter, column + 1)[column] for line in lines]
        except IndexError:
            raise self._explain([column]) from None

    def numbers(self, columns: Sequence[int], rows: int | None = None) -> Floats:
        """Columns as float64, one row each. Raises UserError with the line that is wrong."""
        last = None if rows is None else self._first + rows
        try:
            found = np.loadtxt(
                self._lines[self._first : last],
                delimiter=self.delimiter,
                usecols=columns,
                comments=None,
                quotechar='"',
                ndmin=2,
            )
        except ValueError:
            raise self._explain(columns) from None
        bad = np.argwhere(~np.isfinite(found))
        if len(bad):
            row, which = int(bad[0][0]), columns[int(bad[0][1])]
            value = self.row(row)[which]
            raise refusal(
                self.path, self.line_of(row), f"{self.name_of(which)} is no number: {value!r}"
            )
        return found

    def _explain(self, columns: Sequence[int]) -> UserError:
        """The first row that cannot be read, in words."""
        for row in range(len(self)):
            cells = self.row(row)
            for column in columns:
                if column >= len(cells):
                    what = (
                        f"the line ends early with {len(cells)} cells, {self.name_of(column)} is"
                        " missing; the file may have been cut off"
                    )
                    return refusal(self.path, self.line_of(row), what)
                try:
                    float(cells[column])
                except ValueError:
                    what = f"{self.name_of(column)} is no number: {cells[column]!r}"
                    return refusal(self.path, self.line_of(row), what)
        return refusal(self.path, self.line_of(0), "the rows cannot be read as a table")


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)
