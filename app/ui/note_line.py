"""What was said last, and whether keys are armed, for windows that have no room for more."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.domain.events import NoticeRaised
from app.domain.reports import Severity
from app.ui import theme
from app.ui.desk import Desk, Message
from app.ui.frame import Badge
from app.ui.widgets.elided_label import ElidedLabel

_TOKENS = {Severity.INFO: "muted", Severity.WARNING: "warning", Severity.ERROR: "alarm"}


class MessageLabel(ElidedLabel):
    """The last sentence for the trader; it stays until the next. GUI thread."""

    def __init__(self, desk: Desk, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setObjectName(name)
        self._severity = Severity.INFO
        theme.follow(self, self._dress)
        desk.noticed.connect(self.say)
        desk.core.order_news.connect(self._on_news)
        desk.bridge.notice_raised.connect(self._on_notice)

    def say(self, message: Message) -> None:
        """In the colour of its severity, on one line; the tool tip has it as it is."""
        self._severity = message.severity
        self._dress()
        self.setText(message.text.replace("\n", " "))
        self.setToolTip(message.text)
        self.setAccessibleName(message.text)

    def _on_news(self, text: str) -> None:
        if self._severity is Severity.INFO:
            self.say(Message(Severity.INFO, text))

    def _on_notice(self, event: NoticeRaised) -> None:
        text = f"{event.source}: {event.text}" if event.source else event.text
        self.say(Message(event.severity, text))

    def _dress(self) -> None:
        self.setStyleSheet(f"color: {theme.color(_TOKENS[self._severity]).name()};")


class ArmBadge(Badge):
    """ARMED or not, and how that is changed. GUI thread."""

    def __init__(self, desk: Desk, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._desk = desk
        desk.armed_changed.connect(self._show)
        self._show(desk.arming.is_armed, desk.arming.reason)

    def _show(self, is_armed: bool, reason: str) -> None:
        if is_armed:
            how = self._desk.keymap.text_of("trading.disarm_keys") or "Trade > Disarm"
            tip = f"Trading keys are live. {how} disarms."
            self.show_word("ARMED", "armed", "armed_text", tip)
        else:
            how = self._desk.keymap.text_of("trading.arm_keys") or "Trade > Arm Trading Keys"
            tip = f"Trading keys are off ({reason}). {how} arms them. Cancels always work."
            self.show_word("DISARMED", "raised", "muted", tip)


class NoteLine(QWidget):
    """Both in a row: the second line in the title of a panel that floats. GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("note_line")
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 2)
        row.addWidget(ArmBadge(desk, "note_arming", self))
        row.addWidget(MessageLabel(desk, "note_message", self), 1)
