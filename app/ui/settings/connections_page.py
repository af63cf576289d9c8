"""Settings > Connections: every account's way to its broker, and what can be done with it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)
from shiboken6 import isValid

from app.base.errors import MoorgateError
from app.brokers import registry
from app.domain.ids import ConnectionId
from app.engine.health import ConnectionState
from app.store.settings import Settings
from app.ui import format as fmt
from app.ui import theme
from app.ui.desk import Desk
from app.ui.off_thread import off_thread
from app.ui.settings.page import Page
from app.ui.settings.setting import Term
from app.ui.widgets.sentence import Sentence, as_sentence

TEST_TIMEOUT_S = 90.0
TERMS = (
    Term("table", "Connections", "broker account TWS live paper environment state read-only"),
    Term("autoconnect", "Connect at start", "autoconnect automatically connection"),
    Term("new", "New connection", "add account broker set up wizard"),
    Term("test", "Test a connection", "try check answer"),
)
_COLUMNS = ("Connection", "Broker", "Money", "State", "At start", "Read only")
_AT_START = 4
_TEXT = (
    "Tick “At start” for what connects by itself. Everything else of a connection is changed with"
    " Edit, step by step."
)
_OFF = (ConnectionState.OFFLINE, ConnectionState.FAILED)
_TOKENS = {
    ConnectionState.READY: "ok",
    ConnectionState.FAILED: "alarm",
    ConnectionState.RECONNECTING: "warning",
    ConnectionState.OFFLINE: "muted",
}


class ConnectionsPage(Page):
    """Shows `engine.connections` and runs the commands of the Connections menu. GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("connections_page", parent)
        self._desk = desk
        self._is_busy = False
        self.add_text(_TEXT)
        self._table = self._build_table()
        self.box.addWidget(self._table, 1)
        self.box.addLayout(self._build_buttons())
        self._said = Sentence("connections_said", self)
        self._said.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self._said.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.box.addWidget(self._said)
        bridge = desk.bridge
        for news in (
            bridge.connection_changed,
            bridge.connection_added,
            bridge.connection_removed,
            desk.settings_changed,
            theme.changed,
        ):
            news.connect(self._fill)
        self._fill()

    def go_to(self, row_id: str) -> None:
        if row_id == "new":
            self._new.setFocus()
        else:
            self._table.setFocus()
            column = _AT_START if row_id == "autoconnect" else 0
            self._table.setCurrentCell(max(0, self._table.currentRow()), column)

    def chosen(self) -> ConnectionId | None:
        """The connection in the row where the keyboard stands."""
        item = self._table.item(self._table.currentRow(), 0)
        return None if item is None else ConnectionId(item.text())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fill()

    # ---- building ----

    def _build_table(self) -> QTableWidget:
        table = QTableWidget(0, len(_COLUMNS), self)
        table.setObjectName("connections_table")
        table.setAccessibleName("Connections")
        table.setHorizontalHeaderLabels(_COLUMNS)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        theme.follow(table, lambda: table.setMinimumHeight(theme.px(140)))
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        theme.follow(table, lambda: header.setMinimumSectionSize(theme.px(60)))
        table.itemChanged.connect(self._on_item_changed)
        table.currentCellChanged.connect(self._show_buttons)
        table.itemDoubleClicked.connect(self._on_double_click)
        return table

    def _build_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._new = self._button(row, "connections_new", "&New…", self._on_new)
        self._edit = self._button(row, "connections_edit", "&Edit…", self._on_edit)
        self._remove = self._button(row, "connections_remove", "Remo&ve…", self._on_remove)
        row.addStretch(1)
        self._line = self._button(row, "connections_line", "&Connect", self._on_line)
        self._test = self._button(row, "connections_test", "&Test", self._on_test)
        self._test.setToolTip("Asks the broker for orders, fills and positions; sends no order")
        return row

    def _button(
        self, row: QHBoxLayout, name: str, text: str, act: Callable[[], None]
    ) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(act)
        row.addWidget(button)
        return button

    # ---- showing ----

    def _fill(self, _news: object = None) -> None:
        """All rows anew; the chosen connection stays chosen."""
        chosen, column = self.chosen(), max(0, self._table.currentColumn())
        ids = self._desk.engine.connections.ids()
        self._table.blockSignals(True)
        self._table.setRowCount(len(ids))
        for row, connection_id in enumerate(ids):
            for at, item in enumerate(self._items(connection_id)):
                self._table.setItem(row, at, item)
        self._table.blockSignals(False)
        if ids:
            self._table.setCurrentCell(ids.index(chosen) if chosen in ids else 0, column)
        self._show_buttons()

    def _items(self, connection_id: ConnectionId) -> list[QTableWidgetItem]:
        connections = self._desk.engine.connections
        config, state = connections.config(connection_id), connections.state(connection_id)
        is_live = config.environment == "live"
        texts = [
            connection_id,
            registry.broker_info(config.broker).title,
            "LIVE" if is_live else config.environment.upper(),
            state.value.capitalize(),
            "",
            "yes" if config.read_only else "no",
        ]
        items = [QTableWidgetItem(text) for text in texts]
        why = connections.text(connection_id)
        items[3].setToolTip(why)
        if why and state is not ConnectionState.READY:
            items[3].setText(f"{texts[3]}: {why}")
        items[3].setForeground(theme.color(_TOKENS.get(state, "pending")))
        items[2].setForeground(theme.color("warning" if is_live else "text"))
        font = items[2].font()
        font.setBold(is_live)  # also on the chosen row, which has a colour of its own
        items[2].setFont(font)
        for item in items:
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
        box = items[_AT_START]
        box.setFlags(box.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        is_on = self._connects_at_start(connection_id)
        box.setCheckState(Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)
        box.setText("yes" if is_on else "no")
        return items

    def _connects_at_start(self, connection_id: ConnectionId) -> bool:
        stored = self._desk.settings.connections
        return any(one.id == connection_id and one.autoconnect for one in stored)

    def _show_buttons(self) -> None:
        chosen, is_free = self.chosen(), not self._is_busy
        for button in (self._edit, self._remove, self._line, self._test):
            button.setEnabled(chosen is not None and is_free)
        if chosen is None:
            return
        is_off = self._desk.engine.connections.state(chosen) in _OFF
        self._line.setText("&Connect" if is_off else "Dis&connect")

    def _say(self, text: str, token: str = "text") -> None:
        if isValid(self):
            self._said.say(as_sentence(text) if text else "", token)

    # ---- what is asked for ----

    def _on_new(self) -> None:
        self._desk.run("connections.new")

    def _on_edit(self) -> None:
        self._run("edit")

    def _on_double_click(self, item: QTableWidgetItem) -> None:
        if item.column() != _AT_START:
            self._on_edit()

    def _on_remove(self) -> None:
        self._run("remove")

    def _on_line(self) -> None:
        chosen = self.chosen()
        if chosen is not None:
            is_off = self._desk.engine.connections.state(chosen) in _OFF
            self._run("connect" if is_off else "disconnect")

    def _run(self, deed: str) -> None:
        chosen = self.chosen()
        if chosen is not None:
            self._say("")
            self._desk.run(f"connections.{deed}_{chosen.replace('-', '_')}")

    def _on_item_changed(self, item: QTableWidgetItem) -> None:
        if item.column() != _AT_START:
            return
        name = self._table.item(item.row(), 0)
        if name is not None:
            is_on = item.checkState() is Qt.CheckState.Checked
            self._save_at_start(ConnectionId(name.text()), is_on)

    def _save_at_start(self, connection_id: ConnectionId, is_on: bool) -> None:
        store = self._desk.settings_store
        stored = {one.id: one for one in self._desk.settings.connections}
        config = stored.get(connection_id)

        def write() -> Settings:
            if config is None:
                raise MoorgateError(f"{connection_id} is not in the settings any more")
            return store.save_connection(replace(config, autoconnect=is_on))

        if self._desk.save_settings(write):
            word = "connects" if is_on else "does not connect"
            self._say(f"{connection_id} {word} by itself when Moorgate starts")
        self._fill()

    # ---- testing ----

    def _on_test(self) -> None:
        chosen = self.chosen()
        if chosen is None or self._is_busy:
            return
        is_off = self._desk.engine.connections.state(chosen) in _OFF
        work = self._try_anew(chosen) if is_off else self._try_line(chosen)
        self._is_busy = True
        self._show_buttons()
        self._say(f"Testing {chosen}", "muted")
        self._desk.spawn(self._tested(chosen, work), "connection test")

    async def _tested(
        self, connection_id: ConnectionId, work: Coroutine[Any, Any, tuple[str, str]]
    ) -> None:
        try:
            text, token = await work
        except MoorgateError as error:
            text, token = f"{connection_id} does not work: {error}", "alarm"
        finally:
            self._is_busy = False
        if isValid(self):
            self._say(text, token)
            self._show_buttons()

    async def _try_line(self, connection_id: ConnectionId) -> tuple[str, str]:
        """Read everything over the line that is up."""
        began = time.monotonic()
        unread = await self._desk.engine.orders.reread(connection_id)
        if unread:
            return f"{connection_id} does not work: {unread}", "alarm"
        took = fmt.duration(time.monotonic() - began)
        return f"{connection_id} works: orders, fills and positions were read in {took}", "ok"

    async def _try_anew(self, connection_id: ConnectionId) -> tuple[str, str]:
        """Connect once in a process of its own, read everything and hang up."""
        command = [sys.executable, "-m", "app", "connections", "test", connection_id]
        done = await off_thread(
            lambda: subprocess.run(
                [*command, "--home", str(self._desk.home)],
                capture_output=True,
                text=True,
                check=False,
                timeout=TEST_TIMEOUT_S,
            )
        )
        last = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        if done.returncode == 0:
            return f"{connection_id} works: it connected, and everything could be read", "ok"
        why = last[-1] if last else "no reason was given"
        return f"{connection_id} does not work: {why}", "alarm"
