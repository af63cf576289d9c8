"""What commands may ask of the window: panels, dialogs, files and the way out. GUI thread."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog

from app import __version__
from app.base.errors import StoreError, UserError
from app.commands import exits
from app.commands.flatten_report import FlattenReport
from app.commands.live_lines import LiveLines, Stand
from app.commands.palette import Recent
from app.commands.tables import TableActs
from app.commands.wizard import Wizard
from app.commands.wizard_save import new_wizard
from app.domain.events import PositionView
from app.domain.ids import ConnectionId
from app.domain.order import Order
from app.domain.order_types import OrderStatus
from app.domain.reconcile import Reconciliation
from app.domain.reports import Severity
from app.ui import table_focus, theme
from app.ui.arranger import Arranger
from app.ui.crash import CrashReport
from app.ui.desk import Desk
from app.ui.dialogs.ask_text import AskTextDialog
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.drills import DrillsDialog
from app.ui.dialogs.flatten_report import FlattenReportDialog
from app.ui.dialogs.report import (
    ReportDialog,
    crash_dialog,
    crash_heading,
    reconciliation_dialog,
)
from app.ui.main_window import MainWindow
from app.ui.palette import toggle_palette
from app.ui.settings.dialog import SettingsDialog
from app.ui.settings.passphrase_dialog import with_passphrase
from app.ui.widgets.mode_band import band_words
from app.ui.wizard.dialog import WizardDialog

EXPORT_TIMEOUT_S = 120.0
_ABOUT = (
    "Every broker account in one window, at keyboard speed.\n\n"
    "Published under the MIT licence, without warranty of any kind. Moorgate is a tool, not advice:"
    " what you trade is your decision and your risk."
)


class WindowShell(QObject):
    """Fulfils `app.commands.context.Shell` with a MainWindow; `on_exit` ends the program."""

    def __init__(
        self, desk: Desk, window: MainWindow, arranger: Arranger, on_exit: Callable[[], None]
    ) -> None:
        super().__init__(window)
        self._desk, self._window, self._on_exit = desk, window, on_exit
        self._arranger = arranger
        self._is_asking_to_exit = False
        self._asked: set[tuple[str, str]] = set()
        self._wizard: WizardDialog | None = None
        self._settings: SettingsDialog | None = None
        self._crash: ReportDialog | None = None
        self._last_reconciliation: Reconciliation | None = None
        self._recent = Recent()
        desk.set_shell(self)
        desk.bridge.reconciled.connect(self._on_reconciled)
        window.close_asked.connect(self.request_exit)

    @property
    def arrangement(self) -> Arranger:
        return self._arranger

    def show_panel(self, panel_id: str) -> None:
        self._window.panels.show(panel_id)

    def toggle_panel(self, panel_id: str) -> None:
        self._window.panels.toggle(panel_id)

    def is_panel_open(self, panel_id: str) -> bool:
        return self._window.panels.is_open(panel_id)

    def reopen_panel(self) -> bool:
        return self._window.panels.reopen()

    def search_symbol(self) -> None:
        self._window.search_symbol()

    def set_theme(self, name: str) -> None:
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            return
        theme.apply(app, name)
        self._desk.save_setting("general", "theme", name)

    def toggle_full_screen(self) -> None:
        window = self._window.window_in_use()
        window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def open_folder(self, path: Path) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._desk.notify(Severity.INFO, f"The folder is {path}")

    def show_dialog(self, name: str) -> None:
        """One of "about", "keys", "risk_limits", "reconciliation", "new_connection",
        "connection:<id>", "drills:<id>"."""
        if name == "about":
            heading = f"Moorgate {__version__}"
            about = ReportDialog("about_dialog", "About Moorgate", heading, _ABOUT, self._window)
            about.resize(theme.px(460), theme.px(240))
            about.open()
        elif name == "keys":
            self._show_settings("hotkeys")
            if self._settings is not None:
                self._settings.page("hotkeys").setFocus()  # its search
        elif name == "risk_limits":
            self._show_settings("risk")
        elif name == "reconciliation":
            self._show_last_reconciliation()
        elif name == "new_connection":
            self._set_up(None)
        elif name.startswith("connection:"):
            self._set_up(ConnectionId(name.removeprefix("connection:")))
        elif name == "palette":
            toggle_palette(self._desk, self._recent, self._window)
        elif name.partition(":")[0] == "settings":
            self._show_settings(name.partition(":")[2])
        elif name.startswith("drills:"):
            connection_id = ConnectionId(name.removeprefix("drills:"))
            DrillsDialog(self._desk, connection_id, self._window).show()

    async def end(self) -> None:
        """Let go of what a dialog may still be doing; the program is closing."""
        if self._wizard is not None:
            await self._wizard.wizard.close()

    def _set_up(self, connection_id: ConnectionId | None) -> None:
        if self._wizard is not None:
            self._wizard.raise_()
            self._wizard.activateWindow()
        else:
            self.show_wizard(new_wizard(self._desk, connection_id))

    def show_wizard(self, wizard: Wizard) -> None:
        """Open the window of a wizard; its thread ends with it, or with the program."""
        self._wizard = WizardDialog(self._desk, wizard, self._window)
        self._wizard.finished.connect(self._on_wizard_finished)
        self._wizard.open()

    def _on_wizard_finished(self) -> None:
        self._wizard = None

    def _show_settings(self, page: str) -> None:
        """One dialog: asked for a second time it comes to the front and turns to the page."""
        if self._settings is None:
            self._settings = SettingsDialog(self._desk, self._window, page=page)
            self._settings.finished.connect(self._on_settings_finished)
            self._settings.open()
        else:
            self._settings.show_page(page)
            self._settings.raise_()
            self._settings.activateWindow()

    def _on_settings_finished(self) -> None:
        self._settings = None

    def show_crash(self, report: CrashReport) -> None:
        """One dialog for all faults: the newest is shown, the window goes on."""
        if self._crash is None:
            self._crash = crash_dialog(report, self._window)
            self._crash.destroyed.connect(self._on_crash_closed)
            self._crash.show()
        else:
            self._crash.say(crash_heading(report), report.text)

    async def confirm(
        self,
        title: str,
        question: str,
        lines: Sequence[str],
        accept: str,
        *,
        where: Sequence[ConnectionId] = (),
        opens: bool = False,
    ) -> bool:
        about = (title, question)
        if about in self._asked:
            raise UserError("it is being asked already: answer that question first")
        band = band_words(self._desk.engine.connections, where) if where else None
        over = QApplication.activeModalWidget() or self._window
        self._asked.add(about)
        try:
            live = lines if isinstance(lines, LiveLines) else None
            shown = lines if live is None else live.first.lines
            dialog = ConfirmDialog(title, question, shown, accept, over, band=band)
            if opens:
                dialog.why_not = partial(self._desk.core.input_age.refusal, title)
            if live is not None:
                dialog.follow(live, partial(band_words, self._desk.engine.connections))
            is_sure = await dialog.answer()
            if dialog.is_moot:
                self._desk.notify(
                    Severity.INFO, f"{title}: nothing is left that you were asked about"
                )
            return is_sure
        finally:
            self._asked.discard(about)

    async def ask_text(self, title: str, label: str, text: str) -> str | None:
        over = QApplication.activeWindow() or self._window
        return await AskTextDialog(title, label, text, over).answer()

    def show_flatten_report(self, report: FlattenReport) -> None:
        FlattenReportDialog(report, self._desk.bridge, self._window).show()

    async def in_vault(self, work: Callable[[], Any]) -> Any:
        return await with_passphrase(self._desk.vault, work, self._desk.spawn, self._window)

    async def choose_file(
        self, title: str, file_filter: str, *, suggested_name: str = ""
    ) -> Path | None:
        dialog = QFileDialog(self._window, title)
        dialog.setNameFilters(file_filter.split(";;"))
        if suggested_name:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.selectFile(suggested_name)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        chosen: asyncio.Future[Path | None] = asyncio.get_running_loop().create_future()

        def finished(result: int) -> None:
            files = dialog.selectedFiles() if result else []
            if not chosen.done():
                chosen.set_result(Path(files[0]) if files else None)
            dialog.deleteLater()

        dialog.finished.connect(finished)
        dialog.open()
        return await chosen

    async def export(self, what: str, path: Path) -> None:
        """A process of its own reads the journal and writes the file; the window goes on."""
        command = [sys.executable, "-m", "app", "export", what, "--home", str(self._desk.home)]
        done = await asyncio.to_thread(
            subprocess.run,
            [*command, "--format", "csv", "--output", str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=EXPORT_TIMEOUT_S,
        )
        if done.returncode != 0:
            raise StoreError(
                f"{what} were not exported: {done.stderr.strip() or 'no reason given'}"
            )

    def table(self) -> TableActs | None:
        return table_focus.table_in_use()

    def chosen_orders(self) -> Sequence[Order]:
        return table_focus.chosen_orders()

    def chosen_positions(self) -> Sequence[PositionView]:
        return table_focus.chosen_positions()

    def show_order_detail(self, order: Order) -> None:
        table_focus.show_order_detail(order)

    def change_order(self, order: Order) -> None:
        table_focus.change_order(order)

    def request_exit(self) -> None:
        if not self._is_asking_to_exit:
            self._is_asking_to_exit = True
            self._desk.spawn(self._ask_to_exit(), "exit")

    async def _ask_to_exit(self) -> None:
        try:
            if await self._may_exit():
                self._on_exit()
        finally:
            self._is_asking_to_exit = False

    async def _may_exit(self) -> bool:
        stand = self._what_stays()
        if not stand.lines or not self._desk.settings.general.confirm_exit:
            return True
        lines = LiveLines(stand, self._what_stays)
        question, where = stand.question, stand.where
        return await self.confirm("Exit Moorgate", question, lines, "Exit", where=where)

    def _what_stays(self) -> Stand:
        lines = exits.open_lines(self._desk)
        question = "Nothing is open any more."
        if lines:
            question = (
                "These stay as they are at the broker when Moorgate closes. Nobody watches them"
                " here."
            )
        orders = self._desk.engine.orders.book.open_orders()
        if any(order.status is OrderStatus.HELD for order in orders):
            question += " Orders that are held here are only sent on while Moorgate runs."
        return Stand(question, lines, tuple(exits.open_connections(self._desk)))

    def _on_reconciled(self, event: object) -> None:
        result = getattr(event, "result", None)
        if not isinstance(result, Reconciliation):
            return
        self._last_reconciliation = result
        if result.findings:
            reconciliation_dialog(result, self._window).show()

    def _show_last_reconciliation(self) -> None:
        if self._last_reconciliation is None:
            self._desk.notify(Severity.INFO, "No connection was compared with its broker yet")
        else:
            reconciliation_dialog(self._last_reconciliation, self._window).show()

    def _on_crash_closed(self) -> None:
        self._crash = None
