"""Faults on purpose, in paper only: what the trader and the program do when things go wrong."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QLabel, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.domain.ids import ConnectionId
from app.domain.reports import Severity
from app.ui import theme
from app.ui.desk import Desk

# What a switch does, in the words of who watches; another broker's switches keep their names.
_WORDS = {
    "drop_ack": "Do not tell that an order was accepted",
    "lose_answer": "Accept an order, but lose the answer",
    "duplicate_fill": "Report every fill twice",
    "reorder": "Report the first fill before the acceptance",
    "reject": "Reject every order",
    "mute_feed": "Send no quotes and no trades",
    "delay": "Answer a second later",
}


class DrillsDialog(QDialog):
    """One check box for every fault the broker knows, and a button that cuts the line.

    The switches are read from the broker, never assumed. GUI thread.
    """

    def __init__(self, desk: Desk, connection_id: ConnectionId, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("drills_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Drills: {connection_id}")
        self._desk, self._id = desk, connection_id
        self._boxes: dict[str, QCheckBox] = {}
        self._column = QVBoxLayout(self)
        text = "Faults on purpose, on paper money.\nThey stay on until switched off."
        heading = QLabel(text, self)
        self._column.addWidget(heading)
        self._cut = QPushButton("Cut the Line Now", self)
        self._cut.setObjectName("faults.disconnect")
        self._cut.setAutoDefault(False)
        self._cut.clicked.connect(self._on_cut)
        self._column.addWidget(self._cut)
        self.setMinimumWidth(theme.px(380))
        desk.spawn(self._load(), "faults.state")

    def show_faults(self, state: dict[str, Any]) -> None:
        """Draw the switches as the broker has them; nothing when the dialog is closed by now."""
        if not isValid(self):
            return
        for name, value in state.items():
            box = self._boxes.get(name) or self._add_box(name)
            box.blockSignals(True)
            box.setChecked(bool(value))
            box.blockSignals(False)
        self.adjustSize()

    def _add_box(self, name: str) -> QCheckBox:
        box = QCheckBox(_WORDS.get(name, name.replace("_", " ").capitalize()), self)
        box.setObjectName(f"fault_{name}")
        box.setProperty("fault", name)
        box.toggled.connect(self._on_toggled)
        self._column.insertWidget(self._column.count() - 1, box)
        self._boxes[name] = box
        return box

    def _on_toggled(self, is_on: bool) -> None:
        box = self.sender()
        if isinstance(box, QCheckBox):
            self._desk.spawn(self._set(box.property("fault"), is_on), "faults.set")

    def _on_cut(self) -> None:
        self._desk.spawn(self._control("faults.disconnect"), "faults.disconnect")

    async def _load(self) -> None:
        self.show_faults(await self._control("faults.state"))

    async def _set(self, name: str, is_on: bool) -> None:
        await self._control("faults.set", name=name, on=is_on)
        word = "on" if is_on else "off"
        self._desk.notify(Severity.WARNING, f"Drill on {self._id}: {name} is {word}")
        self.show_faults(await self._control("faults.state"))

    async def _control(self, command: str, **arguments: Any) -> Any:
        return await self._desk.engine.connections.call(
            self._id, lambda broker: broker.control(command, **arguments)
        )
