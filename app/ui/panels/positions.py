"""What is held: positions with profit, how certain they are, and the ways out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QWidget

from app.commands import position_rows
from app.commands.context import Selection
from app.domain.events import PositionChanged, PositionView
from app.domain.ids import ConnectionId
from app.domain.reports import Severity
from app.ui.desk import Desk
from app.ui.models.position_sums import Money, position_groupings, total_lines
from app.ui.models.positions import CLOSE, position_columns, position_key
from app.ui.models.table import RowModel
from app.ui.widgets.table_panel import TablePanel
from app.ui.widgets.totals_strip import TotalsStrip

_EMPTY = "No open positions. A fill makes one; tick “Flat too” to see what was closed."
_TOTALS_MS = 200  # sums are read by eye; they need not follow every tick


class PositionsPanel(TablePanel):
    """Shows `engine.portfolio`; what is done with rows is `commands.position_rows`. GUI thread."""

    panel_id = "positions"
    title = "Positions"
    icon_name = "positions"
    menu_commands = (
        "trading.close_selected_positions",
        *(f"trading.close_{name}_of_selected" for _, name, _ in position_rows.PARTS),
        None,
        "trading.flatten_selected_position",
        "trading.reverse_selected_position",
    )

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        model = RowModel(position_columns(desk.engine.clock.now), natural=_by_symbol, frame_ms=33)
        super().__init__(model, desk=desk, name="Positions", empty_text=_EMPTY, parent=parent)
        self._money = Money(
            lambda: desk.engine.settings.general.base_currency,
            desk.engine.portfolio.convert,
            self._mode,
        )
        self.use_groupings(position_groupings(self._money))
        self._build()
        self._connect()
        self._show_flat(False)
        self.reload()

    # -- what it offers ------------------------------------------------------------------------

    def reload(self) -> None:
        """Take over every position the portfolio knows, closed ones too."""
        for view in self._desk.engine.portfolio.positions(include_flat=True):
            self.model.upsert(position_key(view), view)
        self.model.flush()
        self._show_totals()

    def selected(self) -> Sequence[PositionView]:
        """The selected positions, from the top."""
        rows: list[PositionView] = self.table.selected_rows()
        return rows

    def save_state(self) -> dict[str, Any]:
        return {**super().save_state(), "flat": self._flat.isChecked()}

    def restore_state(self, state: dict[str, Any]) -> None:
        super().restore_state(state)
        self._flat.setChecked(state.get("flat") is True)

    def place_of(self, row: PositionView) -> Selection:
        return Selection(row.connection_id, row.account_id, row.instrument)

    def hidden_words(self, rows: list[PositionView]) -> str:
        held = sum(1 for view in rows if view.quantity)
        return f"{held} open position{'' if held == 1 else 's'} hidden" if held else ""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()

    # -- set-up --------------------------------------------------------------------------------

    def _build(self) -> None:
        self._flat = QCheckBox("Flat too", self)
        self._flat.setToolTip("Show positions that were closed, with what they made")
        self.bar.addWidget(self._flat)
        self.bar.addStretch(1)
        self.add_filter_button()
        self._close_button = self.add_command_button("trading.close_selected_positions", "Close")
        self._close_button.clicked.disconnect()
        self._reverse_button = self.add_button(
            "Reverse", "Reverse the selected position; asks first"
        )
        name = "Totals of the positions by currency"
        self.totals = TotalsStrip(name, self.table, self.model.columns, self)
        self.box.addWidget(self.totals)
        self._sums = QTimer(self, singleShot=True, interval=_TOTALS_MS)
        self._sums.timeout.connect(self._show_totals)
        self._show_abilities()

    def _connect(self) -> None:
        bridge = self._desk.bridge
        bridge.position_changed.connect(self._on_position)
        bridge.reconciled.connect(self._on_news)
        bridge.connection_changed.connect(self._on_news)
        self._desk.core.settings_changed.connect(self._on_news)
        self.model.flushed.connect(self._on_flushed)
        self._flat.toggled.connect(self._show_flat)
        self._close_button.clicked.connect(self._close_selected)
        self._reverse_button.clicked.connect(self._reverse_selected)
        self.table.action_clicked.connect(self._on_action)
        self.table.delete_pressed.connect(self._on_delete)
        self.table.row_activated.connect(self._show_instrument)
        self.table.misaimed.connect(self._on_misaimed)
        self.table.selectionModel().selectionChanged.connect(self._show_abilities)

    # -- news ----------------------------------------------------------------------------------

    def _on_position(self, event: PositionChanged) -> None:
        self.model.upsert(position_key(event.position), event.position)

    def _on_news(self, _event: object) -> None:
        self.reload()

    def _on_flushed(self) -> None:
        self._show_abilities()
        if not self._sums.isActive():
            self._sums.start()

    def _show_flat(self, shown: bool) -> None:
        self.model.set_filter(None if shown else lambda view: bool(view.quantity))

    def _show_totals(self) -> None:
        """Over every position, hidden ones too: a total must not depend on what is looked at."""
        self._sums.stop()
        self.totals.show_lines(total_lines(self.model.all_rows(), self._money))

    def _show_abilities(self) -> None:
        open_rows = [view for view in self.selected() if view.quantity]
        self._close_button.setEnabled(bool(open_rows))
        self._reverse_button.setEnabled(len(open_rows) == 1)

    def _mode(self, connection_id: ConnectionId) -> str:
        connections = self._desk.engine.connections
        is_known = connection_id in connections.ids()
        is_paper = connections.is_paper(connection_id) if is_known else None
        return "UNKNOWN" if is_paper is None else "PAPER" if is_paper else "LIVE"

    # -- the trader's hand -----------------------------------------------------------------------

    def _on_action(self, column_id: str, view: PositionView) -> None:
        if column_id == CLOSE:
            self._close([view])
        else:
            self._reverse(view)

    def _close_selected(self) -> None:
        self._close(self.selected())

    def _reverse_selected(self) -> None:
        if rows := self.selected():
            self._reverse(rows[0])

    def _close(self, views: Sequence[PositionView]) -> None:
        work = position_rows.close_positions(self._desk, views, Decimal(1), by_click=True)
        self._desk.spawn(work, "close position")

    def _reverse(self, view: PositionView) -> None:
        if view.quantity:
            self._desk.spawn(position_rows.reverse_position(self._desk, view), "reverse position")

    def _on_delete(self, rows: list[PositionView]) -> None:
        """Del is pressed by mistake too easily to trade."""
        key = self._desk.keymap.text_of("trading.close_selected_positions")
        if rows:
            how = f"{key} closes" if key else "the button Close closes"
            self._desk.notify(Severity.INFO, f"Del closes nothing: {how} the selected positions")

    def _show_instrument(self, view: PositionView) -> None:
        self._desk.select(
            instrument=view.instrument,
            connection_id=view.connection_id,
            account_id=view.account_id,
        )

    def _on_misaimed(self) -> None:
        self._desk.notify(
            Severity.WARNING, "The rows moved under the pointer: nothing was closed. Click again."
        )


def _by_symbol(view: PositionView) -> tuple[str, str, str]:
    return (view.instrument.symbol, view.account_id, view.connection_id)
