"""How long the press or click that is being handled has waited to be read. GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QGuiApplication, QInputEvent, QKeyEvent, QMouseEvent, QWindow
from PySide6.QtWidgets import QWidget

from app.base.clock import Clock
from app.commands.key_age import LATE_S, KeyAge, late_words

_KINDS = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.KeyRelease,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseButtonDblClick,
    }
)
_NO_SCREEN = ("offscreen", "minimal")  # clicks there are made, and bear any time or none


class InputAge(QObject):
    """One for the program: keys and clicks wait in one queue while the program stands still.

    It is told every press and release as it is handled, and answers for what these set off. What
    sends an order asks `refusal` first, in the same turn: by the next turn nothing is late.
    """

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ages, self._age_s, self._is_click = KeyAge(clock), 0.0, False
        self.are_clicks_timed = QGuiApplication.platformName() not in _NO_SCREEN
        self._forget = QTimer(self, singleShot=True, interval=0)
        self._forget.timeout.connect(self._be_new)

    def watch(self, where: QWindow | QWidget) -> None:
        """See what is pressed there too: a menu is a window that never has the keyboard."""
        where.installEventFilter(self)

    def take(self, event: QEvent) -> None:
        """A press or release is about to be handled; others are let by."""
        if event.type() not in _KINDS or not isinstance(event, QInputEvent):
            return
        self._is_click = isinstance(event, QMouseEvent)
        self._age_s = self._ages.of(event.timestamp()) if self._is_timed(event) else 0.0
        if self._age_s > LATE_S:
            self._forget.start()

    def refusal(self, deed: str) -> str:
        """Why what is pressed now must not do `deed`, a title; empty while it was read in time."""
        if self._age_s <= LATE_S:
            return ""
        return late_words(deed, self._age_s, is_click=self._is_click)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.take(event)
        return False

    def _is_timed(self, event: QInputEvent) -> bool:
        if isinstance(event, QKeyEvent):
            return bool(event.nativeScanCode() or event.nativeVirtualKey())  # else no keyboard's
        return self.are_clicks_timed

    def _be_new(self) -> None:
        self._age_s = 0.0
