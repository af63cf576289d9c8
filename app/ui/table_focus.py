"""Which table is meant: the one with the keyboard, or the one that had it last. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from PySide6.QtWidgets import QApplication, QWidget

from app.base.errors import UserError
from app.commands.tables import TableActs
from app.domain.events import PositionView
from app.domain.order import Order
from app.ui.panels.orders import OrdersPanel
from app.ui.panels.positions import PositionsPanel
from app.ui.widgets.table_panel import TablePanel, every_panel

P = TypeVar("P", bound=TablePanel)
_kinds: dict[type[QWidget], bool] = {}


def table_in_use() -> TableActs | None:
    """The panel with the keyboard that is a table, else the one in sight that had it last."""
    focused = QApplication.focusWidget()
    while focused is not None:
        if _acts(focused):
            return cast(TableActs, focused)
        focused = focused.parentWidget()
    return _last_used(TablePanel)


def _acts(widget: QWidget) -> bool:
    """Whether it fulfils TableActs; asked once a class, for it is not cheap."""
    kind = type(widget)
    if kind not in _kinds:
        _kinds[kind] = isinstance(widget, TableActs)
    return _kinds[kind]


def chosen_orders() -> Sequence[Order]:
    """The orders selected in the Orders table."""
    panel = _last_used(OrdersPanel, even_if_unused=True)
    return [] if panel is None else [row.order for row in panel.selected()]


def chosen_positions() -> Sequence[PositionView]:
    """The positions selected in the Positions table."""
    panel = _last_used(PositionsPanel, even_if_unused=True)
    return [] if panel is None else panel.selected()


def show_order_detail(order: Order) -> None:
    """Open the detail of an order beside the Orders table. Raises UserError without one."""
    _orders_panel().show_detail(order)


def change_order(order: Order) -> None:
    """Open the form for new terms. Raises UserError without an Orders table."""
    _orders_panel().modify(order)


def _orders_panel() -> OrdersPanel:
    panel = _last_used(OrdersPanel, even_if_unused=True)
    if panel is None:
        raise UserError("the Orders panel is not open: open it with View > Panels > Orders")
    return panel


def _last_used(kind: type[P], *, even_if_unused: bool = False) -> P | None:
    """A panel of this kind in sight, the last used first; one behind a tab is not in sight."""
    focused = QApplication.focusWidget()
    while focused is not None and not isinstance(focused, kind):
        focused = focused.parentWidget()
    if isinstance(focused, kind):
        return focused
    seen = [
        panel
        for panel in every_panel()
        if isinstance(panel, kind) and (even_if_unused or panel.focused_at) and panel.isVisible()
    ]
    return max(seen, key=lambda panel: panel.focused_at, default=None)
