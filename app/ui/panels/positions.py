"""What is held: positions with profit, how certain they are, and the ways out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QMenu, QWidget

from app.commands.exits import position_line, tell
from app.domain.events import PositionChanged, PositionView
from app.domain.reports import Severity
from app.ui import format as fmt
from app.ui.desk import Desk
from app.ui.models.positions import CLOSE, position_columns, position_key, totals
from app.ui.models.table import RowModel
from app.ui.widgets.table_panel import TablePanel
from app.ui.widgets.totals_strip import Total, TotalsStrip

_EMPTY = "No open positions. A fill makes one; tick “Flat too” to see what was closed."
_FRACTIONS = ((Decimal("0.25"), "¼"), (Decimal("0.5"), "½"), (Decimal("0.75"), "¾"))


class PositionsPanel(TablePanel):
    """Shows `engine.portfolio` and closes through `engine.exits`. GUI thread.

    Exits take side and size from the live position, never from what this table shows.
    """

    panel_id = "positions"
    title = "Positions"
    icon_name = "positions"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        model = RowModel(position_columns(desk.engine.clock.now), natural=_by_symbol, frame_ms=33)
        super().__init__(model, name="Positions", empty_text=_EMPTY, parent=parent)
        self._desk = desk
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

    def close_positions(self, rows: Sequence[PositionView], fraction: Decimal = Decimal(1)) -> None:
        """Close these, or a part of each, at the market."""
        for view in rows:
            if view.quantity:
                self._desk.spawn(self._close(view, fraction), "close position")

    def flatten(self, view: PositionView) -> None:
        """Cancel what works in the symbol, then close the position."""
        self._desk.spawn(self._flatten(view), "flatten")

    def reverse(self, view: PositionView) -> None:
        """From long to short of the same size, or back, after asking."""
        if view.quantity:
            self._desk.spawn(self._reverse(view), "reverse position")

    def save_state(self) -> dict[str, Any]:
        return {**super().save_state(), "flat": self._flat.isChecked()}

    def restore_state(self, state: dict[str, Any]) -> None:
        super().restore_state(state)
        self._flat.setChecked(state.get("flat") is True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()

    # -- set-up --------------------------------------------------------------------------------

    def _build(self) -> None:
        self._flat = QCheckBox("Flat too", self)
        self._flat.setToolTip("Show positions that were closed, with what they made")
        self.bar.addWidget(self._flat)
        self.bar.addStretch(1)
        self._close_button = self.add_button("Close", "Close the selected positions (Del)")
        self._reverse_button = self.add_button(
            "Reverse", "Reverse the selected position; asks first"
        )
        self.totals = TotalsStrip("Totals of the positions by currency", self)
        self.box.addWidget(self.totals)
        self.table.fill_menu = self._fill_menu
        self._show_abilities()

    def _connect(self) -> None:
        bridge = self._desk.bridge
        bridge.position_changed.connect(self._on_position)
        bridge.reconciled.connect(self._on_news)
        bridge.connection_changed.connect(self._on_news)
        self.model.flushed.connect(self._show_totals)
        self.model.flushed.connect(self._show_abilities)
        self._flat.toggled.connect(self._show_flat)
        self._close_button.clicked.connect(self._close_selected)
        self._reverse_button.clicked.connect(self._reverse_selected)
        self.table.action_clicked.connect(self._on_action)
        self.table.delete_pressed.connect(self.close_positions)
        self.table.row_activated.connect(self._show_instrument)
        self.table.misaimed.connect(self._on_misaimed)
        self.table.selectionModel().selectionChanged.connect(self._show_abilities)

    # -- news ----------------------------------------------------------------------------------

    def _on_position(self, event: PositionChanged) -> None:
        self.model.upsert(position_key(event.position), event.position)

    def _on_news(self, _event: object) -> None:
        self.reload()

    def _show_flat(self, shown: bool) -> None:
        self.model.set_filter(None if shown else lambda view: bool(view.quantity))

    def _show_totals(self) -> None:
        self.totals.show_totals(
            [
                Total(
                    total.currency,
                    (
                        (
                            "Unrealised",
                            fmt.profit(total.unrealized),
                            fmt.direction(total.unrealized),
                        ),
                        ("Realised", fmt.profit(total.realized), fmt.direction(total.realized)),
                        ("Value", fmt.money(total.value), None),
                    ),
                )
                for total in totals(self.model.all_rows())
            ]
        )

    def _show_abilities(self) -> None:
        open_rows = [view for view in self._selected() if view.quantity]
        self._close_button.setEnabled(bool(open_rows))
        self._reverse_button.setEnabled(len(open_rows) == 1)

    # -- the trader's hand -----------------------------------------------------------------------

    def _selected(self) -> list[PositionView]:
        return self.table.selected_rows()

    def _on_action(self, column_id: str, view: PositionView) -> None:
        if column_id == CLOSE:
            self.close_positions([view])
        else:
            self.reverse(view)

    def _close_selected(self) -> None:
        self.close_positions(self._selected())

    def _reverse_selected(self) -> None:
        if rows := self._selected():
            self.reverse(rows[0])

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

    def _fill_menu(self, menu: QMenu, rows: list[PositionView]) -> None:
        held = [view for view in rows if view.quantity]
        menu.addAction("Close\tDel", self._close_selected).setEnabled(bool(held))
        parts = menu.addMenu("Close a part")
        parts.setEnabled(bool(held))
        for fraction, name in _FRACTIONS:
            parts.addAction(name, partial(self.close_positions, held, fraction))
        one = held[0] if len(held) == 1 else None
        flatten = menu.addAction("Flatten: cancel its orders, then close")
        reverse = menu.addAction("Reverse…")
        show = menu.addAction("Show instrument on the desk\tEnter")
        for action in (flatten, reverse, show):
            action.setEnabled(one is not None)
        if one is not None:
            flatten.triggered.connect(lambda: self.flatten(one))
            reverse.triggered.connect(lambda: self.reverse(one))
            show.triggered.connect(lambda: self._show_instrument(one))

    # -- the engine ----------------------------------------------------------------------------

    async def _close(self, view: PositionView, fraction: Decimal) -> None:
        unverified_ok = await self._may_guess(view, "Close")
        if unverified_ok is None:
            return
        verdicts = await self._desk.engine.exits.close_position(
            view.connection_id,
            view.account_id,
            view.instrument.key,
            fraction,
            unverified_ok=unverified_ok,
        )
        tell(self._desk, f"Close {view.instrument.symbol}", verdicts, "there is no position")

    async def _flatten(self, view: PositionView) -> None:
        unverified_ok = await self._may_guess(view, "Flatten")
        if unverified_ok is None:
            return
        verdicts = await self._desk.engine.exits.flatten(
            view.connection_id, view.account_id, view.instrument.key, unverified_ok=unverified_ok
        )
        tell(self._desk, f"Flatten {view.instrument.symbol}", verdicts, "nothing is open")

    async def _may_guess(self, view: PositionView, deed: str) -> bool | None:
        """False for a verified position; otherwise True if the trader says so, None if not."""
        if view.is_verified:
            return False
        question = (
            "The broker has not confirmed this position. What is known of it may be wrong, and an"
            f" order on it may open a new position. {deed} what is known?"
        )
        shell, symbol = self._desk.shell, view.instrument.symbol
        if await shell.confirm(f"{deed} {symbol}", question, [position_line(view)], deed):
            return True
        self._desk.notify(Severity.INFO, f"{deed} {symbol}: called off, nothing was sent")
        return None

    async def _reverse(self, view: PositionView) -> None:
        symbol = view.instrument.symbol
        side = "short" if view.quantity > 0 else "long"
        amount = fmt.quantity(view.instrument, abs(view.quantity))
        question = (
            f"Cancel the open orders in {symbol}, close the position at the market and go {side}"
            f" {amount}?"
        )
        if not await self._desk.shell.confirm(
            f"Reverse {symbol}", question, [position_line(view)], "Reverse"
        ):
            self._desk.notify(Severity.INFO, f"Reverse {symbol}: called off, nothing was sent")
            return
        verdicts = await self._desk.engine.exits.reverse(
            view.connection_id, view.account_id, view.instrument.key
        )
        tell(self._desk, f"Reverse {symbol}", verdicts, "there is no position")


def _by_symbol(view: PositionView) -> tuple[str, str, str]:
    return (view.instrument.symbol, view.account_id, view.connection_id)
