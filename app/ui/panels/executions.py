"""Every fill that was booked, newest on top."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from app.commands.context import Selection
from app.domain.events import ExecutionBooked
from app.domain.execution import Execution
from app.ui import format as fmt
from app.ui.desk import Desk
from app.ui.models.executions import execution_columns
from app.ui.models.table import RowModel
from app.ui.widgets.table_panel import TablePanel

_EMPTY = (
    "No executions yet. Send an order in the ticket: its fills appear here as soon as the broker"
    " reports them."
)


class ExecutionsPanel(TablePanel):
    """Shows the fills of `engine.orders.book`, one row an execution. GUI thread."""

    panel_id = "executions"
    title = "Executions"
    icon_name = "executions"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        model = RowModel(execution_columns(), natural=_newest_first)
        super().__init__(model, desk=desk, name="Executions", empty_text=_EMPTY, parent=parent)
        self._orders_seen = 0
        self._count = QLabel(self)
        self.bar.addWidget(self._count)
        self.bar.addStretch(1)
        self.add_filter_button()
        self.table.row_activated.connect(self._show_instrument)
        model.flushed.connect(self._show_count)
        bridge = desk.bridge
        bridge.execution_booked.connect(self._on_execution)
        bridge.reconciled.connect(self._on_news)
        bridge.connection_changed.connect(self._on_news)
        self._show_count()
        self.reload()

    def reload(self) -> None:
        """Take over what the book holds and this table does not."""
        book = self._desk.engine.orders.book
        self._orders_seen = len(book)
        for execution in book.executions():
            if self.model.get(_key(execution)) is not execution:
                self.model.upsert(_key(execution), execution)
        self.model.flush()

    def on_second(self) -> None:
        self.follow_day()
        # The journal is read after the window is up, and nobody announces old fills.
        if len(self._desk.engine.orders.book) != self._orders_seen:
            self.reload()

    def place_of(self, row: Execution) -> Selection:
        return Selection(row.connection_id, row.account_id, row.instrument)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()

    def _on_execution(self, event: ExecutionBooked) -> None:
        self.model.upsert(_key(event.execution), event.execution)

    def _on_news(self, _event: object) -> None:
        self.reload()

    def _show_count(self) -> None:
        count = len(self.model)
        self._count.setText(f"{fmt.number(count)} execution{'' if count == 1 else 's'}")

    def _show_instrument(self, execution: Execution) -> None:
        self._desk.select(
            instrument=execution.instrument,
            connection_id=execution.connection_id,
            account_id=execution.account_id,
        )


def _key(execution: Execution) -> tuple[str, str]:
    return (execution.connection_id, execution.exec_id)


def _newest_first(execution: Execution) -> tuple[float, str]:
    return (-execution.at.timestamp(), execution.exec_id)
