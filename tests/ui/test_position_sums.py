"""Sums over positions: never two currencies, never real and paper money, doubts by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.domain.events import PositionView
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.ui.models.grouping import GroupLine
from app.ui.models.position_sums import Money, position_groupings, total_lines
from tests.doubles.clock import START

D = Decimal
SPY = Instrument("SPY", AssetClass.EQUITY, "USD")
SAP = Instrument("SAP", AssetClass.EQUITY, "EUR")
PAPER, LIVE = ConnectionId("paper"), ConnectionId("live-one")
RATES = {("EUR", "USD"): D("1.25")}


def _convert(amount: Decimal, base: str, quoted: str, where: ConnectionId) -> Decimal | None:
    rate = D(1) if base == quoted else RATES.get((base, quoted))
    return None if rate is None else amount * rate


def _no_rates(amount: Decimal, base: str, quoted: str, where: ConnectionId) -> Decimal | None:
    return amount if base == quoted else None


def _mode(where: ConnectionId) -> str:
    return "PAPER" if where == PAPER else "LIVE"


MONEY = Money(lambda: "USD", _convert, _mode)
WITHOUT_RATES = replace(MONEY, convert=_no_rates)


def _view(instrument: Instrument = SPY, quantity: int = 10, **changes: Any) -> PositionView:
    stands: dict[str, Any] = {
        "connection_id": PAPER,
        "account_id": AccountId("A1"),
        "average_price": D(100),
        "mark": D(101),
        "unrealized": D(quantity),
        "realized": D(-1),
        "verified_at": START,
        "is_verified": True,
        **changes,
    }
    return PositionView(instrument=instrument, quantity=D(quantity), **stands)


def _texts(line: GroupLine) -> dict[str, str]:
    return {name: cell[0] for name, cell in line.cells.items()}


def _by(name: str, views: Sequence[PositionView], money: Money = MONEY) -> list[GroupLine]:
    grouping = next(g for g in position_groupings(money) if g.id == name)
    assert len({grouping.of(view) for view in views}) == 1
    return list(grouping.lines(views))


def test_one_currency_has_one_line() -> None:
    [line] = total_lines([_view(), _view(quantity=-4)], MONEY)
    assert line.label == "Total USD"
    assert _texts(line) == {
        "unrealized": "+6.00", "realized": "−2.00", "gross": "−2.00", "fees": "0.00",
        "value": "606.00", "currency": "USD",
    }  # fmt: skip


def test_several_currencies_are_summed_only_by_known_rates() -> None:
    views = [_view(), _view(SAP, 8)]
    lines = total_lines(views, MONEY)
    assert [line.label for line in lines] == ["Total EUR", "Total USD", "Total in USD"]
    assert _texts(lines[2])["unrealized"] == "≈ +20.00"
    assert "converted into USD" in lines[2].tooltips[""]
    lines = total_lines(views, WITHOUT_RATES)
    assert [line.label for line in lines] == ["Total EUR", "Total USD", "Total, no rate for EUR"]
    figures = dict.fromkeys(("unrealized", "realized", "gross", "fees", "value"), "—")
    assert _texts(lines[2]) == {"currency": "USD", **figures}
    assert lines[2].tooltips["value"] == "No sum in USD: the rate of EUR is not known"


def test_real_and_paper_money_are_never_in_one_sum() -> None:
    lines = total_lines([_view(), _view(connection_id=LIVE)], MONEY)
    assert [line.label for line in lines] == ["LIVE total USD", "PAPER total USD"]
    groupings = {g.id: g for g in position_groupings(MONEY)}
    by_symbol = groupings["symbol"]
    assert by_symbol.of(_view()) != by_symbol.of(_view(connection_id=LIVE))


def test_doubts_are_named_and_unknown_prices_leave_a_dash() -> None:
    doubtful = _view(is_verified=False)
    unpriced = _view(quantity=1, mark=None, unrealized=None)
    [line] = total_lines([_view(), doubtful, unpriced], MONEY)
    assert line.label == "Total USD, ⚠ 1 unverified, 1 without a price"
    assert _texts(line)["value"] == "—"
    assert _texts(line)["verified"] == "⚠ 1 unverified"
    assert line.cells["realized"][2] is not None


def test_a_symbol_nets_over_accounts_where_it_is_one_instrument() -> None:
    other = AccountId("B2")
    [line] = _by("symbol", [_view(), _view(quantity=-10, account_id=other)])
    assert line.label == "SPY PAPER · 2"
    assert _texts(line)["quantity"] == "0"
    future = Instrument("SPY", AssetClass.FUTURE, "USD")
    [line] = _by("symbol", [_view(), _view(future, 5)])
    assert _texts(line)["quantity"] == "—"


def test_an_account_in_several_currencies_has_a_line_for_each() -> None:
    lines = _by("account", [_view(), _view(SAP, 8)])
    assert [line.label for line in lines] == ["A1 at paper PAPER · 2 in USD", "EUR", "USD"]
    assert "quantity" not in lines[0].cells
    lines = _by("account", [_view(), _view(SAP, 8)], WITHOUT_RATES)
    assert lines[0].label == "A1 at paper PAPER · 2, no rate for EUR"
    assert lines[0].values == {}


def test_what_is_flat_and_priceless_does_not_spoil_a_sum() -> None:
    flat = _view(quantity=0, mark=None, unrealized=None, is_verified=False)
    [line] = total_lines([_view(), flat], MONEY)
    assert line.label == "Total USD"
    assert _texts(line)["value"] == "1\u202f010.00"


def test_a_fee_in_another_currency_counts_there() -> None:
    view = _view(realized=D(7), fees=(("EUR", D(2)), ("USD", D(3))))
    assert (view.own_fees, view.gross) == (D(3), D(10))
    euros, dollars, whole = total_lines([view], MONEY)
    assert (euros.label, dollars.label) == ("Total EUR", "Total USD")
    assert (_texts(euros)["gross"], _texts(euros)["fees"]) == ("0.00", "2.00")
    assert _texts(euros)["realized"] == "−2.00"
    assert (_texts(dollars)["gross"], _texts(dollars)["realized"]) == ("+10.00", "+7.00")
    assert (_texts(whole)["fees"], _texts(whole)["realized"]) == ("≈ 5.50", "≈ +4.50")
    lines = total_lines([view], WITHOUT_RATES)
    assert lines[-1].label == "Total, no rate for EUR"


def test_the_base_currency_has_a_total_even_where_nothing_is_traded_in_it() -> None:
    assert [line.label for line in total_lines([_view(SAP)], MONEY)] == [
        "Total EUR", "Total in USD",
    ]  # fmt: skip
    whole = total_lines([_view(SAP)], WITHOUT_RATES)[-1]
    assert whole.tooltips[""] == "No sum in USD: the rate of EUR is not known"
    flat = _view(SAP, 0, realized=D(0))  # nothing of it needs a rate
    assert _texts(total_lines([_view(), flat], WITHOUT_RATES)[-1])["realized"] == "≈ −1.00"


def test_profit_of_which_a_part_is_not_known_is_marked() -> None:
    [line] = total_lines([_view(), _view(is_realized_known=False)], MONEY)
    assert line.label == "Total USD, ⚠ 1 of unknown cost"
    assert (_texts(line)["realized"], _texts(line)["gross"]) == ("−2.00*", "−2.00*")
    assert _texts(line)["unrealized"] == "+20.00"
