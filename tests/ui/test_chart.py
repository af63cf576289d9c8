"""The live chart on the real engine with the paper broker's recorded market."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton

from app.analytics.bars import resample
from app.domain.ids import ClientOrderId
from app.domain.instrument import AssetClass, Instrument
from app.domain.market import Timeframe
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Side
from app.domain.session import calendar
from app.engine.exits import Exits
from app.ui import theme
from app.ui.chart.view import ChartView
from app.ui.panels import chart as chart_module
from app.ui.panels.chart import ChartPanel
from tests.ui.find import child
from tests.ui.table_desk import LEFT, PAPER, TableDesk, begin, table_desk

__all__ = ["begin", "table_desk"]  # fixtures


class ChartDesk:
    """A chart on a desk that is connected to the paper account; the replay stands still."""

    def __init__(self, desk: TableDesk, symbol: str | None = "BTC-PERP") -> None:
        self.table, self.desk, self.engine = desk, desk.desk, desk.engine
        desk.panel(ChartPanel, 900, 600)
        if symbol is not None:
            self.replay("pause")
            self.instrument = self.choose(symbol)
            self.step(30)  # into the middle of a bar

    @property
    def panel(self) -> ChartPanel:
        """Not kept here: what pyqtgraph hangs on it must be able to go with the desk."""
        [panel] = self.table.panels
        assert isinstance(panel, ChartPanel)
        return panel

    @property
    def view(self) -> ChartView:
        return self.panel.view

    @property
    def times(self) -> list[int]:
        return [int(at) for at in self.view.columns.times]

    @property
    def now_s(self) -> float:
        """The market's own time."""
        return self.engine.market.market_time((PAPER, self.instrument.key)).timestamp()

    def choose(self, symbol: str) -> Instrument:
        """Show an instrument and wait for its bars."""
        instrument = self.table.quoted(symbol)
        self.act(lambda: self.desk.select(instrument=instrument, connection_id=PAPER))
        self.loaded()
        return instrument

    def loaded(self) -> None:
        self.until(lambda: len(self.view.columns) > 0 and not self.text("state"))
        self.until(lambda: not self.panel._feed._open[-1].is_loading)
        self.table.rest(0.1)

    def switch(self, timeframe: Timeframe) -> None:
        button = child(self.panel, QToolButton, f"chart-timeframe-{timeframe.value}")
        self.act(lambda: QTest.mouseClick(button, LEFT))
        self.loaded()

    def replay(self, verb: str, **arguments: Any) -> None:
        self.table.replay(verb, **arguments)

    def step(self, seconds: float) -> None:
        """Play a stretch at once and wait until the chart has it."""
        wanted = self.now_s + seconds - min(20, seconds)  # the last trade may be that long ago
        self.replay("step", seconds=seconds)
        self.until(lambda: self.now_s >= wanted)
        self.table.rest(0.1)

    def text(self, name: str) -> str:
        return child(self.panel, QLabel, f"chart-{name}").text()

    def levels(self) -> list[str]:
        """The words of the lines that are drawn."""
        return [level.text for level in self.view.levels.levels if level.text]

    def until(self, holds: Callable[[], object]) -> None:
        self.table.until(holds)

    def act(self, deed: Callable[[], object]) -> None:
        async def done() -> None:
            deed()

        self.table.do(done())

    def hover(self, index: int) -> None:
        """Rest the pointer on a bar."""
        price = self.view.columns.bar(index).close
        at = self.view.getViewBox().mapViewToScene(QPointF(index, price))
        self.act(lambda: self.view.scene().sigMouseMoved.emit(at))

    def buy(self, **terms: Any) -> Order:
        return self.table.order(self.instrument, Side.BUY, **terms)


@pytest.fixture
def chart(table_desk: TableDesk) -> ChartDesk:
    table_desk.start()
    return ChartDesk(table_desk)


# -- bars ---------------------------------------------------------------------------------------


def test_history_and_live_bars_are_one_series(chart: ChartDesk) -> None:
    before = chart.times
    assert len(before) > 500
    assert set(np.diff(before)) == {60}
    assert before[-1] <= chart.now_s < before[-1] + 60
    chart.step(300)
    after = chart.times
    assert len(after) == len(before) + 5
    assert set(np.diff(after)) == {60}
    # What was put together print by print is what was recorded.
    start, end = (datetime.fromtimestamp(at, UTC) for at in (before[-1], after[-1]))
    bars = chart.engine.market.bars(PAPER, chart.instrument, Timeframe.M1, start, end)
    recorded = chart.table.do(bars)
    rows = slice(len(before) - 1, len(after) - 1)
    columns = chart.view.columns
    np.testing.assert_array_equal(columns.times[rows], recorded.start_s)
    for drawn, known in (
        (columns.open, recorded.open),
        (columns.high, recorded.high),
        (columns.low, recorded.low),
        (columns.close, recorded.close),
    ):
        np.testing.assert_allclose(drawn[rows], known)


def test_the_view_follows_what_is_played(chart: ChartDesk) -> None:
    right = chart.view.getViewBox().viewRange()[0][1]
    chart.step(120)
    assert chart.view.getViewBox().viewRange()[0][1] == pytest.approx(right + 2)
    assert chart.view.follows_newest


def test_another_timeframe_shows_the_same_market(chart: ChartDesk) -> None:
    minutes = chart.panel._feed._open[-1].series
    chart.switch(Timeframe.M5)
    fives = resample(minutes, Timeframe.M5, calendar(chart.instrument.session))
    count = min(len(fives), len(chart.times)) - 1  # the first may have begun before the minutes
    np.testing.assert_array_equal(chart.times[-count:], fives.start_s[-count:])
    np.testing.assert_allclose(chart.view.columns.high[-count:], fives.high[-count:])
    assert chart.panel.save_state() == {"timeframe": "5m"}
    chart.switch(Timeframe.D1)
    assert all(datetime.fromtimestamp(at, UTC).hour == 0 for at in chart.times)
    assert "Tue 2022-01-18 " in chart.text("readout")


def test_winding_back_leaves_no_bar_of_the_future(chart: ChartDesk) -> None:
    chart.step(1200)
    earlier_s = chart.now_s - 900
    state = chart.table.do(
        chart.engine.connections.call(PAPER, lambda b: b.control("replay.state"))
    )
    lead_s = float(state["position_s"])  # seeking is in the first instrument's own time
    chart.replay("seek", at_s=lead_s - 900)
    chart.until(lambda: chart.times and chart.times[-1] <= earlier_s + 1)
    chart.loaded()
    assert chart.times[-1] <= earlier_s + 1 < chart.times[-1] + 120
    assert set(np.diff(chart.times)) == {60}
    chart.step(300)
    assert chart.times[-1] <= chart.now_s
    assert set(np.diff(chart.times)) == {60}


def test_a_seek_far_ahead_leaves_no_hole(chart: ChartDesk) -> None:
    state = chart.table.do(
        chart.engine.connections.call(PAPER, lambda b: b.control("replay.state"))
    )
    chart.replay("seek", at_s=float(state["position_s"]) + 7200)
    chart.until(lambda: chart.times and chart.times[-1] + 60 > chart.now_s)
    chart.loaded()
    assert set(np.diff(chart.times)) == {60}


def test_panning_to_the_left_end_brings_older_bars_and_stays_in_place(chart: ChartDesk) -> None:
    oldest, count = chart.times[0], len(chart.times)
    box = chart.view.getViewBox()
    chart.act(lambda: box.setXRange(-3, 97, padding=0))
    chart.until(lambda: chart.times[0] < oldest)
    chart.table.rest(0.1)
    added = len(chart.times) - count
    assert added > 0
    assert box.viewRange()[0] == pytest.approx([added - 3, added + 97])
    assert chart.times[added] == oldest


def test_the_end_of_history_is_asked_for_once(
    chart: ChartDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    live = chart.panel._feed._open[-1]

    async def nothing(count: int) -> int:
        asked.append(count)
        return 0

    monkeypatch.setattr(live, "load_earlier", nothing)
    box = chart.view.getViewBox()
    for left in range(-3, -20, -1):
        chart.act(partial(box.setXRange, left, left + 100, padding=0))
        chart.table.rest(0.01)
    assert len(asked) == 1


def test_zooming_out_beyond_the_first_bar_keeps_the_width(chart: ChartDesk) -> None:
    count = len(chart.times)
    box = chart.view.getViewBox()
    chart.act(lambda: box.setXRange(-20, count + 8, padding=0))
    oldest = chart.times[0]
    chart.until(lambda: chart.times[0] < oldest)
    chart.table.rest(0.1)
    left, right = box.viewRange()[0]
    assert right - left == pytest.approx(count + 28)
    assert right == pytest.approx(len(chart.times) + 8)
    assert chart.view.follows_newest


# -- ours ---------------------------------------------------------------------------------------


def test_an_order_is_a_line_until_it_is_gone(chart: ChartDesk) -> None:
    order = chart.table.resting(chart.instrument)
    chart.until(lambda: chart.levels() == ["BUY 1 LMT"])
    drawn = next(level for level in chart.view.levels.levels if level.text)
    assert drawn.price == float(order.limit_price or 0)
    assert drawn.color == theme.color("buy")
    chart.table.do(chart.engine.orders.cancel(order.client_order_id))
    chart.until(lambda: chart.levels() == [])


def test_a_position_is_a_line_until_it_is_closed(chart: ChartDesk) -> None:
    chart.buy(quantity=Decimal("0.25"))
    chart.until(lambda: chart.levels() == ["LONG 0.25"])
    line = next(level for level in chart.view.levels.levels if level.text)
    held = chart.engine.portfolio.position(PAPER, chart.table.account, chart.instrument.key)
    assert held is not None
    assert held.average_price is not None
    assert line.price == float(held.average_price)
    exits: Exits = chart.engine.exits
    chart.table.do(exits.close_position(PAPER, chart.table.account, chart.instrument.key))
    chart.until(lambda: chart.levels() == [])
    chart.until(lambda: len(chart.view.fill_marks.marks) == 2)


def test_orders_of_another_instrument_are_not_drawn(chart: ChartDesk) -> None:
    chart.table.resting(chart.table.quoted("INDA"))
    chart.table.rest(0.2)
    assert chart.levels() == []
    chart.choose("INDA")
    chart.until(lambda: chart.levels() == ["BUY 1 LMT"])


def test_fills_sit_in_the_bar_in_which_they_traded(chart: ChartDesk) -> None:
    chart.buy(quantity=Decimal("0.1"))
    chart.until(lambda: len(chart.view.fill_marks.marks) == 1)
    chart.step(600)
    chart.buy(quantity=Decimal("0.2"))
    chart.until(lambda: len(chart.view.fill_marks.marks) == 2)
    for timeframe in (Timeframe.M1, Timeframe.M5, Timeframe.H1):
        chart.switch(timeframe)
        chart.until(lambda: len(chart.view.fill_marks.marks) == 2)
        for index, fill in chart.view.fill_marks.marks:
            assert fill.market_at is not None
            start_s = chart.times[int(index)]
            assert start_s <= fill.market_at.timestamp() < start_s + timeframe.seconds
            assert datetime.now(UTC) - fill.at < timedelta(minutes=5)
    (first, _), (second, _) = chart.view.fill_marks.marks
    chart.switch(Timeframe.M1)
    (first, _), (second, _) = chart.view.fill_marks.marks
    assert second - first == 10


def test_a_fill_before_the_first_trade_of_its_bar_stands_behind_the_last(
    table_desk: TableDesk,
) -> None:
    table_desk.start()
    chart = ChartDesk(table_desk, None)
    chart.replay("pause")
    chart.instrument = chart.choose("BTC-PERP")
    count = len(chart.times)
    assert chart.now_s == chart.times[-1] + 60  # a replay begins on the minute
    chart.buy(quantity=Decimal("0.1"))
    chart.until(lambda: [index for index, _ in chart.view.fill_marks.marks] == [count])
    chart.step(30)
    chart.until(lambda: len(chart.times) == count + 1)
    chart.until(lambda: [index for index, _ in chart.view.fill_marks.marks] == [count])


def test_a_fill_of_the_future_is_not_drawn_in_the_last_bar(chart: ChartDesk) -> None:
    chart.step(1200)
    chart.buy(quantity=Decimal("0.1"))
    chart.until(lambda: len(chart.view.fill_marks.marks) == 1)
    state = chart.table.do(
        chart.engine.connections.call(PAPER, lambda b: b.control("replay.state"))
    )
    chart.replay("seek", at_s=float(state["position_s"]) - 900)
    chart.until(lambda: chart.view.fill_marks.marks == [])
    chart.step(1000)
    chart.until(lambda: len(chart.view.fill_marks.marks) == 1)


def test_an_unknown_order_is_drawn_in_alarm(chart: ChartDesk) -> None:
    chart.table.fault("lose_answer", count=1)
    chart.table.fault("drop_ack", count=1)
    chart.buy(order_type=OrderType.LIMIT, limit_price=Decimal(40000))
    chart.until(lambda: chart.levels() == ["BUY 1 LMT · Unknown"])
    assert [o.status for o in chart.engine.orders.book] == [OrderStatus.UNKNOWN]
    drawn = next(level for level in chart.view.levels.levels if level.text)
    assert drawn.color == theme.color("alarm")


# -- what is said -------------------------------------------------------------------------------


def test_the_readout_tells_the_hovered_bar_until_the_pointer_leaves(chart: ChartDesk) -> None:
    newest = chart.text("readout")
    index = len(chart.times) - 40
    chart.hover(index)
    hovered = chart.text("readout")
    at = datetime.fromtimestamp(chart.times[index], UTC).astimezone()
    assert f"{at:%Y-%m-%d %H:%M}" in hovered
    close = f"{chart.view.columns.bar(index).close:,.0f}".replace(",", "\u202f")
    assert f"C {close}" in hovered
    chart.step(5)
    assert chart.text("readout") == hovered
    chart.act(chart.view.crosshair.hide)
    assert chart.text("readout") != hovered
    assert chart.text("readout").startswith("<b>REPLAY</b>")
    assert newest.startswith("<b>REPLAY</b>")


def test_the_readout_gives_way_to_the_word_that_prices_stand_still(chart: ChartDesk) -> None:
    readout = child(chart.panel, QLabel, "chart-readout")
    freshness = child(chart.panel, QLabel, "chart-freshness")
    room, rows = readout.width(), chart.panel.layout()
    assert rows is not None
    chart.act(partial(freshness.setText, "No new data for very long " * 3))
    chart.act(rows.activate)
    assert readout.width() < room
    assert readout.sizeHint().width() <= readout.width()
    for wide, kept in ((90, 1), (5, 0)):  # the close alone, then nothing: no price is cut
        chart.act(partial(readout.setFixedWidth, wide))
        chart.act(rows.activate)
        assert chart.text("readout").count("C ") == kept
        assert "L " not in chart.text("readout")


def test_prices_that_stand_still_are_called_so(
    chart: ChartDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chart.text("freshness") == ""
    monkeypatch.setattr(chart_module, "DATA_AGE_LIMIT_S", 0.1)
    chart.until(lambda: chart.text("freshness").startswith("No new data for"))
    monkeypatch.setattr(chart_module, "DATA_AGE_LIMIT_S", 60.0)
    chart.until(lambda: chart.text("freshness") == "")
    chart.table.do(chart.engine.connections.disconnect(PAPER))
    chart.until(lambda: chart.text("freshness") == "paper is offline: prices stand still")
    assert len(chart.times) > 0
    chart.table.do(chart.engine.connections.connect(PAPER))
    chart.until(lambda: chart.text("freshness") == "")


def test_an_empty_chart_says_what_to_do(table_desk: TableDesk) -> None:
    table_desk.start(connect=False)
    chart = ChartDesk(table_desk, None)
    assert "Ctrl+K" in chart.text("state")
    assert child(chart.panel, QLabel, "chart-state").isVisible()
    instrument = Instrument("INDA", AssetClass.ETF, "USD")
    chart.act(lambda: chart.desk.select(instrument=instrument, connection_id=PAPER))
    chart.until(lambda: "not connected" in chart.text("state") or "offline" in chart.text("state"))
    chart.table.do(chart.engine.connections.connect(PAPER))
    chart.until(lambda: len(chart.view.columns) > 0)
    assert not child(chart.panel, QLabel, "chart-state").isVisible()


def test_a_ctrl_click_picks_the_price_on_the_tick(chart: ChartDesk) -> None:
    picked: list[Decimal] = []
    chart.desk.price_picked.connect(picked.append)
    at = chart.view.rect().center()
    control = Qt.KeyboardModifier.ControlModifier
    chart.act(lambda: QTest.mouseClick(chart.view.viewport(), LEFT, control, at))
    [price] = picked
    assert price % chart.instrument.tick_size == 0
    bottom, top = chart.view.getViewBox().viewRange()[1]
    assert bottom < price < top


# -- looks and life -----------------------------------------------------------------------------


def test_another_theme_repaints_everything(chart: ChartDesk) -> None:
    chart.table.resting(chart.instrument)
    chart.until(chart.levels)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    seen = {}
    try:
        for name in ("dark", "light"):
            theme.apply(app, name)
            chart.table.rest(0.15)
            image = chart.view.grab().toImage()
            seen[name] = image.pixelColor(3, 3).name()
            assert seen[name] == theme.color("panel").name()
            drawn = next(level for level in chart.view.levels.levels if level.text)
            assert drawn.color == theme.color("buy")
    finally:
        theme.apply(app, "dark")
    assert seen["dark"] != seen["light"]


def test_the_timeframe_is_remembered_and_a_foreign_one_left_out(chart: ChartDesk) -> None:
    chart.act(lambda: chart.panel.restore_state({"timeframe": "15m"}))
    chart.loaded()
    assert chart.panel.save_state() == {"timeframe": "15m"}
    chart.act(lambda: chart.panel.restore_state({"timeframe": "7 parsecs"}))
    chart.act(lambda: chart.panel.restore_state({}))
    assert chart.panel.save_state() == {"timeframe": "15m"}


def test_switching_lets_go_of_what_was_shown(chart: ChartDesk) -> None:
    for timeframe in (Timeframe.M5, Timeframe.H1, Timeframe.D1):
        chart.switch(timeframe)
    assert sum(len(group) for group in chart.engine.market._live.values()) == 1


def test_an_ended_chart_lets_go_of_its_data(table_desk: TableDesk) -> None:
    table_desk.start()
    chart = ChartDesk(table_desk, None)
    instrument = table_desk.instrument("BTC-PERP")
    chart.act(lambda: chart.desk.select(instrument=instrument, connection_id=PAPER))
    chart.loaded()
    assert [i.symbol for i in chart.engine.market.subscribed(PAPER)] == ["BTC-PERP"]
    columns = weakref.ref(chart.view.columns)
    panel = table_desk.panels.pop()
    engine = chart.engine
    chart.act(panel.deleteLater)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert not shiboken6.isValid(panel)
    table_desk.act(lambda: table_desk.desk.order_focus.set(ClientOrderId("any")))  # nobody draws
    table_desk.act(lambda: table_desk.desk.select(instrument=None))  # it has a wish of its own
    table_desk.until(lambda: engine.market.subscribed(PAPER) == [])
    assert not engine.market._live
    table_desk.rest(0.2)
    del panel
    gc.collect()
    assert columns() is None
