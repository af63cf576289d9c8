"""What is open, in rows: values where they are known, never a sum that hides what is not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from app.commands.exits import order_line, position_line
from app.commands.open_list import OpenList, OpenRow, OpenSum, order_row, position_row
from app.domain.order_types import Side
from tests.unit.commands.test_exits import position, stop


def held(
    quantity: str, mark: str | None, currency: str = "USD", *, is_paper: bool = True
) -> OpenRow:
    view = position(quantity, "100", None)
    view = replace(
        view,
        mark=None if mark is None else Decimal(mark),
        instrument=replace(view.instrument, currency=currency, multiplier=Decimal(2)),
    )
    return position_row(view, position_line(view), is_paper=is_paper)


def test_a_position_is_worth_its_mark_with_its_sign_and_its_multiplier() -> None:
    row = held("-25", "99.5")
    assert (row.side, row.quantity, row.value, row.currency) == (
        "short",
        Decimal(25),
        Decimal("-4975.0"),
        "USD",
    )
    [text, total] = OpenList((row,))
    assert text == "Position: short 25 SPY, P1 at paper (PAPER), value -4,975.00 USD"
    assert total == "All positions in USD: -4,975.00"


def test_without_a_mark_the_value_is_not_known_and_the_sum_says_so() -> None:
    listed = OpenList((held("10", "50"), held("10", None), held("1", "7", "EUR")))
    assert listed.sums == [
        OpenSum("EUR", Decimal(14), 0),
        OpenSum("USD", Decimal(1000), 1),
    ]
    assert listed[1].endswith("value not known")
    assert listed[-1] == "All positions in USD: 1,000.00, and 1 of unknown value"


def test_what_is_not_proved_to_be_paper_is_live() -> None:
    assert held("1", "1", is_paper=False).mode == "LIVE"
    order = stop(Side.SELL, "99.5")
    row = order_row(order, order_line(order), is_paper=False)
    assert (row.kind, row.value, row.terms) == ("Order", None, "stop 99.50, Working")
    assert OpenList((row,))[:] == ("Order: sell 100 SPY stop 99.50, Working, P1 at paper (LIVE)",)


def test_a_doubtful_position_says_so_and_nothing_open_is_no_line() -> None:
    doubtful = replace(position("5", "100", None), is_verified=False, mark=None)
    assert position_row(doubtful, "", is_paper=True).terms == "not verified"
    assert len(OpenList(())) == 0
    assert list(OpenList(())) == []
