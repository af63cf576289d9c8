"""Toasts: sentences that come, wait and go, and never lie on the ticket. GUI thread."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRect, QSize, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from app.domain.reports import Severity
from app.store.settings import NotificationSettings
from app.ui import theme
from app.ui.toast import Toast

__all__ = ["Toast", "ToastStack", "place"]

# How long one stays, as a share of what the settings say: what matters more stays longer.
_SHARES = {Severity.INFO: 0.5, Severity.WARNING: 1.0, Severity.ERROR: 2.5}
_MOST = 4
_GAP, _MARGIN = 6, 14
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


def place(
    size: QSize, area: QRect, forbidden: Sequence[QRect], *, gap: int = _GAP, margin: int = _MARGIN
) -> QRect | None:
    """Where a block of `size` may lie inside `area` without touching `forbidden`, None if nowhere.

    As far left as possible, and there as far down: toasts pile up from the lower left. Pixels.
    """
    inside = area.adjusted(margin, margin, -margin, -margin)
    right, bottom = inside.right() - size.width() + 1, inside.bottom() - size.height() + 1
    columns, rows = {inside.left(), right}, {inside.top(), bottom}
    for rect in forbidden:
        columns |= {rect.right() + 1 + gap, rect.left() - size.width() - gap}
        rows |= {rect.top() - size.height() - gap, rect.bottom() + 1 + gap}
    for x in sorted(columns):
        for y in sorted(rows, reverse=True):
            spot = QRect(x, y, size.width(), size.height())
            if inside.contains(spot) and not any(spot.intersects(rect) for rect in forbidden):
                return spot
    return None


class ToastStack(QObject):
    """Keeps the newest toasts of `window` out of the way of `forbidden()` (window coordinates).

    `settings()` says whether toasts are wanted and for how long. Where there is no free place the
    toast is not shown: the status bar and the log have it.
    """

    def __init__(
        self,
        window: QWidget,
        forbidden: Callable[[], list[QRect]],
        settings: Callable[[], NotificationSettings] = NotificationSettings,
    ) -> None:
        super().__init__(window)
        self._window, self._forbidden, self._settings = window, forbidden, settings
        self._toasts: list[Toast] = []
        self._timers: dict[Toast, QTimer] = {}
        window.installEventFilter(self)
        theme.changed.connect(self.raise_all)

    def toasts(self) -> list[Toast]:
        """What is shown, oldest first."""
        return list(self._toasts)

    def show(self, severity: Severity, text: str) -> None:
        """Show a sentence; what is said already is counted, and its time starts anew.

        A warning counts as said when it differs in figures only, such as the number of an attempt.
        """
        settings = self._settings()
        if not settings.toasts:
            return
        toast = next((t for t in self._toasts if _same(t, severity, text)), None)
        if toast is None:
            toast = self._add(severity, text)
        else:
            toast.say_again(text)
        self._timers[toast].start(round(1000 * settings.toast_s * _SHARES[severity]))
        self._arrange()

    def raise_all(self, _change: object = None) -> None:
        """Back in front of whatever was raised meanwhile, and off what is now in the way."""
        self._arrange()

    def clear(self) -> None:
        """Send all of them away."""
        for toast in tuple(self._toasts):
            self._drop(toast)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() is QEvent.Type.Resize:
            self._arrange()
        elif isinstance(watched, Toast) and event.type() is QEvent.Type.Close:
            self._drop(watched)
            self._arrange()
        return False

    def _add(self, severity: Severity, text: str) -> Toast:
        toast = Toast(severity, text, self._window)
        toast.installEventFilter(self)
        timer = QTimer(toast)
        timer.setSingleShot(True)
        timer.timeout.connect(toast.close)
        self._toasts.append(toast)
        self._timers[toast] = timer
        while len(self._toasts) > _MOST:
            self._drop(self._least())
        _announce(self._window, toast)
        return toast

    def _least(self) -> Toast:
        """What gives way: the oldest that is no error, or the oldest error; never the newest."""
        old = self._toasts[:-1]
        return next((t for t in old if t.severity is not Severity.ERROR), old[0])

    def _drop(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            self._timers.pop(toast).stop()
            toast.removeEventFilter(self)
            toast.hide()
            toast.deleteLater()

    def _arrange(self) -> None:
        taken = self._forbidden() if self._toasts else []
        gap, margin = theme.px(_GAP), theme.px(_MARGIN)
        for toast in reversed(self._toasts):
            spot = place(toast.size(), self._window.rect(), taken, gap=gap, margin=margin)
            if spot is None:
                toast.hide()
                continue
            toast.setGeometry(spot)
            toast.show()
            toast.raise_()
            taken = [*taken, spot]


def _same(toast: Toast, severity: Severity, text: str) -> bool:
    if toast.severity is not severity:
        return False
    return toast.text == text or (
        severity is Severity.WARNING and _NUMBER.sub("#", toast.text) == _NUMBER.sub("#", text)
    )


def _announce(window: QWidget, toast: Toast) -> None:
    """Let a screen reader say it: a toast never takes the keyboard."""
    news = QAccessibleAnnouncementEvent(window, toast.accessibleName())
    if toast.severity is Severity.ERROR:
        news.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
    QAccessible.updateAccessibility(news)
