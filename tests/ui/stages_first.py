"""A first start before anything is connected: what every panel says while it is empty."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui.palette import CommandPalette
from tests.ui.shell.conftest import Driver
from tests.ui.stages_acting import (
    Act,
    Stage,
    leave_palette,
    opens,
    panel,
    popped,
    run,
    window,
)

PANELS = (
    *("watchlist", "chart", "ticket", "orders", "executions", "positions"),
    *("account", "log", "journal"),
)
MENUS = ("File", "View", "Trade", "Connections", "Tools", "Window", "Help")


def _unavailable(driver: Driver) -> QWidget:
    """The palette with commands that cannot run now, and why."""
    driver._on_loop(lambda: driver.desk.run("application.show_palette"))
    palette = driver.window.findChild(CommandPalette)
    assert isinstance(palette, CommandPalette)
    query = palette.findChild(QLineEdit, "palette_query")
    assert isinstance(query, QLineEdit)
    driver._on_loop(lambda: query.setText("close"))
    assert any(palette.reasons())
    return driver.window


def _nothing_found(driver: Driver) -> QWidget:
    driver._on_loop(lambda: driver.desk.run("application.show_palette"))
    query = driver.child(QLineEdit, "palette_query")
    driver._on_loop(lambda: query.setText("zzzz"))
    return driver.window


def _open_menu(title: str) -> Stage:
    def show(driver: Driver) -> None:
        menu = driver.window.menus.menu(title)
        menu.popup(driver.window.mapToGlobal(driver.window.menuBar().geometry().bottomLeft()))

    return Stage(f"menu-{title.lower()}", popped(show))


def _said(driver: Driver) -> QWidget:
    """A command that could not run: what the status bar and a toast say of it."""
    driver._on_loop(lambda: driver.desk.run("trading.buy_market"))
    return driver.window


def _quiet(driver: Driver) -> None:
    driver._on_loop(driver.window.toasts.clear)


FIRST = Act(
    (
        *(Stage(f"empty-{name}", panel(name)) for name in PANELS),
        Stage("palette-unavailable", _unavailable, leave_palette),
        Stage("palette-nothing", _nothing_found, leave_palette),
        Stage("refused", _said, _quiet),
        *(_open_menu(title) for title in MENUS),
        Stage("flatten-nothing", window(run("trading.flatten_everything"))),
        Stage("reconciliation-none", window(run("tools.show_reconciliation"))),
        Stage("about", opens("about")),
    )
)
