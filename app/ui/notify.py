"""Toasts: sentences that come, wait and go, and never lie on the ticket. GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from app.domain.reports import Severity
from app.ui import theme

VISIBLE_MS = {Severity.INFO: 4_000, Severity.WARNING: 8_000, Severity.ERROR: 20_000}
_TOKENS = {Severity.INFO: "accent", Severity.WARNING: "warning", Severity.ERROR: "alarm"}
_MOST = 4
_WIDTH, _GAP, _MARGIN = 360, 6, 14


def place(size: QSize, area: QRect, forbidden: Sequence[QRect]) -> QRect | None:
    """Where a block of `size` may lie inside `area` without touching `forbidden`, None if nowhere.

    As far left as possible, and there as far down: toasts pile up from the lower left.
    """
    inside = area.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
    right, bottom = inside.right() - size.width() + 1, inside.bottom() - size.height() + 1
    columns, rows = {inside.left(), right}, {inside.top(), bottom}
    for rect in forbidden:
        columns |= {rect.right() + 1 + _GAP, rect.left() - size.width() - _GAP}
        rows |= {rect.top() - size.height() - _GAP, rect.bottom() + 1 + _GAP}
    for x in sorted(columns):
        for y in sorted(rows, reverse=True):
            spot = QRect(x, y, size.width(), size.height())
            if inside.contains(spot) and not any(spot.intersects(rect) for rect in forbidden):
                return spot
    return None


class Toast(QFrame):
    """One sentence; a click sends it away."""

    def __init__(self, severity: Severity, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.severity, self.text = severity, text
        self.setObjectName("toast")
        self.setAccessibleName(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click to close")
        edge, back = theme.color(_TOKENS[severity]).name(), theme.color("toast").name()
        line = theme.color("border").name()
        self.setStyleSheet(
            f"#toast {{ background: {back}; border: 1px solid {line}; border-radius: 4px;"
            f" border-left: 5px solid {edge}; }}"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 7, 10, 7)
        label = QLabel(text, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        layout.addWidget(label)
        self.setFixedWidth(_WIDTH)
        self.setFixedHeight(max(34, layout.heightForWidth(_WIDTH)))

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        self.close()


class ToastStack(QObject):
    """Keeps the newest toasts of `window` out of the way of `forbidden()` (window coordinates).

    Where there is no free place the toast is not shown: the status bar and the log have it.
    """

    def __init__(self, window: QWidget, forbidden: Callable[[], list[QRect]]) -> None:
        super().__init__(window)
        self._window, self._forbidden = window, forbidden
        self._toasts: list[Toast] = []
        window.installEventFilter(self)

    def toasts(self) -> list[Toast]:
        """What is shown, oldest first."""
        return list(self._toasts)

    def show(self, severity: Severity, text: str) -> None:
        """Show a sentence; a repeated one only starts its time anew."""
        same = next((t for t in self._toasts if (t.severity, t.text) == (severity, text)), None)
        if same is not None:
            self._drop(same)
        toast = Toast(severity, text, self._window)
        toast.installEventFilter(self)
        self._toasts.append(toast)
        timer = QTimer(toast)
        timer.setSingleShot(True)
        timer.timeout.connect(toast.close)
        timer.start(VISIBLE_MS[severity])
        for old in self._toasts[:-_MOST]:
            self._drop(old)
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

    def _drop(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            toast.removeEventFilter(self)
            toast.hide()
            toast.deleteLater()

    def _arrange(self) -> None:
        taken = self._forbidden()
        for toast in reversed(self._toasts):
            spot = place(toast.size(), self._window.rect(), taken)
            if spot is None:
                toast.hide()
                continue
            toast.setGeometry(spot)
            toast.show()
            toast.raise_()
            taken = [*taken, spot]
