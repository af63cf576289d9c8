"""The last page: everything that will be saved, to read once more."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from app.commands.wizard import Wizard
from app.commands.wizard_view import Summary, View
from app.ui import theme
from app.ui.wizard.page import WizardPage
from app.ui.wizard.style import words


class FinishPage(WizardPage):
    """Two boxes: the connection, and its limits."""

    def __init__(self, wizard: Wizard, parent: QWidget) -> None:
        super().__init__(wizard, parent)
        self._shown: Summary | None = None
        self._boxes: list[QWidget] = []
        self.box.addStretch(1)

    def show_view(self, view: View) -> None:
        if view.summary is None or view.summary == self._shown:
            return
        self._shown = view.summary
        for widget in self._boxes:
            self.box.removeWidget(widget)
            widget.deleteLater()
        self._boxes = [
            self._table(view.summary.lines),
            words("Risk limits of this connection", "check_title", self),
            self._table(view.summary.limits),
        ]
        for at, widget in enumerate(self._boxes):
            self.box.insertWidget(at, widget)

    def _table(self, lines: Sequence[tuple[str, str]]) -> QFrame:
        box = QFrame(self)
        box.setObjectName("summary_box")
        box.setAccessibleName("; ".join(f"{name}: {text}" for name, text in lines))
        grid = QGridLayout(box)
        grid.setContentsMargins(12, 9, 12, 9)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(4)
        grid.setColumnMinimumWidth(0, theme.px(240))
        grid.setColumnStretch(1, 1)
        for row, (name, text) in enumerate(lines):
            label = QLabel(name, box)
            label.setObjectName("muted")
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(label, row, 0)
            value = words(text, "summary_value", box)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(value, row, 1)
        return box
