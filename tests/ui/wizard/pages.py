"""The wizard in the whole window, walked by real keys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QListWidget, QWidget
from shiboken6 import isValid

from app.commands.wizard import Wizard
from app.commands.wizard_view import View
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.wizard.dialog import WizardDialog
from tests.ui.find import child
from tests.ui.shell.conftest import CTRL, NONE, SHIFT, Driver

W = TypeVar("W", bound=QWidget)
ENTER, ESC, TAB, SPACE = Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Space
DOWN, UP, LEFT = Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Left


class Pages:
    """One wizard that is open in the driver's window. `make` opens it; without it, a key does."""

    def __init__(
        self, driver: Driver, make: Callable[[], Wizard] | None = None, command: str = ""
    ) -> None:
        self.driver = driver
        if make is not None:
            driver._on_loop(lambda: driver.session.shell.show_wizard(make()))
        elif command:
            driver._on_loop(lambda: driver.desk.run(command))
        else:
            driver.press(Qt.Key.Key_N, CTRL | SHIFT)
        driver.until(lambda: driver.window.findChild(WizardDialog) is not None)
        self.dialog = child(driver.window, WizardDialog)
        self.wizard = self.dialog.wizard
        driver.until(lambda: QApplication.focusWindow() is self.dialog.windowHandle())
        self.idle()

    @property
    def view(self) -> View:
        return self.wizard.view()

    @property
    def is_open(self) -> bool:
        return isValid(self.dialog) and self.dialog.isVisible()

    @property
    def focused(self) -> str:
        """The object name of what has the keyboard."""
        widget = QApplication.focusWidget()
        return "" if widget is None else widget.objectName()

    def find(self, kind: type[W], name: str) -> W:
        return child(self.dialog, kind, name)

    def press(self, key: Qt.Key, held: Qt.KeyboardModifier = NONE) -> None:
        """A key in whatever dialog is in front."""

        self.driver.until(lambda: QApplication.focusWindow() is not None)

        def press() -> None:
            window = QApplication.focusWindow()
            assert window is not None
            QTest.keyClick(window, key, held)

        self.driver._on_loop(press)

    def type(self, text: str) -> None:
        """Replace what stands in the focused field."""
        self.press(Qt.Key.Key_A, CTRL)

        def send() -> None:
            window = QApplication.focusWindow()
            assert window is not None
            for letter in text:
                for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                    key = Qt.Key(ord(letter.upper()))
                    QApplication.sendEvent(window, QKeyEvent(kind, key, NONE, letter))

        self.driver._on_loop(send)

    def idle(self) -> None:
        """Until the page has done its work."""
        self.driver.until(lambda: not self.wizard.view().is_working)

    def on(self, times: int = 1) -> View:
        """Enter, so many times, each time until the page after it has done its work."""
        for _ in range(times):
            before = self.wizard.current
            self.press(ENTER)
            assert self.wizard.current != before, (before, self.focused, self.wizard.problem())
            self.idle()
        return self.view

    def back(self) -> View:
        self.press(LEFT, Qt.KeyboardModifier.AltModifier)
        return self.view

    def until_closed(self) -> None:
        """Until the dialog and its thread are gone."""
        self.driver.until(lambda: self.driver.window.findChild(WizardDialog) is None)
        self.driver.until(lambda: not wizard_threads())

    def question(self) -> ConfirmDialog:
        """The question that is asked now."""
        return question(self.driver)

    def agree(self) -> None:
        """Answer the question with yes, which stands before the Cancel that has the focus."""
        self.question()
        self.press(Qt.Key.Key_Backtab, SHIFT)
        self.press(SPACE)

    def said(self, name: str) -> str:
        return self.find(QLabel, name).text()


def question(driver: Driver) -> ConfirmDialog:
    """The question that the program asks now, once it has the keyboard."""
    driver.until(lambda: isinstance(QApplication.activeModalWidget(), ConfirmDialog))
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, ConfirmDialog)
    driver.until(lambda: QApplication.focusWindow() is dialog.windowHandle())
    driver.until(lambda: dialog.guard.is_over)
    return dialog


def lines_of(dialog: QDialog) -> list[str]:
    """What a question lists."""
    shown = dialog.findChild(QListWidget, "confirm_lines")
    return [] if shown is None else [shown.item(row).text() for row in range(shown.count())]


def wizard_threads() -> list[str]:
    """Threads of wizards that run now."""

    return [thread.name for thread in threading.enumerate() if thread.name == "wizard"]
