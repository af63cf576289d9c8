"""A symbol for a link group without a watchlist, from anywhere. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from app.base.errors import BrokerError, UserError
from app.commands.link_groups import title_of
from app.domain.ids import ConnectionId
from app.domain.instrument import Instrument
from app.ui import theme
from app.ui.desk import Desk
from app.ui.widgets.symbol_search import SymbolSearch

_WIDTH = 400


class SymbolEntryDialog(QDialog):
    """Takes a symbol and chooses it on the group's desk; ends with it, or with Esc."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("symbol_entry")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Find Symbol")
        self.setMinimumWidth(theme.px(_WIDTH))
        self._desk = desk
        self.search = SymbolSearch(self._find, desk.spawn, self)
        self.search.setObjectName("symbol_entry_field")
        self.search.setPlaceholderText("Symbol or name")
        self.search.picked.connect(self._on_picked)
        self.search.installEventFilter(self)
        column = QVBoxLayout(self)
        column.addWidget(QLabel(f"For the panels of: {title_of(desk.group)}", self))
        column.addWidget(self.search)
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The field takes Esc for its list; with no list open Esc leaves."""
        is_escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if is_escape and event.type() is QEvent.Type.KeyPress and not self._has_list():
            self.reject()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()  # the field has heard it
            return
        super().keyPressEvent(event)

    def _has_list(self) -> bool:
        return self.search.popup.isVisible()

    async def _find(self, text: str) -> Sequence[Instrument]:
        instruments = self._desk.engine.instruments
        if not text:
            return instruments.all()
        connection_id = self._connection()
        try:
            return await instruments.search(connection_id, text)
        except BrokerError as error:
            raise BrokerError(f"Search at {connection_id} gave no answer: {error}") from error

    def _connection(self) -> ConnectionId:
        """Where symbols are looked up. Raises UserError when there is no connection."""
        chosen, ids = self._desk.selection.connection_id, self._desk.engine.connections.ids()
        if chosen in ids:
            return chosen
        if not ids:
            raise UserError("There is no connection to search at")
        return ids[0]

    def _on_picked(self, instrument: Instrument) -> None:
        self._desk.select(instrument=instrument, connection_id=self._connection())
        self.accept()
