"""Settings > Data: where the files are, how large they are, what can be written out or cleared."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QWidget,
)
from shiboken6 import isValid

from app.base.errors import MoorgateError
from app.commands.data_files import DataFile, size_text, survey_files
from app.ui import theme
from app.ui.desk import Desk
from app.ui.off_thread import off_thread
from app.ui.settings.page import Page
from app.ui.settings.setting import Term
from app.ui.widgets.sentence import Sentence, as_sentence

TERMS = (
    Term(
        "files", "Where the files are", "home folder path journal settings layouts logs size disk"
    ),
    Term("clear", "Clear the bar history", "delete bars chart cache history disk"),
    Term("export", "Export orders, executions or the audit", "csv save file"),
)
_CLEAR_TEXT = (
    "All bars on this computer are deleted. Charts fetch from the brokers again what they need;"
    " older bars that a broker does not tell any more are gone. Orders, executions and the"
    " journal are not touched."
)
_EXPORTS = (("orders", "&Orders…"), ("executions", "&Executions…"), ("audit", "A&udit…"))


class DataPage(Page):
    """Whatever reads or writes a disk here does it off the GUI thread. GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("data_page", parent)
        self._desk = desk
        self._is_busy = False
        self._buttons: dict[str, QPushButton] = {}
        self.add_heading("Files")
        self._home = self.add_text(str(desk.home))
        self._home.setObjectName("data_home")
        self._home.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._grid = QGridLayout()
        self._grid.setColumnStretch(3, 1)
        self._grid.setHorizontalSpacing(18)
        self.box.addLayout(self._grid)
        self._row(
            ("folder", "Open &Folder", self._on_folder), ("logs", "Open &Logs", self._on_logs)
        )
        self.add_heading("Export as CSV")
        self.add_text("Everything in the journal, in a file that a spreadsheet reads.")
        self._row(*((what, text, partial(self._on_export, what)) for what, text in _EXPORTS))
        self.add_heading("Bar history")
        self.add_text("Bars of charts are kept so that they need not be fetched twice.")
        self._row(("clear", "&Clear Bar History…", self._on_clear))
        self._progress = QProgressBar(self)
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(4)
        self._progress.setAccessibleName("Under way")
        self._progress.hide()
        self.box.addWidget(self._progress)
        self._said = Sentence("data_said", self)
        self.box.addWidget(self._said)
        self.box.addStretch(1)

    def go_to(self, row_id: str) -> None:
        name = {"files": "folder", "export": "orders"}.get(row_id, row_id)
        self._buttons.get(name, self._buttons["folder"]).setFocus()

    def said(self) -> str:
        """What became of what was asked for last."""
        return self._said.text()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_busy:
            self._do(self._look)

    def _row(self, *buttons: tuple[str, str, Callable[[], None]]) -> None:
        row = QHBoxLayout()
        for name, text, act in buttons:
            button = QPushButton(text, self)
            button.setObjectName(f"data_{name}")
            button.setAutoDefault(False)
            button.clicked.connect(act)
            row.addWidget(button)
            self._buttons[name] = button
        row.addStretch(1)
        self.box.addLayout(row)

    # ---- what is asked for ----

    def _on_folder(self) -> None:
        self._desk.run("file.open_home")

    def _on_logs(self) -> None:
        self._desk.run("help.open_logs")

    def _on_export(self, what: str) -> None:
        self._do(lambda: self._export(what))

    def _on_clear(self) -> None:
        self._do(self._clear)

    def _do(self, work: Callable[[], Coroutine[Any, Any, str]]) -> None:
        """One thing at a time; what it answers is said, and what goes wrong."""
        if not self._is_busy:
            self._show_busy(True)
            self._desk.spawn(self._done(work), "data")

    async def _done(self, work: Callable[[], Coroutine[Any, Any, str]]) -> None:
        token = "text"
        try:
            text = await work()
        except MoorgateError as error:
            text, token = as_sentence(str(error)), "alarm"
        finally:
            if isValid(self):
                self._show_busy(False)
        if isValid(self) and text:
            self._said.say(text, token)

    def _show_busy(self, is_busy: bool) -> None:
        self._is_busy = is_busy
        self._progress.setVisible(is_busy)
        for name in ("clear", *(what for what, _ in _EXPORTS)):
            self._buttons[name].setEnabled(not is_busy)

    async def _look(self) -> str:
        files = await off_thread(lambda: survey_files(self._desk.paths))
        if isValid(self):
            self._show_files(files)
        return ""

    async def _export(self, what: str) -> str:
        shell = self._desk.shell
        path = await shell.choose_file(
            f"Export {what.capitalize()}", "CSV (*.csv)", suggested_name=f"moorgate-{what}.csv"
        )
        if path is None:
            return ""
        await shell.export(what, path)
        return f"Exported: {path}"

    async def _clear(self) -> str:
        title = "Clear Bar History"
        if not await self._desk.shell.confirm(title, _CLEAR_TEXT, [], title):
            return ""
        await off_thread(self._desk.engine.history.clear)
        await self._look()
        return "The bar history is empty."

    # ---- showing ----

    def _show_files(self, files: list[DataFile]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for row, file in enumerate(files):
            for column, text in enumerate((file.title, file.name, size_text(file.size_bytes))):
                label = QLabel(text, self)
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setObjectName("" if column == 0 else "muted")
                if column == 2:
                    label.setFont(theme.number_font())
                    label.setAlignment(Qt.AlignmentFlag.AlignRight)
                    label.setObjectName(f"size_{file.id}")
                self._grid.addWidget(label, row, column)
