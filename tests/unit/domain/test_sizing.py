"""The sizes that a key may choose, as they are written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.domain.sizing import SizeKind, SizePreset, parse_size, units


@pytest.mark.parametrize(
    ("text", "kind", "amount", "written"),
    [
        ("100", SizeKind.UNITS, "100", "100"),
        (" 0.5 ", SizeKind.UNITS, "0.5", "0.5"),
        ("$5000", SizeKind.MONEY, "5000", "$5000"),
        ("$ 12.50", SizeKind.MONEY, "12.5", "$12.5"),
        ("10%", SizeKind.BUYING_POWER, "10", "10%"),
        ("100 %", SizeKind.BUYING_POWER, "100", "100%"),
        ("risk 50", SizeKind.RISK, "50", "risk $50"),
        ("Risk $ 50", SizeKind.RISK, "50", "risk $50"),
    ],
)
def test_what_is_written_is_what_is_meant(
    text: str, kind: SizeKind, amount: str, written: str
) -> None:
    size = parse_size(text)
    assert size == SizePreset(kind, Decimal(amount))
    assert str(size) == written
    assert parse_size(str(size)) == size


@pytest.mark.parametrize(
    "text",
    ["", "0", "$0", "-5", "101%", "0%", "$10%", "risk 5%", "risk", "1e5", "5 $", "NaN", "1,000"],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_size(text)


def test_units_are_the_plain_number() -> None:
    assert (str(units(100)), units(100)) == ("100", parse_size("100"))
