"""What tells LIVE from PAPER at a glance: a coloured frame, a badge, and the banner of alarms."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolBar, QWidget

from app.ui import theme

STRIP_PX = 3


class Mode(Enum):
    """Whose money an order of the chosen account would move."""

    LIVE = "live"
    PAPER = "paper"
    UNKNOWN = "unknown"  # not connected yet: shown as such, never as paper

    @property
    def title(self) -> str:
        """The word on badge and title."""
        return {"live": "LIVE", "paper": "PAPER", "unknown": "NO ACCOUNT"}[self.value]


def mode_of(is_paper: bool | None) -> Mode:
    """The mode of an account; None is not known."""
    if is_paper is None:
        return Mode.UNKNOWN
    return Mode.PAPER if is_paper else Mode.LIVE


class Frame(QWidget):
    """A coloured edge around the whole window; lets every click through."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("mode_frame")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._mode = Mode.UNKNOWN
        window.installEventFilter(self)
        theme.changed.connect(self.update)

    def set_mode(self, mode: Mode) -> None:
        """Take the colour of `mode`."""
        self._mode = mode
        self.setAccessibleName(f"{mode.title} account")
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._fit()
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color(self._mode.value))

    def _fit(self) -> None:
        area = self._window.rect()
        self.setGeometry(area)
        inner = area.adjusted(STRIP_PX, STRIP_PX, -STRIP_PX, -STRIP_PX)
        self.setMask(QRegion(area).subtracted(QRegion(inner)))
        self.raise_()


class Badge(QLabel):
    """A word on a coloured ground, readable from across the room."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def show_word(self, word: str, ground: str, text: str, tip: str) -> None:
        """Write `word` in the colours of the tokens `ground` and `text`."""
        self.setText(word)
        self.setToolTip(tip)
        self.setAccessibleName(f"{word}. {tip}")
        self.setStyleSheet(
            f"background: {theme.color(ground).name()}; color: {theme.color(text).name()};"
            " font-weight: 700; padding: 2px 12px; border-radius: 3px;"
        )


class Banner(QToolBar):
    """A strip across the window that stays until what it tells of is over."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Alarm", parent)
        self.setObjectName("alarm_banner")
        self.setMovable(False)
        self.setFloatable(False)
        self.toggleViewAction().setEnabled(False)
        self._label = QLabel(self)
        self._label.setWordWrap(True)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.addWidget(self._label)
        self.setVisible(False)

    @property
    def text(self) -> str:
        """What it says; empty while hidden."""
        return self._label.text() if not self.isHidden() else ""

    def show_alarm(self, text: str) -> None:
        """Say `text` in alarm colours until `clear`."""
        ground, ink = theme.color("banner").name(), theme.color("banner_text").name()
        self.setStyleSheet(f"#alarm_banner {{ background: {ground}; padding: 4px 10px; }}")
        self._label.setStyleSheet(f"color: {ink}; font-weight: 600;")
        self._label.setText(text)
        self._label.setAccessibleName(text)
        self.setVisible(True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A tool bar asks no label how high it is when it wraps, so it is told."""
        super().resizeEvent(event)
        self._label.setFixedHeight(max(24, self._label.heightForWidth(self.width() - 24)))

    def clear(self) -> None:
        """The alarm is over."""
        self._label.clear()
        self.setVisible(False)
