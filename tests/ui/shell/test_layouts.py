"""Named layouts: switched, saved, reset and restored, and nothing of the trader's is lost."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLineEdit, QTabBar, QToolButton

from app.base.paths import Paths
from app.ui import panels
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dock import PanelDock
from app.ui.layout_mark import LOOK_MS
from app.ui.panels import PANELS, PanelSpec
from app.ui.panels.watchlist import WatchlistPanel
from app.ui.shell import WindowShell
from app.ui.widgets.table_view import TableView
from tests.ui.shell.conftest import CTRL, SHIFT, Driver

BEFORE_GROUPS = Path(__file__).with_name("layout_before_groups.json")


def shown(driver: Driver) -> set[str]:
    return {name for name, dock in driver.window.docks.items() if not dock.isHidden()}


def geometry(driver: Driver, name: str) -> QRect:
    return driver.window.docks[name].geometry()


def save_as(driver: Driver, name: str, *, overwrite: bool = False) -> None:
    """As a person would: the command, the name, Enter."""
    driver.desk.run("view.save_layout_as")
    driver.until(lambda: driver.window.findChildren(QDialog, "ask_text_dialog"))
    dialog = driver.child(QDialog, "ask_text_dialog")
    field = dialog.findChild(QLineEdit, "ask_text_field")
    assert field is not None
    driver.until(dialog.isVisible)
    field.setText(name)
    driver.press(Qt.Key.Key_Return, into=dialog)
    if overwrite:
        driver.until(lambda: driver.window.findChildren(ConfirmDialog))
        [question] = driver.window.findChildren(ConfirmDialog)
        assert question.accept_button.text() == "Overwrite"
        question.done(1)
    driver.until(lambda: driver.said() and driver.said()[-1] == f"Layout {name} is saved")


def button(driver: Driver) -> str:
    return driver.child(QToolButton, "layout_button").text()


def test_three_layouts_come_along_and_keys_switch_them(driver: Driver) -> None:
    assert button(driver) == "Day"
    driver.press(Qt.Key.Key_2, CTRL | SHIFT)
    assert button(driver) == "Scalp"
    assert shown(driver) == {"chart", "ticket", "orders", "executions", "positions"}
    orders, positions, chart = (geometry(driver, n) for n in ("orders", "positions", "chart"))
    assert orders.right() < positions.left()
    assert orders.bottom() == positions.bottom()
    assert positions.top() > chart.bottom()
    tall, short = driver.window.docks["chart"], driver.window.docks["orders"]
    driver.until(lambda: tall.height() > 1.2 * short.height())
    driver.until(lambda: tall.width() > 1.3 * driver.window.docks["ticket"].width())
    driver.press(Qt.Key.Key_3, CTRL | SHIFT)
    assert button(driver) == "Overview"
    assert shown(driver) >= {"positions", "account", "log", "orders", "executions"}
    assert not shown(driver) & {"chart", "ticket", "watchlist"}
    assert geometry(driver, "positions").right() < geometry(driver, "account").left()
    driver.press(Qt.Key.Key_1, CTRL | SHIFT)
    assert button(driver) == "Day"
    assert shown(driver) == {spec.id for spec in PANELS}
    assert geometry(driver, "watchlist").right() < geometry(driver, "chart").left()
    driver.desk.run("view.switch_layout_9")
    assert "there are fewer than 9 layouts" in driver.said()[-1]


def test_switching_keeps_charts_and_what_is_chosen(driver: Driver) -> None:
    driver.connect()
    chart = driver.window.docks["chart"].panel
    selection = driver.desk.selection
    for number in (2, 3, 1):
        driver.desk.run(f"view.switch_layout_{number}")
        assert driver.desk.selection == selection
    assert driver.window.docks["chart"].panel is chart
    rows = driver.window.docks["watchlist"].save_state()["symbols"]
    assert rows


def test_what_was_changed_waits_until_one_comes_back(driver: Driver) -> None:
    driver.desk.run("view.toggle_log")
    driver.until(lambda: button(driver) == "Day *")
    driver.desk.run("view.new_chart")
    driver.desk.run("view.switch_layout_2")
    assert button(driver) == "Scalp"
    assert "chart-2" not in driver.window.docks
    driver.desk.run("view.switch_layout_1")
    assert button(driver) == "Day *"
    assert not driver.window.is_panel_open("log")
    assert driver.window.is_panel_open("chart-2")
    assert not driver.window.updatesEnabled()  # until the new chart is made, in a later turn
    driver.until(driver.window.updatesEnabled)
    assert driver.window.docks["chart-2"].panel is not None
    driver.desk.run("view.reset_layout")
    assert button(driver) == "Day"
    assert shown(driver) == {spec.id for spec in PANELS}
    driver.desk.run("view.undo")
    assert button(driver) == "Day *"
    assert driver.window.is_panel_open("chart-2")
    assert not driver.window.is_panel_open("log")
    driver.end()  # with the chart still to be made: nothing is left behind


def test_room_that_is_given_by_hand_is_a_change_and_a_larger_window_is_none(
    driver: Driver,
) -> None:
    window = driver.window
    window.resize(window.width() - 30, window.height() - 30)
    chart, ticket = driver.window.docks["chart"], driver.window.docks["ticket"]
    driver.until(lambda: chart.width() > 0)
    assert button(driver) == "Day"
    before = chart.width()
    edge = QPoint(ticket.geometry().left() - 2, ticket.geometry().center().y())
    handle = window.windowHandle()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=edge)
    QTest.mouseMove(handle, edge - QPoint(10, 0))
    QTest.mouseMove(handle, edge - QPoint(25, 0))
    driver.until(lambda: chart.width() != before)
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=edge - QPoint(25, 0))
    driver.until(lambda: button(driver) == "Day *")


def test_symbols_of_a_watchlist_are_no_part_of_a_layout(driver: Driver) -> None:
    driver.connect()
    watchlist = driver.window.docks["watchlist"]
    driver.until(lambda: len(watchlist.save_state()["symbols"]) > 1)
    save_as(driver, "Mine")
    table = watchlist.panel
    assert isinstance(table, WatchlistPanel)
    rows = list(table.model.all_rows())
    table.remove(rows[:1])
    driver.until(lambda: len(watchlist.save_state()["symbols"]) == len(rows) - 1)
    left = watchlist.save_state()["symbols"]
    driver.desk.run("view.switch_layout_2")
    driver.desk.run("view.switch_layout_4")
    assert driver.window.docks["watchlist"].save_state()["symbols"] == left


def test_saved_under_a_name_listed_and_deleted(
    driver: Driver, home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.desk.run("view.toggle_executions")
    save_as(driver, "Mine")
    assert button(driver) == "Mine"
    menu = driver.window.menus.menu("View/Layouts")
    menu.aboutToShow.emit()
    texts = [action.text().replace("&", "") for action in menu.actions()]
    assert texts[:4] == [
        *("Layout Day\tCtrl+Shift+1", "Layout Scalp\tCtrl+Shift+2"),
        *("Layout Overview\tCtrl+Shift+3", "Layout Mine\tCtrl+Shift+4"),
    ]
    assert [action.isChecked() for action in menu.actions()[:4]] == [False, False, False, True]
    driver.desk.run("view.toggle_executions")
    driver.until(lambda: button(driver) == "Mine *")
    driver.desk.run("view.save_layout")
    driver.until(lambda: button(driver) == "Mine")
    driver.desk.run("view.toggle_executions")
    save_as(driver, "Mine", overwrite=True)
    driver.desk.run("view.delete_layout")
    assert button(driver) == "Day"
    assert not (home.layouts_dir / "mine.json").exists()
    driver.desk.run("view.undo")
    assert button(driver) == "Mine"
    assert (home.layouts_dir / "mine.json").exists()
    assert not driver.window.is_panel_open("executions")
    driver.desk.run("view.switch_layout_1")
    driver.desk.run("view.delete_layout")
    assert "comes with Moorgate" in driver.said()[-1]
    to_a_file_and_from_it(driver, home, monkeypatch)


def to_a_file_and_from_it(driver: Driver, home: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of it come panels as they stood, on a machine that does not know the layout."""

    async def choose(*_: object, **__: object) -> Path:
        return home.home / "layouts-of-mine.json"

    monkeypatch.setattr(WindowShell, "choose_file", choose)  # Qt's own dialog is not under test
    driver._on_loop(lambda: driver.desk.run("application.export_layouts"))
    driver.until(lambda: any("Exported Mine" in text for text in driver.said()))
    driver.desk.run("view.switch_layout_4")
    driver.desk.run("view.delete_layout")
    assert button(driver) == "Day"
    driver._on_loop(lambda: driver.desk.run("application.import_layouts"))
    driver.until(lambda: any("Imported Mine" in text for text in driver.said()))
    driver.desk.run("view.switch_layout_4")
    assert button(driver) == "Mine"
    assert not driver.window.is_panel_open("executions")


def test_what_comes_along_is_saved_by_name_only(driver: Driver) -> None:
    driver.desk.run("view.save_layout")
    driver.until(lambda: driver.window.findChildren(QDialog, "ask_text_dialog"))
    dialog = driver.child(QDialog, "ask_text_dialog")
    driver.until(dialog.isVisible)
    driver.press(Qt.Key.Key_Escape, into=dialog)
    driver.until(lambda: not driver.window.findChildren(QDialog, "ask_text_dialog"))
    assert driver.session.layouts.names() == []


def test_a_broken_layout_gives_day_with_a_message(driver: Driver, home: Paths) -> None:
    save_as(driver, "Mine")
    driver.desk.run("view.switch_layout_2")
    file = home.layouts_dir / "mine.json"
    file.write_text(file.read_text().replace('"layout"', '"lay"'))
    driver.desk.run("view.switch_layout_4")
    assert button(driver) == "Day"
    assert "is broken" in driver.said()[-1]
    assert file.with_suffix(".broken").exists()
    assert shown(driver) == {spec.id for spec in PANELS}


def test_docks_that_cannot_be_read_give_the_panels_of_day(driver: Driver, home: Paths) -> None:
    save_as(driver, "Mine")
    driver.desk.run("view.switch_layout_2")
    file = home.layouts_dir / "mine.json"
    content = json.loads(file.read_text())
    content["layout"]["docks"] = "AAAA"
    content["layout"]["extra"] = [{"id": "chart-2", "kind": "chart"}, {"id": "x-2", "kind": "x"}, 3]
    content["layout"]["links"] = {"ticket": "z", "chart": 5, "nobody": "b"}
    content["layout"]["windows"] = [{"number": "two"}, {"number": 2, "panels": [1]}, None]
    file.write_text(json.dumps(content))
    driver.desk.run("view.switch_layout_4")
    assert driver.said()[-1] == "The layout Mine cannot be read; the panels stand as in Day"
    assert shown(driver) == {spec.id for spec in PANELS}
    assert driver.window.docks["ticket"].group == "a"


def test_layout_and_changes_outlive_a_restart(start: Callable[[], Driver], home: Paths) -> None:
    driver = start()
    driver.desk.run("view.toggle_log")
    driver.until(lambda: button(driver) == "Day *")
    driver.desk.run("view.switch_layout_2")
    again = start()
    assert button(again) == "Scalp"
    assert shown(again) == {"chart", "ticket", "orders", "executions", "positions"}
    again.desk.run("view.switch_layout_1")
    assert button(again) == "Day *"
    assert not again.window.is_panel_open("log")
    again.end()
    file = home.layouts_dir / "last.json"
    damaged = file.read_text().replace('"docks": "', '"docks": "AAAB')
    file.write_text(damaged)
    last = start()
    assert any("this is the default one" in text for text in last.said())
    assert button(last) == "Day"
    last.end()
    assert file.with_suffix(".kept").read_text() == damaged


def test_an_arrangement_of_the_version_before_link_groups_is_restored(
    start: Callable[[], Driver], home: Paths
) -> None:
    shutil.copy(BEFORE_GROUPS, home.layouts_dir / "last.json")
    driver = start()
    assert not any("cannot be read" in text for text in driver.said())
    docks = driver.window.docks
    assert docks["log"].isFloating()
    assert not driver.window.is_panel_open("executions")
    driver.until(lambda: docks["chart"].width() > 0)
    assert docks["account"] in driver.window.tabifiedDockWidgets(docks["watchlist"])
    assert not docks["positions"].visibleRegion().isEmpty()
    assert docks["orders"] in driver.window.tabifiedDockWidgets(docks["positions"])
    assert geometry(driver, "positions").height() > geometry(driver, "chart").height()
    stored = json.loads(BEFORE_GROUPS.read_text())["layout"]["desk"]
    assert str(driver.desk.size) == stored["size"] != "1"
    selection = driver.desk.selection
    assert selection.instrument is not None
    assert docks["watchlist"].save_state()["symbols"]
    assert button(driver) == "Day *"


def test_a_panel_of_a_later_version_opens_behind_its_like(
    start: Callable[[], Driver], home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(BEFORE_GROUPS, home.layouts_dir / "last.json")
    later = PanelSpec("later", "Later", "app.ui.panels.log:LogPanel", "bottom", is_late=True)
    monkeypatch.setattr(panels, "PANELS", (*PANELS, later))
    monkeypatch.setattr("app.ui.main_window.MainWindow.__init__.__defaults__", ((*PANELS, later),))
    driver = start()
    dock: PanelDock = driver.window.docks["later"]
    assert not dock.isHidden()
    assert dock in driver.window.tabifiedDockWidgets(driver.window.docks["orders"])
    assert not driver.window.docks["positions"].visibleRegion().isEmpty()  # still in front
    bars = [bar for bar in driver.window.findChildren(QTabBar) if bar.count() > 2]
    assert any(bar.tabText(bar.count() - 1) == "Later" for bar in bars)
    monkeypatch.undo()
    older = start()  # which has never heard of that panel
    assert "later" not in older.window.docks
    assert not older.window.docks["positions"].visibleRegion().isEmpty()
    assert not older.window.is_panel_open("executions")


def test_a_truncated_layout_is_listed_and_told_of_when_it_is_asked_for(
    start: Callable[[], Driver], home: Paths
) -> None:
    driver = start()
    save_as(driver, "Mine")
    file = home.layouts_dir / "mine.json"
    driver.end()
    file.write_text(file.read_text()[:200])
    again = start()
    assert button(again) == "mine"  # as it stood; the file is asked for by a reset only
    again.desk.run("view.reset_layout")
    assert any("is broken" in text for text in again.said())
    assert button(again) == "Day"
    assert again.session.arranger.layouts() == ["Day", "Scalp", "Overview"]
    menu = again.window.menus.menu("View/Layouts")
    assert not any("mine" in action.text() for action in menu.actions())


def test_the_arrangement_of_a_newer_version_is_put_aside_and_told(
    start: Callable[[], Driver], home: Paths
) -> None:
    last = home.layouts_dir / "last.json"
    last.write_text('{"format": 99, "name": "last", "layout": {}}')
    driver = start()
    driver.desk.run("view.toggle_log")
    driver.end()
    assert any("newer Moorgate" in text for text in driver.said())
    assert json.loads((home.layouts_dir / "last.kept").read_text())["format"] == 99
    assert json.loads(last.read_text())["format"] == 1


def test_a_second_window_goes_into_full_screen_and_back_to_where_it_was(driver: Driver) -> None:
    driver.desk.run("view.new_window")
    [window] = driver.session.arranger.windows.extra
    driver.until(lambda: driver.app.activeWindow() is window)
    window.showMaximized()
    driver.desk.run("view.toggle_full_screen")
    assert window.isFullScreen()
    assert not driver.window.isFullScreen()
    driver.desk.run("view.toggle_full_screen")
    assert window.isMaximized()
    assert not window.isFullScreen()


def test_every_panel_has_room_for_its_use_on_a_small_screen_at_large_scale(
    driver: Driver,
) -> None:
    docks = driver.window.docks
    driver.window.resize(1280, 800)
    driver.desk.save_setting("general", "ui_scale_percent", 150)
    driver.until(lambda: docks["ticket"].width() >= 390)  # all have taken the new scale
    driver.desk.run("view.reset_layout")
    for number, tables, others in (
        (1, ("orders",), {"watchlist": 300, "chart": 500}),
        (2, ("orders", "positions"), {"chart": 700}),
        (3, ("orders", "positions", "account"), {}),
    ):
        driver.desk.run(f"view.switch_layout_{number}")
        driver.until(driver.window.updatesEnabled)
        for name in tables:
            table = docks[name].findChild(TableView)
            assert table is not None
            rows = table.viewport().height() // table.verticalHeader().defaultSectionSize()
            assert rows >= 3, f"{name} in layout {number}"
        for name, width in others.items():
            assert docks[name].width() >= width
    assert driver.window.width() == 1280


def test_columns_and_intervals_belong_to_layouts_of_ones_own(driver: Driver) -> None:
    orders, chart = driver.window.docks["orders"], driver.window.docks["chart"]
    table = orders.findChild(TableView)
    assert table is not None
    header = table.horizontalHeader()
    wide, usual = header.sectionSize(1) + 60, header.sectionSize(1)
    header.resizeSection(1, wide)
    driver.do(asyncio.sleep(1.2 * LOOK_MS / 1000))
    assert button(driver) == "Day"  # which says nothing of columns
    save_as(driver, "Mine")
    header.resizeSection(1, usual)
    driver.until(lambda: button(driver) == "Mine *")
    header.resizeSection(1, wide)
    driver.until(lambda: button(driver) == "Mine")  # back is back
    table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    five = next(one for one in chart.findChildren(QToolButton) if one.text() == "5m")
    five.click()
    driver.until(lambda: button(driver) == "Mine *")
    driver.desk.run("view.reset_layout")
    assert button(driver) == "Mine"
    assert "sort" not in orders.save_state()["table"]
    assert chart.save_state() == {"timeframe": "1m"}
    driver.desk.run("view.undo")
    assert button(driver) == "Mine *"
    assert chart.save_state() == {"timeframe": "5m"}


def test_what_is_changed_back_is_no_change(driver: Driver) -> None:
    driver.desk.run("view.toggle_log")
    driver.until(lambda: button(driver) == "Day *")
    driver.desk.run("view.undo")
    driver.until(lambda: button(driver) == "Day")
    driver.desk.run("view.new_window")
    [window] = driver.session.arranger.windows.extra
    driver.until(lambda: button(driver) == "Day *")
    window.close()
    driver.until(lambda: not driver.session.arranger.windows.extra)
    driver.desk.run("view.focus_positions")  # another tab in front is none either
    driver.do(asyncio.sleep(0.1))
    before = button(driver)
    driver.desk.run("view.focus_orders")
    driver.do(asyncio.sleep(0.1))
    assert button(driver) == before


def test_a_panel_that_floats_again_is_painted(start: Callable[[], Driver]) -> None:
    driver = start()
    log = driver.window.docks["log"]
    driver._on_loop(lambda: log.setFloating(True))
    driver.desk.run("view.switch_layout_2")
    driver.desk.run("view.switch_layout_1")
    driver.until(driver.window.updatesEnabled)
    assert log.isFloating()
    assert log.updatesEnabled()
    again = start().window.docks["log"]
    assert again.isFloating()
    assert again.updatesEnabled()
