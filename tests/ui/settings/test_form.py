"""Every page of settings: saved at once, held at once, wrong input said and nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidget, QPushButton, QToolButton

from app.store.settings_fields import SECTIONS
from app.ui import format as fmt
from app.ui import theme
from app.ui.settings.notifications_page import NotificationsPage
from app.ui.settings.pages import PAGES
from tests.ui.find import child
from tests.ui.settings.opened import Opened
from tests.ui.shell.conftest import ALT, CTRL, Driver

K = Qt.Key
Open = Callable[[str], Opened]
# Not rows of a form: they have a page of their own kind.
_ELSEWHERE = {f"risk.{name}" for name in SECTIONS["risk"]}


def test_every_setting_of_the_file_can_be_changed_in_the_dialog() -> None:
    known = {f"{section}.{key}" for section, keys in SECTIONS.items() for key in keys}
    shown = {term.row for page in PAGES for term in page.terms()}
    assert known - _ELSEWHERE <= shown
    risk = next(page for page in PAGES if page.id == "risk")
    assert {f"risk.{term.row}" for term in risk.terms()} == _ELSEWHERE


def test_a_check_box_is_saved_and_holds_at_once(opened: Open) -> None:
    at = opened("general")
    at.click("general.disarm_on_lock")
    assert at.held.general.disarm_on_lock is False
    assert at.stored.general.disarm_on_lock is False


def test_a_choice_is_saved_and_holds_at_once(opened: Open) -> None:
    at = opened("general")
    at.choose("general.profit_method", "average")
    assert at.stored.general.profit_method == at.held.general.profit_method == "average"


def test_a_number_is_entered_by_enter_and_by_waiting(opened: Open) -> None:
    at = opened("general")
    spin = at.row("general.idle_disarm_minutes").editor.widget
    at.type(spin, "7")
    assert at.stored.general.idle_disarm_minutes == 7.0
    assert at.driver.desk.arming.idle_s == 420.0
    at.type(spin, "9", end=None)
    assert at.stored.general.idle_disarm_minutes == 7.0
    at.driver.until(lambda: at.stored.general.idle_disarm_minutes == 9.0)


def test_closing_enters_what_was_typed_last(opened: Open) -> None:
    at = opened("general")
    at.type(at.row("general.idle_disarm_minutes").editor.widget, "33", end=None)
    at.close()
    assert at.stored.general.idle_disarm_minutes == 33.0


def test_a_number_out_of_range_says_what_is_allowed_and_changes_nothing(opened: Open) -> None:
    at = opened("appearance")
    row = at.row("general.ui_scale_percent")
    at.type(row.editor.widget, "500")
    assert "from 80 to 200" in row.problem()
    assert "Nothing was changed" in row.problem()
    assert row.editor.widget.property("wrong") is True
    assert "from 80 to 200" in row.editor.widget.accessibleDescription()
    assert at.stored.general.ui_scale_percent == at.held.general.ui_scale_percent == 100
    at.key(row.editor.widget, K.Key_Escape)
    assert row.problem() == ""
    assert row.editor.widget.property("wrong") is False
    assert at.dialog.isVisible(), "the first Esc only takes back what was typed"
    at.key(row.editor.widget, K.Key_Escape)
    at.gone()


def test_the_arrows_of_a_number_stay_in_range(opened: Open) -> None:
    at = opened("general")
    spin = at.row("general.idle_disarm_minutes").editor.widget
    at.type(spin, "1")
    at.key(spin, K.Key_Down)
    at.driver.until(lambda: at.held.general.idle_disarm_minutes == 1.0)
    assert at.row("general.idle_disarm_minutes").problem() == ""


def test_a_time_zone_is_found_by_a_part_of_its_name_and_holds_at_once(opened: Open) -> None:
    at = opened("general")
    row = at.row("general.timezone")
    at.type(row.editor.widget, "asia/tokyo")
    assert at.stored.general.timezone == "Asia/Tokyo"
    assert fmt.clock_time(datetime(2024, 1, 2, 12, tzinfo=UTC)) == "21:00:00"
    at.type(row.editor.widget, "Mars/Olympus")
    assert "Europe/Berlin" in row.problem()
    assert at.stored.general.timezone == "Asia/Tokyo"


def test_a_currency_that_is_none_is_refused_in_words(opened: Open) -> None:
    at = opened("general")
    row = at.row("general.base_currency")
    at.type(row.editor.widget, "CZK")
    assert at.stored.general.base_currency == "CZK"
    at.type(row.editor.widget, "money")
    assert 'such as "USD"' in row.problem()
    assert at.stored.general.base_currency == "CZK"


def test_a_quantity_may_be_a_fraction_but_not_nothing(opened: Open) -> None:
    at = opened("trading")
    row = at.row("trading.default_quantity")
    at.type(row.editor.widget, "0.25")
    assert at.stored.trading.default_quantity == Decimal("0.25")
    at.type(row.editor.widget, "1..2x")
    assert "above 0" in row.problem()
    assert at.stored.trading.default_quantity == Decimal("0.25")


def test_sizes_are_added_moved_and_removed_and_panels_hear_of_it(opened: Open) -> None:
    at = opened("trading")
    told: list[list[str]] = []
    at.driver.desk.settings_changed.connect(
        lambda settings: told.append([str(size) for size in settings.trading.size_presets])
    )
    said, listed = at.get(QLabel, "size_problem"), at.get(QListWidget, "size_presets")
    new = at.get(QLineEdit, "new_size")
    at.type(new, "risk 50")
    assert told[-1] == ["1", "10", "50", "100", "500", "risk $50"]
    at.type(new, "a lot")
    assert "risk $50" in said.text()
    at.type(new, "10")
    assert "already" in said.text()
    at.key(listed, K.Key_Up, ALT)
    assert told[-1] == ["1", "10", "50", "100", "risk $50", "500"]
    at.key(listed, K.Key_Delete)
    assert told[-1] == ["1", "10", "50", "100", "500"]
    assert [str(size) for size in at.stored.trading.size_presets] == told[-1]


def test_reset_puts_one_setting_back(opened: Open) -> None:
    at = opened("trading")
    row = at.row("trading.price_step_ticks")
    button = child(row, QToolButton, "settings_reset")
    assert button.isHidden()
    at.type(row.editor.widget, "9")
    assert not button.isHidden()
    at.driver._on_loop(button.click)
    assert at.stored.trading.price_step_ticks == 5
    assert button.isHidden()


def test_resetting_a_page_asks_with_the_list_of_what_changes(opened: Open) -> None:
    at = opened("trading")
    at.click("trading.staged_orders")
    at.type(at.row("trading.price_step_ticks").editor.widget, "9")
    at.driver._on_loop(at.dialog._reset.click)
    lines = child(at.asked(), QListWidget, "confirm_lines")
    assert [lines.item(n).text() for n in range(lines.count())] == [
        "Large step of the price keys: 9 ticks → 5 ticks",
        "Trading keys only stage the order: on → off",
    ]
    at.answer(yes=True)
    at.driver.until(lambda: at.stored.trading.price_step_ticks == 5)
    assert at.stored.trading.staged_orders is False


def test_one_click_trading_is_opted_into_once_and_explained(opened: Open) -> None:
    at = opened("confirmations")
    row = at.row("trading.confirm_orders")
    at.click("trading.confirm_orders")
    question = child(at.asked(), QLabel, "confirm_question").text()
    assert "one click" in question
    assert "Nobody asks again" in question
    at.answer(yes=False)
    assert at.held.trading.confirm_orders
    at.driver.until(lambda: row.editor._read() is True)
    at.click("trading.confirm_orders")
    at.answer(yes=True)
    at.driver.until(lambda: not at.stored.trading.confirm_orders)
    at.click("trading.confirm_orders")
    at.driver.until(lambda: at.stored.trading.confirm_orders)


def test_what_an_editor_writes_into_the_file_meanwhile_is_kept_and_shown(opened: Open) -> None:
    at = opened("trading")
    path = at.driver.desk.settings_store.path
    path.write_text(path.read_text().replace("staged_orders = false", "staged_orders = true"))
    at.type(at.row("trading.price_step_ticks").editor.widget, "8")
    assert at.stored.trading.staged_orders is True
    assert at.stored.trading.price_step_ticks == 8
    assert at.row("trading.staged_orders").editor._read() is True


def test_the_file_is_read_again_when_the_dialog_is_looked_at_again(opened: Open) -> None:
    at = opened("trading")
    path = at.driver.desk.settings_store.path
    path.write_text(path.read_text().replace("staged_orders = false", "staged_orders = true"))
    at.driver._on_loop(at.dialog._take_over_file)
    assert at.row("trading.staged_orders").editor._read() is True


def test_what_was_written_before_the_dialog_opened_holds_and_is_told(driver: Driver) -> None:
    path = driver.desk.settings_store.path
    path.write_text(path.read_text().replace("staged_orders = false", "staged_orders = true"))
    at = Opened(driver, "trading")
    assert at.row("trading.staged_orders").editor._read() is True
    assert at.held.trading.staged_orders
    words = "settings.toml was changed outside of this window, and holds:"
    assert at.get(QLabel, "settings_said").text() == f"{words} trading.staged_orders: off → on."
    assert driver.said()[-1].startswith(words)


def test_a_file_that_is_broken_meanwhile_is_left_alone_and_told(opened: Open) -> None:
    at = opened("trading")
    path = at.driver.desk.settings_store.path
    path.write_text(path.read_text() + "\n[nonsense]\n")
    broken = path.read_text()
    row = at.row("trading.price_step_ticks")
    at.type(row.editor.widget, "8")
    assert "nonsense" in row.problem()
    assert path.read_text() == broken
    assert at.held.trading.price_step_ticks == 5
    at.driver._on_loop(at.dialog._take_over_file)
    assert "nonsense" in at.get(QLabel, "settings_said").text()


@pytest.mark.parametrize(("held", "key"), [(CTRL, K.Key_PageDown), (CTRL, K.Key_PageUp)])
def test_pages_turn_by_keys_from_any_field(
    opened: Open, held: Qt.KeyboardModifier, key: Qt.Key
) -> None:
    at = opened("trading")
    before = at.dialog.current_page()
    at.key(at.row("trading.price_step_ticks").editor.widget, key, held)
    assert at.dialog.current_page() != before


def test_sounds_can_be_tried_at_the_volume_that_holds(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened("notifications")
    page = at.dialog.page("notifications")
    assert isinstance(page, NotificationsPage)
    played: list[tuple[str, int]] = []
    can_be_heard = [True, False]

    def play(kind: str, volume_percent: int) -> bool:
        played.append((kind, volume_percent))
        return can_be_heard.pop(0)

    monkeypatch.setattr(page.player, "play", play)
    at.type(at.row("notifications.volume_percent").editor.widget, "35")
    at.driver._on_loop(at.get(QPushButton, "play_fill").click)
    assert at.get(QLabel, "sound_said").text() == ""
    at.driver._on_loop(at.get(QPushButton, "play_disconnect").click)
    assert played == [("fill", 35), ("disconnect", 35)]
    assert "Nothing can be heard" in at.get(QLabel, "sound_said").text()


def test_a_theme_holds_at_once(opened: Open) -> None:
    at = opened("appearance")
    at.choose("general.theme", "light")
    assert theme.current_name() == "light"
    at.choose("general.up_color", "red")
    assert at.stored.general.up_color == "red"
