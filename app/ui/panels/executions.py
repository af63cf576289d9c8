"""Every fill that was booked, newest on top."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QWidget

from app.domain.events import ExecutionBooked
from app.domain.execution import Execution
from app.ui import format as fmt
from app.ui.desk import Desk
from app.ui.models.executions import execution_columns
from app.ui.models.table import RowModel
from app.ui.widgets.table_panel import TablePanel

_EMPTY = "No executions yet. A fill appears here as soon as the broker reports it."


class ExecutionsPanel(TablePanel):
    """Shows the fills of `engine.orders.book`, one row an execution. GUI thread."""

    panel_id = "executions"
    title = "Executions"
    icon_name = "executions"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        model = RowModel(execution_columns(), natural=_newest_first)
        super().__init__(model, name="Executions", empty_text=_EMPTY, parent=parent)
        self._desk = desk
        self._orders_seen = 0
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("Filter by symbol or account")
        self.filter.setAccessibleName("Filter executions")
        self.filter.setToolTip("Show only executions whose symbol or account holds this text")
        self.filter.setClearButtonEnabled(True)
        self.filter.setFixedWidth(220)
        self._count = QLabel(self)
        self.bar.addWidget(self.filter)
        self.bar.addSpacing(8)
        self.bar.addWidget(self._count)
        self.bar.addStretch(1)
        self.table.fill_menu = self._fill_menu
        self.filter.textChanged.connect(self._on_filter)
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
        # The journal is read after the window is up, and nobody announces old fills.
        if len(self._desk.engine.orders.book) != self._orders_seen:
            self.reload()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()

    def _on_execution(self, event: ExecutionBooked) -> None:
        self.model.upsert(_key(event.execution), event.execution)

    def _on_news(self, _event: object) -> None:
        self.reload()

    def _on_filter(self, text: str) -> None:
        wanted = text.strip().casefold()
        self.model.set_filter((lambda e: _holds(e, wanted)) if wanted else None)
        self.table.set_empty_text(f"No execution holds “{text}”." if wanted else _EMPTY)

    def _show_count(self) -> None:
        count = len(self.model)
        self._count.setText(f"{fmt.number(count)} execution{'' if count == 1 else 's'}")

    def _fill_menu(self, menu: QMenu, rows: list[Execution]) -> None:
        show = menu.addAction("Show instrument on the desk\tEnter", self._show_current)
        show.setEnabled(len(rows) == 1)

    def _show_current(self) -> None:
        if (row := self.table.current_row()) is not None:
            self._show_instrument(row)

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


def _holds(execution: Execution, wanted: str) -> bool:
    texts = (execution.instrument.symbol, execution.account_id, execution.connection_id)
    return any(wanted in text.casefold() for text in texts)
