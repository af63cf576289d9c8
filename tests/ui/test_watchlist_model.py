"""How a quote reads in the watchlist: fresh, stale, delayed, missing."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.domain.ids import ConnectionId, MarketKey
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import DataKind, Quote
from app.ui import format as fmt
from app.ui.models.columns import Column, Tint, arranged
from app.ui.models.watchlist import STALE_MARK, WatchColumns, WatchRow

ES = Instrument("ESH4", AssetClass.FUTURE, "USD", "E-mini", "CME", tick_size=Decimal("0.25"))
PAPER = ConnectionId("paper")
NAN = float("nan")


class Screen:
    """The columns at a moment that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.trouble: dict[MarketKey, str] = {}
        made = WatchColumns(lambda: self.now, 10.0, lambda key: self.trouble.get(key, ""))
        self.columns: dict[str, Column[WatchRow]] = {c.id: c for c in made.columns()}

    def text(self, column_id: str, row: WatchRow) -> str:
        return self.columns[column_id].text(row).replace(fmt.THIN_SPACE, " ")

    def color(self, column_id: str, row: WatchRow) -> str | None:
        color = self.columns[column_id].color
        assert color is not None
        return color(row)

    def tint(self, column_id: str, row: WatchRow) -> Tint | None:
        tint = self.columns[column_id].tint
        assert tint is not None
        return tint(row)


@pytest.fixture
def screen() -> Screen:
    return Screen()


def _row(flash: int = 0, **changes: Any) -> WatchRow:
    values: dict[str, Any] = {
        "bid": 5100.25,
        "ask": 5100.5,
        "bid_size": 12.0,
        "ask_size": 1500.0,
        "last": 5100.5,
        "at": datetime(2024, 3, 12, 14, 30, tzinfo=UTC),
        "received": 999.0,
        "kind": DataKind.REPLAY,
        "volume": 1_234_567.0,
        "previous_close": 5000.0,
        **changes,
    }
    return WatchRow(PAPER, ES, Quote(ES.key, **values), flash)


def test_a_fresh_quote_reads_as_it_is(screen: Screen) -> None:
    row = _row()
    texts = {name: screen.text(name, row) for name in screen.columns}
    assert texts["symbol"] == "ESH4"
    assert (texts["bid"], texts["ask"], texts["last"]) == ("5 100.25", "5 100.50", "5 100.50")
    assert (texts["change"], texts["change_percent"]) == ("+100.50", "+2.01 %")
    assert (texts["volume"], texts["age"], texts["data"]) == ("1.23M", "1 s", "REPLAY")
    assert (texts["high"], texts["close"]) == ("—", "5 000.00")
    assert screen.color("change", row) == "up"
    assert screen.color("data", row) == "warning"
    assert screen.tint("last", row) is None
    assert screen.color("data", _row(kind=DataKind.LIVE)) is None


def test_a_stale_quote_is_grey_shaded_and_says_so_in_words(screen: Screen) -> None:
    row = _row()
    screen.now = 1010.0
    assert screen.text("symbol", row) == f"{STALE_MARK} ESH4"
    assert screen.text("data", row) == "REPLAY, stale"
    assert screen.color("change", row) == screen.color("last", row) == "muted"
    assert screen.tint("bid", row) is not None
    tooltip = screen.columns["symbol"].tooltip
    assert tooltip is not None
    assert "11\u202fs old" in tooltip(row)


@pytest.mark.parametrize(
    ("changes", "change", "percent"),
    [
        ({"previous_close": NAN}, "—", "—"),
        ({"last": NAN}, "—", "—"),
        ({"previous_close": 0.0}, "+5 100.50", "—"),
        ({"last": 4999.75}, "−0.25", "−0.01 %"),
        ({"last": 5000.0}, "0.00", "0.00 %"),
    ],
)
def test_a_change_is_only_told_where_both_prices_are_known(
    screen: Screen, changes: dict[str, Any], change: str, percent: str
) -> None:
    row = _row(**changes)
    assert (screen.text("change", row), screen.text("change_percent", row)) == (change, percent)


def test_no_quote_is_dashes_and_trouble_is_told(screen: Screen) -> None:
    row = WatchRow(PAPER, ES)
    assert {screen.text(n, row) for n in ("bid", "ask", "last", "change", "volume", "age")} == {"—"}
    assert screen.text("data", row) == "no quote"
    screen.trouble[row.key] = "no subscription for CME data"
    assert screen.text("data", row) == "⚠ no data"
    tooltip = screen.columns["data"].tooltip
    assert tooltip is not None
    assert tooltip(row) == "no subscription for CME data"


def test_a_flash_shows_the_direction_and_ends(screen: Screen) -> None:
    assert screen.tint("last", _row(flash=1)) == Tint("up", 56)
    assert screen.tint("last", _row(flash=-1)) == Tint("down", 56)
    assert screen.tint("last", _row()) is None
    assert screen.tint("bid", _row(flash=1)) is None


def test_rows_sort_by_number_with_the_unknown_last(screen: Screen) -> None:
    rows = [_row(last=9.0), WatchRow(PAPER, ES), _row(last=10.0), _row(last=NAN)]
    by_last = arranged(rows, screen.columns["last"].value, descending=True)
    lasts = [row.quote.last if row.quote else None for row in by_last]
    assert lasts[:2] == [10.0, 9.0]
    assert all(last is None or math.isnan(last) for last in lasts[2:])
