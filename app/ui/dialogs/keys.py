"""Every command with its key, to look up; rebinding has a page of its own."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui import theme
from app.ui.desk import Desk


class KeysDialog(QDialog):
    """A list of commands with a filter. GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("keys_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keyboard")
        self.resize(theme.px(720), theme.px(560))
        self._filter = QLineEdit(self)
        self._filter.setObjectName("keys_filter")
        self._filter.setPlaceholderText("Filter commands and keys")
        self._filter.textChanged.connect(self._show_matching)
        self._table = QTableWidget(0, 4, self)
        self._table.setObjectName("keys_table")
        self._fill(desk)
        layout = QVBoxLayout(self)
        layout.addWidget(self._filter)
        layout.addWidget(self._table)

    def _fill(self, desk: Desk) -> None:
        table = self._table
        table.setHorizontalHeaderLabels(["Command", "Key", "Armed only", "What it does"])
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        conflicts = {i for ids in desk.keymap.conflicts().values() for i in ids}
        for command in desk.commands:
            keys = " or ".join(desk.keymap.keys_of(command.id))
            if command.id in conflicts:
                keys = f"{keys} (in conflict)"
            row = table.rowCount()
            table.insertRow(row)
            armed = "yes" if command.increases_risk else ""
            for column, text in enumerate((command.title, keys, armed, command.help)):
                table.setItem(row, column, QTableWidgetItem(text))
        table.resizeColumnsToContents()
        table.horizontalHeader().setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)

    def _show_matching(self, text: str) -> None:
        wanted = text.casefold()
        for row in range(self._table.rowCount()):
            items = [self._table.item(row, column) for column in range(4)]
            words = " ".join(item.text() for item in items if item is not None)
            self._table.setRowHidden(row, wanted not in words.casefold())
