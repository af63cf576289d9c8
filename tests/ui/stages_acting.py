"""What a stage is, and the ways to bring one up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QWidget

from app.store.settings import Settings
from tests.ui.shell.conftest import Driver, by_hand

Show = Callable[[Driver], QWidget]
Do = Callable[[Driver], object]


@dataclass(frozen=True)
class Stage:
    """`show` brings it up; what it answers is looked at: a window, a dialog over it, or a menu.

    `clear` puts it away; without one a dialog or menu is closed, and a window stays as it is.
    """

    name: str
    show: Show
    clear: Do | None = None


@dataclass(frozen=True)
class Act:
    """Stages of one run of the program, which begins with settings that `choose` makes."""

    stages: tuple[Stage, ...]
    choose: Callable[[Settings], Settings] = by_hand
    around: Callable[[], AbstractContextManager[object]] = nullcontext


@contextmanager
def shown(driver: Driver, stage: Stage) -> Iterator[QWidget]:
    """Bring a stage up, let the program paint it, and clear it away afterwards."""
    widget = stage.show(driver)
    for _ in range(5):  # a layout that changes asks for another one
        driver.do(asyncio.sleep(0.01))
    try:
        yield widget
    finally:
        if stage.clear is not None:
            stage.clear(driver)
        elif isinstance(widget, QDialog):
            driver._on_loop(widget.reject)
            driver.until(lambda: widget not in dialogs(driver))
        elif isinstance(widget, QMenu):
            driver._on_loop(widget.close)
            driver.until(lambda: QApplication.activePopupWidget() is None)


def stays(_driver: Driver) -> None:
    """For a stage that the next one goes on from."""


def dialogs(driver: Driver) -> list[QDialog]:
    """Every dialog in sight."""
    return [w for w in driver.app.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]


def asked(open_it: Do) -> Show:
    """The dialog that `open_it` brings up."""

    def show(driver: Driver) -> QWidget:
        before = dialogs(driver)

        def new() -> list[QDialog]:
            return [dialog for dialog in dialogs(driver) if dialog not in before]

        driver._on_loop(lambda: open_it(driver))
        driver.until(new)
        return new()[0]

    return show


def popped(open_it: Do) -> Show:
    """The menu that `open_it` pops up."""

    def show(driver: Driver) -> QWidget:
        driver._on_loop(lambda: open_it(driver))
        driver.until(lambda: QApplication.activePopupWidget() is not None)
        popup = QApplication.activePopupWidget()
        assert popup is not None
        return popup

    return show


def window(do: Do) -> Show:
    """The main window, after `do`."""

    def show(driver: Driver) -> QWidget:
        driver._on_loop(lambda: do(driver))
        return driver.window

    return show


def run(command_id: str) -> Do:
    """Run a command."""
    return lambda driver: driver.desk.run(command_id)


def panel(panel_id: str) -> Show:
    """The window with the keyboard in this panel."""
    return window(run(f"view.focus_{panel_id}"))


def opens(name: str) -> Show:
    """A dialog that the window knows by this name."""
    return asked(lambda driver: driver.session.shell.show_dialog(name))


def leave_palette(driver: Driver) -> None:
    """Put the palette away."""
    driver.press(Qt.Key.Key_Escape)
