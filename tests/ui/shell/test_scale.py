"""Everything larger or smaller, at once and from then on, and nothing out of reach."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication, QToolButton

from app.store.settings import GeneralSettings
from app.ui import theme
from app.ui.chart.view import ChartView
from app.ui.icons import icon
from app.ui.widgets.table_view import TableView
from tests.ui.shell.conftest import CTRL, Driver

K = Qt.Key


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    theme.use(GeneralSettings())


def test_keys_change_the_scale_and_it_is_remembered(driver: Driver) -> None:
    usual = QApplication.font().pointSizeF()
    driver.window.setFocus()
    for _ in range(3):
        driver.press(K.Key_Plus, CTRL)
    assert theme.scale_percent() == 150
    assert QApplication.font().pointSizeF() == pytest.approx(1.5 * usual)
    assert "ui_scale_percent = 150" in driver.desk.paths.settings_file.read_text(encoding="utf-8")
    driver.press(K.Key_Equal, CTRL)
    assert theme.scale_percent() == 175
    driver.press(K.Key_Minus, CTRL)
    assert theme.scale_percent() == 150
    driver.press(K.Key_0, CTRL)
    assert theme.scale_percent() == 100
    assert QApplication.font().pointSizeF() == pytest.approx(usual)


def test_it_ends_at_the_largest_and_says_so(driver: Driver) -> None:
    driver.window.setFocus()
    for _ in range(12):
        driver.press(K.Key_Plus, CTRL)
    assert theme.scale_percent() == 200
    assert any("200 % is the largest" in text for text in driver.said())


def test_rows_buttons_and_icons_grow_along_without_a_restart(driver: Driver) -> None:
    table = driver.window.docks["orders"].findChild(TableView)
    assert isinstance(table, TableView)
    row = table.verticalHeader().defaultSectionSize()
    close = driver.window.docks["orders"].head.findChild(QToolButton, "dock_close")
    assert isinstance(close, QToolButton)
    size = close.size()
    theme.use(GeneralSettings(ui_scale_percent=200))
    assert table.verticalHeader().defaultSectionSize() == pytest.approx(2 * row, abs=3)
    assert close.size() == size * 2
    assert close.iconSize() == QSize(32, 32)
    assert QSize(32, 32) in icon("close", "muted").availableSizes()


def test_columns_keep_their_share_and_are_kept_for_every_scale(driver: Driver) -> None:
    table = driver.window.docks["orders"].findChild(TableView)
    assert isinstance(table, TableView)
    header = table.horizontalHeader()
    header.resizeSection(2, 90)
    usual = shown_widths(table)
    theme.use(GeneralSettings(ui_scale_percent=200))
    assert header.sectionSize(2) == 180
    kept = table.save_state()
    assert shown_widths(table) == usual
    header.resizeSection(2, 50)
    table.restore_state(kept)
    assert header.sectionSize(2) == 180
    theme.use(GeneralSettings())
    assert header.sectionSize(2) == 90


def test_the_window_stays_as_large_as_it_was(driver: Driver) -> None:
    driver.connect()
    driver.window.resize(1280, 800)
    driver.until(lambda: driver.window.size() == QSize(1280, 800))
    theme.use(GeneralSettings(ui_scale_percent=200))
    driver.do(asyncio.sleep(0.3))  # long enough for it to have grown
    driver.until(lambda: driver.window.size() == QSize(1280, 800))


def shown_widths(table: TableView) -> dict[str, int | None]:
    """By column, as they are kept."""
    kept = table.save_state()["columns"]
    return {column["id"]: column["width"] for column in kept if not column["hidden"]}


def test_the_axes_of_the_chart_have_room_for_larger_text(driver: Driver) -> None:
    driver.connect()
    view = driver.window.docks["chart"].findChild(ChartView)
    assert isinstance(view, ChartView)
    before = (view.time_axis.height(), view.price_axis.width())
    theme.use(GeneralSettings(ui_scale_percent=200))
    text = QFontMetrics(QApplication.font()).height()
    driver.until(lambda: view.time_axis.height() >= text + 8)
    driver.until(lambda: view.price_axis.width() >= 1.8 * before[1])
    theme.use(GeneralSettings())
    driver.until(lambda: (view.time_axis.height(), view.price_axis.width()) == before)


def test_the_window_fits_a_small_screen_and_no_bar_is_cut(driver: Driver) -> None:
    driver.connect()
    for percent in (100, 150, 200):
        theme.use(GeneralSettings(ui_scale_percent=percent))
        driver.until(lambda: driver.window.minimumSizeHint().width() <= 1280)
        assert driver.window.minimumSizeHint().height() <= 800
        driver.window.resize(1280, 800)
        driver.until(lambda: driver.window.size() == QSize(1280, 800))
        driver.until(lambda: not cut_buttons(driver))


def cut_buttons(driver: Driver) -> list[str]:
    """The buttons in panels that are smaller than their text, or reach out of their panel."""
    cut = []
    for dock in driver.window.docks.values():
        for button in dock.findChildren(QToolButton):
            if button.isVisible() and button.parent() is not dock.head:
                right = button.mapTo(dock, button.rect().topRight()).x()
                is_cut = button.width() < button.minimumSizeHint().width() or right > dock.width()
                cut += [f"{dock.objectName()}: {button.text()}"] if is_cut else []
    return cut
