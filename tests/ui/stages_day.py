"""A day of trading: every panel with something in it, every page, dialog and menu."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QLabel, QToolTip, QWidget

from app.domain.reports import Severity
from app.ui.crash import CrashReport
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.flatten_report import FlattenReportDialog
from app.ui.dialogs.symbol_entry import SymbolEntryDialog
from app.ui.panel_menu import panel_menu, show_menu
from app.ui.panels.ticket import TicketPanel
from app.ui.settings.hotkeys_table import HotkeysTable
from app.ui.settings.key_capture import KeyCapture
from app.ui.settings.pages import PAGES
from app.ui.settings.passphrase_dialog import (
    change_passphrase_dialog,
    new_passphrase_dialog,
    unlock_dialog,
)
from app.ui.settings.secret_dialog import SecretDialog
from app.ui.settings.vault_page import VaultPage
from tests.ui.shell.conftest import ALT, CTRL, SHIFT, Driver
from tests.ui.stages_acting import (
    Act,
    Do,
    Stage,
    asked,
    leave_palette,
    opens,
    panel,
    popped,
    run,
    window,
)

K = Qt.Key
TABLES = ("watchlist", "orders", "executions", "positions", "log", "journal")


def connected(driver: Driver) -> QWidget:
    """Connected, armed, with fills, a position and orders that work."""
    driver.connect()
    driver.window.setFocus()
    driver.press(K.Key_A, CTRL | SHIFT)
    driver.press(K.Key_B, CTRL | ALT)
    # The book knows of a fill before it is on disk, the positions afterwards.
    driver.until(lambda: any(view.quantity for view in driver.engine.portfolio.positions()))
    driver.press(K.Key_P, CTRL | ALT)
    driver.until(lambda: len(driver.orders()) == 3)
    return driver.window


def _detail(driver: Driver) -> QWidget:
    panel("orders")(driver)
    driver.press(K.Key_Down)
    driver._on_loop(lambda: driver.desk.run("orders.show_detail"))
    return driver.window


def _escape(driver: Driver) -> None:
    """Close what is open in a panel, and have the keyboard in its table again."""
    driver.press(K.Key_Escape)
    panel("orders")(driver)


def _vault(driver: Driver) -> QWidget:
    dialog = opens("settings:vault")(driver)
    page = dialog.findChild(VaultPage)
    assert isinstance(page, VaultPage)
    driver.until(lambda: not page._is_busy)
    return dialog


def _conflict(driver: Driver) -> QWidget:
    """A key that another command has already."""
    dialog = opens("settings:hotkeys")(driver)
    table, capture = dialog.findChild(HotkeysTable), dialog.findChild(KeyCapture)
    assert isinstance(table, HotkeysTable)
    assert isinstance(capture, KeyCapture)
    driver.until(lambda: driver.app.focusWindow() is dialog.windowHandle())
    driver._on_loop(lambda: table.choose("trading.cancel_account"))
    driver._on_loop(capture.click)
    driver.press(K.Key_F9, into=dialog)
    return dialog


def confirm(driver: Driver) -> None:
    """Send the ticket with a limit price, which asks first."""
    driver.desk.price_picked.emit(Decimal("54.00"))
    ticket = driver.window.docks["ticket"].panel
    assert isinstance(ticket, TicketPanel)
    ticket.send()


def _change(driver: Driver) -> QWidget:
    panel("orders")(driver)
    driver.press(K.Key_Home)
    driver.press(K.Key_Down)
    return asked(run("trading.change_selected_order"))(driver)


def _table_menu(panel_id: str, command: str) -> Do:
    def show(driver: Driver) -> None:
        driver.desk.run(f"view.focus_{panel_id}")
        driver.desk.run(command)

    return show


def _tool_tip(driver: Driver) -> QWidget:
    """What the strip says the entry keys would do."""
    strip = driver.window.hud
    tip = strip._entries()

    def show() -> None:
        QToolTip.showText(driver.window.mapToGlobal(QPoint(200, 80)), tip, strip, QRect(), 60_000)

    driver._on_loop(show)
    driver.until(lambda: _tip_label(driver) is not None)
    found = _tip_label(driver)
    assert found is not None
    return found


def _hide_tip(driver: Driver) -> None:
    driver._on_loop(QToolTip.hideText)
    driver.until(lambda: _tip_label(driver) is None)


def _tip_label(driver: Driver) -> QWidget | None:
    """The tool tip on the screen."""
    found = [w for w in driver.app.topLevelWidgets() if isinstance(w, QLabel) and w.isVisible()]
    return found[0] if found else None


def _crash(driver: Driver) -> None:
    text = "\n".join(["Traceback (most recent call last):", "  File …", "ValueError: a fault"])
    driver.session.shell.show_crash(CrashReport("ValueError: a fault", text, "a stage", 2))


def _passphrase(kind: str) -> Do:
    def show(driver: Driver) -> None:
        desk, over = driver.desk, driver.window
        if kind == "unlock":
            unlock_dialog(desk.vault, desk.spawn, over, ["alpha-paper", "beta-live"]).open()
        else:
            make = new_passphrase_dialog if kind == "new" else change_passphrase_dialog
            make(desk.vault, desk.spawn, over).open()

    return show


def _toasts(driver: Driver) -> None:
    driver.desk.notify(Severity.WARNING, "paper is reconnecting: attempt 3, next in 8 s")
    driver.desk.notify(Severity.ERROR, "Order refused: it is 12 % away from the market, 5 % is set")


def _gather(driver: Driver) -> None:
    driver.window.toasts.clear()
    driver.desk.run("view.reset_layout")


def _staged(driver: Driver) -> QWidget:
    panel("chart")(driver)
    driver._on_loop(lambda: driver.desk.run("trading.toggle_staged_mode"))
    driver.press(K.Key_J, CTRL | ALT)
    assert driver.desk.staging.staged is not None
    return driver.window


def _unstage(driver: Driver) -> None:
    driver._on_loop(lambda: driver.desk.run("trading.drop_staged_order"))
    driver._on_loop(lambda: driver.desk.run("trading.toggle_staged_mode"))


def _dry(driver: Driver) -> QWidget:
    driver._on_loop(lambda: driver.desk.run("trading.toggle_dry_run"))
    driver.press(K.Key_J, CTRL | ALT)
    return driver.window


def _wet(driver: Driver) -> None:
    driver._on_loop(lambda: driver.desk.run("trading.toggle_dry_run"))


def _float(driver: Driver) -> QWidget:
    dock = driver.window.docks["ticket"]
    driver._on_loop(lambda: dock.setFloating(True))
    driver.until(dock.isFloating)
    return dock


def _dock(driver: Driver) -> None:
    driver._on_loop(lambda: driver.window.docks["ticket"].setFloating(False))


def _second(driver: Driver) -> QWidget:
    driver._on_loop(lambda: driver.desk.run("view.focus_chart"))
    driver.until(lambda: driver.window.docks["chart"].has_keyboard)
    driver._on_loop(lambda: driver.desk.run("view.new_window"))
    [other] = driver.session.arranger.windows.extra
    driver.until(other.isVisible)
    return other


def _alone(driver: Driver) -> None:
    driver._on_loop(lambda: driver.desk.run("view.reset_layout"))
    driver.until(lambda: not driver.session.arranger.windows.extra)


def _dock_menu(driver: Driver) -> None:
    driver.desk.run("view.focus_chart")
    dock = driver.window.docks["chart"]
    show_menu(driver.session.arranger, dock, dock.mapToGlobal(QPoint(60, 30)), only_links=False)


def _link_menu(driver: Driver) -> None:
    dock = driver.window.docks["chart"]
    menu = panel_menu(driver.session.arranger, dock, only_links=True)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(dock.mapToGlobal(QPoint(60, 30)))


def _find_symbol(driver: Driver) -> None:
    SymbolEntryDialog(driver.desk.core.active, driver.window).open()


def _closed(driver: Driver) -> QWidget:
    """Closed a panel: the status bar says how to take it back."""
    driver._on_loop(lambda: driver.desk.run("view.focus_executions"))
    driver._on_loop(lambda: driver.desk.run("view.close_panel"))
    return driver.window


def _undo(driver: Driver) -> None:
    driver._on_loop(lambda: driver.desk.run("view.undo"))


def _report(driver: Driver) -> QWidget:
    """Flatten everything for good, and what became of it."""
    question = asked(run("trading.flatten_everything"))(driver)
    assert isinstance(question, ConfirmDialog)
    report = asked(lambda _: question.accept_button.click())(driver)
    assert isinstance(report, FlattenReportDialog)
    driver.until(lambda: report.report.is_over)
    return report


def _layout(number: int) -> Stage:
    return Stage(f"layout-{number}", window(run(f"view.switch_layout_{number}")))


DAY = Act(
    (
        Stage("connected", connected),
        *(Stage(f"panel-{name}", panel(name)) for name in (*TABLES, "account", "chart", "ticket")),
        *(
            Stage(f"menu-of-{name}", popped(_table_menu(name, "table.show_menu")))
            for name in ("orders", "positions", "watchlist")
        ),
        Stage("menu-columns", popped(_table_menu("orders", "table.show_columns_menu"))),
        Stage("menu-panel", popped(_dock_menu)),
        Stage("menu-links", popped(_link_menu)),
        Stage("filter", window(_table_menu("orders", "table.focus_filter")), _escape),
        Stage("order-detail", _detail, _escape),
        Stage("palette", window(run("application.show_palette")), leave_palette),
        Stage("settings-vault", _vault),
        *(Stage(f"settings-{page.id}", opens(f"settings:{page.id}")) for page in PAGES
          if page.id != "vault"),
        Stage("hotkey-conflict", _conflict),
        Stage("drills", asked(run("connections.drill_paper"))),
        Stage("save-layout-as", asked(run("view.save_layout_as"))),
        Stage("find-symbol", asked(_find_symbol)),
        Stage("passphrase-new", asked(_passphrase("new"))),
        Stage("passphrase-unlock", asked(_passphrase("unlock"))),
        Stage("passphrase-change", asked(_passphrase("change"))),
        Stage("secret", asked(lambda driver: SecretDialog(
            "API secret of alpha-paper", "It is kept in the system's keyring.", driver.window
        ).open())),
        Stage("crash", asked(_crash)),
        Stage("reconciliation", asked(run("tools.show_reconciliation"))),
        Stage("confirm-order", asked(confirm)),
        Stage("change-order", _change),
        Stage("remove-connection", asked(run("connections.remove_paper"))),
        Stage("flatten-everything", asked(run("trading.flatten_everything"))),
        Stage("exit", asked(run("file.exit_program"))),
        Stage("staged", _staged, _unstage),
        Stage("dry-run", _dry, _wet),
        Stage("toasts", window(_toasts), _gather),
        Stage("undo", _closed, _undo),
        Stage("tool-tip", _tool_tip, _hide_tip),
        Stage("floating", _float, _dock),
        Stage("second-window", _second, _alone),
        *(_layout(number) for number in (2, 3, 1)),
        Stage("flatten-report", _report),
    )
)  # fmt: skip
