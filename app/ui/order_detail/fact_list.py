"""Names and numbers of an order, each with a button that copies it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QToolButton, QWidget

from app.ui import theme
from app.ui.order_detail.facts import Fact


class FactList(QScrollArea):
    """Shows Facts, one a line. `copied` carries the name of what went to the clipboard. GUI."""

    copied = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Numbers and terms of the order")
        self._shown: list[Fact] = []

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these; the same ones change nothing."""
        if list(facts) == self._shown:
            return
        self._shown = list(facts)
        page = QWidget(self)
        grid = QGridLayout(page)
        grid.setContentsMargins(8, 4, 8, 4)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for line, fact in enumerate(facts):
            self._add(grid, line, fact)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(facts), 1)
        self.setWidget(page)

    def _add(self, grid: QGridLayout, line: int, fact: Fact) -> None:
        name, value = QLabel(fact.name), QLabel(fact.text)
        name.setStyleSheet(f"color: {theme.color('muted').name()}")
        value.setFont(theme.number_font())
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid.addWidget(name, line, 0)
        grid.addWidget(value, line, 1)
        if fact.copied:
            button = QToolButton()
            button.setText("Copy")
            button.setAccessibleName(f"Copy {fact.name}")
            button.setToolTip(f"Copy {fact.name.lower()}")
            button.clicked.connect(lambda: self._copy(fact))
            grid.addWidget(button, line, 2)

    def _copy(self, fact: Fact) -> None:
        QGuiApplication.clipboard().setText(fact.copied)
        self.copied.emit(fact.name)
