"""A failure with its next steps, and the button that tries again."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.brokers.setup import Trouble
from app.ui.panels.ticket_style import set_state
from app.ui.wizard.style import words


class TroubleView(QFrame):
    """Title, text, numbered steps; `retry_asked` when Try Again is pressed. GUI thread."""

    retry_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("trouble")
        self._shown: Trouble | None = None
        self._title = words("", "trouble_title", self)
        self._text = words("", "trouble_text", self)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._steps = QWidget(self)
        self._grid = QGridLayout(self._steps)
        self._grid.setContentsMargins(0, 2, 0, 2)
        self._grid.setHorizontalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self.retry = QPushButton("&Try Again", self)
        self.retry.setObjectName("try_again")
        self.retry.setAutoDefault(False)
        self.retry.clicked.connect(self.retry_asked)
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 10, 14, 10)
        box.setSpacing(6)
        for widget in (self._title, self._text, self._steps):
            box.addWidget(widget)
        box.addWidget(self.retry, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def show_trouble(self, trouble: Trouble | None, *, can_retry: bool) -> bool:
        """Draw it, or hide for None; True when this trouble was not shown before."""
        is_new = trouble is not None and trouble != self._shown
        self._shown = trouble
        self.setVisible(trouble is not None)
        if trouble is None:
            return False
        if is_new:
            self._fill(trouble)
        self.retry.setVisible(can_retry)
        return is_new

    def _fill(self, trouble: Trouble) -> None:
        set_state(self, "blocking", trouble.is_blocking)
        spoken = f"{trouble.title}. {trouble.text} {' '.join(trouble.steps)}"
        self.setAccessibleName(spoken)
        self.retry.setAccessibleDescription(spoken)  # what is read with the button that is focused
        self._title.setText(trouble.title)
        # The colour of the title depends on a property of the frame around it.
        self._title.style().unpolish(self._title)
        self._title.style().polish(self._title)
        self._text.setText(trouble.text)
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for row, step in enumerate(trouble.steps):
            number = QLabel(f"{row + 1}.", self._steps)
            number.setObjectName("muted")
            self._grid.addWidget(number, row, 0, Qt.AlignmentFlag.AlignTop)
            label = words(step, "trouble_step", self._steps)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(label, row, 1)
        self._steps.setVisible(bool(trouble.steps))
