"""Everything that the program can show, one after the other, for pictures and for checks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget

from app.domain.order_types import OrderStatus
from app.ui.panels.ticket import TicketPanel
from app.ui.settings.pages import PAGES
from tests.ui.shell.conftest import ALT, CTRL, SHIFT, Driver

K = Qt.Key


@dataclass(frozen=True)
class Stage:
    """`show` brings it up; what it answers is looked at: the window itself, or a dialog over it."""

    name: str
    show: Callable[[Driver], QWidget]


def _dialog(driver: Driver) -> QDialog | None:
    found = [w for w in driver.app.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
    return found[-1] if found else None


def _asked(open_it: Callable[[Driver], None]) -> Callable[[Driver], QWidget]:
    """The dialog that `open_it` brings up."""

    def show(driver: Driver) -> QWidget:
        driver._on_loop(lambda: open_it(driver))
        driver.until(lambda: _dialog(driver))
        dialog = _dialog(driver)
        assert dialog is not None
        return dialog

    return show


def _panel(panel_id: str) -> Callable[[Driver], QWidget]:
    def show(driver: Driver) -> QWidget:
        driver._on_loop(lambda: driver.desk.run(f"view.focus_{panel_id}"))
        return driver.window

    return show


def _layout(number: int) -> Callable[[Driver], QWidget]:
    def show(driver: Driver) -> QWidget:
        driver._on_loop(lambda: driver.desk.run(f"view.switch_layout_{number}"))
        return driver.window

    return show


def _run(command_id: str) -> Callable[[Driver], None]:
    return lambda driver: driver.desk.run(command_id)


def _palette(driver: Driver) -> QWidget:
    driver._on_loop(lambda: driver.desk.run("application.show_palette"))
    return driver.window


def _detail(driver: Driver) -> QWidget:
    _panel("orders")(driver)
    driver.press(K.Key_Down)
    driver._on_loop(lambda: driver.desk.run("orders.show_detail"))
    return driver.window


def _settings(page_id: str) -> Callable[[Driver], QWidget]:
    return _asked(lambda driver: driver.session.shell.show_dialog(f"settings:{page_id}"))


def _confirm(driver: Driver) -> None:
    driver.desk.price_picked.emit(Decimal("54.00"))
    ticket = driver.window.docks["ticket"].panel
    assert isinstance(ticket, TicketPanel)
    ticket.send()


def _change(driver: Driver) -> QWidget:
    _panel("orders")(driver)
    driver.press(K.Key_Home)
    driver.press(K.Key_Down)
    return _asked(_run("trading.change_selected_order"))(driver)


STAGES: tuple[Stage, ...] = (
    *(Stage(f"panel-{name}", _panel(name)) for name in (
        "orders", "executions", "positions", "account", "log", "journal", "chart", "watchlist",
    )),
    Stage("order-detail", _detail),
    Stage("palette", _palette),
    *(Stage(f"settings-{page.id}", _settings(page.id)) for page in PAGES),
    Stage("new-connection", _asked(_run("connections.new"))),
    Stage("drills", _asked(_run("connections.drill_paper"))),
    Stage("about", _asked(_run("help.show_about"))),
    Stage("save-layout-as", _asked(_run("view.save_layout_as"))),
    Stage("confirm-order", _asked(_confirm)),
    Stage("change-order", _change),
    Stage("flatten-everything", _asked(_run("trading.flatten_everything"))),
    Stage("exit", _asked(_run("file.exit_program"))),
    *(Stage(f"layout-{number}", _layout(number)) for number in (2, 3, 1)),
)  # fmt: skip


def prepare(driver: Driver) -> None:
    """Connected, armed, with fills, a position and orders that work."""
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.press(K.Key_B, CTRL | ALT)
    book = driver.engine.orders.book
    driver.until(lambda: any(order.status is OrderStatus.FILLED for order in book))
    driver.press(K.Key_P, CTRL | ALT)
    driver.until(lambda: len(driver.orders()) == 3)


@contextmanager
def shown(driver: Driver, stage: Stage) -> Iterator[QWidget]:
    """Bring a stage up, let the program paint it, and clear it away afterwards."""
    widget = stage.show(driver)
    for _ in range(5):  # a layout that changes asks for another one
        driver.do(asyncio.sleep(0.01))
    try:
        yield widget
    finally:
        if isinstance(widget, QDialog):
            driver._on_loop(widget.reject)
            driver.until(lambda: _dialog(driver) is not widget)
        elif stage.name == "palette":
            driver.press(K.Key_Escape)
