"""The heads-up strip: what a trading key would do, and what the last one did. GUI thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QToolBar, QWidget

from app.commands.dry_run import PREFIX
from app.commands.heads_up import HeadsUp, every_entry, heads_up
from app.domain.events import QuotesFlushed
from app.domain.reports import Severity
from app.ui import theme
from app.ui.desk import Desk, Message
from app.ui.frame import Badge, mode_of
from app.ui.widgets.ranked_row import RankedRow

REDRAW_MS, LOOK_MS = 100, 1_000
_LEAST_PX = 60  # what would get less than this, at a scale of 100 %, is not shown at all
_STATES = {  # ground and text of the badge, and what it means
    PREFIX: ("window", "warning", "Entries are checked and told, not sent. Ways out really work."),
    "STAGED": ("accent", "accent_text", "An order waits: Enter sends it, Esc drops it."),
    "ARMED": ("armed", "armed_text", "Entry keys send orders."),
    "DISARMED": ("raised", "muted", "Entry keys are dead. Cancels and exits always work."),
}
_TOKENS = {Severity.INFO: "text", Severity.WARNING: "warning", Severity.ERROR: "alarm"}


class Line(QWidget):
    """One line of text that is cut at its end where there is no room for it.

    `tip` is asked for the tool tip when it is wanted; else that is the whole text. One that
    `yields` takes what the others leave, and stands at its right end.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        tip: Callable[[], str] | None = None,
        yields: bool = False,
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self._title, self._tip, self._yields = title, tip, yields
        self._text, self._color = "", QColor()
        self.setFont(theme.number_font())
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    def text(self) -> str:
        """What it says, uncut."""
        return self._text

    def write(self, text: str, color: QColor) -> None:
        """Say `text`; nothing is done where nothing changes."""
        if (text, color) == (self._text, self._color):
            return
        if text != self._text:
            self._text = text
            self.setAccessibleName(f"{self._title}: {text}" if text else self._title)
            self.setToolTip(text)
            self.updateGeometry()
        self._color = color
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and self._tip is not None:
            self.setToolTip(self._tip())
        return super().event(event)

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint() if self._yields else self._whole()

    def minimumSizeHint(self) -> QSize:
        whole = self._whole()
        return QSize(min(whole.width(), theme.px(_LEAST_PX)), whole.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self._color)
        text = self.fontMetrics().elidedText(
            self._text, Qt.TextElideMode.ElideRight, self.width() - 2
        )
        side = Qt.AlignmentFlag.AlignRight if self._yields else Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect(), side | Qt.AlignmentFlag.AlignVCenter, text)

    def _whole(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 4, metrics.height() + 2)


class HudStrip(QToolBar):
    """One line: state, LIVE or PAPER, where and how much, what keys would do, what is held, and
    at the right what the last trading command did.

    It looks at the desk again when something was told to have changed, at most ten times a second
    and only while it is seen.
    """

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("Heads-up", parent)
        self.setObjectName("hud")
        self.setMovable(False)
        self.setFloatable(False)
        self.toggleViewAction().setEnabled(False)
        self._desk = desk
        self._last = Message(Severity.INFO, "")
        self._shown: tuple[HeadsUp, Message, str] | None = None
        self._state, self._mode = Badge("hud-state", self), Badge("hud-mode", self)
        self._place = Line("hud-place", "Next order goes to")
        self._what = Line("hud-what", "Next order is in")
        self._would = Line("hud-would", "Entry keys would do", tip=self._entries)
        self._held = Line("hud-held", "Position and focused order")
        self._after = Line("hud-after", "Last key", yields=True)
        self.addWidget(self._lay_out())
        self._redraw = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._redraw.timeout.connect(self.refresh)
        self._clock = QTimer(self, interval=LOOK_MS)  # a quote grows old without telling
        self._clock.timeout.connect(self.refresh)
        self._connect()
        self.refresh()

    def refresh(self) -> None:
        """Look at the desk and write down what is different."""
        up = heads_up(self._desk.core.active)
        shown = (up, self._last, theme.current_name())
        if shown == self._shown:
            return
        self._shown = shown
        is_dry = up.state == PREFIX
        ground, ink, meaning = _STATES[up.state]
        self._state.show_word(up.state, ground, ink, meaning)
        mode = mode_of(up.is_paper)
        self._mode.show_word(mode.title, mode.value, f"{mode.value}_text", up.account)
        text = theme.color("window") if is_dry else theme.color("text")
        muted = text if is_dry else theme.color("muted")
        self._place.write(up.account, text)
        self._what.write(up.what, text)
        self._would.write(up.would, text)
        self._held.write(up.held, muted)
        after = text if is_dry else theme.color(_TOKENS[self._last.severity])
        self._after.write(self._last.text.replace("\n", " "), after)
        background = theme.color("warning" if is_dry else "panel").name()
        self.setStyleSheet(f"#hud {{ background: {background}; border: 0; padding: 1px 4px; }}")

    def stop(self) -> None:
        """Look no more; for the end of the window."""
        self._redraw.stop()
        self._clock.stop()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.stop()

    def _entries(self) -> str:
        return "\n".join(every_entry(self._desk.core.active))

    def _lay_out(self) -> QWidget:
        holder = QWidget(self)
        holder.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row = RankedRow(holder, 12)
        for part, rank in (
            *((self._state, 0), (self._mode, 0), (self._place, 2), (self._what, 3)),
            *((self._would, 1), (self._held, 4), (self._after, 5)),  # the status bar has that too
        ):
            row.add(part, rank)
        return holder

    def _connect(self) -> None:
        desk, bridge = self._desk, self._desk.bridge
        for signal in (
            *(desk.selection_changed, desk.size_changed, desk.armed_changed),
            *(desk.staging_changed, desk.dry_run_changed, desk.focus_changed),
            *(desk.settings_changed, desk.commands_changed, bridge.order_changed),
            *(bridge.position_changed, bridge.connection_changed, bridge.connection_removed),
            *(bridge.account_changed, theme.changed),
        ):
            signal.connect(self._soon)
        bridge.quotes_flushed.connect(self._on_quotes)
        desk.noticed.connect(self._on_message)
        desk.core.order_news.connect(self._on_news)

    def _soon(self, *_: object) -> None:
        if self.isVisible() and not self._redraw.isActive():
            self._redraw.start()

    def _on_quotes(self, flushed: QuotesFlushed) -> None:
        if self._desk.selection.market_key in flushed.quotes:
            self._soon()

    def _on_news(self, text: str) -> None:
        if self._last.severity is Severity.INFO:  # a fill does not wipe away a refusal
            self._last = Message(Severity.INFO, text)
            self._soon()

    def _on_message(self, message: Message) -> None:
        if message.command_id.startswith("trading."):
            self._last = message
            self._soon()
