"""What to do about an Unknown order: what is known of it, ask again, or write it off."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

_ASK_TIP = (
    "Resolve: read orders and fills from the broker again. Nothing is sent, and other orders of"
    " the connection are brought into line by the same answer."
)
_OFF_TIP = (
    "Take it for dead on your own word. Only after the broker's own program, or the broker, has"
    " told you that it is not working. Asks first."
)


class UnknownBox(QWidget):
    """Shown while the order is Unknown. `ask_again` and `write_off` say what was pressed.

    `write_off` carries the trader's reason, which goes into the journal. GUI thread.
    """

    ask_again = Signal()
    write_off = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("unknown_box")
        self.known = QLabel(self)
        self.known.setWordWrap(True)
        self.known.setTextFormat(Qt.TextFormat.PlainText)
        self.known.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.ask_button = QPushButton("Ask the Broker Again", self)
        self.ask_button.setToolTip(_ASK_TIP)
        self.ask_button.setAutoDefault(False)
        self.evidence = QLineEdit(self)
        self.evidence.setPlaceholderText("How do you know? (kept in the journal)")
        self.evidence.setAccessibleName("How you know that the order is dead")
        self.evidence.setToolTip("How you know that the order is dead; kept in the journal")
        self.off_button = QPushButton("Write Off…", self)
        self.off_button.setToolTip(_OFF_TIP)
        self.off_button.setAutoDefault(False)
        row = QHBoxLayout()
        row.addWidget(self.ask_button)
        row.addWidget(self.evidence, 1)
        row.addWidget(self.off_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 6, 8, 6)
        box.addLayout(row)  # first: in a low panel what can be done must be in sight
        box.addWidget(self.known)
        box.addStretch(1)
        self.ask_button.clicked.connect(self.ask_again)
        self.off_button.clicked.connect(self._on_write_off)

    def _on_write_off(self) -> None:
        self.write_off.emit(self.evidence.text())
