"""The window: its arrangement, what it says of the account, and that one fault stays one fault."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QStyle, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from app.base.paths import Paths
from app.commands.catalog import MENUS
from app.domain import events
from app.domain.reconcile import Reconciliation
from app.domain.reports import Severity
from app.ui import theme, window_state
from app.ui.dialogs.report import ReportDialog
from app.ui.dock import PanelDock
from app.ui.frame import Mode, mode_of
from app.ui.panels import PANELS, PanelSpec
from tests.surprises import LogWatch
from tests.ui.shell.conftest import PAPER, Driver

BOTTOM = ["Orders", "Executions", "Positions", "Account", "Log", "Journal"]


def test_the_first_arrangement(driver: Driver) -> None:
    window = driver.window
    assert [dock.objectName() for dock in window.docks.values()] == [spec.id for spec in PANELS]
    tabs = next(bar for bar in window.findChildren(QTabBar) if bar.count() == len(BOTTOM))
    assert [tabs.tabText(at) for at in range(tabs.count())] == BOTTOM
    assert tabs.tabText(tabs.currentIndex()) == "Orders"
    watchlist, chart, ticket, orders = (
        window.docks[name].geometry() for name in ("watchlist", "chart", "ticket", "orders")
    )
    assert watchlist.right() < chart.left() < chart.right() < ticket.left()
    assert chart.bottom() < orders.top()
    assert chart.width() > max(watchlist.width(), ticket.width())
    assert chart.height() > orders.height()


def test_docks_float_nest_and_tab_without_animation(driver: Driver) -> None:
    options = driver.window.dockOptions()
    assert options & driver.window.DockOption.AllowNestedDocks
    assert options & driver.window.DockOption.AllowTabbedDocks
    assert not options & driver.window.DockOption.GroupedDragging  # Qt crashes over it
    assert not options & driver.window.DockOption.AnimatedDocks
    # Qt glides where it restores an arrangement, whatever the options say.
    glide = QStyle.StyleHint.SH_Widget_Animation_Duration
    parts = [driver.window, driver.window.docks["chart"], driver.window.replay_bar]
    assert [part.style().styleHint(glide, None, part) for part in parts] == [0, 0, 0]


def test_whatever_is_saved_by_name_has_a_name_of_its_own(driver: Driver) -> None:
    window = driver.window
    named = [*window.docks.values(), window.replay_bar, window.banner, window.status, window]
    names = [widget.objectName() for widget in named]
    assert all(names)
    assert len(set(names)) == len(names)


def test_panels_close_and_come_back(driver: Driver) -> None:
    driver.desk.run("view.toggle_ticket")
    assert not driver.window.is_panel_open("ticket")
    driver.desk.run("view.reopen_panel")
    assert driver.window.is_panel_open("ticket")
    driver.desk.run("view.reopen_panel")
    assert driver.said()[-1] == "No panel was closed"
    driver.desk.run("view.focus_log")
    assert driver.window.docks["log"].isVisible()
    assert not driver.window.docks["orders"].visibleRegion().boundingRect().height()


def test_menus_are_built_from_the_commands(driver: Driver) -> None:
    bar = driver.window.menuBar()
    assert [action.text().replace("&", "") for action in bar.actions()] == [
        *("File", "View", "Trade", "Connections", "Tools", "Window", "Help"),
    ]
    trade = driver.window.menus.menu("Trade")
    trade.aboutToShow.emit()
    shown = {action.objectName(): action for action in trade.actions() if action.objectName()}
    buy = shown["trading.buy_market"]
    assert buy.text().replace("&", "") == "Buy Market\tCtrl+Alt+B"
    assert buy.shortcut().isEmpty()  # keys are heard in one place only
    assert not buy.isEnabled()
    assert "Not now:" in buy.toolTip()
    assert not shown["trading.arm_keys"].isChecked()
    menus = [action.menu() for action in trade.actions()]
    submenus = [menu for menu in menus if isinstance(menu, QMenu)]
    assert [menu.title().replace("&", "") for menu in submenus] == [
        *("Selected Orders", "Selected Positions"),
        *("Cancel One Side", "Prices", "Staged Order", "Size", "Kill Switch"),
    ]
    at = menus.index(submenus[-1])
    assert trade.actions()[at - 1].isSeparator()
    connection = driver.window.menus.menu(f"Connections/{PAPER}")
    assert [action.text().replace("&", "") for action in connection.actions() if action.text()] == [
        *("Connect", "Disconnect", "Edit…", "Remove…", "Drills…"),
    ]


def test_everything_stands_again_where_it_stood(start: Callable[[], Driver]) -> None:
    first = start()
    first.window.docks["log"].setFloating(True)
    first.window.docks["log"].move(40, 40)
    first.desk.run("view.toggle_executions")
    first.window.resize(first.window.width(), 640)
    first.desk.set_size(first.desk.size + 7)
    size = first.desk.size
    orders, chart = first.window.docks["orders"], first.window.docks["chart"]
    first.window.resizeDocks([chart, orders], [300, 150], Qt.Orientation.Vertical)
    first.do(asyncio.sleep(0.2))
    stood = {name: dock.geometry() for name, dock in first.window.docks.items()}
    second = start()
    second.do(asyncio.sleep(0.2))
    for name in ("watchlist", "chart", "ticket", "orders"):
        now, then = second.window.docks[name].geometry(), stood[name]
        apart = (now.topLeft() - then.topLeft(), now.bottomRight() - then.bottomRight())
        assert all(point.manhattanLength() <= 4 for point in apart), f"{name}: {then} to {now}"
    assert second.window.docks["log"].isFloating()
    assert not second.window.is_panel_open("executions")
    assert second.window.height() == 640
    assert second.desk.size == size
    second.desk.run("view.reset_layout")
    assert not second.window.docks["log"].isFloating()
    assert second.window.is_panel_open("executions")


def test_an_arrangement_that_cannot_be_read_gives_the_default_one(
    start: Callable[[], Driver], home: Paths
) -> None:
    start()
    start()  # the first one has written its layout
    file = home.layouts_dir / "last.json"
    content = json.loads(file.read_text())
    content["layout"]["docks"] = "AAAA"
    driver = start()
    assert not driver.session.arranger.restore_state(content["layout"])
    assert driver.window.is_panel_open("ticket")


def test_a_layout_that_is_no_json_starts_the_default_one(
    start: Callable[[], Driver], home: Paths
) -> None:
    file = home.layouts_dir / "last.json"
    file.write_text("{ not json")
    driver = start()
    assert driver.window.is_panel_open("chart")
    assert file.with_suffix(".broken").exists()
    assert any("broken" in toast.text for toast in driver.window.toasts.toasts())


def test_a_window_off_every_screen_comes_back(qtbot: QtBot) -> None:
    screen = QRect(0, 0, 1280, 800)
    window = QWidget()
    qtbot.addWidget(window)
    window.setGeometry(5000, 5000, 600, 400)
    assert window_state.rescue(window, [screen])
    assert screen.contains(window.geometry())
    assert not window_state.rescue(window, [screen])
    window.setGeometry(-580, 100, 600, 400)  # a sliver is not enough to take hold of
    assert window_state.rescue(window, [screen])
    window.setGeometry(0, 0, 4000, 3000)
    window.move(9000, 0)
    window_state.rescue(window, [screen])
    assert window.width() <= screen.width()
    assert not window_state.rescue(window, [])


def test_paper_and_live_cannot_be_taken_for_one_another(driver: Driver) -> None:
    assert [mode_of(word) for word in (True, False, None)] == [
        *(Mode.PAPER, Mode.LIVE, Mode.UNKNOWN),
    ]
    assert driver.window.windowTitle().startswith("NO ACCOUNT")
    for mode in Mode:
        driver.window.frame.set_mode(mode)
        driver.window.status.show_mode(mode, "test")
        edge = driver.window.grab().toImage().pixelColor(QPoint(1, driver.window.height() // 2))
        assert edge == theme.color(mode.value)
        badge = driver.window.status.findChild(QLabel, "mode_badge")
        assert badge is not None
        assert badge.text() == mode.title


def test_a_connected_paper_account_is_called_paper(driver: Driver) -> None:
    driver.connect()
    symbol = driver.desk.selection.instrument
    assert symbol is not None
    assert driver.window.windowTitle().startswith(f"PAPER · {symbol.symbol} ·")


def test_a_failing_journal_stays_on_screen(driver: Driver) -> None:
    driver.engine.bus.publish(events.StorageFailed("the disk is full."))
    driver.until(lambda: driver.window.banner.isVisible())
    assert "the disk is full." in driver.window.banner.text
    full = driver.engine.recorder
    full.is_storage_ok = False
    notice = events.NoticeRaised(Severity.INFO, "test", "hello", driver.engine.clock.now())
    driver.engine.bus.publish(notice)
    assert driver.window.banner.isVisible()
    full.is_storage_ok = True
    driver.engine.bus.publish(notice)
    assert not driver.window.banner.isVisible()


@pytest.mark.parametrize(
    ("findings", "unavailable", "shown"),
    [
        (("recovered a fill: buy 100 SPY at 100",), (), True),
        ((), (), False),
    ],
)
def test_what_changed_meanwhile_is_reported_without_blocking(
    driver: Driver, findings: tuple[str, ...], unavailable: tuple[str, ...], shown: bool
) -> None:
    at = datetime(2024, 3, 12, 14, 30, tzinfo=UTC)
    result = Reconciliation(PAPER, at, (), findings, unavailable)
    driver.engine.bus.publish(events.Reconciled(result))
    dialog = driver.window.findChild(ReportDialog, "reconciliation_dialog")
    assert (dialog is not None) is shown
    if dialog is not None:
        assert not dialog.isModal()
        assert findings[0] in dialog.text
        driver.until(lambda: QApplication.focusWindow() is dialog.windowHandle())
        driver.press(Qt.Key.Key_Return, into=dialog)
        driver.until(lambda: not driver.window.findChildren(ReportDialog))
    driver.desk.run("tools.show_reconciliation")
    again = driver.window.findChildren(ReportDialog, "reconciliation_dialog")[-1]
    assert "compared with the broker" in again.text
    again.close()


def test_a_panel_that_cannot_be_made_does_not_take_the_window_along(
    driver: Driver, qapp: QApplication
) -> None:
    failures: list[str] = []
    spec = PanelSpec("bad", "Bad", "app.ui.panels.nowhere:Nothing", "left")
    dock = PanelDock(spec, lambda _error, where: failures.append(where), driver.window)
    dock.open_panel(driver.desk)
    assert failures == ["panel 'Bad'"]
    sentence = dock.widget()
    assert isinstance(sentence, QLabel)
    assert "could not be opened" in sentence.text()
    assert dock.save_state() == {}


def test_a_fault_is_shown_and_the_window_goes_on(driver: Driver, expected_logs: LogWatch) -> None:
    with expected_logs("unforeseen failure in a test", level="ERROR", count=2):
        driver.session.crash.take(ValueError("no"), "a test")
        driver.session.crash.take(ValueError("no"), "a test")
    [dialog] = driver.window.findChildren(ReportDialog, "crash_dialog")
    assert not dialog.isModal()
    assert "It has happened 2 times" in dialog.text
    dialog.close()
    driver.desk.run("view.toggle_ticket")
    assert not driver.window.is_panel_open("ticket")


def test_themes_change_at_once_and_are_remembered(driver: Driver, home: Paths) -> None:
    driver.desk.run("view.use_light_theme")
    assert theme.current_name() == "light"
    assert 'theme = "light"' in home.settings_file.read_text()
    driver.desk.run("view.use_dark_theme")
    assert theme.current_name() == "dark"
    assert driver.window.palette().color(driver.window.backgroundRole()) == theme.color("window")


def test_toasts_stay_in_front_of_a_panel_that_is_raised_and_off_the_ticket(
    driver: Driver,
) -> None:
    driver.desk.run("trading.buy_market")
    [toast] = driver.window.toasts.toasts()
    for name in ("positions", "watchlist"):  # from behind a tab, and seen all the time
        driver.desk.run(f"view.focus_{name}")
        children = [child for child in driver.window.children() if isinstance(child, QWidget)]
        assert children.index(toast) > children.index(driver.window.docks[name])
    for kept in (driver.window.docks["ticket"], driver.window.hud):
        assert not toast.geometry().intersects(kept.geometry())
    driver.window.resize(900, 500)  # so low that the strip at the top was the last place left
    assert not toast.isVisible() or not toast.geometry().intersects(driver.window.hud.geometry())


def test_toasts_leave_the_buttons_of_orders_and_positions_free(driver: Driver) -> None:
    driver.desk.run("trading.buy_market")
    [toast] = driver.window.toasts.toasts()
    for name in ("orders", "positions", "orders"):
        driver.desk.run(f"view.focus_{name}")
        driver.until(driver.window.docks[name].isVisible)
        assert toast.isVisible()
        assert not toast.geometry().intersects(driver.window.docks[name].geometry())
    below = Qt.FindChildOption.FindDirectChildrenOnly
    tabs = [bar for bar in driver.window.findChildren(QTabBar, options=below) if bar.isVisible()]
    assert tabs
    assert not any(toast.geometry().intersects(bar.geometry()) for bar in tabs)


def test_escape_sends_toasts_away(driver: Driver) -> None:
    driver.desk.run("trading.buy_market")
    assert driver.window.toasts.toasts()
    driver.window.setFocus()
    driver.press(Qt.Key.Key_Escape)
    assert driver.window.toasts.toasts() == []


def test_every_entry_of_every_menu_is_reached_by_a_letter_of_its_own(driver: Driver) -> None:
    menus = [driver.window.menuBar(), *driver.window.menuBar().findChildren(QMenu)]
    assert len(menus) > len(MENUS)
    for menu in menus:
        texts = [action.text() for action in menu.actions() if not action.isSeparator()]
        marked = [re.search(r"(?<!&)&([^&])", text.partition("\t")[0]) for text in texts]
        letters = [found[1].casefold() for found in marked if found]
        assert len(letters) == len(set(letters)), texts
        assert len(letters) >= min(len(texts), 24), texts
    bar = [action.text() for action in driver.window.menuBar().actions()]
    assert all("&" in text for text in bar)
