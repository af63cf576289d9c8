"""Settings > Trading: what a new order begins with, and how the trading keys measure."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui.desk import Desk
from app.ui.settings.form import FormPage
from app.ui.settings.setting import Group, Setting

GROUPS = (
    Group(
        "Size",
        (
            Setting(
                "trading",
                "default_quantity",
                "Quantity at start",
                "What the ticket begins with when the program starts, in units.",
            ),
            Setting(
                "trading",
                "size_presets",
                "Sizes of the size keys",
                "Units (100), money ($5000), a share of the buying power (10%), or money at risk"
                " down to the stop (risk $50). $ stands for the instrument's own currency."
                " Ticket and keys follow at once.",
            ),
            Setting(
                "trading",
                "risk_stop_ticks",
                "Stop distance",
                "For sizes by risk where the ticket holds no stop, and for the bracket key.",
                unit=" ticks",
            ),
        ),
    ),
    Group(
        "Keys",
        (
            Setting(
                "trading",
                "target_ticks",
                "Target distance of the bracket key",
                "Counted from the position's average price; its stop lies as far away as above.",
                unit=" ticks",
            ),
            Setting(
                "trading",
                "price_step_ticks",
                "Large step of the price keys",
                "The small step is always one tick.",
                unit=" ticks",
            ),
            Setting(
                "trading",
                "staged_orders",
                "Trading keys only stage the order",
                "The key fills ticket and chart, the arrows adjust, Enter sends and Esc drops it.",
            ),
        ),
    ),
    Group(
        "Answers",
        (
            Setting(
                "trading",
                "answer_timeout_s",
                "Wait for the broker's answer",
                "An order without an answer after this time becomes Unknown, with a Resolve"
                " button. It is never sent again by itself.",
                unit=" s",
            ),
        ),
    ),
)


class TradingPage(FormPage):
    """GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("trading_page", desk, GROUPS, parent)
