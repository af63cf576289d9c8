"""The last look before an order leaves: account, side, size, symbol, type, price, value."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from app.commands.ticket import describe
from app.domain.request import OrderRequest
from app.ui.panels.ticket_style import ticket_sheet


class ConfirmOrderDialog(QDialog):
    """Asks once; Enter sends, Esc drops. Open it with `open()`, never `exec()`.

    `facts` are pairs of a label and a text, in the order shown.
    """

    def __init__(
        self,
        requests: Sequence[OrderRequest],
        facts: Sequence[tuple[str, str]],
        *,
        is_paper: bool,
        on_confirmed: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("confirm-order")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setStyleSheet(ticket_sheet())
        mode = "PAPER" if is_paper else "LIVE"
        self.setWindowTitle(f"Confirm {mode} order")
        layout = QVBoxLayout(self)
        badge = QLabel(f"{mode} — {requests[0].account_id}")
        badge.setObjectName("mode-badge")
        badge.setProperty("mode", mode.lower())
        badge.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(badge)
        for request in requests:
            line = QLabel(describe(request))
            line.setObjectName("order-line")
            line.setProperty("side", request.side.value)
            layout.addWidget(line)
        form = QFormLayout()
        for name, text in facts:
            value = QLabel(text)
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            form.addRow(name, value)
        layout.addLayout(form)
        layout.addWidget(self._buttons(requests[0], on_confirmed))

    def _buttons(self, entry: OrderRequest, on_confirmed: Callable[[], None]) -> QDialogButtonBox:
        box = QDialogButtonBox()
        send = box.addButton(
            f"{entry.side.value.capitalize()} {entry.quantity.normalize():f}"
            f" {entry.instrument.symbol}",
            QDialogButtonBox.ButtonRole.AcceptRole,
        )
        send.setObjectName("confirm-send")
        send.setDefault(True)
        send.setProperty("side", entry.side.value)
        box.addButton(QDialogButtonBox.StandardButton.Cancel)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        self.accepted.connect(on_confirmed)
        return box
