"""The table of secrets: for which connection, where it is kept, whether it is set."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from app.commands.secrets import Survey
from app.store.secrets import Entry, Place
from app.ui import theme

_COLUMNS = ("Connection", "Secret", "Kept in", "State")


class VaultTable(QTableWidget):
    """Rows of a `Survey`. Enter or a double click asks to replace, Delete to delete."""

    replace_asked = Signal()
    delete_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(0, len(_COLUMNS), parent)
        self.setObjectName("vault_table")
        self.setAccessibleName("Secrets of the connections")
        self.setHorizontalHeaderLabels(_COLUMNS)
        self.verticalHeader().hide()
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setStyleSheet("QTableWidget::item { padding: 0 6px; }")
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self._entries: tuple[Entry, ...] = ()
        self.cellDoubleClicked.connect(lambda _row, _column: self.replace_asked.emit())
        theme.changed.connect(self._recolor)

    def entry(self) -> Entry | None:
        """The chosen one."""
        row = self.currentRow()
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def show_survey(self, survey: Survey) -> None:
        """Fill it anew; the chosen row stays chosen."""
        row = max(0, self.currentRow())
        self._entries = survey.entries
        self.setRowCount(len(self._entries))
        for at, entry in enumerate(self._entries):
            title = survey.titles[entry.connection_id, entry.field]
            texts = (entry.connection_id, title, _kept_in(entry), state_words(entry))
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.setItem(at, column, item)
        self._recolor()
        if self._entries:
            self.setCurrentCell(min(row, len(self._entries) - 1), 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.replace_asked.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_asked.emit()
        else:
            super().keyPressEvent(event)

    def _recolor(self) -> None:
        for at, entry in enumerate(self._entries):
            token = {Place.NOWHERE: "warning", Place.UNKNOWN: "alarm"}.get(entry.place, "ok")
            item = self.item(at, len(_COLUMNS) - 1)
            if item is not None:
                item.setForeground(theme.color(token))


def _kept_in(entry: Entry) -> str:
    if entry.place is Place.ENVIRONMENT:
        return f"environment ({entry.text})"
    if entry.place is Place.KEYRING:
        return entry.text
    return entry.place.value if entry.is_set else "—"


def state_words(entry: Entry) -> str:
    """Whether it is set, in words."""
    if entry.place is Place.UNKNOWN:
        return f"cannot be told: {entry.text}"
    if entry.place is Place.FILE and entry.text:
        return f"set, {entry.text}"
    return "set" if entry.is_set else "missing"
