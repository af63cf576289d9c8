"""Settings > Confirmations: what is asked before something is sent or lost."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from app.commands.questions import always_asked
from app.ui.desk import Desk
from app.ui.settings.form import FormPage
from app.ui.settings.setting import Group, Question, Setting

_ONE_CLICK = (
    "From now on one click on the ticket's button, or one Enter in it, sends the order while"
    " trading is armed. Nobody asks again, on live accounts neither.\n\nRisk limits still"
    " hold, and a double-click still sends one order."
)
_CLOSE_BY_CLICK = (
    "From now on one click on Close, or on Cancel with several orders chosen, acts at once, on live"
    " accounts too. Closing goes to the market at whatever price it has."
)


def _about_orders(is_asked: Any) -> Question | None:
    return None if is_asked else Question("One-Click Trading", _ONE_CLICK, "Trade with One Click")


def _about_closes(is_asked: Any) -> Question | None:
    title = "Close and Cancel with One Click"
    return None if is_asked else Question(title, _CLOSE_BY_CLICK, "Do Not Ask")


GROUPS = (
    Group(
        "Before something is sent",
        (
            Setting(
                "trading",
                "confirm_orders",
                "Ask before an order leaves the ticket",
                "Shows account, side, size, symbol, type, price, value and LIVE or PAPER. Off is"
                " one-click trading, which works only while trading is armed.",
                question=_about_orders,
            ),
            Setting(
                "trading",
                "confirm_close_by_click",
                "Ask when a click closes positions or cancels several orders",
                "For buttons in the tables. Keys never ask: they are quick ways out.",
                question=_about_closes,
            ),
            Setting(
                "trading",
                "confirm_changes",
                "Ask before an order is changed",
                "Lists the old and the new terms once more before they are sent. While trading is"
                " not armed that is always asked, unless the change can only lower the risk.",
            ),
        ),
    ),
    Group(
        "Before leaving",
        (
            Setting(
                "general",
                "confirm_exit",
                "Ask before exit when something is open",
                "Lists the open positions and working orders. With nothing open it never asks.",
            ),
        ),
    ),
)


class ConfirmationsPage(FormPage):
    """GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("confirmations_page", desk, GROUPS, parent)
        at = self.box.count() - 1  # before what takes the rest of the page
        self.box.insertWidget(at, self.add_heading("Always asked"))
        self.box.insertWidget(at + 1, self.add_text(_listed()))


def _listed() -> str:
    return "\n".join(f"• {deed}" for deed in always_asked())
