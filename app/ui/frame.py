"""What tells LIVE from PAPER at a glance: a coloured frame, a badge, and the banner of alarms."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QLabel, QMainWindow, QSizePolicy, QToolBar, QWidget

from app.ui import theme

STRIP_PX, LIVE_STRIP_PX = 3, 6  # at a scale of 100 %
_BADGE = """
background: %(ground)s; color: %(ink)s; font-weight: 700; padding: 2px 12px; border-radius: 3px;
"""
_BANNER = """
#alarm_banner { background: %(banner)s; padding: 4px 10px; }
#alarm_banner QLabel { color: %(banner_text)s; font-weight: 600; }
"""


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
    """A coloured edge around the whole window, for LIVE twice as wide and with the word on it.

    Lets every click through. A main window is given the margins that the edge takes.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("mode_frame")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._mode = Mode.UNKNOWN
        window.installEventFilter(self)
        theme.follow(self, self._fit)

    @property
    def mode(self) -> Mode:
        """What it tells."""
        return self._mode

    @property
    def strip(self) -> int:
        """How wide the edge is, in pixels."""
        return theme.px(LIVE_STRIP_PX if self._mode is Mode.LIVE else STRIP_PX)

    def set_mode(self, mode: Mode) -> None:
        """Take the colour of `mode`."""
        self._mode = mode
        self.setAccessibleName(f"{mode.title} account")
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._fit()
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color(self._mode.value))
        if self._mode is Mode.LIVE:
            painter.setFont(self._word_font())
            painter.setPen(theme.color("live_text"))
            painter.drawText(self._word_rect(), Qt.AlignmentFlag.AlignCenter, self._mode.title)

    def _fit(self) -> None:
        area, strip = self._window.rect(), self.strip
        if isinstance(self._window, QMainWindow):
            self._window.setContentsMargins(strip, strip, strip, strip)
        self.setGeometry(area)
        shape = QRegion(area).subtracted(QRegion(area.adjusted(strip, strip, -strip, -strip)))
        if self._mode is Mode.LIVE:
            shape = shape.united(QRegion(self._word_rect()))
        self.setMask(shape)
        self.raise_()
        self.update()

    def _word_font(self) -> QFont:
        font = QFont(self._window.font())
        font.setBold(True)
        return font

    def _word_rect(self) -> QRect:
        """Hangs from the upper edge, right of the menus, where a window has nothing else."""
        metrics = QFontMetrics(self._word_font())
        width = metrics.horizontalAdvance(self._mode.title) + theme.px(28)
        height = metrics.height() + theme.px(2)
        return QRect(self._window.width() - width - theme.px(24), self.strip, width, height)


class Badge(QLabel):
    """A word on a coloured ground, readable from across the room."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._tokens = ("raised", "muted")
        theme.follow(self, self._dress)

    def show_word(self, word: str, ground: str, text: str, tip: str) -> None:
        """Write `word` in the colours of the tokens `ground` and `text`."""
        self.setText(word)
        self.setToolTip(tip)
        self.setAccessibleName(f"{word}. {tip}")
        self._tokens = (ground, text)
        self._dress()

    def _dress(self) -> None:
        ground, text = (theme.color(token).name() for token in self._tokens)
        self.setStyleSheet(theme.sheet(_BADGE, ground=ground, ink=text))


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
        theme.follow(self, lambda: self.setStyleSheet(theme.sheet(_BANNER)))
        self.setVisible(False)

    @property
    def text(self) -> str:
        """What it says; empty while hidden."""
        return self._label.text() if not self.isHidden() else ""

    def show_alarm(self, text: str) -> None:
        """Say `text` in alarm colours until `clear`."""
        self._label.setText(text)
        self._label.setAccessibleName(text)
        self.setVisible(True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A tool bar asks no label how high it is when it wraps, so it is told."""
        super().resizeEvent(event)
        room = self.width() - theme.px(24)
        self._label.setFixedHeight(max(theme.px(24), self._label.heightForWidth(room)))

    def clear(self) -> None:
        """The alarm is over."""
        self._label.clear()
        self.setVisible(False)
