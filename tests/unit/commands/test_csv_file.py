"""A table as a CSV file: full numbers, times in UTC, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import StoreError
from app.commands.csv_file import Sheet, cell_text, write_csv


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.00000012300"), "-0.00000012300"),
        (-2.5, "-2.5"),
        (7, "7"),
        (True, "true"),
        (False, "false"),
        (datetime(2024, 3, 12, 14, 30, 5, 123456, tzinfo=UTC), "2024-03-12T14:30:05.123Z"),
        (
            datetime(2024, 3, 12, 1, 0, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            "2024-03-11T19:30:00.000Z",
        ),
        ("plain words", "plain words"),
        ("a=b", "a=b"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
    ],
)
def test_a_value_is_written_so_that_it_is_read_back_and_never_run(value: Any, text: str) -> None:
    assert cell_text(value) == text


def _sheet(rows: list[tuple[Any, ...]]) -> Sheet:
    return Sheet("Orders", ("Name", "=Amount"), rows, lambda row: row)


def test_the_file_has_a_line_of_titles_and_every_row(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    write_csv(_sheet([("a, b\nc", Decimal("-1.50")), ('"q"', None)]), path)
    with path.open(newline="", encoding="utf-8") as stream:
        assert list(csv.reader(stream)) == [
            ["Name", "'=Amount"],
            ["a, b\nc", "-1.50"],
            ['"q"', ""],
        ]
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_told_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "orders.csv"
    with pytest.raises(StoreError, match="choose another place"):
        write_csv(_sheet([]), path)
    kept = tmp_path / "kept.csv"
    kept.write_text("old")
    (tmp_path / ".kept.csv.part").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        write_csv(_sheet([("a", 1)]), kept)
    assert kept.read_text() == "old"
