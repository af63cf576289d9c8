"""The words of a filter field and the rows that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from app.ui import format as fmt
from app.ui.models.columns import Column, Kind
from app.ui.models.row_filter import RowFilter, Term, Texts, parse


@dataclass(frozen=True)
class Line:
    name: str
    amount: Decimal
    secret: str = ""


COLUMNS = (
    Column[Line]("name", "Full name", lambda r: r.name, lambda r: r.name),
    Column[Line]("amount", "Amount", lambda r: r.amount, lambda r: fmt.money(r.amount),
                 Kind.NUMBER),
    Column[Line]("do", "Do", lambda r: "", lambda r: "Cancel", Kind.ACTION),
    Column[Line]("secret", "Secret", lambda r: r.secret, lambda r: r.secret, hidden=True),
)  # fmt: skip
SHOWN = [column for column in COLUMNS if not column.hidden]
LINES = [
    Line("Buy INDA", Decimal("-1234.5")),
    Line("Sell SPY", Decimal(20), "inda"),
    Line("Sell INDA 12:30", Decimal(5)),
]


def _found(text: str) -> list[str]:
    accepts = RowFilter(parse(text, COLUMNS), Texts(SHOWN), COLUMNS).accepts
    return [line.name for line in LINES if accepts(line)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("inda", ["Buy INDA", "Sell INDA 12:30"]),
        ("sell inda", ["Sell INDA 12:30"]),
        ("sell -inda", ["Sell SPY"]),
        ("name:spy", ["Sell SPY"]),
        ("fullname:spy", ["Sell SPY"]),
        ("-name:spy inda", ["Buy INDA", "Sell INDA 12:30"]),
        ("secret:inda", ["Sell SPY"]),
        ("12:30", ["Sell INDA 12:30"]),
        ("-1234.50", ["Sell SPY", "Sell INDA 12:30"]),
        ("1234.5", ["Buy INDA"]),
        ("amount:-1234", ["Buy INDA"]),
        ("cancel", []),
        ("  ", ["Buy INDA", "Sell SPY", "Sell INDA 12:30"]),
    ],
)
def test_words_choose_rows(text: str, names: list[str]) -> None:
    assert _found(text) == names


def test_a_name_that_is_no_column_belongs_to_the_word() -> None:
    assert parse("12:30 amount: -", COLUMNS) == (Term("12:30"), Term("-"))


def test_what_was_read_is_kept_for_the_row_it_was_read_from() -> None:
    texts = Texts(SHOWN)
    first = texts.of(LINES[0], with_numbers=True)
    assert first == "buyinda\n-1234.50"
    assert texts.of(LINES[0], with_numbers=True) is first
    assert texts.of(LINES[0], with_numbers=False) == "buyinda"
