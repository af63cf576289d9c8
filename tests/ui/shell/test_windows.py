"""Several windows: panels move between them, and stand again where they stood."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QMenu, QWidget

from app.domain.reports import Severity
from app.ui import theme, window_state
from app.ui.frame import Mode
from app.ui.panel_menu import panel_menu
from app.ui.windows import ExtraWindow
from tests.ui.shell.conftest import ALT, CTRL, SHIFT, Driver


def home_of(driver: Driver, panel_id: str) -> QMainWindow:
    return driver.window.docks[panel_id].window_of


def second_window(driver: Driver, panel_id: str) -> ExtraWindow:
    """A further window with this panel in it, which has the keyboard."""
    dock = driver.window.docks[panel_id]
    driver.window.panels.show_dock(dock)
    driver.until(lambda: dock.has_keyboard)
    driver.desk.run("view.new_window")
    [window] = driver.session.arranger.windows.extra
    driver.until(lambda: window.isVisible() and dock.window_of is window)
    driver.until(lambda: QApplication.focusWindow() is window.windowHandle())
    return window


def test_a_new_window_takes_the_panel_along_and_tells_live_from_paper(driver: Driver) -> None:
    driver.connect()
    chart = driver.window.docks["chart"].panel
    window = second_window(driver, "chart")
    assert driver.window.docks["chart"].panel is chart
    assert driver.window.docks["chart"].isVisible()
    assert window.windowTitle().startswith("PAPER · ")
    assert window.windowTitle().endswith("Window 2 · Moorgate")
    menus = [action.text().replace("&", "") for action in window.menuBar().actions()]
    assert menus[:3] == ["File", "View", "Trade"]
    main, further = (one.menus.menu("File").actions() for one in (driver.window, window))
    assert [action.text() for action in further] == [action.text() for action in main]
    window.frame.set_mode(Mode.LIVE)
    edge = window.grab().toImage().pixelColor(QPoint(1, window.height() // 2))
    assert edge == theme.color("live")


def test_keys_are_heard_in_every_window(driver: Driver) -> None:
    driver.connect()
    window = second_window(driver, "chart")
    driver.press(Qt.Key.Key_A, CTRL | SHIFT, into=window)
    assert driver.desk.arming.reason == "armed by the trader"
    driver.press(Qt.Key.Key_D, CTRL | SHIFT, into=window)
    assert driver.desk.arming.reason != "armed by the trader"
    driver.press(Qt.Key.Key_M, CTRL | SHIFT, into=window)
    assert home_of(driver, "chart") is driver.window


def test_a_panel_moves_on_from_window_to_window(driver: Driver) -> None:
    window = second_window(driver, "log")
    driver.window.panels.show_dock(driver.window.docks["orders"])
    driver.until(lambda: driver.window.docks["orders"].has_keyboard)
    driver.desk.run("view.move_panel_to_window")
    assert home_of(driver, "orders") is window
    menu = panel_menu(driver.session.arranger, driver.window.docks["orders"], only_links=False)
    menus = menu.findChildren(QMenu)
    entries = {action.text(): action for one in menus for action in one.actions()}
    assert not entries["Window 2"].isEnabled()
    entries["Main Window"].trigger()
    assert home_of(driver, "orders") is driver.window
    menu.deleteLater()


def test_an_empty_window_says_what_it_is_for(driver: Driver) -> None:
    window = second_window(driver, "log")
    hint = window.findChild(QLabel, "window_hint")
    assert hint is not None
    assert not hint.isVisible()
    driver.desk.run("view.move_panel_to_window")
    driver.until(hint.isVisible)
    assert "Ctrl+Shift+M" in hint.text()


def test_closing_a_window_brings_its_panels_back_and_can_be_undone(driver: Driver) -> None:
    window = second_window(driver, "log")
    log = driver.window.docks["log"]
    window.close()
    driver.until(lambda: log.window_of is driver.window)
    assert driver.session.arranger.windows.extra == []
    assert log.isVisible()
    assert log in driver.window.tabifiedDockWidgets(driver.window.docks["orders"])
    assert driver.said()[-1] == "Closed window 2. Ctrl+Z brings it back"
    driver.desk.run("view.undo")
    [again] = driver.session.arranger.windows.extra
    assert log.window_of is again
    assert again.isVisible()


def test_windows_stand_again_after_a_restart(start: Callable[[], Driver]) -> None:
    driver = start()
    window = second_window(driver, "log")
    driver.window.panels.show_dock(driver.window.docks["account"])
    driver.until(lambda: driver.window.docks["account"].has_keyboard)
    driver.desk.run("view.move_panel_to_window")
    window.resize(720, 510)
    window.move(60, 50)
    driver.until(lambda: window.size().width() == 720)
    stood = window.pos()
    again = start()
    [restored] = again.session.arranger.windows.extra
    again.until(restored.isVisible)
    assert (restored.size().width(), restored.size().height()) == (720, 510)
    assert restored.pos() == stood
    for name in ("log", "account"):
        assert home_of(again, name) is restored
        assert not again.window.docks[name].isHidden()
    assert home_of(again, "orders") is again.window


def test_a_window_of_a_screen_that_is_gone_comes_back(start: Callable[[], Driver]) -> None:
    driver = start()
    window = second_window(driver, "log")
    window.move(9000, 9000)
    driver.until(lambda: window.x() == 9000)
    again = start()
    [restored] = again.session.arranger.windows.extra
    again.until(restored.isVisible)
    screen = QApplication.primaryScreen().availableGeometry()
    assert screen.intersects(restored.frameGeometry())
    state = again.session.arranger.capture()
    for one in (state, *state["windows"]):
        one["geometry"] = ""  # as for Qt where the screens are of quite other sizes
    assert again.session.arranger.layout_of_windows.apply(state, at_start=True)
    assert restored.size() == QSize(900, 640).boundedTo(window_state.fitting_size())
    assert again.window.size() == window_state.fitting_size()
    assert screen.intersects(restored.frameGeometry())
    [damaged] = state["windows"]
    damaged["docks"] = "AAAA"
    state["windows"].append(damaged)  # the same again is no other one
    assert again.session.arranger._apply(state)
    assert again.session.arranger.windows.extra == []
    assert home_of(again, "log") is again.window
    assert not again.window.docks["log"].isHidden()
    assert again.said()[-1].startswith("Window 2 cannot be put back: the panels are in the main")
    assert again.session.arranger.is_modified


def test_switching_layouts_ends_windows_and_brings_them_back(driver: Driver) -> None:
    second_window(driver, "log")
    driver.desk.run("view.switch_layout_2")
    assert driver.session.arranger.windows.extra == []
    driver.desk.run("view.switch_layout_1")
    [window] = driver.session.arranger.windows.extra
    assert home_of(driver, "log") is window


def test_dialogs_and_windows_end_with_the_program(start: Callable[[], Driver]) -> None:
    driver = start()
    second_window(driver, "log")
    driver.end()
    left = [one for one in QApplication.topLevelWidgets() if isinstance(one, ExtraWindow)]
    assert not any(QWidget.isVisible(one) for one in left)


def told(window: QWidget, name: str) -> str:
    label = window.findChild(QLabel, name)
    assert label is not None
    assert label.isVisible()
    return label.text()


def test_a_refused_key_is_told_in_the_window_it_was_pressed_in(driver: Driver) -> None:
    driver.connect()
    window = second_window(driver, "chart")
    driver.press(Qt.Key.Key_B, CTRL | ALT, into=window)
    [toast] = window.toasts.toasts()
    assert toast.isVisible()
    assert "not armed" in toast.text
    assert driver.window.toasts.toasts() == []
    assert told(window, "window_message") == toast.text
    assert told(driver.window, "status_message") == toast.text
    assert not any(toast.geometry().intersects(bar.geometry()) for bar in (
        window.hud, window.menuBar(), window.statusBar()))  # fmt: skip
    driver.press(Qt.Key.Key_Escape, into=window)
    assert window.toasts.toasts() == []


def test_no_toast_lies_on_a_ticket_in_any_window(driver: Driver) -> None:
    window = second_window(driver, "ticket")
    ticket = driver.window.docks["ticket"]
    driver.desk.notify(Severity.WARNING, "the data farm is down")
    [toast] = window.toasts.toasts()
    assert not toast.isVisible()  # there is nothing but the ticket
    assert told(window, "window_message") == "the data farm is down"
    driver.window.panels.show_dock(driver.window.docks["chart"])
    driver.until(lambda: driver.window.docks["chart"].has_keyboard)
    driver.desk.run("view.move_panel_to_window")
    window.resize(1500, 640)
    driver.until(lambda: driver.window.docks["chart"].width() > 500)
    driver.desk.notify(Severity.WARNING, "the data farm is down")
    driver.until(lambda: any(toast.isVisible() for toast in window.toasts.toasts()))
    [toast] = window.toasts.toasts()
    assert not toast.geometry().intersects(ticket.geometry())


def test_a_floating_panel_tells_of_arming_and_of_refused_keys(driver: Driver) -> None:
    driver.connect()
    dock = driver.window.docks["chart"]
    driver._on_loop(lambda: dock.setFloating(True))
    driver.window.panels.show_dock(dock)
    driver.until(lambda: QApplication.focusWindow() is dock.windowHandle())
    assert told(dock, "note_arming") == "DISARMED"
    driver.press(Qt.Key.Key_B, CTRL | ALT, into=dock)
    assert "not armed" in told(dock, "note_message")
    assert len(driver.window.toasts.toasts()) == 1  # on the window behind, never on the panel
    driver.press(Qt.Key.Key_Escape, into=dock)
    assert driver.window.toasts.toasts() == []
    driver.press(Qt.Key.Key_A, CTRL | SHIFT, into=dock)
    assert told(dock, "note_arming") == "ARMED"
    driver._on_loop(lambda: dock.setFloating(False))
    note = dock.findChild(QLabel, "note_arming")
    driver.until(lambda: note is not None and not note.isVisible())
