"""Settings > Notifications: messages that pop up, and sounds."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui.desk import Desk
from app.ui.settings.form import FormPage
from app.ui.settings.setting import Group, Setting

GROUPS = (
    Group(
        "Messages",
        (
            Setting(
                "notifications",
                "toasts",
                "Pop up warnings and errors",
                "In a corner of the window, never over the ticket. The Log panel has all of them.",
            ),
            Setting(
                "notifications",
                "toast_s",
                "Show each for",
                unit=" s",
            ),
        ),
    ),
    Group(
        "Sounds",
        (
            Setting("notifications", "sounds", "Play sounds"),
            Setting("notifications", "volume_percent", "Volume", unit=" %"),
            Setting("notifications", "sound_on_fill", "When an order is filled"),
            Setting("notifications", "sound_on_reject", "When an order is rejected or denied"),
            Setting("notifications", "sound_on_disconnect", "When a connection is lost"),
        ),
    ),
)


class NotificationsPage(FormPage):
    """GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("notifications_page", desk, GROUPS, parent)
