"""Settings > General: time zone, leaving, the keys' idle time, how profit is counted."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui.desk import Desk
from app.ui.settings.form import FormPage
from app.ui.settings.setting import Group, Setting

GROUPS = (
    Group(
        "Time",
        (
            Setting(
                "general",
                "timezone",
                "Time zone",
                "All times in the window are shown in this zone, at once. Type a part of its name.",
            ),
        ),
    ),
    Group(
        "Trading keys",
        (
            Setting(
                "general",
                "idle_disarm_minutes",
                "Disarm when idle for",
                "Entry keys switch themselves off when nobody touched keyboard or mouse this long.",
                unit=" minutes",
            ),
            Setting(
                "general",
                "disarm_on_lock",
                "Disarm when the screen is locked",
                "Works where the desktop tells programs that it locks.",
            ),
        ),
    ),
    Group(
        "Money",
        (
            Setting(
                "general",
                "base_currency",
                "Base currency",
                "Totals over several accounts are shown in it, where a rate is known.",
            ),
            Setting(
                "general",
                "profit_method",
                "Realized profit",
                "How a sale finds its cost. Holds at once: all figures are counted anew from the"
                " executions on record.",
                words={
                    "fifo": "First in, first out (FIFO)",
                    "average": "Average price of the position",
                },
            ),
        ),
    ),
    Group(
        "Leaving",
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


class GeneralPage(FormPage):
    """GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("general_page", desk, GROUPS, parent)
