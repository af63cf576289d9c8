from __future__ import annotations

from datetime import UTC
from decimal import Decimal

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.ui.chart.axes import PriceTag
from app.ui.chart.overlays import Level, OverlayColors
from app.ui.chart.view import ChartView
from tests.ui.chart_bars import extended, walk

COLORS = OverlayColors(
    QColor("#00ff00"),
    QColor("#ff0000"),
    QColor("#0000ff"),
    QColor("#ff00ff"),
    QColor("#808080"),
    QColor("#000000"),
)


@pytest.fixture
def view(qtbot: QtBot) -> ChartView:
    view = ChartView(UTC)
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.set_colors(COLORS, QColor("#ffffff"), QColor("#333333"))
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
