"""How orders, executions, positions, balances and log lines read in their tables."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.base.log import LogLine
from app.domain import order_events as ev
from app.domain.events import AccountView, NoticeRaised, PositionView
from app.domain.ids import AccountId, ClientOrderId, ConnectionId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Origin, Side, TimeInForce
from app.domain.reports import AccountReport, Balance, Severity
from app.domain.request import OrderChange
from app.ui import format as fmt
from app.ui.models.accounts import account_columns, balance_rows
from app.ui.models.columns import Column, Tint
from app.ui.models.executions import execution_columns
from app.ui.models.log import LogFilter, log_columns, notice_line
from app.ui.models.orders import OrderRow, in_blotter_order, order_columns, status_words
from app.ui.models.position_sums import sums_by_currency
from app.ui.models.positions import market_value, position_columns
from tests.doubles.clock import START
from tests.doubles.orders import OWN, SPY, accepted, fill, filled, life, request, submitted

NOW = START + timedelta(minutes=5)
ES = Instrument("ESH4", AssetClass.FUTURE, "USD", tick_size=Decimal("0.25"), multiplier=Decimal(50))
ORDERS = {column.id: column for column in order_columns()}
POSITIONS = {column.id: column for column in position_columns(lambda: NOW)}
ACCOUNTS = {column.id: column for column in account_columns(lambda: NOW)}
FILLS = {column.id: column for column in execution_columns()}
LOG = {column.id: column for column in log_columns()}


def _texts(columns: dict[str, Column[Any]], row: Any) -> dict[str, str]:
    return {name: c.text(row).replace(fmt.THIN_SPACE, " ") for name, c in columns.items()}


def _tips(columns: dict[str, Column[Any]], name: str, row: Any) -> str:
    tooltip = columns[name].tooltip
    assert tooltip is not None
    return tooltip(row)


def _tint(columns: dict[str, Column[Any]], name: str, row: Any) -> Tint | None:
    tint = columns[name].tint
    assert tint is not None
    return tint(row)


# -- orders --------------------------------------------------------------------------------------


def test_a_partly_filled_order() -> None:
    texts = _texts(
        ORDERS, OrderRow(life(submitted(), accepted(), filled(40, price=Decimal("9.995"))))
    )
    assert (texts["symbol"], texts["side"], texts["type"], texts["tif"]) == (
        "SPY", "Buy", "Limit", "DAY",
    )  # fmt: skip
    assert (texts["quantity"], texts["filled"], texts["remaining"]) == ("100", "40", "60")
    assert (texts["limit"], texts["stop"], texts["average"]) == ("10.00", "", "9.9950")
    assert (texts["status"], texts["action"], texts["broker_id"]) == (
        "Partially filled", "Cancel", "7",
    )  # fmt: skip


def test_unknown_is_in_alarm_and_offers_resolve() -> None:
    lost = ev.OrderUnresolved(client_order_id=OWN, at=START, reason="no answer within 5 s")
    row = OrderRow(life(submitted(), lost))
    assert _texts(ORDERS, row)["status"] == "⚠ Unknown"
    assert row.action == "Resolve"
    assert _tint(ORDERS, "time", row) == Tint("alarm", 36)
    color = ORDERS["status"].color
    assert color is not None
    assert color(row) == "alarm"
    assert "may be live" in _tips(ORDERS, "status", row)


@pytest.mark.parametrize("status", list(OrderStatus))
def test_every_status_has_words_an_action_and_a_color(status: OrderStatus) -> None:
    row = OrderRow(replace(life(submitted(), accepted()), status=status))
    assert _texts(ORDERS, row)["status"].removeprefix("⚠ ") == status_words(status)
    expected = "Resolve" if status is OrderStatus.UNKNOWN else "Cancel" if status.is_open else ""
    assert row.action == expected
    color = ORDERS["status"].color
    assert color is not None
    assert color(row)


def test_words_of_a_status() -> None:
    assert status_words(OrderStatus.PARTIALLY_FILLED) == "Partially filled"
    assert status_words(OrderStatus.PENDING_CANCEL) == "Pending cancel"


def test_a_change_on_its_way_is_told_and_what_stands_stays() -> None:
    asked = ev.OrderReplaceRequested(
        client_order_id=OWN,
        at=START,
        change=OrderChange(quantity=Decimal(50), limit_price=Decimal("10.05")),
    )
    texts = _texts(ORDERS, OrderRow(life(submitted(), accepted(), asked)))
    assert (texts["quantity"], texts["limit"]) == ("100", "10.00")
    assert texts["reason"] == "changing quantity 100 to 50, limit 10.00 to 10.05"


def test_an_overfilled_order_is_an_alarm() -> None:
    row = OrderRow(life(submitted(), accepted(), filled(120)))
    texts = _texts(ORDERS, row)
    assert (texts["status"], texts["filled"]) == ("Filled", "⚠ 120")
    assert _tint(ORDERS, "status", row) is not None
    assert texts["reason"].startswith("filled more than asked for")


@pytest.mark.parametrize(
    ("terms", "stop"),
    [
        ({"order_type": OrderType.STOP, "stop_price": Decimal("9.5")}, "9.50"),
        ({"order_type": OrderType.TRAILING_STOP, "trail_amount": Decimal("0.5")}, "trail 0.50"),
        ({"order_type": OrderType.TRAILING_STOP, "trail_percent": Decimal("1.5")}, "trail 1.50 %"),
        ({"order_type": OrderType.MARKET}, ""),
    ],
)
def test_stops_and_trails(terms: dict[str, Any], stop: str) -> None:
    order = life(submitted(), of=request(limit_price=None, **terms))
    texts = _texts(ORDERS, OrderRow(order))
    assert (texts["stop"], texts["limit"]) == (stop, "")


def _made(name: str, seconds: float, status: OrderStatus, parent: Order | None = None) -> OrderRow:
    asked = request(
        client_order_id=ClientOrderId(name),
        parent_id=None if parent is None else parent.client_order_id,
    )
    made = replace(life(of=asked), status=status, created_at=START + timedelta(seconds=seconds))
    return OrderRow(made, parent)


def test_the_blotter_has_working_first_newest_on_top_children_below() -> None:
    parent = _made("parent", 10, OrderStatus.WORKING)
    rows = [
        _made("done", 99, OrderStatus.FILLED),
        _made("old", 1, OrderStatus.WORKING),
        parent,
        _made("stop", 10.2, OrderStatus.HELD, parent.order),
        _made("target", 10.1, OrderStatus.HELD, parent.order),
        _made("lost", 20, OrderStatus.UNKNOWN),
    ]
    ordered = [row.order.client_order_id for row in sorted(rows, key=in_blotter_order)]
    assert ordered == ["lost", "parent", "target", "stop", "old", "done"]


def test_a_child_is_marked_and_names_its_parent() -> None:
    parent = life(submitted(), accepted())
    child = life(
        of=request(
            client_order_id=ClientOrderId("child"), parent_id=OWN, oco_group="g", reduce_only=True
        )
    )
    row = OrderRow(child, parent)
    assert _texts(ORDERS, row)["symbol"] == "└ SPY"
    tip = _tips(ORDERS, "symbol", row)
    assert tip.startswith("waits for: Buy 100 SPY; cancels the other orders")


def test_an_order_in_doubt_says_how_it_stood_last_and_why() -> None:
    row = OrderRow(life(submitted(), accepted()), doubt="ib is reconnecting")
    assert _texts(ORDERS, row)["status"] == "⚠ Working, unverified"
    assert _tips(ORDERS, "status", row) == "This is how it stood last: ib is reconnecting"


def test_an_order_of_another_program_is_marked_and_says_what_may_be_done_to_it() -> None:
    foreign = OrderRow(life(of=request(origin=Origin.EXTERNAL)), foreign="only TWS can cancel it")
    assert _texts(ORDERS, foreign)["symbol"] == "◇ SPY"
    tip = _tips(ORDERS, "symbol", foreign)
    assert tip == "entered in another program; only TWS can cancel it"


def test_hours_and_times_are_in_the_tooltips() -> None:
    fmt.use_zone("UTC")
    asked = request(outside_hours=True, time_in_force=TimeInForce.GTC)
    row = OrderRow(life(submitted(), of=asked))
    assert _tips(ORDERS, "tif", row) == "also outside regular hours"
    assert "2024-03-12" in _tips(ORDERS, "time", row)
    fmt.use_zone("local")


# -- executions ----------------------------------------------------------------------------------


def test_an_execution_and_a_fee_that_nobody_told() -> None:
    texts = _texts(FILLS, fill(40, price=Decimal("10.005"), revision=1, liquidity="maker"))
    assert (texts["quantity"], texts["price"], texts["value"]) == ("40", "10.005", "400.20 USD")
    assert (texts["fee"], texts["liquidity"]) == ("—", "maker")
    assert texts["exec_id"] == "e1 (correction 1)"
    paid = _texts(FILLS, fill(1, fee=Decimal("1.05"), fee_currency="EUR"))
    assert paid["fee"] == "1.05 EUR"
    assert FILLS["fee"].copied(fill(1)) == ""


def test_the_value_of_a_future_counts_its_multiplier() -> None:
    traded = fill(2, instrument=ES, price=Decimal("5100.25"), side=Side.SELL)
    assert _texts(FILLS, traded)["value"] == "510 025.00 USD"
    assert _texts(FILLS, replace(traded, client_order_id=None))["order"] == "—"


# -- positions -----------------------------------------------------------------------------------


def _position(**changes: Any) -> PositionView:
    view = PositionView(
        connection_id=ConnectionId("desk"),
        account_id=AccountId("A1"),
        instrument=SPY,
        quantity=Decimal(100),
        average_price=Decimal("10"),
        mark=Decimal("10.5"),
        unrealized=Decimal(50),
        realized=Decimal("-3.5"),
        verified_at=START,
        is_verified=True,
    )
    return replace(view, **changes)


def test_a_verified_position() -> None:
    texts = _texts(POSITIONS, _position())
    assert (texts["quantity"], texts["average"], texts["mark"]) == ("+100", "10.00", "10.50")
    assert (texts["unrealized"], texts["realized"]) == ("+50.00", "−3.50")
    assert (texts["value"], texts["verified"]) == ("1 050.00", "5 min")
    assert (texts["close"], texts["reverse"]) == ("Close", "Reverse")
    assert _tint(POSITIONS, "quantity", _position()) is None


def test_an_unverified_position_is_shaded_and_says_so() -> None:
    row = _position(is_verified=False)
    assert _texts(POSITIONS, row)["verified"] == "⚠ unverified, 5 min"
    assert _tint(POSITIONS, "quantity", row) is not None
    assert "could not be asked" in _tips(POSITIONS, "verified", row)
    never = _position(is_verified=False, verified_at=None)
    assert _texts(POSITIONS, never)["verified"] == "⚠ unverified, never"


def test_what_was_traded_elsewhere_is_told_without_alarm() -> None:
    row = _position(quantity=Decimal(-100), computed_quantity=Decimal(-90))
    assert _texts(POSITIONS, row)["quantity"] == "−100"
    assert _tips(POSITIONS, "quantity", row) == "short; the fills recorded here alone make −90"
    assert _tips(POSITIONS, "quantity", _position(computed_quantity=Decimal(100))) == "long"
    assert _tint(POSITIONS, "mark", row) is None


def test_what_is_not_known_stays_not_known_in_the_totals() -> None:
    future = _position(
        instrument=ES, quantity=Decimal(-2), mark=Decimal(5100), unrealized=Decimal(75)
    )
    coin = replace(SPY, currency="USDT")
    found = {
        total.currency: total
        for total in sums_by_currency(
            [
                _position(),
                future,
                _position(instrument=coin, mark=None, unrealized=None, realized=Decimal(7)),
                _position(quantity=Decimal(0), mark=None, unrealized=None, realized=Decimal(1)),
            ]
        )
    }
    assert market_value(future) == Decimal(-510_000)
    assert found["USD"].value == Decimal("1050") - Decimal(510_000)
    assert (found["USD"].unrealized, found["USD"].realized) == (Decimal(125), Decimal("-6.0"))
    assert (found["USDT"].value, found["USDT"].unrealized) == (None, None)
    assert found["USDT"].realized == Decimal(7)


def test_a_flat_position_offers_no_exit() -> None:
    texts = _texts(POSITIONS, _position(quantity=Decimal(0), mark=None))
    assert (texts["close"], texts["reverse"], texts["value"]) == ("", "", "0.00")


# -- accounts ------------------------------------------------------------------------------------


def _account(**changes: Any) -> AccountView:
    report = AccountReport(
        ConnectionId("desk"),
        AccountId("A1"),
        "Margin account",
        False,
        "USD",
        (
            Balance("EUR", Decimal(-5)),
            Balance("USD", Decimal(1000), Decimal(1200), Decimal(4000)),
        ),
        START,
    )
    view = AccountView(report, Decimal("-12.5"), None, START, True)
    return replace(view, **changes)


def test_profit_stands_on_the_base_currency_only_and_unknown_is_a_dash() -> None:
    base, other = balance_rows(_account())
    texts = _texts(ACCOUNTS, base)
    assert (texts["currency"], texts["mode"], texts["cash"]) == ("USD", "LIVE", "1 000.00")
    assert (texts["initial"], texts["realized"], texts["unrealized"]) == ("—", "−12.50", "—")
    foreign = _texts(ACCOUNTS, other)
    assert (foreign["currency"], foreign["cash"], foreign["net"]) == ("EUR", "−5.00", "—")
    assert (foreign["realized"], foreign["unrealized"]) == ("", "")


def test_live_and_paper_do_not_look_alike() -> None:
    live = balance_rows(_account())[0]
    paper = balance_rows(_account(report=replace(_account().report, is_paper=True)))[0]
    assert _texts(ACCOUNTS, paper)["mode"] == "PAPER"
    assert _tint(ACCOUNTS, "mode", live) != _tint(ACCOUNTS, "mode", paper)


def test_unverified_balances_say_so() -> None:
    row = balance_rows(_account(is_verified=False))[0]
    assert _texts(ACCOUNTS, row)["verified"] == "⚠ unverified, 5 min"
    assert _tint(ACCOUNTS, "cash", row) is not None


# -- log -----------------------------------------------------------------------------------------


def _line(level: int = logging.INFO, topic: str = "moorgate.orders", text: str = "sent") -> LogLine:
    return LogLine(1, START, level, topic, text)


def test_log_lines_read_by_level_and_first_line() -> None:
    texts = _texts(LOG, _line(logging.ERROR, text="it broke\nTraceback\nValueError"))
    assert (texts["level"], texts["topic"], texts["text"]) == ("✖ Error", "orders", "it broke …")
    assert _tips(LOG, "text", _line(text="one\ntwo")) == "one\ntwo"
    assert _tips(LOG, "text", _line()) == ""
    assert LOG["text"].copied(_line(text="tab\tand more")) == "tab and more"


@pytest.mark.parametrize(
    ("chosen", "accepted_lines"),
    [
        (LogFilter(), ["info", "error"]),
        (LogFilter(level=logging.DEBUG), ["debug", "info", "error"]),
        (LogFilter(level=logging.ERROR), ["error"]),
        (LogFilter(topic="risk"), ["error"]),
        (LogFilter(text="INF"), ["info"]),
        (LogFilter(text="risk"), ["error"]),
    ],
)
def test_the_log_filter(chosen: LogFilter, accepted_lines: list[str]) -> None:
    lines = [
        _line(logging.DEBUG, text="debug"),
        _line(text="info"),
        _line(logging.ERROR, "moorgate.risk", "error"),
    ]
    assert [line.text for line in lines if chosen.accepts(line)] == accepted_lines


def test_a_notice_becomes_a_line_of_its_severity() -> None:
    line = notice_line(-1, NoticeRaised(Severity.WARNING, "paper", "slow feed", START))
    assert (line.level, line.topic, line.text) == (logging.WARNING, "paper", "slow feed")
