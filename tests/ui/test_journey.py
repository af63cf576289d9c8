"""The first journey: an empty home, one window, the paper account, a replay of a real market.

Everything a newcomer does before he trusts the program, by mouse and by key, and after closing
and opening it again all is as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QListWidget, QPushButton, QToolButton, QWidget

from app.base.paths import Paths
from app.domain.events import AccountView
from app.domain.market import Timeframe
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Origin, Side
from app.store.settings import Settings
from app.ui import theme
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.confirm_order import ConfirmOrderDialog
from app.ui.dialogs.modify_order import ModifyOrderDialog
from app.ui.panels.account import AccountPanel
from app.ui.panels.chart import ChartPanel
from app.ui.panels.executions import ExecutionsPanel
from app.ui.panels.orders import OrdersPanel
from app.ui.panels.positions import PositionsPanel
from app.ui.panels.watchlist import WatchlistPanel
from app.ui.widgets.number_edit import NumberEdit
from app.ui.widgets.send_button import AIM_GRACE_S
from app.ui.widgets.table_panel import TablePanel
from tests.ui.find import child
from tests.ui.open_rows import open_rows
from tests.ui.shell.conftest import ALT, CTRL, NONE, PAPER, SHIFT, Driver
from tests.ui.table_desk import cell, texts

K = Qt.Key
P = TypeVar("P", bound=QWidget)
SIZE = Decimal(10)


def as_shipped(settings: Settings) -> Settings:
    """What a first start has written, untouched: it connects by itself."""
    return settings


class Trader(Driver):
    """A person in front of the window."""

    def panel(self, panel_id: str, kind: type[P]) -> P:
        found = self.window.docks[panel_id].panel
        assert isinstance(found, kind), f"{panel_id} is {found}"
        return found

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Press and release the left button over a widget that can be seen."""
        assert widget.isVisible()
        assert widget.isEnabled(), widget.objectName()
        place = widget.rect().center() if at is None else at
        self._on_loop(lambda: QTest.mouseClick(widget, Qt.MouseButton.LeftButton, NONE, place))

    def click_cell(self, panel: TablePanel, key: object, column: str) -> None:
        self.click(panel.table.viewport(), cell(panel, key, column))

    def click_text(self, inside: QWidget, text: str) -> None:
        """The button that says `text`."""
        buttons = [*inside.findChildren(QPushButton), *inside.findChildren(QToolButton)]
        [button] = [b for b in buttons if b.text() == text and b.isVisible()]
        self.click(button)

    def type_into(self, edit: NumberEdit, text: str) -> None:
        self.click(edit)
        self._on_loop(edit.selectAll)
        self._on_loop(lambda: QTest.keyClicks(edit, text))
        assert edit.text() == text

    def ticket(self, kind: type[P], name: str) -> P:
        return child(self.window.docks["ticket"], kind, f"ticket-{name}")

    def rest(self, seconds: float) -> None:
        self.do(asyncio.sleep(seconds))

    def leave(self) -> None:
        """Close the window by its own button, and answer the question about what is open."""
        self._on_loop(self.window.close)
        self.until(lambda: self.window.findChildren(ConfirmDialog) or self.session._is_closing)

    def held(self) -> Decimal:
        """The position in the chosen instrument."""
        selection = self.desk.selection
        assert selection.connection_id
        assert selection.account_id
        assert selection.instrument
        view = self.engine.portfolio.position(
            selection.connection_id, selection.account_id, selection.instrument.key
        )
        return Decimal(0) if view is None else view.quantity

    def account(self) -> AccountView:
        [account] = self.engine.portfolio.accounts()
        return account


@dataclass(frozen=True)
class Left:
    """What the trader saw last."""

    orders: list[tuple[Any, ...]]
    executions: list[tuple[Any, ...]]
    positions: list[tuple[str, Decimal, Decimal | None]]
    timeframe: str
    symbol: str
    size: Decimal
    hidden: list[str]
    floating: list[str]
    heights: dict[str, int]  # widths are the least there are: the screen of a test is small
    in_front: list[str]


def seen(trader: Trader) -> Left:
    """Everything that must be there again."""
    selection = trader.desk.selection
    assert selection.instrument is not None
    docks = trader.window.docks
    return Left(
        orders=[
            (o.client_order_id, o.broker_order_id, o.status, o.quantity, o.limit_price, o.fills)
            for o in trader.orders()
        ],
        executions=[
            (e.exec_id, e.quantity, e.price, e.fee, e.market_at)
            for e in trader.engine.orders.book.executions()
        ],
        positions=[
            (v.instrument.symbol, v.quantity, v.average_price)
            for v in trader.engine.portfolio.positions()
            if v.quantity
        ],
        timeframe=trader.panel("chart", ChartPanel).save_state()["timeframe"],
        symbol=selection.instrument.symbol,
        size=trader.desk.size,
        hidden=[name for name, dock in docks.items() if dock.isHidden()],
        floating=[name for name, dock in docks.items() if dock.isFloating()],
        heights={name: docks[name].height() for name in ("watchlist", "chart", "ticket")},
        in_front=[name for name, dock in docks.items() if not dock.visibleRegion().isEmpty()],
    )


@pytest.fixture
def running(qapp: QApplication) -> Iterator[list[Trader]]:
    """The runs of the program; one that a failed test left is ended."""
    traders: list[Trader] = []
    yield traders
    for trader in traders:
        trader.end()


def test_the_first_journey(qapp: QApplication, home: Paths, running: list[Trader]) -> None:
    assert list(home.home.iterdir()) == [] or not home.settings_file.exists()
    trader = Trader(qapp, home, as_shipped)
    running.append(trader)
    looks_alive(trader)
    places_by_mouse(trader)
    changes_and_cancels(trader)
    trades_by_key(trader)
    closes_by_key(trader)
    before = leaves_with_something_open(trader)
    trader.end()
    running.clear()
    again = Trader(qapp, home, as_shipped)
    running.append(again)
    finds_all_as_it_was(again, before)


def looks_alive(trader: Trader) -> None:
    """A first start ends on a working chart of a replay, connected to paper, ready to trade."""
    watchlist = trader.panel("watchlist", WatchlistPanel)
    trader.until(lambda: sorted(texts(watchlist, "symbol")) == ["6EH4", "BTC-PERP", "INDA"])
    trader.until(lambda: "—" not in texts(watchlist, "bid"))
    assert trader.engine.connections.is_trading_open(PAPER) is None
    assert trader.desk.selection.instrument is not None
    assert trader.desk.selection.account_id is not None
    chart = trader.panel("chart", ChartPanel)
    trader.until(lambda: len(chart.view.columns) > 100)
    trader.rest(0.1)
    for token in ("up", "down"):
        assert pixels(chart.view, token) > 300
    # The most lively of the three: both its quotes and its newest bar move by themselves.
    trader.click_cell(watchlist, (PAPER, key_of(trader, "BTC-PERP")), "symbol")
    assert trader.desk.selection.instrument.symbol == "BTC-PERP"
    trader.until(lambda: len(chart.view.columns) > 100)
    trader.rest(0.2)
    columns = chart.view.columns

    def newest() -> tuple[int, Any]:
        return len(columns), columns.bar(len(columns) - 1)

    bar, quotes = newest(), texts(watchlist, "bid")
    trader.until(lambda: texts(watchlist, "bid") != quotes)
    trader.until(lambda: newest() != bar)
    moment = child(trader.window, QLabel, "replay_moment")
    assert "2022-01-18" in moment.text()  # each recording keeps its own dates
    trader.click_cell(watchlist, (PAPER, key_of(trader, "INDA")), "symbol")
    trader.until(lambda: "INDA" in trader.window.windowTitle())
    assert "PAPER" in trader.window.windowTitle()
    assert "2025-06-02" in moment.text()


def places_by_mouse(trader: Trader) -> None:
    """A bid below the market: through the ticket, its confirmation, into Orders and the chart."""
    trader.until(lambda: trader.ticket(QPushButton, "bid").isEnabled())
    trader.click(trader.ticket(QPushButton, "preset-2"))
    trader.click(trader.ticket(QPushButton, "bid"))
    picked = trader.ticket(NumberEdit, "limit").value()
    assert picked is not None
    price = picked - Decimal("0.50")
    trader.type_into(trader.ticket(NumberEdit, "limit"), f"{price}")
    send = trader.ticket(QPushButton, "send")
    assert send.text() == f"BUY 10 INDA LMT {price} DAY"
    trader.click(send)
    trader.until(lambda: trader.window.findChildren(ConfirmOrderDialog))
    [dialog] = trader.window.findChildren(ConfirmOrderDialog)
    assert dialog.windowTitle() == "Confirm PAPER order"
    assert trader.orders() == []
    trader.rest(AIM_GRACE_S + 0.05)
    trader.click(child(dialog, QPushButton, "confirm-send"))
    trader.until(lambda: [o.status for o in trader.orders()] == [OrderStatus.WORKING])
    [order] = trader.orders()
    assert (order.request.side, order.request.origin) == (Side.BUY, Origin.TICKET)
    assert (order.quantity, order.limit_price) == (SIZE, price)
    orders = trader.panel("orders", OrdersPanel)
    trader.until(lambda: texts(orders, "status") == ["Working"])
    assert texts(orders, "limit") == [f"{price}"]
    trader.until(lambda: lines(trader) == {"BUY 10 LMT": float(price)})


def changes_and_cancels(trader: Trader) -> None:
    """The blotter's Change and Cancel; the chart follows both."""
    [order] = trader.orders()
    assert order.limit_price is not None
    orders, wanted = trader.panel("orders", OrdersPanel), order.limit_price - Decimal("0.05")
    trader.click_cell(orders, order.client_order_id, "symbol")
    trader.click_text(orders, "Change…")
    trader.until(lambda: trader.window.findChildren(ModifyOrderDialog))
    [dialog] = trader.window.findChildren(ModifyOrderDialog)
    trader.type_into(dialog.field("limit_price"), f"{wanted}")
    trader.click(dialog.send)
    trader.until(lambda: trader.window.findChildren(ConfirmDialog))  # nothing is armed
    [question] = trader.window.findChildren(ConfirmDialog)
    shown = child(question, QListWidget, "confirm_lines")
    told = [shown.item(row).text() for row in range(shown.count())]
    assert [f"{order.limit_price}" in told[0], f"{wanted}" in told[1]] == [True, True]
    trader.rest(AIM_GRACE_S + 0.05)
    trader.click(question.accept_button)
    trader.until(lambda: current(trader, order).limit_price == wanted)
    trader.until(lambda: current(trader, order).status is OrderStatus.WORKING)
    trader.until(lambda: lines(trader) == {"▸ BUY 10 LMT": float(wanted)})
    trader.until(lambda: texts(orders, "action") == ["Cancel"])
    trader.rest(0.6)  # rows that have just moved take no click
    trader.click_cell(orders, order.client_order_id, "action")
    trader.until(lambda: current(trader, order).status is OrderStatus.CANCELED)
    trader.until(lambda: lines(trader) == {})
    assert len(trader.orders()) == 1


def trades_by_key(trader: Trader) -> None:
    """Armed, one key buys at the market, once; every table tells the same of it."""
    before = trader.account()
    trader.window.setFocus()
    trader.press(K.Key_B, CTRL | ALT)
    assert "not armed" in trader.said()[-1]
    trader.press(K.Key_A, CTRL | SHIFT)
    assert trader.desk.arming.is_armed
    trader.press(K.Key_B, CTRL | ALT)
    trader.until(lambda: trader.held() == SIZE)
    order = trader.orders()[-1]
    assert len(trader.orders()) == 2
    assert order.request.order_type is OrderType.MARKET
    assert order.request.origin is Origin.HOTKEY
    trader.press(K.Key_5, ALT)
    executions = trader.panel("executions", ExecutionsPanel)
    trader.until(executions.isVisible)
    trader.until(lambda: filled(executions) == SIZE)
    trader.press(K.Key_6, ALT)
    positions = trader.panel("positions", PositionsPanel)
    trader.until(positions.isVisible)
    trader.until(lambda: texts(positions, "quantity") == ["+10"])
    trader.rest(0.3)  # nothing comes later that would count a fill twice
    assert texts(positions, "symbol") == ["INDA"]
    assert texts(positions, "quantity") == ["+10"]
    assert trader.held() == SIZE
    trader.until(lambda: "LONG 10" in lines(trader))
    trader.until(lambda: cash(trader.account()) < cash(before))
    trader.press(K.Key_7, ALT)
    account = trader.panel("account", AccountPanel)
    trader.until(account.isVisible)
    spent = cash(before) - cash(trader.account())
    cost = sum((f.price * f.quantity for f in order_fills(trader)), Decimal(0))
    fees = sum((f.fee or Decimal(0) for f in order_fills(trader)), Decimal(0))
    assert spent == cost + fees
    shown = texts(account, "cash")[0].replace("\u202f", "")
    assert shown.startswith(f"{cash(trader.account()):.2f}")


def closes_by_key(trader: Trader) -> None:
    """F9 closes what is held, needs no arming and never overshoots."""
    trader.press(K.Key_D, CTRL | SHIFT)
    trader.press(K.Key_F9)
    trader.until(lambda: trader.held() == 0)
    trader.until(lambda: trader.orders()[-1].status is OrderStatus.FILLED)
    assert trader.orders()[-1].request.reduce_only
    positions = trader.panel("positions", PositionsPanel)
    trader.until(lambda: texts(positions, "quantity") == [])
    trader.until(lambda: lines(trader) == {})
    trader.press(K.Key_F9)
    trader.rest(0.2)
    assert trader.held() == 0
    assert len(trader.orders()) == 3


def leaves_with_something_open(trader: Trader) -> Left:
    """Another timeframe, another arrangement, a position and an order: then the way out."""
    trader.click(child(trader.window, QToolButton, "chart-timeframe-5m"))
    trader.window.docks["log"].close()
    trader.window.docks["executions"].setFloating(True)
    trader.window.resize(trader.window.width(), 700)
    bottom = [trader.window.docks["account"]]
    trader._on_loop(lambda: trader.window.resizeDocks(bottom, [230], Qt.Orientation.Vertical))
    trader.window.setFocus()
    trader.press(K.Key_A, CTRL | SHIFT)
    trader.rest(1.0)  # within a second the same order again would be taken for a slip
    trader.press(K.Key_B, CTRL | ALT)
    trader.until(lambda: trader.held() == SIZE)
    trader.click(trader.ticket(QPushButton, "bid"))
    price = (trader.ticket(NumberEdit, "limit").value() or Decimal(0)) - Decimal("0.60")
    trader.type_into(trader.ticket(NumberEdit, "limit"), f"{price}")
    trader.press(K.Key_Return)
    trader.until(lambda: trader.window.findChildren(ConfirmOrderDialog))
    trader.press(K.Key_Return, into=trader.window.findChildren(ConfirmOrderDialog)[0])
    trader.until(lambda: trader.orders()[-1].status is OrderStatus.WORKING)
    trader.until(lambda: trader.orders()[-1].limit_price == price)
    trader.rest(0.3)
    before = seen(trader)
    trader.leave()
    [question] = trader.window.findChildren(ConfirmDialog)
    rows = open_rows(question)
    assert rows[0].startswith("Position long 10 INDA at ")
    assert rows[1].startswith(f"Order buy 10 INDA limit {price}")
    assert rows[2].startswith("All positions ")
    assert len(rows) == 3
    trader.rest(AIM_GRACE_S + 0.05)
    trader.click(question.accept_button)
    trader.until(lambda: trader.session._is_closing)
    return before


def finds_all_as_it_was(trader: Trader, before: Left) -> None:
    """The same home, opened again."""
    trader.until(lambda: trader.engine.connections.is_trading_open(PAPER) is None)
    chart = trader.panel("chart", ChartPanel)
    trader.until(lambda: len(chart.view.columns) > 50)
    trader.until(lambda: lines(trader).keys() == {"LONG 10", "BUY 10 LMT"})
    trader.rest(0.3)
    now = seen(trader)
    assert now.heights == pytest.approx(before.heights, abs=3)
    assert replace(now, heights=before.heights) == before
    orders = trader.panel("orders", OrdersPanel)
    trader.until(lambda: len(texts(orders, "status")) == len(before.orders))
    assert sorted(texts(orders, "status")) == ["Canceled", *["Filled"] * 3, "Working"]
    positions = trader.panel("positions", PositionsPanel)
    trader.until(lambda: texts(positions, "quantity") == ["+10"])
    executions = trader.panel("executions", ExecutionsPanel)
    assert filled(executions) == 3 * SIZE
    assert not trader.desk.arming.is_armed
    assert trader.ticket(NumberEdit, "limit").value() is None
    assert [m for m in chart.view.fill_marks.marks if m[1].side is Side.SELL]
    assert chart.save_state() == {"timeframe": Timeframe.M5.value}


def current(trader: Trader, order: Order) -> Order:
    found = trader.engine.orders.book.get(order.client_order_id)
    assert found is not None
    return found


def order_fills(trader: Trader) -> list[Any]:
    return list(trader.engine.orders.book.executions())


def key_of(trader: Trader, symbol: str) -> str:
    [key] = [i.key for i in trader.engine.instruments.all() if i.symbol == symbol]
    return key


def lines(trader: Trader) -> dict[str, float]:
    """What is ours on the chart: words and prices."""
    levels = trader.panel("chart", ChartPanel).view.levels.levels
    return {level.text: level.price for level in levels if level.text}


def filled(executions: ExecutionsPanel) -> Decimal:
    """The quantities of the Executions table added up."""
    return sum((Decimal(text) for text in texts(executions, "quantity")), Decimal(0))


def cash(account: AccountView) -> Decimal:
    return account.report.balances[0].cash or Decimal(0)


def pixels(widget: QWidget, token: str) -> int:
    """How many pixels have a colour of the theme."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    found = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    color = theme.color(token)
    wanted = [color.blue(), color.green(), color.red()]
    return int((found[:, :, :3] == wanted).all(axis=2).sum())
