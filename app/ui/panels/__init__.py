"""Which panels there are, in the order of their focus keys. A panel is imported when it opens."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from app.ui.desk import Desk


class Panel(Protocol):
    """What a panel offers besides being a QWidget made with (desk, parent)."""

    def save_state(self) -> dict[str, Any]:
        """Its own arrangement as JSON."""
        ...

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take an arrangement back; what is unknown in it is left out."""
        ...


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """One panel by name; `place` says where a first start puts it."""

    id: str
    title: str
    panel: str  # "module:Class"
    place: str  # "left", "center", "right" or "bottom"
    is_late: bool = False  # opened after the first paint, because it takes its time
    kind: str = ""  # of a second panel of its kind: the id of the first

    def another(self, number: int) -> PanelSpec:
        """The spec of one more panel of this kind."""
        return replace(self, id=f"{self.id}-{number}", title=f"{self.title} {number}", kind=self.id)

    def create(self, desk: Desk, parent: QWidget | None = None) -> QWidget:
        """Import and make the panel."""
        module_name, class_name = self.panel.split(":")
        module = importlib.import_module(module_name)
        return cast(QWidget, getattr(module, class_name)(desk, parent))


PANELS: tuple[PanelSpec, ...] = (
    PanelSpec("watchlist", "Watchlist", "app.ui.panels.watchlist:WatchlistPanel", "left"),
    PanelSpec("chart", "Chart", "app.ui.panels.chart:ChartPanel", "center", is_late=True),
    PanelSpec("ticket", "Ticket", "app.ui.panels.ticket:TicketPanel", "right"),
    PanelSpec("orders", "Orders", "app.ui.panels.orders:OrdersPanel", "bottom"),
    PanelSpec("executions", "Executions", "app.ui.panels.executions:ExecutionsPanel", "bottom"),
    PanelSpec("positions", "Positions", "app.ui.panels.positions:PositionsPanel", "bottom"),
    PanelSpec("account", "Account", "app.ui.panels.account:AccountPanel", "bottom"),
    PanelSpec("log", "Log", "app.ui.panels.log:LogPanel", "bottom"),
    PanelSpec("journal", "Journal", "app.ui.panels.journal:JournalPanel", "bottom", is_late=True),
)
# Of these there may be more than one.
MULTIPLE = ("chart", "ticket", "watchlist")
