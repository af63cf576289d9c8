"""One open settings dialog, used as a person does."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QListWidget, QWidget

from app.store.settings import Settings
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.settings.dialog import SettingsDialog
from app.ui.settings.form import FormPage
from app.ui.settings.row import Row
from tests.ui.find import child
from tests.ui.shell.conftest import NONE, Driver

W = TypeVar("W", bound=QWidget)


class Opened:
    """The dialog at one page, and what a hand does with it."""

    def __init__(self, driver: Driver, page: str = "general") -> None:
        self.driver = driver
        driver._on_loop(lambda: driver.desk.shell.show_dialog(f"settings:{page}"))
        driver.until(lambda: driver.window.findChild(SettingsDialog) is not None)
        self.dialog = child(driver.window, SettingsDialog)

    @property
    def stored(self) -> Settings:
        """What the file says."""
        return self.driver.desk.settings_store.load()

    @property
    def held(self) -> Settings:
        """What holds."""
        return self.driver.desk.settings

    @property
    def form(self) -> FormPage:
        page = self.dialog.page(self.dialog.current_page())
        assert isinstance(page, FormPage)
        return page

    def row(self, row_id: str) -> Row:
        return self.form.row(row_id)

    def get(self, kind: type[W], name: str) -> W:
        return child(self.dialog, kind, name)

    def click(self, row_id: str) -> None:
        """Press the space bar on a check box."""
        self.key(self.row(row_id).editor.widget, Qt.Key.Key_Space)

    def choose(self, row_id: str, value: str) -> None:
        """Choose from a list."""
        combo = self.row(row_id).editor.widget
        assert isinstance(combo, QComboBox)

        def act() -> None:
            combo.setCurrentIndex(combo.findData(value))
            combo.activated.emit(combo.currentIndex())

        self.driver._on_loop(act)

    def type(self, widget: QWidget, text: str, *, end: Qt.Key | None = Qt.Key.Key_Return) -> None:
        """Replace what is in a field, and press Enter unless told otherwise."""

        def act() -> None:
            widget.setFocus()
            QTest.keyClick(widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClicks(widget, text)
            if end is not None:
                QTest.keyClick(widget, end)

        self.driver._on_loop(act)

    def key(self, widget: QWidget, key: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
        self.driver._on_loop(lambda: QTest.keyClick(widget, key, held))

    def asked(self) -> ConfirmDialog:
        """The question that has popped up."""
        self.driver.until(lambda: self.driver.window.findChild(ConfirmDialog) is not None)
        return child(self.driver.window, ConfirmDialog)

    def answer(self, *, yes: bool) -> None:
        """Answer the question, and wait until it is gone."""
        dialog = self.asked()
        button = dialog.accept_button if yes else dialog.cancel_button
        self.driver._on_loop(button.click)
        self.driver.until(lambda: self.driver.window.findChild(ConfirmDialog) is None)

    def close(self) -> None:
        self.driver._on_loop(self.dialog.reject)
        self.gone()

    def gone(self) -> None:
        """Wait until it is closed."""
        self.driver.until(lambda: self.driver.window.findChild(SettingsDialog) is None)

    def titles(self) -> list[str]:
        pages = self.get(QListWidget, "settings_pages")
        return [pages.item(row).text() for row in range(pages.count())]
