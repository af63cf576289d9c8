"""Settings > Notifications: messages that pop up, and sounds."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.ui.desk import Desk
from app.ui.settings.form import FormPage
from app.ui.settings.setting import Group, Setting
from app.ui.sound_player import SoundPlayer
from app.ui.sounds import DISCONNECT, FILL, REJECT
from app.ui.widgets.sentence import Sentence

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


_SOUNDS = ((FILL, "Play &Fill"), (REJECT, "Play &Rejection"), (DISCONNECT, "Play &Lost Line"))
_SILENT = "Nothing can be heard here: there is no sound device, or the volume is 0."


class NotificationsPage(FormPage):
    """The sounds can be heard whether they are switched on or not. GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("notifications_page", desk, GROUPS, parent)
        is_silent = QGuiApplication.platformName() == "offscreen"
        self.player = SoundPlayer(desk.paths.sounds_dir, is_silent=is_silent)
        self._said = Sentence("sound_said", self, "muted")
        row = QHBoxLayout()
        for kind, text in _SOUNDS:
            button = QPushButton(text, self)
            button.setObjectName(f"play_{kind}")
            button.setAutoDefault(False)
            button.clicked.connect(partial(self._play, kind))
            row.addWidget(button)
        row.addStretch(1)
        self.box.insertLayout(self.box.count() - 1, row)
        self.box.insertWidget(self.box.count() - 1, self._said)

    def _play(self, kind: str) -> None:
        volume = self._desk.settings.notifications.volume_percent
        self._said.say("" if self.player.play(kind, volume) else _SILENT, "muted")
