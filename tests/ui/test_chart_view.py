from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.domain.bars import empty_bars
from app.domain.market import Timeframe
from app.domain.session import calendar
from app.ui.chart.axes import PriceTag
from app.ui.chart.levels import Level, stacked
from app.ui.chart.view import ChartColors, ChartView
from tests.ui.chart_bars import extended, walk

COLORS = ChartColors(
    rising=QColor("#00ff00"),
    falling=QColor("#ff0000"),
    crosshair=QColor("#808080"),
    background=QColor("#000000"),
    text=QColor("#ffffff"),
    border=QColor("#333333"),
    grid=QColor("#222222"),
)


@pytest.fixture
def view(qtbot: QtBot) -> ChartView:
    view = ChartView(UTC)
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.set_colors(COLORS)
    view.show()
    qtbot.waitExposed(view)
    return view


def pixels(view: ChartView, color: str) -> int:
    """How many pixels of the widget have this colour, give or take the smoothing of a line."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    shape = (image.height(), image.width(), 4)
    found = np.frombuffer(image.constBits(), np.uint8).reshape(shape).astype(int)
    wanted = QColor(color)
    offset = np.abs(found[:, :, :3] - [wanted.blue(), wanted.green(), wanted.red()])
    return int((offset.max(axis=2) < 90).sum())


def test_candles_are_painted_in_both_colours(view: ChartView) -> None:
    assert pixels(view, "#00ff00") == 0
    view.set_bars(walk(200))
    assert pixels(view, "#00ff00") > 200
    assert pixels(view, "#ff0000") > 200


def test_the_view_follows_new_bars_until_it_is_panned_away(view: ChartView) -> None:
    view.set_bars(walk(300))
    series = walk(300)
    right = view.getViewBox().viewRange()[0][1]
    series = extended(series)
    view.update_bars(series, 299)
    assert view.getViewBox().viewRange()[0][1] == pytest.approx(right + 1)
    view.getViewBox().setXRange(10, 60, padding=0)
    assert not view.follows_newest
    view.update_bars(extended(series), 300)
    assert view.getViewBox().viewRange()[0] == pytest.approx([10, 60])
    view.show_newest()
    assert view.follows_newest


def test_the_price_scale_holds_every_visible_bar(view: ChartView) -> None:
    view.set_bars(walk(1000))
    view.getViewBox().setXRange(100, 180, padding=0)
    bottom, top = view.getViewBox().viewRange()[1]
    low, high = view.columns.extent(100, 181) or (0.0, 0.0)
    assert bottom < low
    assert top > high
    assert (top - bottom) < (high - low) * 1.5


def test_a_live_bar_that_breaks_out_rescales(view: ChartView) -> None:
    view.set_bars(walk(50))
    series = walk(50)
    series.high[49] = series.close[49] = 150.0
    view.update_bars(series, 49)
    assert view.getViewBox().viewRange()[1][1] > 150


def test_time_axis_writes_times_in_its_zone_and_marks_the_day(view: ChartView) -> None:
    view.set_bars(walk(600, step_s=60, start_s=1_700_000_040))
    view.getViewBox().setXRange(0, 599, padding=0)
    ticks = view.time_axis.tickValues(0, 599, 800)[0][1]
    texts = view.time_axis.tickStrings(ticks, 1, 1)
    moments = [view.time_axis.moment(t) for t in ticks]
    assert 3 <= len(ticks) <= 10
    assert all(m is not None and m.minute in (0, 30) for m in moments)
    assert texts[0] == "15 Nov"
    assert texts[1] == "02:00"


def test_price_axis_shows_the_instruments_decimals(view: ChartView) -> None:
    view.set_precision(5)
    assert view.price_axis.tickStrings([1.0955], 1, 1) == ["1.09550"]


@pytest.mark.parametrize(
    ("low", "high", "size", "decimals", "step"),
    [
        (54.0, 54.5, 480, 2, 0.05),
        (1.09, 1.092, 480, 5, 0.0002),
        (41_000, 42_000, 480, 0, 100),
        (41_000, 41_003, 480, 0, 1),
        (100.0, 100.04, 480, 2, 0.01),
    ],
)
def test_the_price_grid_is_round_and_never_finer_than_a_price(
    view: ChartView, low: float, high: float, size: float, decimals: int, step: float
) -> None:
    view.set_precision(decimals)
    [(found, offset)] = view.price_axis.tickSpacing(low, high, size)
    assert found == pytest.approx(step)
    assert offset == 0
    assert view.price_axis.tickSpacing(low, low, size) == []


def test_the_grid_lies_behind_the_candles(view: ChartView) -> None:
    view.set_bars(walk(200))
    candles = pixels(view, "#00ff00") + pixels(view, "#ff0000")
    view.set_colors(replace(COLORS, grid=QColor("#ffff00")))
    assert pixels(view, "#00ff00") + pixels(view, "#ff0000") == candles


def test_levels_and_tags_appear_and_go(view: ChartView) -> None:
    view.set_bars(walk(200))
    price = view.columns.bar(199).close
    level = Level(price, "BUY 100 LMT", QColor("#0000ff"), Qt.PenStyle.SolidLine)
    view.show_levels(
        [level], [PriceTag(price, QColor("#ff00ff"), QColor("#000000"))], QColor("black")
    )
    assert pixels(view, "#0000ff") > 300
    assert pixels(view, "#ff00ff") > 100
    view.show_levels([], [], QColor("black"))
    assert pixels(view, "#0000ff") < 30
    assert pixels(view, "#ff00ff") == 0


def test_a_price_that_a_tag_lies_upon_is_not_written(view: ChartView) -> None:
    """Half a label that looks out from under a box reads as another price."""
    view.set_bars(walk(200))
    view.grab()
    texts = view.price_axis.picture[2]
    middle = texts[len(texts) // 2]
    price = float(middle[2])
    step = abs(float(texts[1][2]) - float(texts[0][2]))
    tag = PriceTag(price + 0.15 * step, QColor("#ff00ff"), QColor("#000000"))
    view.show_levels([], [tag], QColor("black"))
    view.grab()
    left = view.price_axis._readable(view.price_axis.picture[2])
    assert middle[2] not in [text for *_, text in left]
    assert len(left) >= len(texts) - 2
    view.show_levels([], [], QColor("black"))
    view.grab()
    assert len(view.price_axis._readable(view.price_axis.picture[2])) == len(texts)


def test_an_order_beyond_the_view_is_told_at_its_edge(view: ChartView) -> None:
    view.set_bars(walk(200))
    far = 3 * max(view.columns.bar(at).high for at in range(200))
    level = Level(far, "SELL 100 LMT", QColor("#0000ff"), Qt.PenStyle.SolidLine, "54.75")
    view.show_levels([level], [], QColor("black"))
    assert pixels(view, "#0000ff") > 60  # the box, and no line
    assert level.label(0.0, far - 1) == "↑ SELL 100 LMT 54.75"
    assert level.label(far + 1, far + 2) == "↓ SELL 100 LMT 54.75"
    assert level.label(0.0, far) == "SELL 100 LMT"


def test_hovering_tells_the_bar_and_leaving_tells_so(view: ChartView, qtbot: QtBot) -> None:
    view.set_bars(walk(200))
    heard: list[object] = []
    view.bar_hovered.connect(heard.append)
    qtbot.mouseMove(view.viewport(), QPoint(300, 200))
    view.crosshair._on_mouse_moved(view.mapToScene(300, 200))
    assert isinstance(heard[-1], int)
    view.crosshair.hide()
    assert heard[-1] is None


def test_control_click_gives_the_price_under_the_pointer(view: ChartView, qtbot: QtBot) -> None:
    view.set_bars(walk(200))
    with qtbot.waitSignal(view.price_clicked) as heard:
        qtbot.mouseClick(
            view.viewport(),
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.ControlModifier,
            QPoint(300, 200),
        )
    expected = view.getViewBox().mapSceneToView(view.mapToScene(300, 200)).y()
    assert Decimal(str(heard.args[0])) == pytest.approx(Decimal(str(expected)))


def test_keys_pan_zoom_and_return_to_the_end(view: ChartView, qtbot: QtBot) -> None:
    view.set_bars(walk(1000))
    left, right = view.getViewBox().viewRange()[0]
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.getViewBox().viewRange()[0][1] < right
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.getViewBox().viewRange()[0][0] > left - (right - left) * 0.1
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert view.getViewBox().viewRange()[0][1] == pytest.approx(right)


def test_an_empty_chart_writes_no_prices(view: ChartView) -> None:
    view.set_bars(walk(50))
    assert view.price_axis.tickStrings([54.3], 1, 1) == ["54.30"]
    view.set_bars(empty_bars())
    assert view.price_axis.tickStrings([54.3], 1, 1) == [""]
    view.update_bars(walk(1), 0)
    assert view.price_axis.tickStrings([54.3], 1, 1) == ["54.30"]


def test_an_empty_chart_takes_its_first_bar(view: ChartView) -> None:
    view.update_bars(walk(1), 0)
    assert len(view.columns) == 1
    assert pixels(view, "#00ff00") + pixels(view, "#ff0000") > 0


def test_a_reload_keeps_the_place_that_was_panned_to(view: ChartView) -> None:
    view.set_bars(walk(1000))
    view.getViewBox().setXRange(300, 360, padding=0)
    view.set_bars(walk(1000)[100:], keep_place=True)
    assert view.getViewBox().viewRange()[0] == pytest.approx([200, 260])
    view.set_bars(walk(500))
    assert view.follows_newest


def test_panning_to_the_oldest_bar_asks_for_older_ones(view: ChartView, qtbot: QtBot) -> None:
    view.set_bars(walk(100))
    with qtbot.waitSignal(view.beginning_reached):
        view.getViewBox().setXRange(-5, 40, padding=0)


def test_time_labels_keep_apart_where_a_night_was_without_trades(view: ChartView) -> None:
    # An evening of single prints, as funds have them after hours, between two full sessions.
    sparse = 1_700_000_040 + 300 * 60 + np.array([0, 1200, 3600, 7200, 9000, 12600], dtype=np.int64)
    morning = int(sparse[-1]) + 8 * 3600
    times = np.concatenate([walk(300).start_s, sparse, walk(200, start_s=morning).start_s])
    series = walk(len(times))
    series.start_s[:] = times
    view.set_bars(series)
    for left, right in ((0, 506), (250, 390), (295, 330)):
        view.getViewBox().setXRange(left, right, padding=0)
        size = 800.0
        ticks = view.time_axis.tickValues(left, right, size)[0][1]
        assert len(ticks) >= 2
        gaps = np.diff(ticks) * size / (right - left)
        assert gaps.min() >= 50
    days = [view.time_axis.moment(t) for t in ticks]
    assert {d.day for d in days if d is not None} == {15}


def test_labels_of_near_levels_do_not_cover_one_another() -> None:
    places = stacked([100.0, 101.0, 102.0, 300.0], 16, 0, 400)
    assert np.diff(places).min() >= 16
    assert places[3] == 300
    assert stacked([100.0, 104.0], 16, 0, 400, fixed=0)[0] == 100
    assert stacked([104.0, 100.0], 16, 0, 400, fixed=0) == [104, 88]
    assert stacked([], 16, 0, 400) == []


@given(
    st.lists(st.floats(0, 500), min_size=1, max_size=20),
    st.integers(0, 19),
)
def test_stacked_boxes_stay_inside_and_in_order(wanted: list[float], at: int) -> None:
    fixed = at if at < len(wanted) else None
    places = stacked(wanted, 20, 0, 500, fixed=fixed)
    in_order = np.sort(places)
    assert in_order[0] >= 9.999
    assert in_order[-1] <= 490.001
    assert len(places) == 1 or np.diff(in_order).min() >= 19.999
    ranks = sorted(range(len(wanted)), key=lambda i: wanted[i])
    assert ranks == sorted(range(len(wanted)), key=lambda i: (places[i], ranks.index(i)))


def test_bars_of_a_day_are_named_by_their_trading_day(view: ChartView) -> None:
    # The Globex session of a Tuesday begins on Monday evening in New York.
    monday_evening = int(datetime(2024, 1, 22, 23, tzinfo=UTC).timestamp())
    view.set_timeframe(Timeframe.D1, calendar("cme-globex"))
    view.set_bars(walk(2, step_s=86_400, start_s=monday_evening))
    assert view.time_axis.text(0) == "Tue 2024-01-23"
    assert view.time_axis.text(7) == ""
    view.set_timeframe(Timeframe.S5, calendar("cme-globex"))
    assert view.time_axis.text(0) == "Mon 2024-01-22 23:00:00"


def test_the_price_axis_makes_room_for_long_prices_and_keeps_it(view: ChartView) -> None:
    view.set_precision(2)
    narrow = view.price_axis.minimumWidth()
    view.price_axis.make_room(123_456_789.12)
    wide = view.price_axis.minimumWidth()
    assert wide > narrow
    view.price_axis.make_room(1.0)
    assert view.price_axis.minimumWidth() == wide
    view.set_precision(2)
    assert view.price_axis.minimumWidth() == narrow


def test_a_reload_in_front_keeps_what_is_seen_while_following(view: ChartView) -> None:
    view.set_bars(walk(200))
    view.getViewBox().setXRange(20, 205, padding=0)
    assert view.follows_newest
    view.set_bars(walk(500), keep_place=True)
    assert view.getViewBox().viewRange()[0] == pytest.approx([320, 505])
    view.set_bars(walk(100), keep_place=True)
    assert view.getViewBox().viewRange()[0] == pytest.approx([-80, 105])
