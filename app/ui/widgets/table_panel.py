"""What every table panel shares: a bar above, the table, its state, and ages that keep counting."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.ui.models.table import RowModel
from app.ui.widgets.table_view import TableView

AGE_REFRESH_MS = 1000


class TablePanel(QWidget):
    """A panel around one table. Subclasses put controls into `bar` and rows into `model`.

    While it is on screen the visible rows are painted again once a second, so that ages and
    stale marks stay true when nothing arrives; `on_second` is the place for more of that.
    """

    def __init__(
        self, model: RowModel[Any], *, name: str, empty_text: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.model = model
        model.setParent(self)
        self.setAccessibleName(name)
        self.table = TableView(model, name=name, empty_text=empty_text, parent=self)
        self.setFocusProxy(self.table)
        self.bar = QHBoxLayout()
        self.bar.setContentsMargins(6, 4, 6, 4)
        self.bar.setSpacing(4)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(0)
        self.box.addLayout(self.bar)
        self.box.addWidget(self.table, 1)
        self._seconds = QTimer(self)
        self._seconds.setInterval(AGE_REFRESH_MS)
        self._seconds.timeout.connect(self.on_second)

    def add_button(self, text: str, tip: str) -> QToolButton:
        """A button at the end of the bar."""
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        self.bar.addWidget(button)
        return button

    def save_state(self) -> dict[str, Any]:
        """Columns and sorting; subclasses add their own."""
        return {"table": self.table.save_state()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take an arrangement back; what is damaged or unknown is left out."""
        if isinstance(table := state.get("table"), dict):
            self.table.restore_state(table)

    def on_second(self) -> None:
        """Once a second while on screen."""
        self.model.touch()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._seconds.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._seconds.stop()
