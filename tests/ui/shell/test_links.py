"""Link groups: what panels of one colour share, and whose instrument keys trade."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit

from app.commands.link_groups import GROUPS
from app.domain.ids import AccountId
from app.domain.instrument import Instrument
from app.ui import theme
from app.ui.desk import Desk
from app.ui.dock import PanelDock
from app.ui.panel_menu import panel_menu
from app.ui.widgets.symbol_search import SymbolSearch
from tests.ui.shell.conftest import CTRL, SHIFT, Driver


def panel(driver: Driver, panel_id: str) -> PanelDock:
    return driver.window.docks[panel_id]


def focus(driver: Driver, panel_id: str) -> PanelDock:
    """Give a panel the keyboard."""
    dock = panel(driver, panel_id)
    driver.window.panels.show_dock(dock)
    driver.until(lambda: dock.has_keyboard)
    return dock


def two_groups(driver: Driver) -> tuple[Desk, Desk, Instrument]:
    """A second chart, in group B, with another instrument; the keyboard is in it."""
    driver.connect()
    driver.desk.run("view.new_chart")
    driver.until(lambda: panel(driver, "chart-2").has_keyboard)
    driver.press(Qt.Key.Key_F2, CTRL | SHIFT)
    first, second = panel(driver, "chart").desk, panel(driver, "chart-2").desk
    assert first is not None
    assert second is not None
    chosen = first.selection.instrument
    others = driver.engine.instruments.all()
    driver.until(lambda: len(driver.engine.instruments.all()) > 1)
    other = next(one for one in others if chosen is None or one.key != chosen.key)
    second.select(instrument=other)
    return first, second, other


def test_every_title_shows_the_letter_and_colour_of_its_group(driver: Driver) -> None:
    for dock in driver.window.docks.values():
        assert dock.titleBarWidget() is dock.head
        assert dock.head.chip.text() == "A"
        assert "blue" in dock.head.chip.accessibleName()
    driver.window.panels.link(panel(driver, "chart"), "c")
    chip = panel(driver, "chart").head.chip
    assert chip.text() == "C"
    assert theme.color("link_c").name() in chip.styleSheet()
    for group in GROUPS:
        assert theme.contrast(theme.color(f"link_{group.id}"), theme.color("link_text")) >= 4.5


def test_a_new_panel_begins_in_the_group_one_works_in(driver: Driver) -> None:
    driver.connect()
    driver.desk.run("view.new_chart")
    dock = panel(driver, "chart-2")
    assert dock.windowTitle() == "Chart 2"
    assert dock.isVisible()
    assert dock.desk is panel(driver, "chart").desk
    chart = panel(driver, "chart").geometry()
    driver.until(lambda: dock.geometry().left() > panel(driver, "chart").geometry().left())
    assert chart.top() == dock.geometry().top()


def test_groups_keep_their_instruments_apart_and_the_window_follows_the_keyboard(
    driver: Driver,
) -> None:
    first, second, other = two_groups(driver)
    kept = first.selection.instrument
    assert kept is not None
    assert panel(driver, "ticket").desk is first
    assert driver.desk.selection.instrument == other
    assert f" {other.symbol} " in driver.window.windowTitle()
    assert "Group B (orange)" in driver.window.windowTitle()
    focus(driver, "chart")
    assert driver.desk.selection.instrument == kept
    assert f" {kept.symbol} " in driver.window.windowTitle()
    assert second.selection.instrument == other
    assert panel(driver, "chart").head._is_active
    assert not panel(driver, "chart-2").head._is_active


def test_keys_trade_the_group_of_the_keyboard(driver: Driver) -> None:
    _first, _second, other = two_groups(driver)
    quote = (driver.desk.selection.market_key,)
    driver.until(lambda: quote[0] is not None and driver.engine.market.quote(quote[0]) is not None)
    driver.desk.run("trading.arm_keys")
    driver.press(Qt.Key.Key_B, CTRL | Qt.KeyboardModifier.AltModifier)
    driver.until(driver.orders)
    assert [order.request.instrument.key for order in driver.orders()] == [other.key]


def test_another_symbol_does_not_disarm_but_another_account_does(driver: Driver) -> None:
    first, second, _other = two_groups(driver)
    driver.desk.run("trading.arm_keys")
    focus(driver, "chart")
    assert driver.desk.arming.is_armed
    second.select(account_id=AccountId("another"))  # of a group that nobody works in
    assert driver.desk.arming.is_armed
    focus(driver, "chart-2")
    assert driver.desk.arming.reason == "another account was chosen"
    assert first.selection.account_id != AccountId("another")


def test_the_size_belongs_to_the_group(driver: Driver) -> None:
    first, second, _other = two_groups(driver)
    second.set_size(first.size + 5)
    sizes: list[object] = []
    driver.desk.size_changed.connect(sizes.append)
    focus(driver, "chart")
    assert sizes == [first.size]
    assert driver.desk.size == first.size
    assert second.size == first.size + 5


def test_a_panel_that_is_linked_to_none_keeps_its_own_instrument(driver: Driver) -> None:
    first, _second, other = two_groups(driver)
    driver.press(Qt.Key.Key_F5, CTRL | SHIFT)
    dock = panel(driver, "chart-2")
    own = dock.desk
    assert own is not None
    assert own not in (first, _second)
    assert own.selection.instrument == other
    assert dock.head.chip.text() == "–"
    assert driver.desk.group == own.group
    driver.window.panels.link(dock, "a")
    assert dock.desk is first
    assert own not in driver.session.core.desks
    assert driver.desk.group == "a"


def test_a_new_panel_beside_one_that_is_linked_to_none_is_linked_to_none(driver: Driver) -> None:
    driver.connect()
    focus(driver, "positions")
    driver.desk.run("view.unlink_panel")
    driver.desk.run("view.new_chart")
    driver.until(lambda: panel(driver, "chart-2").has_keyboard)
    own, new = panel(driver, "positions"), panel(driver, "chart-2")
    assert (own.group, new.group) == ("=positions", "=chart-2")
    assert own.desk is not None
    assert new.desk is not None
    assert new.desk.selection == own.desk.selection


def test_a_group_stays_while_any_panel_is_in_it(driver: Driver) -> None:
    """A layout file may put two panels into what is the group of one."""
    panels = driver.window.panels
    for panel_id in ("positions", "chart"):
        panels.link(panel(driver, panel_id), "=positions")
    panels.link(panel(driver, "chart"), "d")
    focus(driver, "chart")
    focus(driver, "positions")
    assert driver.desk.group == "=positions"
    panels.link(panel(driver, "positions"), "a")
    assert panels.links.find("=positions") is None


def test_a_panel_is_arranged_in_its_new_group_as_it_was(driver: Driver) -> None:
    dock = panel(driver, "chart")
    dock.restore_state({"timeframe": "15m"})
    before = dock.panel
    driver.window.panels.link(dock, "b")
    assert dock.panel is not None
    assert dock.panel is not before
    assert dock.save_state()["timeframe"] == "15m"


def test_prices_and_orders_are_told_within_the_group(driver: Driver) -> None:
    first, second, _other = two_groups(driver)
    told: list[str] = []
    first.price_picked.connect(lambda _: told.append("first"))
    second.price_picked.connect(lambda _: told.append("second"))
    driver.desk.price_picked.connect(lambda _: told.append("window"))
    second.price_picked.emit(1)
    assert sorted(told) == ["second", "window"]
    told.clear()
    driver.desk.price_picked.emit(1)
    assert sorted(told) == ["second", "window"]


def test_the_chip_and_the_menu_offer_what_the_keys_do(driver: Driver) -> None:
    dock = panel(driver, "ticket")
    menu = panel_menu(driver.session.arranger, dock, only_links=True)
    texts = [action.text() for action in menu.actions() if action.text()]
    assert [text.split("\t")[0] for text in texts] == [
        *("Group A (blue)", "Group B (orange)", "Group C (violet)", "Group D (teal)", "Not linked"),
    ]
    assert texts[1].endswith("\tCtrl+Shift+F2")
    menu.actions()[1].trigger()
    assert dock.group == "b"
    menu.deleteLater()
    dock.head.chip.click()
    driver.until(lambda: QApplication.activePopupWidget() is not None)
    popup = QApplication.activePopupWidget()
    assert popup is not None
    popup.close()


def test_an_extra_panel_that_is_closed_comes_back_where_and_as_it_was(driver: Driver) -> None:
    two_groups(driver)
    dock = panel(driver, "chart-2")
    dock.restore_state({"timeframe": "5m"})
    driver.until(lambda: dock.geometry().width() > 50)
    stood = dock.geometry()
    driver.press(Qt.Key.Key_F4, CTRL)
    assert dock.isHidden()
    driver.until(lambda: dock.panel is None)
    assert driver.said()[-1] == "Closed Chart 2. Ctrl+Z brings it back"
    assert "chart-2" not in driver.session.arranger.save_state()["panels"]
    driver.desk.run("view.undo")
    driver.until(lambda: dock.geometry() == stood)
    assert dock.group == "b"
    assert dock.save_state()["timeframe"] == "5m"
    dock.close()
    driver.until(lambda: dock.panel is None)
    driver.desk.run("view.reopen_panel")
    assert dock.panel is not None
    driver.desk.run("view.undo")  # what was brought back already is passed over
    assert driver.said()[-1] == "There is nothing to take back"
    assert dock.isVisible()


def test_focus_keys_go_from_one_panel_of_a_kind_to_the_next(driver: Driver) -> None:
    two_groups(driver)
    focus(driver, "orders")
    driver.desk.run("view.focus_chart")
    assert panel(driver, "chart").has_keyboard
    driver.desk.run("view.focus_chart")
    assert panel(driver, "chart-2").has_keyboard
    assert driver.desk.group == "b"
    driver.desk.run("view.focus_chart")
    assert panel(driver, "chart").has_keyboard


def test_closing_a_panel_leaves_the_group_one_works_in(driver: Driver) -> None:
    _first, second, _other = two_groups(driver)
    assert driver.desk.group == "b"
    panel(driver, "chart-2").close()
    assert driver.desk.group == "b"
    assert driver.session.core.active is second


def test_a_panel_behind_another_tab_hears_no_keys(driver: Driver) -> None:
    driver.window.panels.link(panel(driver, "log"), "b")
    orders, log = focus(driver, "orders"), panel(driver, "log")
    log.raise_()  # as a click on its tab does
    driver.until(lambda: log.has_keyboard)
    assert not orders.has_keyboard
    assert driver.desk.group == "b"
    focus(driver, "orders")
    assert driver.desk.group == "a"


def test_a_group_without_a_watchlist_is_asked_for_a_symbol_by_itself(driver: Driver) -> None:
    _first, second, _other = two_groups(driver)
    kept = panel(driver, "watchlist").desk
    driver.press(Qt.Key.Key_K, CTRL)
    dialog = driver.child(QDialog, "symbol_entry")
    driver.until(lambda: QApplication.focusWindow() is dialog.windowHandle())
    wanted = next(one for one in driver.engine.instruments.all() if one.symbol != _other.symbol)
    field = dialog.findChild(QLineEdit, "symbol_entry_field")
    assert field is not None
    field.setText(wanted.symbol)
    driver.press(Qt.Key.Key_Return, into=dialog)
    driver.until(lambda: second.selection.instrument == wanted)
    driver.until(lambda: not driver.window.findChildren(QDialog, "symbol_entry"))
    assert kept is not second
    driver.press(Qt.Key.Key_K, CTRL)
    again = driver.child(QDialog, "symbol_entry")
    driver.until(lambda: QApplication.focusWindow() is again.windowHandle())
    search = again.findChild(SymbolSearch, "symbol_entry_field")
    assert search is not None
    QTest.keyClicks(search, "zz")
    driver.until(search.popup.isVisible)
    driver.press(Qt.Key.Key_Escape, into=again)
    assert (search.popup.isVisible(), again.isVisible()) == (False, True)
    driver.press(Qt.Key.Key_Escape, into=again)  # whatever was typed
    driver.until(lambda: not driver.window.findChildren(QDialog, "symbol_entry"))


def test_groups_stand_again_after_a_restart(start: Callable[[], Driver]) -> None:
    driver = start()
    first, second, other = two_groups(driver)
    kept = first.selection.instrument
    second.set_size(second.size + 3)
    size = second.size
    driver.window.panels.link(panel(driver, "ticket"), None)
    again = start()
    dock = panel(again, "chart-2")
    assert dock.isVisible()
    assert dock.group == "b"
    assert dock.desk is not None
    assert dock.desk.selection.instrument == other
    assert dock.desk.size == size
    chart = panel(again, "chart").desk
    assert chart is not None
    assert chart.selection.instrument == kept
    ticket = panel(again, "ticket").desk
    assert ticket is not None
    assert ticket.selection.instrument == kept
    assert panel(again, "ticket").head.chip.text() == "–"
    assert again.desk.group == "b"
