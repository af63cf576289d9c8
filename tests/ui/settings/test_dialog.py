"""The dialog around the pages: search, keyboard, size and what it remembers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QListWidget,
    QWidget,
)

from app.commands.settings import PAGES as COMMANDED
from app.ui.settings.dialog import SettingsDialog
from app.ui.settings.pages import PAGES
from tests.ui.settings.opened import Opened
from tests.ui.shell.conftest import CTRL, Driver

K = Qt.Key
Open = Callable[[str], Opened]


def test_the_pages_stand_in_their_order_and_each_has_a_command(opened: Open) -> None:
    at = opened("general")
    order = [title for _, title in COMMANDED]
    assert [title for title in order if title in at.titles()] == at.titles()
    assert {page.id for page in PAGES} <= {page_id for page_id, _ in COMMANDED}


def test_every_page_opens_and_a_second_call_turns_to_it(driver: Driver) -> None:
    at = Opened(driver, "general")
    for page in PAGES:
        driver._on_loop(partial(driver.desk.run, f"settings.show_{page.id}"))
        assert at.dialog.current_page() == page.id
    assert len(driver.window.findChildren(SettingsDialog)) == 1


def test_the_search_leads_to_the_row(opened: Open) -> None:
    at = opened("general")
    search = at.get(QLineEdit, "settings_search")
    at.key(at.dialog, K.Key_F, CTRL)
    assert QApplication.focusWidget() is search
    at.type(search, "blind", end=None)
    found = at.get(QListWidget, "settings_found")
    assert found.isVisible()
    assert found.item(0).text().startswith("Colours for colour-blind eyes")
    at.key(search, K.Key_Return)
    assert at.dialog.current_page() == "appearance"
    assert at.row("general.color_blind").editor.widget.hasFocus()
    assert search.text() == ""


def test_any_word_of_an_explanation_is_found(opened: Open) -> None:
    at = opened("general")
    search = at.get(QLineEdit, "settings_search")
    for words, page in (
        ("one-click", "confirmations"),
        ("daily loss", "risk"),
        ("autoconnect", "connections"),
        ("clear bars", "data"),
        ("keyring", "vault"),
        ("volume", "notifications"),
    ):
        at.type(search, words)
        assert at.dialog.current_page() == page, words


def test_esc_leaves_the_search_before_the_dialog(opened: Open) -> None:
    at = opened("general")
    search = at.get(QLineEdit, "settings_search")
    at.type(search, "no such thing", end=None)
    assert at.get(QListWidget, "settings_found").item(0).text() == "Nothing is called so."
    at.key(search, K.Key_Return)
    at.key(search, K.Key_Escape)
    assert search.text() == ""
    assert at.dialog.isVisible()
    at.key(search, K.Key_Escape)
    at.gone()


def test_size_and_page_are_remembered(opened: Open, driver: Driver) -> None:
    at = opened("trading")
    at.driver._on_loop(lambda: at.dialog.resize(QSize(700, 480)))
    at.close()
    again = Opened(driver, "")
    assert again.dialog.current_page() == "trading"
    assert again.dialog.size() == QSize(700, 480)
    again.close()
    folder = driver.desk.paths.layouts_dir / "dialogs"
    (folder / "settings.json").write_text("{")
    assert Opened(driver, "").dialog.current_page() == "general"


def test_every_page_fits_a_small_screen_at_150_percent(opened: Open) -> None:
    """1280 x 800 at 150 % are 853 x 533 units, less title bar and panel."""
    at = opened("general")
    at.driver._on_loop(lambda: at.dialog.resize(QSize(840, 480)))
    for page in PAGES:
        at.driver._on_loop(partial(at.dialog.show_page, page.id))
        least = at.dialog.minimumSizeHint()
        assert least.width() <= 840, page.id
        assert least.height() <= 480, page.id
        area = at.dialog.page(page.id)
        for body in area.findChildren(QWidget, "settings_body"):
            assert body.width() <= area.width(), page.id
            assert body.minimumSizeHint().width() <= area.width(), page.id


def _names_reached(at: Opened) -> set[str]:
    """Tab once around; the names of all widgets that it came to."""
    reached: list[QWidget] = []
    for _ in range(60):
        widget = QApplication.focusWidget()
        assert widget is not None
        if widget in reached:
            return {one.objectName() for one in reached}
        reached.append(widget)
        assert widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text()), (
            widget
        )
        at.key(widget, K.Key_Tab)
    pytest.fail("Tab never comes back")


def test_tab_goes_round_through_named_widgets_only(opened: Open) -> None:
    at = opened("general")
    at.driver.until(lambda: QApplication.focusWidget() is not None)
    for page in PAGES:
        at.driver._on_loop(partial(at.dialog.show_page, page.id))
        if page.id == "data":
            at.driver.until(lambda: at.dialog.findChild(QLabel, "size_journal") is not None)
        assert {"settings_pages", "settings_search"} <= _names_reached(at), page.id
